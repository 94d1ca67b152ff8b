"""Where files lie by names with slashes: a folder of this machine, or object storage.

What object storage answers can hold parts of its keys, so an error says what is wrong in our own
words and never repeats an answer.
"""

from __future__ import annotations

import mimetypes
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from app.domain.errors import InputError, StorageAway

SCHEMES = ("s3", "gs", "az", "memory")
ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3")
ALLOW_HTTP = ("AWS_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP", "AZURE_ALLOW_HTTP")
MOST_RETRIES, RETRY_S = 4, 30
CONNECT_S, SILENCE_S, REQUEST_S = 5, 30, 900
"""Seconds for a connection, without a byte, and for one file: a large one on a slow line."""

_ENDPOINT = re.compile(r"https?://[^/@?#\s]+(/[^@?#\s]*)?")
_SCHEME = re.compile(r"([a-z][a-z0-9]+)://", re.ASCII)
_TYPES = {".pmtiles": "application/vnd.pmtiles", ".parquet": "application/vnd.apache.parquet"}
_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|specified bucket does not exist")
_NO_ACCESS = re.compile(
    r"status code: 40[13]|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch"
)
_NO_KEYS = re.compile(r"169\.254\.|metadata\.google|[Cc]redential|OAuth|[Uu]nsigned")
_NO_TLS = re.compile(r"scheme is not allowed|BadScheme|builder error")


class Storage(Protocol):
    """Where files lie, by names with slashes.

    Every method raises `InputError` where the place or the permission is wrong, and `StorageAway`
    where nothing answers.
    """

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None without the file."""

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes; None without the file."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""

    def is_empty(self) -> bool:
        """Tell whether there is no file."""


@dataclass(frozen=True)
class Folder:
    """A folder on this machine."""

    path: Path

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None without the file."""
        with self._permitted():
            try:
                return (self.path / name).read_bytes()
            except FileNotFoundError:
                return None

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes; None without the file."""
        with self._permitted():
            try:
                return (self.path / name).stat().st_size
            except FileNotFoundError:
                return None

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        path = self.path / name
        half = path.with_name(f".{path.name}.part")
        with self._permitted():
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                half.write_bytes(content)
                half.replace(path)
            finally:
                half.unlink(missing_ok=True)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there, and the folders that are empty without it."""
        with self._permitted():
            (self.path / name).unlink(missing_ok=True)
            for folder in (self.path / name).parents:
                if folder == self.path or not folder.is_dir() or any(folder.iterdir()):
                    return
                folder.rmdir()

    def is_empty(self) -> bool:
        """Tell whether there is no file."""
        with self._permitted():
            return not self.path.exists() or not any(self.path.iterdir())

    @contextmanager
    def _permitted(self) -> Iterator[None]:
        try:
            yield
        except (PermissionError, NotADirectoryError) as wrong:
            allowed = "a folder that this user may read and write"
            raise InputError("storage", self.path, allowed) from wrong


@dataclass(frozen=True)
class Bucket:
    """A place in object storage; `store` is one of obstore's, which has no types for us."""

    store: Any
    where: str

    def read(self, name: str) -> bytes | None:
        """Return a file's content; None without the file."""
        with self._answering():
            try:
                return bytes(self.store.get(name).bytes())
            except FileNotFoundError as missing:
                return self._none_without(missing)

    def size(self, name: str) -> int | None:
        """Return the size of a file in bytes; None without the file."""
        with self._answering():
            try:
                return int(self.store.head(name)["size"])
            except FileNotFoundError as missing:
                return self._none_without(missing)

    def write(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        kind = _TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0]
        with self._answering():
            self.store.put(name, content, attributes={"Content-Type": kind} if kind else None)

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        with self._answering():
            try:
                self.store.delete(name)
            except FileNotFoundError as missing:
                self._none_without(missing)

    def is_empty(self) -> bool:
        """Tell whether there is no file."""
        with self._answering():
            return not self.store.list(chunk_size=1).collect()

    @staticmethod
    def _none_without(missing: FileNotFoundError) -> None:
        """Take a missing file for none, but not a missing bucket."""
        if _NO_BUCKET.search(str(missing)):
            raise missing

    @contextmanager
    def _answering(self) -> Iterator[None]:
        """Say what is wrong with the storage in one sentence, without what it answered."""
        errors = import_module("obstore.exceptions")
        try:
            yield
        except (errors.BaseError, OSError, ValueError) as wrong:
            raise _named(self.where, str(wrong)) from None


