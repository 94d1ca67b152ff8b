"""Finds the region of each point, and whether the point could also lie in the next region."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum

import numpy as np
import shapely

from app.domain.place import E7, LocalPlane, Precision
from app.domain.region import Region
from app.index.columns import PRECISIONS
from app.rows import NEAR_BORDER, NO_REGION, NOWHERE, Rows


class RegionHow(IntEnum):
    """Where a row's region comes from. A stated region has priority over a located one."""

    none = 0
    stated = 1
    located = 2
    agreed = 3
    disagreed = 4


def locate(rows: Rows, level: int, regions: Sequence[Region], planes: Sequence[LocalPlane]) -> Rows:
    """Fill a level's region column and, at level 1, its origin and whether a border is near.

    Args:
        rows: packed rows whose region column holds stated codes.
        level: 1 or 2.
        regions: in the order of the table that the numbers of the column refer to.
        planes: the metric plane to use for each region's border.
    """
    column = f"region{level}"
    stated = rows[column]
    places, back = _distinct_places(rows, _is_fine_enough(rows, level))
    numbers, near = _find(places, regions, planes)
    located = np.where(back >= 0, numbers[back], NO_REGION).astype(np.int16)
    region = np.where(stated != NO_REGION, stated, located)
    if level != 1:
        return rows.replace(**{column: region})
    flags = rows["flags"] | np.where((back >= 0) & near[back], NEAR_BORDER, 0).astype(np.uint8)
    how = _how(stated, located)
    return rows.replace(**{column: region, "region_how": how, "flags": flags})


def _how(stated: np.ndarray, located: np.ndarray) -> np.ndarray:
    is_stated, is_located = stated != NO_REGION, located != NO_REGION
    choices = [
        is_stated & is_located & (stated == located),
        is_stated & is_located,
        is_stated,
        is_located,
    ]
    kinds = [RegionHow.agreed, RegionHow.disagreed, RegionHow.stated, RegionHow.located]
    return np.select(choices, kinds, RegionHow.none).astype(np.uint8)


def state_parents(rows: Rows, parents: np.ndarray) -> Rows:
    """Where only a second-level code is stated, take its parent as the stated first-level code.

    Args:
        rows: packed rows whose region columns hold stated codes.
        parents: the first-level number of each second-level number.
    """
    by_child = (rows["region1"] == NO_REGION) & (rows["region2"] != NO_REGION)
    if not by_child.any():
        return rows
    region1 = rows["region1"].copy()
    region1[by_child] = parents[rows["region2"][by_child]]
    return rows.replace(region1=region1)


def _is_fine_enough(rows: Rows, level: int) -> np.ndarray:
    """Tell which rows have a precision that is fine enough for the regions of a level.

    A coarse place may have a point all the same, the centre of its unit: what is known only to an
    oblast is in no raion, and what is known only to a country in no oblast
    (docs/counting.md, "Regions").
    """
    coarsest = Precision.admin1 if level == 1 else Precision.admin2
    return np.asarray(rows["precision"] <= PRECISIONS.index(coarsest))


def _distinct_places(rows: Rows, is_fine: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return distinct (lon, lat, error) and, for each row, its number among them (-1: no point).

    Thousands of real rows share the centroid of a city, so distinct places are far fewer.
    """
    has_point = (rows["lon_e7"] != NOWHERE) & is_fine
    back = np.full(len(rows), -1, np.int64)
    keys = np.empty(int(has_point.sum()), [("lon", "i8"), ("lat", "i8"), ("error", "i8")])
    for name, column in (("lon", "lon_e7"), ("lat", "lat_e7"), ("error", "error_m")):
        keys[name] = rows[column][has_point]
    order = np.lexsort((keys["error"], keys["lon"], keys["lat"]))
    ordered = keys[order]
    is_new = np.ones(len(ordered), bool)
    is_new[1:] = ordered[1:] != ordered[:-1]
    inverse = np.empty(len(ordered), np.int64)
    inverse[order] = np.cumsum(is_new) - 1
    back[has_point] = inverse
    places = ordered[is_new]
    if not len(places):  # keeps `numbers[back]` valid when no row has a point
        places = np.zeros(1, keys.dtype)
    return places, back


def _find(
    places: np.ndarray, regions: Sequence[Region], planes: Sequence[LocalPlane]
) -> tuple[np.ndarray, np.ndarray]:
    lon, lat = places["lon"] / E7, places["lat"] / E7
    numbers = np.full(len(places), NO_REGION, np.int16)
    near = np.zeros(len(places), bool)
    shapes = [region.shape for region in regions]
    west, south, east, north = shapely.bounds(shapes).reshape(-1, 4).T
    # Sorted once, the places of a region's longitudes are a range: the world has 4,600 regions.
    order = np.argsort(lon, kind="stable")
    eastwards, its_lat = lon[order], lat[order]
    first, end = np.searchsorted(eastwards, west), np.searchsorted(eastwards, east, "right")
    for number in np.flatnonzero(first < end).tolist():
        column = slice(first[number], end[number])
        is_in_box = (its_lat[column] >= south[number]) & (its_lat[column] <= north[number])
        in_box = np.sort(order[column][is_in_box])
        if not len(in_box):
            continue
        shape = shapes[number]
        shapely.prepare(shape)
        inside = in_box[shapely.contains_xy(shape, lon[in_box], lat[in_box])]
        numbers[inside] = number
        error_m = places["error"][inside]
        near[inside] = _near_edge(lon[inside], lat[inside], error_m, shape, planes[number])
    return numbers, near


def _near_edge(
    lon: np.ndarray,
    lat: np.ndarray,
    error_m: np.ndarray,
    shape: shapely.MultiPolygon,
    plane: LocalPlane,
) -> np.ndarray:
    if not len(lon):
        return np.zeros(0, bool)
    edge = plane.flat(shape.boundary)
    shapely.prepare(edge)
    x, y = plane.flat_xy(lon, lat)
    return np.asarray(shapely.dwithin(edge, shapely.points(x, y), np.maximum(error_m, 0)))
