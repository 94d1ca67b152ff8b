"""The region of many marks, as a function that the SQL of SedonaDB calls (`region_of`)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from app.batch.cells import IN_NONE, ShapeCells
from app.batch.functions import regions_by_level, stated_rows


class ArrowArgument(Protocol):
    """An argument as SedonaDB passes it."""

    def to_array(self) -> object:
        """Return its cells, as an array that other Arrow libraries can read."""


class RegionOf:
    """Knows the region of a mark in a level: as stated, else the one that it lies in.

    `regions` are paths of Parquet files.
    """

    def __init__(self, regions: Sequence[str]) -> None:
        self._levels = regions_by_level(regions)
        self._cells = {
            level: ShapeCells(shapely.from_wkb(units["geometry"].to_numpy()))
            for level, units in self._levels.items()
        }

    def __call__(
        self,
        level: ArrowArgument,
        admin1: ArrowArgument,
        admin2: ArrowArgument,
        lon: ArrowArgument,
        lat: ArrowArgument,
    ) -> pa.Array:
        """Return the code of each mark's region in its level; called from several threads."""
        columns = [pa.array(one.to_array()) for one in (admin1, admin2, lon, lat)]
        codes = [column.cast(pa.string()) for column in columns[:2]]
        marks = pa.record_batch([*codes, *columns[2:]], ["admin1", "admin2", "lon", "lat"])
        levels = pa.array(level.to_array())
        regions = pa.nulls(len(marks), pa.string())
        for number in self._levels:
            is_of_level = pc.equal(levels, number)
            codes = self._codes(marks.filter(is_of_level), number)
            regions = pc.replace_with_mask(regions, is_of_level, codes)
        return regions

    def _codes(self, marks: pa.RecordBatch, level: int) -> pa.Array:
        numbers = self._cells[level].numbers(marks["lon"].to_numpy(), marks["lat"].to_numpy())
        lies_in = pa.array(numbers, mask=numbers == IN_NONE)
        stated = stated_rows(marks, self._levels)[level]
        codes = self._levels[level]["code"].combine_chunks()
        return codes.take(pc.coalesce(stated, lies_in))
