"""Attach a source file to an incident: the file goes to the archive, its facts to the record."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import NamedTuple

import msgspec

from app.domain.approval import Approval, ApprovalKind
from app.domain.attachment import Attachment
from app.domain.errors import InputError, TooLarge
from app.domain.revision import Action, Change, Revision, Subject, canonical
from app.domain.source import WEB, has_other_scheme
from app.domain.store import Author
from app.domain.terms import Dataset, terms_of
from app.editing.approvals import Request, write_or_ask
from app.files.media import checked_media_type
from app.instance.workspace import Workspace
from app.render.renditions import FORMATS, Rendition, outside_image, render_image
from app.whole_files import write_whole

Fact = str | bool | date
LONGEST_CAPTION = 300


class AttachedFile(NamedTuple):
    """A source file of an incident: its name, for people to read, and its content."""

    name: str
    content: bytes


def attach_file(
    workspace: Workspace, incident: str, path: Path, author: Author, facts: dict[str, Fact]
) -> Attachment | Approval:
    """Attach a file of this machine, as `attach_content` does.

    Raises:
        InputError, InvalidFile, TooLarge: as `attach_content`; also where there is no such file.
    """
    file = AttachedFile(path.name, _content(workspace, path))
    return attach_content(workspace, incident, file, author, facts)


def attach_content(
    workspace: Workspace, incident: str, file: AttachedFile, author: Author, facts: dict[str, Fact]
) -> Attachment | Approval:
    """Copy a source file of an incident to the archive, and record it in the chain.

    Terms that let an archived file leave wait for a second person where the dataset wants two.

    `facts` are fields of Attachment. A file that is attached again keeps the facts that are not
    named, and the time and the operator of the first time.

    Raises:
        InputError: an address that is not of the web, or unknown terms.
        InvalidFile: its content is not what its name says, or an image that cannot be opened.
        TooLarge: the file, or the image in it, is larger than allowed.
    """
    name, content = file
    media_type = checked_media_type(name, content)
    if media_type is not None and media_type in FORMATS:
        run, image = workspace.readings.run, outside_image(content)
        run(image, render_image, content, media_type, Rendition.small)  # what cannot be shown
    first = _first(incident, file, author)
    past = workspace.store.history(Subject.attachment, first.key)
    standing = _standing(workspace, past, first)
    record = msgspec.structs.replace(standing, media_type=media_type, **facts)
    _check(record)
    archive_file(workspace, content)
    dataset, text = dataset_of(workspace, incident), f"archived {name}"
    opens = record.may_leave and not standing.may_leave
    needs_two = opens and dataset is not None and dataset.two_persons
    replaces = past[-1].seq if past else None
    if needs_two and not past:  # it is archived at once, and waits to leave
        closed = canonical(msgspec.structs.replace(record, licence=first.licence))
        added = Change(Subject.attachment, record.key, Action.add, closed)
        replaces = workspace.store.write([added], author.entry(text), {}).seq
    action = Action.add if replaces is None else Action.amend
    change = Change(Subject.attachment, record.key, action, canonical(record), replaces)
    slug = "" if dataset is None else dataset.slug
    summary = f"{record.name}: {record.licence}"
    request = Request(ApprovalKind.terms, slug, incident, summary, needs_two, change)
    identity = author.identity or author.actor
    return write_or_ask(workspace, request, author, identity, text) or record


def _first(incident: str, file: AttachedFile, author: Author) -> Attachment:
    """Describe a file by what is known when it is attached for the first time."""
    return Attachment(
        incident=incident,
        name=file.name,
        sha256=hashlib.sha256(file.content).hexdigest(),
        size=len(file.content),
        captured_at=author.at,
        operator=author.actor,
    )


class RecordedFile(NamedTuple):
    """A source file as it stands, with the number of its newest revision."""

    attachment: Attachment
    revision: int


def same_file(workspace: Workspace, sha256: str) -> list[RecordedFile]:
    """List where a file is attached, beside whatever records."""
    return [
        RecordedFile(msgspec.json.decode(row.payload, type=Attachment), row.seq)
        for row in workspace.store.latest(Subject.attachment)
        if row.payload is not None and row.key.endswith(f"/{sha256}")
    ]


def _standing(workspace: Workspace, past: Sequence[Revision], first: Attachment) -> Attachment:
    """Return what is known of a file; a new one is covered as it is beside another record."""
    if past and past[-1].payload is not None:
        return msgspec.json.decode(past[-1].payload, type=Attachment)
    for other, _revision in same_file(workspace, first.sha256):
        if other.covers:
            return msgspec.structs.replace(first, covers=other.covers, copy=other.copy)
    return first


def dataset_of(workspace: Workspace, incident: str) -> Dataset | None:
    """Return the dataset of an incident; None where there is no such incident."""
    for slug, dataset in workspace.state().datasets.items():
        if workspace.store.newest(Subject.incident, f"{slug}/{incident}"):
            return dataset
    return None


def _content(workspace: Workspace, path: Path) -> bytes:
    if not path.is_file():
        raise InputError("file", str(path), "an existing file")
    size = path.stat().st_size
    if size > workspace.max_file_bytes:
        allowed = f"at most {workspace.max_file_bytes:,} bytes"
        raise TooLarge(f"size of {path.name}", f"{size:,} bytes", allowed)
    return path.read_bytes()


def _check(record: Attachment) -> None:
    terms_of(record.licence)
    caption = record.caption
    if caption is not None and not (caption.isprintable() and len(caption) <= LONGEST_CAPTION):
        allowed = f"one line of at most {LONGEST_CAPTION} characters"
        raise InputError("caption", caption[:LONGEST_CAPTION], allowed)
    if has_other_scheme(record.url):
        raise InputError("url", record.url, f"an address with {' or '.join(WEB)}")


def archive_file(workspace: Workspace, content: bytes) -> str:
    """Keep a file in the archive, under its SHA-256, which is returned.

    It is on the disk before the record names it. A damaged one of this name is written anew.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    stored = workspace.archive / sha256
    stored.parent.mkdir(parents=True, exist_ok=True)
    if not stored.exists() or stored.read_bytes() != content:
        write_whole(stored, content, is_durable=True)
    return sha256
