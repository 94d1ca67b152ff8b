"""A generation on disk: one file for each column, those of the cubes, and a description."""

from __future__ import annotations

import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from app.index.columns import Tables
from app.index.control import DatedControl
from app.index.merged import Decisions
from app.index.select import Segment
from app.index.summary import Cube, Cubes
from app.rows import COLUMNS, Rows

FORMAT = 6
"""One more whenever columns change their meaning: an index of another format is built again."""

KEEP_GENERATIONS = 2
CUBE_PARTS = ("names", "running", "spans")


class Meta(msgspec.Struct):
    """The description of a generation, stored beside its columns."""

    format: int
    seq: int
    region_hash: str
    taxonomy: list[str]
    regions: dict[int, list[str]]
    datasets: list[str]
    cubes: list[tuple[str, int, int]]
    control: list[DatedControl]
    sectors: int
    decisions: Decisions


@dataclass(frozen=True, eq=False)
class Generation:
    """One immutable generation, memory-mapped."""

    name: str
    meta: Meta
    segment: Segment
    cubes: Cubes

    @property
    def tables(self) -> Tables:
        """A copy of the tables that the small integers refer to."""
        return Tables(self.meta.regions, list(self.meta.datasets))


def write_generation(
    folder: Path, meta: Meta, segment: Segment, cubes: Mapping[tuple[str, int], Cube]
) -> None:
    """Write a generation into a folder, make it the current one, and remove old ones.

    A rename of the file `CURRENT` makes it current: readers see the old one or the new one.
    """
    name = f"gen-{meta.seq:010d}-{time.time_ns():x}"
    path = folder / name
    path.mkdir(parents=True)
    for column in COLUMNS:
        np.save(path / f"{column}.npy", segment.rows[column])
    for (slug, level), cube in cubes.items():
        for part in CUBE_PARTS:
            np.save(path / f"cube-{slug}-{level}-{part}.npy", getattr(cube, part))
    (path / "meta.json").write_bytes(msgspec.json.encode(meta))
    half = folder / "CURRENT.part"
    half.write_text(name, "utf-8")
    half.replace(folder / "CURRENT")
    by_age = sorted(folder.glob("gen-*"), key=lambda old: old.stat().st_mtime_ns)
    for old in by_age[:-KEEP_GENERATIONS]:
        shutil.rmtree(old, ignore_errors=True)  # open maps stay valid until they are closed


def open_generation(folder: Path) -> Generation:
    """Map a generation into memory; takes milliseconds, whatever its size.

    Raises:
        FileNotFoundError: a later swap removed it.
    """
    meta = msgspec.json.decode((folder / "meta.json").read_bytes(), type=Meta)
    columns = {name: _mapped(folder / f"{name}.npy") for name in COLUMNS}
    plain = {
        (slug, level): Cube(
            first_day=first_day,
            sectors=meta.sectors,
            **{part: _mapped(folder / f"cube-{slug}-{level}-{part}.npy") for part in CUBE_PARTS},
        )
        for slug, level, first_day in meta.cubes
    }
    segment = Segment.sorted(Rows(columns))
    regions = {level: len(codes) for level, codes in meta.regions.items()}
    cubes = Cubes(plain, segment, meta.datasets, regions, meta.sectors)
    return Generation(folder.name, meta, segment, cubes)


def _mapped(path: Path) -> np.ndarray:
    """Map an array, not as a memmap, whose class makes every slice several times slower."""
    return np.asarray(np.load(path, mmap_mode="r"))
