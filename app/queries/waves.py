"""Waves: the reports of a View's period, and their sums, in which no weapon counts twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import msgspec
import numpy as np

from app.domain.answer import JsonObject
from app.domain.cache import BoundedCache
from app.domain.errors import InvalidView, NotFound, Problem
from app.domain.instants import rfc3339
from app.domain.period import Period, epoch_day
from app.domain.revision import Action, Revision, Subject
from app.domain.source import without_other_schemes
from app.domain.terms import Dataset, DatasetKind, Face
from app.domain.view import View
from app.domain.wave import FIGURES, Reckoning, Sum, Volley, Wave, reckoned
from app.index.select import Selection
from app.instance.workspace import Workspace
from app.publishing.publish import covers_whole_weeks, publish
from app.publishing.query import Query
from app.reference.taxonomy import Taxonomy

_WAVE = msgspec.json.Decoder(Wave)
_MOST_CACHED = 8
NOT_OF_WAVES = frozenset(
    {
        *("bbox", "within", "region", "sector", "status", "kind", "min_killed"),
        *("line_km", "side", "freeze"),
    }
)


class WaveCache:
    """The waves of each dataset at a revision, and which of them count."""

    def __init__(self) -> None:
        self._cache = BoundedCache(_MOST_CACHED)

    def of(self, workspace: Workspace, dataset: Dataset, seq: int) -> tuple[list[Wave], Reckoning]:
        """Return the waves that were valid at a revision, by key."""

        def read() -> tuple[list[Wave], Reckoning]:
            waves = _standing(workspace, dataset, seq)
            return waves, reckoned(waves)

        return self._cache.get((dataset.slug, seq, workspace.store.head().hash), read)


def waves_dataset(query: Query, slug: str | None) -> Dataset:
    """Return the dataset of waves with a slug, else the theatre's first.

    Raises:
        InvalidView: there is no such dataset, or the View has a filter that waves do not have.
        NotFound: no dataset of waves is loaded.
    """
    if unfit := [name for name, _ in query.view.pairs() if name in NOT_OF_WAVES]:
        allowed = (
            "from, to, as_of, weapon, dataset, theatre, synthetic: a wave has no place or harm"
        )
        raise InvalidView(tuple(Problem(f"query.{name}", name, allowed) for name in unfit))
    by_slug = {dataset.slug: dataset for dataset in query.datasets_of(DatasetKind.waves)}
    if slug is not None and slug not in by_slug:
        allowed = ", ".join(sorted(by_slug)) or "none is loaded"
        raise InvalidView((Problem("query.dataset", slug, allowed),))
    if not by_slug:
        raise NotFound(f"No dataset of waves is loaded for {query.view.theatre!r}.")
    return by_slug[slug or min(by_slug)]


class PageLimits(NamedTuple):
    """A part of a list: at most `limit` items after the first `offset`."""

    limit: int
    offset: int = 0


def waves_answer(
    query: Query,
    dataset: Dataset,
    cache: WaveCache,
    page: PageLimits,
    count_marks: MarkCounter | None = None,
) -> JsonObject:
    """List the waves of a View's period, newest first, with their totals.

    The public gets reports only if the dataset's terms allow raw records; else it gets sums, and
    only of all days or of whole weeks, as with incidents. `count_marks` adds `mapped` to each wave.
    """
    waves, reckoning = cache.of(query.workspace, dataset, query.seq)
    matching = _matching(waves, query)
    shows_reports = dataset.terms.raw or not query.is_public
    shows_sums = shows_reports or covers_whole_weeks(query.view)
    end = page.offset + page.limit
    numbers = matching[page.offset : end] if shows_reports else []
    return {
        "view": dict(query.view.pairs()),
        "dataset": dataset.slug,
        "numberMatched": len(matching) if shows_reports else None,
        "numberReturned": len(numbers),
        "waves": [
            {
                **_wave_facts(waves[n], is_counted=n in reckoning.counting),
                "mapped": None if count_marks is None else count_marks(waves[n]),
            }
            for n in numbers
        ],
        **(_sums(reckoning, set(matching), query.view) if shows_sums else _NO_SUMS),
        "coverage": {
            "undated": sum(wave.window is None for wave in waves) if shows_reports else None,
            "withheld": {"terms": 0 if shows_reports else len(waves)},
        },
        "credits": [dataset.credit],
    }


def _matching(waves: list[Wave], query: Query) -> list[int]:
    """Return the indices of the waves of a View, newest first."""
    matching = [
        n
        for n, wave in enumerate(waves)
        if _is_in(wave, query.view, query.theatre.zone)
        and any(_has_weapon(volley, query.view) for volley in wave.volleys)
    ]
    return sorted(matching, key=lambda n: (waves[n].when.last, waves[n].key), reverse=True)


@dataclass(frozen=True, eq=False)
class MarkCounter:
    """Counts the marks of a dataset of incidents with the days and the weapons of a wave.

    These incidents may belong to the wave; no source says that they do.
    """

    marks: Selection
    taxonomy: Taxonomy

    @classmethod
    def of(cls, query: Query, slug: str) -> MarkCounter | None:
        """Read a dataset's marks of a View's period; None if the audience may not see them.

        Raises:
            InvalidView: no dataset of incidents with this slug is loaded.
        """
        slugs = query.workspace.vocabularies(query.state)[query.view.theatre].datasets
        if slug not in slugs:
            allowed = ", ".join(sorted(slugs)) or "none is loaded"
            raise InvalidView((Problem("query.incidents", slug, allowed),))
        published = publish(query.but(datasets=(slug,), weapons=()), Face.points)
        if not published.datasets:
            return None
        marks = published.select().drawable(published.filter)
        return cls(marks, query.reference.taxonomy)

    def __call__(self, wave: Wave) -> int | None:
        """Count the marks of a wave; None if its days or weapons are unknown."""
        families = {code.partition(".")[0] for one in wave.volleys for code in one.weapons}
        if not families or wave.when.first is None or wave.when.last is None:
            return None
        bits = np.uint32(self.taxonomy.weapons.family_bits(families))
        fits = self.marks["day_first"] <= epoch_day(wave.when.last)
        fits &= self.marks["day_last"] >= epoch_day(wave.when.first)
        return int((fits & ((self.marks["weapons"] & bits) != 0)).sum())


_NO_SUMS: JsonObject = {"totals": None, "by_weapon": []}


def _standing(workspace: Workspace, dataset: Dataset, seq: int) -> list[Wave]:
    """Read each wave as it was at a revision, without those that were retracted by then."""
    store, waves = workspace.store, list[Wave]()
    current = store.current(Subject.wave, f"{dataset.slug}/")
    newest = {one.seq: one for one in store.by_seq([revision.seq for revision in current.values()])}
    for key, revision in sorted(current.items()):
        revisions = (
            [newest[revision.seq]] if revision.seq <= seq else store.history(Subject.wave, key)
        )
        if wave := _last(revisions, seq):
            waves.append(wave)
    return waves


def _last(revisions: list[Revision], seq: int) -> Wave | None:
    earlier = [one for one in revisions if one.seq <= seq]
    if not earlier or earlier[-1].action is Action.retract or earlier[-1].payload is None:
        return None
    return _WAVE.decode(earlier[-1].payload)


def _is_in(wave: Wave, view: View, zone: str) -> bool:
    """Tell whether a wave is in a View's period; a night is in each period that it overlaps."""
    window, when = wave.window, wave.when
    if window is None or when.first is None or when.last is None:
        return False
    first, last = view.first or when.first, view.last or when.last
    if first > last:
        return False
    period = Period.of_days(first, last, zone)
    if when.is_long:
        return period.start <= window.start and window.end <= period.end
    return period.overlaps(window)


