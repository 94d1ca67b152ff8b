"""The headers of every answer; the checks of every request: host, size, origin, token."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import cast

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.api.faces import WRITES
from app.api.logs import REQUEST_ID_HEADER, request_id
from app.api.problems import problem, problem_of, takes
from app.api.rates import Rates
from app.api.sessions import OWN_HEADER, session_secret
from app.domain.account import Holder, TokenBook
from app.domain.errors import NotAllowed, NotKnown, StrikemapError
from app.domain.tracing import REQUEST_ID
from app.instance.sessions import holder_in_session
from app.instance.tokens import holder_of, local_holder

LOG = logging.getLogger("strikemap.requests")
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
PREFLIGHT = {
    "Access-Control-Allow-Headers": "Authorization, Content-Type, If-Match, If-None-Match",
    "Access-Control-Max-Age": "600",
}
"""What a page of another site may send to a public instance: a token, never our own header."""

FORWARDING = (
    *("forwarded", "via", "x-real-ip", "x-forwarded-for", "x-forwarded-host"),
    *("x-forwarded-proto", "x-forwarded-port", "x-forwarded-server"),
)
"""Headers that say that a proxy passed a request on."""

HEALTH = ("/healthz", "/readyz")
"""Programs on the same machine ask these by its address, whatever its public name is."""

EXPOSED = "ETag, Link, Content-Crs, Retry-After, Content-Disposition, X-Request-ID"
EMBEDDED = re.compile(r"/embed|/story/[^/]+/embed")
"""Pages that a public instance lets other sites show in a frame."""

FOR_ONE = "private, no-store"
HOST = re.compile(r"(\[[0-9a-f:.]+\]|[\w.~-]*)(:\d{0,5})?", re.ASCII | re.IGNORECASE)
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:{}; "
    "connect-src 'self'; font-src 'self'; frame-src {}; base-uri 'none'; form-action 'self'; "
    "frame-ancestors {}"
)
FRAMING = ("/", "/edit/stories")
"""The pages that show our own map in a frame: the share dialog, and an editor who points at it."""

MAPS = ("/", "/embed")
"""The pages that show tiles of the services that the operator named, if any."""


@dataclass
class Guard:
    """ASGI middleware around the whole application.

    `wider` gives the application that shows a token's holder more; None where this one shows all.
    """

    app: ASGIApp
    is_private: bool
    hosts: frozenset[str]
    public_url: str
    frame_ancestors: str
    picture_origins: Sequence[str]
    max_body_bytes: int
    book: TokenBook
    rates: Rates
    wider: Callable[[Holder], ASGIApp | None]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request that fails a check; add headers to every answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        # uvicorn runs each request in a task of its own: the id reaches no other request.
        REQUEST_ID.set(request_id(headers.get(REQUEST_ID_HEADER)))
        if self.public_url:
            scope = _at(scope, self.public_url)
        state = {**scope.get("state", {}), "names_host": False}
        state["is_known_host"] = self._knows_host(headers, scope)
        scope = {**scope, "state": state}
        by_session = not self.is_private and session_secret(scope) is not None
        by_token = by_session or "authorization" in headers
        send = self._with_headers(scope, send, by_token=by_token)
        refusal = self._refusal(headers, scope)
        if refusal is not None:
            await problem(*refusal)(scope, receive, send)
            return
        try:
            holder = await self._admitted(headers, scope)
        except StrikemapError as wrong:
            await problem_of(wrong)(scope, receive, send)
            return
        bounded, is_head = _Bounded(receive, self.max_body_bytes), scope["method"] == "HEAD"
        state.update(holder=holder, body=bounded, is_head=is_head)
        state["host"] = headers.get("host", "").encode("latin-1")
        if is_head:  # answered as GET, without the body (RFC 9110 9.3.2)
            scope, send = {**scope, "method": "GET"}, _without_body(send)
        app = self.app
        if by_token and holder is not None:
            app = await run_in_threadpool(self._wide, holder)
            scope = _unconditional(scope)
        await app(scope, bounded.receive, send)

    def _wide(self, holder: Holder) -> ASGIApp:
        """Return the application that shows a holder all that they may see."""
        wide = self.wider(holder)
        return self.app if wide is None else wide

    async def _admitted(self, headers: Headers, scope: Scope) -> Holder | None:
        """Return the holder, and count the request: of an address before its token is looked up.

        Raises:
            TooMany: the address or the token sent too many requests.
        """
        self.rates.count_address(scope)
        holder = await self._holder(headers, scope)
        if holder is not None:
            self.rates.count_holder(holder.actor, scope)
        return holder

    async def _holder(self, headers: Headers, scope: Scope) -> Holder | None:
        """Return the holder of the token; None is the public, which may only read.

        Raises:
            NotKnown: a token that is not valid, or none where one is needed.
            NotAllowed: a page of another site tries to change something.
        """
        if "authorization" in headers:
            scheme, _, text = headers["authorization"].partition(" ")
            if scheme.lower() != "bearer":
                raise NotKnown("Send the token as `Authorization: Bearer strikemap_…`.")
            now = datetime.now(UTC)
            return await run_in_threadpool(holder_of, self.book, text.strip(), now)
        is_write = scope["method"] in WRITES
        if not self.is_private:
            if (secret := session_secret(scope)) is not None:
                if not is_own_page(headers, scope):
                    raise NotAllowed("A session is for this service's own pages only.")
                now = datetime.now(UTC)
                return await run_in_threadpool(holder_in_session, self.book, secret, now)
            if is_write and takes(scope, scope["method"]):
                raise NotKnown("Changing anything here needs a token: `Authorization: Bearer …`.")
            return None
        if is_write and not is_own_page(headers, scope):
            raise NotAllowed(
                f"Send `{OWN_HEADER}: 1` with what changes something: "
                "a page of another site could have sent this request."
            )
        return local_holder()

    def _knows_host(self, headers: Headers, scope: Scope) -> bool:
        """Tell whether anybody but the request says that this service has the host it names."""
        if self.is_private or self.public_url or self.hosts:
            return True
        return _name_of(headers) == str((scope.get("server") or ("",))[0])

    def _refusal(self, headers: Headers, scope: Scope) -> tuple[int, str, str, str] | None:
        name = _name_of(headers)
        if not HOST.fullmatch(headers.get("host", "")):  # RFC 9112 3.2
            return 400, "host", "No host", f"{headers['host'][:80]!r} is no name of a host."
        if self.is_private and (detail := _not_the_owner(headers, scope)):
            return 421, "private", "Private instance", detail
        if self.hosts and name.lower() not in self.hosts and scope["path"] not in HEALTH:
            detail = f"This service answers to {', '.join(sorted(self.hosts))}, not to {name!r}."
            return 421, "host", "Another host", detail
        length = headers.get("content-length", "0")
        if not length.isdigit() or int(length) > self.max_body_bytes:
            detail = f"The body has {length} bytes; at most {self.max_body_bytes} are taken."
            return 413, "too-large", "Too large", detail
        return None

    def _with_headers(self, scope: Scope, send: Send, *, by_token: bool) -> Send:
        own, started, counts = self._headers(scope["path"]), time.perf_counter(), {"bytes": 0}

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                counts["status"] = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in own.items():
                    headers.setdefault(name, value)
                if self.is_private and "cache-control" in headers:
                    cache = headers["cache-control"].replace("public", "private")
                    headers["cache-control"] = cache
                if "allow" in headers and scope["method"] == "OPTIONS" and not self.is_private:
                    headers.update({**PREFLIGHT, "Access-Control-Allow-Methods": headers["allow"]})
                _keep_unknown_host(headers, scope["state"])
                if by_token:
                    _keep_for_holder(headers)
            else:
                counts["bytes"] += len(message.get("body", b""))
            await send(message)
            if message["type"] == "http.response.body" and not message.get("more_body"):
                ms = round((time.perf_counter() - started) * 1e3, 1)
                facts = {"method": scope["method"], "path": scope["path"], "ms": ms}
                LOG.info("answered", extra={**facts, **counts})

        return send_with_headers

    def _headers(self, path: str) -> Mapping[str, str]:
        is_open = EMBEDDED.fullmatch(path) is not None and not self.is_private
        ancestors = _with_self(self.frame_ancestors) if is_open else "'self'"
        frames = "'self'" if path in FRAMING else "'none'"
        pictures = "".join(f" {one}" for one in self.picture_origins) if path in MAPS else ""
        headers = {
            "Content-Security-Policy": CSP.format(pictures, frames, ancestors),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": "geolocation=(self)" if path == "/" else "geolocation=()",
            "Cross-Origin-Opener-Policy": "same-origin",
            "X-Strikemap-Audience": "private" if self.is_private else "public",
            REQUEST_ID_HEADER: REQUEST_ID.get(),
        }
        if self.public_url.startswith("https:"):
            headers["Strict-Transport-Security"] = "max-age=31536000"
        if not self.is_private:  # a private instance never opens itself to another origin
            headers["Access-Control-Allow-Origin"] = "*"
            headers["Access-Control-Expose-Headers"] = EXPOSED
        return headers


def _with_self(ancestors: str) -> str:
    """Let our own page frame the map too: its share dialog shows what a frame looks like."""
    return ancestors if ancestors in ("*", "'none'") else f"{ancestors} 'self'"


def _name_of(headers: Headers) -> str:
    """Return the host that a request names, without its port."""
    host = headers.get("host", "")
    return host if host.endswith("]") else host.rsplit(":", 1)[0]


def _not_the_owner(headers: Headers, scope: Scope) -> str:
    """Say why a request to a private instance may not be its owner's; empty if it is."""
    name, client = _name_of(headers), (scope.get("client") or ("127.0.0.1", 0))[0]
    if not (name in LOOPBACK and _is_loopback(client)):
        return f"This instance is private: it answers to {', '.join(LOOPBACK)}, not to {name!r}."
    # A proxy may rewrite Host; whoever is behind it would be taken for the owner.
    if passed_on := [field for field in FORWARDING if field in headers]:
        return f"This instance is private: it takes nothing from a proxy ({passed_on[0]})."
    if scope.get("http_version") == "1.0":
        return "This instance is private: it takes nothing from a proxy (HTTP/1.0)."
    return ""


