"""Items of the collections as GeoJSON (OGC API Features): incidents, control, lines, regions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import islice
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.lanes import Lane
from app.api.links import GEOJSON, link_to, pages
from app.api.respond import etag, json_answer
from app.api.schemas import Described, documented
from app.domain.answer import JsonObject
from app.domain.errors import InvalidView, NotFound, Problem
from app.domain.instants import rfc3339
from app.domain.place import CRS84
from app.domain.terms import Face
from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.cql import check_language, filtered_rows
from app.queries.geojson import (
    ALL_PARTS,
    DETAIL_ZOOMS,
    LINE_ONLY,
    control_between,
    control_feature,
    control_features,
    region_features,
)
from app.queries.incidents import find_incident, list_incidents
from app.queries.shapes import SimplifiedShapes
from app.queries.words.record import with_headline, with_lines

DEFAULT_LIMIT, MOST_ITEMS = 100, 10_000
DATETIME = (
    "a day, an RFC 3339 time, or an interval such as 2025-10-24/..; a time counts as its local day",
    {"type": "string"},
)
LIMIT = (
    f"most items; a larger number counts as {MOST_ITEMS:,}",
    {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": 100},
)
OFFSET = ("items to leave out", {"type": "integer", "minimum": 0, "default": 0})
FILTER = ("a condition in CQL2 text on the queryables", {"type": "string"})
FILTER_LANG = ("the filter's language", {"type": "string", "enum": ["cql2-text"]})
CRS = ("the one reference system", {"type": "string", "enum": [CRS84]})
REFERENCE = {"crs": CRS, "bbox-crs": CRS}
DETAIL = (
    "shapes for a screen, or as they are kept",
    {"type": "string", "enum": list(DETAIL_ZOOMS)},
)
PAGED: dict[str, params.Reader] = {
    "limit": params.page_size(MOST_ITEMS),
    "offset": params.whole_number(0, 10**9 - 1),
    "datetime": params.read_span,
    "crs": params.read_crs84,
    "bbox-crs": params.read_crs84,
}
LINES = (
    "true adds each record's fields as lines of text, as its page has them",
    {"type": "boolean"},
)
HEADLINE = (
    "true adds each record's headline: what happened, where, and who came to harm, in one line",
    {"type": "boolean"},
)
FILTERED: dict[str, params.Reader] = {
    "headline": params.read_flag,
    "lines": params.read_flag,
    "filter": str,
    "filter-lang": check_language,
    "filter-crs": params.read_crs84,
}


def routes(workspace: Workspace, shapes: SimplifiedShapes, lane: Lane) -> APIRouter:
    """Build the items of one instance; long lists have a lane of their own."""
    router = APIRouter()
    _incidents(router, workspace, lane)
    _regions(router, workspace, shapes)
    _ground(router, workspace, shapes, "control")
    _ground(router, workspace, shapes, "frontline")
    return router


def _incidents(router: APIRouter, workspace: Workspace, lane: Lane) -> None:
    @router.get(
        "/api/collections/incidents/items",
        openapi_extra=documented(
            GEOJSON,
            limit=LIMIT,
            offset=OFFSET,
            datetime=DATETIME,
            filter=FILTER,
            headline=HEADLINE,
            lines=LINES,
            **{"filter-lang": FILTER_LANG, "filter-crs": CRS, **REFERENCE},
        ),
    )
    @lane.endpoint
    def incident_items(request: Request) -> Response:
        """List a View's incidents as GeoJSON, newest first."""
        query, own = params.read(
            workspace, request.query_params.multi_items(), {**PAGED, **FILTERED}
        )
        limit, offset = own.get("limit", DEFAULT_LIMIT), own.get("offset", 0)
        published = publish(_within(query, own.get("datetime")), Face.points)
        text = own.get("filter")
        selection = None if text is None else filtered_rows(published, text)
        page = list_incidents(published, limit, offset, selection=selection)
        has_next = offset + limit < page.matched
        features = page.features
        if own.get("lines", False):
            features = [with_lines(query, feature) for feature in features]
        elif own.get("headline", False):
            features = [with_headline(query, feature) for feature in features]
        document = _page(request, query, own, features, has_next=has_next)
        return _answer(
            request,
            {**document, "numberMatched": page.matched, "withheld": published.withheld},
            None,
        )

    @router.get("/api/collections/incidents/items/{ref}", openapi_extra=documented(GEOJSON))
    def incident_item(request: Request, ref: str) -> Response:
        """Give one incident, by id or short number."""
        query = params.read_query(workspace, request.query_params.multi_items())
        published = publish(query, Face.points, in_all=True)
        feature = find_incident(published, ref)
        document = {**with_lines(query, feature), "links": _item_links(request, query)}
        return _answer(request, document, etag(query, "incident", ref))


def _regions(router: APIRouter, workspace: Workspace, shapes: SimplifiedShapes) -> None:
    readers: dict[str, params.Reader] = {**PAGED, "detail": params.choice_of(*DETAIL_ZOOMS)}

    @router.get(
        "/api/collections/regions/items",
        openapi_extra=documented(
            GEOJSON, limit=LIMIT, offset=OFFSET, datetime=DATETIME, detail=DETAIL, **REFERENCE
        ),
    )
    def region_items(request: Request) -> Response:
        """Give the regions of a level as GeoJSON; they have no time of their own."""
        query, own = params.read(workspace, request.query_params.multi_items(), readers)
        features = region_features(query, shapes, own.get("detail", "page"))["features"]
        features = [feature for feature in features if _is_in(query.view, feature)]
        return _paged(request, query, own, features, "regions")

    @router.get("/api/collections/regions/items/{ref}", openapi_extra=documented(GEOJSON))
    def region_item(request: Request, ref: str) -> Response:
        """Give one region, by its code."""
        query = params.read_query(workspace, request.query_params.multi_items())
        for region in region_features(query, shapes, "full")["features"]:
            if region["id"] == ref:
                document = {**region, "links": _item_links(request, query)}
                return _answer(request, document, etag(query, "region", ref))
        raise NotFound(f"There is no region {ref!r} of level {query.view.level}.")


