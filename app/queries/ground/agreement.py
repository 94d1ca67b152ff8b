"""Where sources of control agree, and how much of a difference comes from their baselines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from itertools import combinations

import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.answer import JsonObject
from app.domain.cache import BoundedCache
from app.domain.control import Baseline, ControlSnapshot
from app.domain.place import area_km2
from app.frames import feature_collection, frame
from app.queries.ground.measures import NO_GROUND, ControlSource, only_ground, snapshot_age


def agreement(
    sources: Sequence[ControlSource], day: date, cache: BoundedCache, *, geometry: bool = False
) -> JsonObject:
    """Compare the ground of one party by several sources, in the shape of `/api/control/agreement`.

    `baseline_km2` is ground that one source of a pair includes and the other excludes by its own
    rule (its `includes`); the rest of the difference is dispute. If no source outlines a part of
    the baseline, its ground counts as dispute and `baseline_not_outlined` names the part.
    """
    snapshots = [source.on(day) for source in sources]
    first = sources[0]
    version = first.query.state.mark, first.query.seq
    key = ("agreement", first.key(*snapshots), tuple(one.dataset.slug for one in sources), version)
    comparison, pieces = cache.get(key, lambda: _compared(sources, snapshots, cache))
    source_facts = [
        {
            "control": source.dataset.slug,
            **snapshot_age(one, day),
            "total_km2": round(area_km2(source.ground(one)), 1),
            "baseline": {"includes": [part.value for part in one.includes]},
        }
        for source, one in zip(sources, snapshots, strict=True)
    ]
    answer = {
        "date": str(day),
        "controller": first.controller,
        "sources": source_facts,
        **comparison,
        "credits": list(dict.fromkeys(source.dataset.credit for source in sources)),
    }
    if geometry:
        properties = [{"a": a, "b": b, "kind": kind} for a, b, kind, _ in pieces]
        answer["areas"] = feature_collection(frame([shape for *_, shape in pieces], properties))
    return answer


_Piece = tuple[str, str, str, BaseGeometry]
"""The two sources of a pair, the kind of ground, and the ground."""


def _compared(
    sources: Sequence[ControlSource], snapshots: Sequence[ControlSnapshot], cache: BoundedCache
) -> tuple[JsonObject, list[_Piece]]:
    grounds = [source.ground(one) for source, one in zip(sources, snapshots, strict=True)]
    first = sources[0]
    version = (first.view.theatre, first.view.synthetic, first.query.state.mark, first.query.seq)
    outlines = {
        part: cache.get(("outline", part, version), partial(_outline, first, part))
        for part in Baseline
    }
    pairs, pieces = [], list[_Piece]()
    for pair in combinations(range(len(sources)), 2):
        facts, parts = _pair(sources, snapshots, grounds, outlines, pair)
        pairs.append(facts)
        pieces += [(facts["a"], facts["b"], kind, part) for kind, part in parts.items()]
    if len(sources) == 2:  # noqa: PLR2004  the pair has all of it
        agreed = pairs[0]["both_km2"]
        either = agreed + pairs[0]["only_a_km2"] + pairs[0]["only_b_km2"]
    else:
        agreed = area_km2(only_ground(shapely.intersection_all(grounds)))
        either = area_km2(shapely.union_all(grounds))
    sums = {"all_agree_km2": round(agreed, 1), "some_say_km2": round(either, 1)}
    return {**sums, "pairs": pairs}, pieces


def _pair(
    sources: Sequence[ControlSource],
    snapshots: Sequence[ControlSnapshot],
    grounds: Sequence[BaseGeometry],
    outlines: dict[Baseline, BaseGeometry],
    pair: tuple[int, int],
) -> tuple[JsonObject, dict[str, BaseGeometry]]:
    a, b = pair
    both = only_ground(grounds[a].intersection(grounds[b]))
    only_a = only_ground(grounds[a].difference(grounds[b]))
    only_b = only_ground(grounds[b].difference(grounds[a]))
    parts_a, parts_b = (
        set(snapshots[a].includes) - set(snapshots[b].includes),
        set(snapshots[b].includes) - set(snapshots[a].includes),
    )
    explained = _inside(only_a, parts_a, outlines) + _inside(only_b, parts_b, outlines)
    apart = area_km2(only_a) + area_km2(only_b)
    not_outlined = [part.value for part in sorted(parts_a | parts_b) if outlines[part].is_empty]
    facts = {
        "a": sources[a].dataset.slug,
        "b": sources[b].dataset.slug,
        "both_km2": round(area_km2(both), 1),
        "only_a_km2": round(area_km2(only_a), 1),
        "only_b_km2": round(area_km2(only_b), 1),
        "baseline_km2": round(explained, 1),
        "dispute_km2": round(max(apart - explained, 0.0), 1),
        "baseline_not_outlined": not_outlined,
    }
    return facts, {"both": both, "only_a": only_a, "only_b": only_b}


def _inside(
    ground: BaseGeometry, parts: set[Baseline], outlines: dict[Baseline, BaseGeometry]
) -> float:
    outline = shapely.union_all([outlines[part] for part in sorted(parts)])
    return area_km2(only_ground(ground.intersection(outline)))


def _outline(source: ControlSource, part: Baseline) -> BaseGeometry:
    """Outline a part of the baseline: the theatre's regions and the areas that belong to it.

    The ground held before a war began is the same for every day: it is read from each source's
    newest snapshot.
    """
    if part is Baseline.main:
        return NO_GROUND  # every source includes it: it explains no difference
    query, control = source.query, source.query.state.control
    codes = query.theatre.baseline.get(part.value, ())
    regions = query.largest_regions.regions
    shapes: list[BaseGeometry] = [region.shape for region in regions if region.code in codes]
    for slug in control.datasets():
        dataset = query.state.datasets.get(slug)
        if dataset is None:  # of a theatre that is not open
            continue
        calendar = query.calendar(dataset)
        is_of_view = dataset.theatre == query.view.theatre
        if not is_of_view or dataset.synthetic != query.view.synthetic:
            continue
        areas = calendar.snapshots[-1].areas if calendar.snapshots else ()
        shapes += [control.shapes.read(a.shape) for a in areas if a.shape and a.part is part]
    return shapely.union_all(shapes) if shapes else NO_GROUND
