"""Each requirement of each conformance class that is claimed, with a request that shows it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any, NamedTuple

import httpx
import pytest
from PIL import Image

from app.api.routes.ogc import CONFORMS
from tests.serving import Service

ROOT, INCIDENTS = "/api?theatre=example", "/api/collections/incidents?theatre=example"
ITEMS = "/api/collections/incidents/items?theatre=example"
OGC, EPSG = "http://www.opengis.net/def/crs/OGC/1.3/CRS84", "http://www.opengis.net/def/crs/EPSG/0/"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
HTML = "text/html; charset=utf-8"
BOX = "bbox=-124,-43,-123,-42"
BOX_4326 = f"bbox=-43,-124,-42,-123&bbox-crs={EPSG}4326"
QUERYABLES = "/api/collections/incidents/queryables?theatre=example"
JSON_FILTER = '{"op":"=","args":[{"property":"status"},"verified"]}'


class Requirement(NamedTuple):
    """A requirement: the class it belongs to, its id, a request, and what must hold.

    Where a class has one long requirement, the id is the part of it that is tried.
    """

    of_class: str
    id: str
    path: str
    holds: Callable[[httpx.Response], object]


def rels(document: dict[str, Any]) -> dict[str, str]:
    return {one["rel"]: one["type"] for one in document["links"]}


def has_links(*names: str) -> Callable[[httpx.Response], object]:
    return lambda answer: set(names) <= set(rels(answer.json()))


def status(code: int) -> Callable[[httpx.Response], object]:
    return lambda answer: answer.status_code == code


def is_of_type(media: str) -> Callable[[httpx.Response], object]:
    return lambda answer: answer.status_code == 200 and answer.headers["content-type"] == media


def every(check: Callable[[dict[str, Any]], object]) -> Callable[[httpx.Response], object]:
    """Check every collection of the list."""
    return lambda answer: all(check(one) for one in answer.json()["collections"])


def points(answer: httpx.Response) -> list[list[float]]:
    shapes = [one["geometry"] for one in answer.json()["features"]]
    return [one["coordinates"] for one in shapes if one is not None]


def each_point(check: Callable[[float, float], bool]) -> Callable[[httpx.Response], object]:
    def holds(answer: httpx.Response) -> bool:
        found = points(answer)
        return len(found) > 0 and all(check(*one) for one in found)

    return holds


def features(check: Callable[[dict[str, Any]], object]) -> Callable[[httpx.Response], object]:
    """Check that there are features, and each of them."""
    return lambda answer: answer.json()["features"] and all(map(check, answer.json()["features"]))


def parameters(path: str, *names: str) -> Callable[[httpx.Response], object]:
    def holds(answer: httpx.Response) -> bool:
        operation = answer.json()["paths"][path]["get"]
        return set(names) <= {one["name"] for one in operation["parameters"]}

    return holds


def refusals(answer: httpx.Response) -> bool:
    """Tell whether the addresses of OGC describe 400, and none of them 422."""
    paths = answer.json()["paths"]
    ours = [one for name, one in paths.items() if name == "/api" or "/api/collections" in name]
    codes = [one["get"]["responses"] for one in ours]
    return len(codes) > 10 and all("400" in one and "422" not in one for one in codes)


LIST, JSON_API = "/api/collections/incidents/items", "/api/openapi.json"
F1, F2, F3 = "ogcapi-features-1", "ogcapi-features-2", "ogcapi-features-3"
DEGREES = each_point(lambda lon, lat: -180 <= lon < -100 and -60 < lat < -30)
MAP_BOX = "/api/map?theatre=example&synthetic=1&bbox=-130,-46,-119,-39"
MAP_REL = "http://www.opengis.net/def/rel/ogc/1.0/map"
M = "ogcapi-maps-1"
LAYERS = ("incidents", "control", "regions")


def map_of(crs: str, box: str) -> Callable[[httpx.Response], object]:
    """Check that a map says its system and its box, in the order of the system's axes."""

    def holds(answer: httpx.Response) -> bool:
        sides = [float(side) for side in answer.headers["content-bbox"].split(",")]
        wanted = pytest.approx([float(side) for side in box.split(",")], abs=0.01)
        return answer.headers["content-crs"] == f"<{crs}>" and sides == wanted

    return holds


