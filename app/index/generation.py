"""A generation on disk: the files of the columns, those of the cubes, and a description.

The description holds a checksum of every other file, and the folder's name the description's own.
So a damaged, cut, missing or exchanged file is noticed when a generation is opened.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np

from app.index.column_files import mapped, read_column, write_column
from app.index.columns import Tables
from app.index.control import DatedControl
from app.index.cubes import Cube, Cubes
from app.index.groups import Grouping, Groups
from app.index.merged import Decisions
from app.index.select import Segment
from app.index.sums import DamagedFile, FileSum, check_sums, file_sum
from app.rows import COLUMNS, Rows

FORMAT = 10
"""One more whenever columns change their meaning: an index of another format is built again."""

KEEP_OLDER = 1
"""How many generations stay beside the current one."""

CUBE_PARTS = ("names", "present", "begun", "running", "into", "over")
META = "meta.json"
MOST_CHECKED_AT_OPENING = 512 << 20
"""Bytes of a generation that are all checked before it is used; of larger ones the large files
are checked in the background."""

_NAME = re.compile(r"gen-[0-9]{10,}-[0-9a-f]+-[0-9a-f]{16}", re.ASCII)
_OLDER_NAME = re.compile(r"gen-[0-9]{10,}-[0-9a-f]+", re.ASCII)


class Meta(msgspec.Struct):
    """The description of a generation of `rows` rows, stored beside its columns.

    `seq` and `hash` are the newest revision of the record that it was built up to.
    """

    format: int
    seq: int
    hash: bytes
    region_hash: str
    taxonomy: list[str]
    regions: dict[int, list[str]]
    datasets: list[str]
    cubes: list[tuple[str, int, int]]
    control: list[DatedControl]
    sectors: int
    rows: int
    decisions: Decisions
    files: dict[str, FileSum] = msgspec.field(default_factory=dict)

    @property
    def size(self) -> int:
        """The size of its files in bytes."""
        return sum(one.size for one in self.files.values())

    @property
    def groups(self) -> Groups:
        """How many groups its sums can have."""
        regions = {level: len(codes) for level, codes in self.regions.items()}
        return Groups(regions, len(self.taxonomy) - self.sectors, self.sectors)


@dataclass(frozen=True, eq=False)
class Generation:
    """One immutable generation, memory-mapped; `is_checked` when all of its files were."""

    folder: Path
    is_checked: bool
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
    path = folder / f"gen-{meta.seq:010d}-{time.time_ns():x}"
    try:
        path.mkdir(parents=True)
        description = _write_files(path, meta, segment, cubes)
        name = f"{path.name}-{_digest(description)}"
        path.rename(folder / name)
    except BaseException:
        shutil.rmtree(path, ignore_errors=True)
        raise
    _make_current(folder, name)


def adopt_generation(path: Path, folder: Path) -> None:
    """Move a generation that came from elsewhere into a folder, and make it the current one."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(folder / path.name, ignore_errors=True)
    path.rename(folder / path.name)
    _make_current(folder, path.name)


def _make_current(folder: Path, name: str) -> None:
    half = folder / "CURRENT.part"
    half.write_text(name, "utf-8")
    half.replace(folder / "CURRENT")
    others = [one for one in folder.glob("gen-*") if one.name != name]
    others.sort(key=lambda one: one.stat().st_mtime_ns)
    for old in others[:-KEEP_OLDER]:
        shutil.rmtree(old, ignore_errors=True)  # open maps stay valid until they are closed


def _write_files(
    path: Path, meta: Meta, segment: Segment, cubes: Mapping[tuple[str, int], Cube]
) -> bytes:
    """Write the files of a generation, the description last; returns the description."""
    for column in COLUMNS:
        write_column(path, column, segment.rows[column])
    for (slug, level), cube in cubes.items():
        for part in CUBE_PARTS:
            np.save(path / f"cube-{slug}-{level}-{part}.npy", getattr(cube, part))
    meta.files = {file.name: file_sum(file) for file in sorted(path.iterdir())}
    description = msgspec.json.encode(meta)
    (path / META).write_bytes(description)
    return description


def current_name(folder: Path) -> str | None:
    """Return the folder of the current generation; None when an older release wrote it.

    Raises:
        FileNotFoundError: there is no current generation.
        DamagedFile: `CURRENT` names nothing that a generation can be called.
    """
    try:
        name = (folder / "CURRENT").read_bytes()[:200].decode("ascii")
    except FileNotFoundError:
        raise
    except (OSError, UnicodeDecodeError) as wrong:
        raise DamagedFile("CURRENT cannot be read") from wrong
    if _OLDER_NAME.fullmatch(name):
        return None
    if not is_generation(name):
        raise DamagedFile("CURRENT names no generation")
    return name


def is_generation(name: str) -> bool:
    """Tell whether a generation's folder can have this name."""
    return _NAME.fullmatch(name) is not None


def read_meta(folder: Path) -> Meta:
    """Read the description of a generation.

    Raises:
        FileNotFoundError: it is missing.
        DamagedFile: it is not as it was written.
    """
    try:
        description = (folder / META).read_bytes()
    except FileNotFoundError:
        raise
    except OSError as wrong:
        raise DamagedFile(f"{META} cannot be read: {wrong.strerror}") from wrong
    if not folder.name.endswith(f"-{_digest(description)}"):
        raise DamagedFile(f"{META} does not match its checksum")
    return msgspec.json.decode(description, type=Meta)


def open_generation(folder: Path, meta: Meta) -> Generation:
    """Check a generation and map it into memory.

    Up to MOST_CHECKED_AT_OPENING all files are checked: that reads them at some gigabytes a second.

    Raises:
        FileNotFoundError: a later swap removed it.
        DamagedFile: one of its files is not as it was written.
    """
    is_whole = meta.size <= MOST_CHECKED_AT_OPENING
    check_sums(folder, meta.files, is_whole=is_whole)
    columns = {name: read_column(folder, name, meta.rows) for name in COLUMNS}
    plain = {
        (slug, level): Cube(
            first_day=first_day,
            groups=meta.groups.size(Grouping.region, level),
            sectors=meta.sectors,
            **{part: mapped(folder / f"cube-{slug}-{level}-{part}.npy") for part in CUBE_PARTS},
        )
        for slug, level, first_day in meta.cubes
    }
    segment = Segment.sorted(Rows(columns))
    cubes = Cubes(plain, segment, meta.datasets, meta.groups)
    return Generation(folder, is_whole, meta, segment, cubes)


def _digest(description: bytes) -> str:
    return hashlib.sha256(description).hexdigest()[:16]
