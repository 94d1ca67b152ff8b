"""Archived images as a page shows them: their addresses, and the words below each."""

from __future__ import annotations

from typing import TypedDict

from app.domain.answer import JsonObject
from app.domain.attachment import Attachment
from app.i18n.values import day_text
from app.publishing.query import Query
from app.queries.words.lines import TextLine, line, web_line
from app.render.renditions import Rendition


class ImageFacts(TypedDict):
    """An image: addresses of its forms at this service, and what stands below it.

    With a `fold` it is graphic: the blurred form stands behind that text until a reader opens it.
    `covered` says that it differs from its original, and leads to the copy that it is made from.
    """

    small: str
    large: str
    blurred: str
    alt: str
    caption: str
    credit: TextLine
    archived: str
    covered: TextLine | None
    fold: str | None
    sha256: str
    copy: str | None


def image_facts(query: Query, feature: JsonObject, attachment: Attachment) -> ImageFacts:
    """Write an image of an incident: who published it and when, and the hash of its original."""
    words, lang = query.words, query.view.lang
    base = f"/api/incidents/{feature['id']}/images/{attachment.shown}"
    addresses = {form: f"{base}/{form}.jpg?{query.view.query()}" for form in Rendition}
    covered = words["image_covered"].format(sha256=attachment.copy)
    to_copy = f"{base}/copy.jpg?{query.view.query()}"
    publisher = attachment.publisher or words["image_publisher"]
    day = None if attachment.published is None else attachment.published.isoformat()
    credit = publisher if day is None else f"{publisher}, {day_text(lang, day)}"
    archived = day_text(lang, attachment.captured_at.date())
    is_graphic = attachment.graphic or feature["properties"]["graphic"]
    return ImageFacts(
        small=addresses[Rendition.small],
        large=addresses[Rendition.large],
        blurred=addresses[Rendition.blurred],
        alt=attachment.caption or words["image_alt"].format(credit=credit),
        caption=attachment.caption or "",
        credit=web_line(credit, attachment.url),
        archived=words["image_archived"].format(date=archived, sha256=attachment.sha256),
        covered=line(covered, to_copy) if attachment.copy else None,
        fold=words["image_fold"] if is_graphic else None,
        sha256=attachment.sha256,
        copy=attachment.copy,
    )
