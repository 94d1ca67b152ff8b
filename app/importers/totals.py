"""Refuses tables of totals: read as events, each of their rows would count as one strike."""

from __future__ import annotations

from app.domain.errors import InputError, InvalidFile
from app.files.sheets import first_lines, is_workbook, squeezed
from app.files.source import SourceFile, decoded_head

TOTALS = (
    frozenset({"admin1_code", "event_type", "events", "reference_period_start"}),
    frozenset({"admin1 pcode", "month", "year", "events"}),
)
"""HDX HAPI's conflict events, and ACLED's aggregates on HDX."""


def refuse_totals(source: SourceFile) -> None:
    """Refuse a table of totals.

    Raises:
        InvalidFile: the file is one.
    """
    if not is_workbook(source) and decoded_head(source).lstrip()[:1] in ("", "{", "[", "<"):
        return
    try:
        names = {squeezed(cell) for line in first_lines(source, 1) for cell in line}
    except InputError:
        return
    if any(columns <= names for columns in TOTALS):
        allowed = "events; `strikemap summary --against FILE` compares HDX HAPI's totals with ours"
        raise InvalidFile(f"content of {source.name}", "sums by region and month", allowed)
