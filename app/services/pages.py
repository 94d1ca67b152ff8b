"""The Folium page of a View: gathers what the page must know before it asks for anything."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from app.domain.place import Precision
from app.domain.terms import Audience, Dataset, DatasetKind, Face
from app.domain.view import View, rfc3339
from app.i18n import strings
from app.i18n.values import day_text, days_text, number
from app.index.build import State
from app.index.columns import PRECISIONS
from app.instance.workspace import Workspace
from app.maps.card import Card
from app.maps.page import SavedKit
from app.maps.theatre_map import build_page
from app.publishing.publish import Published, publish
from app.render.palette import FAMILIES
from app.services.changes import changes
from app.services.figure_legend import day_words
from app.services.listing import day_counts
from app.services.report import day_span

LANGUAGE_NAMES = {"en": "English", "uk": "Українська"}


def page_html(  # noqa: PLR0913  a View, its state, and which dress it wears
    workspace: Workspace,
    state: State,
    view: View,
    now: datetime,
    *,
    is_embed: bool = False,
    kit: SavedKit | None = None,
    base: str | None = None,
) -> str:
    """Build the page; a View without a period or source gets the ones it would be read with.

    With a kit it becomes one file that needs no service. `base` is how the reader addressed us,
    such as https://host: a head names whole addresses, or none where there is no such address.
    """
    view = settled(workspace, state, view, now)
    theatre = workspace.reference.theatres[view.theatre]
    everything = publish(workspace, state, view.but(first=None, last=None), Face.aggregates, now)
    all_time = view.but(first=None, last=None)
    drawn = publish(workspace, state, all_time, Face.points, now)
    told = _told(workspace, state, view, (everything, drawn), now)
    told["isSaved"] = kit is not None
    told["archive"] = kit and kit.archive and quote(kit.archive)
    words = strings(view.lang)
    banners = []
    if workspace.audience is Audience.private:
        banners.append(words["private_file" if kit else "private"])
    if view.synthetic:
        banners.append(words["invented_long"])
    if (unknown := _before_the_record(workspace, view)) is not None:
        banners.append(unknown)
    chrome = {
        "corrections": None if unknown else corrections(workspace, state, view, now),
        "kit": kit,
        "anchors": [] if is_embed or kit else _anchors(workspace, view, words),
        "banners": banners,
        "credits": everything.credits,
        "is_embed": is_embed,
        "is_synthetic": view.synthetic,
        "card": None if base is None else _card(workspace, view, base),
    }
    return build_page(theatre, workspace.reference.taxonomy, told, chrome)


def _before_the_record(workspace: Workspace, view: View) -> str | None:
    """Say that nothing was known on a View's `as_of`: its empty map is no map of a quiet time."""
    first = workspace.store.by_seq([1])
    if view.as_of is None or (first and first[0].recorded_at <= view.as_of):
        return None
    words = strings(view.lang)
    if not first:
        return words["figure_no_record"]
    zone = ZoneInfo(workspace.reference.theatres[view.theatre].zone)
    day = day_words(words, first[0].recorded_at.astimezone(zone).date())
    return words["figure_nothing_known"].format(date=day)


def _card(workspace: Workspace, view: View, base: str) -> Card:
    """Say in the head what the page shows, and where its picture is."""
    words = strings(view.lang)
    name = workspace.reference.theatres[view.theatre].name[view.lang]
    invented = f" {words['invented_long']}." if view.synthetic else ""
    days = days_text(view.lang, str(view.first), str(view.last))
    return Card.of(
        base,
        view.query(),
        title=words["title"].format(theatre=name),
        description=f"{days}. {words['subtitle']}.{invented}",
        language=view.lang,
        is_public=workspace.audience is Audience.public,
    )


