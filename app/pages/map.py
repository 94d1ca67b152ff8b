"""The Folium page of a View: gathers what the page must know before it asks for anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

import numpy as np
import shapely

from app.domain.answer import JsonObject
from app.domain.instants import rfc3339
from app.domain.place import Precision
from app.domain.terms import DatasetKind, Face
from app.domain.view import COLOURS_BY, View
from app.i18n import LANGUAGE_NAMES
from app.i18n.values import day_text, day_words, days_text, number
from app.index.columns import PRECISIONS
from app.maps.card import Card
from app.maps.embedding import EmbedOptions
from app.maps.facts import ControlFacts, Histogram, PageFacts
from app.maps.page import Anchor, Chrome, SavedKit
from app.maps.theatre_map import PageContent, build_page, map_spec
from app.pages.columns import day_counts
from app.publishing.defaults import with_defaults
from app.publishing.publish import Published, publish
from app.publishing.query import Query
from app.publishing.sources import control_sources
from app.queries.changes import corrections_since
from app.queries.looks import mark_classes, side_join
from app.queries.stories import standing_stories
from app.queries.sums import summarise
from app.queries.words.headline import summary_headline


def page_html(
    query: Query,
    *,
    embed: EmbedOptions | None = None,
    kit: SavedKit | None = None,
    base: str = "",
) -> str:
    """Build the page; a View without a period or source gets the ones it would be read with.

    With a kit it becomes one file that needs no service. `base` is how the reader addressed us,
    such as https://host: a head names whole addresses, or none where there is no such address.
    """
    query = with_defaults(query)
    if query.view.colour_by == "side":
        side_join(query)  # it refuses what the columns of the page could not have
    all_time = query.but(first=None, last=None)
    sums, marks = publish(all_time, Face.aggregates), publish(all_time, Face.points)
    unknown = _before_the_record(query)
    banners = _banners(query, is_saved=kit is not None) + ([unknown] if unknown else [])
    title = query.words["title"].format(theatre=query.theatre.title(query.view.lang))
    days = days_text(query.view.lang, str(query.view.first), str(query.view.last))
    chrome = Chrome(
        title=title,
        language=query.view.lang,
        strings=query.words,
        table_url=f"/table?{query.view.query()}",
        anchors=[] if embed else kit.anchors if kit else _anchors(query),
        theatres=[] if embed or kit else _theatre_links(query),
        languages=_language_links(query),
        language_name=LANGUAGE_NAMES[query.view.lang],
        banners=banners,
        corrections=None if unknown else corrections(query),
        embed=embed,
        is_synthetic=query.view.synthetic,
        days=days,
        credits=f"{query.words['credits']}: {' · '.join(sums.credits) or '–'}",
        headline="" if embed is None else _headline(query),
        as_known="" if embed is None else _as_known(query),
        whole_url=f"/?{query.view.query()}",
        still=f"/figure.png?{query.view.query()}&width=1200&height=800",
        still_text=f"{title}. {days}. {query.words['subtitle']}",
        card=_card(query, base) if base else None,
    )
    facts, histogram = _facts(query, sums, marks, kit, embed), _histogram(marks, query.view)
    streets = None if kit else query.streets
    credit = "" if streets is None else streets.credit
    # A file asks nobody for anything, and no service knows the ground of an invented country.
    services = () if kit or query.theatre.synthetic else query.workspace.tile_services
    content = PageContent(facts, chrome, map_box(query), histogram, credit, services, kit)
    return build_page(query.theatre, query.reference.taxonomy, content)


def map_block(query: Query) -> JsonObject:
    """Describe the map of a View alone, as its page would open, for a story's page."""
    query = with_defaults(query)
    all_time = query.but(first=None, last=None)
    sums, marks = publish(all_time, Face.aggregates), publish(all_time, Face.points)
    facts, streets = _facts(query, sums, marks, None, None), query.streets
    credit = "" if streets is None else streets.credit
    return map_spec(query.theatre, query.reference.taxonomy, facts, map_box(query), credit)


def _banners(query: Query, *, is_saved: bool) -> list[str]:
    banners = []
    if not query.is_public:
        banners.append(query.words["private_file" if is_saved else "private"])
    if query.view.synthetic:
        banners.append(query.words["invented_long"])
    return banners


