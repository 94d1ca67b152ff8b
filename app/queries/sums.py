"""Answers about a View that are made of numbers: summaries, histograms and control areas."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from app.domain.instants import rfc3339
from app.domain.period import from_epoch_day
from app.domain.terms import Face
from app.domain.view import NOT_STATED, View
from app.i18n import strings
from app.index.columns import STATUSES
from app.index.select import RETRACTED, Filter, Segment, Selection, is_quiet
from app.index.summary import Cube, Ledger, Measures, measure
from app.publishing.line_joins import line_join
from app.publishing.publish import Published, control_dataset
from app.rows import LONG, TOLLS, Rows

GROUPINGS = ("region", "day", "weapon", "sector", "dataset", "line")
RULE = "range across independent sources"
"""How the figures of one strike that several datasets tell become one (`app.index.merged`)."""

BANDS_KM = (10, 30, 100)
"""Bounds of `by=line`: a distance belongs to the first band that reaches as far."""

CSV_CELLS_THAT_RUN = ("=", "+", "-", "@", "\t", "\r")


def summarise(published: Published, by: str) -> dict[str, Any]:
    """Sum a View in the shape of `/api/summary`.

    Several datasets are added up only where each pair of them was compared, so that a strike that
    two of them tell counts once; until then they give rows by dataset.
    """
    if not published.is_summed:
        by = "dataset"
    # Rows by dataset are each dataset's own figures, whatever another one tells too.
    apart = replace(published, folded=None) if by == "dataset" else published
    grouped = _grouped(apart, by)
    codes = published.reference.taxonomy.sectors.codes
    ledger = Ledger(grouped.measures, codes)
    answer: dict[str, Any] = {
        "view": dict(published.view.pairs()),
        "as_of": _as_of(published),
        "version": str(published.state.seq),
        "by": by,
        "synthetic": published.view.synthetic,
        "additive": grouped.is_additive,
        **_matching_report(published),
        "rows": [
            {"key": key, "name": name, **ledger.answer(group)}
            for key, name, group in ([] if is_withheld(published) else grouped.rows)
            if by != "day" or ledger.value("incidents", group)
        ],
        "elsewhere": ledger.answer(grouped.measures.groups - 1)
        if by == "region" and not is_withheld(published)
        else None,
        "totals": _totals(published, grouped, codes),
        "coverage": coverage(published),
        "region_set": region_set(published),
        "credits": list(published.credits),
    }
    if published.view.metric == "killed_per_100k":
        add_rates(published, answer["rows"])
    return answer


def is_withheld(published: Published) -> bool:
    """Tell whether the terms hold all of a View back: then there are no sums, not sums of 0."""
    return not published.datasets and published.withheld["terms"] > 0


def _matching_report(published: Published) -> dict[str, Any]:
    """Say by which rule several datasets were added up, or why they were not."""
    if len(published.datasets) < 2:  # noqa: PLR2004  a pair
        return {}
    slugs = " ".join(dataset.slug for dataset in published.datasets)
    stale = f"records came or changed since they were compared: strikemap match {slugs}"
    missing = f"not all of them were compared: strikemap match {slugs}"
    reason = {True: None, False: stale, None: missing}[published.is_compared]
    folded = published.folded
    groups = None if folded is None else folded.groups
    rule = None if folded is None else RULE
    return {"rule": rule, "matching": {"groups": groups, "not_summed": reason}}


def add_rates(published: Published, rows: list[dict[str, Any]]) -> None:
    """Add to regions the dead of 100,000 people, where the dead and the people are known."""
    regions = published.query.regions.regions
    people = {region.code: (region.population, region.population_year) for region in regions}
    for row in rows:
        low, (population, year) = row["killed"]["low"], people.get(row["key"], (None, None))
        rate = low is not None and population
        row["killed_per_100k"] = round(low / population * 1e5, 3) if rate and population else None
        row["population"], row["population_year"] = population, year


def _as_of(published: Published) -> str | None:
    if published.view.as_of is not None:
        return rfc3339(published.view.as_of)
    recorded = published.workspace.store.head().recorded_at
    return None if recorded is None else rfc3339(recorded)


def region_set(published: Published) -> dict[str, str]:
    """Name the boundaries that an answer stands on."""
    view = published.view
    return published.reference.region_set(view.theatre, view.level).named()


@dataclass(frozen=True, eq=False)
class Grouped:
    """Sums by group, and the (key, name, group) rows that an answer lists.

    `is_additive` tells that every incident stands in exactly one group.
    """

    rows: list[tuple[str, str, int]]
    measures: Measures
    is_additive: bool = False


def _grouped(published: Published, by: str) -> Grouped:
    """Measure a View by a grouping."""
    if by == "region":
        return _by_region(published)
    selection, sectors = (
        counted_rows(published),
        len(published.reference.taxonomy.sectors.codes),
    )
    if by == "day":
        return _by_day(selection, published, sectors)
    if by == "dataset":
        slugs = published.state.tables.datasets
        measures = measure(selection.rows(), selection["dataset"], len(slugs), sectors)
        datasets = [one for one in published.datasets if one.slug in slugs]
        return Grouped([(one.slug, one.name, slugs.index(one.slug)) for one in datasets], measures)
    if by == "line":
        return _by_line(published, selection, sectors)
    return _by_class(published, selection, by)


def _by_line(published: Published, selection: Selection, sectors: int) -> Grouped:
    """Measure by who held the ground and how far the line was, on each incident's own day.

    Keys are "holder:band"; what has no point, or no snapshot near enough in time, is "unknown",
    and so is what the audience gets only by region.
    """
    view = published.view
    join = line_join(published.query, control_dataset(published.query, Face.aggregates))
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
    size = 1 + (len(parties) + 1) * len(bands)
    measures = measure(selection.rows(), numbers, size, sectors)
    keys = ["unknown"] + [f"{who}:{band}" for who in (NOT_STATED, *parties) for band in bands]
    present = set(np.unique(numbers).tolist())
    rows = [
        (key, _line_name(view, published, key), n) for n, key in enumerate(keys) if n in present
    ]
    return Grouped(rows, measures, is_additive=True)


def _line_name(view: View, published: Published, key: str) -> str:
    words = strings(view.lang)
    if key == "unknown":
        return words["line_unknown"]
    who, _, band = key.partition(":")
    party = (
        words["not_stated"] if who == NOT_STATED else published.theatre.party_name(who, view.lang)
    )
    if band == "no-line":
        return f"{party}, {words['line_none']}"
    low, _, high = band.replace("over-", "").partition("-")
    distance = f"{low}–{high}" if high else f"> {low}"
    return f"{party}, {distance} {words['unit_km']}"


def _by_region(published: Published) -> Grouped:
    view = published.view
    rows = [
        (region.code, region.name(view.lang), group)
        for group, (theatre, region) in enumerate(published.reference.regions(view.level))
        if theatre == view.theatre and (not view.regions or region.code in view.regions)
    ]
    return Grouped(rows, by_region(published), is_additive=True)


def _by_class(published: Published, selection: Selection, by: str) -> Grouped:
    """Measure by weapon or sector: one incident stands in every class it names."""
    taxonomy = published.reference.taxonomy
    terms, column = (
        (taxonomy.weapons, "weapons") if by == "weapon" else (taxonomy.sectors, "sectors")
    )
    masks = {code: selection[column] & np.uint32(terms.bit[code]) for code in terms.codes}
    by_code = {code: np.flatnonzero(mask) for code, mask in masks.items() if mask.any()}
    places = np.concatenate([*by_code.values(), np.empty(0, np.int64)]).astype(np.int64)
    groups = np.repeat(np.arange(len(by_code)), [len(one) for one in by_code.values()]).astype(
        np.int64
    )
    rows, sectors = selection.rows().take(places), len(taxonomy.sectors.codes)
    measures = measure(rows, groups, max(len(by_code), 1), sectors)
    lang = published.view.lang
    names = [(code, terms.label(code, lang), group) for group, code in enumerate(by_code)]
    return Grouped(names, measures)


def counted_rows(published: Published) -> Selection:
    """Select what counts: retracted records never do, even when a list asks for them."""
    statuses = tuple(status for status in published.filter.statuses if status != RETRACTED)
    if published.filter.statuses and not statuses:
        statuses = (len(STATUSES),)  # only retracted ones were asked for: nothing counts
    return replace(published, filter=replace(published.filter, statuses=statuses)).select()


def _by_day(selection: Selection, published: Published, sectors: int) -> Grouped:
    """Measure by the first day inside the period."""
    if not len(selection):
        return Grouped([], measure(selection.rows(), np.empty(0, np.int64), 1, sectors), True)
    days = np.maximum(selection["day_first"], published.filter.first).astype(np.int64)
    first = int(days.min())
    size = int(days.max()) - first + 1
    names = [str(from_epoch_day(first + number)) for number in range(size)]
    rows = [(name, name, number) for number, name in enumerate(names)]
    return Grouped(rows, measure(selection.rows(), days - first, size, sectors), is_additive=True)


def by_region(published: Published) -> Measures:
    """Sum by region of the View's level; the last group is "in no region of this level".

    A View of now that narrows only period, weapon and region is read from a day cube; the rest is
    a scan. Both give the same numbers.
    """
    regions = published.reference.regions(published.view.level)
    if cube := _cube(published):
        measures = from_cube(published, cube, len(regions))
    else:
        measures = _measure_regions(published, counted_rows(published), len(regions))
    # A region of another theatre has no row here: what lies in one is elsewhere.
    own = [theatre == published.view.theatre for theatre, _ in regions]
    return measures.only(np.array([*own, True]))


def unmarked_by_region(published: Published) -> dict[str, int]:
    """Count, by region, what is known or may be told only by region; "" where in none."""
    regions = published.reference.regions(published.view.level)
    is_public = published.is_public
    has_marks = not is_public or all(one.terms.points for one in published.datasets)
    selection = published.unmarked() if has_marks else counted_rows(published)
    times = np.bincount(_groups(selection[f"region{published.view.level}"], len(regions)))
    codes = [*(region.code for _, region in regions), ""]
    return {codes[group]: n for group, n in enumerate(times.tolist()) if n}


def _cube(published: Published) -> Cube | None:
    criteria = published.filter
    is_now = criteria.seq == published.state.seq
    last_embargo = max(part.latest_embargo(criteria) for part in published.segments)
    if criteria.embargo_at is not None and criteria.embargo_at < last_embargo:
        return None  # a cube counts what an embargo hides
    if not (is_now and criteria.is_plain) or len(published.datasets) != 1:
        return None
    slug = published.datasets[0].slug
    return published.state.cubes.of(slug, published.view.level, criteria.weapons)


def from_cube(published: Published, cube: Cube, regions: int) -> Measures:
    """Read a period from the cube, add the delta, take off what was replaced since it was built."""
    criteria, level = published.filter, published.view.level
    base, *later = published.state.segments

    def summed(parts: Sequence[tuple[Segment, np.ndarray]]) -> Measures:
        selection = Selection(parts)
        if not len(selection):
            return measure(Rows.concatenate([]), np.empty(0, np.int64), regions + 1, cube.sectors)
        groups = _groups(selection[f"region{level}"], regions)
        return measure(selection.rows(), groups, regions + 1, cube.sectors)

    missed, too_many = cube.edges(criteria.first, criteria.last)
    replaced = published.state.replaced
    gone = replaced[_counted_then(base.rows, replaced, criteria)]
    everywhere = (
        cube.between(criteria.first, criteria.last)
        + summed([(base, missed)])
        - summed([(base, too_many)])
        + summed([(segment, segment.match(criteria)) for segment in later])
        - summed([(base, gone)])
    )
    return everywhere.among(criteria.regions) if criteria.regions else everywhere


def _counted_then(rows: Rows, places: np.ndarray, criteria: Filter) -> np.ndarray:
    """Tell which rows counted in a period while they stood."""
    first, last = rows["day_first"][places], rows["day_last"][places]
    overlaps = (first <= criteria.last) & (last >= criteria.first)
    contained = (first >= criteria.first) & (last <= criteria.last)
    is_long = (rows["flags"][places] & LONG) != 0
    counts = np.where(is_long, contained, overlaps) & criteria.datasets[rows["dataset"][places]]
    if criteria.weapons:
        counts &= (rows["weapons"][places] & np.uint32(criteria.weapons)) != 0
    return np.asarray(counts & (rows["status"][places] != RETRACTED))


def _groups(region: np.ndarray, regions: int) -> np.ndarray:
    return region.astype(np.int64) % (regions + 1)


def _measure_regions(published: Published, selection: Selection, regions: int) -> Measures:
    sectors = len(published.reference.taxonomy.sectors.codes)
    groups = _groups(selection[f"region{published.view.level}"], regions)
    return measure(selection.rows(), groups, regions + 1, sectors)


def _totals(
    published: Published, grouped: Grouped, codes: tuple[str, ...]
) -> dict[str, object] | None:
    """Sum the whole View once; None for several datasets that were not compared."""
    if not published.is_summed or is_withheld(published):
        return None
    if grouped.is_additive:
        return Ledger(grouped.measures.whole(), codes).answer(0)
    selection = counted_rows(published)
    one_group = np.zeros(len(selection), np.int64)
    return Ledger(measure(selection.rows(), one_group, 1, len(codes)), codes).answer(0)


def coverage(published: Published) -> dict[str, Any]:
    """Say what a View's sums leave out: undated and long incidents, and what is withheld."""
    return {
        "datasets": [dataset.slug for dataset in published.datasets],
        "spanning": _outside(published, is_long=True),
        "undated": _outside(published, is_long=False),
        "withheld": dict(published.withheld),
    }


