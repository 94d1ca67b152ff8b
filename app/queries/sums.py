"""Summaries of a View: incidents, tolls and damage by region, day, weapon, sector or dataset."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from app.domain.answer import JsonObject
from app.domain.instants import rfc3339
from app.domain.terms import Dataset
from app.domain.view import NOT_STATED
from app.index.columns import KINDS_OF_EVENT
from app.index.groups import Grouping
from app.index.select import BEGINNING, END, RETRACTED, is_of_kind, is_quiet, is_released
from app.index.summary import Ledger, Measures, measure
from app.publishing.cells import Grain
from app.publishing.line_joins import line_join
from app.publishing.publish import Published, counted_rows, joined_source
from app.queries.day_texts import DayTexts
from app.queries.group_sums import sums_by, sums_by_day
from app.queries.rates import RATE, add_rates
from app.queries.region_sums import by_region
from app.rows import CONTRADICTORY

GROUPINGS = ("region", "day", "weapon", "sector", "kind", "dataset", "line")
RULE = "range across independent sources"
"""How the figures of several datasets on one strike are combined (`app.index.merged`)."""

BANDS_KM = (10, 30, 100)
"""Upper bounds of the bands of `by=line`; the last band has none."""


def summarise(published: Published, by: str, days: DayTexts | None = None) -> JsonObject:
    """Sum a View in the shape of `/api/summary`; with `days`, rows by day are JSON already.

    Several datasets are added up only if each pair of them was compared, so that a strike that two
    of them report counts once; until then the answer has a row for each dataset.
    """
    if not published.is_summed:
        by = "dataset"
    # Rows by dataset are each dataset's own figures, also for a strike that another reports too.
    apart = replace(published, folded=None) if by == "dataset" else published
    grouped = _grouped(apart, by)
    codes = published.reference.taxonomy.sectors.codes
    ledger, has_cells = Ledger(grouped.measures, codes), published.filter.grains is not None
    answer: JsonObject = {
        "view": dict(published.view.pairs()),
        "as_of": _as_of(published),
        "version": str(published.state.seq),
        "by": by,
        "synthetic": published.view.synthetic,
        "additive": grouped.is_additive,
        **_matching_report(published),
        "rows": _rows(published, by, grouped, ledger)
        if days is None or by != "day" or published.view.metric == RATE
        else days.rows([] if published.is_withheld else grouped.rows, grouped.measures, codes),
        "elsewhere": ledger.answer(grouped.measures.groups - 1)
        if by == "region" and not published.is_withheld
        else None,
        "totals": _totals(published, grouped, codes),
        "coverage": coverage(published),
        **({"smallest_cell": published.workspace.smallest_cell} if has_cells else {}),
        "region_set": region_set(published),
        "credits": list(published.credits),
    }
    if published.view.metric == RATE:
        add_rates(published, answer["rows"])
    return answer


def _rows(
    published: Published, by: str, grouped: GroupSums, ledger: Ledger
) -> list[dict[str, object]]:
    is_short = by == "day" or published.has_small_cells
    return [
        {"key": key, "name": name, **ledger.answer(group)}
        for key, name, group in ([] if published.is_withheld else grouped.rows)
        if not is_short or ledger.value("incidents", group)
    ]


def _matching_report(published: Published) -> JsonObject:
    """Report by which rule several datasets were added up, or why they were not."""
    if len(published.datasets) <= 1:
        return {}
    if published.filter.grains is not None:
        alone = "data that leave as sums only are not added up with others"
        return {"rule": None, "matching": {"groups": None, "not_summed": alone}}
    slugs = " ".join(dataset.slug for dataset in published.datasets)
    stale = f"records came or changed since they were compared: strikemap match {slugs}"
    missing = f"not all of them were compared: strikemap match {slugs}"
    reason = {True: None, False: stale, None: missing}[published.is_compared]
    folded = published.folded
    groups = None if folded is None else folded.groups
    rule = None if folded is None else RULE
    return {"rule": rule, "matching": {"groups": groups, "not_summed": reason}}


def _as_of(published: Published) -> str | None:
    known_at = published.query.known_at
    return None if known_at is None else rfc3339(known_at)


def region_set(published: Published) -> dict[str, str]:
    """Return the name and the hash of the boundaries that an answer uses."""
    return published.query.regions.identity()


@dataclass(frozen=True, eq=False)
class GroupSums:
    """Sums by group, and the (key, name, group) rows of an answer.

    `is_additive` tells that every incident is in exactly one group.
    """

    rows: list[tuple[str, str, int]]
    measures: Measures
    is_additive: bool = False


def _grouped(published: Published, by: str) -> GroupSums:
    """Measure a View by a grouping."""
    if by == "region":
        return _by_region(published)
    if by == "day":
        return _by_day(published)
    if by == "dataset":
        return _by_dataset(published)
    if by == "kind":
        return _by_kind(published)
    if by == "line":
        return _by_line(published)
    return _by_class(published, Grouping(by))


def _by_dataset(published: Published) -> GroupSums:
    """Measure each dataset alone; one that has no incident yet has no row."""
    known = published.state.tables.datasets
    datasets = [one for one in published.datasets if one.slug in known]

    def alone(dataset: Dataset) -> Published:
        is_it = np.arange(len(known) + 1) == known.index(dataset.slug)
        criteria = replace(published.filter, datasets=is_it)
        return replace(published, datasets=(dataset,), filter=criteria)

    sums = [sums_by(alone(dataset), Grouping.none) for dataset in datasets]
    rows = [(one.slug, one.name, group) for group, one in enumerate(datasets)]
    return GroupSums(rows, Measures.beside(sums, published.state.cubes.groups.sectors))


def _by_line(published: Published) -> GroupSums:
    """Measure by who held the ground and by distance to the line, on each incident's own day.

    Keys are "holder:band". An incident is "unknown" if it has no point, no snapshot near in time,
    or if the audience gets it only by region.
    """
    selection = counted_rows(published)
    join = line_join(published.query, joined_source(published.query))
    parties = [party.code for party in published.theatre.party]
    bands = [f"{low}-{high}" for low, high in pairwise((0, *BANDS_KM))]
    bands += [f"over-{BANDS_KM[-1]}", "no-line"]
    groups = []
    for segment, places in selection.parts:
        joined = join(segment).at(places)
        band = np.searchsorted(BANDS_KM, joined.distance_m / 1e3)  # NaN sorts behind every bound
        band[np.isnan(joined.distance_m)] = len(bands) - 1
        group = 1 + joined.holder.astype(np.int64) * len(bands) + band
        unknown = (joined.mark == 0) | is_quiet(segment.rows, places, published.filter)
        groups.append(np.where(unknown, 0, group))
    numbers = np.concatenate(groups)
    size, sectors = 1 + (len(parties) + 1) * len(bands), published.state.cubes.groups.sectors
    measures = measure(selection, numbers, size, sectors)
    keys = ["unknown"] + [f"{who}:{band}" for who in (NOT_STATED, *parties) for band in bands]
    present = set(np.unique(numbers).tolist())
    rows = [(key, _line_name(published, key), n) for n, key in enumerate(keys) if n in present]
    return GroupSums(rows, measures, is_additive=True)


def _line_name(published: Published, key: str) -> str:
    words, lang = published.words, published.view.lang
    if key == "unknown":
        return words["line_unknown"]
    who, _, band = key.partition(":")
    party = words["not_stated"] if who == NOT_STATED else published.theatre.party_name(who, lang)
    if band == "no-line":
        return f"{party}, {words['line_none']}"
    low, _, high = band.replace("over-", "").partition("-")
    distance = f"{low}–{high}" if high else f"> {low}"
    return f"{party}, {distance} {words['unit_km']}"


def _by_region(published: Published) -> GroupSums:
    view = published.view
    rows = [
        (region.code, region.name(view.lang), group)
        for group, (theatre, region) in enumerate(published.reference.regions(view.level))
        if theatre == view.theatre and (not view.regions or region.code in view.regions)
    ]
    return GroupSums(rows, by_region(published), is_additive=True)


def _by_class(published: Published, by: Grouping) -> GroupSums:
    """Measure by weapon or sector: an incident counts in each class that it has."""
    taxonomy, lang = published.reference.taxonomy, published.view.lang
    terms = taxonomy.weapons if by is Grouping.weapon else taxonomy.sectors
    grain = Grain.weapons if by is Grouping.weapon else Grain.everything
    measures = sums_by(published.grouped(grain), by)
    present = np.flatnonzero(measures.table[0]).tolist()
    codes = terms.codes
    rows = [(codes[group], terms.label(codes[group], lang), group) for group in present]
    return GroupSums(rows, measures)


def _by_kind(published: Published) -> GroupSums:
    """Measure by kind of event, so that battles stand apart from harm to civilians."""
    measures = sums_by(published, Grouping.kind)
    rows = [
        (kind, published.words[f"kind_{kind}"], number)
        for number, kind in enumerate(KINDS_OF_EVENT)
        if measures.table[0, number]
    ]
    return GroupSums(rows, measures, is_additive=True)


def _by_day(published: Published) -> GroupSums:
    """Measure by each incident's first day inside the period."""
    first, measures = sums_by_day(published)
    days = np.arange(first, first + measures.groups).astype("datetime64[D]")
    names = np.datetime_as_string(days).tolist()
    rows = [(name, name, number) for number, name in enumerate(names)]
    return GroupSums(rows, measures, is_additive=True)


