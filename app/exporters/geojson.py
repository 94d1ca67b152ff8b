"""GeoJSON (RFC 7946): features as the API writes them, with the description as a foreign member."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec

from app.exporters.about import About, ExportFeature, FieldNote

NOTES = (
    FieldNote("killed, injured", "object", "low, best, high; by_kind and child likewise", "people"),
    FieldNote("error_m", "number", "the place lies within this radius", "metres"),
    FieldNote("control[].distance_km", "number", "distance to the front line", "kilometres"),
    FieldNote("control[].age_days", "number", "how old the snapshot was that day", "days"),
    FieldNote("region", "object", "region as stated or located, and how it is known"),
    FieldNote("admin1, admin2", "text", "region codes as the source states them"),
    FieldNote("start, end", "text", "a day, or a time in UTC where the hour is known"),
    FieldNote("sources, claims, damage", "list", "who says so; who states what; what was hit"),
)
"""Properties whose names need an explanation."""


def lines(_about: About, features: Sequence[ExportFeature]) -> bytes:
    """Write features, one a line."""
    return b",\n".join(map(msgspec.json.encode, features))


def write(about: About, parts: Iterator[bytes], _folder: Path) -> Iterator[bytes]:
    """Write a FeatureCollection; the description comes before the first feature."""
    description = msgspec.json.encode(about.document(NOTES))
    yield b'{"type":"FeatureCollection","strikemap":' + description + b',"features":[\n'
    before = b""
    for part in parts:
        if part:
            yield before + part
            before = b",\n"
    yield b"\n]}\n"
