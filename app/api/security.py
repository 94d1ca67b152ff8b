"""What every answer carries and every request must pass: headers, hosts, sizes, origins."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.problems import problem

LOG = logging.getLogger("strikemap.requests")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors {}"
)


@dataclass
class Guard:
    """ASGI middleware around the whole application."""

    app: ASGIApp
    is_private: bool
    frame_ancestors: str
    max_body_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse what must not pass, and add headers to what does."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(headers, scope)
        if refusal is not None:
            await problem(*refusal)(scope, receive, self._with_headers(scope, send))
            return
        bounded = _Bounded(receive, self.max_body_bytes)
        send = self._with_headers(scope, send)
        if scope["method"] == "HEAD":  # answered as GET, without the body (RFC 9110 9.3.2)
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        await self.app(scope, bounded.receive, send)

    def _refusal(self, headers: Headers, scope: Scope) -> tuple[int, str, str, str] | None:
        host = headers.get("host", "")
        name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
        client = (scope.get("client") or ("127.0.0.1", 0))[0]
        if self.is_private and not (name in LOOPBACK and ip_address(client).is_loopback):
            detail = (
                f"This instance is private: it answers to {', '.join(LOOPBACK)}, not to {name!r}."
            )
            return 421, "private", "Private instance", detail
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.max_body_bytes:
            detail = f"The body has {length} bytes; at most {self.max_body_bytes} are taken."
            return 413, "too-large", "Too large", detail
        return None

    def _with_headers(self, scope: Scope, send: Send) -> Send:
        own, started, told = self._headers(scope["path"]), time.perf_counter(), {"bytes": 0}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                told["status"] = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in own.items():
                    headers.setdefault(name, value)
                if self.is_private and "cache-control" in headers:
                    kept = headers["cache-control"].replace("public", "private")
                    headers["cache-control"] = kept
            else:
                told["bytes"] += len(message.get("body", b""))
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                ms = round((time.perf_counter() - started) * 1e3, 1)
                named = {"method": scope["method"], "path": scope["path"], "ms": ms}
                LOG.info("answered", extra={**named, **told})

        return send_with_headers

    def _headers(self, path: str) -> Mapping[str, str]:
        is_open = path == "/embed" and not self.is_private
        ancestors = self.frame_ancestors if is_open else "'self'"
        headers = {
            "Content-Security-Policy": CSP.format(ancestors),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "X-Strikemap-Audience": "private" if self.is_private else "public",
        }
        if not self.is_private:  # a private instance never opens itself to another origin
            headers["Access-Control-Allow-Origin"] = "*"
        return headers


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head


@dataclass
class _Bounded:
    """Counts a body that does not say its length."""

    source: Receive
    most: int
    got: int = 0

    async def receive(self) -> Message:
        message = await self.source()
        if message["type"] == "http.request":
            self.got += len(message.get("body", b""))
            if self.got > self.most:
                return {"type": "http.disconnect"}
        return message
