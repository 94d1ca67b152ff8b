"""Signs PNG figures with the operator's certificate: a C2PA manifest says what a figure shows.

Any program that knows the standard (C2PA, "Content Credentials") then checks who gave the picture
out and that no pixel was changed. Nothing is fetched and nobody else is asked.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from stat import S_IRWXO, S_IWGRP, S_IXGRP

import numpy as np
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509 import load_pem_x509_certificates

from app.domain.answer import JsonObject
from app.domain.errors import CannotSign, InputError
from app.render.png import write_png

CHAIN, KEY = "STRIKEMAP_C2PA_CHAIN", "STRIKEMAP_C2PA_KEY"
VIEW_LABEL = "strikemap.view"
"""The label of our own assertion in the manifest: the View, the record and its sources."""

PNG = "image/png"
DATA_DRIVEN = "http://cv.iptc.org/newscodes/digitalsourcetype/dataDrivenMedia"
"""IPTC's term for a picture that a program draws from data."""

OF_CURVE = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
LIBRARY_SETTINGS: JsonObject = {
    "builder": {"thumbnail": {"enabled": False}},
    # Each signature is checked at once, as a stranger would: against the certificate in it.
    "verify": {"verify_after_sign": True, "verify_trust": False},
}
NOT_FOR_OTHERS = S_IRWXO | S_IWGRP | S_IXGRP


@dataclass(frozen=True)
class _Credentials:
    """A chain and its key as the library takes them, and until when the certificate holds."""

    algorithm: str
    chain: bytes
    key: bytes
    ends_at: datetime
    mark: str

    def sign(self, png: bytes, manifest: JsonObject) -> bytes:
        """Return the picture with the manifest in it.

        Raises:
            ValueError: the library does not sign with these credentials.
        """
        import c2pa  # noqa: PLC0415  23 MB, and only where an operator signs

        try:
            info = c2pa.C2paSignerInfo(self.algorithm, self.chain, self.key, None)
            with (
                c2pa.Context(c2pa.Settings.from_dict(LIBRARY_SETTINGS)) as context,
                c2pa.Signer.from_info(info) as signer,
                c2pa.Builder.from_json(json.dumps(manifest), context) as builder,
            ):
                signed = io.BytesIO()
                builder.sign(signer, PNG, io.BytesIO(png), signed)
                return signed.getvalue()
        except c2pa.C2paError as wrong:
            raise ValueError(str(wrong)) from wrong


@dataclass(frozen=True)
class PictureSigner:
    """Signs PNG figures once both files are set; they are read once, at the start.

    `chain` is a PEM file with the certificate first and those that vouch for it after it, `key` the
    PEM file of its private key. `origin` is scheme and host of the addresses in manifests.
    """

    chain: str = ""
    key: str = ""
    origin: str = ""

    @property
    def is_on(self) -> bool:
        """Tell whether the operator wants figures to be signed."""
        return bool(self.chain or self.key)

    @property
    def mark(self) -> str:
        """A text that changes with the certificate; empty without signatures."""
        loaded = self._loaded
        return loaded.mark if isinstance(loaded, _Credentials) else self.chain

    def fault(self, now: datetime) -> str | None:
        """Say in a sentence why no figure can be signed, though the operator wants it."""
        wrong = self._refusal(now)
        return None if wrong is None else f"No figure is given out as PNG. {wrong}"

    def sign(self, png: bytes, statement: JsonObject, now: datetime) -> bytes:
        """Put a manifest into a figure; without the settings the bytes stay as they are.

        Raises:
            CannotSign: the operator wants signatures, and there can be none.
        """
        loaded, fault = self._loaded, self.fault(now)
        if fault is not None:
            raise CannotSign(fault)
        if not isinstance(loaded, _Credentials):
            return png
        try:
            return loaded.sign(png, _manifest(statement))
        except ValueError as wrong:
            raise CannotSign(f"A figure could not be signed: {wrong}.") from wrong

    def _refusal(self, now: datetime) -> InputError | None:
        loaded = self._loaded
        if isinstance(loaded, _Credentials) and loaded.ends_at < now:
            return InputError(CHAIN, f"ended {loaded.ends_at:%Y-%m-%d %H:%M}Z", "a valid one")
        return None if isinstance(loaded, _Credentials) else loaded

    @cached_property
    def _loaded(self) -> _Credentials | InputError | None:
        """The credentials after a signature for trial, or what is wrong; None if none are set."""
        if not self.is_on:
            return None
        try:
            credentials = _read(self.chain, self.key)
            credentials.sign(write_png(np.zeros((1, 1, 3), np.uint8)), _manifest({}))
        except InputError as wrong:
            return wrong
        except ImportError:
            return InputError(CHAIN, self.chain, 'with `pip install "strikemap[c2pa]"` only')
        except ValueError as wrong:
            allowed = f"a certificate chain for C2PA, and its key in {KEY} ({wrong})"
            return InputError(CHAIN, self.chain, allowed)
        return credentials


def _manifest(statement: JsonObject) -> JsonObject:
    created = {"action": "c2pa.created", "digitalSourceType": DATA_DRIVEN}
    assertions = [
        {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
        {"label": VIEW_LABEL, "data": statement, "created": True},
    ]
    return {
        "claim_generator_info": [{"name": "Strikemap", "version": version("strikemap")}],
        "title": statement.get("title", ""),
        "format": PNG,
        "assertions": assertions,
    }


def _read(chain: str, key: str) -> _Credentials:
    """Read both files.

    Raises:
        InputError: one is missing, cannot be read, is no PEM of its kind, or is open to others.
    """
    chain_pem, key_pem = _bytes_of(CHAIN, chain), _bytes_of(KEY, key)
    if Path(key).stat().st_mode & NOT_FOR_OTHERS:
        allowed = "a file that its owner, and at most its group, can read (`chmod 600`)"
        raise InputError(KEY, key, allowed)
    try:
        certificates = load_pem_x509_certificates(chain_pem)
    except ValueError as wrong:
        raise InputError(CHAIN, chain, f"certificates as PEM ({wrong})") from wrong
    try:
        private = load_pem_private_key(key_pem, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as wrong:
        raise InputError(KEY, key, f"a private key as PEM, not encrypted ({wrong})") from wrong
    algorithm = _algorithm(private)
    if algorithm is None:
        raise InputError(KEY, key, "a key on P-256, P-384 or P-521, an Ed25519 or an RSA key")
    return _Credentials(
        algorithm,
        chain_pem,
        private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        min(certificate.not_valid_after_utc for certificate in certificates),
        certificates[0].fingerprint(hashes.SHA256()).hex(),
    )


def _algorithm(key: object) -> str | None:
    if isinstance(key, Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, RSAPrivateKey):
        return "ps256"
    return OF_CURVE.get(key.curve.name) if isinstance(key, EllipticCurvePrivateKey) else None


def _bytes_of(name: str, path: str) -> bytes:
    allowed = f"a file that can be read; {CHAIN} and {KEY} are set together"
    try:
        return Path(path).read_bytes()
    except OSError as wrong:
        raise InputError(name, path or "nothing", allowed) from wrong
