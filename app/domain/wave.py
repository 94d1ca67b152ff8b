"""The wave: one report of an attack in a window of time, with what was launched and stopped.

Reports overlap: a regional command counts weapons that the national report of the same night counts
too. This module has the one rule for adding them up.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from itertools import groupby
from typing import NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from app.domain.count import UNKNOWN, Count, Tally, add_known
from app.domain.period import Period, When
from app.domain.source import SourceRef

FIGURES = ("launched", "intercepted", "lost", "flying", "hits", "debris")
INSTANT = timedelta(microseconds=1)


class Scope(StrEnum):
    """Whether a report covers a whole country, or a part that other reports may cover as well."""

    national = "national"
    regional = "regional"


class Volley(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What a report says of one model, in the source's word; `weapons` are taxonomy codes.

    `lost` did not reach its goal by itself (decoys, jamming); `flying` had not come down yet;
    `hits` and `debris` count places with reported impacts, or with debris of interceptions.
    """

    model: str
    weapons: tuple[str, ...] = ()
    launched: Count = UNKNOWN
    intercepted: Count = UNKNOWN
    lost: Count = UNKNOWN
    flying: Count = UNKNOWN
    hits: Count = UNKNOWN
    debris: Count = UNKNOWN

    @property
    def family(self) -> str:
        """The class of all its weapons; "" when not stated or when there are several.

        >>> Volley(model="invented", weapons=("missile.cruise", "missile.ballistic")).family
        'missile'
        """
        families = {code.partition(".")[0] for code in self.weapons}
        return families.pop() if len(families) == 1 else ""


