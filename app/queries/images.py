"""Archived images of an incident: which of them an audience gets, and their originals."""

from __future__ import annotations

import hashlib
from typing import NamedTuple

import msgspec

from app.domain.answer import JsonObject
from app.domain.attachment import Attachment
from app.domain.errors import NotFound
from app.domain.revision import Subject
from app.publishing.publish import Published
from app.queries.incidents import find_incident, withdrawn_numbers
from app.render.renditions import COPY_TYPE, FORMATS


def attachments_of(published: Published, incident: str) -> list[Attachment]:
    """List the files that were attached to an incident, as far as the View knows them.

    Their facts are those of now: what was marked graphic yesterday is graphic for every `as_of`.
    """
    store = published.workspace.store
    attachments = []
    for key in sorted(store.current(Subject.attachment, f"{incident}/")):
        past = store.history(Subject.attachment, key)
        if past[0].seq <= published.filter.seq and past[-1].payload is not None:
            attachments.append(msgspec.json.decode(past[-1].payload, type=Attachment))
    return sorted(attachments, key=lambda one: one.captured_at)


def images_of(published: Published, feature: JsonObject) -> list[Attachment]:
    """List the images of an incident that its audience gets, the one archived first before."""
    if published.is_public and not _may_show(published, feature):
        return []
    slug = feature["properties"]["dataset"]
    shows_all = not published.is_public or slug in published.workspace.scope
    attachments = attachments_of(published, feature["id"])
    return [
        one for one in attachments if one.media_type in FORMATS and (shows_all or one.may_leave)
    ]


class ShownImage(NamedTuple):
    """What the renditions of an image are made from: its original, or its covered copy."""

    content: bytes
    media_type: str
    copy: str | None
    """The SHA-256 of the copy; only that may leave as it lies in the archive."""


def shown_image(published: Published, ref: str, sha256: str) -> ShownImage:
    """Return an image that the audience gets, by the hash of what is shown of it.

    Of an image with covers that is its copy: no audience gets the original by this.

    Raises:
        NotFound: the incident has no such image, or this audience does not get it.
    """
    for one in images_of(published, find_incident(published, ref)):
        stored = published.workspace.archive / one.shown
        if one.shown == sha256 and one.media_type is not None and stored.is_file():
            content = stored.read_bytes()
            if hashlib.sha256(content).hexdigest() == sha256:  # as it was archived
                return ShownImage(content, COPY_TYPE if one.copy else one.media_type, one.copy)
    raise NotFound(f"Incident {ref!r} has no image {sha256!r} that may be shown here.")


def _may_show(published: Published, feature: JsonObject) -> bool:
    """Tell whether the public may see images of a record (docs/privacy.md, "Archived images").

    An image can show all that a record says: the spot, the object, a face.
    """
    properties = feature["properties"]
    return (
        published.state.datasets[properties["dataset"]].terms.raw
        and feature["geometry"] is not None
        and not properties["redacted"]
        and properties["number"] not in withdrawn_numbers(published)
    )
