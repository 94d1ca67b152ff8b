"""The first rows of a table or a file of points, on which a proposed mapping rests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from app.files.jsonlines import is_rows
from app.files.sheets import is_workbook
from app.files.source import Rejection, SourceFile, decoded_head
from app.importers.by_mapping import has_total_word
from app.importers.counts import is_error
from app.importers.kml_points import untimed_texts
from app.importers.points import kind_of, point_features
from app.intake.table_place import rows_of
from app.intake.table_start import TableStart

SAMPLE_ROWS, SAMPLE_CELLS = 20_000, 2_000_000
"""What a proposal rests on: all rows of most tables, the first ones of a long one."""


def may_be_table(source: SourceFile) -> bool:
    """Tell whether a file is of points, a workbook, JSON rows, or text that is no XML or JSON."""
    if (
        untimed_texts(source)
        or kind_of(source) is not None
        or is_workbook(source)
        or is_rows(source)
    ):
        return True
    head = decoded_head(source)
    return "\0" not in head and not head.lstrip().startswith(("<", "{", "["))


def sampled(source: SourceFile, start: TableStart, *, has_points: bool) -> dict[str, list[str]]:
    """Collect the values of each column in the first rows, without rows of totals."""
    samples: dict[str, list[str]] = {}
    if has_points:
        rows: Iterable[Mapping[str, str]] = (feature.fields for feature in point_features(source))
    else:
        body = rows_of(source, start)
        samples = {name: [] for name in body.names}
        rows = (row[1] for row in body.rows if not isinstance(row, Rejection))
        rows = (cells for cells in rows if not has_total_word(cells))
    most = max(SAMPLE_CELLS // max(len(samples), 1), 1)
    for cells in islice(rows, min(SAMPLE_ROWS, most)):
        for name, text in cells.items():
            samples.setdefault(name, []).extend([] if is_error(text) else [text])
    return samples


def column_values(rows: Iterable[Mapping[str, str]]) -> dict[str, list[str]]:
    """Collect the values of each column, without empty cells."""
    columns: dict[str, list[str]] = {}
    for cells in rows:
        for name, text in cells.items():
            columns.setdefault(name, []).extend([text] if text else [])
    return columns
