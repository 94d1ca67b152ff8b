"""Features in answers of OGC API Features: their parameters, pages, links and reference system."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import shapely
from fastapi import Request
from starlette.responses import Response

from app.api import params
from app.api.links import GEOJSON, as_page, link_to, pages
from app.api.respond import etag, json_answer
from app.api.schemas import Described
from app.domain.answer import JsonObject
from app.domain.crs import REFERENCE_SYSTEMS, geometries_in
from app.domain.instants import rfc3339
from app.domain.place import CRS84
from app.domain.view import View
from app.publishing.query import Query
from app.queries.attributes import with_properties

DEFAULT_LIMIT, MOST_ITEMS = 100, 10_000
CRS = ("a reference system", {"type": "string", "enum": list(REFERENCE_SYSTEMS)})
FLAT: Described = (
    "true writes incidents with the columns of an export, for a table of a GIS",
    {"type": "boolean"},
)
DESCRIBED_PAGE: dict[str, Described] = {
    "limit": (
        f"most items; a larger number counts as {MOST_ITEMS:,}",
        {"type": "integer", "minimum": 1, "maximum": MOST_ITEMS, "default": 100},
    ),
    "offset": ("items to leave out", {"type": "integer", "minimum": 0, "default": 0}),
    "datetime": (
        "a day, an RFC 3339 time (as its local day), or an interval such as 2025-10-24/..",
        {"type": "string"},
    ),
    "crs": CRS,
    "bbox-crs": CRS,
    "flat": FLAT,
}
READ_ITEM: dict[str, params.Reader] = {"crs": params.read_crs, "flat": params.read_flag}
READ_PAGE: dict[str, params.Reader] = {
    **READ_ITEM,
    "limit": params.page_size(MOST_ITEMS),
    "offset": params.whole_number(0, 10**9 - 1),
    "datetime": params.read_span,
    "bbox-crs": params.read_crs,
}
NOT_IN_LINKS = ("limit", "offset", "bbox-crs")
"""A link has its own page; and its box is in degrees, as the View has it."""


def described_properties(names: Sequence[str]) -> Described:
    """Describe the choice of properties."""
    items = {"type": "string", "enum": list(names)}
    return "properties to give, separated by commas", {"type": "array", "items": items}


def answer_item(
    request: Request, query: Query, own: params.Own, feature: JsonObject, *parts: object
) -> Response:
    """Answer with one feature as it was asked for, with its links."""
    (written,) = _as_asked([feature], own)
    path, view = request.url.path, query.view.query() + flat_suffix(own)
    collection = path.rsplit("/items/", 1)[0]
    item_links = [
        link_to(request, "self", f"{path}?{view}", GEOJSON),
        as_page(request, f"{path}?{view}"),
        link_to(request, "collection", f"{collection}?{view}"),
    ]
    return _answer(request, {**written, "links": item_links}, own, etag(query, *parts, _words(own)))


def answer_list(
    request: Request,
    query: Query,
    own: params.Own,
    features: Sequence[JsonObject],
    matched: int,
    **members: object,
) -> Response:
    """Answer with a page of a list, of which so many match in all."""
    limit, offset = page_of(own)
    has_next = offset + limit < matched
    document = _page(request, query, own, features, has_next=has_next)
    document |= {"numberMatched": matched, **members}
    return _answer(request, document, own, _weak_tag(query, own, "incidents"))


def answer_interval(
    request: Request, query: Query, own: params.Own, every: Iterator[JsonObject]
) -> Response:
    """Page through every snapshot of an interval; there is no count of all of them."""
    limit, offset = page_of(own)
    inside = (one for one in every if is_in(query.view, one))
    features = list(islice(inside, offset, offset + limit + 1))
    has_next = len(features) > limit
    document = _page(request, query, own, features[:limit], has_next=has_next)
    return _answer(request, document, own, None)


def answer_paged(
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
    return _answer(request, document, own, _weak_tag(query, own, *parts))


def page_of(own: params.Own) -> tuple[int, int]:
    """Return the limit and the offset that a request asks for."""
    return own.get("limit", DEFAULT_LIMIT), own.get("offset", 0)


def flat_suffix(own: params.Own) -> str:
    """Write `flat` as the end of an address, so that it goes along in links as the View does."""
    return "&flat=true" if own.get("flat") else ""


def is_in(view: View, feature: JsonObject) -> bool:
    """Tell whether a shape touches the View's area, and its box in degrees the View's box."""
    if view.within is not None:
        shape = shapely.geometry.shape(feature["geometry"])
        if not shapely.intersects(view.within.shape, shape):
            return False
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


def _words(own: params.Own) -> list[tuple[str, str]]:
    return sorted((name, str(value)) for name, value in own.items())


def _weak_tag(query: Query, own: params.Own, *parts: object) -> str:
    """Make an ETag of answers with the same features, but another time stamp (RFC 9110 8.8.1)."""
    return f"W/{etag(query, *parts, _words(own))}"


def _as_asked(features: Sequence[JsonObject], own: params.Own) -> list[JsonObject]:
    """Write features in the system and with the properties that were asked for."""
    geometries = geometries_in(own.get("crs", CRS84), [one["geometry"] for one in features])
    written = [
        {**feature, "geometry": geometry}
        for feature, geometry in zip(features, geometries, strict=True)
    ]
    names = own.get("properties")
    return written if names is None else with_properties(written, names)


def _answer(request: Request, document: JsonObject, own: params.Own, tag: str | None) -> Response:
    """Answer with GeoJSON, and say in which reference system (OGC 18-058r1)."""
    answer = json_answer(request, document, tag, GEOJSON)
    answer.headers["Content-Crs"] = f"<{own.get('crs', CRS84)}>"
    return answer


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
        if name in own and name not in NOT_IN_LINKS
    }
    limit, offset = page_of(own)
    same["limit"] = str(limit)
    return {
        "type": "FeatureCollection",
        "numberReturned": len(features),
        "timeStamp": rfc3339(query.now.replace(microsecond=0)),
        "links": pages(request, query, same, offset, has_next=has_next),
        "features": _as_asked(features, own),
    }
