"""The value of each region by a View's metric, and the classes that give regions their colour."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.domain.cache import BoundedCache
from app.domain.terms import Face
from app.index.summary import Ledger
from app.publishing.publish import Published, summable
from app.queries.region_sums import by_region
from app.render.palette import breaks, class_of

TOLLS = ("killed", "killed_per_100k", "injured")
"""Metrics that may be unknown where incidents are known."""


@dataclass(frozen=True)
class Choropleth:
    """The value of every region of a View, and the limits of classes, equal for all its tiles.

    A View of one region has no classes.
    """

    values: dict[str, float | None]
    limits: list[float]

    def class_number(self, code: str) -> int | None:
        """The class of a region: None where no figure is shown, -1 for nothing reported."""
        value = self.values[code]
        return None if value is None else class_of(value, self.limits)


@dataclass
class Choropleths:
    """Computes the values of regions, once for all tiles of a View."""

    _cache: BoundedCache = field(default_factory=BoundedCache)

    def of(self, published: Published) -> Choropleth:
        """Return each region's value by the View's metric: not 0 but None where none is shown."""
        return self._cache.get(published.key, lambda: _choropleth(published))


def without_value(published: Published) -> str:
    """Say why a region has no value: not known, held back by terms, or too few to show."""
    words = published.words
    reasons = [words["no_figure"]] if published.view.metric in TOLLS else []
    if published.is_withheld:
        reasons.append(words["not_shared"])
    if published.has_small_cells:
        reasons.append(words["too_few"])
    return "; ".join(reasons) or words["no_figure"]


def _choropleth(published: Published) -> Choropleth:
    view, reference = published.view, published.reference
    ledger = Ledger(
        by_region(summable(published, Face.aggregates)), reference.taxonomy.sectors.codes
    )
    # Where sums are held back, no incident in a sum does not mean that none is recorded.
    is_silent = published.holds_back_sums
    values: dict[str, float | None] = {}
    for group, (theatre, region) in enumerate(reference.regions(view.level)):
        if theatre == view.theatre:
            is_in_view = not view.regions or region.code in view.regions
            is_held = is_silent and is_in_view and not ledger.value("incidents", group)
            value = _value(ledger, view.metric, group, region.population)
            values[region.code] = None if is_held else value
    positive = [value for value in values.values() if value is not None and value > 0]
    # One region has no other to compare with: its outline says where, and its colour says nothing.
    return Choropleth(values, [] if len(view.regions) == 1 else breaks(positive))


def _value(ledger: Ledger, metric: str, group: int, population: int | None) -> float | None:
    """Return the value of a region: incidents and damage are counts, a toll is its lower bound."""
    if metric in ("incidents", "damaged", "destroyed"):
        return ledger.value(metric, group)
    tally = ledger.tally("injured" if metric == "injured" else "killed", group)
    if tally.of == 0:
        return 0
    low = tally.low if tally.low is not None else tally.best
    if metric != "killed_per_100k" or low is None:
        return low
    return low / population * 1e5 if population else None