class Wave(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One report of an attack: its window, its scope, and a volley for each model.

    `key` is the source's own within the dataset; `target` is the source's text. The place of launch
    is never stored.
    """

    key: str
    dataset: str
    when: When
    scope: Scope
    target: str | None = None
    volleys: tuple[Volley, ...] = ()
    sources: tuple[SourceRef, ...] = ()
    synthetic: bool = False

    @property
    def subject(self) -> str:
        """The key in the record."""
        return f"{self.dataset}/{self.key}"

    @property
    def window(self) -> Period | None:
        """The window in UTC, whole local days where no hour is known; None when undated."""
        when = self.when
        if when.start is not None and when.end is not None:
            return Period(when.start, max(when.end, when.start + INSTANT))
        if when.first is None or when.last is None:
            return None
        zone = ZoneInfo(when.zone or "UTC")
        start = datetime.combine(when.first, time(), zone).astimezone(UTC)
        end = datetime.combine(when.last + timedelta(days=1), time(), zone).astimezone(UTC)
        return Period(start, end)


Wants = Callable[[Volley], bool]


class _ReportedVolley(NamedTuple):
    """A volley with its wave, the wave's place in the list, and its window."""

    number: int
    wave: Wave
    volley: Volley
    window: Period


class Sum(msgspec.Struct, frozen=True):
    """The sum of several reports, without counting a weapon twice.

    `reports` were counted; `overlapping` were not, because a national report covers them.
    """

    launched: Tally
    intercepted: Tally
    lost: Tally
    flying: Tally
    hits: Tally
    debris: Tally
    reports: int
    overlapping: int


class Reckoning(NamedTuple):
    """Which reports of a dataset count, and which may count the same weapons.

    It is made from all waves, whatever the View: a report just outside a period may cover one
    inside.
    """

    groups: Sequence[Sequence[_ReportedVolley]]
    volleys: Sequence[_ReportedVolley]

    @property
    def counting(self) -> set[int]:
        """The places of the waves of which a volley counts."""
        return {one.number for part in self.groups for one in part}

    def total(self, among: Container[int], wants: Wants = lambda _: True) -> Sum:
        """Add up the volleys that `wants` accepts, of the waves at the places `among`."""
        parts = [[one for one in part if _fits(one, among, wants)] for part in self.groups]
        parts = [part for part in parts if part]
        reports = {one.number for one in self.volleys if _fits(one, among, wants)}
        counting = {one.number for part in parts for one in part}
        return Sum(
            **{name: Tally.total(_either(part, name) for part in parts) for name in FIGURES},
            reports=len(counting),
            overlapping=len(reports - counting),
        )


def reckoned(waves: Sequence[Wave]) -> Reckoning:
    """Find the reports that count.

    National reports are added. A regional one counts only where no national report of an
    overlapping window covers the same class. Regional reports whose windows overlap may count the
    same weapons: the sum is at least the largest and at most all of them.
    """
    volleys = list(_reported(waves))
    return Reckoning(
        [part for of_class in _by_class(volleys) for part in _groups_that_count(of_class)], volleys
    )


def _fits(entry: _ReportedVolley, among: Container[int], wants: Wants) -> bool:
    return entry.number in among and wants(entry.volley)


def _reported(waves: Sequence[Wave]) -> Iterable[_ReportedVolley]:
    for number, wave in enumerate(waves):
        if window := wave.window:
            yield from (_ReportedVolley(number, wave, volley, window) for volley in wave.volleys)


def _by_class(volleys: Iterable[_ReportedVolley]) -> list[list[_ReportedVolley]]:
    ordered = sorted(volleys, key=lambda one: one.volley.family)
    return [list(part) for _, part in groupby(ordered, key=lambda one: one.volley.family)]


def _groups_that_count(volleys: Sequence[_ReportedVolley]) -> list[list[_ReportedVolley]]:
    """Group the volleys of one class that count; those of a group may be the same weapons."""
    national = [one for one in volleys if one.wave.scope is Scope.national]
    windows = _joined(one.window for one in national)
    regional = [one for one in volleys if one.wave.scope is Scope.regional]
    regional = [one for one in regional if not _overlaps_any(one.window, windows)]
    ordered = sorted(national, key=lambda one: (one.window.start, one.window.end))
    # Two national reports of the very same window are two accounts of it.
    same = groupby(ordered, key=lambda one: one.window)
    return [*(list(part) for _, part in same), *_clusters(regional)]


def _joined(windows: Iterable[Period]) -> list[Period]:
    """Unite windows that overlap, in order of time."""
    joined: list[Period] = []
    for window in sorted(windows, key=lambda one: (one.start, one.end)):
        if joined and window.start < joined[-1].end:
            joined[-1] = Period(joined[-1].start, max(joined[-1].end, window.end))
        else:
            joined.append(window)
    return joined


def _overlaps_any(window: Period, joined: Sequence[Period]) -> bool:
    return any(window.overlaps(one) for one in joined)


def _clusters(volleys: Sequence[_ReportedVolley]) -> list[list[_ReportedVolley]]:
    """Group reports whose windows overlap, one after another."""
    joined = _joined(one.window for one in volleys)
    groups: list[list[_ReportedVolley]] = [[] for _ in joined]
    for entry in volleys:
        place = next(n for n, window in enumerate(joined) if entry.window.overlaps(window))
        groups[place].append(entry)
    return groups


def _either(part: Sequence[_ReportedVolley], name: str) -> Count:
    """Add up each report, and bound the sum of a group whose reports may be the same weapons."""
    by_report: dict[tuple[str, ...], Count] = {}
    for entry in part:
        report = _report(entry.wave)
        figure: Count = getattr(entry.volley, name)
        by_report[report] = by_report[report] + figure if report in by_report else figure
    counts = list(by_report.values())
    if len(counts) == 1:
        return counts[0]
    low: int | None = None
    high: int | None = 0
    for count in counts:
        low = count.low if low is None else max(low, count.low or 0)
        high = None if high is None or count.high is None else add_known(high, count.high)
    return Count(low, None, high)


def _report(wave: Wave) -> tuple[str, ...]:
    """Identify a report: its waves are rows of several targets, which are different weapons."""
    origins = tuple(one.url or one.publisher or "" for one in wave.sources)
    return origins or (wave.key,)
