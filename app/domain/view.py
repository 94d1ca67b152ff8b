"""The View: what a request asks for, as one small value that every answer is made from.

A URL holds a View: `View.parse` reads its parameters, `View.query` writes them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any, TypeVar
from urllib.parse import urlencode

import msgspec

from app.domain.drawn_area import DrawnArea
from app.domain.errors import InvalidPlace, InvalidView, InvalidWhen, Problem
from app.domain.incident import EventKind, Status
from app.domain.instants import is_day, parse_day, parse_instant, rfc3339
from app.domain.period import end_of_day
from app.domain.place import Bounds

T = TypeVar("T")

MOST_DIGITS = 9
"""Of a whole number: it must fit into the 32 bits of the index's columns."""

DECIMAL = re.compile(r"[0-9]{1,6}(\.[0-9]{1,3})?")
METRICS = ("incidents", "killed", "injured", "damaged", "destroyed")
COLOURS_BY = ("weapon", "sector", "status", "dataset", "side")
SIZES_BY = ("none", "killed", "injured")
PALETTES = ("orange", "purple", "green", "grey")
"""By what marks get their colour and their size, and the colours of regions: defaults first."""

PARAMETERS = (
    *(
        "from",
        "to",
        "as_of",
        "bbox",
        "within",
        "region",
        "level",
        "weapon",
        "sector",
        "status",
        "dataset",
    ),
    "kind",
    *("min_killed", "metric", "lang", "theatre", "control", "synthetic"),
    *("freeze", "line_km", "side", "colour_by", "size_by", "palette"),
)
NOT_STATED = "not_stated"
"""The side of ground that no area of a source covers; it is not "government"."""