def _is_loopback(client: str) -> bool:
    """Tell this machine's addresses from others, and from text that a proxy took for an address."""
    try:
        return ip_address(client).is_loopback
    except ValueError:
        return False


def is_own_page(headers: Headers, scope: Scope) -> bool:
    """Tell whether a request that changes something comes from our own page or from a program.

    `scope` has the host of `STRIKEMAP_PUBLIC_URL`, which a proxy may have replaced in `headers`.

    A browser says where a request comes from and lets no page lie about it; another site's page
    cannot set our header, since no preflight grants it.
    """
    origin, site = headers.get("origin"), headers.get("sec-fetch-site")
    hosts = (headers.get("host"), Headers(scope=scope).get("host"))
    if origin is not None and origin.partition("://")[2] not in hosts:
        return False
    if site is not None:
        return site == "same-origin"
    return headers.get(OWN_HEADER) == "1"


def requester(request: Request) -> Holder:
    """Return the holder of the request's token, or of its session.

    Raises:
        NotKnown: the request has neither.
    """
    holder = cast("Holder | None", request.state.holder)
    if holder is None:
        raise NotKnown("This needs a token: `Authorization: Bearer …`.")
    return holder


def _keep_unknown_host(headers: MutableHeaders, state: Mapping[str, bool]) -> None:
    """Let no cache give a Host that a request made up to another reader, in links or redirects."""
    if (state["names_host"] or "location" in headers) and not state["is_known_host"]:
        headers["cache-control"] = FOR_ONE


