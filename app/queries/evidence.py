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
from app.domain.revision import Revision, Subject
from app.instance.workspace import Workspace
from app.publishing.publish import Published
from app.queries.images import attachments_of
from app.queries.incidents import find_incident

MOST_LINKS = 200_000
"""Links from the incident's first revision to the head that a bundle carries: about 60 MB."""

ZIP_TIME = (1980, 1, 1, 0, 0, 0)
"""Every file's date in the archive: equal evidence gives equal bytes."""

README = """Evidence bundle of Strikemap
===========================

incident.json    the incident as the record has it now
revisions.jsonl  every revision of it: payload, salt, and who recorded it when and why
chain.jsonl      the ledger from its first revision on, one link a line
attachments/     archived source files, by the SHA-256 of their content: whole, with all metadata
attachments.jsonl  where and when they were taken, how and by whom
manifest.json    the SHA-256 of every file, and the head of the chain

Check it offline:  python check_evidence.py BUNDLE.zip [SEQ:HASH]
A head that was printed or published elsewhere at the time (`strikemap verify` prints it) proves
that nothing before it was changed since. How the hash is made: SHA-256 of the previous hash, the
canonical JSON (RFC 8785) of [seq, recorded_at, actor, action, reason, subject, key], and the
digest, which is the SHA-256 of salt and payload.
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
        "check_evidence.py": Path(__file__).with_name("check_evidence.py").read_bytes(),
        "incident.json": msgspec.json.format(msgspec.json.encode(incident), indent=1),
        "revisions.jsonl": _lines(_revision(one) for one in revisions),
        "attachments.jsonl": _lines(msgspec.to_builtins(one) for one in attachments),
    }
    for attachment in attachments:
        stored = published.workspace.archive / attachment.sha256
        if stored.exists():
            files[f"attachments/{attachment.sha256}"] = stored.read_bytes()
    files["chain.jsonl"], head = _chain(published.workspace, revisions[0].seq)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    manifest = {"incident": incident["id"], "head": head, "files": hashes}
    files["manifest.json"] = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
    return _zipped(files)


def _chain(workspace: Workspace, first: int) -> tuple[bytes, str]:
    """Write the links from a revision to the head, at most MOST_LINKS; return the last one too."""
    links, head = [], ""
    for revision in workspace.store.revisions(first - 1, first - 1 + MOST_LINKS):
        links.append(_link(revision))
        head = f"{revision.seq}:{revision.hash.hex()}"
    return _lines(links), head


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
