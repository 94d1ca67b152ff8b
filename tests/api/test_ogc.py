"""GIS programs read by address: OGC API Features and Tiles, by GDAL, OWSLib and GeoPandas."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import geopandas
import mapbox_vector_tile
import pyogrio
import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator
from owslib.ogcapi.features import Features

from app.queries.catalogue import COLLECTIONS
from tests.serving import Service

EXAMPLE = "theatre=example"
ITEMS = "/api/collections/incidents/items"


def read(service: Service, path: str) -> Any:
    answer = service.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def matched(service: Service, query: str) -> int:
    return int(read(service, f"{ITEMS}?{EXAMPLE}&{query}")["numberMatched"])


def test_gdal_reads_every_collection(service: Service) -> None:
    source = f"OAPIF:{service.url}/api?{EXAMPLE}"
    assert {name for name, _ in pyogrio.list_layers(source)} == set(COLLECTIONS)
    assert len(pyogrio.read_dataframe(source, layer="incidents")) == matched(service, "") > 300
    line = pyogrio.read_dataframe(source, layer="frontline")
    assert line.geometry.geom_type.tolist() == ["MultiLineString"]
    verified = pyogrio.read_dataframe(source, layer="incidents", where="status = 'verified'")
    assert len(verified) == matched(service, "status=verified") > 0
    box = (-124.0, -43.0, -123.0, -42.0)
    inside = pyogrio.read_dataframe(source, layer="incidents", bbox=box)
    assert len(inside) == matched(service, "bbox=-124,-43,-123,-42") > 0


def test_owslib_walks_from_the_landing_page_to_the_items(service: Service) -> None:
    client = Features(f"{service.url}/api")
    assert set(client.feature_collections()) == set(COLLECTIONS)
    assert any(
        one.endswith("features-1/1.0/conf/core") for one in client.conformance()["conformsTo"]
    )
    assert "killed_low" in client.collection_queryables("incidents")["properties"]
    page = client.collection_items("incidents", limit=2, datetime="2025-10-24/..")
    assert (page["numberReturned"], page["numberMatched"]) == (2, 4)


def test_geopandas_reads_an_export_by_address(service: Service) -> None:
    frame = geopandas.read_file(f"{service.url}/api/export.geojson?{EXAMPLE}")
    assert len(frame) == matched(service, "")


def test_the_description_is_sound_openapi_3_0(service: Service) -> None:
    description = read(service, "/api/openapi.json")
    assert description["openapi"].startswith("3.0.")
    assert [str(one) for one in OpenAPIV30SpecValidator(description).iter_errors()] == []


def test_every_link_of_the_landing_page_and_the_collections_leads_somewhere(
    service: Service,
) -> None:
    landing, catalogue = read(service, "/api"), read(service, "/api/collections")
    links = [
        *landing["links"],
        *(link for one in catalogue["collections"] for link in one["links"]),
    ]
    assert len(links) > 15
    for link in links:
        assert link["href"].startswith(f"{service.url}/")
        answer = service.client.get(link["href"])
        assert (link["href"], answer.status_code) == (link["href"], 200)


def test_pages_follow_each_other_forwards_and_back(service: Service) -> None:
    first = read(service, f"{ITEMS}?{EXAMPLE}&limit=200&filter=killed_low%20%3E%3D%200")
    links = {one["rel"]: one["href"] for one in first["links"]}
    seen, last = first["numberReturned"], first
    while "next" in links:
        last = read(service, links["next"])
        seen, links = seen + last["numberReturned"], {x["rel"]: x["href"] for x in last["links"]}
    assert seen == first["numberMatched"]
    assert "prev" in links or first is last


@pytest.mark.parametrize(
    ("when", "days"),
    [
        ("2024-03-05", "from=2024-03-05&to=2024-03-05"),
        ("2024-03-05/2024-03-09", "from=2024-03-05&to=2024-03-09"),
        ("2024-03-05/..", "from=2024-03-05"),
        ("../2024-03-09", "to=2024-03-09"),
        ("2024-03-05T12:00:00Z/2024-03-09T12:00:00Z", "from=2024-03-05&to=2024-03-09"),
        ("2024-03-06T02:00:00Z", "from=2024-03-05&to=2024-03-05"),
        ("2024-03-05/2024-03-05T12:00:00Z", "from=2024-03-05&to=2024-03-05"),
    ],
)
def test_a_time_means_its_days_in_the_zone_of_the_theatre(
    service: Service, when: str, days: str
) -> None:
    assert matched(service, f"datetime={when}") == matched(service, days)


@pytest.mark.parametrize(
    ("path", "where"),
    [
        *((f"{ITEMS}?datetime={when}", "query.datetime") for when in ("..", "now", "2024-W10-1")),
        (f"{ITEMS}?datetime=2024-03-09/2024-03-05", "query.datetime"),
        (f"{ITEMS}?datetime=2024-03-05T00:00:00", "query.datetime"),
        # GDAL writes a condition on any column of days so, also on those of control: it is no time.
        (f"{ITEMS}?datetime=2024-03-05T/..", "query.datetime"),
        (f"{ITEMS}?filter=colour%20%3D%20'red'", "query.filter"),
        (f"{ITEMS}?filter=killed_low%20%3D%201&filter-lang=ecql", "query.filter-lang"),
        (f"{ITEMS}?filter=killed_low%20%3D%201&filter-lang=cql2-json", "query.filter"),
        (f"{ITEMS}?crs=http://www.opengis.net/def/crs/EPSG/0/2154", "query.crs"),
        (f"{ITEMS}?sortby=colour", "query.sortby"),
        (f"{ITEMS}?properties=killed,colour", "query.properties"),
        (f"{ITEMS}?f=gml", "query.f"),
        ("/api?f=xml", "query.f"),
        ("/api/tiles/WebMercatorQuad/5/19/5?f=png", "query.f"),
        (f"{ITEMS}?limit=0", "query.limit"),
        ("/api/collections/regions/items?detail=blurred", "query.detail"),
        ("/api/collections/incidents?colour=red", "query.colour"),
    ],
)
def test_what_cannot_be_asked_is_named(service: Service, path: str, where: str) -> None:
    answer = service.client.get(path)
    assert answer.status_code == 400
    assert where in [one["where"] for one in answer.json()["errors"]]


@pytest.mark.parametrize("collection", ["incidents", "regions", "control", "frontline"])
def test_a_larger_limit_than_there_is_is_no_error(service: Service, collection: str) -> None:
    path = f"/api/collections/{collection}/items?{EXAMPLE}"
    for limit in ("10001", "9" * 40):
        page = read(service, f"{path}&limit={limit}")
        assert page["numberReturned"] == page["numberMatched"] > 0
        address = next(one["href"] for one in page["links"] if one["rel"] == "self")
        assert "limit=10000" in address
    for limit in ("0", "-1", "00", "1e3", ""):
        assert service.client.get(f"{path}&limit={limit}").status_code == 400


@pytest.mark.parametrize("collection", ["incidents", "regions", "control", "frontline"])
def test_a_box_across_the_antimeridian_is_both_its_sides(service: Service, collection: str) -> None:
    path = f"/api/collections/{collection}/items?{EXAMPLE}"
    plain = read(service, f"{path}&bbox=-124,-43,-123,-42")["numberMatched"]
    assert read(service, f"{path}&bbox=-124,-43,-99,-123,-42,99")["numberMatched"] == plain > 0
    assert read(service, f"{path}&bbox=170,-43,-123,-42")["numberMatched"] >= plain
    assert read(service, f"{path}&bbox=170,-43,-170,-42")["numberMatched"] == 0


@pytest.mark.parametrize(
    ("condition", "same_as"),
    [
        ("TRUE", ""),
        ("FALSE", None),
        ("NOT FALSE", ""),
        ("status = 'verified' AND TRUE", "&status=verified"),
        ("status = 'verified' AND FALSE", None),
        ("status = 'verified' OR FALSE", "&status=verified"),
        ("S_INTERSECTS(geometry,BBOX(170,40,-170,60))", None),
        ("S_WITHIN(geometry,BBOX(170,-43,-123,-42))", "&bbox=170,-43,-123,-42"),
        ("S_INTERSECTS(geometry,BBOX(-124,-43,0,-123,-42,9))", "&bbox=-124,-43,-123,-42"),
    ],
)
def test_a_filter_knows_truth_and_boxes_as_the_standard_does(
    service: Service, condition: str, same_as: str | None
) -> None:
    expected = 0 if same_as is None else matched(service, same_as)
    answer = service.client.get(ITEMS, params={"theatre": "example", "filter": condition})
    assert answer.status_code == 200, answer.text
    assert answer.json()["numberMatched"] == expected


def test_a_box_of_a_filter_that_is_none_is_named(service: Service) -> None:
    condition = "S_INTERSECTS(geometry,BBOX(30,60,31,50))"
    answer = service.client.get(ITEMS, params={"filter": condition})
    assert answer.status_code == 400
    assert "south < north" in answer.json()["errors"][0]["allowed"]


@pytest.mark.parametrize(
    "path",
    [
        *(f"{name}/items?{EXAMPLE}" for name in COLLECTIONS),
        f"frontline/items?{EXAMPLE}&datetime=2024-03-01/2024-03-20",
    ],
)
def test_items_say_when_they_were_given(service: Service, path: str) -> None:
    answer = service.client.get(f"/api/collections/{path}")
    instant = datetime.fromisoformat(answer.json()["timeStamp"])
    assert abs(datetime.now(UTC) - instant) < timedelta(minutes=1)


@pytest.mark.parametrize("name", ["incidents", "regions", "control", "frontline"])
def test_the_second_of_an_answer_does_not_make_it_another(service: Service, name: str) -> None:
    path = f"/api/collections/{name}/items?{EXAMPLE}"
    tag = service.client.get(path).headers["etag"]
    assert tag.startswith('W/"')  # not the same bytes: the time stands in them
    assert service.client.get(path, headers={"If-None-Match": tag}).status_code == 304


def test_front_lines_of_an_interval_are_read_in_pages_and_one_by_one(service: Service) -> None:
    path = f"/api/collections/frontline/items?{EXAMPLE}&datetime=2024-03-01/2024-03-20&limit=3"
    days, links, page = list[str](), {"next": path}, dict[str, Any]()
    while "next" in links:
        page = read(service, links["next"])
        days += [feature["properties"]["valid_on"] for feature in page["features"]]
        links = {link["rel"]: link["href"] for link in page["links"]}
    assert days == sorted(set(days), reverse=True)
    assert len(days) > 3
    ref = page["features"][0]["id"]
    feature = read(service, f"/api/collections/frontline/items/{ref}?{EXAMPLE}")
    assert feature["geometry"] == page["features"][0]["geometry"]
    assert read(service, f"/api/collections/regions/items/XE-01?{EXAMPLE}")["id"] == "XE-01"
    missing = service.client.get("/api/collections/frontline/items/none.2024-01-01.line")
    assert missing.status_code == 404


def test_the_extent_of_a_collection_is_that_of_its_items(service: Service) -> None:
    extent = read(service, f"/api/collections/incidents?{EXAMPLE}")["extent"]
    features = read(service, f"{ITEMS}?{EXAMPLE}&limit=1000")["features"]
    points = [one["geometry"]["coordinates"] for one in features if one["geometry"]]
    lon, lat = zip(*points, strict=True)
    assert extent["spatial"]["bbox"] == [[min(lon), min(lat), max(lon), max(lat)]]
    first = min(one["properties"]["first_day"] for one in features)
    assert extent["temporal"]["interval"][0][0] == f"{first}T00:00:00Z"


def test_tiles_are_the_same_bytes_with_row_before_column(service: Service) -> None:
    z, x, y = 5, 5, 19
    for layer in ("incidents", "regions", "control"):
        ours = service.client.get(f"/tiles/{layer}/{z}/{x}/{y}.mvt?{EXAMPLE}")
        path = f"/api/collections/{layer}/tiles/WebMercatorQuad/{z}/{y}/{x}?{EXAMPLE}"
        theirs = service.client.get(path)
        assert theirs.headers["content-type"] == "application/vnd.mapbox-vector-tile"
        assert (layer, theirs.content) == (layer, ours.content)
    whole = service.client.get(f"/api/tiles/WebMercatorQuad/{z}/{y}/{x}?{EXAMPLE}").content
    assert set(mapbox_vector_tile.decode(whole)) == {"incidents", "regions", "control"}
    picture = service.client.get(f"/api/map/tiles/WebMercatorQuad/{z}/{y}/{x}?{EXAMPLE}")
    assert picture.content == service.client.get(f"/tiles/map/{z}/{x}/{y}.png?{EXAMPLE}").content
    assert service.client.get("/api/tiles/WebMercatorQuad/2/9/0").status_code == 404


def test_the_grid_halves_from_zoom_to_zoom_and_tilesets_name_it(service: Service) -> None:
    grid = read(service, "/api/tileMatrixSets/WebMercatorQuad")
    top, *rest = grid["tileMatrices"]
    assert top["scaleDenominator"] == pytest.approx(559082264.0287178)
    assert [one["matrixWidth"] for one in rest] == [2**n for n in range(1, 19)]
    tileset = read(service, f"/api/tiles?{EXAMPLE}")["tilesets"][0]
    item = next(one for one in tileset["links"] if one["rel"] == "item")
    template = item["href"].replace("{tileMatrix}", "5").replace("{tileRow}", "19")
    assert service.client.get(template.replace("{tileCol}", "5")).status_code == 200


def test_tilejson_has_the_shape_of_3_0(service: Service) -> None:
    for layer in ("incidents", "regions", "control", "map"):
        document = read(service, f"/tiles/{layer}.json?{EXAMPLE}")
        assert document["tilejson"] == "3.0.0"
        assert document["scheme"] == "xyz"
        assert 0 <= document["minzoom"] <= document["maxzoom"] <= 30
        west, south, east, north = document["bounds"]
        assert -180 <= west < east <= 180
        assert -85.06 <= south < north <= 85.06
        assert all(all(sign in url for sign in ("{z}", "{x}", "{y}")) for url in document["tiles"])
        for layer_fields in document.get("vector_layers", []):
            assert layer_fields["id"] == layer
            assert all(isinstance(text, str) for text in layer_fields["fields"].values())
        assert ("vector_layers" in document) is (layer != "map")


def test_the_public_sees_extents_and_counts_of_what_is_open_only(public_service: Service) -> None:
    for name in COLLECTIONS:
        document = read(public_service, f"/api/collections/{name}?{EXAMPLE}")
        assert document["id"] == name
        assert json.dumps(document["links"]).count(public_service.url) == len(document["links"])
