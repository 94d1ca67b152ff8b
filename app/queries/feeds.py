"""Changes as JSON Feed 1.1 and as Atom (RFC 4287), for feed readers."""

from __future__ import annotations

from collections.abc import Mapping
from xml.etree import ElementTree as ET

from app.domain.answer import JsonObject
from app.domain.instants import rfc3339
from app.queries.changes import Changes

JSON_FEED = "https://jsonfeed.org/version/1.1"
ATOM, GEORSS = "http://www.w3.org/2005/Atom", "http://www.georss.org/georss"


def json_feed(
    changes: Changes, words: Mapping[str, str], feed_url: str, page_url: str, base: str = ""
) -> JsonObject:
    """Write a JSON Feed; `_strikemap` has the facts for a program."""
    return {
        "version": JSON_FEED,
        "title": words["changes_title"],
        "feed_url": feed_url,
        "home_page_url": page_url,
        "_strikemap": {"since": rfc3339(changes.since), "counts": dict(changes.counts)},
        "items": [
            {
                "id": _id(item),
                "url": f"{base}/incidents/{item['incident']}",
                "title": _title(item, words),
                "content_text": _content(item, words),
                "date_modified": item["recorded_at"],
                "tags": [item["kind"]],
                "_strikemap": dict(item),
            }
            for item in changes.items
        ],
    }


def atom_feed(
    changes: Changes, words: Mapping[str, str], feed_url: str, page_url: str, base: str = ""
) -> bytes:
    """Write an Atom feed in UTF-8; without changes it has no entry, and `since` as its date.

    An entry of a record with a point has the point as GeoRSS.
    """
    newest = changes.items[0]["recorded_at"] if changes.items else rfc3339(changes.since)
    feed = ET.Element("feed", {"xmlns": ATOM, "xmlns:georss": GEORSS})
    _add(feed, "title", words["changes_title"])
    _add(feed, "id", feed_url)
    _add(feed, "updated", newest)
    ET.SubElement(feed, "link", rel="self", href=feed_url)
    ET.SubElement(feed, "link", rel="alternate", href=page_url)
    _add(ET.SubElement(feed, "author"), "name", "Strikemap")
    for item in changes.items:
        entry = ET.SubElement(feed, "entry")
        _add(entry, "title", _title(item, words))
        _add(entry, "id", _id(item))
        _add(entry, "updated", item["recorded_at"])
        ET.SubElement(entry, "link", href=f"{base}/incidents/{item['incident']}")
        ET.SubElement(entry, "category", term=item["kind"])
        _add(entry, "content", _content(item, words))
        if item["geometry"] is not None:
            lon, lat = item["geometry"]["coordinates"]
            _add(entry, "georss:point", f"{lat} {lon}")  # its order is latitude, longitude
    document: bytes = ET.tostring(feed, encoding="utf-8", xml_declaration=True)
    return document


def _id(item: JsonObject) -> str:
    """Name a change for ever, whatever the address of the service."""
    return f"urn:uuid:{item['incident']}#{item['revision']}"


def _add(parent: ET.Element, name: str, text: str) -> None:
    # XML 1.0 does not allow most control characters; the text of data may contain them.
    printable = "".join(letter for letter in text if letter >= " " or letter in "\t\n")
    ET.SubElement(parent, name).text = printable


def _title(item: JsonObject, words: Mapping[str, str]) -> str:
    kind = words[f"change_{item['kind']}"]
    return f"{kind}: {item['title']}"


def _content(item: JsonObject, words: Mapping[str, str]) -> str:
    """Write before and after of each field; of a new record, when and where it was."""
    if lines := content_lines(item, words):
        return "\n".join(lines)
    return words["change_new"].format(kind=words[f"change_{item['kind']}"], title=item["title"])


def content_lines(item: JsonObject, words: Mapping[str, str]) -> list[str]:
    """List the fields that changed, with old and new value; empty for a new record."""
    return [
        f"{words.get(name, name)}: {_pair_text(pair, words)}"
        for name, pair in item["changes"].items()
    ]


def _pair_text(pair: JsonObject, words: Mapping[str, str]) -> str:
    return f"{_value_text(pair['before'], words)} → {_value_text(pair['after'], words)}"


def _toll_text(least: int | None, most: int | None, words: Mapping[str, str]) -> str:
    if least is None and most is None:
        return words["unknown"]
    if most is None:
        return words["at_least"].format(n=least)
    return str(least) if least == most else words["range"].format(low=least or 0, high=most)


def _value_text(value: object, words: Mapping[str, str]) -> str:
    match value:
        case None:
            return words["unknown"]
        case {"low": low, "best": best, "high": high}:
            return _toll_text(low if low is not None else best, high, words)
        case {"coordinates": [lon, lat]}:
            return f"{lat}, {lon}"
        case list() | tuple():
            return ", ".join(_value_text(one, words) for one in value) or words["not_stated"]
        case dict():
            return " ".join(str(part) for part in value.values() if isinstance(part, str | int))
    return str(value)
