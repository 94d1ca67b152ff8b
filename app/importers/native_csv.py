"""The project's own CSV: one incident or one control area per row; `docs/formats.md` lists columns.

Repeated things are numbered (`source1_url`, `damage2_sector`), a range is three columns
(`killed_low`, `killed_best`, `killed_high`), or one (`killed`) where a source gives one number.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import shapely

from app.domain.errors import InputError, InvalidFile
from app.domain.fields import FIELDS
from app.domain.incident import Incident, incident_id
from app.files import parsing
from app.files.delimited import TableBatch, header_of, table_batches, table_rows
from app.files.source import BadFieldError, Rejection, SourceFile, rejection
from app.importers import native
from app.importers.base import Context, Outcome, ParsedRecord, Warned
from app.importers.control_days import ControlDays
from app.importers.header import joined_names

NOT_READ = frozenset({"dataset", "region"})
"""The order names the dataset; a region is written as `admin1`, but in an export without a point.
"""

PLAIN = tuple(
    one.name
    for one in FIELDS
    if one.role != "derived" and one.kind not in ("items", "count") and one.name not in NOT_READ
)
LISTED = tuple(one.name for one in FIELDS if one.kind == "items")
"""Columns of our own exports that hold a JSON list."""

DERIVED = re.compile(
    "dataset|number|first_day|last_day|region(_name|_how|_near_border)?|sectors|source_urls|"
    "control(_source|_status|_controller|_valid_on|_age_days|_distance_km)?|merged_with|"
    "redacted|revision|recorded_at|licence|citation"
)
"""Columns of our own exports that follow from others; an import ignores them silently."""

QUOTED = re.compile(r"'+[=+\-@\t\r|＝＋－＠｜]")
"""A cell to which an export added an apostrophe, so that no program runs it as a formula."""

NUMBERED = {
    "damage": ("sector", "object_kind", "name", "grade", "count"),
    "claim": ("by", "text", "url"),
    "source": (
        *("publisher", "url", "published", "retrieved", "archive_url", "sha256", "upstream"),
    ),
}
TOLL = re.compile(
    f"({'|'.join(one.name for one in FIELDS if one.kind == 'count')})"
    "(?:_(civilian|military|unknown|child))?(?:_(low|best|high))?"
)
CONTROL_MARKS = frozenset({"valid_on", "controller"})
"""Columns that only control areas have; a file with one of them needs the other too."""

CONTROL_PLAIN = (*native.CONTROL_FIELDS, "wkt")
MAX_CACHED = 8_192
"""Contents of one part that a cache may hold; an unbounded cache, cleared in time, is fastest."""

UNCACHED = frozenset({"sources", "claims", "description"})
"""Parts whose content rarely repeats."""

FAULT = object()

REQUIRED = {"incidents": ("start",), "control": ("valid_on", "controller")}


class NativeCsv:
    """Reads the native CSV; its columns show whether its rows are incidents or control areas."""

    name = "native_csv"
    dataset = None
    publisher = None
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise our own column names."""
        names = set(header_of(source)[0])
        if {"start", "precision", "source_key"} <= names:
            return "columns start, precision and source_key of the native incident CSV"
        if {"valid_on", "controller"} <= names:
            return "columns valid_on and controller of the native control CSV"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map our own column names to themselves."""
        names = header_of(source)[0]
        is_column = _is_control_column if _is_control(names) else _incident_path
        return {name: name for name in names if is_column(name)}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row."""
        names = header_of(source)[0]
        is_control = _is_control(names)
        for name in REQUIRED["control" if is_control else "incidents"]:
            if name not in names:
                raise InvalidFile("header", ", ".join(names), f"a column {name!r} among them")
        mapping = self.mapping(source)
        unknown = [name for name in names if name not in mapping and not DERIVED.fullmatch(name)]
        if unknown:
            yield Warned(f"Columns that nobody reads were left out: {joined_names(unknown)}.")
        yield from (
            self._control(source, context) if is_control else self._incidents(source, context)
        )

    def _incidents(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        reader = _BatchReader(header_of(source)[0], context)
        for batch in table_batches(source):
            yield from (batch,) if isinstance(batch, Rejection) else reader.outcomes(batch)

    def _control(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        days = ControlDays(context)
        for row in table_rows(source):
            if isinstance(row, Rejection):
                yield row
                continue
            number, cells = row
            try:
                days.add(number, cells, _shape(cells.get("wkt")))
            except (BadFieldError, InputError) as wrong:
                yield rejection(number, wrong)
        yield from days.outcomes()


def _shape(wkt: str | None) -> shapely.geometry.base.BaseGeometry | None:
    if wkt is None:
        return None
    try:
        with np.errstate(all="ignore"):
            return shapely.from_wkt(wkt)
    except shapely.errors.ShapelyError as wrong:
        raise BadFieldError("wkt", wkt, "a POLYGON or MULTIPOLYGON in WKT, degrees") from wrong


class _BatchReader:
    """Reads a batch part by part, and caches the parts by the text of their cells.

    Most columns of a large file repeat few values, so this is three times as fast as reading row
    by row. A row with a fault is read again alone, which gives its rejection.
    """

    def __init__(self, names: Sequence[str], context: Context) -> None:
        self._context = context
        self._columns: dict[str, list[str]] = {}
        self._part_readers: list[Callable[..., object]] = []
        self._cached: list[Any] = []
        self._constants: dict[str, Any] = {}
        for field, part in native.PARTS.items():
            of = {(name,) for name in part.names}
            columns = [name for name in names if _incident_path(name)[:1] in of]
            if columns:
                self._columns[field] = columns
                read_part = self._part_reader(columns, part)
                self._part_readers.append(
                    read_part if field in UNCACHED else self._with_cache(read_part)
                )
            else:
                self._constants[field] = part.read({}, None, context)

    def _with_cache(self, read_part: Callable[..., object]) -> Callable[..., object]:
        cached = lru_cache(maxsize=None)(read_part)
        self._cached.append(cached)
        return cached

    def _part_reader(self, columns: Sequence[str], part: native.Part) -> Callable[..., object]:
        paths = [_incident_path(name) for name in columns]
        has_point = "lon" in part.names

        def read(*cells: str) -> object:
            values = _nested(zip(paths, cells, strict=True))
            try:
                point = (
                    parsing.point_from(values.get("lon"), values.get("lat")) if has_point else None
                )
                return part.read(values, point, self._context)
            except (BadFieldError, InputError):
                return FAULT

        return read

    def outcomes(self, batch: TableBatch) -> Iterator[Outcome]:
        """Yield the outcome of each row."""
        for read_part in self._cached:
            if read_part.cache_info().currsize > MAX_CACHED:
                read_part.cache_clear()
        # Part by part, not row by row: the cache of one part fits into the processor's cache.
        parts = [
            list(map(read_part, *(batch.cells[name] for name in columns)))
            for read_part, columns in zip(self._part_readers, self._columns.values(), strict=True)
        ]
        keys = batch.cells.get("source_key") or [""] * len(batch.numbers)
        keys = list(map(_without_apostrophe, keys))
        dataset = self._context.dataset
        for row, (key, *values) in enumerate(zip(keys, *parts, strict=True)):
            if not key or FAULT in values:
                yield self._single_row(batch, row)
                continue
            fields: dict[str, Any] = dict(zip(self._columns, values, strict=True))
            incident = Incident(
                id=incident_id(dataset, key),
                dataset=dataset,
                source_key=key,
                **fields,
                **self._constants,
            )
            yield ParsedRecord(batch.numbers[row], incident)

    def _single_row(self, batch: TableBatch, row: int) -> Outcome:
        values = _nested((_incident_path(name), cells[row]) for name, cells in batch.cells.items())
        try:
            point = parsing.point_from(values.get("lon"), values.get("lat"))
            if point is None and "region" in batch.cells:  # an export computed it from the point
                values.setdefault("admin1", batch.cells["region"][row])
            incident = native.incident_from(values, point, self._context)
            return ParsedRecord(batch.numbers[row], incident)
        except (BadFieldError, InputError) as wrong:
            return rejection(batch.numbers[row], wrong)


@lru_cache(maxsize=1024)
def _incident_path(column: str) -> tuple[str | int, ...]:
    """Return the path of a column's value in the nested values; empty for unknown columns."""
    if column in PLAIN or column in LISTED:
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


def _is_control(names: Sequence[str]) -> bool:
    return not CONTROL_MARKS.isdisjoint(names)


def _is_control_column(name: str) -> bool:
    return name in CONTROL_PLAIN


def _nested(cells: Iterable[tuple[tuple[Any, ...], str]]) -> dict[str, object]:
    """Put cells into nested values by their paths; empty cells are left out."""
    out: dict[str, object] = {}
    numbered: dict[str, dict[int, dict[str, str]]] = {}
    for path, text in cells:
        if not path or not text:
            continue
        cell = _without_apostrophe(text)
        if len(path) == 1:
            out[path[0]] = _json_list(cell) if path[0] in LISTED else cell
        elif isinstance(path[1], int):
            what, number, name = path
            numbered.setdefault(what, {}).setdefault(number, {})[name] = cell
        else:
            _put_nested(out, path, cell)
    for what, by_number in numbered.items():
        items = out.get(what) or []
        if isinstance(items, list):
            out[what] = [*items, *(by_number[number] for number in sorted(by_number))]
    return out


def _without_apostrophe(cell: str) -> str:
    return cell[1:] if QUOTED.match(cell) else cell


def _json_list(cell: str) -> object:
    """Parse JSON; other text is returned unchanged, and refused where a list is needed."""
    try:
        return json.loads(cell)
    except (ValueError, RecursionError):
        return cell


def _put_nested(out: dict[str, Any], path: tuple[str | int, ...], cell: str) -> None:
    *way, last = path
    for step in way:
        out = out.setdefault(str(step), {})
    if last == "exactly":
        out.update(dict.fromkeys(("low", "best", "high"), cell))
    else:
        out[str(last)] = cell
