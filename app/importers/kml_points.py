"""Placemarks of KML and KMZ: points with a name, a description and a time.

A placemark without a time is rejected, unless a mapping states which of its texts is the day.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator
from html.parser import HTMLParser
from xml.etree.ElementTree import Element

from typing_extensions import override

from app.domain.errors import InputError, InvalidFile
from app.domain.mapping import Notation, TableMapping, checked
from app.domain.place import LonLat, Precision
from app.files import parsing
from app.files.kml import document, is_kmz, parsed
from app.files.source import BadFieldError, SourceFile, decoded_head, rejection
from app.importers import native
from app.importers.base import Context, Dropped, Outcome, ParsedRecord, Warned
from app.importers.header import unread_documents_note
from app.importers.notation import any_day_of, day_of

TIME_NEEDED = (
    "a TimeStamp or TimeSpan; or --mapping M.toml, in which a column of the placemark "
    '(name, description, a name of ExtendedData) is mapped to "start"'
)
LINK = re.compile(r"https?://[^\s<>\"']+")
NOT_POINTS = {"Polygon": "area", "LineString": "line_or_arrow", "Track": "line_or_arrow"}
BOGUS = re.compile(r"<!\[[^>]*>?")
BREAKS = frozenset({"br", "p", "div", "li", "tr", "h1", "h2", "h3"})
UNSEEN = frozenset({"script", "style"})
TIME_TAGS = ("TimeStamp/when", "TimeSpan/begin", "TimeSpan/end")
READ = ("start", "description", "place", "source_key")
"""Fields to which a mapping may map a text of a placemark."""


class KmlPoints:
    """Reads every placemark that is a point."""

    name = "kml_points"
    dataset = None
    publisher = None
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise KML with a point and without polygons, also in a zip."""
        if is_kmz(source):
            return "a KMZ with points" if _is_of_points(document(source)) else None
        if "<kml" not in decoded_head(source)[:2000]:
            return None
        return "KML with points" if _is_of_points(source.path.read_bytes()) else None

    def mapping(self, source: SourceFile) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """All placemarks have the same members."""
        return {
            "id": "source_key",
            "name": "place",
            "description": "description",
            "TimeStamp": "start",
            "TimeSpan": "start, end",
            "Point": "lon, lat",
        }

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per placemark.

        Raises:
            InvalidFile: not well-formed, or without placemarks.
        """
        mapping = None if context.table is None else checked(context.table)
        if mapping and (others := [to for to in mapping.columns.values() if to not in READ]):
            allowed = f"of a placemark only {', '.join(READ)}"
            raise InvalidFile("columns of the mapping", ", ".join(others), allowed)
        placemarks = list(parsed(document(source), source).iter("Placemark"))
        if not placemarks:
            raise InvalidFile(f"content of {source.name}", "no Placemark", "KML with points")
        yield from unread_documents_note(source)
        if not (mapping and mapping.says("precision")):
            yield Warned(
                "No placemark says how fine its point is: each is taken for its settlement, "
                "within 5 km; a mapping with the constant `precision` says it."
            )
        for row, placemark in enumerate(placemarks, 1):
            try:
                yield _outcome(row, placemark, context)
            except (BadFieldError, InputError) as wrong:
                yield rejection(row, wrong)


def _is_of_points(text: bytes) -> bool:
    return b"<Point" in text and b"<Polygon" not in text


def _outcome(row: int, placemark: Element, context: Context) -> Outcome:
    if placemark.find(".//Point") is None:
        reasons = (
            why for tag, why in NOT_POINTS.items() if placemark.find(f".//{tag}") is not None
        )
        return Dropped(row, next(reasons, "no_point"))
    point = _point(placemark)
    values = _values(placemark, context)
    typed = _typed_times(placemark, context.table)
    if len(str(values["start"])) <= parsing.DAY_LENGTH and any(map(_has_lost_hour, typed)):
        native.keep_when_text(values, " to ".join(typed), point)
    return ParsedRecord(row, native.incident_from(values, point, context))


def _point(placemark: Element) -> LonLat:
    points = placemark.findall(".//Point")
    if len(points) > 1:
        raise BadFieldError("coordinates", f"{len(points)} points", "one point in a placemark")
    text = (placemark.findtext(".//Point/coordinates") or "").strip()
    lon, _, rest = text.partition(",")
    point = parsing.point_from(lon.strip(), rest.partition(",")[0].strip())
    if point is None:
        raise BadFieldError("coordinates", text, "lon,lat or lon,lat,height")
    return point


def _values(placemark: Element, context: Context) -> dict[str, object]:
    mapping = context.table
    html, texts = placemark.findtext("description") or "", _texts(placemark)
    values: dict[str, object] = {
        "place": texts["name"] or None,
        "description": texts["description"] or None,
        "source_key": placemark.get("id"),
        "precision": Precision.settlement,
        "sources": [{"url": url} for url in dict.fromkeys(LINK.findall(html))],
    }
    zone = mapping.constants.get("zone") if mapping else None
    values.update(_times(_typed_times(placemark, mapping), zone))
    if mapping:
        values.update(mapping.constants)
        values.update({to: texts.get(name) for name, to in mapping.columns.items()})
        if name := mapping.column("start"):
            notation = mapping.notation_of("start") or Notation.ymd
            values["start"] = any_day_of(texts.get(name, ""), notation, "start", zone)
    if not values.get("start"):
        raise BadFieldError("TimeStamp", "", TIME_NEEDED)
    return values


def _texts(placemark: Element) -> dict[str, str]:
    """Collect the texts of a placemark that a mapping may name."""
    return {
        "name": _visible_text(placemark.findtext("name") or ""),
        "description": _visible_text(placemark.findtext("description") or ""),
        **_extended_data(placemark),
    }


def untimed_texts(source: SourceFile) -> list[dict[str, str]]:
    """List the texts of placemarks that are points, in a file where none has a time of its own.

    So are the maps of Google My Maps, whose days stand in a column; nothing for other files.
    """
    if not KmlPoints().recognises(source):
        return []
    try:
        placemarks = list(parsed(document(source), source).iter("Placemark"))
    except InputError:
        return []
    if any(_typed_times(placemark, None) for placemark in placemarks):
        return []
    return [_texts(one) for one in placemarks if one.find(".//Point") is not None]


def _extended_data(placemark: Element) -> dict[str, str]:
    """Read the texts of ExtendedData, by name."""
    data = {one.get("name", ""): one.findtext("value") for one in placemark.iter("Data")}
    simple = {one.get("name", ""): one.text for one in placemark.iter("SimpleData")}
    return {name: _visible_text(text) for name, text in {**data, **simple}.items() if text}


def _typed_times(placemark: Element, mapping: TableMapping | None) -> list[str]:
    """Return what a placemark says of its time: one moment, or the ends of a span.

    Nothing where a mapping says what the day is: the time may be that of the upload.
    """
    if mapping and mapping.says("start"):
        return []
    when, *ends = ((placemark.findtext(f".//{name}") or "").strip() for name in TIME_TAGS)
    return [when] if when else [text for text in ends if text]


def _times(typed: list[str], zone: str | None) -> dict[str, str]:
    """Read days or instants; a month or a year is a span with its precision (KML 2.2, 9.17)."""
    if not typed:
        return {}
    start, _last, precision = _period(typed[0], zone)
    return {"start": start, "end": _period(typed[-1], zone)[1], "when_precision": precision}


def _has_lost_hour(text: str) -> bool:
    """Tell whether a time that has no zone is read as its day alone."""
    if ":" not in text:
        return False
    first, _last, _precision = _period(text, "UTC")
    return len(first) > parsing.DAY_LENGTH == len(_period(text)[0])


def _period(text: str, zone: str | None = None) -> tuple[str, str, str]:
    """Return first day, last day and precision of a KML time."""
    if re.fullmatch(r"\d{4}", text):
        return f"{text}-01-01", f"{text}-12-31", "year"
    if re.fullmatch(r"\d{4}-\d\d", text):
        try:
            year, month = map(int, text.split("-"))
            last = monthrange(year, month)[1]
        except ValueError as wrong:
            raise BadFieldError("TimeStamp", text, "a month as YYYY-MM") from wrong
        return f"{text}-01", f"{text}-{last}", "month"
    day = day_of(text, Notation.ymd, "TimeStamp", zone)
    return day, day, "day"


class _VisibleText(HTMLParser):
    """Collects the visible text of HTML."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.unseen = 0

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Start a new line where a browser does."""
        self.unseen += tag in UNSEEN
        if tag in BREAKS:
            self.parts.append("\n")

    @override
    def handle_endtag(self, tag: str) -> None:
        """End an element whose text is not visible."""
        self.unseen -= tag in UNSEEN and self.unseen > 0

    @override
    def handle_data(self, data: str) -> None:
        """Collect visible text."""
        if not self.unseen:
            self.parts.append(data)


def _visible_text(html: str) -> str:
    """Return the visible text of HTML, without empty lines."""
    reader = _VisibleText()
    # For a browser "<![…>" is a comment; the library raises an error for it.
    reader.feed(BOGUS.sub("", html))
    reader.close()
    lines = (" ".join(line.split()) for line in "".join(reader.parts).splitlines())
    return "\n".join(line for line in lines if line)
