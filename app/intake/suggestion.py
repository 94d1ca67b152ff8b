"""Proposes a mapping of a table's columns, from their names and values, and writes it as TOML.

What is not certain stays unmapped, with the reason: a person reads a proposal before use.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec

from app.domain.count import TOLLS
from app.domain.errors import InputError, InvalidFile
from app.domain.mapping import DAYS, VERSION, Notation, TableMapping, checked
from app.domain.place import Bounds, Precision
from app.files.sheets import squeezed, table
from app.files.source import BadFieldError, Rejection, SourceFile, decoded_head
from app.importers.base import Context
from app.importers.mapped import PAIR
from app.importers.notation import PATTERNS, day_of
from app.importers.points import kind_of, point_features
from app.importers.words import SEVERAL, Words
from app.instance.workspace import Workspace

SAMPLE_ROWS = 2_000
MOST_SAMPLES, LONGEST_SAMPLE = 3, 60
SHARE = 0.9
"""Share of a column's values that must fit; the rest may be faults of the file."""

WHOLE = re.compile(r"\d{1,7}(?:\.0+)?")
PCODE = re.compile(r"[A-Z]{2}\d{2,8}")
DECIMAL = re.compile(r"-?\d{1,3}[.]\d+")
DECIMAL_COMMA = re.compile(r"-?\d{1,3},\d+")
LINK = re.compile(r"https?://\S+", re.IGNORECASE)
FIELDS_OF_WORDS = ("weapons", "sector")
MOST_WORDS = 100
FIELDS_OF_CROSSWALKS = ("precision", "status", "grade")
MOSTLY = 0.5
"""Share for a column that is called a date: a day that cannot be read is a rejection."""

FLAGS = {
    "decimal_comma": "decimal_comma = true",
    "has_points": "has_points = true  # the place is the feature's own geometry",
    "geocode": "geocode = true  # a settlement that its unit has once gets its point by its name",
}
POINT_PRECISION = Precision.settlement


@dataclass
class Suggestion:
    """A proposed mapping, with the reason for every column, mapped or not."""

    mapping: TableMapping
    why: dict[str, str]
    missing: list[str]
    unknown_words: dict[str, list[str]] = field(default_factory=dict)
    samples: dict[str, list[str]] = field(default_factory=dict)

    def toml(self) -> str:
        """Write it as a file that a person reads, completes and saves."""
        return "".join(_lines(self))


@dataclass
class _Draft:
    columns: dict[str, str] = field(default_factory=dict)
    why: dict[str, str] = field(default_factory=dict)
    dates: Notation | None = None
    decimal_comma: bool = False

    def take(self, column: str, to: str, why: str) -> None:
        """Map a column, unless the field has one."""
        if to in self.columns.values():
            self.why[column] = f"not mapped: {to} is read from another column"
        else:
            self.columns[column], self.why[column] = to, f"{to}: {why}"


def suggest(workspace: Workspace, path: Path, theatre: str, name: str | None = None) -> Suggestion:
    """Propose a mapping for a table or a file of points; `name` is what its sender calls it.

    Raises:
        InvalidFile: it cannot be read as either.
        InputError: no such theatre.
    """
    if theatre not in workspace.reference.theatres:
        raise InputError("theatre", theatre, ", ".join(workspace.reference.theatres))
    source = SourceFile.open(path, name)
    has_points = kind_of(source) is not None
    columns = _sampled(source, has_points=has_points)
    place = workspace.reference.theatres[theatre]
    words = Words(_context(workspace, theatre))
    draft = _Draft()
    for column, values in columns.items():
        _by_name(draft, column, values, words, place.bounds)
    _by_values(draft, columns, place.bounds, words, has_points=has_points)
    mapping = TableMapping(
        version=VERSION,
        format="vector_points" if has_points else "mapped",
        dates=draft.dates,
        decimal_comma=draft.decimal_comma,
        has_points=has_points,
        columns=draft.columns,
        words={to: codes for to in FIELDS_OF_WORDS if (codes := _codes(draft, to, columns, words))},
    )
    mapping = _completed(
        mapping, has_settlements=workspace.reference.settlements(theatre) is not None
    )
    unknown = {
        to: [one for one in _distinct(draft, to, columns) if one not in mapping.words.get(to, {})]
        for to in FIELDS_OF_WORDS
    }
    samples = {
        column: list(dict.fromkeys(text[:LONGEST_SAMPLE] for text in values[:50]))[:MOST_SAMPLES]
        for column, values in columns.items()
    }
    why = {column: draft.why[column] for column in columns}
    return Suggestion(mapping, why, list(_missing(mapping)), unknown, samples)


def _completed(mapping: TableMapping, *, has_settlements: bool) -> TableMapping:
    """Add what the columns leave open: how precise points are, and a search of places by name."""
    if mapping.is_drawn and not mapping.says("precision"):
        constants = {"precision": str(POINT_PRECISION)}
        mapping = msgspec.structs.replace(mapping, constants=constants)
    if has_settlements and mapping.says("place") and mapping.says("admin1"):
        mapping = msgspec.structs.replace(mapping, geocode=True)
    return mapping


