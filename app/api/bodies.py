"""Reads bodies and never holds a file in memory: uploads into the spool, small JSON whole."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, BinaryIO, NamedTuple

import anyio
import msgspec
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from app.domain.errors import InputError, InvalidFile, TooLarge, WrongMedia

MOST_JSON_BYTES = 1 << 20
MOST_HEADER_BYTES = 8 << 10
LONGEST_NAME = 120
IDLE_S = 60.0
"""How long a sender may be silent in the middle of a body."""

ONE_PART = "multipart/form-data with one part named `file`"


class Form(NamedTuple):
    """The content of a form: the sender's name of the file, and its small parts whole."""

    name: str
    parts: dict[str, bytes]


async def spooled(request: Request, path: Path, *beside: str) -> Form:
    """Write the one part named `file` to a path as it arrives.

    `beside`: names of parts that may come with it, of at most a megabyte each.

    Raises:
        WrongMedia: no form.
        InvalidFile: another part, or a body that ends before its last boundary; nothing
            is left at the path.
        TooLarge: over the bound on bytes.
    """
    kind, options = parse_options_header(request.headers.get("content-type"))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise WrongMedia("header Content-Type", kind.decode("latin-1") or "none", ONE_PART)
    try:
        with path.open("xb") as target:
            reader = _FormReader(target, beside)
            parser = MultipartParser(options[b"boundary"], reader.callbacks())  # type: ignore[arg-type]
            with _as_invalid_file():
                async for chunk in chunks_of(request):
                    await run_in_threadpool(parser.write, chunk)
                await run_in_threadpool(parser.finalize)
            parts = {name: bytes(part) for name, part in reader.parts.items()}
            return Form(reader.name_when_whole(), parts)
    except BaseException:
        path.unlink(missing_ok=True)  # noqa: ASYNC240  one name, on our own disk
        raise


@contextlib.contextmanager
def _as_invalid_file() -> Iterator[None]:
    """Translate the errors of the form's parser."""
    try:
        yield
    except (FormParserError, ValueError) as wrong:
        raise InvalidFile("form", str(wrong)[:LONGEST_NAME], ONE_PART) from wrong


async def chunks_of(request: Request) -> AsyncIterator[bytes]:
    """Walk a body; a sender who stops, leaves or sends too much gets one sentence."""
    stream = request.stream()
    try:
        while True:
            with anyio.fail_after(IDLE_S):
                chunk = await anext(stream, None)
            if chunk is None:
                return
            yield chunk
    except TimeoutError as wrong:
        raise InvalidFile("body", f"nothing for {IDLE_S:.0f} s", "a body without a stop") from wrong
    except ClientDisconnect as wrong:
        body = request.state.body
        if body.is_over:
            most = f"at most {body.most:,} bytes"
            raise TooLarge("body", f"more than {body.most:,} bytes", most) from wrong
        raise InvalidFile("body", "a connection that ended", "the whole body") from wrong


@dataclass
class _FormReader:
    """Reads parts as they come: the one named `file` to the target, small ones into memory."""

    target: BinaryIO
    beside: tuple[str, ...] = ()
    name: str | None = None
    is_whole: bool = False
    parts: dict[str, bytearray] = field(default_factory=dict)
    _small: bytearray | None = None
    _header: list[bytearray] = field(default_factory=lambda: [bytearray(), bytearray()])
    _disposition: bytes = b""
    _header_bytes: int = 0

    def callbacks(self) -> dict[str, Any]:
        """List the calls that the parser makes."""
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._head(0, data[start:end]),
            "on_header_value": lambda data, start, end: self._head(1, data[start:end]),
            "on_header_end": self._header_end,
            "on_headers_finished": self._headers_finished,
            "on_part_data": lambda data, start, end: self._take(data[start:end]),
            "on_end": self._end,
        }

    def _begin(self) -> None:
        if self.name is not None and len(self.parts) == len(self.beside):
            raise InvalidFile("form", "more than one part", self._allowed)
        self._header_bytes, self._disposition, self._small = 0, b"", None

    @property
    def _allowed(self) -> str:
        more = ", ".join(f"`{name}`" for name in self.beside)
        return f"{ONE_PART}, and perhaps {more}" if more else f"{ONE_PART} and nothing else"

    def _take(self, data: bytes) -> None:
        if self._small is None:
            self.target.write(data)
            return
        self._small += data
        if len(self._small) > MOST_JSON_BYTES:
            raise TooLarge("form", "a longer part", f"at most {MOST_JSON_BYTES:,} bytes")

    def _head(self, which: int, data: bytes) -> None:
        self._header_bytes += len(data)
        if self._header_bytes > MOST_HEADER_BYTES:
            raise InvalidFile("form", "headers of a part without an end", self._allowed)
        self._header[which] += data

    def _header_end(self) -> None:
        name, value = (bytes(part) for part in self._header)
        if name.lower() == b"content-disposition":
            self._disposition = value
        self._header = [bytearray(), bytearray()]

    def _headers_finished(self) -> None:
        _kind, options = parse_options_header(self._disposition)
        part = options.get(b"name", b"").decode("utf-8", "replace")
        if part in self.beside and part not in self.parts:
            self._small = self.parts[part] = bytearray()
            return
        if part != "file" or b"filename" not in options or self.name is not None:
            raise InvalidFile("form", f"a part named {part!r}", self._allowed)
        self.name = own_name(options[b"filename"].decode("utf-8", "replace"))

    def _end(self) -> None:
        self.is_whole = True

    def name_when_whole(self) -> str:
        """Return the file's name.

        Raises:
            InvalidFile: the last boundary never came.
        """
        if self.name is None or not self.is_whole:
            got = "an end before the last boundary" if self.name else "no part named `file`"
            raise InvalidFile("form", got, self._allowed)
        return self.name


def own_name(path: str) -> str:
    """Take the last part of a file name, for people to read; it is never used as a path."""
    last = PureWindowsPath(PurePosixPath(path).name).name
    readable = "".join(char for char in last if char.isprintable()).strip(" .")
    return readable[-LONGEST_NAME:] or "upload"


async def small_json(request: Request) -> dict[str, Any]:
    """Read a JSON object of at most a megabyte.

    Raises:
        InputError: it is no JSON object.
        TooLarge: over the bound.
    """
    body = bytearray()
    async for chunk in chunks_of(request):
        body += chunk
        if len(body) > MOST_JSON_BYTES:
            raise TooLarge("body", "more", f"at most {MOST_JSON_BYTES:,} bytes")
    try:
        document = msgspec.json.decode(bytes(body))
    except (msgspec.DecodeError, RecursionError) as wrong:
        raise InputError("body", str(wrong)[:LONGEST_NAME], "a JSON object") from wrong
    if not isinstance(document, dict):
        raise InputError("body", type(document).__name__, "a JSON object")
    return document
