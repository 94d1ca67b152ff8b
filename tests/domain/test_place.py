"""A place is degrees on WGS 84, longitude first; land is measured on the ellipsoid."""

from __future__ import annotations

import math

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer
from shapely import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from app.domain.errors import InvalidPlace
from app.domain.place import (
    E7,
    WORLD,
    Bounds,
    LocalPlane,
    LonLat,
    Place,
    Precision,
    area_km2,
    length_km,
)
from tests.strategies import points

UKRAINE = Bounds(21.9, 44.1, 40.4, 52.5)
PLANE = LocalPlane(UKRAINE)
SQUARE = Polygon(
    [(30, 50), (31, 50), (31, 51), (30, 51)], [[(30.4, 50.4), (30.6, 50.4), (30.5, 50.6)]]
)
FAR = shapely.box(34, 46, 34.5, 46.5)


def wound(polygon: Polygon, *, outer: bool, holes: bool) -> Polygon:
    """Wind a polygon's rings on purpose: True is counter-clockwise."""
    shell = shapely.LinearRing(polygon.exterior)
    if shell.is_ccw is not outer:
        shell = shell.reverse()
    rings = [ring.reverse() if ring.is_ccw is not holes else ring for ring in polygon.interiors]
    return Polygon(shell, rings)


def planar_km2(shape: BaseGeometry, crs: str) -> float:
    to_plane = Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    flat = shapely.transform(
        shapely.segmentize(shape, 0.01),
        lambda xy: shapely.get_coordinates(shapely.points(*to_plane.transform(xy[:, 0], xy[:, 1]))),
    )
    return float(flat.area) / 1e6


@given(st.tuples(*[st.booleans()] * 4))
def test_area_does_not_depend_on_how_rings_are_wound(turns: tuple[bool, bool, bool, bool]) -> None:
    parts = [
        wound(SQUARE, outer=turns[0], holes=turns[1]),
        wound(FAR, outer=turns[2], holes=turns[3]),
    ]
    expected = area_km2(Polygon(SQUARE.exterior)) - area_km2(Polygon(SQUARE.interiors[0]))
    assert area_km2(MultiPolygon(parts)) == pytest.approx(expected + area_km2(FAR), rel=1e-9)


@given(st.floats(22, 39), st.floats(44.5, 51.5), st.floats(0.01, 1), st.floats(0.01, 1))
def test_area_agrees_with_the_equal_area_grid_of_europe(
    west: float, south: float, width: float, height: float
) -> None:
    land = shapely.box(west, south, west + width, south + height)
    assert area_km2(land) == pytest.approx(planar_km2(land, "EPSG:3035"), rel=2e-3)


def test_area_is_not_that_of_the_web_map_which_is_more_than_twice_as_large() -> None:
    assert planar_km2(SQUARE, "EPSG:3857") > 2 * area_km2(SQUARE)


def test_nothing_has_no_area_and_no_length() -> None:
    assert area_km2(MultiPolygon()) == 0
    assert length_km(LineString()) == 0


def test_a_degree_of_latitude_is_about_111_km() -> None:
    assert length_km(LineString([(30, 50), (30, 51)])) == pytest.approx(111.24, abs=0.02)


@given(points)
def test_a_place_keeps_its_point_to_a_centimetre(point: LonLat) -> None:
    stored = Place.at(point, Precision.exact).point
    assert stored is not None
    assert abs(stored.lon - point.lon) <= 0.5 / E7 + 1e-12
    assert abs(stored.lat - point.lat) <= 0.5 / E7 + 1e-12
    assert Place.at(stored, Precision.exact).point == stored


@given(
    st.one_of(st.floats(), st.sampled_from([180.0000001, -181.0])),
    st.one_of(st.floats(), st.sampled_from([90.0000001, -91.0])),
)
def test_only_points_on_the_globe_are_taken(lon: float, lat: float) -> None:
    is_on_globe = abs(lon) <= 180 and abs(lat) <= 90
    if is_on_globe:
        assert LonLat.checked(lon=lon, lat=lat) == (lon, lat)
    else:
        with pytest.raises(InvalidPlace, match=r"-180\.\.180, -90\.\.90"):
            LonLat.checked(lon=lon, lat=lat)


def test_a_place_without_a_point_stays_without_one() -> None:
    nowhere = Place.at(None, Precision.admin1, admin1="UA-12")
    assert (nowhere.lon_e7, nowhere.lat_e7, nowhere.point, nowhere.error_m) == (None,) * 4
    assert not nowhere.is_drawable


@pytest.mark.parametrize(
    ("precision", "is_drawable", "error_m"),
    [
        (Precision.exact, True, 100),
        (Precision.street, True, 500),
        (Precision.settlement, True, 5_000),
        (Precision.admin2, False, None),
        (Precision.admin1, False, None),
        (Precision.country, False, None),
    ],
)
def test_a_point_coarser_than_a_settlement_is_never_a_dot(
    precision: Precision, *, is_drawable: bool, error_m: int | None
) -> None:
    place = Place.at(LonLat(30.5, 50.4), precision)
    assert (place.is_drawable, place.error_m) == (is_drawable, error_m)


def test_a_negative_error_radius_is_refused() -> None:
    with pytest.raises(InvalidPlace, match="0 or more metres"):
        Place.at(LonLat(30.5, 50.4), Precision.exact, error_m=-1)


@given(st.floats(22, 40), st.floats(44.2, 52.4))
def test_the_local_plane_leads_there_and_back(lon: float, lat: float) -> None:
    back = PLANE.back(PLANE.flat(shapely.Point(lon, lat)))
    assert back.distance(shapely.Point(lon, lat)) < 1 / E7


def test_a_metre_in_the_local_plane_is_a_metre_on_the_ground() -> None:
    line = LineString([(36, 49), (36.5, 49.2)])
    assert PLANE.flat(line).length / 1e3 == pytest.approx(length_km(line), rel=0.01)


def test_a_box_covers_what_lies_inside_and_nothing_with_a_gap_in_it() -> None:
    assert WORLD.covers(UKRAINE)
    assert WORLD.covers(WORLD)
    assert not UKRAINE.covers(WORLD)
    assert not WORLD.covers(Bounds(math.nan, 0, 1, 1))
    assert not WORLD.covers(Bounds(0, 0, math.inf, 1))
