"""CSV: one header line, and one row per incident.

Spreadsheets and GDAL cannot read comment lines, a second header or a zip. So licence and citation
are columns of each row, and the whole description with the data dictionary is a second file, CSV on
the Web metadata (`metadata`).
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from app.exporters.about import About, ExportFeature
from app.exporters.columns import NOTES, record_batch
from app.exporters.hxl_tags import tags_of

BOM = b"\xef\xbb\xbf"
"""Without it, Excel reads UTF-8 as a Western code page and breaks every Cyrillic name."""

RUNS = r"^('*[=+\-@\t\r|＝＋－＠｜])"
"""Text that a spreadsheet would run; an export adds an apostrophe, an import removes it.

Some spreadsheets read full-width signs as the plain ones, and `|` starts an exchange with another
program (DDE).
"""

CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f]"
"""Control characters at which readers of tables stop, as GDAL does at the first NUL."""

DATATYPES = {
    "text": "string",
    "json": "json",
    "day": "date",
    "whole": "integer",
    "number": "number",
    "flag": "boolean",
}


NAMES = (*(note.name for note in NOTES), "licence", "citation")


def csv_rows(about: About, features: Sequence[ExportFeature]) -> bytes:
    """Write rows; a text cell that looks like a formula gets an apostrophe."""
    batch = record_batch(features, has_geometry=False)
    columns = [_without_formulas(column) for column in batch.columns]
    licences = {str(one["slug"]): str(one["licence"]) for one in about.datasets}
    slugs = batch.column("dataset").to_pylist()
    columns.append(pa.array([licences.get(slug) for slug in slugs], pa.string()))
    columns.append(_without_formulas(pa.array([about.citation] * len(slugs), pa.string())))
    out = io.BytesIO()
    options = csv.WriteOptions(include_header=False, quoting_style="needed")
    csv.write_csv(pa.RecordBatch.from_arrays(columns, names=NAMES), out, options)
    return out.getvalue()


def write(about: About, parts: Iterator[bytes], _folder: Path) -> Iterator[bytes]:
    """Write the table, with HXL hashtags under its header where they are wanted."""
    yield BOM + ",".join(NAMES).encode() + b"\n"
    if about.has_hxl:
        yield ",".join(tags_of(NAMES)).encode() + b"\n"
    yield from parts


def _without_formulas(column: pa.Array) -> pa.Array:
    if not pa.types.is_string(column.type):
        return column
    readable = pc.replace_substring_regex(column, CONTROLS, " ")
    return pc.replace_substring_regex(readable, RUNS, r"'\1")


def metadata(about: About, name: str) -> bytes:
    """Describe a CSV file (W3C CSV on the Web): every column, the terms and the citation."""
    columns: list[dict[str, object]] = [
        {
            "name": note.name,
            "titles": note.name,
            "datatype": DATATYPES[note.kind],
            "dc:description": note.meaning + (f" ({note.unit})" if note.unit else ""),
            "null": "",
        }
        for note in NOTES
    ]
    columns += [
        {"name": name, "titles": name, "datatype": "string", "dc:description": text}
        for name, text in (
            ("licence", "licence of the row's dataset"),
            ("citation", "how to cite the file that the row is from"),
        )
    ]
    document = {
        "@context": ["http://www.w3.org/ns/csvw", {"@language": "en"}],
        "url": name,
        "dc:title": about.title,
        "dc:description": about.document(())["reading"],
        "dc:license": about.licence,
        "dc:rights": list(about.terms),
        "dc:bibliographicCitation": about.citation,
        "dc:issued": about.exported_at,
        "dialect": {"header": True, "delimiter": ",", "encoding": "utf-8"},
        "tableSchema": {"columns": columns, "primaryKey": "id"},
        "notes": [about.document(())],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1)