def _before_the_record(query: Query) -> str | None:
    """Say that nothing was known on a View's `as_of`: its empty map is no map of a quiet time."""
    first = query.workspace.store.by_seq([1])
    as_of, words = query.view.as_of, query.words
    if as_of is None or (first and first[0].recorded_at <= as_of):
        return None
    if not first:
        return words["figure_no_record"]
    day = day_words(words, first[0].recorded_at.astimezone(ZoneInfo(query.theatre.zone)).date())
    return words["figure_nothing_known"].format(date=day)


def _card(query: Query, base: str) -> Card:
    """Say in the head what the page shows, and where its picture is."""
    view, words = query.view, query.words
    name = query.theatre.title(view.lang)
    invented = f" {words['invented_long']}." if view.synthetic else ""
    days = days_text(view.lang, str(view.first), str(view.last))
    card = Card.of(
        base,
        view.query(),
        title=words["title"].format(theatre=name),
        description=f"{days}. {words['subtitle']}.{invented}",
        language=view.lang,
    )
    # Readers of other sites cannot open a private map.
    return card if query.is_public else replace(card, oembed=None)


def corrections(query: Query) -> Anchor | None:
    """Say what was corrected since a pinned View's day, and where to read it.

    None for a View of now, and where the terms withhold the records.
    """
    view, words = query.view, query.words
    if view.as_of is None:
        return None
    number_of = corrections_since(query, view.as_of)
    if number_of is None:
        return None
    key = {0: "corrections_none", 1: "corrections_one"}.get(number_of, "corrections_since")
    day = day_known(query, view.as_of)
    text = words[key].format(n=number(view.lang, number_of), date=day)
    address = f"/changes?{view.but(as_of=None).query()}&since={rfc3339(view.as_of)}"
    return Anchor(text, address)


def _headline(query: Query) -> str:
    """Write the View as the sentence that `/api/summary` has: it must not arrive after the map."""
    published = publish(query, Face.aggregates)
    return summary_headline(published, summarise(published, "region")) or ""


def _as_known(query: Query) -> str:
    """Say on which day the frame's map is known."""
    if query.known_at is None:
        return ""
    return f"{query.words['as_known_on']} {day_known(query, query.known_at)}"


def day_known(query: Query, instant: datetime) -> str:
    """Write the day of an instant in the theatre's zone and the View's language."""
    return day_text(query.view.lang, instant.astimezone(ZoneInfo(query.theatre.zone)).date())


def _facts(
    query: Query,
    sums: Published,
    marks: Published,
    kit: SavedKit | None,
    embed: EmbedOptions | None,
) -> PageFacts:
    """Gather the facts; `sums` and `marks` are the View of all time.

    Days are counted only where marks may be shown: a histogram of days would give sums by day away.
    """
    view, zone = query.view, ZoneInfo(query.theatre.zone)
    return PageFacts(
        view=dict(view.pairs()),
        datasets=_dataset_choices(query),
        shown_datasets=[dataset.slug for dataset in sums.datasets],
        controls=[
            ControlFacts(
                slug=dataset.slug,
                name=dataset.name,
                credit=dataset.credit,
                shares_points=dataset.terms.points or not query.is_public,
                days=[str(day) for day in query.state.control.days(dataset.slug, query.seq)],
            )
            for dataset in control_sources(query)
        ],
        controller=query.theatre.default_controller,
        waves=min((one.slug for one in query.datasets_of(DatasetKind.waves)), default=None),
        head=query.state.hash.hex()[:16],
        regions=[(region.code, region.name(view.lang)) for region in query.regions.regions],
        may_embed=not publish(query, Face.embeds).withheld["terms"],
        is_private=not query.is_public,
        as_of=None if query.known_at is None else rfc3339(query.known_at),
        as_of_day=None if view.as_of is None else str(view.as_of.astimezone(zone).date()),
        yesterday=str(query.today - timedelta(days=1)),
        columns_url=f"/columns.json?{columns_query(view)}",
        has_population=query.regions.has_population,
        levels=sorted(query.reference.region_sets(view.theatre)),
        looks={by: _looks(query.but(colour_by=by)) for by in COLOURS_BY},
        has_settlements=_has_settlements(marks),
        is_saved=kit is not None,
        embed={} if embed is None else embed.pairs(),
        archive=quote(kit.archive) if kit and kit.archive else None,
    )


