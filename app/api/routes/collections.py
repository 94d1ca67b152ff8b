"""Items of the collections as GeoJSON (OGC API Features): incidents, control, lines, regions."""

from __future__ import annotations

from datetime import date

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.features import (
    CRS,
    DESCRIBED_PAGE,
    FLAT,
    READ_ITEM,
    READ_PAGE,
    answer_interval,
    answer_item,
    answer_list,
    answer_paged,
    described_properties,
    is_in,
    page_of,
)
from app.api.lanes import Lane
from app.api.links import GEOJSON
from app.api.people import PeopleRoute
from app.api.schemas import STANDARD_REFUSALS, Described, standard_page
from app.domain.errors import InvalidView, NotFound, Problem
from app.domain.place import CRS84
from app.domain.terms import Face
from app.instance.workspace import Workspace
from app.publishing.publish import Published, publish
from app.publishing.query import Query
from app.queries.attributes import flat_features, property_schemas
from app.queries.cql import PARSERS, filtered_rows
from app.queries.geojson import (
    ALL_PARTS,
    AREA_PROPERTIES,
    DETAIL_ZOOMS,
    LINE_ONLY,
    LINE_PROPERTIES,
    REGION_PROPERTIES,
    control_between,
    control_feature,
    control_features,
    region_features,
)
from app.queries.images import images_of
from app.queries.incidents import (
    SORTABLES,
    IncidentPage,
    find_incident,
    list_incidents,
    read_sorting,
)
from app.queries.shapes import SimplifiedShapes
from app.queries.words.record import with_headline, with_lines

NESTED, COLUMNS = (tuple(property_schemas(is_flat=is_flat)) for is_flat in (False, True))
DETAIL = (
    "shapes for a screen, or as they are kept",
    {"type": "string", "enum": list(DETAIL_ZOOMS)},
)
DESCRIBED_LIST: dict[str, Described] = {
    **DESCRIBED_PAGE,
    "filter": ("a condition in CQL2 on the queryables", {"type": "string"}),
    "filter-lang": ("the filter's language", {"type": "string", "enum": list(PARSERS)}),
    "filter-crs": CRS,
    "headline": (
        "true adds each record's headline: what happened, where, and who came to harm, in one line",
        {"type": "boolean"},
    ),
    "lines": (
        "true adds each record's fields as lines of text, as its page has them",
        {"type": "boolean"},
    ),
    "sortby": (
        "fields to sort by, with + or - before each; what is not known comes last",
        {
            "type": "array",
            "items": {"type": "string", "pattern": f"^[+-]?({'|'.join(SORTABLES)})$"},
        },
    ),
    "properties": described_properties(tuple(dict.fromkeys((*NESTED, *COLUMNS)))),
}
READ_LIST: dict[str, params.Reader] = {
    **READ_PAGE,
    "headline": params.read_flag,
    "lines": params.read_flag,
    "filter": str,
    "filter-lang": params.choice_of(*PARSERS),
    "filter-crs": params.read_crs,
    "sortby": read_sorting,
}


def routes(workspace: Workspace, shapes: SimplifiedShapes, lane: Lane) -> APIRouter:
    """Build the items of one instance; long lists have a lane of their own."""
    router = APIRouter(route_class=PeopleRoute, responses=STANDARD_REFUSALS)
    _incidents(router, workspace, lane)
    _regions(router, workspace, shapes)
    _ground(router, workspace, shapes, "control")
    _ground(router, workspace, shapes, "frontline")
    return router


def _choice(request: Request) -> dict[str, params.Reader]:
    """Read a choice of properties: the names are those of the shape that is asked for."""
    is_flat = request.query_params.get("flat") == "true"
    return {"properties": params.choices_of(*(COLUMNS if is_flat else NESTED))}


def _incidents(router: APIRouter, workspace: Workspace, lane: Lane) -> None:
    item_parameters = {name: DESCRIBED_LIST[name] for name in ("crs", "flat", "properties")}

    @router.get(
        "/api/collections/incidents/items", openapi_extra=standard_page(GEOJSON, **DESCRIBED_LIST)
    )
    @lane.endpoint
    def incident_items(request: Request) -> Response:
        """List a View's incidents as GeoJSON, newest first."""
        query, own = params.read_standard(
            workspace, request.query_params.multi_items(), {**READ_LIST, **_choice(request)}
        )
        published = publish(_within(query, own.get("datetime")), Face.points)
        page = _listed(published, own)
        features = page.features
        if own.get("lines"):
            features = [with_lines(query, feature) for feature in features]
        elif own.get("headline"):
            features = [with_headline(query, feature) for feature in features]
        features = flat_features(features) if own.get("flat") else features
        withheld = published.withheld
        return answer_list(request, query, own, features, page.matched, withheld=withheld)

    @router.get(
        "/api/collections/incidents/items/{ref}",
        openapi_extra=standard_page(GEOJSON, **item_parameters),
    )
    def incident_item(request: Request, ref: str) -> Response:
        """Give one incident, by id or short number."""
        query, own = params.read_standard(
            workspace, request.query_params.multi_items(), {**READ_ITEM, **_choice(request)}
        )
        published = publish(query, Face.points, in_all=True)
        record = find_incident(published, ref)
        feature = with_lines(query, record, images_of(published, record))
        (written,) = flat_features([feature]) if own.get("flat") else [feature]
        return answer_item(request, query, own, written, "incident", ref)


