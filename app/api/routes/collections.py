"""Items of the collections as GeoJSON (OGC API Features): incidents, control, lines, regions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import islice
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.links import GEOJSON, asked_for, link, pages
from app.api.respond import etag, json_answer
from app.api.schemas import documented
from app.domain.errors import InvalidView, NotFound, Problem
from app.domain.place import CRS84
from app.domain.terms import Face
from app.domain.view import View, rfc3339
from app.services.cql import check_language, narrowed
from app.services.features import (
    ALL_PARTS,
    LINE_ONLY,
    ZOOMS,
    control_between,
    control_feature,
    control_features,
    region_features,
)
from app.services.listing import find_incident, list_incidents
from app.services.publish import publish
from app.services.tiling import Tiler
from app.services.workspace import Workspace

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
DETAIL = ("shapes for a screen, or as they are kept", {"type": "string", "enum": list(ZOOMS)})
PAGED: dict[str, params.Reader] = {
    "limit": params.at_most(MOST_ITEMS),
    "offset": params.whole(0, 10**9 - 1),
    "datetime": params.span,
    "crs": params.crs84,
    "bbox-crs": params.crs84,
}
FILTERED: dict[str, params.Reader] = {
    "filter": str,
    "filter-lang": check_language,
    "filter-crs": params.crs84,
}


def routes(tiler: Tiler) -> APIRouter:
    """Build the items of one instance."""
    router = APIRouter()
    _incidents(router, tiler.workspace)
    _regions(router, tiler)
    _ground(router, tiler, "control", ALL_PARTS, "page")
    _ground(router, tiler, "frontline", LINE_ONLY, "full")
    return router


def _incidents(router: APIRouter, workspace: Workspace) -> None:
    @router.get(
        "/api/collections/incidents/items",
        openapi_extra=documented(
            GEOJSON,
            limit=LIMIT,
            offset=OFFSET,
            datetime=DATETIME,
            filter=FILTER,
            **{"filter-lang": FILTER_LANG, "filter-crs": CRS, **REFERENCE},
        ),
    )
    def incident_items(request: Request) -> Response:
        """List a View's incidents as GeoJSON, newest first."""
        asked = params.read(workspace, request.query_params.multi_items(), {**PAGED, **FILTERED})
        limit, offset = asked.own.get("limit", DEFAULT_LIMIT), asked.own.get("offset", 0)
        view = _within(workspace, asked)
        published = publish(workspace, asked.snapshot, view, Face.points, asked.now)
        text = asked.own.get("filter")
        selection = None if text is None else narrowed(workspace, published, text)
        listed = list_incidents(workspace, published, limit, offset, selection=selection)
        has_next = offset + limit < listed.matched
        told = _page(request, asked, listed.features, offset, limit, has_next=has_next)
        return _answer(
            request, {**told, "numberMatched": listed.matched, "withheld": published.withheld}, None
        )

    @router.get("/api/collections/incidents/items/{ref}", openapi_extra=documented(GEOJSON))
    def incident_item(request: Request, ref: str) -> Response:
        """Give one incident, by id or short number."""
        asked = params.read(workspace, request.query_params.multi_items())
        published = publish(
            workspace, asked.snapshot, asked.view, Face.points, asked.now, in_all=True
        )
        found = find_incident(workspace, published, ref)
        told = {**found, "links": _item_links(request, asked)}
        return _answer(request, told, etag(workspace, asked, "incident", ref))


def _regions(router: APIRouter, tiler: Tiler) -> None:
    workspace = tiler.workspace
    own: dict[str, params.Reader] = {**PAGED, "detail": params.one_of(*ZOOMS)}

    @router.get(
        "/api/collections/regions/items",
        openapi_extra=documented(
            GEOJSON, limit=LIMIT, offset=OFFSET, datetime=DATETIME, detail=DETAIL, **REFERENCE
        ),
    )
    def region_items(request: Request) -> Response:
        """Give the regions of a level as GeoJSON; they have no time of their own."""
        asked = params.read(workspace, request.query_params.multi_items(), own)
        found = region_features(tiler, asked.view, asked.own.get("detail", "page"))["features"]
        found = [one for one in found if _is_in(asked.view, one)]
        return _paged(request, workspace, asked, found, "regions")

    @router.get("/api/collections/regions/items/{ref}", openapi_extra=documented(GEOJSON))
    def region_item(request: Request, ref: str) -> Response:
        """Give one region, by its code."""
        asked = params.read(workspace, request.query_params.multi_items())
        for one in region_features(tiler, asked.view, "full")["features"]:
            if one["id"] == ref:
                told = {**one, "links": _item_links(request, asked)}
                return _answer(request, told, etag(workspace, asked, "region", ref))
        raise NotFound(f"There is no region {ref!r} of level {asked.view.level}.")