def map_box(query: Query) -> Sequence[float]:
    """Say what the map shows first: the View's own box, area or regions, or the whole theatre."""
    view = query.view
    if view.bbox is not None:
        west, south, east, north = view.bbox
        return west, south, east + 360 * (west > east), north
    if view.within is not None:
        return view.within.bounds
    shapes = [region.shape for region in query.regions.regions if region.code in view.regions]
    if shapes:
        return [float(side) for side in shapely.total_bounds(np.array(shapes, object))]
    return query.theatre.bounds


def columns_query(view: View) -> str:
    """Write which columns a page asks for.

    The columns depend on place, ground, kinds, datasets, colours and as-of; the page filters the
    rest.
    """
    is_by_line = view.needs_control or view.colour_by == "side"
    plain = View(
        line_km=view.line_km,
        sides=view.sides,
        freeze=view.freeze if is_by_line else None,
        control=view.control if is_by_line else None,
        colour_by=view.colour_by,
        bbox=view.bbox,
        within=view.within,
        kinds=view.kinds,
        regions=view.regions,
        level=view.level,
        theatre=view.theatre,
        as_of=view.as_of,
        datasets=view.datasets,
        synthetic=view.synthetic,
        lang=view.lang,
    )
    return plain.query()


def _histogram(marks: Published, view: View) -> Histogram:
    """Count per day; without any incident the axis still spans the period."""
    day_numbers = day_counts(marks)
    first, last = view.first or date.min, view.last or date.max
    if day_numbers is None:
        return Histogram(str(first), [0] * ((last - first).days + 1))
    start, counts = day_numbers
    before, end = max((start - first).days, 0), start + timedelta(days=len(counts) - 1)
    after = max((last - end).days, 0)
    return Histogram(str(min(start, first)), [0] * before + counts + [0] * after)


def _dataset_choices(query: Query) -> list[tuple[str, str]]:
    return [
        (
            dataset.slug,
            dataset.name if dataset.name == dataset.slug else f"{dataset.name} ({dataset.slug})",
        )
        for dataset in query.datasets_of(DatasetKind.incidents)
    ]


def _looks(query: Query) -> list[tuple[str, str, str, str]]:
    return [(one.code, one.label, one.mark.colour, one.mark.shape) for one in mark_classes(query)]


def _has_settlements(marks: Published) -> bool:
    settlement = PRECISIONS.index(Precision.settlement.value)
    precision = marks.select().drawable(marks.filter)["precision"]
    return bool((precision == settlement).any())


def _anchors(query: Query) -> list[Anchor]:
    """Link the table, the method, stories, and what the owner needs."""
    view, words = query.view, query.words
    links = [
        Anchor(words["table"], f"/table?{view.query()}", is_view=True),
        Anchor(
            words["method"],
            f"/method?{urlencode({'theatre': view.theatre, 'lang': view.lang})}",
        ),
    ]
    if standing_stories(query.workspace.store):
        links.append(Anchor(words["stories"], f"/stories?{urlencode({'lang': view.lang})}"))
    if not query.is_public:
        same = urlencode({"theatre": view.theatre, "lang": view.lang})
        links.append(Anchor(words["import_title"], f"/import?{same}"))
    return links


def _theatre_links(query: Query) -> list[Anchor]:
    """Link the other theatres, each in the reader's language where it has that."""
    view = query.view
    return [
        Anchor(
            theatre.title(view.lang),
            f"/?{urlencode({'theatre': slug, 'lang': theatre.language_for(view.lang)})}",
        )
        for slug, theatre in query.reference.theatres.items()
        if slug != view.theatre
    ]


def _language_links(query: Query) -> list[Anchor]:
    """Link to the same View in each other language of its theatre."""
    view = query.view
    return [
        Anchor(
            LANGUAGE_NAMES[language], f"/?{view.but(lang=language).query()}", language, is_view=True
        )
        for language in query.theatre.languages
        if language != view.lang
    ]
