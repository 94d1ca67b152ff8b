"""KML 2.2: placemarks with typed data; an incident known only by its region has no point."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

from app.exporters.about import About, Batches, ExportFeature
from app.exporters.columns import EXPORT_COLUMNS, NOTES

TYPES = {"whole": "int", "number": "double", "flag": "bool"}
ID = "incident_id"
"""The name of `id` in KML: readers confuse a field `id` with the placemark's own id."""

NOT_XML = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 does not allow, not even escaped."""


def write(about: About, batches: Batches, _folder: Path) -> Iterator[bytes]:
    """Write a document; its description has terms and citation, its schema the dictionary."""
    yield _header(about).encode()
    for features in batches:
        yield "".join(_placemarks(features)).encode()
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
        f'<Schema id="incident" name="incidents">\n{fields}</Schema>\n'
    )


def _field_name(name: str) -> str:
    return ID if name == "id" else name


def _display_name(name: str, meaning: str, unit: str) -> str:
    return f"{name}: {meaning}" + (f" ({unit})" if unit else "")


def _placemarks(features: Sequence[ExportFeature]) -> Iterator[str]:
    properties = [one["properties"] for one in features]
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
        yield (
            f"<Placemark><name>{_text(title)}</name>{_span(incident)}"
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
