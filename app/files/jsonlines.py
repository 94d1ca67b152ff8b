"""Reads JSON of one value a line (NDJSON, RFC 8142 sequences), and arrays of plain objects."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from app.domain.errors import InvalidFile
from app.files.source import SourceFile, check_utf8, decoded_head, load_json

RECORD_SEPARATOR = "\x1e"
GEOJSON = ("Feature", "FeatureCollection")


def values_of(source: SourceFile) -> Iterator[object]:
    """Read the value of each line; empty lines are none.

    Raises:
        InvalidFile: not UTF-8, or a line that is no JSON; names the line.
    """
    check_utf8(source)
    with source.path.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            if text := line.strip().strip(RECORD_SEPARATOR):
                yield _value(text, f"JSON of {source.name}, line {number}")


def is_features(source: SourceFile) -> bool:
    """Tell whether a file has a GeoJSON Feature on each line, or is one Feature."""
    return _type_of(_first(source)) == GEOJSON[0]


def is_rows(source: SourceFile) -> bool:
    """Tell whether a file has a plain object on each of several lines, or an array of them."""
    head = decoded_head(source).lstrip()
    if head.startswith("["):
        return head[1:].lstrip().startswith("{")
    lines = [line.strip(RECORD_SEPARATOR + " \r\n\t") for line in head.split("\n")]
    objects = [line for line in lines if line]
    first = _first(source)
    return (
        len(objects) > 1 and objects[1].startswith("{") and first != {} and _type_of(first) is None
    )


def objects_of(source: SourceFile) -> list[Mapping[str, object]]:
    """Read the objects of a file of rows; other values among them are refused.

    Raises:
        InvalidFile: not JSON, or a value that is no object.
    """
    is_array = decoded_head(source).lstrip().startswith("[")
    document = load_json(source) if is_array else list(values_of(source))
    values = document if isinstance(document, list) else [document]
    rows = [value for value in values if isinstance(value, Mapping)]
    if len(rows) < len(values):
        got = f"{len(values) - len(rows):,} other values"
        raise InvalidFile(f"content of {source.name}", got, "JSON objects alone")
    return rows


def _value(text: str, where: str) -> object:
    try:
        return json.loads(text, parse_constant=_no_number)
    except (ValueError, RecursionError) as wrong:
        raise InvalidFile(where, text[:60], "one JSON value on each line") from wrong


def _no_number(name: str) -> None:
    raise ValueError(name)


def is_by_line(source: SourceFile) -> bool:
    """Tell whether the first line is a value of its own."""
    return _parsed(_head(source).split("\n", 1)[0]) is not None


def _first(source: SourceFile) -> object:
    """Return the value of the first line, or of a whole small file; None where there is none."""
    head = _head(source)
    return _parsed(head.split("\n", 1)[0]) or _parsed(head)


def _head(source: SourceFile) -> str:
    return decoded_head(source).lstrip().lstrip(RECORD_SEPARATOR).lstrip()


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _type_of(value: object) -> str | None:
    kind = value.get("type") if isinstance(value, Mapping) else GEOJSON[1]
    return str(kind) if kind in GEOJSON else None