MOST_LINE_KM = 20_040
"""Half of the earth's circumference: nothing is farther away."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The values that a View of one theatre may use."""

    theatre: str
    zone: str
    languages: tuple[str, ...]
    regions: Mapping[int, frozenset[str]]
    weapons: frozenset[str]
    sectors: frozenset[str]
    datasets: frozenset[str]
    controls: frozenset[str]
    parties: tuple[str, ...]
    has_population: bool
    is_synthetic: bool
    bounds: Bounds
    """The box that the theatre's map opens on."""

    @property
    def metrics(self) -> tuple[str, ...]:
        """List the metrics; the rate exists only where population is loaded."""
        return (*METRICS, "killed_per_100k") if self.has_population else METRICS


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A period, an as-of instant, a place, filters, a metric and a language."""

    theatre: str
    first: date | None = None
    last: date | None = None
    as_of: datetime | None = None
    bbox: Bounds | None = None
    within: DrawnArea | None = None
    regions: tuple[str, ...] = ()
    level: int = 1
    weapons: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    statuses: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    min_killed: int | None = None
    metric: str = "incidents"
    lang: str = "en"
    control: str | None = None
    synthetic: bool = False
    freeze: date | None = None
    line_km: float | None = None
    sides: tuple[str, ...] = ()
    colour_by: str = COLOURS_BY[0]
    size_by: str = SIZES_BY[0]
    palette: str = PALETTES[0]

    @property
    def needs_control(self) -> bool:
        """Tell whether incidents are filtered by their place relative to a front line."""
        return self.line_km is not None or bool(self.sides)

    @property
    def is_by_place(self) -> bool:
        """Tell whether incidents are filtered by where exactly they were, not by region alone."""
        return self.bbox is not None or self.within is not None or self.needs_control

    @classmethod
    def parse(
        cls,
        pairs: Iterable[tuple[str, str]],
        vocabularies: Mapping[str, Vocabulary],
        default_theatre: str,
        now: datetime,
    ) -> View:
        """Read a View from query parameters; every wrong one is reported, none is ignored.

        Args:
            pairs: names and values of the URL; lists may repeat or be separated by commas.
            vocabularies: what each theatre allows.
            default_theatre: the theatre of a request without one.
            now: the present, in UTC; an `as_of` after it is refused.

        Raises:
            InvalidView: with one problem per parameter that does not fit.
        """
        texts: dict[str, list[str]] = {}
        for name, value in pairs:
            texts.setdefault(name, []).append(value)
        reader = _Reader(texts)
        reader.names()
        theatre = reader.single("theatre", _one_of(tuple(vocabularies)), default_theatre)
        words = vocabularies[theatre]
        view = reader.view(words, now)
        if reader.problems:
            raise InvalidView(tuple(reader.problems))
        return view

    def pairs(self) -> list[tuple[str, str]]:
        """Write the View as parameters, without those that have their default value."""
        lists = {
            "region": self.regions,
            "weapon": self.weapons,
            "sector": self.sectors,
            "status": self.statuses,
            "kind": self.kinds,
            "dataset": self.datasets,
            "side": self.sides,
        }
        single = {
            "theatre": self.theatre,
            "from": self.first,
            "to": self.last,
            "as_of": None if self.as_of is None else rfc3339(self.as_of),
            "bbox": None if self.bbox is None else ",".join(map(_plain, self.bbox)),
            "within": None if self.within is None else ",".join(map(_plain, self.within.numbers)),
            "level": None if self.level == 1 else self.level,
            "min_killed": self.min_killed,
            "metric": None if self.metric == "incidents" else self.metric,
            "lang": self.lang,
            "control": self.control,
            "freeze": self.freeze,
            "line_km": None if self.line_km is None else _plain(self.line_km),
            "synthetic": int(self.synthetic),
            "colour_by": None if self.colour_by == COLOURS_BY[0] else self.colour_by,
            "size_by": None if self.size_by == SIZES_BY[0] else self.size_by,
            "palette": None if self.palette == PALETTES[0] else self.palette,
        }
        out = [(name, str(value)) for name, value in single.items() if value is not None]
        out += [(name, ",".join(values)) for name, values in lists.items() if values]
        return sorted(out)

    def query(self) -> str:
        """Write the View as a canonical query string: equal Views, equal strings."""
        return urlencode(self.pairs(), safe=",:")

    def but(self, **changes: Any) -> View:
        """Return the View with some fields changed."""
        return msgspec.structs.replace(self, **changes)


def _plain(degrees: float) -> str:
    return str(degrees + 0.0).removesuffix(".0")  # -0.0 becomes 0.0: equal Views, equal strings


@dataclass
class _Reader:
    """Reads parameters and collects their problems, so that a user sees all of them at once."""

    texts: Mapping[str, list[str]]
    problems: list[Problem] = field(default_factory=list)

    def names(self) -> None:
        for name in self.texts:
            if name not in PARAMETERS:
                self.wrong(name, name, f"one of the parameters {', '.join(PARAMETERS)}")

    def wrong(self, name: str, got: str, allowed: str) -> None:
        self.problems.append(Problem(f"query.{name}", got, allowed))

    def single(self, name: str, parse: Callable[[str], T], default: T) -> T:
        """Read a parameter that may occur once; `parse` raises _Refused with what is allowed."""
        values = self.texts.get(name, [])
        if not values:
            return default
        if len(values) > 1:
            self.wrong(name, ", ".join(values), "to be given once")
            return default
        try:
            return parse(values[0])
        except _Refused as refused:
            self.wrong(name, refused.got or values[0], refused.allowed)
            return default

    def many(self, name: str, allowed: Iterable[str]) -> tuple[str, ...]:
        """Read a list parameter: repeated, separated by commas, or both; order does not matter."""
        choices = sorted(allowed)
        values = [item for value in self.texts.get(name, []) for item in value.split(",")]
        for value in values:
            if value not in choices:
                self.wrong(name, value, _comma_list(choices))
        return tuple(sorted({value for value in values if value in choices}))

    def view(self, words: Vocabulary, now: datetime) -> View:
        """Read everything except the theatre."""
        first = self.single("from", _day, None)
        last = self.single("to", _day, None)
        if first and last and last < first:
            self.wrong("to", str(last), f"{first} (the value of from) or later")
        level = self.single("level", lambda text: self._level(text, words), 1)
        return View(
            theatre=words.theatre,
            first=first,
            last=last,
            as_of=self.single("as_of", lambda text: _as_of(text, words.zone, now), None),
            bbox=self.single("bbox", _bbox, None),
            within=self.single("within", lambda text: _within(text, words.bounds), None),
            regions=self.many("region", words.regions.get(level, frozenset())),
            level=level,
            weapons=self.many("weapon", words.weapons),
            sectors=self.many("sector", words.sectors),
            statuses=self.many("status", (status.value for status in Status)),
            kinds=self.many("kind", (kind.value for kind in EventKind)),
            datasets=self.many("dataset", words.datasets),
            min_killed=self.single("min_killed", _whole, None),
            metric=self.single("metric", _one_of(words.metrics), "incidents"),
            lang=self.single("lang", _one_of(words.languages), words.languages[0]),
            control=self.single("control", _one_of(tuple(sorted(words.controls))), None),
            synthetic=self.single("synthetic", _flag, words.is_synthetic),
            freeze=self.single("freeze", _day, None),
            line_km=self.single("line_km", _km, None),
            sides=self.many("side", (*words.parties, NOT_STATED)),
            colour_by=self.single("colour_by", _one_of(COLOURS_BY), COLOURS_BY[0]),
            size_by=self.single("size_by", _one_of(SIZES_BY), SIZES_BY[0]),
            palette=self.single("palette", _one_of(PALETTES), PALETTES[0]),
        )

    @staticmethod
    def _level(text: str, words: Vocabulary) -> int:
        if text not in {"1", "2"}:
            raise _Refused("1 or 2")
        if int(text) not in words.regions:
            levels = ", ".join(map(str, sorted(words.regions)))
            raise _Refused(
                f"{levels}; load boundaries of level {text} with `strikemap regions import FILE`"
            )
        return int(text)


class _Refused(Exception):
    def __init__(self, allowed: str, got: str = "") -> None:
        self.allowed, self.got = allowed, got


def _comma_list(choices: Iterable[str]) -> str:
    return ", ".join(choices) or "nothing: none is loaded"


def _one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            raise _Refused(_comma_list(choices))
        return text

    return parse


def _day(text: str) -> date | None:
    try:
        return parse_day(text)
    except InvalidWhen as wrong:
        raise _Refused(wrong.problem.allowed) from wrong


def parse_known(text: str, zone: str, now: datetime) -> datetime:
    """Read an `as_of`: an instant with its offset, or a past day, which means its end.

    Raises:
        InvalidWhen: another notation, or the future.
    """
    try:
        instant = _as_of(text, zone, now)
    except _Refused as refused:
        raise InvalidWhen("instant", text, refused.allowed) from refused
    assert instant is not None  # noqa: S101  it refuses what it cannot read
    return instant


def _as_of(text: str, zone: str, now: datetime) -> datetime | None:
    allowed = f"a day before today or an instant such as {rfc3339(now.replace(microsecond=0))}"
    try:
        instant = end_of_day(parse_day(text), zone) if is_day(text) else parse_instant(text)
    except InvalidWhen as wrong:
        raise _Refused(allowed) from wrong
    if instant.tzinfo is None:
        raise _Refused(allowed + ", with its offset")
    try:
        instant = instant.astimezone(UTC)
    except OverflowError as wrong:
        raise _Refused(allowed) from wrong
    if instant > now:
        raise _Refused(allowed + "; the future is not known yet")
    return instant


def sides_of(text: str) -> list[float]:
    """Read the numbers of a box or of corners; none if one of them is no number."""
    try:
        # Python reads 1_0 as ten; nobody else does.
        return [] if "_" in text else [float(side) for side in text.split(",")]
    except ValueError:
        return []


def _bbox(text: str) -> Bounds | None:
    try:
        return Bounds.of(sides_of(text))
    except InvalidPlace as wrong:
        raise _Refused(wrong.problem.allowed) from wrong


def _within(text: str, theatre: Bounds) -> DrawnArea | None:
    try:
        area = DrawnArea.of(sides_of(text))
    except InvalidPlace as wrong:
        raise _Refused(wrong.problem.allowed, wrong.problem.got) from wrong
    if area.bounds.is_exchanged(theatre):
        raise _Refused("longitude before latitude", "corners with their latitude first")
    return area


def _km(text: str) -> float | None:
    allowed = f"kilometres from the front line, over 0 and at most {MOST_LINE_KM}"
    if not DECIMAL.fullmatch(text) or not 0 < float(text) <= MOST_LINE_KM:
        raise _Refused(allowed)
    return float(text)


def _whole(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        raise _Refused("a whole number, 0 or more")
    return int(text)


def _flag(text: str) -> bool:
    if text not in {"0", "1"}:
        raise _Refused("0 or 1")
    return text == "1"
