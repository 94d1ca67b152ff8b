"""The page that compares two days, or two sources of control."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from urllib.parse import urlencode

from app.domain.answer import JsonObject
from app.domain.cache import BoundedCache
from app.domain.control import ControlSnapshot
from app.domain.errors import NotFound
from app.domain.view import View
from app.i18n.values import day_text, number
from app.maps.theatre_map import still_tiles
from app.queries.ground.agreement import agreement
from app.queries.ground.measures import ControlSource, GroundCache, snapshot_age
from app.queries.words.record import age_text

_LAYERS = ("basemap", "control", "labels")
ACROSS = 6
"""At most so many tiles across a picture: more px than its size on screen, for a sharp print."""


def comparison(
    source: ControlSource, other: ControlSource | None, first: date, last: date
) -> JsonObject:
    """Compare one source's two days, or two sources on the last day."""
    sides = [(source, first), (source, last)] if other is None else [(source, last), (other, last)]
    answer = {
        "sides": [_side(source, day) for source, day in sides],
        "credits": list(dict.fromkeys(source.dataset.credit for source, _ in sides)),
    }
    try:
        figures = _changes(source, first, last) if other is None else _pair(source, other, last)
    except NotFound:
        return answer  # one side has no snapshot, and says so on the page
    return {**answer, **figures}


def _side(source: ControlSource, day: date) -> JsonObject:
    name, lang, words = source.dataset.name, source.view.lang, source.query.words
    try:
        snapshot = source.on(day)
    except NotFound:
        label = words["snapshot_missing"].format(source=name, date=day_text(lang, day))
        return {"label": label, "total": None, "layers": _layers(source, day)}
    age = age_text(
        lang, ("control_age_one", "control_age"), snapshot_age(snapshot, day)["age_days"]
    )
    valid_on = day_text(lang, snapshot.valid_on)
    label = words["snapshot_of"].format(source=name, date=valid_on, age=age)
    return {
        "label": label,
        "total": _total(source, snapshot),
        "layers": _layers(source, day),
    }


def _total(source: ControlSource, snapshot: ControlSnapshot) -> str:
    words = source.query.words
    party = source.query.theatre.party_name(source.controller, source.view.lang)
    km2 = source.km2(snapshot)
    if km2 is None:
        return words["ground_unknown"].format(party=party)
    return words["ground_km2"].format(km2=number(source.view.lang, km2, 1), party=party)


def _layers(source: ControlSource, day: date) -> list[Sequence[Sequence[str]]]:
    view, theatre = source.view, source.query.theatre
    control_view = View(
        theatre=view.theatre,
        lang=view.lang,
        last=day,
        control=source.dataset.slug,
        as_of=view.as_of,
        synthetic=view.synthetic,
    )
    return [still_tiles(theatre, control_view.query(), layer, ACROSS) for layer in _LAYERS]


def _changes(source: ControlSource, first: date, last: date) -> JsonObject:
    words = source.query.words
    changes = GroundCache().changes(source, first, last)
    rows = [*changes["regions"], {"name": words["elsewhere"], **changes["elsewhere_km2"]}]
    rows.append(
        {"name": words["sum_of"], **{key: changes[key] for key in changes["elsewhere_km2"]}}
    )
    query = source.view.but(first=first, last=last, control=source.dataset.slug).query()
    lang, figures = source.view.lang, tuple(changes["elsewhere_km2"])
    rows = [{**row, **{key: number(lang, row[key], 1) for key in figures}} for row in rows]
    return {"changes": rows, "api": f"/api/control/changes?{query}"}


def _pair(source: ControlSource, other: ControlSource, day: date) -> JsonObject:
    words = source.query.words
    answer = agreement([source, other], day, BoundedCache())
    (pair,) = answer["pairs"]
    rows = [
        (words["both_say"], pair["both_km2"]),
        (words["only_says"].format(source=source.dataset.name), pair["only_a_km2"]),
        (words["only_says"].format(source=other.dataset.name), pair["only_b_km2"]),
        (words["baseline_says"], pair["baseline_km2"]),
        (words["dispute"], pair["dispute_km2"]),
    ]
    missing = ", ".join(words[f"includes_{part}"] for part in pair["baseline_not_outlined"])
    slugs = f"{source.dataset.slug},{other.dataset.slug}"
    parameters = {"theatre": source.view.theatre, "date": str(day), "control": slugs}
    return {
        "pairs": [(label, number(source.view.lang, km2, 1)) for label, km2 in rows],
        "not_outlined": words["not_outlined"].format(parts=missing) if missing else None,
        "api": f"/api/control/agreement?{urlencode(parameters, safe=',')}",
    }
