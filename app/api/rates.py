"""Limits on the requests of one address and of one token."""

from __future__ import annotations

import math
from ipaddress import IPv6Address, IPv6Network, ip_address
from pathlib import Path

from starlette.types import Scope
from throttled import BaseRateLimiter, MemoryStore, RateLimiterRegistry, RateLimiterType, per_min

from app.api.faces import HEAVY, face_of
from app.api.sharing import SharedCounts
from app.domain.errors import TooMany

FREE = ("/healthz", "/readyz", "/static/")
"""Health checks, and the page's own files: a page has dozens, and a refusal costs as much."""

MOST_SENDERS = 50_000
"""Addresses and tokens in memory (about 15 MB); the one that is silent for longest goes first."""

LONGEST_ADDRESS = 45
UNKNOWN = "unknown"
"""The sender of a request whose proxy passed on something that is no address."""


class Rates:
    """Allows each sender a number of requests at once, and then as many spread over a minute.

    Heavy faces have a number of their own. 0 allows any number.
    """

    def __init__(self, usual: int, heavy: int, shared: Path | None = None) -> None:
        """Count for this process, or for all workers that share a folder."""
        store = (
            MemoryStore(options={"MAX_SIZE": MOST_SENDERS})
            if shared is None
            else SharedCounts(shared)
        )
        self._usual = _limiter(usual, store)
        self._heavy = _limiter(heavy, store)

    def count_address(self, scope: Scope) -> None:
        """Count a request of the address that it comes from.

        Raises:
            TooMany: the address has sent as many as it may.
        """
        client = scope.get("client")
        self._count(sender_of(client[0] if client else UNKNOWN), "address", scope)

    def count_holder(self, actor: str, scope: Scope) -> None:
        """Count a request of a token, from wherever it is used.

        Raises:
            TooMany: it was used as often as it may.
        """
        self._count(actor, "token", scope)

    def _count(self, sender: str, kind: str, scope: Scope) -> None:
        if scope["path"].startswith(FREE):
            return
        is_heavy = face_of(scope["method"], scope["path"]) in HEAVY
        limiter, what = (
            (self._heavy, "figures and exports") if is_heavy else (self._usual, "requests")
        )
        if limiter is None:
            return
        result = limiter.limit(f"{what} {kind} {sender}")
        if result.limited:
            wait_s = math.ceil(result.state.retry_after)
            raise TooMany(
                f"This {kind} has sent more than {limiter.quota.get_limit():,} {what} a minute; "
                f"allowed: the next in {wait_s} s.",
                wait_s,
            )


def _limiter(per_minute: int, store: MemoryStore) -> BaseRateLimiter | None:
    # GCRA holds one number for a sender; a log of the last minute would hold each request.
    if per_minute == 0:
        return None
    return RateLimiterRegistry.get(RateLimiterType.GCRA.value)(per_min(per_minute), store)


def sender_of(address: str) -> str:
    """Name who is counted together: an IPv4 address, or the /64 of an IPv6 address.

    One reader has a whole /64 to choose addresses from.

    >>> sender_of("2001:db8::1") == sender_of("2001:db8::2"), sender_of("::ffff:192.0.2.1")
    (True, '192.0.2.1')
    """
    if len(address) > LONGEST_ADDRESS:
        return UNKNOWN
    try:
        parsed = ip_address(address)
    except ValueError:
        return UNKNOWN
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((int(parsed), 64), strict=False))
