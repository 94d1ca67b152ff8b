"""The columns that the browser reads, as files with the hash of their content in the name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from isal import igzip

from app.domain.answer import JsonObject
from app.domain.cache import BoundedCache
from app.domain.count import TOLLS
from app.domain.errors import NotFound
from app.domain.period import from_epoch_day
from app.domain.view import COLOURS_BY, View
from app.index.select import Selection
from app.publishing.publish import Published
from app.queries.looks import class_numbers
from app.rows import LONG, NEVER, least_known

_MOST_CACHED = 4
"""How many Views' columns stay in memory; each is about 14 bytes an incident."""


Unsigned = type[np.unsignedinteger[Any]]
COLUMN_ORDER: tuple[tuple[str, Unsigned], ...] = (
    *(("x", np.uint32), ("y", np.uint32), ("weapons", np.uint32), ("sectors", np.uint32)),
    *(("number", np.uint32), ("first", np.uint16), ("last", np.uint16), ("killed", np.uint16)),
    *(("injured", np.uint16), ("error_m", np.uint16), ("status", np.uint8)),
    ("precision", np.uint8),
)
"""The browser's columns, one after the other without padding: 32 bytes a row, little-endian."""


CLASS_COLUMN: tuple[str, Unsigned] = ("group", np.uint8)
"""A last column of a View with another `colour_by` than the default: each mark's class of colour.

Classes of weapons follow from the column of weapons; the page gets all others with the marks.
"""

UNKNOWN_U16 = 0xFFFF

_RENAMED = {"x": "mercator_x", "y": "mercator_y", "first": "day_first", "last": "day_last"}
"""Columns of the index that have a shorter name here."""


@dataclass
class PageColumns:
    """Makes columns once per View and state; any process can make the same file again."""

    _cache: BoundedCache = field(default_factory=lambda: BoundedCache(_MOST_CACHED))

    def listing(self, published: Published) -> JsonObject:
        """List the files, and the columns in each, in order."""
        query = published.view.query()
        kinds = {np.uint32: "u4", np.uint16: "u2", np.uint8: "u1"}
        return {
            "columns": {name: kinds[kind] for name, kind in _order(published.view)},
            "months": [
                {"month": file.month, "rows": file.rows, "url": f"/columns/{name}?{query}"}
                for name, file in self._files(published).items()
            ],
        }

    def zipped(self, published: Published, name: str) -> bytes:
        """Return one file as gzip, in which form it is cached for all readers.

        Raises:
            NotFound: the View or the audience has changed since the file was listed.
        """
        file = self._files(published).get(name)
        if file is None:
            raise NotFound(f"No column file {name!r} in this View now; read /columns.json again.")
        return file.zipped

    def _files(self, published: Published) -> dict[str, MonthFile]:
        return self._cache.get(published.key, lambda: _zipped(_month_columns(published)))


class MonthFile(NamedTuple):
    """A month's file, compressed."""

    month: str
    rows: int
    zipped: bytes


def _zipped(months: Iterable[Month]) -> dict[str, MonthFile]:
    return {
        f"{month.name}-{hashlib.sha256(month.content).hexdigest()[:16]}.bin": MonthFile(
            month.name, month.rows, igzip.compress(month.content, compresslevel=1)
        )
        for month in months
    }


@dataclass(frozen=True)
class Month:
    """One file of the page's columns."""

    name: str
    rows: int
    content: bytes


def _month_columns(published: Published) -> list[Month]:
    """Write the View's marks as one block of columns per month, newest first.

    The browser applies the filters; a file has published places only, and no text.
    """
    selection = published.select().drawable(published.filter)
    first = selection["day_first"]
    # The highest bit of status means "over 48 hours", which two days cannot express.
    is_long = (selection["flags"] & LONG != 0).astype(np.uint8) << 7
    # Days since 1970 must fit 16 bits; no mark lies outside 1970..2149.
    rows = np.flatnonzero((first >= 0) & (selection["day_last"] < UNKNOWN_U16))
    order = rows[np.lexsort((selection["number"][rows], first[rows]))]
    columns = _order(published.view)
    arrays = {
        name: _wire(_column(published, selection, name), kind)[order] for name, kind in columns
    }
    arrays["status"] |= is_long[order]
    months = arrays["first"].astype("datetime64[D]").astype("datetime64[M]")
    names, starts = np.unique(months, return_index=True)
    ends = [*starts.tolist(), len(months)][1:]
    files = []
    for name, start, end in zip(names.astype(str).tolist(), starts.tolist(), ends, strict=True):
        content = b"".join(arrays[column][start:end].tobytes() for column, _ in columns)
        files.append(Month(name, end - start, content))
    return files[::-1]


def _order(view: View) -> tuple[tuple[str, Unsigned], ...]:
    is_default = view.colour_by == COLOURS_BY[0]
    return COLUMN_ORDER if is_default else (*COLUMN_ORDER, CLASS_COLUMN)


def _column(published: Published, selection: Selection, name: str) -> np.ndarray:
    if name in TOLLS:
        return least_known(selection, name)
    if name == CLASS_COLUMN[0]:
        return class_numbers(published.query, selection)
    return selection[_RENAMED.get(name, name)]


def _wire(column: np.ndarray, kind: Unsigned) -> np.ndarray:
    if kind is np.uint16:
        return np.where(column < 0, UNKNOWN_U16, np.minimum(column, UNKNOWN_U16 - 1)).astype(kind)
    return column.astype(kind)


def day_counts(published: Published) -> tuple[date, list[int]] | None:
    """Count incidents per first day over all time, from the first of them on; None without any."""
    selection = published.select()
    first = selection["day_first"]
    first = first[first != NEVER]
    if not len(first):
        return None
    least = int(first.min())
    last = max(int(first.max()), int(selection["day_last"].max()))
    counts = np.bincount(first - least, minlength=last - least + 1)
    return from_epoch_day(least), counts.tolist()
