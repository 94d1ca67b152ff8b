"""Signs heads of the record with a key that never leaves the data folder."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from app.domain.errors import InputError, StoreError
from app.domain.instants import rfc3339
from app.domain.revision import Head
from app.domain.signed_head import SignedHead, head_message, key_id
from app.whole_files import write_whole

SIGNING_KEY = "head.key"
"""The private key in the data folder; no backup holds it."""

HEADS = "heads"
"""The folder beside the key with the heads that a third party stamped."""

Stamp = tuple[int, int]


@dataclass
class HeadSigner:
    """Signs heads once there is a key; a new key is used from the next signature on.

    `path` is where the private key is kept.
    """

    path: Path
    _loaded: tuple[Stamp | None, Ed25519PrivateKey | None] = field(
        default=(None, None), init=False, repr=False
    )

    @property
    def key(self) -> Ed25519PrivateKey | None:
        """The private key; None without one, and when this process may not read it."""
        stamp = _stamp(self.path)
        if stamp != self._loaded[0]:
            self._loaded = stamp, _load(self.path)
        return self._loaded[1]

    @property
    def key_name(self) -> str:
        """The id of the public key; empty without one."""
        key = self.key
        return "" if key is None else key_id(key.public_key().public_bytes_raw())

    @property
    def stamped_heads(self) -> Path:
        """The folder of the signed heads that a third party stamped."""
        return self.path.with_name(HEADS)

    def make_key(self) -> str:
        """Make a key in place of the former one, if any, and return its id."""
        key = Ed25519PrivateKey.generate()
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        write_whole(self.path, pem, mode=0o600, is_durable=True)
        return key_id(key.public_key().public_bytes_raw())

    def sign(self, head: Head) -> SignedHead | None:
        """Sign a head: equal heads give equal signatures. None without a key, or a revision."""
        key = self.key
        if key is None or head.recorded_at is None:
            return None
        public = key.public_key().public_bytes_raw()
        parts = (head.seq, head.hash.hex(), rfc3339(head.recorded_at), key_id(public))
        signature = key.sign(head_message(*parts))
        return SignedHead(*parts, public.hex(), signature.hex())


def check_signature(signed: SignedHead) -> None:
    """Check that a head was signed with the key that it names.

    Raises:
        InputError: it was not.
    """
    try:
        public = bytes.fromhex(signed.public_key)
        is_named = key_id(public) == signed.key
        Ed25519PublicKey.from_public_bytes(public).verify(
            bytes.fromhex(signed.signature), signed.message
        )
    except (ValueError, InvalidSignature):
        is_named = False
    if not is_named:
        allowed = "a head that the key in it signed, as `strikemap sign` and /api/head write it"
        raise InputError("signed head", f"{signed.seq}:{signed.hash[:16]}…", allowed)


def _load(path: Path) -> Ed25519PrivateKey | None:
    try:
        key = load_pem_private_key(path.read_bytes(), None)
    except (FileNotFoundError, PermissionError):
        return None
    except ValueError as wrong:
        raise StoreError(f"{path} is no key that can sign: {wrong}.") from wrong
    if not isinstance(key, Ed25519PrivateKey):
        raise StoreError(f"{path} is no Ed25519 key: `strikemap sign --new-key` makes one.")
    return key


def _stamp(path: Path) -> Stamp | None:
    try:
        status = os.stat(path)  # noqa: PTH116  several times faster, and for every request
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns
