"""CQL2 (OGC 21-065) on the index's columns: `filter=killed_low >= 2 AND status = 'verified'`.

A library checks the standard's JSON form, or parses its text form into it. This module evaluates
that tree with NumPy, for all rows at once, in three values: an unknown value is neither true nor
false.
"""

from __future__ import annotations

import fnmatch
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias, cast

import cql2
import numpy as np
import shapely
from shapely import MultiPolygon, Polygon
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from app.domain.crs import BOXES, box_in_degrees, shape_in_degrees
from app.domain.errors import InvalidPlace, InvalidView, InvalidWhen, Problem
from app.domain.instants import parse_day
from app.domain.period import epoch_day
from app.domain.place import CRS84, WORLD, Bounds
from app.index.select import Selection, is_quiet
from app.publishing.publish import Published
from app.queries.queryables import PROPERTIES, PropertyValues, SelectedRows
from app.rows import NEVER, NOWHERE

Node: TypeAlias = "bool | int | float | str | list[Node] | dict[str, Node]"
"""A part of a parsed filter, in the JSON form of CQL2."""

Comparison = Callable[[Any, Any], Any]
"""Compares an array or a word with a literal."""

MOST_CHARACTERS = 2_000
_DEEPEST = 8
"""Levels of brackets: the parser's time doubles with each bracket that is not closed."""

GLOB = re.compile(r"[*?\[]")
ARITY = {"not": 1, "isNull": 1, "between": 3}
"""How many arguments an operator has; `and` and `or` have any number, all others two."""

_QUOTED = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"")
COMPARE: Mapping[str, Comparison] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}
SPATIAL = ("s_intersects", "s_within", "s_disjoint")
TEMPORAL = ("t_after", "t_before", "t_disjoint", "t_during", "t_equals", "t_intersects")
ARRAYS = ("a_contains", "a_containedby", "a_equals", "a_overlaps")
OPERATORS = ("and", "or", "not", *COMPARE, "between", "in", "like", "isNull")
SUPPORTED = (
    ", ".join((*OPERATORS, *SPATIAL, *TEMPORAL, *ARRAYS)).upper().replace("ISNULL", "IS NULL")
)


class Truth(NamedTuple):
    """For each row, whether a condition is true, and whether that is known."""

    true: np.ndarray
    is_known: np.ndarray

    def negated(self) -> Truth:
        """Turn true into false and false into true; unknown stays unknown."""
        return Truth(self.is_known & ~self.true, self.is_known)


class _Refused(Exception):
    def __init__(self, got: str, allowed: str) -> None:
        self.got, self.allowed = got, allowed


def filtered_rows(
    published: Published, text: str, language: str = "cql2-text", crs: str = CRS84
) -> Selection:
    """Select the rows of a View for which a filter is true; its shapes are in `crs`.

    Raises:
        InvalidView: not CQL2 of this language, or a property or an operator that is not supported.
    """
    selection = published.select()
    try:
        tree = PARSERS[language](text)
        quiet = [is_quiet(part.rows, at, published.filter) for part, at in selection.parts]
        is_quiet_row = np.concatenate(quiet) if quiet else np.empty(0, bool)
        truth = _truth(tree, SelectedRows(published, selection, is_quiet_row, crs))
    except _Refused as refused:
        raise InvalidView((Problem("query.filter", refused.got, refused.allowed),)) from refused
    return selection.where(truth.true & truth.is_known)


def _from_json(text: str) -> Node:
    if len(text) > MOST_CHARACTERS:
        raise _Refused(text, f"at most {MOST_CHARACTERS:,} characters")
    try:
        tree: Node = cql2.parse_json(text).to_json()
    except (cql2.ParseError, cql2.ValidationError, ValueError) as wrong:
        example = '{"op": ">=", "args": [{"property": "killed_low"}, 2]}'
        raise _Refused(text, f"CQL2 JSON, such as {example}") from wrong
    return tree


def _from_text(text: str) -> Node:
    allowed = "CQL2 text, such as killed_low >= 2 AND status IN ('verified', 'geolocated')"
    bare, depth, deepest = _QUOTED.sub("", text), 0, 0
    for sign in bare:
        depth += (sign == "(") - (sign == ")")
        deepest = max(deepest, depth)
    if len(text) > MOST_CHARACTERS:
        raise _Refused(text, f"at most {MOST_CHARACTERS:,} characters")
    if deepest > _DEEPEST or depth:
        raise _Refused(text, f"brackets that are closed, at most {_DEEPEST} within one another")
    try:
        tree: Node = cql2.parse_text(text).to_json()
    except (cql2.ParseError, cql2.ValidationError, ValueError) as wrong:
        raise _Refused(text, allowed) from wrong
    return tree


PARSERS: Mapping[str, Callable[[str], Node]] = {"cql2-text": _from_text, "cql2-json": _from_json}
"""The languages of filters, by the names of `filter-lang`."""


