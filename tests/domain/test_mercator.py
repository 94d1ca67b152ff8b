"""The Web Mercator square: its corners, its edge, and the way back to degrees."""

from __future__ import annotations

import mercantile
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.mercator import MAX_LATITUDE, latitude, tile_at, unit_x, unit_y

LATITUDES = st.floats(-MAX_LATITUDE, MAX_LATITUDE)


def test_the_square_begins_in_the_north_west() -> None:
    assert float(unit_x(-180)) == 0
    assert float(unit_x(180)) == 1
    assert float(unit_y(MAX_LATITUDE)) == pytest.approx(0, abs=1e-12)
    assert float(unit_y(0)) == 0.5
    assert float(unit_y(-MAX_LATITUDE)) == pytest.approx(1, abs=1e-12)


def test_a_place_beyond_the_square_lies_on_its_edge() -> None:
    assert float(unit_y(90)) == float(unit_y(MAX_LATITUDE))
    assert latitude(-1) == latitude(0)


@given(LATITUDES)
def test_a_latitude_returns_from_the_square(lat: float) -> None:
    assert latitude(float(unit_y(lat))) == pytest.approx(lat, abs=1e-9)


@given(st.floats(-179.9, 179.9), st.floats(-84, 84), st.integers(0, 18))
def test_a_point_lies_in_the_tile_that_mercantile_names(lon: float, lat: float, zoom: int) -> None:
    tile = mercantile.tile(lon, lat, zoom)
    assert tile_at(lon, lat, zoom) == (tile.x, tile.y)
