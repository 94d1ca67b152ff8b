"""Links between answers: absolute, since programs store them, with the relations of OGC."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode

from fastapi import Request

from app.publishing.query import Query

JSON, GEOJSON, WEB_PAGE = "application/json", "application/geo+json", "text/html"
SCHEMA, CATALOGUE = "application/schema+json", "application/ld+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
REL_QUERYABLES = "http://www.opengis.net/def/rel/ogc/1.0/queryables"
REL_SCHEMA = "http://www.opengis.net/def/rel/ogc/1.0/schema"
REL_CONFORMANCE = "http://www.opengis.net/def/rel/ogc/1.0/conformance"
REL_TILESETS = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-vector"
REL_MAP_TILESETS = "http://www.opengis.net/def/rel/ogc/1.0/tilesets-map"
REL_MAP = "http://www.opengis.net/def/rel/ogc/1.0/map"
REL_SCHEMES = "http://www.opengis.net/def/rel/ogc/1.0/tiling-schemes"
REL_SCHEME = "http://www.opengis.net/def/rel/ogc/1.0/tiling-scheme"

Link = dict[str, str]


def base(request: Request) -> str:
    """Return this instance's own address, without a slash at its end.

    It has the Host of the request, which anybody can make up: no cache keeps such an answer, unless
    a setting or the connection names the same host (`app.api.security.Guard`).
    """
    request.state.names_host = True
    return str(request.base_url).rstrip("/")


def known_base(request: Request) -> str:
    """Return this instance's own address, or nothing where only the request names its host."""
    return base(request) if request.state.is_known_host else ""


def link_to(request: Request, rel: str, path: str, kind: str = JSON, title: str = "") -> Link:
    """Make a link to an address of this instance."""
    fields = {"rel": rel, "type": kind, "href": base(request) + path}
    return {**fields, "title": title} if title else fields


def as_page(request: Request, address: str) -> Link:
    """Link to the same for people."""
    return link_to(request, "alternate", f"{address}&f=html", WEB_PAGE)


def pages(
    request: Request, query: Query, own: Mapping[str, object], offset: int, *, has_next: bool
) -> list[Link]:
    """Link a page of items to itself, to the next and previous page, and to its collection."""

    def at(rel: str, place: int) -> Link:
        parameters = {**{name: str(value) for name, value in own.items()}, "offset": str(place)}
        path = f"{request.url.path}?{query.view.query()}&{urlencode(parameters)}"
        return link_to(request, rel, path, GEOJSON)

    limit = int(str(own["limit"]))
    links = [at("self", offset), {**at("self", offset), "rel": "alternate", "type": WEB_PAGE}]
    links[1]["href"] += "&f=html"
    if has_next:
        links.append(at("next", offset + limit))
    if offset:
        links.append(at("prev", max(offset - limit, 0)))
    collection = request.url.path.removesuffix("/items")
    return [*links, link_to(request, "collection", f"{collection}?{query.view.query()}")]
