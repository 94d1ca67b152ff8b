"""An incident's evidence bundle: what was recorded, when, by whom, and how to check it offline."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path

import msgspec

from app.domain.answer import JsonObject
from app.domain.errors import NotShared
from app.domain.instants import rfc3339
from app.domain.revision import GENESIS, Head, Revision, Subject
from app.instance.stamping import stamped_between
from app.instance.workspace import Workspace
from app.publishing.publish import Published
from app.queries.images import attachments_of
from app.queries.incidents import find_incident

MOST_LINKS = 200_000
"""Links from the incident's first revision to the head that a bundle carries: about 60 MB."""

ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""Every file's date in the archive: equal evidence gives equal bytes."""

CHECKS = ("check_evidence.py", "check_evidence.html")
"""Two programs that check a bundle: written apart, in two languages."""

README = """Evidence bundle of Strikemap
===========================

incident.json    the incident as the record has it now
revisions.jsonl  every revision of it: payload, salt, and who recorded it when and why
chain.jsonl      the ledger from its first revision on, one link a line
attachments/     archived source files, by the SHA-256 of their content: whole, with all metadata;
                 of a picture with covered parts only the copy in which they are filled
attachments.jsonl  where and when they were taken, how and by whom; `sha256` is that of the
                 original, `copy` that of the covered copy, which differs from it
head.json        the head of the chain with its Ed25519 signature, if the instance has a key
stamped-head.json  an earlier head that a third party stamped (RFC 3161), and its stamp: *.tsr
manifest.json    the SHA-256 of every file, and the head of the chain

Check it offline, with either of two programs that share nothing:
  python check_evidence.py BUNDLE.zip [SEQ:HASH]
  open check_evidence.html in a browser, and choose BUNDLE.zip
A head that was printed or published elsewhere at the time (`strikemap verify` prints it) proves
that nothing before it was changed since. A signature proves who signed only to somebody who knows
the id of the publisher's key from elsewhere (/api/head, an older export): compare it.
A stamp shows that its head was signed at that time or before. The Python program reads it, but not
the signature of the authority; with the authority's root certificate, check that by
  openssl ts -verify -in stamped-head.json.tsr -data stamped-head.json -CAfile ROOT.pem
How the hash is made: SHA-256 of the previous hash, the canonical JSON (RFC 8785) of
[seq, recorded_at, actor, action, reason, subject, key], and the digest, which is the SHA-256 of
salt and payload. What is signed: the JSON of ["strikemap head", seq, hash, recorded_at, key].
"""


def bundle(published: Published, ref: str) -> bytes:
    """Pack an incident's evidence as a ZIP archive.

    Raises:
        NotFound: no such incident.
        NotShared: the audience is public: the chain names who recorded what, and why.
    """
    if published.is_public:
        raise NotShared(
            "Evidence bundles name who recorded what and why: they are given by a private instance "
            "(`strikemap evidence ID`) or to a token, not to the public."
        )
    incident = find_incident(published, ref)
    key = f"{incident['properties']['dataset']}/{incident['id']}"
    revisions = published.workspace.store.history(Subject.incident, key)
    attachments = attachments_of(published, incident["id"])
    files: dict[str, bytes] = {
        "README.txt": README.encode(),
        **{name: Path(__file__).with_name(name).read_bytes() for name in CHECKS},
        "incident.json": msgspec.json.format(msgspec.json.encode(incident), indent=1),
        "revisions.jsonl": _lines(_revision(one) for one in revisions),
        "attachments.jsonl": _lines(msgspec.to_builtins(one) for one in attachments),
    }
    for attachment in attachments:
        stored = published.workspace.archive / attachment.shown
        if stored.exists():
            files[f"attachments/{attachment.shown}"] = stored.read_bytes()
    files["chain.jsonl"], last = _chain(published.workspace, revisions[0].seq)
    head = f"{last.seq}:{last.hash.hex()}"
    signed = published.workspace.signer.sign(last)
    if signed is not None:
        files["head.json"] = msgspec.json.format(msgspec.json.encode(signed), indent=1)
    stamped = stamped_between(published.workspace.signer.stamped_heads, revisions[0].seq, last.seq)
    if stamped is not None:
        files["stamped-head.json"] = stamped.document
        files["stamped-head.json.tsr"] = stamped.stamp
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = {"incident": incident["id"], "head": head, "files": hashes}
    files["manifest.json"] = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    return _zipped(files)


def _chain(workspace: Workspace, first: int) -> tuple[bytes, Head]:
    """Write the links from a revision to the head, at most MOST_LINKS; return the last one too."""
    links, last = [], Head(0, GENESIS, None)
    for revision in workspace.store.revisions(first - 1, first - 1 + MOST_LINKS):
        links.append(_link(revision))
        last = revision.head
    return _lines(links), last


def _link(revision: Revision) -> JsonObject:
    return {
        "seq": revision.seq,
        "recorded_at": rfc3339(revision.recorded_at),
        "actor": revision.actor,
        "action": revision.action.value,
        "reason": revision.reason,
        "subject": revision.subject.value,
        "key": revision.key,
        "digest": revision.digest.hex(),
        "previous": revision.previous.hex(),
        "hash": revision.hash.hex(),
    }


def _revision(revision: Revision) -> JsonObject:
    payload = None if revision.payload is None else revision.payload.decode()
    return {**_link(revision), "salt": revision.salt.hex(), "payload": payload}


def _lines(rows: Iterable[object]) -> bytes:
    return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)


def _zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sorted(files.items()):
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), content, zipfile.ZIP_DEFLATED)
    return out.getvalue()
