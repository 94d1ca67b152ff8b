"""Rebuild the basemap's files; `python -m geodata.basemap.build`, after `geodata.regions.build`."""

import argparse
import sys
from pathlib import Path

import geopandas as gpd
import pyarrow.parquet as pq

from geodata import shapes
from geodata.basemap import layers
from geodata.basemap.places import places
from geodata.inputs import check_babel

HERE = Path(__file__).parent
ADMIN0 = HERE.parent / "regions" / "admin0.parquet"


def main() -> None:
    """Fetch the source packages and build all files beside this script."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archives", type=Path, help="folder to keep the fetched packages in")
    archives = parser.parse_args().archives
    check_babel()
    frames = {
        "land": layers.polygons(archives, "ne_10m_land"),
        "lakes": layers.polygons(archives, "ne_10m_lakes"),
        "rivers": layers.rivers(archives),
        "borders": layers.borders(gpd.read_parquet(ADMIN0)),
    }
    for name, frame in frames.items():
        shapes.write(frame, HERE / f"{name}.parquet", with_bbox=True, group_rows=512)
        sys.stdout.write(f"{name}: {len(frame)} rows\n")
    table = places(archives)
    pq.write_table(table, HERE / "places.parquet", compression="zstd")
    sys.stdout.write(f"places: {len(table)} rows\n")


if __name__ == "__main__":
    main()