def _operation(tree: Node) -> tuple[str, list[Node]]:
    """Split a condition into its operator and its arguments, and check their number."""
    if not isinstance(tree, dict) or "op" not in tree:
        raise _Refused(_as_text(tree), f"a condition with one of {SUPPORTED}")
    op, args = str(tree["op"]), _list(tree["args"])
    if op in ("and", "or"):
        is_wrong, allowed = len(args) < 2, f"{op} with two or more arguments"  # noqa: PLR2004
    else:
        number = ARITY.get(op, 2)
        is_wrong, allowed = len(args) != number, f"{op} with {number} arguments"
    if is_wrong:
        raise _Refused(_as_text(tree), allowed)
    return op, args


def _truth(tree: Node, rows: SelectedRows) -> Truth:
    if isinstance(tree, bool):
        count = len(rows.selection)
        return Truth(np.full(count, tree), np.ones(count, bool))
    op, args = _operation(tree)
    if op in ("and", "or"):
        return _all_or_any(op, [_truth(one, rows) for one in args])
    if op == "not":
        return _truth(args[0], rows).negated()
    if op in COMPARE:
        return _compared(op, args, rows)
    special = {"isNull": _is_null, "in": _in, "between": _between, "like": _like}
    if op in special:
        return special[op](args, rows)
    for ops, answer in ((SPATIAL, _spatial), (TEMPORAL, _temporal), (ARRAYS, _array)):
        if op in ops:
            return answer(op, args, rows)
    raise _Refused(op, SUPPORTED)


def _all_or_any(op: str, parts: Sequence[Truth]) -> Truth:
    """Combine three-valued answers: one false part makes AND false, one true part makes OR true."""
    true = np.logical_and.reduce if op == "and" else np.logical_or.reduce
    whole = true([part.true & part.is_known for part in parts])
    settles = [part.is_known & (part.true if op == "or" else ~part.true) for part in parts]
    is_known = np.logical_and.reduce([part.is_known for part in parts]) | np.logical_or.reduce(
        settles
    )
    return Truth(whole, is_known)


def _property(arg: Node, rows: SelectedRows, *kinds: str) -> PropertyValues:
    if not isinstance(arg, dict) or "property" not in arg:
        raise _Refused(_as_text(arg), "the name of a property, without arithmetic or functions")
    name = str(arg["property"])
    if name not in PROPERTIES:
        raise _Refused(name, f"one of the properties {', '.join(PROPERTIES)}")
    values = PROPERTIES[name].read(rows)
    if kinds and values.kind not in kinds:
        raise _Refused(name, f"a property of the kind {' or '.join(kinds)}; it is {values.kind}")
    return values


_LITERALS: Mapping[str, tuple[type | tuple[type, ...], str]] = {
    "text": (str, "a text in single quotes"),
    "flag": (bool, "TRUE or FALSE"),
    "number": ((int, float), "a number"),
}


def _literal(arg: Node, values: PropertyValues) -> Any:
    """Check that a literal is of the property's kind; a day becomes its number since 1970."""
    if values.kind == "day":
        return _day(arg)
    kind, allowed = _LITERALS[values.kind]
    if not isinstance(arg, kind) or isinstance(arg, bool) is not (values.kind == "flag"):
        raise _Refused(_as_text(arg), allowed)
    return arg


def _day(arg: Node) -> int:
    text = arg.get("date") if isinstance(arg, dict) else arg
    try:
        return epoch_day(parse_day(text if isinstance(text, str) else ""))
    except InvalidWhen as wrong:
        raise _Refused(_as_text(arg), "a day, such as DATE('2025-10-24')") from wrong


def _as_text(arg: Node) -> str:
    if isinstance(arg, dict):
        return str(arg.get("op") or arg.get("property") or next(iter(arg.values()), arg))
    return str(arg)


def _compared(op: str, args: list[Node], rows: SelectedRows) -> Truth:
    first, second = args
    if isinstance(second, dict) and "property" in second:
        first, second, op = second, first, MIRRORED.get(op, op)
    values = _property(first, rows, "text", "number", "day", "flag")
    return _by_word(values, COMPARE[op], _literal(second, values))


def _by_word(values: PropertyValues, holds: Comparison, literal: Any) -> Truth:
    """Compare each distinct word once, and numbers all together."""
    if values.kind != "text":
        return Truth(np.asarray(holds(values.data, literal), bool), values.is_known)
    table = np.array([bool(holds(word, literal)) for word in values.words] or [False], bool)
    return Truth(table[np.where(values.is_known, values.data, 0)], values.is_known)


def _is_null(args: list[Node], rows: SelectedRows) -> Truth:
    values = _property(args[0], rows)
    return Truth(~values.is_known, np.ones(len(values.is_known), bool))


