"""Building a generation of the index from the whole record."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

import numpy as np

from app.domain.store import Store
from app.index.columns import Tables
from app.index.control import ShapeFiles
from app.index.cubes import Cube, build_cube
from app.index.current import taxonomy_codes
from app.index.generation import FORMAT, Meta, write_generation
from app.index.groups import Grouping
from app.index.locate import locate, state_parents
from app.index.packing import link_revisions, pack_record
from app.index.select import Filter, Segment
from app.reference.reference import Reference
from app.rows import NO_REGION, Rows


class Builder:
    """Packs a record into generations, in the folder of its boundaries."""

    def __init__(
        self, folder: Path, store: Store, reference: Reference, shapes: ShapeFiles
    ) -> None:
        self._folder, self._store, self._reference = folder, store, reference
        self._shapes = shapes

    def located(self, rows: Rows) -> Rows:
        """Fill in the regions of both levels; without rows no boundaries are read."""
        if not len(rows):
            return rows
        rows = state_parents(rows, self._parents)
        for level in self._levels():
            pairs = self._reference.regions(level)
            regions = [region for _, region in pairs]
            planes = [self._reference.plane(theatre) for theatre, _ in pairs]
            rows = locate(rows, level, regions, planes)
        return rows

    @cached_property
    def _parents(self) -> np.ndarray:
        """The number of each second-level region's parent; NO_REGION when it is not loaded."""
        numbers = {region.code: n for n, (_, region) in enumerate(self._reference.regions(1))}
        parents = [
            numbers.get(region.parent or "", NO_REGION) for _, region in self._reference.regions(2)
        ]
        return np.array(parents, np.int16)

    def _levels(self) -> list[int]:
        return [level for level in (1, 2) if self._reference.regions(level)]

    def build(self) -> int:
        """Write a generation from the whole record, and make it current; returns its sequence."""
        head = self._store.head()
        seq = head.seq
        levels = {
            level: [region.code for _, region in self._reference.regions(level)] for level in (1, 2)
        }
        tables = Tables(levels)
        rows, control, decisions = pack_record(self._store, seq, tables, self._reference.taxonomy)
        segment = Segment.sort(link_revisions(self.located(rows)))
        self._shapes.copy(entry.snapshot for entry in control)
        meta = Meta(
            FORMAT,
            seq,
            head.hash,
            self._reference.region_hash,
            taxonomy_codes(self._reference),
            levels,
            tables.datasets,
            [],
            control,
            len(self._reference.taxonomy.sectors.codes),
            len(segment.rows),
            decisions,
        )
        cubes = self._cubes(segment, meta)
        meta.cubes = [(slug, level, cube.first_day) for (slug, level), cube in cubes.items()]
        write_generation(self._folder, meta, segment, cubes)
        return seq

    def _cubes(self, segment: Segment, meta: Meta) -> dict[tuple[str, int], Cube]:
        each = np.eye(len(meta.datasets), dtype=bool)
        cubes = {
            (slug, level): build_cube(
                segment,
                Filter(segment.newest, each[number], level=level),
                Grouping.region,
                meta.groups,
            )
            for number, slug in enumerate(meta.datasets)
            for level in self._levels()
        }
        return {key: cube for key, cube in cubes.items() if cube is not None}
