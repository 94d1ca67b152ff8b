"""Sign-ins that began in a browser and go by the identity provider's page."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote, unquote

BEGAN = re.compile(r"[0-9]{1,12}")
OWN_PAGE = re.compile(r"/(?![/\\])[^\\\x00-\x20]*")
ATTEMPT_S = 600
"""How long somebody may take at the provider."""


@dataclass(frozen=True)
class Attempt:
    """One sign-in that began here. `text` lies in the browser's cookie, and all follows from it.

    So no request of a stranger writes anything, and every node can end what another began.
    """

    text: str

    @classmethod
    def begun(cls, now: datetime, goal: str) -> Attempt:
        """Begin one; `goal` is the page to go back to."""
        page = quote(goal, safe="").replace(".", "%2E")
        return cls(f"{int(now.timestamp())}.{secrets.token_urlsafe(32)}.{page}")

    def part(self, name: str) -> str:
        """Return a value that only this browser's sign-in has: its state, nonce or verifier."""
        return base64url(hashlib.sha256(f"{name} {self.text}".encode()).digest())

    @property
    def goal(self) -> str:
        """The page to go back to: one of this service, else the map."""
        goal = unquote(self.text.rpartition(".")[2])
        return goal if OWN_PAGE.fullmatch(goal) else "/"

    def is_fresh(self, now: datetime) -> bool:
        """Tell whether the person may still come back."""
        began = self.text.partition(".")[0]
        return bool(BEGAN.fullmatch(began)) and 0 <= now.timestamp() - int(began) <= ATTEMPT_S


def base64url(digest: bytes) -> str:
    """Write bytes for an address, without filling (RFC 7636, appendix A)."""
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
