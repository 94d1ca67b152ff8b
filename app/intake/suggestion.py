"""Saved mappings: propose one from a file's names and values, write it down, read it again.

What is not certain stays unmapped and is said: a proposal is to be read by a person before use.
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

from app.domain.errors import InputError, InvalidFile
from app.domain.mapping import DAYS, VERSION, Notation, TableMapping, checked
from app.domain.place import Bounds, Precision
from app.importers.base import BadFieldError, Context, Rejection, Source, decoded_head
from app.importers.mapped import PAIR
from app.importers.notation import PATTERNS, day_of
from app.importers.points import kind_of, spots
from app.importers.sheets import squeezed, table
from app.importers.words import SEVERAL, Words
from app.instance.workspace import Workspace

SAMPLE_ROWS = 2_000
MOST_SHOWN, LONGEST_SHOWN = 3, 60
SHARE = 0.9
"""Of a column's values that must fit for it to be taken; the rest may be faults of the file."""

SYNONYMS = {
    "start": "date|event date|incident date|date of event|date of incident|start date|"
    "date start|day|день|дата|дата події|дата удару|дата інциденту|дата початку|коли",
    "end": "end date|date end|дата закінчення|дата кінця",
    "lat": "lat|latitude|y|широта|шир",
    "lon": "lon|lng|long|longitude|x|довгота|дов",
    "lat_lon": "lat lon|lat long|lat lng|latlon|latitude longitude|coordinates|coords|координати",
    "lon_lat": "lon lat|lonlat|lng lat|long lat|longitude latitude",
    "precision": "precision|geo precision|location precision|точність",
    "error_m": "error m|radius m|accuracy m|похибка м",
    "place": "place|location|settlement|town|city|town city|place name|village|"
    "місце|населений пункт|місто|село|місцевість|локація",
    "country": "country|country code|iso|iso2|iso3|країна",
    "admin1": "admin1|adm1|admin 1|oblast|region|province|governorate|state|adm1 pcode|adm1 name|"
    "adm1 en|область|регіон|обл",
    "admin2": "admin2 pcode|adm2 pcode|admin2 code",
    "weapons": "weapon|weapons|weapon type|weapon system|munition|arms|"
    "зброя|тип зброї|вид зброї|боєприпас|засіб ураження|чим",
    "sector": "sector|sector affected|object type|type of object|target type|infrastructure|"
    "сектор|тип об єкта|тип обєкта|вид об єкта",
    "object_name": "object|object name|facility|об єкт|обєкт|назва об єкта",
    "killed": "killed|dead|deaths|fatalities|killed total|total killed|загинули|загиблі|загинуло|"
    "вбито|вбиті|убиті|кількість загиблих",
    "injured": "injured|wounded|injured total|total injured|поранені|поранено|травмовані|"
    "постраждалі поранені|кількість поранених",
    "killed_child": "children killed|killed children|загинуло дітей|загиблі діти|діти загинули",
    "injured_child": "children injured|injured children|поранено дітей|поранені діти",
    "killed_civilian": "civilians killed|killed civilians|загинуло цивільних|загиблі цивільні",
    "injured_civilian": "civilians injured|injured civilians|поранено цивільних|поранені цивільні",
    "grade": "damage grade|damage level|damage class|ступінь пошкодження",
    "description": "description|notes|details|summary|comment|event description|text|title|"
    "опис|примітка|примітки|деталі|коментар|назва|що сталося",
    "source_url": "url|link|source url|source link|links|посилання|лінк",
    "source_publisher": "source|source name|publisher|джерело",
    "source_key": "id|event id|incident id|uuid|unique id|код події|ід|ідентифікатор",
    "status": "status|verification|verification status|статус|підтвердження",
}
PEOPLE = frozenset(
    (
        *("victim", "victims", "victim name", "victim names", "name of victim"),
        *("names of victims", "full name", "surname", "first name", "last name", "deceased"),
        *("піб", "ім я", "імена", "прізвище", "загиблий", "загибла", "імена загиблих"),
        *("ім я загиблого", "піб загиблого", "імена постраждалих", "потерпілий"),
    )
)
"""Columns that hold names of people: nothing here keeps them, and nothing proposes to."""

FIELD_OF = {word: name for name, words in SYNONYMS.items() for word in words.split("|")}
WHOLE = re.compile(r"\d{1,7}(?:\.0+)?")
PCODE = re.compile(r"[A-Z]{2}\d{2,8}")
DECIMAL = re.compile(r"-?\d{1,3}[.]\d+")
DECIMAL_COMMA = re.compile(r"-?\d{1,3},\d+")
LINK = re.compile(r"https?://\S+", re.IGNORECASE)
COUNTED = ("killed", "injured")
WORDED = ("weapons", "sector")
MOST_WORDS = 100
CROSSWALKED = ("precision", "status", "grade")
MOSTLY = 0.5
"""Of a column called a date: days that cannot be read are each a rejection."""

