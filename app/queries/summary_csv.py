"""A summary as CSV."""

from __future__ import annotations

import csv
import io

from app.domain.answer import JsonObject
from app.domain.count import TOLLS

FORMULA_STARTS = tuple("=+-@\t\r|＝＋－＠｜")
_FIGURES = ("low", "best", "high", "high_known", "known", "of")


def summary_csv(answer: JsonObject) -> str:
    """Write a summary as CSV (RFC 4180): a row for each group, then elsewhere and totals."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_columns())
    rows = list(answer["rows"])
    if answer["elsewhere"] is not None:
        rows.append({"key": "elsewhere", "name": "", **answer["elsewhere"]})
    if answer["totals"] is not None:
        rows.append({"key": "total", "name": "", **answer["totals"]})
    for row in rows:
        writer.writerow([*_cells(row), int(answer["synthetic"])])
    return out.getvalue()


def _columns() -> list[str]:
    """Return the names of the columns."""
    counts = [f"{toll}_{figure}" for toll in TOLLS for figure in _FIGURES]
    harm = ["incidents_with_damage", "incidents_destroyed"]
    return ["key", "name", "incidents", *counts, *harm, "synthetic"]


def _cells(row: JsonObject) -> list[object]:
    counts = [row[toll][figure] for toll in TOLLS for figure in _FIGURES]
    cells = [row["key"], row["name"], row["incidents"], *counts, row["damaged"], row["destroyed"]]
    return [neutral(cell) for cell in cells]


def neutral(cell: object) -> object:
    """Put a quote mark before text that a spreadsheet would run as a formula; None is empty."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return "'" + cell
    return "" if cell is None else cell