def _ground(router: APIRouter, workspace: Workspace, shapes: SimplifiedShapes, name: str) -> None:
    kinds, usual_detail = (ALL_PARTS, "page") if name == "control" else (LINE_ONLY, "full")
    readers: dict[str, params.Reader] = {**PAGED, "detail": params.choice_of(*DETAIL_ZOOMS)}

    def items(request: Request) -> Response:
        """Give the control that one source reports for a day, or for all days of an interval."""
        query, own = params.read(workspace, request.query_params.multi_items(), readers)
        detail, when = own.get("detail", usual_detail), own.get("datetime")
        if when is not None and when.is_interval:
            days = when.days(query.theatre.zone)
            between = (days[0], days[1] or query.today)
            every = control_between(query, shapes, between, detail, kinds)
            return _interval(request, query, own, every)
        day = _day(query, when)
        document = control_features(query, shapes, day, detail, kinds)
        features = [one for one in document["features"] if _is_in(query.view, one)]
        return _paged(request, query, own, features, name, day, about=document["about"])

    def item(request: Request, ref: str) -> Response:
        """Give one area or front line, by its id."""
        query = params.read_query(workspace, request.query_params.multi_items())
        feature = control_feature(query, shapes, ref, kinds)
        document = {**feature, "links": _item_links(request, query)}
        return _answer(request, document, etag(query, name, ref))

    path, described_item = f"/api/collections/{name}/items", documented(GEOJSON)
    described_parameters: dict[str, Described] = {
        "limit": LIMIT,
        "offset": OFFSET,
        "datetime": DATETIME,
        "detail": DETAIL,
    }
    described_page = documented(GEOJSON, **described_parameters, **REFERENCE)
    router.add_api_route(path, items, name=f"{name}_items", openapi_extra=described_page)
    router.add_api_route(f"{path}/{{ref}}", item, name=f"{name}_item", openapi_extra=described_item)


def _answer(request: Request, document: JsonObject, tag: str | None) -> Response:
    """Answer with GeoJSON, and say in which reference system (OGC 18-058r1)."""
    answer = json_answer(request, document, tag, GEOJSON)
    answer.headers["Content-Crs"] = f"<{CRS84}>"
    return answer


def _interval(
    request: Request, query: Query, own: params.Own, every: Iterator[JsonObject]
) -> Response:
    """Page through every snapshot of an interval; there is no count of all of them."""
    limit, offset = own.get("limit", DEFAULT_LIMIT), own.get("offset", 0)
    inside = (one for one in every if _is_in(query.view, one))
    features = list(islice(inside, offset, offset + limit + 1))
    has_next = len(features) > limit
    document = _page(request, query, own, features[:limit], has_next=has_next)
    return _answer(request, document, None)


def _paged(
    request: Request,
    query: Query,
    own: params.Own,
    features: Sequence[JsonObject],
    *parts: object,
    **members: object,
) -> Response:
    """Answer with a page of the features; without a limit, with all of them."""
    limit = own.get("limit", max(len(features), 1))
    offset = own.get("offset", 0)
    page, has_next = list(features[offset : offset + limit]), offset + limit < len(features)
    document = _page(request, query, {**own, "limit": limit}, page, has_next=has_next)
    document |= {"numberMatched": len(features), **members}
    words = sorted((name, str(value)) for name, value in own.items())
    # A weak ETag: two answers have the same features, but another time stamp (RFC 9110 8.8.1).
    return _answer(request, document, f"W/{etag(query, *parts, words)}")


def _page(
    request: Request,
    query: Query,
    own: params.Own,
    features: Sequence[JsonObject],
    *,
    has_next: bool,
) -> JsonObject:
    same = {
        name: text
        for name, text in request.query_params.items()
        if name in own and name not in ("limit", "offset")
    }
    same["limit"] = str(own.get("limit", DEFAULT_LIMIT))
    offset = own.get("offset", 0)
    return {
        "type": "FeatureCollection",
        "numberReturned": len(features),
        "timeStamp": rfc3339(query.now.replace(microsecond=0)),
        "links": pages(request, query, same, offset, has_next=has_next),
        "features": features,
    }


def _item_links(request: Request, query: Query) -> list[dict[str, str]]:
    path, view = request.url.path, query.view.query()
    collection = path.rsplit("/items/", 1)[0]
    return [
        link_to(request, "self", f"{path}?{view}", GEOJSON),
        link_to(request, "collection", f"{collection}?{view}"),
    ]


def _is_in(view: View, feature: JsonObject) -> bool:
    """Tell whether a shape's box touches the View's box."""
    if view.bbox is None:
        return True
    points = list(_points(feature["geometry"]["coordinates"]))
    lon, lat = [point[0] for point in points], [point[1] for point in points]
    return any(
        max(lon) >= box.west
        and min(lon) <= box.east
        and max(lat) >= box.south
        and min(lat) <= box.north
        for box in view.bbox.parts
    )


def _points(coordinates: Sequence[Any]) -> Iterator[Sequence[float]]:
    if isinstance(coordinates[0], int | float):
        yield coordinates
        return
    for part in coordinates:
        yield from _points(part)


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
