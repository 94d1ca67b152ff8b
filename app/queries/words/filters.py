"""The filters of a View, in words."""

from __future__ import annotations

from typing import NamedTuple

from app.domain.place import Bounds
from app.domain.view import NOT_STATED
from app.i18n.values import day_words, number
from app.publishing.query import Query


class FilterText(NamedTuple):
    """One filter: its parameter, and its text for a reader."""

    name: str
    text: str


def filter_texts(query: Query) -> list[FilterText]:
    """Write each filter of a View in its language; empty if it has none but its period."""
    view, words, taxonomy = query.view, query.words, query.reference.taxonomy
    lang, theatre = view.lang, query.theatre
    regions = [one.name(lang) for one in query.regions.regions if one.code in view.regions]
    sides = [
        words["nobody_states"] if code == NOT_STATED else theatre.party_name(code, lang)
        for code in view.sides
    ]
    lists = [
        ("weapon", [taxonomy.weapons.label(code, lang) for code in view.weapons]),
        ("sector", [taxonomy.sectors.label(code, lang) for code in view.sectors]),
        ("status", [words[f"status_{code}"] for code in view.statuses]),
        ("kind", [words[f"kind_{code}"] for code in view.kinds]),
        ("region", regions),
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
        texts.append(FilterText("bbox", words["figure_area"].format(box=_box(lang, view.bbox))))
    if view.within is not None:
        around = _box(lang, view.within.bounds)
        texts.append(FilterText("within", words["figure_within"].format(box=around)))
    return texts


def _box(lang: str, box: Bounds) -> str:
    west, south, east, north = (number(lang, side, 3) for side in box)
    return f"{west}–{east}, {south}–{north}"