def _totals(
    published: Published, grouped: GroupSums, codes: tuple[str, ...]
) -> dict[str, object] | None:
    """Sum the whole View once; None for several datasets that were not compared."""
    if not published.is_summed or published.is_withheld:
        return None
    if grouped.is_additive:
        ledger = Ledger(grouped.measures.whole(), codes)
    else:
        ledger = Ledger(sums_by(published, Grouping.none), codes)
    is_hidden = published.has_small_cells and not ledger.value("incidents", 0)
    return None if is_hidden else ledger.answer(0)


def coverage(published: Published) -> JsonObject:
    """Count what a View's sums leave out: undated, long, contradictory, withheld incidents."""
    return {
        "datasets": [dataset.slug for dataset in published.datasets],
        "spanning": _outside(published, is_long=True),
        "undated": _outside(published, is_long=False),
        "contradictory": _contradictory(published),
        "withheld": dict(published.withheld),
    }


def _contradictory(published: Published) -> int:
    """Count incidents of the View whose figures exclude each other: no toll includes them."""
    if not any(segment.has_flag(CONTRADICTORY) for segment in published.segments):
        return 0
    return int(((counted_rows(published)["flags"] & CONTRADICTORY) != 0).sum())


def _outside(published: Published, *, is_long: bool) -> int:
    """Count incidents that lie only partly in the period, or those that have no day."""
    criteria, count = published.filter, 0
    if is_long and criteria.first <= BEGINNING and criteria.last >= END:
        return 0
    for segment in published.segments:
        rows = segment.undated
        if is_long:
            rows = segment.long.rows
            rows = rows.among(segment.long.partly_in(criteria.first, criteria.last))
        standing = (rows["known_to"] > criteria.seq) & (rows["seq"] <= criteria.seq)
        standing &= criteria.datasets[rows["dataset"]]
        standing &= rows["status"] != RETRACTED
        standing &= is_of_kind(rows["flags"], criteria.kinds)
        standing &= is_released(rows, np.arange(len(rows)), criteria)
        if criteria.grains is not None:
            standing &= criteria.grains[rows["number"]] <= criteria.coarsest
        count += int(standing.sum())
    return count
