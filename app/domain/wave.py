"""The wave: one report of an attack in a window of time, with what was launched and stopped.

Reports overlap: a regional command speaks of weapons that the national report of the same night
holds already. The rule for adding them up stands here once.
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
    """Whether a report speaks of a whole country, or of a part that it may share with others."""

    national = "national"
    regional = "regional"


class Volley(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """What a report says of one model, in the source's word; `weapons` are taxonomy codes.

    `lost` did not reach its goal by itself (decoys, jamming); `flying` had not come down yet;
    `hits` and `debris` are places where impacts, or debris of what was intercepted, were reported.
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
        """The class that all its weapons belong to; "" when not stated or when there are several.

        >>> Volley(model="invented", weapons=("missile.cruise", "missile.ballistic")).family
        'missile'
        """
        families = {code.partition(".")[0] for code in self.weapons}
        return families.pop() if len(families) == 1 else ""


class Wave(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """One report of an attack: its window, whom it speaks of, and a volley for each model.

    `key` is the source's own within the dataset; `target` is the source's text. Where weapons were
    launched from is never kept.
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
        """The key under which the record keeps it."""
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


class _Said(NamedTuple):
    """A volley with the window and the report that it stands in."""

    number: int
    wave: Wave
    volley: Volley
    window: Period


class Sum(msgspec.Struct, frozen=True):
    """What several reports add up to without counting a weapon twice.

    `reports` were counted; `overlapping` were not, since a national report holds them already.
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
    """Which reports of a dataset count, and which may speak of the same weapons.

    It is made of all waves, whatever is asked for: a report just outside a period may hold one
    inside.
    """

    groups: Sequence[Sequence[_Said]]
    said: Sequence[_Said]

    @property
    def counted(self) -> set[int]:
        """The places of waves of which something counts."""
        return {one.number for part in self.groups for one in part}

    def total(self, among: Container[int], wants: Wants = lambda _: True) -> Sum:
        """Add up the volleys that are wanted of some waves, by their places."""
        parts = [[one for one in part if _fits(one, among, wants)] for part in self.groups]
        parts = [part for part in parts if part]
        named = {one.number for one in self.said if _fits(one, among, wants)}
        standing = {one.number for part in parts for one in part}
        return Sum(
            **{name: Tally.total(_either(part, name) for part in parts) for name in FIGURES},
            reports=len(standing),
            overlapping=len(named - standing),
        )


def reckoned(waves: Sequence[Wave]) -> Reckoning:
    """Tell which reports count.

    National reports are added. A regional one counts only where no national report of an
    overlapping window speaks of the same class. Regional reports whose windows overlap may speak
    of the same weapons: the sum is at least the largest and at most all of them.
    """
    said = list(_said(waves))
    return Reckoning([part for of_class in _by_class(said) for part in _counted(of_class)], said)


def _fits(one: _Said, among: Container[int], wants: Wants) -> bool:
    return one.number in among and wants(one.volley)


def _said(waves: Sequence[Wave]) -> Iterable[_Said]:
    for number, wave in enumerate(waves):
        if window := wave.window:
            yield from (_Said(number, wave, volley, window) for volley in wave.volleys)


def _by_class(said: Iterable[_Said]) -> list[list[_Said]]:
    ordered = sorted(said, key=lambda one: one.volley.family)
    return [list(part) for _, part in groupby(ordered, key=lambda one: one.volley.family)]


def _counted(said: Sequence[_Said]) -> list[list[_Said]]:
    """List what counts of one class, as groups; the reports within a group may be of the same."""
    national = [one for one in said if one.wave.scope is Scope.national]
    windows = _joined(one.window for one in national)
    regional = [one for one in said if one.wave.scope is Scope.regional]
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


def _clusters(said: Sequence[_Said]) -> list[list[_Said]]:
    """Group reports whose windows overlap, one after another."""
    joined = _joined(one.window for one in said)
    groups: list[list[_Said]] = [[] for _ in joined]
    for one in said:
        place = next(n for n, window in enumerate(joined) if one.window.overlaps(window))
        groups[place].append(one)
    return groups


def _either(part: Sequence[_Said], name: str) -> Count:
    """Add up what each report says, and take the reports of a group for possibly the same."""
    by_report: dict[tuple[str, ...], Count] = {}
    for one in part:
        report = _report(one.wave)
        figure: Count = getattr(one.volley, name)
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
    """One report may hold several waves: rows of other targets, which are not the same weapons."""
    told = tuple(one.url or one.publisher or "" for one in wave.sources)
    return told or (wave.key,)
