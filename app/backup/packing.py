"""Writes a backup, while the instance is in use."""

from __future__ import annotations

import contextlib
import fcntl
import glob
import hashlib
import io
import os
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import msgspec
from isal import igzip

from app.backup.contents import (
    BACKUP_FORMAT,
    BASEMAP,
    FIRST_MEMBER,
    LAST_MEMBER,
    NAME,
    Bytes,
    BytesDone,
    Counter,
    Hashed,
    Manifest,
    Origin,
    PackedFile,
    RecordEnd,
)
from app.domain.errors import NO_SPACE, InputError, StoreError
from app.domain.revision import Head
from app.editing.purged import PURGED, PurgeList, purges_of, write_purged
from app.instance.workspace import refuse_unfinished
from app.store.copying import RecordCopy, copy_database, copy_record
from app.store.opening import RECORD
from app.store.since import copy_since
from app.store.sqlite import SqliteStore
from app.whole_files import sync_path

LEVEL, PART = 1, ".part"
FILES = (BASEMAP, "regions/*/active.json", "regions/*/*", "theatres/*", "archive/*", "heads/*")
"""The files beside the record, in the order of packing.

A name is listed when its turn comes: the sets that active.json names were stored before it.
"""


@dataclass
class Since:
    """What the former steps of a chain hold: a record up to its end, and files by their SHA-256.

    A step replaces `held` by the files that there are now.
    """

    end: RecordEnd | None = None
    held: dict[str, str] = field(default_factory=dict)


class BackupScope(NamedTuple):
    """Which record is backed up, without a URL the data folder's; and what is held of it."""

    store_url: str
    since: Since


class Packed(msgspec.Struct, frozen=True):
    """What a backup holds, and which archived files were damaged before it was made."""

    file: str
    bytes: int
    origin: Origin
    members: int
    purges: int
    damaged: list[str]


def back_up(
    data_dir: Path, out: Path, now: datetime, progress: BytesDone, extent: BackupScope | None = None
) -> Packed:
    """Write the record and the files beside it as one backup, which is whole or missing.

    With the end of an earlier step in `extent`, it holds only what is new since.

    The record is copied first: an archived file lies on the disk before the record names it.
    A record in a database becomes a file of the same content.
    What was purged or revoked until now is written to the data folder's purge list as well.

    Raises:
        InputError: the folder holds no record, or another than the earlier step.
        StoreError: the record, or a file beside it, cannot be read.
    """
    refuse_unfinished(data_dir)
    extent = extent or BackupScope("", Since())
    if not extent.store_url and not (data_dir / RECORD).is_file():
        raise InputError("STRIKEMAP_DATA_DIR", data_dir, "a data folder that holds a record")
    with (
        _files_that_can_be_read(),
        half_made(out) as folder,
    ):
        half, copy = folder / "backup", folder / RECORD
        state = _copied(data_dir, extent, copy)
        origin = Origin(
            format=BACKUP_FORMAT,
            program=version("strikemap"),
            schema=state.schema,
            seq=state.seq,
            hash=state.hash.hex(),
            made_at=now,
            after=extent.since.end,
        )
        with _packing(half, now, progress) as packing:
            packing.add_content(FIRST_MEMBER, origin)
            packing.add_file(RECORD, copy)
            purged = write_purged(data_dir, _purges(copy, now))
            packing.add_content(PURGED, purged)
            damaged = packing.add_files(data_dir, extent.since)
            members = packing.close()
        size = half.stat().st_size
        half.replace(out)
        sync_path(out.parent)
    return Packed(str(out), size, origin, members, len(purged.purges), damaged)


def _copied(data_dir: Path, extent: BackupScope, copy: Path) -> RecordCopy:
    """Copy the record, or what it has since the end of the earlier step."""
    end = extent.since.end
    if end is not None:
        head = Head(end.seq, bytes.fromhex(end.hash), None)
        return copy_since(extent.store_url, data_dir, head, copy)
    if extent.store_url:
        return copy_database(extent.store_url, copy)
    return copy_record(data_dir / RECORD, copy)


