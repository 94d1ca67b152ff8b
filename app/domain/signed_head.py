"""A signed head of the record: whoever kept it can show later that nothing before it changed."""

from __future__ import annotations

import hashlib

import msgspec

from app.domain.revision import Head, canonical

PURPOSE = "strikemap head"
"""It stands in front of what is signed, so that no other signature can be taken for a head's."""

ID_LETTERS = 16


class SignedHead(msgspec.Struct, frozen=True):
    """A link of the record, its instant, and an Ed25519 signature (RFC 8032); bytes are hex."""

    seq: int
    hash: str
    recorded_at: str
    key: str
    public_key: str
    signature: str

    @property
    def message(self) -> bytes:
        """What the signature covers."""
        return head_message(self.seq, self.hash, self.recorded_at, self.key)

    @property
    def head(self) -> Head:
        """The link itself."""
        return Head(self.seq, bytes.fromhex(self.hash), None)


def head_message(seq: int, digest: str, recorded_at: str, key: str) -> bytes:
    """Write what the signature of a head covers, as RFC 8785 JSON.

    >>> head_message(3, "00ff", "2026-01-01T12:00:00Z", "5f0c")
    b'["strikemap head",3,"00ff","2026-01-01T12:00:00Z","5f0c"]'
    """
    return canonical([PURPOSE, seq, digest, recorded_at, key])


def key_id(public_key: bytes) -> str:
    """Name a public key by the beginning of its SHA-256."""
    return hashlib.sha256(public_key).hexdigest()[:ID_LETTERS]
