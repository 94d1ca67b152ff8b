"""Time stamps of signed heads by a third party (RFC 3161): they were not signed later than it says.

A stamp covers the bytes of the file of a signed head and lies beside it, under the same name with
`.tsr`. So any program that knows the standard checks it, and a stamp can be made elsewhere as well.
"""

from __future__ import annotations

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx
import msgspec
from cryptography.x509 import Certificate, load_pem_x509_certificates
from rfc3161_client import (
    TimestampRequestBuilder,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from app.domain.errors import InputError
from app.domain.signed_head import SignedHead
from app.whole_files import write_whole

ENDING = ".tsr"
URL, ROOTS = "STRIKEMAP_TIMESTAMP_URL", "STRIKEMAP_TIMESTAMP_ROOTS"
LARGEST_STAMP = 256 * 1024
WAIT_S = 20.0
SLACK = timedelta(minutes=5)
"""By how much the clock of a stamp may differ from ours when it is new."""

HEADERS = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}


class TimeStamp(NamedTuple):
    """When an authority had seen a file, and the name in its certificate."""

    at: datetime
    authority: str


class StampedHead(NamedTuple):
    """The file of a signed head, as it was stamped, and its stamp."""

    head: SignedHead
    document: bytes
    stamp: bytes


def ask_for_stamp(document: bytes, url: str, roots: str, now: datetime) -> tuple[bytes, TimeStamp]:
    """Let an authority stamp a file, and check what it answers.

    Raises:
        InputError: it does not answer, or not with a stamp of this file and of this minute.
    """
    request = TimestampRequestBuilder().data(document).cert_request(cert_request=True).build()
    answer = _ask(url, request.as_bytes())
    stamp = check_stamp(document, answer, roots, url, nonce=request.nonce)
    if abs(stamp.at - now) > SLACK:
        allowed = f"a time within five minutes of this computer's clock, {now:%Y-%m-%d %H:%M:%S}Z"
        raise InputError(URL, f"{url}: a stamp of {stamp.at:%Y-%m-%d %H:%M:%S}Z", allowed)
    return answer, stamp


def _ask(url: str, query: bytes) -> bytes:
    try:
        with httpx.stream("POST", url, content=query, headers=HEADERS, timeout=WAIT_S) as response:
            response.raise_for_status()
            answer = b""
            for piece in response.iter_bytes():
                answer += piece
                if len(answer) > LARGEST_STAMP:
                    break
    except (httpx.HTTPError, httpx.InvalidURL) as wrong:
        allowed = "the address of a time-stamping service (RFC 3161) that answers"
        raise InputError(URL, f"{url}: {wrong}", allowed) from wrong
    return answer


def check_stamp(
    document: bytes, answer: bytes, roots: str, where: object, *, nonce: int | None = None
) -> TimeStamp:
    """Check that a stamp is one of this file, by an authority that a root certificate vouches for.

    Raises:
        InputError: it is none.
    """
    builder = VerifierBuilder(roots=_root_certificates(roots), nonce=nonce)
    try:
        response = decode_timestamp_response(answer)
        builder.build().verify_message(response, document)
        at, authority = response.tst_info.gen_time, _authority(response.tst_info.name)
    except (VerificationError, ValueError) as wrong:
        allowed = f"a time stamp of this file, by an authority that {ROOTS} vouches for"
        raise InputError("time stamp", f"{where}: {wrong}", allowed) from wrong
    return TimeStamp(at.astimezone(UTC), authority)


def _authority(name: object) -> str:
    value = getattr(name, "value", None)
    written = getattr(value, "rfc4514_string", None)
    return written() if written is not None else "an authority without a name"


def _root_certificates(path: str) -> list[Certificate]:
    """Read the roots that the operator named, or else those that this system trusts."""
    place = path or ssl.get_default_verify_paths().cafile or ""
    try:
        return load_pem_x509_certificates(Path(place).read_bytes())
    except (OSError, ValueError) as wrong:
        allowed = "a PEM file with the root certificates of time-stamping authorities"
        raise InputError(ROOTS, place or "none", f"{allowed} ({wrong})") from wrong


def keep_stamped(folder: Path, stamped: StampedHead) -> None:
    """Keep a stamped head in a data folder's `heads/`; evidence bundles take it from there."""
    folder.mkdir(exist_ok=True)
    path = folder / f"{stamped.head.seq}.json"
    write_whole(path, stamped.document, is_durable=True)
    write_whole(path.with_name(path.name + ENDING), stamped.stamp, is_durable=True)


def stamped_between(folder: Path, first: int, last: int) -> StampedHead | None:
    """Return the newest stamped head among some revisions; None without any."""
    numbers = (path.name.partition(".")[0] for path in folder.glob(f"*.json{ENDING}"))
    for number in sorted((int(text) for text in numbers if text.isdecimal()), reverse=True):
        path = folder / f"{number}.json"
        if first <= number <= last and path.is_file():
            document = path.read_bytes()
            head = msgspec.json.decode(document, type=SignedHead)
            return StampedHead(head, document, path.with_name(path.name + ENDING).read_bytes())
    return None
