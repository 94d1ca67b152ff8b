"""Control areas in KML and KMZ: polygons whose style or name is the party that controls them.

Icons, points and lines are dropped. Faulty XML is refused and not repaired: an area may be missing
from it without a trace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from xml.etree.ElementTree import Element

import shapely
from shapely import MultiPolygon, Polygon

from app.domain.control import ControlStatus
from app.domain.errors import InputError, InvalidFile
from app.domain.place import area_km2
from app.files import parsing
from app.files.kml import document, is_kmz, parsed
from app.files.source import BadFieldError, SourceFile, decoded_head, rejection
from app.importers.base import Context, Dropped, Outcome, Warned
from app.importers.control_days import ControlDays
from app.importers.header import unread_documents_note

NOT_AREAS = {
    "Point": "unit_or_attack_icon",
    "LineString": "line_or_arrow",
    "Track": "line_or_arrow",
}
NAMED_DAY = re.compile(r"(?<!\d)(?:20)?(\d\d)_(\d\d)_(\d\d)(?!\d)")
OUTSIDE_KM2 = 1_000
"""Least area abroad that gives a warning: two drawings of one border differ by less."""


class KmlControl:
    """Reads the polygons of one file into one snapshot."""

    name = "kml_control"
    dataset = None
    publisher = None
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise KML with a polygon, also in a zip."""
        if is_kmz(source):
            return "a KMZ with polygons" if b"<Polygon" in document(source) else None
        head = decoded_head(source)
        return "KML with polygons" if "<kml" in head[:2000] and "<Polygon" in head else None

    def mapping(self, source: SourceFile) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """Style and name give the party that controls an area."""
        return {"styleUrl": "controller", "name": "word", "coordinates": "areas"}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield the snapshot, and one outcome for each placemark that is not in it."""
        valid_on = _day(source, context)
        root = parsed(document(source), source)
        days, shapes = ControlDays(context), list[tuple[str, MultiPolygon]]()
        for row, placemark in enumerate(_placemarks(root, source), 1):
            if reason := _out_of_scope(placemark):
                yield Dropped(row, reason)
                continue
            try:
                values = _values(placemark, source, context)
                shape = _shape(placemark)
                whole = days.add(row, {**values, "valid_on": str(valid_on)}, shape)
                shapes += [(str(values["controller"]), whole)] if whole else []
            except (BadFieldError, InputError) as wrong:
                yield rejection(row, wrong)
        yield from unread_documents_note(source)
        yield from _abroad_warnings(shapes, context)
        yield from days.outcomes()


def _placemarks(root: Element, source: SourceFile) -> list[Element]:
    placemarks = list(root.iter("Placemark"))
    if not placemarks:
        raise InvalidFile(f"content of {source.name}", "no Placemark", "KML with areas")
    return placemarks


def _out_of_scope(placemark: Element) -> str | None:
    """Return why a placemark is dropped; None for one with a polygon."""
    if placemark.find(".//Polygon") is not None:
        return None
    return next(
        (why for tag, why in NOT_AREAS.items() if placemark.find(f".//{tag}") is not None),
        "no_area",
    )


def _day(source: SourceFile, context: Context) -> date:
    """Return the day in the file's name, as in Control_24_06_01, else in the choices."""
    if match := NAMED_DAY.search(source.name):
        year, month, number = match.groups()
        try:
            return parsing.iso_day(f"20{year}-{month}-{number}", "date")
        except BadFieldError:
            pass
    if context.choices.valid_on is None:
        allowed = "a name with the day as YY_MM_DD, or --valid-on DAY"
        raise InvalidFile(f"date of {source.name}", "none", allowed)
    return context.choices.valid_on


def _values(placemark: Element, source: SourceFile, context: Context) -> dict[str, object]:
    is_advance = source.name.lower().startswith("progress")
    return {
        "controller": _controller(placemark, context),
        "status": ControlStatus.advance if is_advance else ControlStatus.assessed,
        "word": (placemark.findtext("name") or "").strip() or None,
        "includes": [str(part) for part in context.choices.includes],
    }


def _controller(placemark: Element, context: Context) -> str:
    """Return the party of an area: a style or name that is a party's code, else the choice."""
    style = (placemark.findtext("styleUrl") or "").strip().removeprefix("#")
    name = (placemark.findtext("name") or "").strip().lower()
    parties = [party.code for party in context.theatre.party]
    holder = next((code for code in (style.lower(), name) if code in parties), None)
    if holder is None and context.choices.controller is None:
        allowed = f"a style or name of {', '.join(parties)}, or --controller PARTY"
        raise BadFieldError("styleUrl", style, allowed)
    return holder or str(context.choices.controller)


def _shape(placemark: Element) -> MultiPolygon | Polygon:
    parts = [_polygon(one) for one in placemark.iter("Polygon")]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _polygon(element: Element) -> Polygon:
    outer = element.findtext("outerBoundaryIs/LinearRing/coordinates")
    inner = [one.text for one in element.iterfind("innerBoundaryIs/LinearRing/coordinates")]
    try:
        return Polygon(_ring(outer), [_ring(text) for text in inner])
    except (ValueError, shapely.errors.ShapelyError) as wrong:
        allowed = "rings of lon,lat or lon,lat,height"
        raise BadFieldError("coordinates", str(wrong), allowed) from wrong


def _ring(text: str | None) -> list[tuple[float, ...]]:
    """Read a ring without heights."""
    return [tuple(map(float, point.split(",")[:2])) for point in (text or "").split()]


def _abroad_warnings(shapes: list[tuple[str, MultiPolygon]], context: Context) -> Iterator[Warned]:
    """Warn of the area outside the theatre's countries, by party."""
    land = shapely.union_all([region.shape for region in context.regions])
    for party in sorted({party for party, _ in shapes}):
        outside = shapely.union_all(
            [shape.difference(land) for holder, shape in shapes if holder == party]
        )
        km2 = area_km2(outside)
        if km2 >= OUTSIDE_KM2:
            yield Warned(
                f"{km2:,.0f} km² that the file gives to {party} lie outside "
                f"{', '.join(context.theatre.countries)}; nothing was cut off."
            )