FLAGS = {
    "decimal_comma": "decimal_comma = true",
    "has_points": "has_points = true  # the place is the feature's own geometry",
    "geocode": "geocode = true  # a settlement that its unit has once gets its point by its name",
}
POINTS_SAID = Precision.settlement


@dataclass
class Suggestion:
    """A proposed mapping, with the reason for every column, taken or left."""

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
    source = Source.open(path, name)
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
        words={to: listed for to in WORDED if (listed := _listed(draft, to, columns, words))},
    )
    if mapping.is_drawn and not mapping.says("precision"):
        constants = {"precision": str(POINTS_SAID)}
        mapping = msgspec.structs.replace(mapping, constants=constants)
    names_places = mapping.says("place") and mapping.says("admin1")
    if names_places and workspace.reference.settlements(theatre) is not None:
        mapping = msgspec.structs.replace(mapping, geocode=True)
    unknown = {
        to: [one for one in _distinct(draft, to, columns) if one not in mapping.words.get(to, {})]
        for to in WORDED
    }
    samples = {
        column: list(dict.fromkeys(text[:LONGEST_SHOWN] for text in values[:50]))[:MOST_SHOWN]
        for column, values in columns.items()
    }
    why = {column: draft.why[column] for column in columns}
    return Suggestion(mapping, why, list(_missing(mapping)), unknown, samples)


def _distinct(draft: _Draft, to: str, columns: Mapping[str, Sequence[str]]) -> list[str]:
    """List the words of the columns that were mapped to a field, the most frequent first."""
    found = Counter(
        word
        for name, field_name in draft.columns.items()
        if field_name == to
        for text in columns[name]
        for word in SEVERAL.split(squeezed(text))
        if word
    )
    return [word for word, _count in found.most_common(MOST_WORDS)]


def _listed(
    draft: _Draft, to: str, columns: Mapping[str, Sequence[str]], words: Words
) -> dict[str, str]:
    """Propose codes for the words that we know in either language; the others stay unstated."""
    taxonomy = words.context.taxonomy
    terms = taxonomy.weapons if to == "weapons" else taxonomy.sectors
    labels = {
        terms.label(code, lang).lower(): code for lang in ("en", "uk") for code in terms.codes
    }
    known = {**labels, **taxonomy.crosswalk("mapped")[to]}
    return {word: known[word] for word in _distinct(draft, to, columns) if word in known}


def _context(workspace: Workspace, theatre: str) -> Context:
    reference = workspace.reference
    regions = reference.region_set(theatre).regions
    return Context("suggested", reference.theatres[theatre], regions, reference.taxonomy)


def _sampled(source: Source, *, has_points: bool) -> dict[str, list[str]]:
    """Collect the values of each column in the first rows."""
    found: dict[str, list[str]] = {}
    if not has_points and decoded_head(source).lstrip().startswith(("<", "{", "[")):
        allowed = "a table (CSV, XLSX) or a file of points"
        raise InvalidFile(f"content of {source.name}", "XML or JSON of another kind", allowed)
    if has_points:
        rows: Iterable[Mapping[str, str]] = (spot.fields for spot in spots(source))
    else:
        read = table(source)
        found = {name: [] for name in read.names}
        rows = (row[1] for row in read.rows if not isinstance(row, Rejection))
    for cells in islice(rows, SAMPLE_ROWS):
        for name, text in cells.items():
            found.setdefault(name, []).append(text)
    return found


def plain(name: str) -> str:
    """Bring a column's name to words: "Event_Date*" is "event date"."""
    return " ".join(re.findall(r"[^\W_]+", name.lower()))


def _by_name(draft: _Draft, name: str, values: Sequence[str], words: Words, bounds: Bounds) -> None:
    """Map a column whose name is known, when its values fit."""
    to = FIELD_OF.get(plain(name))
    if plain(name) in PEOPLE:
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
    """Say why values cannot be what the column's name says; None when they can."""
    if to in ("lon", "lat"):
        return _no_degrees(draft, to, values, bounds)
    if to in CROSSWALKED:
        return f"its words need a crosswalk under [words.{to}] first: {_shown(values)}"
    if to == "source_key":
        return "its values repeat, so it is no key" if len(set(values)) < len(values) else None
    fits = _fitting(to, words)
    return None if _share(values, fits) >= SHARE else f"its values do not fit: {_shown(values)}"