def _outside(published: Published, *, is_long: bool) -> int:
    """Count incidents that overlap the period without being contained, or that have no day."""
    criteria, count = published.filter, 0
    for segment in published.segments:
        rows = segment.rows
        if is_long:
            places = segment.long_rows
            first, last = rows["day_first"][places], rows["day_last"][places]
            touches = (first <= criteria.last) & (last >= criteria.first)
            contained = (first >= criteria.first) & (last <= criteria.last)
            places = places[touches & ~contained]
        else:
            places = segment.undated_rows
        standing = (rows["known_to"][places] > criteria.seq) & (rows["seq"][places] <= criteria.seq)
        standing &= criteria.datasets[rows["dataset"][places]]
        standing &= rows["status"][places] != RETRACTED
        count += int(standing.sum())
    return count


def summary_csv(answer: Mapping[str, Any]) -> str:
    """Write a summary as CSV (RFC 4180): one row per group, then elsewhere and totals."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(summary_columns())
    rows = list(answer["rows"])
    if answer["elsewhere"] is not None:
        rows.append({"key": "elsewhere", "name": "", **answer["elsewhere"]})
    if answer["totals"] is not None:
        rows.append({"key": "total", "name": "", **answer["totals"]})
    for row in rows:
        writer.writerow([*_summary_cells(row), int(answer["synthetic"])])
    return out.getvalue()


def summary_columns() -> list[str]:
    """Name the columns of the CSV."""
    figures = ("low", "best", "high", "high_known", "known", "of")
    counts = [f"{toll}_{figure}" for toll in TOLLS for figure in figures]
    harm = ["incidents_with_damage", "incidents_destroyed"]
    return ["key", "name", "incidents", *counts, *harm, "synthetic"]


def _summary_cells(row: Mapping[str, Any]) -> list[object]:
    figures = ("low", "best", "high", "high_known", "known", "of")
    counts = [row[toll][figure] for toll in TOLLS for figure in figures]
    cells = [row["key"], row["name"], row["incidents"], *counts, row["damaged"], row["destroyed"]]
    return [neutral(cell) for cell in cells]


def neutral(cell: object) -> object:
    """Keep a spreadsheet from running a cell: text that begins like a formula gets a quote mark."""
    if isinstance(cell, str) and cell.startswith(CSV_CELLS_THAT_RUN):
        return "'" + cell
    return "" if cell is None else cell
