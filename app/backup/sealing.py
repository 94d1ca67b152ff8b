"""Encrypts a backup to public keys of age, and reads it with a private one."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import pyrage

from app.backup.packing import Packed, half_made
from app.domain.errors import NO_SPACE, InputError, InvalidFile
from app.whole_files import sync_path

AGE_MAGIC = b"age-encryption.org/"
PUBLIC_KEY = "a public key of age, such as age1…, as `age-keygen` prints it"
PRIVATE_KEY = "a file of `age-keygen` with the private key for this backup"


def back_up_sealed(
    encrypt_to: Sequence[str], out: Path, back_up: Callable[[Path], Packed]
) -> Packed:
    """Let a backup be written, and encrypt it to public keys of age, if there are any.

    The plain backup lies in a folder of its own beside `out` until then, and never at `out`.

    Raises:
        InputError: a text is no public key; nothing was done.
    """
    recipients = _read_recipients(encrypt_to)
    if not recipients:
        return back_up(out)
    with half_made(out) as folder:
        packed = back_up(folder / "plain")
        sealed = folder / "sealed"
        pyrage.encrypt_file(str(folder / "plain"), str(sealed), recipients)
        size = sealed.stat().st_size
        sealed.replace(out)
        sync_path(out.parent)
    return msgspec.structs.replace(packed, file=str(out), bytes=size)


def _read_recipients(texts: Sequence[str]) -> list[pyrage.x25519.Recipient]:
    """Read public keys; the message of a refusal repeats no private one."""
    recipients = []
    for text in texts:
        try:
            recipients.append(pyrage.x25519.Recipient.from_str(text.strip()))
        except pyrage.RecipientError as wrong:
            raise InputError("encrypt-to", f"{text[:8]}…", PUBLIC_KEY) from wrong
    return recipients


def is_sealed(file: Path) -> bool:
    """Tell an encrypted file from a plain one by its first bytes; a missing file is plain."""
    with contextlib.suppress(OSError), file.open("rb") as stream:
        return stream.read(len(AGE_MAGIC)) == AGE_MAGIC
    return False


@contextlib.contextmanager
def unsealed(file: Path, identity: Path | None) -> Iterator[Path]:
    """Give the plain backup; of an encrypted one a copy in the temporary folder.

    Raises:
        InputError: no private key where one is needed, or none that fits.
        InvalidFile: the file was changed or cut.
    """
    if not is_sealed(file):
        yield file
        return
    if identity is None:
        allowed = f"{PRIVATE_KEY}: `strikemap restore FILE --identity KEY` (--check only checks it)"
        raise InputError("identity", "none, and the backup is encrypted", allowed)
    key = _private_key(identity)
    with tempfile.TemporaryDirectory(prefix="strikemap-") as name:  # for its owner only
        plain = Path(name) / file.name.removesuffix(".age")
        try:
            pyrage.decrypt_file(str(file), str(plain), [key])
        except (pyrage.DecryptError, OSError) as wrong:  # a changed file is an OSError
            if getattr(wrong, "errno", None) in NO_SPACE:
                raise
            allowed = "a backup as it was written, and the private key that it was encrypted to"
            raise InvalidFile(f"backup {file}", str(wrong), allowed) from wrong
        yield plain


def _private_key(path: Path) -> pyrage.x25519.Identity:
    try:
        lines = path.read_text("utf-8").splitlines()
        (text,) = (line.strip() for line in lines if line.startswith("AGE-SECRET-KEY-"))
        return pyrage.x25519.Identity.from_str(text)
    except (OSError, ValueError, pyrage.IdentityError) as wrong:
        raise InputError("identity", path, PRIVATE_KEY) from wrong