def _ground(
    router: APIRouter, tiler: Tiler, name: str, kinds: Sequence[str], fineness: str
) -> None:
    workspace = tiler.workspace
    own: dict[str, params.Reader] = {**PAGED, "detail": params.one_of(*ZOOMS)}

    def items(request: Request) -> Response:
        """Give what one source says of the ground on a day, or of all days of an interval."""
        asked = params.read(workspace, request.query_params.multi_items(), own)
        detail, asked_time = asked.own.get("detail", fineness), asked.own.get("datetime")
        if asked_time is not None and asked_time.is_interval:
            return _interval(request, tiler, asked, detail, kinds)
        day = _day(workspace, asked)
        told = control_features(tiler, asked.snapshot, asked.view, day, detail, kinds)
        found = [one for one in told["features"] if _is_in(asked.view, one)]
        return _paged(request, workspace, asked, found, name, day, about=told["about"])

    def item(request: Request, ref: str) -> Response:
        """Give one area or front line, by its id."""
        asked = params.read(workspace, request.query_params.multi_items())
        found = control_feature(tiler, asked.snapshot, asked.view, ref, kinds)
        told = {**found, "links": _item_links(request, asked)}
        return _answer(request, told, etag(workspace, asked, name, ref))

    path, told = f"/api/collections/{name}/items", documented(GEOJSON)
    asked_of: dict[str, tuple[str, dict[str, Any]]] = {
        "limit": LIMIT,
        "offset": OFFSET,
        "datetime": DATETIME,
        "detail": DETAIL,
    }
    whole = documented(GEOJSON, **asked_of, **REFERENCE)
    router.add_api_route(path, items, name=f"{name}_items", openapi_extra=whole)
    router.add_api_route(f"{path}/{{ref}}", item, name=f"{name}_item", openapi_extra=told)


def _answer(request: Request, told: dict[str, Any], tag: str | None) -> Response:
    """Answer with GeoJSON, and say in which reference system (OGC 18-058r1)."""
    answer = json_answer(request, told, tag, GEOJSON)
    answer.headers["Content-Crs"] = f"<{CRS84}>"
    return answer


def _interval(
    request: Request, tiler: Tiler, asked: params.Asked, detail: str, kinds: Sequence[str]
) -> Response:
    """Page through every snapshot of an interval; how many there are in all is not counted."""
    workspace = tiler.workspace
    first, last = asked.own["datetime"].days(_zone(workspace, asked))
    days = (first, last or workspace.reference.theatres[asked.view.theatre].today(asked.now))
    limit, offset = asked.own.get("limit", DEFAULT_LIMIT), asked.own.get("offset", 0)
    every = control_between(tiler, asked.snapshot, asked.view, days, detail, kinds)
    inside = (one for one in every if _is_in(asked.view, one))
    found = list(islice(inside, offset, offset + limit + 1))
    has_next = len(found) > limit
    told = _page(request, asked, found[:limit], offset, limit, has_next=has_next)
    return _answer(request, told, None)


def _paged(
    request: Request,
    workspace: Workspace,
    asked: params.Asked,
    found: Sequence[dict[str, Any]],
    *face: object,
    **more: Any,
) -> Response:
    """Answer with a page of what was found; without a limit, with all of it."""
    limit = asked.own.get("limit", max(len(found), 1))
    offset = asked.own.get("offset", 0)
    some, has_next = list(found[offset : offset + limit]), offset + limit < len(found)
    told = _page(request, asked, some, offset, limit, has_next=has_next)
    told |= {"numberMatched": len(found), **more}
    own = sorted((name, str(value)) for name, value in asked.own.items())
    # Weak: the features are the same, the second of the answer is not (RFC 9110 8.8.1).
    return _answer(request, told, f"W/{etag(workspace, asked, *face, own)}")


def _page(  # noqa: PLR0913  a page and where it stands
    request: Request,
    asked: params.Asked,
    features: Sequence[dict[str, Any]],
    offset: int,
    limit: int,
    *,
    has_next: bool,
) -> dict[str, Any]:
    given = {
        name: text
        for name, text in request.query_params.items()
        if name in asked.own and name not in ("limit", "offset")
    }
    own = {**given, "limit": limit}
    return {
        "type": "FeatureCollection",
        "numberReturned": len(features),
        "timeStamp": rfc3339(asked.now.replace(microsecond=0)),
        "links": pages(request, asked, own, offset, has_next=has_next),
        "features": features,
    }


def _item_links(request: Request, asked: params.Asked) -> list[dict[str, str]]:
    path, query = request.url.path, asked_for(asked)
    collection = path.rsplit("/items/", 1)[0]
    return [
        link(request, "self", f"{path}?{query}", GEOJSON),
        link(request, "collection", f"{collection}?{query}"),
    ]


def _is_in(view: View, feature: dict[str, Any]) -> bool:
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


def _points(coordinates: Any) -> Any:
    if isinstance(coordinates[0], int | float):
        yield coordinates
        return
    for part in coordinates:
        yield from _points(part)


def _zone(workspace: Workspace, asked: params.Asked) -> str:
    return workspace.reference.theatres[asked.view.theatre].zone


def _day(workspace: Workspace, asked: params.Asked) -> date:
    when = asked.own.get("datetime")
    day = None if when is None else when.days(_zone(workspace, asked))[1]
    today = workspace.reference.theatres[asked.view.theatre].today(asked.now)
    return day or asked.view.last or today


def _within(workspace: Workspace, asked: params.Asked) -> View:
    """Narrow a View's period to `datetime`.

    Raises:
        InvalidView: the two have no day in common.
    """
    view, when = asked.view, asked.own.get("datetime")
    if when is None:
        return view
    first, last = when.days(_zone(workspace, asked))
    first = max((day for day in (first, view.first) if day), default=None)
    last = min((day for day in (last, view.last) if day), default=None)
    if first and last and last < first:
        allowed = "a time that has a day in common with from and to"
        raise InvalidView((Problem("query.datetime", f"{first} to {last}", allowed),))
    return view.but(first=first, last=last)
