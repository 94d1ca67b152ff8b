"""Changes as JSON Feed 1.1 and as Atom (RFC 4287), which readers' programs follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from xml.etree import ElementTree as ET

from app.domain.instants import rfc3339
from app.queries.changes import Changes

JSON_FEED = "https://jsonfeed.org/version/1.1"
ATOM = "http://www.w3.org/2005/Atom"


def json_feed(found: Changes, words: Mapping[str, str], here: str, home: str) -> dict[str, Any]:
    """Write a JSON Feed; `_strikemap` carries what a program needs."""
    return {
        "version": JSON_FEED,
        "title": words["changes_title"],
        "feed_url": here,
        "home_page_url": home,
        "_strikemap": {"since": rfc3339(found.since), "counts": dict(found.counts)},
        "items": [
            {
                "id": f"{one['incident']}/{one['revision']}",
                "url": f"/incidents/{one['incident']}",
                "title": _title(one, words),
                "content_text": _content(one, words),
                "date_modified": one["recorded_at"],
                "tags": [one["kind"]],
                "_strikemap": dict(one),
            }
            for one in found.items
        ],
    }


def atom_feed(found: Changes, words: Mapping[str, str], here: str, home: str) -> bytes:
    """Write an Atom feed, UTF-8; without a change it has no entry and is as new as `since`."""
    newest = found.items[0]["recorded_at"] if found.items else rfc3339(found.since)
    feed = ET.Element("feed", xmlns=ATOM)
    _add(feed, "title", words["changes_title"])
    _add(feed, "id", here)
    _add(feed, "updated", newest)
    ET.SubElement(feed, "link", rel="self", href=here)
    ET.SubElement(feed, "link", rel="alternate", href=home)
    _add(ET.SubElement(feed, "author"), "name", "Strikemap")
    for one in found.items:
        entry = ET.SubElement(feed, "entry")
        _add(entry, "title", _title(one, words))
        _add(entry, "id", f"urn:uuid:{one['incident']}#{one['revision']}")
        _add(entry, "updated", one["recorded_at"])
        ET.SubElement(entry, "link", href=f"/incidents/{one['incident']}")
        ET.SubElement(entry, "category", term=one["kind"])
        _add(entry, "content", _content(one, words))
    told: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return told


def _add(parent: ET.Element, name: str, text: str) -> None:
    # XML 1.0 has no place for most control characters, which data text may hold.
    kept = "".join(one for one in text if one >= " " or one in "\t\n")
    ET.SubElement(parent, name).text = kept


def _title(one: Mapping[str, Any], words: Mapping[str, str]) -> str:
    kind = words[f"change_{one['kind']}"]
    return f"{kind}: {one['title']}" if one["title"] else kind


def _content(one: Mapping[str, Any], words: Mapping[str, str]) -> str:
    return "\n".join(content_lines(one, words)) or words[f"change_{one['kind']}"]


def content_lines(one: Mapping[str, Any], words: Mapping[str, str]) -> list[str]:
    """Say which fields changed, from what to what; none for a record that is new."""
    return [
        f"{words.get(name, name)}: {_said(pair['before'], words)} → {_said(pair['after'], words)}"
        for name, pair in one["changes"].items()
    ]


def _said(value: object, words: Mapping[str, str]) -> str:
    match value:
        case None:
            return words["unknown"]
        case {"low": low, "best": best, "high": high}:
            return "/".join("–" if bound is None else str(bound) for bound in (low, best, high))
        case {"coordinates": [lon, lat]}:
            return f"{lat}, {lon}"
        case list() | tuple():
            return ", ".join(_said(one, words) for one in value) or words["not_stated"]
        case dict():
            return " ".join(str(part) for part in value.values() if isinstance(part, str | int))
    return str(value)
