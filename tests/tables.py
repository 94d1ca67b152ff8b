"""Makes tables for tests: workbooks of a few cells, and mappings with quiet defaults."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import escape

from app.domain.mapping import Notation, TableMapping
from app.importers.base import Context
from tests.support import context

TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    '<Override PartName="/xl/workbook.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"


def cell(value: object) -> str:
    """Write a cell; text that begins with = is a formula whose saved value is "shown"."""
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    text = escape(str(value))
    if text.startswith("="):
        return f'<c t="str"><f>{text[1:]}</f><v>shown</v></c>'
    return f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def sheet(rows: Iterable[Sequence[object]]) -> str:
    """Write the XML of a sheet's rows."""
    return "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)


def workbook(folder: Path, rows: str, *, name: str = "file.xlsx", before: str = "") -> Path:
    """Write a workbook of one sheet from the XML of its rows."""
    path = folder / name
    parts = {
        "[Content_Types].xml": TYPES,
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="Data" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="rId1" '
        f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f'{before}<worksheet xmlns="{MAIN}"><sheetData>{rows}'
        "</sheetData></worksheet>",
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part, text in parts.items():
            archive.writestr(part, text)
    return path


def mapping(columns: dict[str, str], **changes: object) -> TableMapping:
    """Make a mapping of days as YYYY-MM-DD and points that are known to the settlement."""
    plain: dict[str, object] = {
        "version": 1,
        "dates": Notation.ymd,
        "constants": {"precision": "settlement"},
    }
    return TableMapping(columns=columns, **{**plain, **changes})  # type: ignore[arg-type]


def table_context(table: TableMapping | None = None, theatre: str = "ukraine") -> Context:
    """Make what an importer of tables gets beside a file: a real theatre, and a mapping."""
    return replace(context(theatre, synthetic=theatre == "example"), table=table)
