"""The table twin: sums and incidents without a map, sorted and narrowed without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.pages import HTML, PageRoute, Pages
from app.api.respond import answer, etag
from app.domain.incident import Status
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
from app.queries.region_sums import unmarked_by_region
from app.queries.sums import add_rates, summarise
from app.queries.words.filters import filter_texts
from app.queries.words.record import days_of, record_text
from app.queries.words.summary import summary_sentences

PAGE_ROWS = 200
RATE = "killed_per_100k"
SORTS = ("name", "incidents", "killed", "injured", "damaged", RATE)
NARROWED = ("from", "to", "dataset", "weapon", "sector", "status", "region", "min_killed")
"""What the form sets; every other parameter of the View travels along with it."""

UNSEEN: dict[str, dict[str, Any]] = {
    "bbox": {"bbox": None},
    "line_km": {"line_km": None},
    "side": {"sides": ()},
}
"""Filters that the form has no field for, and the View without each: told, and taken away."""


def _exports(query: Query) -> dict[str, Any]:
    """Offer the View as files, or say whose terms keep it here."""
    words, kept = query.words, unexportable_datasets(query)
    names = ", ".join(one.name for one in kept)
    return {
        "exports": [(form, words[f"export_{form}"]) for form in FORMATS],
        "export_refused": words["exports_refused"].format(names=names) if kept else None,
    }


def routes(workspace: Workspace) -> APIRouter:
    """Build the table of one instance."""
    router = APIRouter(include_in_schema=False, route_class=PageRoute)
    page = Pages(workspace)
    readers = {
        "offset": params.whole(0, 10**9 - 1),
        "sort": params.one_of(*SORTS),
        "order": params.one_of(*ORDERS),
    }

    @router.get("/table")
    def table(request: Request) -> Response:
        given = [(name, text) for name, text in request.query_params.multi_items() if text]
        query, own = params.read(workspace, given, readers)
        query = with_defaults(query)
        view, sums = query.view, publish(query, Face.aggregates)
        points = publish(query, Face.points)
        offset, sort = own.get("offset", 0), own.get("sort", "name")
        order = own.get("order", "new")
        told = {
            **_sums(workspace, sums, sort),
            **_incidents(workspace, points, offset, order),
            **_form(workspace, sums),
            **_links(view, sort, order),
            **_exports(query),
        }
        html = page("table", view, strings(view.lang)["table_title"], **told)
        return answer(request, html, HTML, etag(query, "table", offset, sort, order))

    return router


def _sums(workspace: Workspace, sums: Published, sort: str) -> dict[str, Any]:
    """Write the sums by region, elsewhere and in all, with what they leave out."""
    words = strings(sums.view.lang)
    summary = summarise(sums, "region")
    summary["not_on_map"] = sum(unmarked_by_region(sums).values())
    has_rates = workspace.reference.region_set(sums.view.theatre, sums.view.level).has_population
    if has_rates:
        add_rates(sums, summary["rows"])
    rows = region_rows(sums.view.lang, summary, sort)
    covered = summary["coverage"]
    told = {
        "undated": covered["undated"],
        "spanning": covered["spanning"],
        "withheld": sum(covered["withheld"].values()),
    }
    notes = [
        words[name].format(n=number(sums.view.lang, count)) for name, count in told.items() if count
    ]
    said = summary_sentences(sums, summary)
    return {"summary": summary, "rows": rows, "notes": notes, "said": said, "has_rates": has_rates}


def region_rows(
    language: str, summary: Mapping[str, Any], sort: str = "name"
) -> list[dict[str, Any]]:
    """Write the rows of a summary by region as text, sorted, elsewhere and the total last."""
    words = strings(language)
    listed = [row for row in summary["rows"] if row["incidents"]]
    if sort != "name":
        listed.sort(key=lambda row: -_worth(row.get(sort)))
    rows = [_region_row(language, row["name"], row) for row in listed]
    if summary["elsewhere"] and summary["elsewhere"]["incidents"]:
        rows.append(_region_row(language, words["elsewhere"], summary["elsewhere"]))
    if summary["totals"]:
        rows.append(_region_row(language, words["total"], summary["totals"]))
    return rows


def _worth(value: Any) -> float:
    """Order counts by what is known at least; unknown comes last."""
    known = value
    if isinstance(value, Mapping):
        known = value["low"] if value["low"] is not None else value["best"]
    return -1 if known is None else float(known)


def _incidents(workspace: Workspace, points: Published, offset: int, order: str) -> dict[str, Any]:
    view = points.view
    listed = list_incidents(points, PAGE_ROWS, offset, order)

    def at(start: int) -> str:
        return f"/table?{view.query()}&{urlencode({'order': order, 'offset': start})}"

    is_more = offset + PAGE_ROWS < listed.matched
    return {
        "incidents": [_incident_row(workspace, view.lang, one) for one in listed.features],
        "matched": listed.matched,
        "first": min(offset + 1, listed.matched),
        "last": offset + len(listed.features),
        "later": at(max(offset - PAGE_ROWS, 0)) if offset else None,
        "earlier": at(offset + PAGE_ROWS) if is_more else None,
    }


def _form(workspace: Workspace, sums: Published) -> dict[str, Any]:
    """List what the form offers, and what is chosen of it."""
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
        ("region", view.regions, [(one.code, one.name(view.lang)) for one in regions]),
    )
    return {
        "first_day": view.first,
        "last_day": view.last,
        "min_killed": "" if view.min_killed is None else view.min_killed,
        "datasets": _choices(sums),
        "shown": [dataset.slug for dataset in sums.datasets],
        "lists": [
            {
                "name": name,
                "label": words[name],
                "options": options,
                "chosen": ",".join(chosen),
                "several": len(chosen) > 1,
            }
            for name, chosen, options in lists
        ],
        "unseen": [
            (one.text, f"/table?{view.but(**UNSEEN[one.name]).query()}")
            for one in filter_texts(sums.query)
            if one.name in UNSEEN
        ],
        "kept": [pair for pair in view.pairs() if pair[0] not in NARROWED],
    }


def _links(view: View, sort: str, order: str) -> dict[str, Any]:
    """Say how each column is sorted by a link; `aria-sort` says by which it is."""
    here = view.query()
    return {
        "sorts": {
            name: f"/table?{here}&{urlencode({'sort': name, 'order': order})}" for name in SORTS
        },
        "orders": {
            name: f"/table?{here}&{urlencode({'sort': sort, 'order': name})}" for name in ORDERS
        },
        "sort": sort,
        "order": order,
    }


def _choices(published: Published) -> Sequence[tuple[str, str]]:
    view = published.view
    return [
        (one.slug, one.name)
        for one in sorted(published.state.datasets.values(), key=lambda one: one.slug)
        if one.theatre == view.theatre
        and one.kind is DatasetKind.incidents
        and one.synthetic == view.synthetic
    ]


def _region_row(language: str, name: str, row: Mapping[str, Any]) -> dict[str, Any]:
    killed = row["killed"]
    return {
        "name": name,
        "incidents": number(language, row["incidents"]),
        "killed": count_text(language, killed) if row["incidents"] else "–",
        "rate": _rate_text(language, row),
        "injured": count_text(language, row["injured"]) if row["incidents"] else "–",
        "damaged": number(language, row["damaged"]),
        "known": f"{number(language, killed['known'])} / {number(language, killed['of'])}",
    }


def _rate_text(language: str, row: Mapping[str, Any]) -> str:
    """Say the dead of 100,000 people, at least; a sum of regions has no people of its own."""
    if RATE not in row:
        return "–"
    words = strings(language)
    if row[RATE] is None:
        return words["unknown"]
    rate, killed = number(language, row[RATE]), row["killed"]
    return rate if killed["low"] == killed["high"] else words["at_least"].format(n=rate)


def _incident_row(workspace: Workspace, language: str, found: Mapping[str, Any]) -> dict[str, Any]:
    words = strings(language)
    told, taxonomy = found["properties"], workspace.reference.taxonomy
    return {
        "id": found["id"],
        "days": days_of(told),
        "place": record_text(words, told, "place") or words["not_stated"],
        "region": told["region"]["name"] or told["region"]["admin1"] or words["region_none"],
        "precision": words[f"precision_{told['precision']}"],
        "weapons": ", ".join(taxonomy.weapons.label(code, language) for code in told["weapons"])
        or words["not_stated"],
        "killed": count_text(language, told["killed"]),
        "injured": count_text(language, told["injured"]),
        "damage": ", ".join(
            taxonomy.sectors.label(one["sector"], language) for one in told["damage"]
        )
        or words["not_stated"],
        "status": words[f"status_{told['status']}"],
        "sources": ", ".join(one.get("publisher") or one.get("url", "") for one in told["sources"])
        or words["no_source"],
    }