def _distinct(draft: _Draft, to: str, columns: Mapping[str, Sequence[str]]) -> list[str]:
    """List the words of the columns that were mapped to a field, the most frequent first."""
    counts = Counter(
        word
        for name, field_name in draft.columns.items()
        if field_name == to
        for text in columns[name]
        for word in SEVERAL.split(squeezed(text))
        if word
    )
    return [word for word, _count in counts.most_common(MOST_WORDS)]


def _codes(
    draft: _Draft, to: str, columns: Mapping[str, Sequence[str]], words: Words
) -> dict[str, str]:
    """Propose codes for the words of a field in either language; the others stay without one."""
    taxonomy = words.context.taxonomy
    terms = taxonomy.weapons if to == "weapons" else taxonomy.sectors
    labels = {
        terms.label(code, lang).lower(): code for lang in ("en", "uk") for code in terms.codes
    }
    codes = {**labels, **taxonomy.crosswalk("mapped")[to]}
    return {word: codes[word] for word in _distinct(draft, to, columns) if word in codes}


def _context(workspace: Workspace, theatre: str) -> Context:
    reference = workspace.reference
    regions = reference.region_set(theatre).regions
    return Context("suggested", reference.theatres[theatre], regions, reference.taxonomy)


def _sampled(source: SourceFile, *, has_points: bool) -> dict[str, list[str]]:
    """Collect the values of each column in the first rows."""
    samples: dict[str, list[str]] = {}
    if not has_points and decoded_head(source).lstrip().startswith(("<", "{", "[")):
        allowed = "a table (CSV, XLSX) or a file of points"
        raise InvalidFile(f"content of {source.name}", "XML or JSON of another kind", allowed)
    if has_points:
        rows: Iterable[Mapping[str, str]] = (feature.fields for feature in point_features(source))
    else:
        sheet = table(source)
        samples = {name: [] for name in sheet.names}
        rows = (row[1] for row in sheet.rows if not isinstance(row, Rejection))
    for cells in islice(rows, SAMPLE_ROWS):
        for name, text in cells.items():
            samples.setdefault(name, []).append(text)
    return samples


def column_words(name: str) -> str:
    """Bring a column's name to words: "Event_Date*" is "event date"."""
    return " ".join(re.findall(r"[^\W_]+", name.lower()))


def _by_name(draft: _Draft, name: str, values: Sequence[str], words: Words, bounds: Bounds) -> None:
    """Map a column whose name is known, when its values fit."""
    columns = words.context.taxonomy.columns
    to = columns.field_of.get(column_words(name))
    if column_words(name) in columns.people:
        draft.why[name] = "not mapped: names of people have no field here"
    if to is None:
        return
    if not values:
        draft.why[name] = f"not mapped: called like {to}, but every cell is empty"
    elif to in DAYS:
        _take_day(draft, name, to, values, f"called {name!r}")
    elif misfit := _misfit(draft, to, values, words, bounds):
        draft.why[name] = f"not mapped: called like {to}, but {misfit}"
    else:
        draft.take(name, to, f"called {name!r}")


def _misfit(
    draft: _Draft, to: str, values: Sequence[str], words: Words, bounds: Bounds
) -> str | None:
    """Return why the values do not fit the field of the column's name; None when they do."""
    if to in ("lon", "lat"):
        return _no_degrees(draft, to, values, bounds)
    if to in FIELDS_OF_CROSSWALKS:
        return f"its words need a crosswalk under [words.{to}] first: {_sample(values)}"
    if to == "source_key":
        return "its values repeat, so it is no key" if len(set(values)) < len(values) else None
    fits = _fitting(to, words)
    return None if _share(values, fits) >= SHARE else f"its values do not fit: {_sample(values)}"


def _fitting(to: str, words: Words) -> Callable[[str], object]:
    """Return the test of a field's values; most fields take any text."""
    if to.startswith(TOLLS):
        return WHOLE.fullmatch
    by_field: dict[str, Callable[[str], object]] = {
        "lat_lon": PAIR.fullmatch,
        "lon_lat": PAIR.fullmatch,
        "source_url": LINK.search,
        "admin1": words.region,
    }
    return by_field.get(to, bool)


def _no_degrees(draft: _Draft, to: str, values: Sequence[str], bounds: Bounds) -> str | None:
    has_comma = _share(values, DECIMAL_COMMA.fullmatch) >= SHARE
    low, high = (bounds.south, bounds.north) if to == "lat" else (bounds.west, bounds.east)
    numbers = [_number(one.replace(",", ".") if has_comma else one) for one in values]
    inside = sum(number is not None and low <= number <= high for number in numbers)
    if inside < SHARE / 2 * len(values):
        return f"most of it is not within {low}..{high}, as {_sample(values)}"
    draft.decimal_comma |= has_comma
    return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _take_day(draft: _Draft, name: str, to: str, values: Sequence[str], why: str) -> None:
    """Map a column of days when one notation reads it; when several do, a person must choose."""
    shares = {one: _share(values, partial(_is_day, one)) for one in PATTERNS}
    best = max(shares.values())
    fitting = [one for one, share in shares.items() if share == best >= MOSTLY]
    if len(fitting) == 1 and draft.dates in (None, fitting[0]):
        draft.dates = fitting[0]
        draft.take(name, to, f"{why}, and its values are days written as {fitting[0]}")
    elif fitting:
        draft.take(name, to, f"{why}; set `dates`: its values can be {' or '.join(fitting)}")
    else:
        draft.why[name] = f"not mapped: no one notation reads its days, as {_sample(values)}"