@contextlib.contextmanager
def half_made(out: Path) -> Iterator[Path]:
    """Give a locked folder beside `out`; remove those whose backups were killed."""
    prefix = f".{out.name[:99]}."
    for left in parts_left(out.parent, prefix):
        shutil.rmtree(left)
    folder = tempfile.TemporaryDirectory(prefix=prefix, suffix=PART, dir=out.parent)
    with folder as name, contextlib.ExitStack() as locks:
        locks.callback(os.close, _lock(Path(name)))
        yield Path(name)


def parts_left(folder: Path, prefix: str = ".") -> list[Path]:
    """List what killed backups left in a folder: nobody holds the lock of it any more."""
    left = []
    for path in sorted(folder.glob(f"{glob.escape(prefix)}*{PART}")):
        with contextlib.suppress(BlockingIOError, FileNotFoundError, NotADirectoryError):
            os.close(_lock(path))
            left.append(path)
    return left


def _lock(folder: Path) -> int:
    """Lock a folder for as long as the number that is returned stays open."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(number)
        raise
    return number


class _Packing:
    """An archive that is being written."""

    def __init__(self, archive: tarfile.TarFile, now: datetime, progress: BytesDone) -> None:
        self._archive, self._now, self._counter = archive, now, Counter(progress)
        self._members: dict[str, PackedFile] = {}
        self._held: dict[str, str] = {}

    def _add(self, name: str, stream: Bytes, size: int) -> PackedFile:
        about = tarfile.TarInfo(name)
        about.size, about.mtime = size, int(self._now.timestamp())
        hashed = Hashed(stream, self._counter)
        self._archive.addfile(about, hashed)
        self._members[name] = hashed.member
        return hashed.member

    def add_content(self, name: str, content: msgspec.Struct) -> None:
        written = msgspec.json.format(msgspec.json.encode(content), indent=1)
        self._add(name, io.BytesIO(written), len(written))

    def add_file(self, name: str, path: Path) -> PackedFile:
        with path.open("rb") as file:
            return self._add(name, file, os.fstat(file.fileno()).st_size)

    def add_files(self, data_dir: Path, since: Since) -> list[str]:
        """Add the files beside the record; name the archived ones that are not what they were.

        Those that an earlier step holds are only named.
        """
        damaged, present = [], dict[str, str]()
        for pattern in FILES:
            for path in sorted(data_dir.glob(pattern)):
                name = path.relative_to(data_dir).as_posix()
                if name in self._members or not NAME.fullmatch(name):
                    continue
                if name in since.held and since.held[name] == _digest_of(path, name):
                    present[name] = self._held[name] = since.held[name]
                    continue
                member = self.add_file(name, path)
                present[name] = member.sha256
                if name.startswith("archive/") and member.sha256 != path.name:
                    damaged.append(name)
        since.held = present
        return damaged

    def close(self) -> int:
        """Add the manifest; return the number of members that it names."""
        count = len(self._members)
        self.add_content(LAST_MEMBER, Manifest(dict(self._members), self._held))
        return count


def _digest_of(path: Path, name: str) -> str:
    """Read the SHA-256 of a file; that of an archived one is its name."""
    if name.startswith("archive/"):
        return path.name
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def _packing(path: Path, now: datetime, progress: BytesDone) -> Iterator[_Packing]:
    """Open an archive for writing; it is on disk when the block ends without an error."""
    with path.open("wb") as file:
        with (
            igzip.open(file, "wb", LEVEL) as packed,  # type: ignore[no-untyped-call]
            tarfile.open(fileobj=packed, mode="w") as archive,
        ):
            yield _Packing(archive, now, progress)
        file.flush()
        os.fsync(file.fileno())


def _purges(copy: Path, now: datetime) -> PurgeList:
    """List what the copied record says was purged; opening it may bring its schema forward."""
    with contextlib.closing(SqliteStore(copy)) as store:
        return purges_of(store, now)


@contextlib.contextmanager
def _files_that_can_be_read() -> Iterator[None]:
    try:
        yield
    except OSError as wrong:
        if wrong.errno in NO_SPACE:
            raise
        raise StoreError(f"Nothing was written: {wrong}.") from wrong
