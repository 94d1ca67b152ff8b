"""Opens a path: one file, or the files of a folder, an archive or a compressed file.

Unpacked files get names of our own, never the names in the archive; bytes and files are bounded.
"""

from __future__ import annotations

import contextlib
import gzip
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, NamedTuple

from app.domain.errors import InputError, InvalidFile, TooLarge
from app.files.encoding import in_utf8
from app.files.source import Rejection, SourceFile, rejection

MOST_MEMBERS = 20_000
MOST_DEEP = 3
"""Archives within archives."""

BLOCK = 1 << 20
GZIP, ZIP = b"\x1f\x8b", b"PK\x03\x04"
ARCHIVE_ERRORS = (OSError, EOFError, zlib.error, tarfile.TarError, zipfile.BadZipFile, RuntimeError)
"""What the standard library raises for an archive that is cut, corrupt or encrypted."""

Recognises = Callable[[SourceFile], bool]


class MemberFile(NamedTuple):
    """One file of a collection, with its path in the folder or archive."""

    path: str
    source: SourceFile


@dataclass
class PathContents:
    """The files at a path, and the rejections of those that cannot be opened."""

    members: list[MemberFile] = field(default_factory=list)
    faults: list[Rejection] = field(default_factory=list)

    @property
    def is_many(self) -> bool:
        """Tell whether the path holds more than one file."""
        return len(self.members) + len(self.faults) > 1


def open_contents(
    path: Path, name: str, most_bytes: int, recognises: Recognises, folder: Path
) -> PathContents:
    """Open a path.

    Args:
        path: a file, a folder, a tar (compressed or not), a zip or a gzip file.
        name: what to call it.
        most_bytes: bound on each file, and on the sum of all unpacked files.
        recognises: tells whether a zip is a file of some format; such a zip is not unpacked.
        folder: where unpacked files go; the caller removes it.

    Raises:
        InvalidFile: missing or empty; an archive that cannot be read or that names a path
            outside itself.
        TooLarge: over the bound on bytes or on files.
    """
    unpacker = _Unpacker(folder, most_bytes, recognises)
    if _is_folder(path):
        unpacker.add_folder(path)
    else:
        unpacker.add(path, name, name)
    return unpacker.contents