def _named(where: str, answer: str) -> InputError | StorageAway:
    """Name what an answer of object storage says, the most certain reason first."""
    if _NO_BUCKET.search(answer):
        return InputError("storage", where, "a bucket that exists")
    if _NO_TLS.search(answer):
        allowed = "an endpoint of https://…, or AWS_ALLOW_HTTP=true for http://…"
        return InputError("storage", where, allowed)
    if _NO_ACCESS.search(answer):
        allowed = "a bucket that the keys in the environment may list, read and write"
        return InputError("storage", where, allowed)
    if _NO_KEYS.search(answer):
        allowed = "keys in the environment, as the storage's own tools read them"
        return InputError("storage", where, allowed)
    status = re.search(r"status code: ([0-9]{3})", answer)
    said = f"answers {status[1]}" if status else "does not answer"
    return StorageAway(f"The storage of {where} {said}; try again when it is there.")


def storage_at(where: str, name: str, allowed: str) -> Storage:
    """Open the place that an address names, whether or not anything is there.

    Raises:
        InputError: it names a file or no place; `name` and `allowed` say what was asked for.
    """
    scheme = _SCHEME.match(where)
    if scheme is None:
        path = Path(where)
        if path.exists() and not path.is_dir():
            raise InputError(name, where, allowed)
        return Folder(path)
    shown = ", ".join(f"{known}://…" for known in SCHEMES[:-1])
    if scheme[1] not in SCHEMES or "@" in where:
        raise InputError(name, _without_keys(where), f"a folder, {shown}")
    try:
        stores = import_module("obstore.store")
    except ImportError as missing:
        raise InputError(name, where, "a folder; `pip install strikemap[scale]` for s3://…") from (
            missing
        )
    return Bucket(_bucket(stores, where, name, shown), where)


def _bucket(stores: Any, where: str, name: str, shown: str) -> Any:
    """Make obstore's client of an address, with times that let a command end."""
    for variable in ENDPOINTS:  # a bad one would end this process
        endpoint = os.environ.get(variable, "")
        if endpoint and not _ENDPOINT.fullmatch(endpoint):
            allowed = "an address such as https://storage.example.org"
            raise InputError(variable, _without_keys(endpoint), allowed)
    try:
        return stores.from_url(where, **({} if where.startswith("memory:") else _patience()))
    except import_module("obstore.exceptions").BaseError as wrong:
        raise InputError(name, where, f"a folder, {shown} with a bucket") from wrong


def _patience() -> dict[str, Any]:
    """Say how long obstore waits and how often it tries again.

    With options of ours it no longer reads from the environment whether plain HTTP is allowed.
    """
    allow_http = any(os.environ.get(name, "").lower() == "true" for name in ALLOW_HTTP)
    return {
        "client_options": {
            "allow_http": allow_http,
            "connect_timeout": f"{CONNECT_S}s",
            "read_timeout": f"{SILENCE_S}s",
            "timeout": f"{REQUEST_S}s",
        },
        "retry_config": {
            "max_retries": MOST_RETRIES,
            "retry_timeout": timedelta(seconds=RETRY_S),
        },
    }


def _without_keys(address: str) -> str:
    return re.sub(r"//[^/]*@|[?#].*", lambda part: "//…@" if part[0][0] == "/" else "?…", address)