def _is_day(notation: Notation, text: str) -> bool:
    try:
        return bool(day_of(text, notation, "start"))
    except BadFieldError:
        return False


def _are_days(values: Sequence[str]) -> bool:
    return any(_share(values, partial(_is_day, one)) >= SHARE for one in PATTERNS)


def _by_values(
    draft: _Draft,
    columns: Mapping[str, Sequence[str]],
    bounds: Bounds,
    words: Words,
    *,
    has_points: bool,
) -> None:
    """Map the columns whose values are clear though their names are not, when only one fits."""
    open_columns = {
        name: values for name, values in columns.items() if name not in draft.why and values
    }
    if "start" not in draft.columns.values():
        _only(draft, "start", [n for n, v in open_columns.items() if _are_days(v)], open_columns)
    if not has_points and not {"lat", "lon", "lat_lon", "lon_lat"} & set(draft.columns.values()):
        ranges = {"lat": (bounds.south, bounds.north), "lon": (bounds.west, bounds.east)}
        for to, (low, high) in ranges.items():
            fitting = [n for n, v in open_columns.items() if _all_within(v, low, high)]
            _only(draft, to, fitting, open_columns)
    if "admin1" not in draft.columns.values():
        codes = words.context.iso_by_pcode
        fitting = [n for n, v in open_columns.items() if set(v) <= codes.keys()]
        _only(draft, "admin1", fitting, open_columns)
    for name in columns:
        draft.why.setdefault(name, "not mapped: neither its name nor its values tell what it is")


def _only(
    draft: _Draft, to: str, names: Sequence[str], columns: Mapping[str, Sequence[str]]
) -> None:
    for name in names:
        if len(names) > 1:
            draft.why[name] = f"not mapped: could be {to}, and so could {len(names) - 1} more"
        elif to in DAYS:
            _take_day(draft, name, to, columns[name], "its values are days")
        elif name not in draft.columns:
            draft.take(name, to, f"its values are like {_sample(columns[name])}")


def _all_within(values: Sequence[str], low: float, high: float) -> bool:
    numbers = [_number(one) if DECIMAL.fullmatch(one) else None for one in values]
    return all(number is not None and low <= number <= high for number in numbers)


def _share(values: Sequence[str], fits: Callable[[str], object]) -> float:
    return sum(bool(fits(one)) for one in values) / len(values) if values else 0.0


def _sample(values: Sequence[str]) -> str:
    return ", ".join(repr(one[:40]) for one in dict.fromkeys(values[:50]))[:120]


def _missing(mapping: TableMapping) -> Iterator[str]:
    """List what the mapping needs before an import can use it."""
    try:
        checked(mapping)
    except InvalidFile as wrong:
        yield wrong.problem.sentence()


def _lines(suggestion: Suggestion) -> Iterator[str]:
    mapping = suggestion.mapping
    yield "# Which column is which field: read it, correct it, then\n"
    yield "# strikemap import FILE --mapping THIS --dry-run\n"
    yield from (f"# To be completed: {one}\n" for one in suggestion.missing)
    yield f"version = {mapping.version}\nformat = {_quoted(mapping.format)}\n"
    if mapping.dates:
        yield f"dates = {_quoted(mapping.dates)}\n"
    else:
        yield f"# dates = {_quoted('dmy')}  # one of {', '.join(Notation)}\n"
    yield from (f"{line}\n" for name, line in FLAGS.items() if getattr(mapping, name))
    yield "\n[columns]\n"
    for name, why in suggestion.why.items():
        to = mapping.columns.get(name)
        line = f"{_quoted(name)} = {_quoted(to or '')}"
        yield f"{line if to else '# ' + line}  # {_one_line(why)}\n"
    yield "\n[constants]\n"
    for name, text in mapping.constants.items():
        yield f"{name} = {_quoted(text)}  # nothing says how fine the points are: within 5 km\n"
    for to in FIELDS_OF_WORDS:
        codes, unknown = mapping.words.get(to, {}), suggestion.unknown_words.get(to, [])
        if codes or unknown:
            yield f"\n[words.{to}]\n"
        yield from (f"{_quoted(word)} = {_quoted(code)}\n" for word, code in codes.items())
        yield from (f'# {_quoted(_one_line(word))} = ""  # which code?\n' for word in unknown)


def _quoted(text: str) -> str:
    """Write a TOML basic string; JSON's escapes are TOML's, and DEL is added."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)
