"""Where the points of a table lie, when its coordinates do not fit the theatre."""

from __future__ import annotations

from contextlib import suppress
from itertools import islice

import numpy as np

from app.domain.errors import InputError
from app.domain.mapping import IN_ONE_CELL
from app.domain.place import LonLat
from app.files.sheets import TextTable, table
from app.files.source import BadFieldError, Rejection, SourceFile
from app.importers.by_mapping import point_of
from app.importers.words import Words
from app.intake.column_fields import Draft, field_of
from app.intake.table_start import TableStart
from app.intake.theatre_advice import Advice

MOST_POINTS = 20_000
"""Rows whose points are looked at: the first of a long table."""


def has_place(draft: Draft) -> bool:
    """Tell whether the columns of coordinates are known."""
    fields = set(draft.columns.values())
    return {"lon", "lat"} <= fields or not fields.isdisjoint(IN_ONE_CELL)


def points_anywhere(source: SourceFile, start: TableStart, draft: Draft) -> np.ndarray:
    """Read the points of a table's first rows (lon, lat), wherever in the world they lie."""
    fields = {
        name: to
        for name, to in draft.columns.items()
        if to in ("lon", "lat", *IN_ONE_CELL) and draft.why[name].startswith(f"{to}: called")
    }
    points = list[LonLat]()
    for cells in islice(rows_of(source, start).rows, MOST_POINTS):
        if not isinstance(cells, Rejection):
            texts = {to: cells[1].get(name) for name, to in fields.items()}
            with suppress(BadFieldError, InputError):
                points += [point] if (point := point_of(texts)) else []
    return np.array(points, float).reshape(-1, 2)


def decide_place(draft: Draft, advice: Advice | None, words: Words) -> None:
    """Let what is said of all points stand for the doubts about their columns."""
    if advice is not None and advice.is_most:
        for column in [one for one in draft.doubts if field_of(one, words) in ("lon", "lat")]:
            del draft.doubts[column]
        draft.doubts[""] = advice.sentence


def rows_of(source: SourceFile, start: TableStart) -> TextTable:
    """Read a table from where it begins."""
    return table(source, header_row=start.header_row, sheet=start.sheet, is_merged=start.is_merged)
