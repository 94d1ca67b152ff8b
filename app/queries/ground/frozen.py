"""The frozen line of a day: what lies on each side of it, and what happened there since."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.answer import JsonObject
from app.domain.place import area_km2
from app.domain.terms import Face
from app.domain.view import NOT_STATED
from app.index.control import areas_by_region
from app.index.joins import holders
from app.index.select import is_quiet
from app.index.summary import Ledger, measure
from app.publishing.line_joins import line_join
from app.publishing.publish import counted_rows, publish
from app.queries.ground.measures import (
    ControlSource,
    GroundCache,
    only_ground,
    population_by_region,
    region_shares,
    snapshot_age,
)
from app.queries.sums import coverage


def frozen_line(source: ControlSource, day: date, cache: GroundCache) -> JsonObject:
    """Describe each side of a frozen line, in the shape of `/api/control/frozen`.

    Sides are the parties with ground on that day, and the rest of the country as "not_stated".
    Population is that of whole regions, beside the share of each region's area on the side: it is
    unknown how many people live there. Incidents are those after the day, up to the View's end, by
    the side of their place.
    """
    snapshot = source.on(day)
    until = source.query.control_day
    grounds = _sides(source, day)
    line = source.query.front_line(snapshot)
    harm = _harm_since(source, day, until)
    population = population_by_region(source.regions.regions)
    sides = []
    for who, ground in grounds.items():
        by_code = areas_by_region(ground, source.regions.regions)
        regions = [
            {**row, **population.get(row["key"], {})} for row in region_shares(source, by_code)
        ]
        total = round(area_km2(ground), 1)
        sides.append({"side": who, "km2": total, "regions": regions, "since": harm[who]})
    return {
        "control": source.dataset.slug,
        "freeze": str(day),
        **snapshot_age(snapshot, day),
        "baseline": {"includes": [part.value for part in snapshot.includes]},
        "front_line": {
            "length_km": round(line.length_km, 1),
            "border_tolerance_km": line.tolerance_km,
        },
        "until": str(until),
        "sides": sides,
        "unknown": harm["unknown"],
        "coverage": harm["coverage"],
        "control_since": cache.changes(source, day, until) if until > day else None,
        "region_set": source.regions.identity(),
        "credits": [source.dataset.credit],
    }


def _sides(source: ControlSource, day: date) -> dict[str, BaseGeometry]:
    grounds = source.query.state.control.grounds(source.on(day))
    land = source.query.largest_regions.land
    rest = only_ground(shapely.difference(land, shapely.union_all(list(grounds.values()))))
    return {**grounds, NOT_STATED: rest}


def _harm_since(source: ControlSource, day: date, until: date) -> JsonObject:
    """Sum incidents after the day by side; those without a point are "unknown"."""
    first = day + timedelta(days=1)
    query = source.query.but(first=first, last=max(until, day), freeze=day)
    published = publish(query, Face.aggregates)
    join = line_join(query, source.dataset)
    group_of = {NOT_STATED: 0, **holders(query.reference, query.view.theatre)}
    selection = counted_rows(published)
    groups = [np.empty(0, np.int64)]
    for segment, places in selection.parts:
        joined = join(segment).at(places)
        unknown = (joined.mark == 0) | is_quiet(segment.rows, places, published.filter)
        groups.append(np.where(unknown, len(group_of), joined.holder.astype(np.int64)))
    codes = query.reference.taxonomy.sectors.codes
    sums = measure(selection, np.concatenate(groups), len(group_of) + 1, len(codes))
    ledger = Ledger(sums, codes)
    by_side = {who: ledger.answer(group) for who, group in group_of.items()}
    return {**by_side, "unknown": ledger.answer(len(group_of)), "coverage": coverage(published)}
