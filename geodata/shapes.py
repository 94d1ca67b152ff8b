"""Grid, polygons and Parquet: what the region and the basemap scripts have in common."""

from pathlib import Path
from typing import Any, cast

import geopandas as gpd
import numpy as np
import shapely

CRS = "EPSG:4326"
# About 0.85 m of latitude. A power of two and not 1e-5: the doubles then end in zero bits, which
# zstd packs to half the size, and the rounding is exact.
GRID_DEG = 2.0**-17
Shapes = np.ndarray[Any, np.dtype[np.object_]]


def on_grid(shapes: Shapes) -> Shapes:
    """Round every vertex to the grid, one by one.

    Vertex by vertex keeps a shared edge shared, which `shapely.set_precision` does not promise:
    it works on one shape at a time. A shape that collapses in places has to be repaired after.
    """
    moved = shapely.transform(shapes, lambda xy: np.round(xy / GRID_DEG) * GRID_DEG)
    return cast("Shapes", shapely.remove_repeated_points(moved, 0.0))


def polygons_only(shapes: Shapes) -> Shapes:
    """Repair what is invalid and give MultiPolygons, outer rings counter-clockwise."""
    repaired = [s if s.is_valid else shapely.make_valid(s) for s in shapes]
    kept = [
        shapely.multipolygons([p for p in _parts(shape) if p.geom_type == "Polygon"])
        for shape in repaired
    ]
    return cast("Shapes", shapely.orient_polygons(np.array(kept, dtype=object)))


def _parts(shape: shapely.Geometry) -> Shapes:
    # Twice, as make_valid can nest a MultiPolygon inside a collection.
    return cast("Shapes", shapely.get_parts(shapely.get_parts(shape)))


def vertex_count(shape: shapely.Geometry) -> int:
    """Count the vertices of all rings and lines."""
    return int(shapely.get_num_coordinates(shape))


def in_hilbert_order(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Sort so that neighbours on the map are neighbours in the file; ties keep their order."""
    distance = frame.geometry.hilbert_distance(total_bounds=(-180.0, -90.0, 180.0, 90.0))
    return frame.iloc[np.argsort(distance.to_numpy(), kind="stable")].reset_index(drop=True)


def write(
    frame: gpd.GeoDataFrame, path: Path, *, with_bbox: bool = False, group_rows: int | None = None
) -> None:
    """Write GeoParquet (WKB, zstd), all in one row group unless `group_rows` says how many.

    A reader skips the groups that it does not need: by the column that the rows are sorted by, or,
    with a bbox column, those outside a box.
    """
    frame.to_parquet(
        path,
        index=False,
        compression="zstd",
        compression_level=19,
        write_covering_bbox=with_bbox,
        row_group_size=group_rows,
    )
