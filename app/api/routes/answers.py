"""Numbers and records as JSON, CSV and GeoJSON."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.respond import IMMUTABLE, answer, etag, json_answer
from app.api.schemas import documented
from app.domain.errors import NotFound
from app.domain.terms import Face
from app.domain.view import rfc3339
from app.services.features import control_features, region_features
from app.services.listing import find_incident, list_incidents
from app.services.page_columns import PageColumns
from app.services.publish import control_dataset, publish
from app.services.report import GROUPINGS, control_areas, summarise, summary_csv
from app.services.tiling import Tiler

GEOJSON = "application/geo+json"
DEFAULT_LIMIT, MOST_ITEMS = 100, 1000
BY = ("grouping", {"type": "string", "enum": list(GROUPINGS)})
FORMAT = ("json or csv", {"type": "string", "enum": ["json", "csv"]})
DAY = ("the day", {"type": "string", "format": "date"})


def routes(tiler: Tiler) -> APIRouter:
    """Build the answers of one instance."""
    router, workspace, columns = APIRouter(), tiler.workspace, PageColumns()

    @router.get("/api/summary", openapi_extra=documented(by=BY, format=FORMAT))
    def summary(request: Request) -> Response:
        """Sum casualties and damage by region, day, weapon, sector or dataset."""
        own = {"by": params.one_of(*GROUPINGS), "format": params.one_of("json", "csv")}
        asked = params.read(workspace, request.query_params.multi_items(), own)
        accepts = request.headers.get("accept", "")
        form = asked.own.get("format", "csv" if "text/csv" in accepts else "json")
        by = asked.own.get("by", "region")
        published = publish(workspace, asked.snapshot, asked.view, Face.aggregates, asked.now)
        told = summarise(workspace, published, by)
        tag = etag(workspace, asked, "summary", by, form)
        if form == "csv":
            return answer(request, summary_csv(told), "text/csv; charset=utf-8", tag)
        told["classes"] = tiler.choropleth(published).limits
        selection = published.select()
        told["not_on_map"] = len(selection) - len(selection.drawable(published.filter))
        return json_answer(request, told, tag)

    @router.get(
        "/api/control/areas",
        openapi_extra=documented(date=DAY, controller=("whose ground", {"type": "string"})),
    )
    def areas(request: Request) -> Response:
        """Measure who held how much on a day, by status and region."""
        own = {"date": params.day, "controller": str}
        asked = params.read(workspace, request.query_params.multi_items(), own)
        dataset = control_dataset(workspace, asked.snapshot, asked.view, Face.aggregates)
        if dataset is None:
            raise NotFound(f"No control dataset is loaded for {asked.view.theatre!r}.")
        day = asked.own.get("date") or asked.view.last or asked.now.date()
        theatre = workspace.reference.theatres[asked.view.theatre]
        parties = params.one_of(*(party.code for party in theatre.party))
        who = asked.own.get("controller")
        told = control_areas(
            workspace, asked.view, asked.snapshot, dataset, day, who and parties(who)
        )
        return json_answer(request, told, etag(workspace, asked, "areas", day, who))

    @router.get("/api/datasets", openapi_extra=documented())
    def datasets(request: Request) -> Response:
        """List datasets and what may leave of each."""
        asked = params.read(workspace, request.query_params.multi_items())
        told = [
            dataset
            for dataset in asked.snapshot.datasets.values()
            if dataset.theatre == asked.view.theatre
        ]
        return json_answer(request, {"datasets": told}, etag(workspace, asked, "datasets"))

    @router.get("/columns.json", openapi_extra=documented())
    def column_list(request: Request) -> Response:
        """List the page's own data: one immutable file per month."""
        asked = params.read(workspace, request.query_params.multi_items())
        published = publish(workspace, asked.snapshot, asked.view, Face.points, asked.now)
        return json_answer(request, columns.listing(published), etag(workspace, asked, "columns"))

    @router.get(
        "/columns/{name}", openapi_extra=documented("application/octet-stream")
    )
    def column_file(request: Request, name: str) -> Response:
        """Serve one month of columns; the name carries the hash of its content."""
        asked = params.read(workspace, request.query_params.multi_items())
        published = publish(workspace, asked.snapshot, asked.view, Face.points, asked.now)
        content = columns.content(published, name)
        return answer(request, content, "application/octet-stream", f'"{name}"', IMMUTABLE)

    @router.get("/api/collections/regions/items", openapi_extra=documented(GEOJSON))
    def region_items(request: Request) -> Response:
        """Give the regions of a level as GeoJSON, simplified for the page."""
        asked = params.read(workspace, request.query_params.multi_items())
        told = region_features(tiler, asked.view)
        tag = etag(workspace, asked, "regions", tiler.workspace.reference.region_hash)
        return json_answer(request, told, tag, GEOJSON)

    @router.get("/api/collections/control/items", openapi_extra=documented(GEOJSON, datetime=DAY))
    def control_items(request: Request) -> Response:
        """Give the control areas and the front line valid on a day."""
        asked = params.read(
            workspace, request.query_params.multi_items(), {"datetime": params.day}
        )
        day = asked.own.get("datetime") or asked.view.last or asked.now.date()
        told = control_features(tiler, asked.snapshot, asked.view, day, asked.now)
        return json_answer(request, told, etag(workspace, asked, "control", day), GEOJSON)

    limit = ("most rows", {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS})
    offset = ("rows to leave out", {"type": "integer", "minimum": 0})

    @router.get(
        "/api/collections/incidents/items",
        openapi_extra=documented(GEOJSON, limit=limit, offset=offset),
    )
    def incident_items(request: Request) -> Response:
        """List a View's incidents as GeoJSON, newest first."""
        own = {"limit": params.whole(1, MOST_ITEMS), "offset": params.whole(0, 10**9 - 1)}
        asked = params.read(workspace, request.query_params.multi_items(), own)
        limit, offset = asked.own.get("limit", DEFAULT_LIMIT), asked.own.get("offset", 0)
        published = publish(workspace, asked.snapshot, asked.view, Face.points, asked.now)
        listed = list_incidents(workspace, published, limit, offset)
        told = {
            "type": "FeatureCollection",
            "numberMatched": listed.matched,
            "numberReturned": len(listed.features),
            "timeStamp": rfc3339(asked.now.replace(microsecond=0)),
            "links": _links(request, asked, limit, offset, listed.matched),
            "features": listed.features,
        }
        return json_answer(request, told, None, GEOJSON)

    @router.get("/api/collections/incidents/items/{ref}", openapi_extra=documented(GEOJSON))
    def incident_item(request: Request, ref: str) -> Response:
        """Give one incident, by id or short number."""
        asked = params.read(workspace, request.query_params.multi_items())
        published = publish(workspace, asked.snapshot, asked.view, Face.points, asked.now)
        found = find_incident(workspace, published, ref)
        return json_answer(request, found, etag(workspace, asked, "incident", ref), GEOJSON)

    return router


def _links(
    request: Request, asked: params.Asked, limit: int, offset: int, matched: int
) -> list[dict[str, str]]:
    here = f"{request.url.path}?{asked.view.query()}&limit={limit}"
    links = [{"rel": "self", "type": GEOJSON, "href": f"{here}&offset={offset}"}]
    if offset + limit < matched:
        links.append({"rel": "next", "type": GEOJSON, "href": f"{here}&offset={offset + limit}"})
    return links