def _keep_for_holder(headers: MutableHeaders) -> None:
    """Let no cache store an answer to a token, nor give it to another reader."""
    headers["cache-control"] = FOR_ONE
    headers["x-strikemap-audience"] = "token"
    headers.add_vary_header("Authorization, Cookie")
    if not headers.get("etag", "").strip('"').isdigit():  # a record's revision, for If-Match
        del headers["etag"]


def _at(scope: Scope, url: str) -> Scope:
    """Let all links begin with this address, whatever Host the request names."""
    scheme, _, host = url.partition("://")
    others = [pair for pair in scope["headers"] if pair[0] != b"host"]
    headers = [(b"host", host.encode("latin-1")), *others]
    return {**scope, "scheme": scheme, "headers": headers}


def _unconditional(scope: Scope) -> Scope:
    """Request the whole answer: an ETag of a public answer must not lead to "unchanged"."""
    headers = [pair for pair in scope["headers"] if pair[0] != b"if-none-match"]
    return {**scope, "headers": headers}


def _without_body(send: Send) -> Send:
    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return send_head


@dataclass
class _Bounded:
    """Counts the bytes of a body; ends one that is too long and did not say its length."""

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

    @property
    def is_over(self) -> bool:
        """Tell a body that was too long from one that ended early."""
        return self.got > self.most