def corrections(
    workspace: Workspace, state: State, view: View, now: datetime
) -> tuple[str, str] | None:
    """Say what was corrected since a pinned View's day, and where to read it; None for now."""
    if view.as_of is None:
        return None
    words, current = strings(view.lang), view.but(as_of=None)
    found = changes(workspace, state, current, view.as_of, now, 0).corrections
    key = {0: "corrections_none", 1: "corrections_one"}.get(found, "corrections_since")
    zone = ZoneInfo(workspace.reference.theatres[view.theatre].zone)
    day = day_text(view.lang, view.as_of.astimezone(zone).date())
    text = words[key].format(n=number(view.lang, found), date=day)
    return text, f"/changes?{current.query()}&since={rfc3339(view.as_of)}"


def settled(workspace: Workspace, state: State, view: View, now: datetime) -> View:
    """Fill in what a reader would expect: the period and the control source to start with."""
    theatre = workspace.reference.theatres[view.theatre]
    if view.first is None or view.last is None:
        everything = publish(workspace, state, _unfiltered(view), Face.aggregates, now)
        first, last = day_span(everything) or theatre.first_period
        if not all(one.terms.points for one in everything.datasets):
            # Sums that leave by the week only: the first and the last day are days, too.
            first -= timedelta(days=first.weekday())
            last += timedelta(days=6 - last.weekday())
        slugs = {dataset.slug for dataset in everything.datasets}
        if slugs & set(theatre.default_datasets):
            first, last = theatre.first_period
        view = view.but(
            first=view.first or min(first, view.last or first),
            last=view.last or max(last, view.first or last),
        )
    if view.control is None:
        open_one = _first_control(workspace, state, view)
        view = view.but(control=open_one.slug if open_one else None)
    return view


def _unfiltered(view: View) -> View:
    """Take a View's datasets and nothing else of it: no filter may tell of a single day."""
    plain = View(theatre=view.theatre, datasets=view.datasets, synthetic=view.synthetic)
    return plain.but(lang=view.lang)


def _first_control(workspace: Workspace, state: State, view: View) -> Dataset | None:
    shown = shown_controls(workspace, state, view)
    wanted = workspace.reference.theatres[view.theatre].default_control
    named = [dataset for dataset in shown if dataset.slug == wanted]
    return next(iter(named or shown), None)


def shown_controls(workspace: Workspace, state: State, view: View) -> list[Dataset]:
    """List the control sources this audience may see drawn."""
    is_public = workspace.audience is Audience.public
    return [
        dataset
        for dataset in sorted(state.datasets.values(), key=lambda one: one.slug)
        if dataset.theatre == view.theatre
        and dataset.kind is DatasetKind.control
        and (dataset.terms.tiles or not is_public)
    ]


def _told(
    workspace: Workspace,
    state: State,
    view: View,
    published: tuple[Published, Published],
    now: datetime,
) -> dict[str, Any]:
    """Gather the facts; `published` is the View of all time, as sums and as points.

    Days are told only where points may be: a histogram of days would give sums by day away.
    """
    everything, drawn = published
    theatre = workspace.reference.theatres[view.theatre]
    seq = everything.filter.seq
    base = {"theatre": view.theatre, "lang": view.lang}
    today = theatre.today(now)
    recorded = workspace.store.head().recorded_at
    return {
        "view": dict(view.pairs()),
        "query": view.query(),
        "base_query": urlencode(base),
        "box": _box(workspace, view),
        "histogram": _histogram(drawn, view),
        "datasets": _dataset_choices(state, view),
        "shownDatasets": [dataset.slug for dataset in everything.datasets],
        "controls": [
            {
                "slug": dataset.slug,
                "name": dataset.name,
                "credit": dataset.credit,
                "days": [str(day) for day in state.control.days(dataset.slug, seq)],
            }
            for dataset in shown_controls(workspace, state, view)
        ],
        "controller": theatre.default_controller,
        "waves": _wave_dataset(state, view),
        "head": workspace.store.head().hash.hex()[:16],
        "regions": [
            [one.code, one.name(view.lang)]
            for one in workspace.reference.region_set(view.theatre, view.level).regions
        ],
        "mayEmbed": not publish(workspace, state, view, Face.embeds, now).withheld["terms"],
        "isPrivate": workspace.audience is Audience.private,
        "asOf": rfc3339(view.as_of) if view.as_of else recorded and rfc3339(recorded),
        "asOfDay": view.as_of and str(view.as_of.astimezone(ZoneInfo(theatre.zone)).date()),
        "yesterday": str(today - timedelta(days=1)),
        "columnsUrl": f"/columns.json?{columns_query(view)}",
        "hasPopulation": workspace.reference.region_set(view.theatre, view.level).has_population,
        "levels": sorted(workspace.reference.region_sets(view.theatre)),
        **_marks_used(drawn, workspace),
    }