def _in(args: list[Node], rows: SelectedRows) -> Truth:
    values = _property(args[0], rows, "text", "number", "day", "flag")
    answers = [_by_word(values, operator.eq, _literal(one, values)) for one in _list(args[1])]
    return _all_or_any("or", answers)


def _between(args: list[Node], rows: SelectedRows) -> Truth:
    values = _property(args[0], rows, "number", "day")
    low, high = (_literal(one, values) for one in args[1:])
    return Truth((values.data >= low) & (values.data <= high), values.is_known)


def _like(args: list[Node], rows: SelectedRows) -> Truth:
    values = _property(args[0], rows, "text")
    pattern = _literal(args[1], values)
    parts = re.split(r"(\\.|%|_)", str(pattern))
    glob = "".join(
        {"%": "*", "_": "?"}.get(part) or GLOB.sub(r"[\g<0>]", part.removeprefix("\\") or part)
        for part in parts
    )
    # fnmatch does not backtrack over a star that has matched. With ".*" for each %, the time would
    # double with every one of them.
    matches = re.compile(fnmatch.translate(glob)).match
    return _by_word(values, lambda word, _: matches(word) is not None, None)


def _list(arg: Node) -> list[Node]:
    if not isinstance(arg, list):
        raise _Refused(_as_text(arg), "a list, such as ('drone', 'missile.cruise')")
    return arg


def _array(op: str, args: list[Node], rows: SelectedRows) -> Truth:
    values = _property(args[0], rows, "list")
    mask = 0
    for code in map(_as_text, _list(args[1])):
        if code not in values.words:
            raise _Refused(code, ", ".join(values.words))
        mask |= 1 << values.words.index(code)
    bits = np.uint32(mask)
    answers = {
        "a_contains": (values.data & bits) == bits,
        "a_containedby": (values.data & ~bits) == 0,
        "a_equals": values.data == bits,
        "a_overlaps": (values.data & bits) != 0,
    }
    return Truth(answers[op], values.is_known)


def _temporal(op: str, args: list[Node], rows: SelectedRows) -> Truth:
    values, first, last = _property(args[0], rows, "day"), *_span(args[1])
    day = values.data
    answers = {
        "t_after": day > last,
        "t_before": day < first,
        "t_during": (day > first) & (day < last),
        "t_equals": (day == first) & (day == last),
        "t_intersects": (day >= first) & (day <= last),
        "t_disjoint": (day < first) | (day > last),
    }
    return Truth(answers[op], values.is_known)


def _span(arg: Node) -> tuple[int, int]:
    if not isinstance(arg, dict) or "interval" not in arg:
        return (_day(arg),) * 2
    ends = _list(arg["interval"])
    if len(ends) != 2:  # noqa: PLR2004  a beginning and an end
        raise _Refused(_as_text(arg), "INTERVAL('2026-01-01', '2026-01-31'), '..' for an open end")
    start, end = ends
    return (
        NOWHERE if start == ".." else _day(start),
        NEVER if end == ".." else _day(end),
    )


def _spatial(op: str, args: list[Node], rows: SelectedRows) -> Truth:
    values = _property(args[0], rows, "geometry")
    shape = _shape(args[1], rows.crs)
    shapely.prepare(shape)
    lon, lat = values.data.T
    if op == "s_within":  # a point on the edge is not within (OGC 06-103r4)
        return Truth(shapely.contains_xy(shape, lon, lat), values.is_known)
    touched = shapely.intersects_xy(shape, lon, lat)
    return Truth(touched if op == "s_intersects" else ~touched, values.is_known)


def _shape(arg: Node, crs: str) -> BaseGeometry:
    allowed = f"a geometry, or a box as {BOXES[crs]}"
    if not isinstance(arg, dict):
        raise _Refused(_as_text(arg), allowed)
    try:
        if "bbox" in arg:
            sides = cast("Sequence[float]", arg["bbox"])  # `box_in_degrees` checks them
            return MultiPolygon([_rectangle(part) for part in box_in_degrees(crs, sides).parts])
        shape = shape_in_degrees(crs, shapely.geometry.shape(arg))
    except InvalidPlace as wrong:
        raise _Refused(f"BBOX({wrong.problem.got})", wrong.problem.allowed) from wrong
    except (ShapelyError, ValueError, TypeError, AttributeError, KeyError, IndexError) as wrong:
        raise _Refused(_as_text(arg), allowed) from wrong
    if not shape.is_valid or not np.isfinite(shapely.get_coordinates(shape)).all():
        raise _Refused(_as_text(arg), f"{allowed}; a polygon must not cross itself")
    return shape


def _rectangle(box: Bounds) -> Polygon:
    """Make the polygon of a box; it goes on beyond 180°, which is no edge of the box."""
    west = box.west - 1 if box.west == WORLD.west else box.west
    east = box.east + 1 if box.east == WORLD.east else box.east
    return Polygon.from_bounds(west, box.south, east, box.north)
