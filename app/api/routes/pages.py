"""Pages for people: the map, one incident, method and terms, comparisons and changes."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.changes import read_changes
from app.api.links import known_base
from app.api.pages import HTML, PageRoute, Pages
from app.api.respond import answer, etag, unchanged
from app.domain.answer import JsonObject
from app.domain.errors import InvalidView, NotFound, Problem
from app.domain.instants import rfc3339
from app.domain.terms import Face
from app.i18n import strings
from app.i18n.values import count_text, day_text
from app.instance.workspace import Workspace
from app.maps.embedding import EmbedOptions
from app.pages.compare import comparison
from app.pages.map import page_html
from app.publishing.defaults import with_defaults
from app.publishing.publish import control_dataset, publish, refuse_embedding
from app.publishing.query import Query
from app.publishing.sources import control_sources
from app.queries.feeds import content_lines
from app.queries.ground.measures import ControlSource
from app.queries.images import images_of
from app.queries.incidents import find_incident, history
from app.queries.words.headline import incident_headline
from app.queries.words.record import incident_fields, record_text, when_text

COMPARE_PARAMETERS = ("theatre", "lang", "as_of", "synthetic", "level")
TEMPLATES = ("incidents.csv", "incidents.geojson", "control.csv", "control.geojson")
RULES = (
    *("rule_first_sight", "rule_unknown", "rule_span", "rule_place", "rule_datasets"),
    *("rule_line", "rule_regions"),
)


def routes(workspace: Workspace) -> APIRouter:
    """Build the pages of one instance."""
    router = APIRouter(include_in_schema=False, route_class=PageRoute)
    page = Pages(workspace)

    @router.get("/")
    @router.get("/embed")
    def map_page(request: Request) -> Response:
        is_embed = request.url.path == "/embed"
        readers = params.EMBED_READERS if is_embed else params.EMPTY
        query, own = params.read(workspace, request.query_params.multi_items(), readers)
        embed = EmbedOptions(**own) if is_embed else None
        base = known_base(request)  # links in the head of a page are absolute
        tag = etag(query, "page", embed, base, workspace.tile_services)
        if (same := unchanged(request, tag)) is not None:
            return same
        if is_embed:
            refuse_embedding(query)
        html = page_html(query, embed=embed, base=base)
        return answer(request, html, HTML, tag)

    @router.get("/incidents/{ref}")
    def incident(request: Request, ref: str) -> Response:
        query = params.read_query(workspace, request.query_params.multi_items())
        tag = etag(query, "incident", ref, "html")
        if (same := unchanged(request, tag)) is not None:
            return same
        published = publish(query, Face.points, in_all=True)
        feature = find_incident(published, ref)
        properties = feature["properties"]
        words = strings(query.view.lang)
        title = incident_headline(query, properties)
        fields = incident_fields(query, feature, images_of(published, feature))
        revisions = history(published, feature)
        merged = [
            {
                **other,
                **{
                    toll: count_text(query.view.lang, other[toll]) for toll in ("killed", "injured")
                },
                "description": record_text(words, other, "description"),
            }
            for other in properties["merged_with"]
        ]
        when = when_text(query.view.lang, properties)
        block = {
            "id": feature["id"],
            "when": when,
            "fields": fields,
            "history": revisions,
            "merged": merged,
        }
        html = page("incident", query.view, title, **block)
        return answer(request, html, HTML, tag)

    @router.get("/method")
    def method(request: Request) -> Response:
        query = params.read_query(workspace, request.query_params.multi_items())
        faults = [
            sentence
            for fault in workspace.reference.theatre_faults
            for sentence in fault.sentences()
        ]
        tag = etag(query, "method", faults)
        if (same := unchanged(request, tag)) is not None:
            return same
        view, words = query.view, strings(query.view.lang)
        theatre = workspace.reference.theatres[view.theatre]
        regions = workspace.reference.region_set(view.theatre, view.level)
        rules = [words[rule].format(set=f"{regions.id} ({regions.hash})") for rule in RULES]
        datasets = [
            {
                "slug": one.slug,
                "name": one.name,
                "credit": one.credit,
                "licence": one.licence,
                "about": words.get(f"terms_{one.licence}", ""),
                "accessed": one.accessed or "",
                "leaves": ", ".join(
                    words[f"face_{face}"] for face in Face if one.terms.allow(face)
                ),
            }
            for one in sorted(query.state.datasets.values(), key=lambda one: one.slug)
            if one.theatre == view.theatre
        ]
        html = page(
            "method",
            view,
            words["method"],
            rules=rules,
            datasets=datasets,
            templates=TEMPLATES,
            note=theatre.remark(view.lang),
            faults=faults,
        )
        return answer(request, html, HTML, tag)

    _compare(router, workspace, page)
    return router


def _compare(router: APIRouter, workspace: Workspace, page: Pages) -> None:
    """Add the pages that compare: two states of the ground, and two states of the record."""

    @router.get("/compare")
    def compare(request: Request) -> Response:
        query, own = params.read(workspace, request.query_params.multi_items(), {"with": str})
        query = with_defaults(query)
        view, sources = query.view, control_sources(query)
        if not sources:
            raise NotFound(f"No control dataset is loaded for {view.theatre!r}.")
        tag = etag(query, "compare", own.get("with"))
        if (same := unchanged(request, tag)) is not None:
            return same
        values = _compared(query, own.get("with") or None, [one.slug for one in sources])
        values["sources"] = [(one.slug, one.name) for one in sources]
        html = page("compare", view, strings(view.lang)["compare_title"], **values)
        return answer(request, html, HTML, tag)

    @router.get("/changes")
    def changed(request: Request) -> Response:
        query, changes, _limit, _form = read_changes(workspace, request)
        words = query.words
        values = {
            "instant": rfc3339(changes.since),
            "none": words["corrections_none"].format(
                date=day_text(query.view.lang, changes.since.date())
            ),
            "rows": [
                {
                    "recorded": one["recorded_at"],
                    "kind": words[f"change_{one['kind']}"],
                    "incident": one["incident"],
                    "title": one["title"],
                    "lines": content_lines(one, words),
                }
                for one in changes.items
            ],
        }
        html = page("changes", query.view, words["changes_title"], **values)
        return answer(request, html, HTML, etag(query, "changes-page", changes.since))


def _compared(query: Query, other: str | None, slugs: Sequence[str]) -> JsonObject:
    """Compare with a second source, when it is named, else the two ends of the period."""
    view = query.view
    if other is not None and other not in slugs:
        raise InvalidView((Problem("query.with", other, ", ".join(slugs)),))
    first_source = view.control or slugs[0]

    def source(slug: str) -> ControlSource:
        of_slug = query.but(control=slug)
        dataset = control_dataset(of_slug, Face.aggregates)
        assert dataset is not None  # noqa: S101  the View's own source, or one of `slugs`
        return ControlSource.of(of_slug, dataset)

    assert view.first and view.last  # noqa: S101, PT018  a settled View has a period
    second = source(other) if other and other != first_source else None
    return {
        **comparison(source(first_source), second, view.first, view.last),
        "first_source": first_source,
        "other": other,
        "first_day": view.first,
        "last_day": view.last,
        "other_parameters": [pair for pair in view.pairs() if pair[0] in COMPARE_PARAMETERS],
    }