def _fitting(to: str, words: Words) -> Callable[[str], object]:
    """Say how a value of a field is told from others; most fields take any text."""
    if to.startswith(COUNTED):
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
        return f"most of it is not within {low}..{high}, as {_shown(values)}"
    draft.decimal_comma |= has_comma
    return None


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _take_day(draft: _Draft, name: str, to: str, values: Sequence[str], why: str) -> None:
    """Map a column of days when one notation reads it; several mean that a person must say."""
    shares = {one: _share(values, partial(_is_day, one)) for one in PATTERNS}
    best = max(shares.values())
    fitting = [one for one, share in shares.items() if share == best >= MOSTLY]
    if len(fitting) == 1 and draft.dates in (None, fitting[0]):
        draft.dates = fitting[0]
        draft.take(name, to, f"{why}, and its values are days written as {fitting[0]}")
    elif fitting:
        draft.take(name, to, f"{why}; set `dates`: its values can be {' or '.join(fitting)}")
    else:
        draft.why[name] = f"not mapped: no one notation reads its days, as {_shown(values)}"


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
    """Map what its name does not tell but its values do, where only one column can be meant."""
    left = {name: values for name, values in columns.items() if name not in draft.why and values}
    if "start" not in draft.columns.values():
        _only(draft, "start", [n for n, v in left.items() if _are_days(v)], left)
    if not has_points and not {"lat", "lon", "lat_lon", "lon_lat"} & set(draft.columns.values()):
        ranges = {"lat": (bounds.south, bounds.north), "lon": (bounds.west, bounds.east)}
        for to, (low, high) in ranges.items():
            found = [n for n, v in left.items() if _all_within(v, low, high)]
            _only(draft, to, found, left)
    if "admin1" not in draft.columns.values():
        codes = words.context.iso_by_pcode
        _only(draft, "admin1", [n for n, v in left.items() if set(v) <= codes.keys()], left)
    for name in columns:
        draft.why.setdefault(name, "not mapped: neither its name nor its values tell what it is")


def _only(
    draft: _Draft, to: str, found: Sequence[str], columns: Mapping[str, Sequence[str]]
) -> None:
    for name in found:
        if len(found) > 1:
            draft.why[name] = f"not mapped: could be {to}, and so could {len(found) - 1} more"
        elif to in DAYS:
            _take_day(draft, name, to, columns[name], "its values are days")
        elif name not in draft.columns:
            draft.take(name, to, f"its values are like {_shown(columns[name])}")


def _all_within(values: Sequence[str], low: float, high: float) -> bool:
    numbers = [_number(one) if DECIMAL.fullmatch(one) else None for one in values]
    return all(number is not None and low <= number <= high for number in numbers)


def _share(values: Sequence[str], fits: Callable[[str], object]) -> float:
    return sum(bool(fits(one)) for one in values) / len(values) if values else 0.0


def _shown(values: Sequence[str]) -> str:
    return ", ".join(repr(one[:40]) for one in dict.fromkeys(values[:50]))[:120]


def _missing(mapping: TableMapping) -> Iterator[str]:
    """Say what the mapping cannot be used without."""
    try:
        checked(mapping)
    except InvalidFile as wrong:
        yield wrong.problem.sentence()


def _lines(told: Suggestion) -> Iterator[str]:
    mapping = told.mapping
    yield "# Which column is which field: read it, correct it, then\n"
    yield "# strikemap import FILE --mapping THIS --dry-run\n"
    yield from (f"# To be completed: {one}\n" for one in told.missing)
    yield f"version = {mapping.version}\nformat = {_quoted(mapping.format)}\n"
    if mapping.dates:
        yield f"dates = {_quoted(mapping.dates)}\n"
    else:
        yield f"# dates = {_quoted('dmy')}  # one of {', '.join(Notation)}\n"
    yield from (f"{line}\n" for name, line in FLAGS.items() if getattr(mapping, name))
    yield "\n[columns]\n"
    for name, why in told.why.items():
        to = mapping.columns.get(name)
        line = f"{_quoted(name)} = {_quoted(to or '')}"
        yield f"{line if to else '# ' + line}  # {_one_line(why)}\n"
    yield "\n[constants]\n"
    for name, text in mapping.constants.items():
        yield f"{name} = {_quoted(text)}  # nothing says how fine the points are: within 5 km\n"
    for to in WORDED:
        listed, unknown = mapping.words.get(to, {}), told.unknown_words.get(to, [])
        if listed or unknown:
            yield f"\n[words.{to}]\n"
        yield from (f"{_quoted(word)} = {_quoted(code)}\n" for word, code in listed.items())
        yield from (f'# {_quoted(_one_line(word))} = ""  # which code?\n' for word in unknown)


def _quoted(text: str) -> str:
    """Write a TOML basic string; JSON's escapes are TOML's, and DEL is added."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _one_line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text)