def _box(workspace: Workspace, view: View) -> Sequence[float]:
    """Say what the map shows first: the View's own box or regions, or the whole theatre."""
    if view.bbox is not None:
        west, south, east, north = view.bbox
        return west, south, east + 360 * (west > east), north
    regions = workspace.reference.region_set(view.theatre, view.level).regions
    chosen = [region.shape for region in regions if region.code in view.regions]
    if chosen:
        return [float(side) for side in shapely.total_bounds(np.array(chosen, object))]
    return workspace.reference.theatres[view.theatre].bounds


def _wave_dataset(state: State, view: View) -> str | None:
    """Name the dataset of waves that the page shows: the theatre's first."""
    here = [
        one.slug
        for one in state.datasets.values()
        if one.theatre == view.theatre
        and one.kind is DatasetKind.waves
        and one.synthetic == view.synthetic
    ]
    return min(here, default=None)


def columns_query(view: View) -> str:
    """Write which columns a page asks for.

    The columns depend on place, ground, datasets and as-of; the page filters the rest itself.
    """
    plain = View(
        line_km=view.line_km,
        sides=view.sides,
        freeze=view.freeze if view.asks_the_ground else None,
        control=view.control if view.asks_the_ground else None,
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


def _histogram(everything: Published, view: View) -> dict[str, Any]:
    """Count per day; without any incident the axis still spans the period."""
    counted = day_counts(everything)
    first, last = view.first or date.min, view.last or date.max
    if counted["first"] is None:
        return {"first": str(first), "counts": [0] * ((last - first).days + 1)}
    start = date.fromisoformat(counted["first"])
    before, end = max((start - first).days, 0), start + timedelta(days=len(counted["counts"]) - 1)
    after = max((last - end).days, 0)
    return {
        "first": str(min(start, first)),
        "counts": [0] * before + counted["counts"] + [0] * after,
    }


def _dataset_choices(state: State, view: View) -> list[list[str]]:
    return [
        [
            dataset.slug,
            dataset.name if dataset.name == dataset.slug else f"{dataset.name} ({dataset.slug})",
        ]
        for dataset in sorted(state.datasets.values(), key=lambda one: one.slug)
        if dataset.theatre == view.theatre
        and dataset.kind is DatasetKind.incidents
        and dataset.synthetic == view.synthetic
    ]


def _marks_used(everything: Published, workspace: Workspace) -> dict[str, Any]:
    """Say which weapon families and precisions occur, so that the legend lists no others."""
    selection = everything.select().drawable(everything.filter)
    mask = int(np.bitwise_or.reduce(selection["weapons"], initial=0))
    codes = workspace.reference.taxonomy.weapons.unpack(mask)
    used = {code.split(".")[0] for code in codes}
    if bool((selection["weapons"] == 0).any()):
        used.add("unknown")
    settlement = PRECISIONS.index(Precision.settlement.value)
    return {
        "usedFamilies": [family for family in FAMILIES if family in used],
        "hasSettlements": bool((selection["precision"] == settlement).any()),
    }


def _anchors(workspace: Workspace, view: View, words: dict[str, str]) -> list[tuple[Any, ...]]:
    """Link the table, the method, the other languages and the other theatres."""
    links: list[tuple[Any, ...]] = [
        (words["table"], f"/table?{view.query()}", None, True),
        (
            words["method"],
            f"/method?{urlencode({'theatre': view.theatre, 'lang': view.lang})}",
            None,
        ),
    ]
    if workspace.audience is Audience.private:
        query = urlencode({"theatre": view.theatre, "lang": view.lang})
        links.append((words["import_title"], f"/import?{query}", None))
    theatres = workspace.reference.theatres
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
