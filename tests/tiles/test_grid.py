"""The tile grid, against mercantile."""

from __future__ import annotations

import mercantile
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import NotFound
from app.domain.place import Bounds
from app.index.columns import mercator
from app.render.frame import Frame
from app.tiles.grid import MAX_ZOOM, RASTER_LAYERS, VECTOR_LAYERS, Tile, tilejson
from app.tiles.points import tile_units

LONS = st.floats(-180, 180, exclude_max=True)
LATS = st.floats(-85.05, 85.05)
TILES = st.integers(0, MAX_ZOOM).flatmap(
    lambda z: st.tuples(st.just(z), st.integers(0, (1 << z) - 1), st.integers(0, (1 << z) - 1))
)


@given(LONS, LATS, st.integers(0, MAX_ZOOM))
def test_a_place_lies_in_the_tile_that_mercantile_names(lon: float, lat: float, z: int) -> None:
    x, y = mercator(np.array([lon]), np.array([lat]))
    shift = 31 - z
    ours = (int(x[0]) >> shift, int(y[0]) >> shift)
    theirs = mercantile.tile(lon, lat, z)
    assert max(abs(ours[0] - theirs.x), abs(ours[1] - theirs.y)) <= _on_edge(lon, lat, z)


def _on_edge(lon: float, lat: float, z: int) -> int:
    """Allow the neighbour only within a rounding error (1e-9 of a tile) of an edge."""
    frame = Frame(z, *mercantile.tile(lon, lat, z)[:2])
    x, y = (float(axis) / frame.width for axis in frame.pixels(np.array(lon), np.array(lat)))
    near = min(x % 1, 1 - x % 1, y % 1, 1 - y % 1)
    return int(near < 1e-3 * 2.0 ** (z - MAX_ZOOM))


@given(TILES)
def test_a_tile_has_the_bounds_that_mercantile_gives(place: tuple[int, int, int]) -> None:
    z, x, y = place
    theirs = mercantile.bounds(x, y, z)
    assert Frame(z, x, y).bounds() == pytest.approx(tuple(theirs), abs=1e-9)


@given(TILES)
def test_tile_addresses_are_read_as_they_are_written(place: tuple[int, int, int]) -> None:
    z, x, y = place
    assert Tile.parse(f"incidents/{z}/{x}/{y}.mvt") == Tile("incidents", z, x, y, "mvt")
    assert Tile.parse(f"/map/{z}/{x}/{y}.png") == Tile("map", z, x, y, "png")
    assert Tile.parse(f"map/{z}/{x}/{y}@2x.png") == Tile("map", z, x, y, "png", 2)


@given(LONS, LATS, st.integers(0, 14))
def test_units_in_a_tile_are_those_of_the_picture(lon: float, lat: float, z: int) -> None:
    x, y = mercator(np.array([lon]), np.array([lat]))
    frame = Frame(z, int(x[0]) >> 31 - z, int(y[0]) >> 31 - z)
    ux, uy = tile_units({"mercator_x": x, "mercator_y": y}, z)
    px, py = frame.pixels(np.array([lon]), np.array([lat]))
    assert [ux[0] / 16, uy[0] / 16] == pytest.approx([px[0], py[0]], abs=1 / 16 + 1e-6)


@pytest.mark.parametrize(
    "path",
    [
        "",
        "incidents",
        "incidents/0/0/0",
        "incidents/0/0/0.gif",
        "incidents/0/0/0@2x.mvt",
        "basemap/0/0/0.mvt",
        "nothing/0/0/0.png",
        "map/-1/0/0.png",
        "map/1/2/0.png",
        "map/1/0/2.png",
        "map/19/0/0.png",
        "map/1/0/0/0.png",
        "map/٣/0/0.png",
        "map/1e1/0/0.png",
        "map/99999999999999999999/0/0.png",
        "map/0/0/0@3x.png",
        "map/0/0/../0.png",
    ],
)
def test_an_address_outside_the_grid_is_not_found(path: str) -> None:
    with pytest.raises(NotFound):
        Tile.parse(path)


@pytest.mark.parametrize("layer", RASTER_LAYERS)
def test_every_picture_layer_has_an_address(layer: str) -> None:
    assert Tile.parse(f"{layer}/0/0/0.png").layer == layer


@pytest.mark.parametrize("layer", VECTOR_LAYERS)
def test_tilejson_describes_a_layer(layer: str) -> None:
    bounds = Bounds(21.9, 44.1, 40.4, 52.5)
    address, fields = "https://x.test/{z}/{x}/{y}.mvt", {"n": "how many"}
    document = tilejson(layer, address, bounds, fields, ["A", "B"])
    assert document["tilejson"] == "3.0.0"
    assert document["tiles"] == [address]
    assert document["bounds"] == [21.9, 44.1, 40.4, 52.5]
    assert document["attribution"] == "A · B"
    assert document["vector_layers"] == [{"id": layer, "fields": fields}]
    assert (document["minzoom"], document["maxzoom"]) == (0, MAX_ZOOM)


def test_a_credit_in_tilejson_is_text_whatever_is_in_it() -> None:
    document = tilejson("map", "", Bounds(0, 0, 1, 1), None, ["<img src=x onerror=alert(1)> & me"])
    assert document["attribution"] == "&lt;img src=x onerror=alert(1)&gt; &amp; me"
