"""KML 2.2: placemarks with typed data; an incident known only by its region has no point."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from app.exporters.about import About, ExportFeature
from app.exporters.columns import EXPORT_COLUMNS, NOTES
from app.render.classes import REST, MarkStyle

TYPES = {"whole": "int", "number": "double", "flag": "bool"}
ID = "incident_id"
"""The name of `id` in KML: readers confuse a field `id` with the placemark's own id."""

NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow, not even escaped."""


def placemarks(about: About, features: Sequence[ExportFeature]) -> bytes:
    """Write a placemark for each feature."""
    return "".join(_placemarks(features, about.marks)).encode()


def write(about: About, parts: Iterator[bytes], _folder: Path) -> Iterator[bytes]:
    """Write a document; its description has terms and citation, its schema the dictionary."""
    yield _header(about).encode()
    yield from parts
    yield b"</Document>\n</kml>\n"


def _header(about: About) -> str:
    description = "\n".join(f"{name}: {value}" for name, value in about.pairs())
    fields = "".join(
        f'<SimpleField name="{_field_name(note.name)}" type="{TYPES.get(note.kind, "string")}">'
        f"<displayName>{_text(_display_name(note.name, note.meaning, note.unit))}</displayName>"
        "</SimpleField>\n"
        for note in NOTES
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
        f"<name>{_text(about.title)}</name>\n<description>{_text(description)}</description>\n"
        f"{_styles(about.marks)}"
        f'<Schema id="incident" name="incidents">\n{fields}</Schema>\n'
    )


def _styles(style: MarkStyle) -> str:
    """Colour the reader's own mark by class; the class is in the data, too.

    A picture for the shape would be an outside address, or a second file beside this one.
    """
    return "".join(
        f'<Style id="{_style_id(one.code)}"><IconStyle><color>{_colour(one.mark.colour)}</color>'
        f"<scale>0.8</scale></IconStyle>"
        "</Style>\n"
        for one in style.classes
    )


def _style_id(code: str) -> str:
    return "class-" + (code if code != REST else "rest")


def _colour(colour: str) -> str:
    """Write a colour as KML does: opaque, then blue, green, red."""
    red, green, blue = colour[1:3], colour[3:5], colour[5:7]
    return f"ff{blue}{green}{red}".lower()


def _field_name(name: str) -> str:
    return ID if name == "id" else name


def _display_name(name: str, meaning: str, unit: str) -> str:
    return f"{name}: {meaning}" + (f" ({unit})" if unit else "")


def _placemarks(features: Sequence[ExportFeature], style: MarkStyle) -> Iterator[str]:
    properties = [one["properties"] for one in features]
    codes = {one.code for one in style.classes}
    columns = [
        (quoteattr(_field_name(column.note.name)), column.read(features, properties))
        for column in EXPORT_COLUMNS
    ]
    for row, feature in enumerate(features):
        incident = properties[row]
        data = "".join(
            f"<SimpleData name={name}>{_cell(values[row])}</SimpleData>"
            for name, values in columns
            if values[row] is not None
        )
        title = (
            incident["place"]
            or incident["region"]["name"]
            or incident["region"]["admin1"]
            or incident["id"]
        )
        code = style.column.code_of(incident)
        look = f"<styleUrl>#{_style_id(code if code in codes else REST)}</styleUrl>"
        yield (
            f"<Placemark><name>{_text(title)}</name>{_span(incident)}{look}"
            f'<ExtendedData><SchemaData schemaUrl="#incident">{data}</SchemaData></ExtendedData>'
            f"{_point(feature)}</Placemark>\n"
        )


def _cell(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else _text(str(value))


def _span(incident: dict[str, str | None]) -> str:
    if not incident["first_day"]:
        return ""
    first, last = incident["first_day"], incident["last_day"]
    return f"<TimeSpan><begin>{first}</begin><end>{last}</end></TimeSpan>"


def _point(feature: ExportFeature) -> str:
    if feature["geometry"] is None:
        return ""
    lon, lat = feature["geometry"]["coordinates"]
    return f"<Point><coordinates>{lon},{lat}</coordinates></Point>"


def _text(text: str) -> str:
    return escape(NOT_XML.sub(" ", text))
