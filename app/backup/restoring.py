"""Fills an empty data folder from a backup: whole, or not at all."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import msgspec

from app.backup.contents import BytesDone, Origin
from app.backup.unpacking import Unpacked, refuse_step, unpack, verified
from app.domain.errors import NO_SPACE, InputError
from app.domain.store import Author
from app.editing.erasure import purge_again
from app.editing.purged import PURGED, PurgeList, purges_of, read_purged, write_purged
from app.instance.workspace import RESTORING, refuse_unfinished
from app.store.moving import move
from app.store.opening import RECORD
from app.store.postgis import PostgisStore
from app.store.sqlite import SqliteStore
from app.whole_files import sync_path

Fill = Callable[[Path], Unpacked]
"""Unpacks a backup into a folder."""

KEPT = ("lost+found",)
"""What an empty disk may have at its root."""


class Restored(msgspec.Struct, frozen=True):
    """What was restored, and what the purge list changed in it."""

    file: str
    origin: Origin
    members: int
    seq: int
    hash: str
    erased: int
    listed_until: datetime
    """The time of the newest purge list that was applied, the backup's own included."""

    open_tokens: int


class Destination(NamedTuple):
    """Where an instance is restored: an empty data folder, and an empty database if one is set."""

    data_dir: Path
    store_url: str = ""


def restore(
    file: Path, into: Destination, purged: Path | None, author: Author, progress: BytesDone
) -> Restored:
    """Restore a backup, as `restore_from` does."""

    def fill(folder: Path) -> Unpacked:
        unpacked = unpack(file, folder, progress)
        refuse_step(file, unpacked.origin)
        return unpacked

    return restore_from(str(file), fill, into, purged, author)


def restore_from(
    where: str, fill: Fill, into: Destination, purged: Path | None, author: Author
) -> Restored:
    """Fill an empty data folder with a backup, and apply a newer purge list to it.

    With a database, the record goes there in one transaction, and the other files to the folder.

    Until its last step the folder holds `RESTORING`, with which nothing opens it.

    Raises:
        InvalidFile: the backup or the purge list cannot be used; the folder stays empty.
        InputError: the folder is in use, or cannot be written.
        StoreError: another restore into it is running, or did not finish.
    """
    newer = None if purged is None else read_purged(purged)
    data_dir = into.data_dir
    with _filling(data_dir) as folder:
        unpacked = fill(folder)
        with verified(where, folder, unpacked.origin) as store:
            erased, known = _purge(store, folder, newer, author)
            head = store.head()
            is_open = [token for token in store.tokens() if token.is_valid_at(author.at)]
            if into.store_url:
                with contextlib.closing(PostgisStore(into.store_url)) as server:
                    move(store, server, lambda _rows: None)
        if into.store_url:
            for path in folder.glob(f"{RECORD}*"):
                path.unlink()
        _move(folder, data_dir)
    return Restored(
        file=where,
        origin=unpacked.origin,
        members=unpacked.members,
        seq=head.seq,
        hash=head.hash.hex(),
        erased=erased,
        listed_until=known.made_at,
        open_tokens=len(is_open),
    )


def _purge(
    store: SqliteStore, folder: Path, newer: PurgeList | None, author: Author
) -> tuple[int, PurgeList]:
    """Erase what the lists name, and keep them joined beside the restored record."""
    own = read_purged(folder / PURGED)
    known = own if newer is None else own.joined(newer)
    erased = purge_again(store, known, author)
    store.end_sessions(author.at)  # one that was ended since the backup would be open again
    write_purged(folder, known.joined(purges_of(store, known.made_at)))
    return erased, known


@contextlib.contextmanager
def _filling(data_dir: Path) -> Iterator[Path]:
    """Give a folder to unpack into; it is removed at the end, after an error as well."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        refuse_unfinished(data_dir)
        _refuse_used(data_dir)
        folder = data_dir / RESTORING
        folder.mkdir()
    except OSError as wrong:
        if wrong.errno in NO_SPACE:
            raise
        allowed = f"an empty folder that can be written ({wrong.strerror})"
        raise InputError("STRIKEMAP_DATA_DIR", data_dir, allowed) from wrong
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
        sync_path(data_dir)


def _refuse_used(data_dir: Path, *beside: str) -> None:
    used = sorted({path.name for path in data_dir.iterdir()} - {*KEPT, *beside})
    if used:
        allowed = f"an empty folder; this one holds {', '.join(used[:3])}"
        raise InputError("STRIKEMAP_DATA_DIR", data_dir, allowed)


def _move(folder: Path, data_dir: Path) -> None:
    """Move all into its place, the record last; an interruption takes it back."""
    _refuse_used(data_dir, RESTORING)
    moved = list[Path]()
    try:
        for path in sorted(folder.iterdir(), key=lambda path: path.name == RECORD):
            moved.append(path.rename(data_dir / path.name))
        sync_path(data_dir)
    except BaseException:
        for path in moved:
            path.rename(folder / path.name)
        raise
