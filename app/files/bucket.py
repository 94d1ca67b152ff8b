"""A place in object storage: S3 and what speaks like it, Google's and Azure's.

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
from typing import Any

from app.domain.errors import NO_SPACE, InputError, StorageAway

ENDPOINTS = ("AWS_ENDPOINT_URL", "AWS_ENDPOINT", "AWS_ENDPOINT_URL_S3")
ALLOW_HTTP = ("AWS_ALLOW_HTTP", "GOOGLE_ALLOW_HTTP", "AZURE_ALLOW_HTTP")
MOST_RETRIES, RETRY_S = 4, 30
CONNECT_S, SILENCE_S, REQUEST_S = 5, 30, 900
"""Seconds for a connection, without a byte, and for one file: a large one on a slow line."""

_ENDPOINT = re.compile(r"https?://[^/@?#\s]+(/[^@?#\s]*)?")
_TYPES = {".pmtiles": "application/vnd.pmtiles", ".parquet": "application/vnd.apache.parquet"}
_NO_BUCKET = re.compile(r"NoSuchBucket|ContainerNotFound|specified bucket does not exist")
_NO_ACCESS = re.compile(
    r"status code: 40[13]|AccessDenied|InvalidAccessKeyId|SignatureDoesNotMatch"
)
_NO_KEYS = re.compile(r"169\.254\.|metadata\.google|[Cc]redential|OAuth|[Uu]nsigned")
_NO_TLS = re.compile(r"scheme is not allowed|BadScheme|builder error")


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

    def names(self) -> list[str]:
        """List the files at the top."""
        with self._answering():
            paths = [one["path"] for one in self.store.list_with_delimiter()["objects"]]
        return sorted(path.rpartition("/")[2] for path in paths)

    def create(self, name: str, content: bytes) -> bool:
        """Write a file unless there is one; tell whether it was written."""
        with self._answering():
            try:
                self.store.put(name, content, mode="create")
            except import_module("obstore.exceptions").AlreadyExistsError:
                return False
            return True

    def take(self, name: str, path: Path) -> None:
        """Move a finished file of this machine here, in several parts if it is large."""
        with self._answering():
            self.store.put(name, path)
        path.unlink()

    def fetch(self, name: str, path: Path) -> None:
        """Copy a file to this machine, piece by piece.

        Raises:
            FileNotFoundError: there is none.
        """
        with self._answering():
            try:
                pieces = self.store.get(name).stream()
            except FileNotFoundError as missing:
                pieces = self._none_without(missing)
            if pieces is not None:
                with path.open("wb") as out:
                    out.writelines(pieces)
                return
        raise FileNotFoundError(name)

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
            if isinstance(wrong, OSError) and wrong.errno in NO_SPACE:  # of this machine
                raise
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


def open_bucket(where: str, name: str, allowed: str) -> Bucket:
    """Make obstore's client of an address, with times that let a command end.

    Raises:
        InputError: there is no package for it, or the address or the endpoint is none; `name` and
            `allowed` say what it is called and what it may be.
    """
    try:
        stores = import_module("obstore.store")
    except ImportError as missing:
        raise InputError(name, where, "a folder; `pip install strikemap[scale]` for s3://…") from (
            missing
        )
    for variable in ENDPOINTS:  # a bad one would end this process
        endpoint = os.environ.get(variable, "")
        if endpoint and not _ENDPOINT.fullmatch(endpoint):
            shown = "an address such as https://storage.example.org"
            raise InputError(variable, without_keys(endpoint), shown)
    try:
        patience = {} if where.startswith("memory:") else _patience()
        return Bucket(stores.from_url(where, **patience), where)
    except import_module("obstore.exceptions").BaseError as wrong:
        raise InputError(name, where, f"{allowed} with a bucket") from wrong


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


def without_keys(address: str) -> str:
    """Write an address without what stands before its host or after its path."""
    return re.sub(r"//[^/]*@|[?#].*", lambda part: "//…@" if part[0][0] == "/" else "?…", address)
