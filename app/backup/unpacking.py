"""Reads a backup: every member is checked, and then the chain of its record."""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import tarfile
import tempfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
from isal import igzip, isal_zlib

from app.backup.contents import (
    BACKUP_FORMAT,
    CHUNK_BYTES,
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
)
from app.domain.errors import NO_SPACE, InvalidFile, StoreError, StoreFull
from app.domain.store import verify
from app.store.copying import newest_schema
from app.store.opening import RECORD
from app.store.sqlite import SqliteStore

SIGNATURE = b"\x1f\x8b"
"""The first bytes of every gzip file (RFC 1952 2.3.1)."""

LARGEST_TEXT = 256 * 1024 * 1024
"""Bytes of a member that is read as a whole."""

DAMAGES: tuple[type[Exception], ...] = (
    EOFError,
    tarfile.TarError,
    zlib.error,
    isal_zlib.error,  # type: ignore[assignment]  # its stub says that it is no class
    gzip.BadGzipFile,
)
"""What the libraries raise for a file that is cut short, changed, or of another kind."""


class Unpacked(NamedTuple):
    """What a backup said of itself, once all of it was read and checked."""

    origin: Origin
    members: int
    bytes: int
    held: dict[str, str]
    """Files that earlier steps hold, with their SHA-256; empty for a whole backup."""


class _Wrong(Exception):
    """What is wrong with a backup, as the end of a sentence."""


NO_BEGINNING = (tarfile.TarError, _Wrong, msgspec.MsgspecError)
"""What is raised where a file does not begin as a backup does."""


def unpack(file: Path, folder: Path, progress: BytesDone, *, is_whole: bool = True) -> Unpacked:
    """Write the members of a backup into an empty folder; they are on disk when this returns.

    Without `is_whole` only the record is written; all else is read and checked alike.

    Raises:
        InvalidFile: it is no backup, cut short or changed, or of a later release.
    """
    members, counter = dict[str, PackedFile](), Counter(progress)
    with _damage_told(file), _opened(file) as (archive, packed):
        origin = _origin(file, archive, counter, members)
        while (about := archive.next()) is not None and about.name != LAST_MEMBER:
            _check_name(about, members)
            path = folder / about.name if is_whole or about.name == RECORD else None
            stream = Hashed(_content(archive, about), counter)
            _copy(stream, path)
            members[about.name] = stream.member
        if about is None:
            raise _Wrong(f"its end is missing, where {LAST_MEMBER} stands")
        held = _compare(_text(archive, about, counter)[0], members)
        if archive.next() is not None:
            raise _Wrong(f"it goes on after {LAST_MEMBER}")
        while packed.read(CHUNK_BYTES):  # to its end, where the checksum of the packing stands
            pass
    return Unpacked(origin, len(members), file.stat().st_size, held)


def check_backup(file: Path, progress: BytesDone) -> Unpacked:
    """Check a backup as a restore does; only the record is unpacked, to the temporary folder.

    Raises:
        InvalidFile: as `unpack`, or its record does not check.
    """
    with tempfile.TemporaryDirectory(prefix="strikemap-") as name:
        unpacked = unpack(file, Path(name), progress, is_whole=False)
        refuse_step(file, unpacked.origin)
        with verified(file, Path(name), unpacked.origin):
            return unpacked


def refuse_step(file: Path, origin: Origin) -> None:
    """Refuse a file that holds only what was new since another one.

    Raises:
        InvalidFile: it is one step of several.
    """
    if origin.after is not None:
        allowed = "a whole backup, or the place with all its steps: `strikemap restore FOLDER`"
        raise InvalidFile(f"backup {file}", "one step of a chain", allowed)


@contextlib.contextmanager
def verified(file: Path | str, folder: Path, origin: Origin) -> Iterator[SqliteStore]:
    """Open the record of an unpacked backup, after its whole chain was checked.

    Raises:
        InvalidFile: the chain is broken, or ends with another revision than the backup says.
    """
    with contextlib.ExitStack() as closing:
        try:
            store = closing.enter_context(contextlib.closing(SqliteStore(folder / RECORD)))
            head = verify(store)
        except StoreFull:
            raise
        except StoreError as wrong:
            raise _invalid(
                file, f"its record does not check: {wrong.__cause__ or wrong}"
            ) from wrong
        if (head.seq, head.hash.hex()) != (origin.seq, origin.hash):
            says = f"revision {origin.seq}, its record with {head.seq}"
            raise _invalid(file, f"it says that it ends with {says} ({head.hash.hex()[:16]}…)")
        yield store


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[tuple[tarfile.TarFile, Bytes]]:
    """Open a backup to be read from its beginning to its end, once."""
    with contextlib.ExitStack() as closing:
        try:
            stream = closing.enter_context(file.open("rb"))
            if stream.peek(2)[:2] != SIGNATURE:
                raise _no_backup(file)
        except OSError as wrong:
            raise InvalidFile(f"backup {file}", wrong.strerror, "a file to read") from wrong
        packed = closing.enter_context(igzip.open(stream, "rb"))  # type: ignore[no-untyped-call]
        try:
            archive = tarfile.open(fileobj=packed, mode="r|", bufsize=CHUNK_BYTES)  # noqa: SIM115
        except tarfile.TarError as wrong:
            raise _no_backup(file) from wrong
        yield closing.enter_context(archive), packed