def map_px(width: int, height: int) -> Callable[[httpx.Response], object]:
    def holds(answer: httpx.Response) -> bool:
        return Image.open(io.BytesIO(answer.content)).size == (width, height)

    return holds


MAPS = [
    Requirement(f"{M}/core", "map-op", "/api/map?theatre=example", is_of_type("image/png")),
    Requirement(
        f"{M}/core", "map-response, content-crs", MAP_BOX, map_of(OGC, "-130,-46,-119,-39")
    ),
    Requirement(
        f"{M}/core",
        "map-response, content-datetime",
        f"{MAP_BOX}&from=2024-03-01&to=2024-03-09",
        lambda answer: answer.headers["content-datetime"] == "2024-03-01/2024-03-09",
    ),
    Requirement(
        f"{M}/core",
        "map-response, of the whole theatre",
        "/api/map?theatre=example",
        lambda answer: len(answer.headers["content-bbox"].split(",")) == 4,
    ),
    Requirement(
        f"{M}/crs",
        "crs, latitude first",
        f"{MAP_BOX}&crs={EPSG}4326",
        map_of(f"{EPSG}4326", "-46,-130,-39,-119"),
    ),
    Requirement(
        f"{M}/crs",
        "crs, metres",
        f"{MAP_BOX}&crs={EPSG}3857",
        map_of(f"{EPSG}3857", "-14471533.8,-5780349.22,-13247019.41,-4721671.57"),
    ),
    Requirement(f"{M}/crs", "crs-unknown", f"{MAP_BOX}&crs={EPSG}9999", status(400)),
    *(
        Requirement(
            f"{M}/collection-map",
            f"operation of {layer}",
            f"/api/collections/{layer}/map?theatre=example&synthetic=1",
            is_of_type("image/png"),
        )
        for layer in LAYERS
    ),
    *(
        Requirement(
            f"{M}/collection-map",
            f"desc-links, desc-crs of {layer}",
            f"/api/collections/{layer}?theatre=example",
            lambda answer: MAP_REL in rels(answer.json()) and f"{EPSG}3857" in answer.json()["crs"],
        )
        for layer in LAYERS
    ),
    Requirement(f"{M}/dataset-map", "landingpage", ROOT, has_links(MAP_REL)),
    Requirement(f"{M}/dataset-map", "operation", MAP_BOX, is_of_type("image/png")),
    Requirement(f"{M}/png", "content", f"{MAP_BOX}&width=220&height=140&f=png", map_px(220, 140)),
    Requirement(f"{M}/png", "content, by proportion", f"{MAP_BOX}&width=220", map_px(220, 140)),
    Requirement(
        f"{M}/oas30", "completeness", JSON_API, parameters("/api/map", "bbox", "width", "crs")
    ),
    Requirement(f"{M}/oas30", "a map of no box", "/api/map?bbox=1,2,3", status(400)),
]
REQUIREMENTS = [
    Requirement(
        f"{F1}/core", "root-op", ROOT, has_links("service-desc", "service-doc", "conformance")
    ),
    Requirement(f"{F1}/core", "root-success", ROOT, has_links("self", "data")),
    Requirement(f"{F1}/html", "definition", f"{ROOT}&f=html", is_of_type(HTML)),
    Requirement(f"{F1}/html", "content", f"{ITEMS}&f=html&limit=2", is_of_type(HTML)),
    Requirement(f"{F1}/html", "alternate", ITEMS, has_links("alternate")),
    Requirement(f"{F1}/core", "api-definition-op", JSON_API, status(200)),
    Requirement(f"{F1}/core", "api-definition-success", JSON_API, is_of_type(OPENAPI)),
    Requirement(f"{F1}/core", "conformance-op", "/api/conformance", status(200)),
    Requirement(
        f"{F1}/core",
        "conformance-success",
        "/api/conformance?f=json",
        lambda answer: answer.json()["conformsTo"] == list(CONFORMS),
    ),
    Requirement(f"{F1}/core", "query-param-unknown", f"{ITEMS}&colour=red", status(400)),
    Requirement(f"{F1}/core", "query-param-invalid", f"{ITEMS}&limit=none", status(400)),
    Requirement(f"{F1}/core", "crs84", ITEMS, DEGREES),
    Requirement(f"{F1}/core", "fc-md-op", "/api/collections", status(200)),
    Requirement(f"{F1}/core", "fc-md-success", "/api/collections", has_links("self")),
    Requirement(
        f"{F1}/core", "fc-md-items", "/api/collections", every(lambda one: one["id"] and one["crs"])
    ),
    Requirement(
        f"{F1}/core",
        "fc-md-items-links",
        "/api/collections",
        every(lambda one: rels(one)["items"] == "application/geo+json"),
    ),
    Requirement(
        f"{F1}/core",
        "fc-md-extent",
        "/api/collections",
        every(lambda one: len(one["extent"]["spatial"]["bbox"][0]) == 4),
    ),
    Requirement(f"{F1}/core", "sfc-md-op", INCIDENTS, status(200)),
    Requirement(f"{F1}/core", "sfc-md-success", INCIDENTS, has_links("self", "items")),
    Requirement(f"{F1}/core", "fc-op", ITEMS, is_of_type("application/geo+json")),
    Requirement(f"{F1}/core", "fc-limit-definition", JSON_API, parameters(LIST, "limit")),
    Requirement(
        f"{F1}/core",
        "fc-limit-response-1",
        f"{ITEMS}&limit=3",
        lambda answer: len(answer.json()["features"]) == 3,
    ),
    Requirement(f"{F1}/core", "fc-bbox-definition", JSON_API, parameters(LIST, "bbox")),
    Requirement(
        f"{F1}/core",
        "fc-bbox-response",
        f"{ITEMS}&{BOX}",
        each_point(lambda lon, lat: -124 <= lon <= -123 and -43 <= lat <= -42),
    ),
    Requirement(f"{F1}/core", "fc-bbox-definition-wrong", f"{ITEMS}&bbox=1,2,3", status(400)),
    Requirement(f"{F1}/core", "fc-time-definition", JSON_API, parameters(LIST, "datetime")),
    Requirement(
        f"{F1}/core",
        "fc-time-response",
        f"{ITEMS}&datetime=2024-03-05/2024-03-09",
        features(lambda one: one["properties"]["first_day"] <= "2024-03-09"),
    ),
    Requirement(f"{F1}/core", "fc-links", f"{ITEMS}&limit=3&offset=3", has_links("self", "next")),
    Requirement(
        f"{F1}/core",
        "fc-rel-type",
        ITEMS,
        lambda answer: all(one["rel"] and one["type"] for one in answer.json()["links"]),
    ),
    Requirement(
        f"{F1}/core", "fc-timeStamp", ITEMS, lambda answer: answer.json()["timeStamp"][-1] == "Z"
    ),
    Requirement(
        f"{F1}/core", "fc-numberMatched", ITEMS, lambda answer: answer.json()["numberMatched"] > 300
    ),
    Requirement(
        f"{F1}/core",
        "fc-numberReturned",
        ITEMS,
        lambda answer: answer.json()["numberReturned"] == len(answer.json()["features"]),
    ),
    Requirement(f"{F1}/core", "f-op", "/api/collections/regions/items/XX-99", status(404)),
    Requirement(
        f"{F1}/core",
        "f-success",
        "/api/collections/regions/items/XE-01?theatre=example",
        is_of_type("application/geo+json"),
    ),
    Requirement(
        f"{F1}/core",
        "f-links",
        "/api/collections/regions/items/XE-01?theatre=example",
        has_links("self", "collection"),
    ),
    Requirement(
        f"{F1}/geojson",
        "definition",
        ITEMS,
        lambda answer: answer.json()["type"] == "FeatureCollection",
    ),
    Requirement(f"{F1}/geojson", "content", ITEMS, features(lambda one: one["type"] == "Feature")),
    Requirement(
        f"{F1}/oas30", "oas-definition-1", ROOT, lambda a: rels(a.json())["service-desc"] == OPENAPI
    ),
    Requirement(
        f"{F1}/oas30", "oas-definition-2", JSON_API, lambda a: a.json()["openapi"].startswith("3.0")
    ),
    Requirement(
        f"{F1}/oas30", "completeness", JSON_API, parameters(LIST, "sortby", "properties", "crs")
    ),
    Requirement(f"{F1}/oas30", "exceptions-codes", JSON_API, refusals),
    Requirement(
        f"{F2}/crs",
        "fc-md-crs-list",
        "/api/collections",
        every(lambda one: one["crs"] == [OGC, f"{EPSG}4326", f"{EPSG}3857"]),
    ),
    Requirement(
        f"{F2}/crs",
        "fc-md-storageCrs-valid-value",
        "/api/collections",
        every(lambda one: one["storageCrs"] in one["crs"]),
    ),
    Requirement(
        f"{F2}/crs",
        "fc-crs-definition",
        JSON_API,
        parameters(LIST, "crs", "bbox-crs", "filter-crs"),
    ),
    Requirement(f"{F2}/crs", "fc-crs-valid-value", f"{ITEMS}&crs={EPSG}2154", status(400)),
    Requirement(f"{F2}/crs", "fc-crs-default-value", f"{ITEMS}&crs={OGC}", DEGREES),
    Requirement(
        f"{F2}/crs",
        "fc-crs-action",
        f"{ITEMS}&crs={EPSG}4326",
        each_point(lambda lat, lon: -60 < lat < -30 and -180 <= lon < -100),
    ),
    Requirement(f"{F2}/crs", "fc-bbox-crs-definition", f"{ITEMS}&{BOX_4326}", status(200)),
    Requirement(
        f"{F2}/crs", "fc-bbox-crs-valid-value", f"{ITEMS}&{BOX}&bbox-crs={EPSG}2154", status(400)
    ),
    Requirement(
        f"{F2}/crs",
        "fc-bbox-crs-action",
        f"{ITEMS}&{BOX_4326}",
        each_point(lambda lon, lat: -124 <= lon <= -123 and -43 <= lat <= -42),
    ),
    Requirement(
        f"{F2}/crs",
        "ogc-crs-header",
        f"{ITEMS}&crs={EPSG}3857",
        lambda answer: answer.headers["content-crs"] == f"<{EPSG}3857>",
    ),
    Requirement(
        f"{F3}/queryables", "queryables-op", QUERYABLES, is_of_type("application/schema+json")
    ),
    Requirement(
        f"{F3}/queryables",
        "queryables-link",
        INCIDENTS,
        has_links("http://www.opengis.net/def/rel/ogc/1.0/queryables"),
    ),
    Requirement(
        f"{F3}/queryables",
        "queryables-response",
        QUERYABLES,
        lambda answer: (
            answer.json()["type"] == "object" and answer.json()["$id"] in str(answer.url)
        ),
    ),
    Requirement(f"{F3}/filter", "filter-param", f"{ITEMS}&filter=killed_low%3E0", status(200)),
    Requirement(f"{F3}/filter", "filter-lang-param", JSON_API, parameters(LIST, "filter-lang")),
    Requirement(
        f"{F3}/filter",
        "filter-lang-default",
        f"{ITEMS}&filter=status='verified'",
        features(lambda one: one["properties"]["status"] == "verified"),
    ),
    Requirement(f"{F3}/filter", "filter-failure", f"{ITEMS}&filter=status%3D", status(400)),
    Requirement(
        f"{F3}/features-filter",
        "mixing-expressions",
        f"{ITEMS}&{BOX}&filter=status='verified'",
        each_point(lambda lon, lat: -124 <= lon <= -123 and -43 <= lat <= -42),
    ),
    Requirement(
        f"{F3}/features-filter",
        "filter-crs-param",
        f"{ITEMS}&filter-crs={EPSG}4326&filter=S_INTERSECTS(geometry,BBOX(-43,-124,-42,-123))",
        each_point(lambda lon, lat: -124 <= lon <= -123 and -43 <= lat <= -42),
    ),
    Requirement("cql2/cql2-text", "validate", f"{ITEMS}&filter=killed_low IS NULL", status(200)),
    Requirement(
        "cql2/cql2-json",
        "validate",
        f"{ITEMS}&filter-lang=cql2-json&filter={JSON_FILTER}",
        features(lambda one: one["properties"]["status"] == "verified"),
    ),
    Requirement("cql2/basic-cql2", "property", f"{ITEMS}&filter=NOT (killed_low>1)", status(200)),
    Requirement(
        "cql2/advanced-comparison-operators",
        "like-between",
        f"{ITEMS}&filter=status LIKE 'v%25' AND killed_low BETWEEN 0 AND 9",
        features(lambda one: one["properties"]["status"] == "verified"),
    ),
    *(
        Requirement(
            f"cql2/{name}",
            "s_intersects",
            f"{ITEMS}&filter=S_INTERSECTS(geometry,{shape})",
            each_point(lambda lon, lat: -124 <= lon <= -123 and -43 <= lat <= -42),
        )
        for name, shape in (
            ("basic-spatial-functions", "BBOX(-124,-43,-123,-42)"),
            (
                "basic-spatial-functions-plus",
                "POLYGON((-124 -43,-123 -43,-123 -42,-124 -42,-124 -43))",
            ),
        )
    ),
    Requirement(
        "cql2/array-functions",
        "array-predicates",
        f"{ITEMS}&filter=A_CONTAINS(weapons,('drone.fpv'))",
        features(lambda one: "drone.fpv" in one["properties"]["weapons"]),
    ),
    *(
        Requirement(f"ogcapi-common-1/{name}", "root", ROOT, has_links("service-desc"))
        for name in ("core", "landing-page", "json")
    ),
    Requirement("ogcapi-common-2/collections", "rc-md", "/api/collections?f=json", status(200)),
    Requirement(
        "ogcapi-tiles-1/core",
        "tc-success",
        "/api/tiles/WebMercatorQuad/5/19/5?theatre=example",
        status(200),
    ),
    Requirement("ogcapi-tiles-1/core", "tc-error", "/api/tiles/WebMercatorQuad/2/9/0", status(404)),
    Requirement(
        "ogcapi-tiles-1/tileset", "desc-op", "/api/tiles/WebMercatorQuad?f=json", has_links("item")
    ),
    Requirement("ogcapi-tiles-1/tilesets-list", "op", "/api/tiles?f=json", has_links("self")),
    Requirement("ogcapi-tiles-1/dataset-tilesets", "op", "/api/tiles", status(200)),
    Requirement(
        "ogcapi-tiles-1/geodata-tilesets", "op", "/api/collections/incidents/tiles", status(200)
    ),
    Requirement(
        "ogcapi-tiles-1/mvt",
        "content",
        "/api/tiles/WebMercatorQuad/5/19/5?theatre=example&f=mvt",
        is_of_type("application/vnd.mapbox-vector-tile"),
    ),
    Requirement(
        "ogcapi-tiles-1/png",
        "content",
        "/api/map/tiles/WebMercatorQuad/5/19/5?theatre=example&f=png",
        is_of_type("image/png"),
    ),
    Requirement(
        "ogcapi-tiles-1/oas30",
        "operation",
        JSON_API,
        lambda a: "/api/tiles/WebMercatorQuad/{z}/{row}/{col}" in a.json()["paths"],
    ),
    *MAPS,
    Requirement(
        "tms/json-tilematrixset",
        "json",
        "/api/tileMatrixSets/WebMercatorQuad",
        lambda answer: len(answer.json()["tileMatrices"]) > 10,
    ),
]


@pytest.mark.parametrize("one", REQUIREMENTS, ids=lambda one: f"{one.of_class}/{one.id}")
def test_a_requirement_of_a_claimed_class_holds(service: Service, one: Requirement) -> None:
    assert one.holds(service.client.get(one.path))


def test_no_class_is_claimed_without_a_requirement_that_is_tried() -> None:
    specs = [one.partition("://www.opengis.net/spec/")[2] for one in CONFORMS]
    claimed = {one.split("/")[0] + "/" + one.split("/")[-1] for one in specs}
    assert claimed == {one.of_class for one in REQUIREMENTS}
