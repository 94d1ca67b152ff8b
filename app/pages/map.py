"""The Folium page of a View, with the facts that it has before its first request."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from app.domain.answer import JsonObject
from app.domain.instants import rfc3339
from app.domain.place import Precision
from app.domain.terms import DatasetKind, Face
from app.domain.view import View
from app.i18n import LANGUAGE_NAMES
from app.i18n.values import day_text, day_words, days_text, number
from app.index.columns import PRECISIONS
from app.maps.card import Card
from app.maps.page import SavedKit
from app.maps.theatre_map import build_page
from app.pages.columns import day_counts
from app.publishing.defaults import control_sources, with_defaults
from app.publishing.publish import Published, publish
from app.publishing.query import Query
from app.queries.changes import changes
from app.render.palette import FAMILIES


def page_html(
    query: Query,
    *,
    is_embed: bool = False,
    kit: SavedKit | None = None,
    base: str | None = None,
) -> str:
    """Build the page; a View without a period or source gets its defaults.

    With a kit it becomes one file that needs no service. `base` is the address of the service as
    the reader used it, such as https://host; without it, the head describes no picture.
    """
    query = with_defaults(query)
    view, words = query.view, query.words
    all_time = query.but(first=None, last=None)
    everything, marks = (
        publish(all_time, Face.aggregates),
        publish(all_time, Face.points),
    )
    facts = _told(query, (everything, marks))
    facts["isSaved"] = kit is not None
    facts["archive"] = kit and kit.archive and quote(kit.archive)
    banners = []
    if not query.is_public:
        banners.append(words["private_file" if kit else "private"])
    if view.synthetic:
        banners.append(words["invented_long"])
    if (unknown := _before_the_record(query)) is not None:
        banners.append(unknown)
    chrome = {
        "corrections": None if unknown else corrections(query),
        "kit": kit,
        "anchors": [] if is_embed or kit else _anchors(query),
        "banners": banners,
        "credits": everything.credits,
        "is_embed": is_embed,
        "is_synthetic": view.synthetic,
        "card": None if base is None else _card(query, base),
    }
    return build_page(query.theatre, query.reference.taxonomy, facts, chrome)


def _before_the_record(query: Query) -> str | None:
    """Warn if the record begins after a View's `as_of`: its empty map does not mean no strikes."""
    first = query.workspace.store.by_seq([1])
    as_of, words = query.view.as_of, query.words
    if as_of is None or (first and first[0].recorded_at <= as_of):
        return None
    if not first:
        return words["figure_no_record"]
    day = day_words(words, first[0].recorded_at.astimezone(ZoneInfo(query.theatre.zone)).date())
    return words["figure_nothing_known"].format(date=day)


def _card(query: Query, base: str) -> Card:
    """Write the head's description of the page, and the address of its picture."""
    view, words = query.view, query.words
    name = query.theatre.name[view.lang]
    invented = f" {words['invented_long']}." if view.synthetic else ""
    days = days_text(view.lang, str(view.first), str(view.last))
    return Card.of(
        base,
        view.query(),
        title=words["title"].format(theatre=name),
        description=f"{days}. {words['subtitle']}.{invented}",
        language=view.lang,
        is_public=query.is_public,
    )


def corrections(query: Query) -> tuple[str, str] | None:
    """Count the corrections since a View's `as_of`, with a link to them; None without `as_of`."""
    view, words = query.view, query.words
    if view.as_of is None:
        return None
    current = query.but(as_of=None)
    number_of = changes(current, view.as_of, 0).corrections
    key = {0: "corrections_none", 1: "corrections_one"}.get(number_of, "corrections_since")
    day = day_text(view.lang, view.as_of.astimezone(ZoneInfo(query.theatre.zone)).date())
    text = words[key].format(n=number(view.lang, number_of), date=day)
    return text, f"/changes?{current.view.query()}&since={rfc3339(view.as_of)}"


