"""The cookie of a session: how it is named, set, read and taken away.

No script reads it and no other site's page sends it. It counts only beside our own header, so it
changes no picture, no page and no link, and no form of another site can use it.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope

OWN_HEADER = "X-Strikemap"
"""A page of another site cannot set it: no preflight ever grants it."""

SESSION = "strikemap"
LONGEST_COOKIES = 4_096


def is_secure(scope: Scope) -> bool:
    """Tell whether the reader's browser came over TLS."""
    return bool(scope["scheme"] == "https")


def cookie_name(scope: Scope, name: str = SESSION) -> str:
    """Name a cookie; behind TLS so that no other host of the domain can set it (`__Host-`)."""
    return f"__Host-{name}" if is_secure(scope) else name


def read_cookie(scope: Scope, name: str = SESSION) -> str | None:
    """Return what a cookie holds; None without it."""
    text = Headers(scope=scope).get("cookie", "")
    if len(text) > LONGEST_COOKIES:
        return None
    return cookie_parser(text).get(cookie_name(scope, name))


def session_secret(scope: Scope) -> str | None:
    """Return what the session's cookie holds, where the request may use it: beside our header."""
    if OWN_HEADER.lower() not in Headers(scope=scope):
        return None
    return read_cookie(scope)


def set_session(response: Response, scope: Scope, secret: str) -> None:
    """Give a browser its session until it closes; the record knows when it expires."""
    is_tls = is_secure(scope)
    name = cookie_name(scope)
    response.set_cookie(name, secret, secure=is_tls, httponly=True, samesite="strict")


def clear_cookie(response: Response, scope: Scope, name: str = SESSION) -> None:
    """Take a cookie away."""
    is_tls = is_secure(scope)
    response.delete_cookie(cookie_name(scope, name), secure=is_tls, httponly=True)
