"""The page of the table: sums and incidents without a map; it sorts and filters without scripts."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.pages import HTML, PageRoute, Pages
from app.api.region_table import region_rows
from app.api.respond import answer, etag, unchanged
from app.domain.answer import JsonObject
from app.domain.incident import EventKind, Status
from app.domain.terms import DatasetKind, Face
from app.domain.view import View
from app.exporters.formats import FORMATS
from app.i18n import strings
from app.i18n.values import count_text, number
from app.instance.workspace import Workspace
from app.publishing.defaults import with_defaults
from app.publishing.publish import Published, publish
from app.publishing.query import Query
from app.queries.export import unexportable_datasets
from app.queries.incidents import ORDERS, list_incidents
from app.queries.rates import RATE, add_rates
from app.queries.region_sums import unmarked_by_region
from app.queries.sums import summarise
from app.queries.words.filters import filter_texts
from app.queries.words.lines import address_text
from app.queries.words.record import days_of, record_text
from app.queries.words.summary import summary_sentences

PAGE_ROWS = 200
SORTS = ("name", "incidents", "killed", "injured", "damaged", RATE)
NARROWED = ("from", "to", "dataset", "weapon", "sector", "status", "kind", "region", "min_killed")
"""Parameters that the form sets; it sends every other parameter of the View unchanged."""

UNSEEN: dict[str, JsonObject] = {
    "bbox": {"bbox": None},
    "within": {"within": None},
    "line_km": {"line_km": None},
    "side": {"sides": ()},
}
"""Filters without a field in the form, and how the View changes when each is removed."""


def _exports(query: Query) -> JsonObject:
    """List the formats of an export, or name the datasets whose terms do not allow it."""
    words, datasets = query.words, unexportable_datasets(query)
    names = ", ".join(one.name for one in datasets)
    return {
        "exports": [(form, words[f"export_{form}"]) for form in FORMATS],
        "export_refused": words["exports_refused"].format(names=names) if datasets else None,
    }


def routes(workspace: Workspace) -> APIRouter:
    """Build the table of one instance."""
    router = APIRouter(include_in_schema=False, route_class=PageRoute)
    page = Pages(workspace)
    readers = {
        "offset": params.whole_number(0, 10**9 - 1),
        "sort": params.choice_of(*SORTS),
        "order": params.choice_of(*ORDERS),
    }

    @router.get("/table")
    def table(request: Request) -> Response:
        pairs = [(name, text) for name, text in request.query_params.multi_items() if text]
        query, own = params.read(workspace, pairs, readers)
        query = with_defaults(query)
        offset, sort = own.get("offset", 0), own.get("sort", "name")
        order = own.get("order", "new")
        tag = etag(query, "table", offset, sort, order)
        if (same := unchanged(request, tag)) is not None:
            return same
        view, sums = query.view, publish(query, Face.aggregates)
        points = publish(query, Face.points)
        values = {
            **_sums(workspace, sums, sort),
            **_incidents(workspace, points, offset, order),
            **_form(workspace, sums),
            **_links(view, sort, order),
            **_exports(query),
        }
        html = page("table", view, strings(view.lang)["table_title"], **values)
        return answer(request, html, HTML, tag)

    return router


def _sums(workspace: Workspace, sums: Published, sort: str) -> JsonObject:
    """Write the sums by region, elsewhere and in total, with notes on what is not in them."""
    words = strings(sums.view.lang)
    summary = summarise(sums, "region")
    summary["not_on_map"] = sum(unmarked_by_region(sums).values())
    has_rates = workspace.reference.region_set(sums.view.theatre, sums.view.level).has_population
    if has_rates:
        add_rates(sums, summary["rows"])
    rows = region_rows(sums.view.lang, summary, sort)
    covered = summary["coverage"]
    counts = {
        "undated": covered["undated"],
        "spanning": covered["spanning"],
        "contradictory": covered["contradictory"],
        "withheld": covered["withheld"]["terms"] + covered["withheld"]["embargo"],
    }
    notes = [
        words[name].format(n=number(sums.view.lang, count))
        for name, count in counts.items()
        if count
    ]
    text = summary_sentences(sums, summary)
    return {
        "summary": summary,
        "rows": rows,
        "notes": notes,
        "sentences": text,
        "has_rates": has_rates,
    }


def _incidents(workspace: Workspace, points: Published, offset: int, order: str) -> JsonObject:
    view = points.view
    page = list_incidents(points, PAGE_ROWS, offset, order)

    def at(start: int) -> str:
        return f"/table?{view.query()}&{urlencode({'order': order, 'offset': start})}"

    is_more = offset + PAGE_ROWS < page.matched
    return {
        "incidents": [_incident_row(workspace, view.lang, one) for one in page.features],
        "matched": page.matched,
        "first": min(offset + 1, page.matched),
        "last": offset + len(page.features),
        "later": at(max(offset - PAGE_ROWS, 0)) if offset else None,
        "earlier": at(offset + PAGE_ROWS) if is_more else None,
    }


def _form(workspace: Workspace, sums: Published) -> JsonObject:
    """List the choices of the form, and which of them are in force."""
    view, words, taxonomy = sums.view, strings(sums.view.lang), workspace.reference.taxonomy
    regions = workspace.reference.region_set(view.theatre, view.level).regions
    lists = (
        (
            "weapon",
            view.weapons,
            [(c, taxonomy.weapons.label(c, view.lang)) for c in taxonomy.weapons.codes],
        ),
        (
            "sector",
            view.sectors,
            [(c, taxonomy.sectors.label(c, view.lang)) for c in taxonomy.sectors.codes],
        ),
        ("status", view.statuses, [(one.value, words[f"status_{one.value}"]) for one in Status]),
        ("kind", view.kinds, [(one.value, words[f"kind_{one.value}"]) for one in EventKind]),
        ("region", view.regions, [(one.code, one.name(view.lang)) for one in regions]),
    )
    return {
        "first_day": view.first,
        "last_day": view.last,
        "min_killed": "" if view.min_killed is None else view.min_killed,
        "datasets": _dataset_choices(sums),
        "dataset_slugs": [dataset.slug for dataset in sums.datasets],
        "lists": [
            {
                "name": name,
                "label": words[name],
                "options": options,
                "value": ",".join(codes),
                "several": len(codes) > 1,
            }
            for name, codes, options in lists
        ],
        "unseen": [
            (one.text, f"/table?{view.but(**UNSEEN[one.name]).query()}")
            for one in filter_texts(sums.query)
            if one.name in UNSEEN
        ],
        "other_parameters": [pair for pair in view.pairs() if pair[0] not in NARROWED],
    }


def _links(view: View, sort: str, order: str) -> JsonObject:
    """Give each column the link that sorts by it; `aria-sort` marks the column in force."""
    address = view.query()
    return {
        "sorts": {
            name: f"/table?{address}&{urlencode({'sort': name, 'order': order})}" for name in SORTS
        },
        "orders": {
            name: f"/table?{address}&{urlencode({'sort': sort, 'order': name})}" for name in ORDERS
        },
        "sort": sort,
        "order": order,
    }


def _dataset_choices(published: Published) -> Sequence[tuple[str, str]]:
    view = published.view
    return [
        (one.slug, one.name)
        for one in sorted(published.state.datasets.values(), key=lambda one: one.slug)
        if one.theatre == view.theatre
        and one.kind is DatasetKind.incidents
        and one.synthetic == view.synthetic
    ]


def _incident_row(workspace: Workspace, language: str, feature: JsonObject) -> JsonObject:
    words = strings(language)
    properties, taxonomy = feature["properties"], workspace.reference.taxonomy
    return {
        "id": feature["id"],
        "days": days_of(properties),
        "place": record_text(words, properties, "place") or words["not_stated"],
        "region": properties["region"]["name"]
        or properties["region"]["admin1"]
        or words["region_none"],
        "precision": words[f"precision_{properties['precision']}"],
        "weapons": ", ".join(
            taxonomy.weapons.label(code, language) for code in properties["weapons"]
        )
        or words["not_stated"],
        "killed": count_text(language, properties["killed"]),
        "injured": count_text(language, properties["injured"]),
        "damage": ", ".join(
            taxonomy.sectors.label(one["sector"], language) for one in properties["damage"]
        )
        or words["not_stated"],
        "status": words[f"status_{properties['status']}"],
        "sources": ", ".join(
            one.get("publisher") or address_text(one.get("url")) or words["source_withheld"]
            for one in properties["sources"]
        )
        or words["no_source"],
    }
