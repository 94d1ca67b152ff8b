"""The project's own CSV: one incident or one control area per row; `docs/formats.md` lists columns.

Repeated things are numbered (`source1_url`, `damage2_sector`), a range is three columns
(`killed_low`, `killed_best`, `killed_high`), or one (`killed`) where a source gives one number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import shapely

from app.domain.errors import InputError, InvalidFile
from app.importers import native
from app.importers.base import (
    BadFieldError,
    Context,
    Found,
    Outcome,
    Rejection,
    Source,
    Warned,
    header_of,
    table_rows,
)
from app.importers.control_days import ControlDays

PLAIN = (
    *("id", "source_key", "start", "end", "when_precision", "when_text", "zone", "lon", "lat"),
    *("precision", "error_m", "place", "country", "admin1", "admin2", "weapons", "mechanism"),
    *("attributed_to", "attributed_confidence", "status", "description", "graphic"),
    *("public_after", "synthetic", "wave"),
)
NUMBERED = {
    "damage": ("sector", "object_kind", "name", "grade", "count"),
    "claim": ("by", "text", "url"),
    "source": (
        *("publisher", "url", "published", "retrieved", "archive_url", "sha256", "upstream"),
    ),
}
TOLL = re.compile(
    r"(killed|injured)(?:_(civilian|military|unknown|child))?(?:_(low|best|high))?"
)
CONTROL_PLAIN = (*native.CONTROL_FIELDS, "wkt")
REQUIRED = {"incidents": ("start",), "control": ("valid_on", "controller")}


class NativeCsv:
    """Reads the native CSV; what a row holds follows from its columns."""

    name = "native_csv"
    dataset = None
    publisher = None
    licence = "internal"

    def recognises(self, source: Source) -> str | None:
        """Look for our own column names in the header."""
        names = set(header_of(source)[0])
        if {"start", "precision", "source_key"} <= names:
            return "columns start, precision and source_key of the native incident CSV"
        if {"valid_on", "controller"} <= names:
            return "columns valid_on and controller of the native control CSV"
        return None

    def mapping(self, source: Source) -> dict[str, str]:
        """Our own names map to themselves; unknown columns are left out and reported."""
        names = header_of(source)[0]
        known = _is_control_column if "valid_on" in names else _incident_path
        return {name: name for name in names if known(name)}

    def read(self, source: Source, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row."""
        names = header_of(source)[0]
        is_control = "valid_on" in names
        for name in REQUIRED["control" if is_control else "incidents"]:
            if name not in names:
                raise InvalidFile("header", ", ".join(names), f"a column {name!r} among them")
        strange = [name for name in names if name not in self.mapping(source)]
        if strange:
            yield Warned(f"Columns that nobody reads were left out: {', '.join(strange)}.")
        yield from self._control(source, context) if is_control else self._incidents(source, context)

    def _incidents(self, source: Source, context: Context) -> Iterator[Outcome]:
        for row in table_rows(source):
            if isinstance(row, Rejection):
                yield row
                continue
            number, cells = row
            try:
                point = native.point_from(cells.get("lon"), cells.get("lat"))
                record = native.incident_from(_nested(cells), point, context)
                yield Found(number, record)
            except (BadFieldError, InputError) as wrong:
                yield native.bad(number, wrong)

    def _control(self, source: Source, context: Context) -> Iterator[Outcome]:
        days = ControlDays(context)
        for row in table_rows(source):
            if isinstance(row, Rejection):
                yield row
                continue
            number, cells = row
            try:
                days.add(number, cells, _shape(cells.get("wkt")))
            except (BadFieldError, InputError) as wrong:
                yield native.bad(number, wrong)
        yield from days.outcomes()


def _shape(wkt: str | None) -> shapely.geometry.base.BaseGeometry | None:
    if wkt is None:
        return None
    try:
        return shapely.from_wkt(wkt)
    except shapely.errors.ShapelyError as wrong:
        raise BadFieldError("wkt", wkt, "a POLYGON or MULTIPOLYGON in WKT, degrees") from wrong


@lru_cache(maxsize=1024)
def _incident_path(column: str) -> tuple[str | int, ...]:
    """Turn a column name into the place of its value; empty when it is not one of ours."""
    if column in PLAIN:
        return (column,)
    if toll := TOLL.fullmatch(column):
        what, kind, bound = toll.groups()
        middle = () if kind is None else (kind,) if kind == "child" else ("by_kind", kind)
        return (what, *middle, bound) if bound else (what, *middle, "exactly")
    if numbered := re.fullmatch(r"(damage|claim|source)([1-9]\d?)_(\w+)", column):
        what, number, name = numbered.groups()
        if name in NUMBERED[what]:
            return (what if what == "damage" else what + "s", int(number), name)
    return ()


def _is_control_column(name: str) -> bool:
    return name in CONTROL_PLAIN


def _nested(cells: dict[str, str]) -> dict[str, Any]:
    """Fold flat columns into the nested values of the native record."""
    out: dict[str, Any] = {}
    for column, cell in cells.items():
        path = _incident_path(column)
        if len(path) == 1:
            out[column] = cell
        elif path and isinstance(path[1], int):
            out.setdefault(str(path[0]), {}).setdefault(path[1], {})[path[2]] = cell
        elif path:
            _put(out, path, cell)
    for what in ("damage", "claims", "sources"):
        if what in out:
            out[what] = [out[what][number] for number in sorted(out[what])]
    return out


def _put(out: dict[str, Any], path: tuple[str | int, ...], cell: str) -> None:
    *way, last = path
    for step in way:
        out = out.setdefault(str(step), {})
    if last == "exactly":
        out.update(dict.fromkeys(("low", "best", "high"), cell))
    else:
        out[str(last)] = cell
