"""Other reference systems: their axes, their boxes, and the way there and back."""

from __future__ import annotations

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import mapping, shape

from app.domain.crs import (
    EPSG_4326,
    REFERENCE_SYSTEMS,
    WEB_MERCATOR_CRS,
    box_in_degrees,
    geometries_in,
    shape_in_degrees,
)
from app.domain.errors import InvalidPlace
from app.domain.place import CRS84, Bounds

KHARKIV = {"type": "Point", "coordinates": [36.2312345, 49.9987654]}


def test_epsg_4326_has_the_latitude_first() -> None:
    (moved,) = geometries_in(EPSG_4326, [KHARKIV])
    assert moved == {"type": "Point", "coordinates": (49.9987654, 36.2312345)}


def test_a_record_without_a_place_has_none_in_any_system() -> None:
    for crs in REFERENCE_SYSTEMS:
        assert geometries_in(crs, [None, KHARKIV])[0] is None
        assert geometries_in(crs, []) == []


def test_a_pole_has_no_place_on_the_square_of_web_maps() -> None:
    line = {"type": "LineString", "coordinates": [[0, 0], [0, float("inf")]]}
    assert geometries_in(WEB_MERCATOR_CRS, [line]) == [None]


@given(
    st.sampled_from(list(REFERENCE_SYSTEMS)),
    st.floats(-179.9, 179.9),
    st.floats(-85, 85),
)
def test_there_and_back_is_the_same_place_within_a_centimetre(
    crs: str, lon: float, lat: float
) -> None:
    (there,) = geometries_in(crs, [mapping(shapely.Point(lon, lat))])
    assert there is not None
    back = shapely.get_coordinates(shape_in_degrees(crs, shape(there)))
    assert back[0].tolist() == pytest.approx([lon, lat], abs=1e-7)


@pytest.mark.parametrize(
    ("crs", "sides", "box"),
    [
        (CRS84, (30, 50, 31, 51), (30, 50, 31, 51)),
        (EPSG_4326, (50, 30, 51, 31), (30, 50, 31, 51)),
        (EPSG_4326, (50, 30, 0, 51, 31, 99), (30, 50, 31, 51)),
        (EPSG_4326, (50, 170, 51, -170), (170, 50, -170, 51)),
        (WEB_MERCATOR_CRS, (0, 0, 111319.490793, 111325.142866), (0, 0, 1, 1)),
        (
            WEB_MERCATOR_CRS,
            (-20037508.343, -1e6, 20037508.343, 1e6),
            (-180, -8.94657, 180, 8.94657),
        ),
    ],
)
def test_a_box_of_another_system_is_that_box_in_degrees(
    crs: str, sides: tuple[float, ...], box: tuple[float, ...]
) -> None:
    assert box_in_degrees(crs, sides) == pytest.approx(Bounds(*box), abs=1e-5)


@pytest.mark.parametrize(
    ("crs", "sides", "allowed"),
    [
        (CRS84, (30, 51, 31, 50), "west,south,east,north in degrees"),
        (EPSG_4326, (30, 95, 31, 200), "latitude first"),
        (EPSG_4326, (float("nan"), 1, 2, 3), "latitude first"),
        (WEB_MERCATOR_CRS, (0, 0, 3e7, 1), "metres"),
        (WEB_MERCATOR_CRS, (0, 0, 1, float("inf")), "metres"),
        (WEB_MERCATOR_CRS, (0, 0, 1), "metres"),
    ],
)
def test_a_box_that_is_none_is_refused_with_the_order_of_its_sides(
    crs: str, sides: tuple[float, ...], allowed: str
) -> None:
    with pytest.raises(InvalidPlace, match=allowed):
        box_in_degrees(crs, sides)
