"""Certificate chains for signing figures, as an operator would buy them, but worth nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as generate_rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509 import (
    AuthorityKeyIdentifier,
    BasicConstraints,
    CertificateBuilder,
    ExtendedKeyUsage,
    KeyUsage,
    Name,
    NameAttribute,
    random_serial_number,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KEYS: Mapping[str, Callable[[], CertificateIssuerPrivateKeyTypes]] = {
    "ES256": lambda: generate_private_key(SECP256R1()),
    "Ed25519": Ed25519PrivateKey.generate,
    "PS256": lambda: generate_rsa(65537, 2048),
}
USES = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment"),
    *("key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


class Chain(NamedTuple):
    """Two PEM files, and the PEM of the root that vouches for the certificate."""

    chain: Path
    key: Path
    root: str


def make_chain(folder: Path, kind: str = "ES256", days: tuple[int, int] = (-1, 30)) -> Chain:
    """Make a certificate that is valid between two days from today, and write both files."""
    root_key, key, now = KEYS["ES256"](), KEYS[kind](), datetime.now(UTC)
    authority = AuthorityKeyIdentifier.from_issuer_public_key(root_key.public_key())
    valid = [now + timedelta(days=one) for one in days]

    def builder(owner: CertificateIssuerPrivateKeyTypes, name: str, use: str) -> CertificateBuilder:
        return (
            CertificateBuilder()
            .subject_name(_name(name))
            .issuer_name(_name("Invented root"))
            .public_key(owner.public_key())
            .serial_number(random_serial_number())
            .not_valid_before(valid[0])
            .not_valid_after(valid[1])
            .add_extension(BasicConstraints(ca=owner is root_key, path_length=None), critical=True)
            .add_extension(KeyUsage(**{one: one == use for one in USES}), critical=True)
            .add_extension(authority, critical=False)
        )

    purpose = ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION])
    root = builder(root_key, "Invented root", "key_cert_sign").sign(root_key, hashes.SHA256())
    leaf = builder(key, "Invented office", "digital_signature").add_extension(
        purpose, critical=False
    )
    folder.mkdir(exist_ok=True)
    chain, key_path = folder / "chain.pem", folder / "figures.key"
    root_pem = root.public_bytes(Encoding.PEM)
    chain.write_bytes(leaf.sign(root_key, hashes.SHA256()).public_bytes(Encoding.PEM) + root_pem)
    key_path.touch(0o600)
    key_path.write_bytes(
        key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        if kind != "Ed25519"
        else key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    return Chain(chain, key_path, root_pem.decode())


def _name(text: str) -> Name:
    parts = {NameOID.ORGANIZATION_NAME: "Invented", NameOID.COMMON_NAME: text}
    return Name([NameAttribute(kind, part) for kind, part in parts.items()])