@contextlib.contextmanager
def _damage_told(file: Path) -> Iterator[None]:
    try:
        yield
    except DAMAGES as wrong:
        raise _invalid(file, f"it is cut short or changed ({wrong})") from wrong
    except _Wrong as wrong:
        raise _invalid(file, str(wrong)) from wrong
    except OSError as wrong:
        if wrong.errno in NO_SPACE:
            raise
        allowed = "a file that can be read, and a folder that can be written"
        raise InvalidFile(f"backup {file}", wrong, allowed) from wrong


def _no_backup(file: Path) -> InvalidFile:
    allowed = "a file that `strikemap backup` wrote"
    return InvalidFile(f"backup {file}", "a file of another kind, or its beginning", allowed)


def _invalid(file: Path | str, fault: str) -> InvalidFile:
    return InvalidFile(f"backup {file}", "a damaged file", f"a backup as it was written; {fault}")


def _origin(
    file: Path, archive: tarfile.TarFile, counter: Counter, members: dict[str, PackedFile]
) -> Origin:
    """Read what a backup says of itself at its beginning, and refuse one of a later release."""
    try:
        about = archive.next()
        if about is None or about.name != FIRST_MEMBER:
            raise _no_backup(file)
        text, members[FIRST_MEMBER] = _text(archive, about, counter)
        made = msgspec.json.decode(text, type=_Made)
        if made.format <= BACKUP_FORMAT and made.schema <= newest_schema():
            return msgspec.json.decode(text, type=Origin)
    except NO_BEGINNING as wrong:
        raise _no_backup(file) from wrong
    raise InvalidFile(
        f"backup {file}",
        f"format {made.format} and schema {made.schema} of release {made.program}",
        f"at most format {BACKUP_FORMAT} and schema {newest_schema()}; "
        "use that release, or a later one",
    )


class _Made(msgspec.Struct):
    """What any later format says of itself, too."""

    format: int
    schema: int
    program: str


def _check_name(about: tarfile.TarInfo, members: dict[str, PackedFile]) -> None:
    if about.type != tarfile.REGTYPE or not NAME.fullmatch(about.name):
        raise _Wrong(f"it holds {about.name[:99]!r}, which no backup has")
    if about.name in members:
        raise _Wrong(f"it holds {about.name} twice")


def _content(archive: tarfile.TarFile, about: tarfile.TarInfo) -> IO[bytes]:
    stream = archive.extractfile(about)
    assert stream is not None  # noqa: S101  it is a regular file
    return stream


def _text(
    archive: tarfile.TarFile, about: tarfile.TarInfo, counter: Counter
) -> tuple[bytes, PackedFile]:
    """Read a member as a whole."""
    if about.type != tarfile.REGTYPE or about.size > LARGEST_TEXT:
        raise _Wrong(f"its {about.name} is no text of sensible length")
    stream = Hashed(_content(archive, about), counter)
    return stream.read(), stream.member


def _copy(stream: Hashed, path: Path | None) -> None:
    """Read a member to its end, and write it to a path, if there is one."""
    if path is None:
        while stream.read(CHUNK_BYTES):
            pass
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as out:
        shutil.copyfileobj(stream, out, CHUNK_BYTES)
        out.flush()
        os.fsync(out.fileno())


def _compare(text: bytes, members: dict[str, PackedFile]) -> dict[str, str]:
    """Compare what was read with the manifest; return the files that earlier steps hold."""
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except msgspec.MsgspecError as wrong:
        raise _Wrong(f"its {LAST_MEMBER} cannot be read") from wrong
    named = manifest.members
    for name in sorted({*named, *members, RECORD}):
        if named.get(name) is None or named.get(name) != members.get(name):
            raise _Wrong(f"{name} is not what its {LAST_MEMBER} says")
    if not all(map(NAME.fullmatch, manifest.held)):
        raise _Wrong(f"its {LAST_MEMBER} names files that no backup has")
    return manifest.held