@dataclass
class _Unpacker:
    folder: Path
    most_bytes: int
    recognises: Recognises
    contents: PathContents = field(default_factory=PathContents)
    unpacked: int = 0
    count: int = 0
    depth: int = 0

    def add_folder(self, folder: Path) -> None:
        """Add every file below a folder, except hidden ones."""
        files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
        for path in files:
            within = path.relative_to(folder)
            if not _is_hidden(within.as_posix()):
                self._add_or_reject(path, within.as_posix())
        if not self.contents.members and not self.contents.faults:
            raise InvalidFile("folder", folder.name, "a folder with at least one file")

    def _add_or_reject(self, path: Path, within: str) -> None:
        """Add one of several files; a file that cannot be opened becomes a rejection."""
        try:
            self.add(path, Path(within).name, within)
        except TooLarge:
            raise
        except InputError as wrong:
            self.contents.faults.append(rejection(0, wrong, within))

    def add(self, path: Path, name: str, within: str) -> None:
        """Add a file, or the files that are packed in it."""
        source = SourceFile.open(path, name)
        self._count_file(source)
        if _is_tar(path):
            self._add_tar(path, name, within)
        elif source.head.startswith(GZIP):
            self._add_gzip(path, name, within)
        elif source.head.startswith(ZIP) and not self.recognises(source):
            self._add_zip(path, name, within)
        else:
            self.contents.members.append(MemberFile(within, in_utf8(source, self._copies())))

    def _count_file(self, source: SourceFile) -> None:
        self.count += 1
        if self.count > MOST_MEMBERS:
            raise TooLarge("files", f"more than {MOST_MEMBERS:,}", f"at most {MOST_MEMBERS:,}")
        size, most = source.path.stat().st_size, self.most_bytes
        if size > most:
            raise TooLarge(f"size of {source.name}", f"{size:,} bytes", f"at most {most:,} bytes")

    def _copies(self) -> Path:
        """Make a folder for the copy of one file: files of several folders share names."""
        folder = self.folder / f"utf8-{self.count}"
        folder.mkdir(exist_ok=True)
        return folder

    def _add_gzip(self, path: Path, name: str, within: str) -> None:
        with self._archive_errors(name), gzip.open(path) as stream:
            self.add(self._unpack(stream, name), name.removesuffix(".gz"), within)

    def _add_tar(self, path: Path, name: str, within: str) -> None:
        with self._archive_errors(name), tarfile.open(path) as archive:
            entries, size = [], 0
            for entry in archive:  # listing a compressed tar unpacks it: check the sizes
                size += entry.size
                self._check_size(size, name)
                entries.append(entry)
            _check_paths(name, [entry.name for entry in entries])
            for entry in entries:
                if not entry.isdir():
                    stream = archive.extractfile(entry) if entry.isfile() else None
                    self._add_packed(stream, entry.name, within)

    def _add_zip(self, path: Path, name: str, within: str) -> None:
        with self._archive_errors(name), zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            _check_paths(name, [entry.filename for entry in entries])
            for entry in entries:
                with archive.open(entry) as stream:
                    self._add_packed(stream, entry.filename, within)

    @contextlib.contextmanager
    def _archive_errors(self, name: str) -> Iterator[None]:
        """Count the depth of archives, and translate the errors of the unpacking libraries."""
        self.depth += 1
        try:
            if self.depth > MOST_DEEP:
                allowed = f"at most {MOST_DEEP} archives within one another"
                raise InvalidFile(f"archive {name}", "one more archive", allowed)
            yield
        except ARCHIVE_ERRORS as wrong:
            got = str(wrong) or type(wrong).__name__
            allowed = "a complete archive without a password"
            raise InvalidFile(f"archive {name}", got, allowed) from wrong
        finally:
            self.depth -= 1

    def _add_packed(self, stream: IO[bytes] | None, name: str, archive: str) -> None:
        """Unpack one member; a link or a device (without a stream) is a rejection."""
        if _is_hidden(name):
            return
        within = f"{archive}/{name}"
        if stream is None:
            self.contents.faults.append(Rejection(0, "file", name, "a file, no link", within))
            return
        self._add_or_reject(self._unpack(stream, archive), within)

    def _unpack(self, stream: IO[bytes] | gzip.GzipFile, archive: str) -> Path:
        """Copy a stream to a file whose name does not come from the archive."""
        target = self.folder / f"{self.count}-{self.depth}"
        with target.open("wb") as out:
            while block := stream.read(BLOCK):
                self.unpacked += len(block)
                self._check_size(self.unpacked, archive)
                out.write(block)
        return target

    def _check_size(self, size: int, archive: str) -> None:
        if size > self.most_bytes:
            got, allowed = f"over {self.most_bytes:,} bytes", f"at most {self.most_bytes:,} bytes"
            raise TooLarge(f"unpacked size of {archive}", got, allowed)


def _is_folder(path: Path) -> bool:
    """Tell whether a path is a folder; of one that cannot be reached, its opening says why."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _is_tar(path: Path) -> bool:
    """Tell whether a file is a tar with a first member: a file of zeros alone passes as empty."""
    try:
        with tarfile.open(path) as archive:
            return archive.next() is not None
    except ARCHIVE_ERRORS:
        return False


def _check_paths(archive: str, names: list[str]) -> None:
    """Refuse an archive whose member names lead outside its folder."""
    for name in names:
        path = PurePosixPath(name.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or PureWindowsPath(name).drive:
            raise InvalidFile(f"path in {archive}", name, "paths inside the archive")


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in PurePosixPath(name).parts)
