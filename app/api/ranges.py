"""Parts of a body (RFC 9110 14): programs read a file at an address piece by piece, or resume."""

from __future__ import annotations

import re
from collections.abc import Generator, Mapping
from contextlib import closing
from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.responses import Response

from app.api.problems import problem
from app.domain.cache import BoundedCache

LARGEST_BYTES = 24 << 20
"""The largest body of which parts are given."""

ONE_RANGE = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")


@dataclass
class Bodies:
    """The whole bodies of the last requests for parts, by their ETags.

    They are in memory only: what is erased from the record lies in no file.
    """

    _bodies: BoundedCache = field(default_factory=BoundedCache)

    def whole(self, tag: str, pieces: Generator[bytes]) -> bytes | None:
        """Return the body of a tag, made of the pieces if need be; None if it is too large."""
        with closing(pieces):
            return self._bodies.get(tag, lambda: _joined(pieces)) or None


def _joined(pieces: Generator[bytes]) -> bytes:
    """Join pieces; nothing, if they are too many."""
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > LARGEST_BYTES:
            return b""
    return bytes(body)


def wants_part(request: Request, tag: str) -> bool:
    """Tell whether a request is for one part of the very body that has this ETag."""
    is_one = ONE_RANGE.fullmatch(request.headers.get("range", "")) is not None
    return is_one and request.headers.get("if-range", tag) == tag


def part(request: Request, body: bytes, media_type: str, headers: Mapping[str, str]) -> Response:
    """Answer 206 with the part of a body that is asked for, or 416 if the body ends before it."""
    size, match = len(body), ONE_RANGE.fullmatch(request.headers["range"])
    first, last = match.groups() if match else ("", "")
    start = int(first) if first else max(size - int(last or 0), 0)
    end = min(int(last), size - 1) if first and last else size - 1
    if not start <= end:
        allowed = f"bytes 0 to {size - 1}"
        detail = f"header Range: got '{request.headers['range']}', allowed: {allowed}."
        refusal = problem(416, "range", "Range not satisfiable", detail)
        refusal.headers["Content-Range"] = f"bytes */{size}"
        return refusal
    fields = {**headers, "Content-Range": f"bytes {start}-{end}/{size}"}
    return Response(body[start : end + 1], 206, fields, media_type)
