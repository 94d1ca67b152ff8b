"""Waves: the reports of a View's period, and what they add up to without counting twice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from app.domain.cache import BoundedCache
from app.domain.errors import InvalidView, NotFound, Problem
from app.domain.instants import rfc3339
from app.domain.period import Period, epoch_day
from app.domain.revision import Action, Revision, Subject
from app.domain.terms import Dataset, DatasetKind, Face
from app.domain.view import View
from app.domain.wave import FIGURES, Reckoning, Sum, Volley, Wave, reckoned
from app.index.select import Selection
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.reference.taxonomy import Taxonomy

_WAVE = msgspec.json.Decoder(Wave)
DAYS_A_WEEK = 7
MOST_KEPT = 8
NOT_OF_WAVES = frozenset(
    {"bbox", "region", "sector", "status", "min_killed", "line_km", "side", "freeze"}
)


class WaveCache:
    """The waves of each dataset as they were known, with which of them count."""

    def __init__(self) -> None:
        self._cache = BoundedCache(MOST_KEPT)

    def of(self, workspace: Workspace, dataset: Dataset, seq: int) -> tuple[list[Wave], Reckoning]:
        """Read the waves that stood at a revision, by key."""

        def read() -> tuple[list[Wave], Reckoning]:
            waves = _standing(workspace, dataset, seq)
            return waves, reckoned(waves)

        return self._cache.get((dataset.slug, seq, workspace.store.head().seq), read)


def waves_dataset(query: Query, slug: str | None) -> Dataset:
    """Resolve whose waves are meant: the named dataset, else the theatre's first.

    Raises:
        InvalidView: the named one does not exist, or the View narrows by what a wave has not.
        NotFound: none is loaded.
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


def waves_answer(  # noqa: PLR0913  what is asked for, each by name
    query: Query,
    dataset: Dataset,
    cache: WaveCache,
    *,
    limit: int,
    offset: int,
    count_marks: MarkCounter | None = None,
) -> dict[str, Any]:
    """List the waves of a View's period, newest first, with their totals.

    For the public, reports leave only where the dataset's terms let raw records out; without
    that, sums are given for all days or whole weeks, as with incidents.
    """
    waves, reckoning = cache.of(query.workspace, dataset, query.seq)
    zone = query.theatre.zone
    matching = [n for n, wave in enumerate(waves) if _is_in(wave, query.view, zone)]
    matching = [n for n in matching if any(_wants(one, query.view) for one in waves[n].volleys)]
    matching.sort(key=lambda n: (waves[n].when.last, waves[n].key), reverse=True)
    is_public = query.is_public
    shows_reports = dataset.terms.raw or not is_public
    page = matching[offset : offset + limit] if shows_reports else []
    return {
        "view": dict(query.view.pairs()),
        "dataset": dataset.slug,
        "numberMatched": len(matching) if shows_reports else None,
        "numberReturned": len(page),
        "waves": [
            {
                **_wave_facts(waves[n], is_counted=n in reckoning.counted),
                "mapped": None if count_marks is None else count_marks(waves[n]),
            }
            for n in page
        ],
        **(
            _sums(reckoning, set(matching), query.view)
            if shows_reports or _covers_weeks(query.view)
            else _NO_SUMS
        ),
        "coverage": {
            "undated": sum(wave.window is None for wave in waves) if shows_reports else None,
            "withheld": {"terms": 0 if shows_reports else len(waves)},
        },
        "credits": [dataset.credit],
    }


@dataclass(frozen=True, eq=False)
class MarkCounter:
    """Counts the marks of a dataset of incidents that fall on a wave's days with its weapons.

    It counts what may be of the wave, by day and class of weapon: nobody said that it is.
    """

    marks: Selection
    taxonomy: Taxonomy

    @classmethod
    def of(cls, query: Query, slug: str) -> MarkCounter | None:
        """Read a dataset's marks of a View's period; None where the audience may not have them.

        Raises:
            InvalidView: no such dataset of incidents is loaded.
        """
        words = query.workspace.vocabularies(query.state)[query.view.theatre]
        if slug not in words.datasets:
            allowed = ", ".join(sorted(words.datasets)) or "none is loaded"
            raise InvalidView((Problem("query.incidents", slug, allowed),))
        published = publish(query.but(datasets=(slug,), weapons=()), Face.points)
        if not published.datasets:
            return None
        marks = published.select().drawable(published.filter)
        return cls(marks, query.reference.taxonomy)

    def __call__(self, wave: Wave) -> int | None:
        """Count; None for a wave whose days or weapons are not known."""
        families = {code.partition(".")[0] for one in wave.volleys for code in one.weapons}
        if not families or wave.when.first is None or wave.when.last is None:
            return None
        bits = np.uint32(self.taxonomy.weapons.family_bits(families))
        fits = self.marks["day_first"] <= epoch_day(wave.when.last)
        fits &= self.marks["day_last"] >= epoch_day(wave.when.first)
        return int((fits & ((self.marks["weapons"] & bits) != 0)).sum())


_NO_SUMS: dict[str, Any] = {"totals": None, "by_weapon": []}


def _standing(workspace: Workspace, dataset: Dataset, seq: int) -> list[Wave]:
    """Read each wave as it was at a revision; one that was retracted by then is left out."""
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
    """Tell whether a wave belongs to a period: a night belongs to each that it overlaps."""
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


def _wants(volley: Volley, view: View) -> bool:
    """Tell whether a volley has one of the weapons asked for; a class includes its members."""
    if not view.weapons:
        return True
    return any(
        code in view.weapons or code.split(".")[0] in view.weapons for code in volley.weapons
    )


def _covers_weeks(view: View) -> bool:
    """Tell whether a period is all days or whole ISO weeks: no single night can be told from it."""
    if view.first is None and view.last is None:
        return True
    if view.first is None or view.last is None:
        return False
    days = (view.last - view.first).days + 1
    return view.first.isoweekday() == 1 and days % DAYS_A_WEEK == 0


def _sums(reckoning: Reckoning, among: set[int], view: View) -> dict[str, Any]:
    families = {one.volley.family for one in reckoning.volleys if one.number in among}

    def of(family: str) -> dict[str, Any]:
        total = reckoning.total(among, lambda one: one.family == family and _wants(one, view))
        return {"weapon": family or None, **_figures(total)}

    return {
        "totals": _figures(reckoning.total(among, lambda one: _wants(one, view))),
        "by_weapon": [of(family) for family in sorted(families)],
    }


def _figures(total: Sum) -> dict[str, Any]:
    figures = {name: getattr(total, name).answer() for name in FIGURES}
    return {**figures, "reports": total.reports, "overlapping": total.overlapping}


def _wave_facts(wave: Wave, *, is_counted: bool) -> dict[str, Any]:
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
                "model": one.model,
                "weapons": list(one.weapons),
                **{name: msgspec.to_builtins(_whole(one, name)) for name in FIGURES},
            }
            for one in wave.volleys
        ],
        "sources": [msgspec.to_builtins(one) for one in wave.sources],
        "synthetic": wave.synthetic,
    }


def _whole(volley: Volley, name: str) -> dict[str, int | None]:
    count = getattr(volley, name)
    return {"low": count.low, "best": count.best, "high": count.high}