def _listed(published: Published, own: params.Own) -> IncidentPage:
    limit, offset = page_of(own)
    language, crs = own.get("filter-lang", "cql2-text"), own.get("filter-crs", CRS84)
    text = own.get("filter")
    selection = None if text is None else filtered_rows(published, text, language, crs)
    return list_incidents(published, limit, offset, own.get("sortby", "new"), selection)


def _chosen(names: tuple[str, ...]) -> tuple[dict[str, params.Reader], dict[str, Described]]:
    """Give what reads and describes the choice of properties."""
    return {"properties": params.choices_of(*names)}, {"properties": described_properties(names)}


def _regions(router: APIRouter, workspace: Workspace, shapes: SimplifiedShapes) -> None:
    choice, described = _chosen(REGION_PROPERTIES)
    readers = {**READ_PAGE, **choice, "detail": params.choice_of(*DETAIL_ZOOMS)}

    @router.get(
        "/api/collections/regions/items",
        openapi_extra=standard_page(GEOJSON, detail=DETAIL, **DESCRIBED_PAGE, **described),
    )
    def region_items(request: Request) -> Response:
        """Give the regions of a level as GeoJSON; they have no time of their own."""
        query, own = params.read_standard(workspace, request.query_params.multi_items(), readers)
        features = region_features(query, shapes, own.get("detail", "page"))["features"]
        features = [feature for feature in features if is_in(query.view, feature)]
        return answer_paged(request, query, own, features, "regions")

    @router.get(
        "/api/collections/regions/items/{ref}",
        openapi_extra=standard_page(GEOJSON, crs=CRS, flat=FLAT, **described),
    )
    def region_item(request: Request, ref: str) -> Response:
        """Give one region, by its code."""
        query, own = params.read_standard(
            workspace, request.query_params.multi_items(), {**READ_ITEM, **choice}
        )
        for region in region_features(query, shapes, "full")["features"]:
            if region["id"] == ref:
                return answer_item(request, query, own, region, "region", ref)
        raise NotFound(f"There is no region {ref!r} of level {query.view.level}.")


def _ground(router: APIRouter, workspace: Workspace, shapes: SimplifiedShapes, name: str) -> None:
    kinds, usual_detail = (ALL_PARTS, "page") if name == "control" else (LINE_ONLY, "full")
    areas = AREA_PROPERTIES if "area" in kinds else ()
    choice, described = _chosen((*LINE_PROPERTIES, *areas))
    readers = {**READ_PAGE, **choice, "detail": params.choice_of(*DETAIL_ZOOMS)}

    def items(request: Request) -> Response:
        """Give the control that one source reports for a day, or for all days of an interval."""
        query, own = params.read_standard(workspace, request.query_params.multi_items(), readers)
        detail, when = own.get("detail", usual_detail), own.get("datetime")
        if when is not None and when.is_interval:
            days = when.days(query.theatre.zone)
            between = (days[0], days[1] or query.today)
            every = control_between(query, shapes, between, detail, kinds)
            return answer_interval(request, query, own, every)
        day = _day(query, when)
        document = control_features(query, shapes, day, detail, kinds)
        features = [one for one in document["features"] if is_in(query.view, one)]
        return answer_paged(request, query, own, features, name, day, about=document["about"])

    def item(request: Request, ref: str) -> Response:
        """Give one area or front line, by its id."""
        query, own = params.read_standard(
            workspace, request.query_params.multi_items(), {**READ_ITEM, **choice}
        )
        feature = control_feature(query, shapes, ref, kinds)
        return answer_item(request, query, own, feature, name, ref)

    path = f"/api/collections/{name}/items"
    described_page = standard_page(GEOJSON, detail=DETAIL, **DESCRIBED_PAGE, **described)
    described_item = standard_page(GEOJSON, crs=CRS, flat=FLAT, **described)
    router.add_api_route(path, items, name=f"{name}_items", openapi_extra=described_page)
    router.add_api_route(f"{path}/{{ref}}", item, name=f"{name}_item", openapi_extra=described_item)


def _day(query: Query, when: params.Span | None) -> date:
    day = None if when is None else when.days(query.theatre.zone)[1]
    return day or query.control_day


def _within(query: Query, when: params.Span | None) -> Query:
    """Narrow a View's period to `datetime`.

    Raises:
        InvalidView: the two have no day in common.
    """
    view = query.view
    if when is None:
        return query
    first, last = when.days(query.theatre.zone)
    first = max((day for day in (first, view.first) if day), default=None)
    last = min((day for day in (last, view.last) if day), default=None)
    if first and last and last < first:
        allowed = "a time that has a day in common with from and to"
        raise InvalidView((Problem("query.datetime", f"{first} to {last}", allowed),))
    return query.but(first=first, last=last)