def _has_weapon(volley: Volley, view: View) -> bool:
    """Tell whether a volley has one of the View's weapons; a class includes its members."""
    if not view.weapons:
        return True
    return any(
        code in view.weapons or code.split(".")[0] in view.weapons for code in volley.weapons
    )


def _sums(reckoning: Reckoning, among: set[int], view: View) -> JsonObject:
    families = {one.volley.family for one in reckoning.volleys if one.number in among}

    def of(family: str) -> JsonObject:
        total = reckoning.total(
            among, lambda volley: volley.family == family and _has_weapon(volley, view)
        )
        return {"weapon": family or None, **_figures(total)}

    return {
        "totals": _figures(reckoning.total(among, lambda volley: _has_weapon(volley, view))),
        "by_weapon": [of(family) for family in sorted(families)],
    }


def _figures(total: Sum) -> JsonObject:
    figures = {name: getattr(total, name).answer() for name in FIGURES}
    return {**figures, "reports": total.reports, "overlapping": total.overlapping}


def _wave_facts(wave: Wave, *, is_counted: bool) -> JsonObject:
    when = wave.when
    return {
        "key": wave.key,
        "start": rfc3339(when.start) if when.start else str(when.first),
        "end": rfc3339(when.end) if when.end else str(when.last),
        "when_precision": when.precision.value,
        "scope": wave.scope.value,
        "target": wave.target,
        "counted": is_counted,
        "volleys": [
            {
                "model": volley.model,
                "weapons": list(volley.weapons),
                **{name: msgspec.to_builtins(_whole(volley, name)) for name in FIGURES},
            }
            for volley in wave.volleys
        ],
        "sources": [msgspec.to_builtins(without_other_schemes(source)) for source in wave.sources],
        "synthetic": wave.synthetic,
    }


def _whole(volley: Volley, name: str) -> dict[str, int | None]:
    count = getattr(volley, name)
    return {"low": count.low, "best": count.best, "high": count.high}
