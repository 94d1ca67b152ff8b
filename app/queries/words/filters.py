"""What a View asks for beyond its period, in words: every filter in force."""

from __future__ import annotations

from typing import NamedTuple

from app.domain.view import NOT_STATED, View
from app.i18n import strings
from app.i18n.values import day_words, number
from app.reference.reference import Reference


class FilterText(NamedTuple):
    """One filter: the parameter that sets it, and what it asks for."""

    name: str
    text: str


def filter_texts(reference: Reference, view: View) -> list[FilterText]:
    """Say each filter of a View in its language; none where it shows everything of its period."""
    words, taxonomy, lang = strings(view.lang), reference.taxonomy, view.lang
    theatre = reference.theatres[view.theatre]
    regions = reference.region_set(view.theatre, view.level).regions
    sides = [
        words["nobody_states"] if one == NOT_STATED else theatre.party_name(one, lang)
        for one in view.sides
    ]
    lists = [
        ("weapon", [taxonomy.weapons.label(one, lang) for one in view.weapons]),
        ("sector", [taxonomy.sectors.label(one, lang) for one in view.sectors]),
        ("status", [words[f"status_{one}"] for one in view.statuses]),
        ("region", [one.name(lang) for one in regions if one.code in view.regions]),
        ("side", sides),
    ]
    texts = [
        FilterText(name, f"{words[name]}: {', '.join(values)}") for name, values in lists if values
    ]
    if view.min_killed is not None:
        least = words["figure_min_killed"].format(n=number(lang, view.min_killed))
        texts.append(FilterText("min_killed", least))
    if view.line_km is not None:
        near = words["within_km"].format(n=number(lang, view.line_km))
        texts.append(FilterText("line_km", f"{words['line_km']}: {near}"))
    if view.freeze is not None:
        line = words["frozen_line"].format(date=day_words(words, view.freeze))
        texts.append(FilterText("freeze", line))
    if view.bbox is not None:
        west, south, east, north = (number(lang, side, 3) for side in view.bbox)
        area = words["figure_area"].format(box=f"{west}–{east}, {south}–{north}")
        texts.append(FilterText("bbox", area))
    return texts