def _told(query: Query, published: tuple[Published, Published]) -> JsonObject:
    """Gather the facts; `published` is the View of all time, as sums and as points.

    The histogram counts only what may be shown as points: it would reveal sums by day.
    """
    everything, marks = published
    workspace, state, view, theatre = query.workspace, query.state, query.view, query.theatre
    recorded = workspace.store.head().recorded_at
    return {
        "view": dict(view.pairs()),
        "query": view.query(),
        "base_query": urlencode({"theatre": view.theatre, "lang": view.lang}),
        "box": _box(query),
        "histogram": _histogram(marks, view),
        "datasets": _dataset_choices(query),
        "shownDatasets": [dataset.slug for dataset in everything.datasets],
        "controls": [
            {
                "slug": dataset.slug,
                "name": dataset.name,
                "credit": dataset.credit,
                "days": [str(day) for day in state.control.days(dataset.slug, query.seq)],
            }
            for dataset in control_sources(query)
        ],
        "controller": theatre.default_controller,
        "waves": min((one.slug for one in query.datasets_of(DatasetKind.waves)), default=None),
        "head": workspace.store.head().hash.hex()[:16],
        "regions": [[one.code, one.name(view.lang)] for one in query.regions.regions],
        "mayEmbed": not publish(query, Face.embeds).withheld["terms"],
        "isPrivate": not query.is_public,
        "asOf": rfc3339(view.as_of) if view.as_of else recorded and rfc3339(recorded),
        "asOfDay": view.as_of and str(view.as_of.astimezone(ZoneInfo(theatre.zone)).date()),
        "yesterday": str(query.today - timedelta(days=1)),
        "columnsUrl": f"/columns.json?{columns_query(view)}",
        "hasPopulation": query.regions.has_population,
        "levels": sorted(workspace.reference.region_sets(view.theatre)),
        **_marks_used(marks),
    }


def _box(query: Query) -> Sequence[float]:
    """Return the first bounds of the map: the View's box or regions, or the whole theatre."""
    view = query.view
    if view.bbox is not None:
        west, south, east, north = view.bbox
        return west, south, east + 360 * (west > east), north
    shapes = [region.shape for region in query.regions.regions if region.code in view.regions]
    if shapes:
        return [float(side) for side in shapely.total_bounds(np.array(shapes, object))]
    return query.theatre.bounds


def columns_query(view: View) -> str:
    """Write the query of the columns that a page requests.

    The columns depend on place, ground, datasets and as-of; the page filters the rest itself.
    """
    plain = View(
        line_km=view.line_km,
        sides=view.sides,
        freeze=view.freeze if view.needs_control else None,
        control=view.control if view.needs_control else None,
        bbox=view.bbox,
        regions=view.regions,
        level=view.level,
        theatre=view.theatre,
        as_of=view.as_of,
        datasets=view.datasets,
        synthetic=view.synthetic,
        lang=view.lang,
    )
    return plain.query()


def _histogram(everything: Published, view: View) -> JsonObject:
    """Count per day; without any incident the axis still spans the period."""
    days = day_counts(everything)
    first, last = view.first or date.min, view.last or date.max
    if days["first"] is None:
        return {"first": str(first), "counts": [0] * ((last - first).days + 1)}
    start = date.fromisoformat(days["first"])
    before, end = max((start - first).days, 0), start + timedelta(days=len(days["counts"]) - 1)
    after = max((last - end).days, 0)
    return {
        "first": str(min(start, first)),
        "counts": [0] * before + days["counts"] + [0] * after,
    }


def _dataset_choices(query: Query) -> list[list[str]]:
    return [
        [
            dataset.slug,
            dataset.name if dataset.name == dataset.slug else f"{dataset.name} ({dataset.slug})",
        ]
        for dataset in query.datasets_of(DatasetKind.incidents)
    ]


def _marks_used(published: Published) -> JsonObject:
    """List the weapon families and precisions that occur, for the legend."""
    selection = published.select().drawable(published.filter)
    mask = int(np.bitwise_or.reduce(selection["weapons"], initial=0))
    codes = published.reference.taxonomy.weapons.unpack(mask)
    used = {code.split(".")[0] for code in codes}
    if bool((selection["weapons"] == 0).any()):
        used.add("unknown")
    settlement = PRECISIONS.index(Precision.settlement.value)
    return {
        "usedFamilies": [family for family in FAMILIES if family in used],
        "hasSettlements": bool((selection["precision"] == settlement).any()),
    }


def _anchors(query: Query) -> list[tuple[Any, ...]]:
    """Link the table, the method, the other languages and the other theatres."""
    view, words = query.view, query.words
    links: list[tuple[Any, ...]] = [
        (words["table"], f"/table?{view.query()}", None, True),
        (
            words["method"],
            f"/method?{urlencode({'theatre': view.theatre, 'lang': view.lang})}",
            None,
        ),
    ]
    if not query.is_public:
        same = urlencode({"theatre": view.theatre, "lang": view.lang})
        links.append((words["import_title"], f"/import?{same}", None))
    theatres = query.reference.theatres
    links += [
        (theatre.name[view.lang], f"/?{urlencode({'theatre': slug, 'lang': view.lang})}", None)
        for slug, theatre in theatres.items()
        if slug != view.theatre
    ]
    links += [
        (LANGUAGE_NAMES[language], f"/?{view.but(lang=language).query()}", language, True)
        for language in theatres[view.theatre].languages
        if language != view.lang
    ]
    return links
