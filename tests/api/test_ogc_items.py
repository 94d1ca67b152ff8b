"""What a program may ask of items: a reference system, an order, some properties, a flat table."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pyogrio
import pytest
from owslib.ogcapi.features import Features

from app.domain.crs import EPSG_4326, WEB_MERCATOR_CRS
from app.exporters.columns import FLAT_COLUMNS
from tests.serving import Service

COLLECTIONS = "/api/collections"
ITEMS = f"{COLLECTIONS}/incidents/items"


def ask(service: Service, path: str = ITEMS, **parameters: object) -> httpx.Response:
    query = {"theatre": "example", **{name: str(value) for name, value in parameters.items()}}
    return service.client.get(path, params=query)


def read(service: Service, path: str = ITEMS, **parameters: object) -> Any:
    answer = ask(service, path, **parameters)
    assert answer.status_code == 200, answer.text
    return answer.json()


def column(service: Service, name: str, **parameters: object) -> list[Any]:
    features = read(service, ITEMS, limit=1000, **parameters)["features"]
    return [one["properties"][name] for one in features]


@pytest.mark.parametrize("name", ["incidents", "control", "frontline", "regions"])
def test_every_collection_has_its_shapes_in_every_system(service: Service, name: str) -> None:
    path = f"{COLLECTIONS}/{name}/items"
    plain = read(service, path)["features"]
    for crs in (EPSG_4326, WEB_MERCATOR_CRS):
        answer = ask(service, path, crs=crs)
        assert answer.headers["content-crs"] == f"<{crs}>"
        moved = answer.json()["features"]
        assert [one["properties"] for one in moved] == [one["properties"] for one in plain]
        assert moved[0]["geometry"] != plain[0]["geometry"]
        single = ask(service, f"{path}/{moved[0]['id']}", crs=crs)
        assert single.headers["content-crs"] == f"<{crs}>"
        assert single.json()["geometry"]["type"] == moved[0]["geometry"]["type"]


def test_a_link_to_the_next_page_keeps_the_question_and_has_its_box_in_degrees(
    service: Service,
) -> None:
    box = {"bbox": "-43,-124,-42,-123", "bbox-crs": EPSG_4326}
    page = read(service, **box, crs=WEB_MERCATOR_CRS, sortby="-start", limit=1)
    links = {one["rel"]: one["href"] for one in page["links"]}
    following = service.client.get(links["next"])
    assert following.json()["numberMatched"] == page["numberMatched"]
    assert following.headers["content-crs"] == f"<{WEB_MERCATOR_CRS}>"


@pytest.mark.parametrize("field", ["killed", "injured"])
def test_a_toll_sorts_both_ways_and_what_is_not_known_comes_last(
    service: Service, field: str
) -> None:
    for sign in "+-":
        tolls = column(service, field, sortby=f"{sign}{field}")
        known = [one["best"] if one["low"] is None else one["low"] for one in tolls if one]
        known = [one for one in known if one is not None]
        assert known == sorted(known, reverse=sign == "-")
        assert None not in tolls[: len(known)]
        assert len(known) > 10


def test_fields_sort_one_after_the_other(service: Service) -> None:
    names = ["reported", "corroborated", "geolocated", "verified", "disputed", "retracted"]
    rows = read(service, sortby="status,-start", limit=1000)["features"]
    keys = [(one["properties"]["status"], one["properties"]["first_day"]) for one in rows]
    days = [day for status, day in keys if status == keys[0][0]]
    assert days == sorted(days, reverse=True)
    places = [names.index(status) for status, _ in keys]
    assert places == sorted(places)


def test_only_the_chosen_properties_are_given(service: Service) -> None:
    (feature,) = read(service, properties="killed,status", limit=1)["features"]
    assert set(feature["properties"]) == {"killed", "status"}
    single = read(service, f"{ITEMS}/{feature['id']}", properties="start")
    assert list(single["properties"]) == ["start"]


@pytest.mark.parametrize("name", ["control", "frontline", "regions"])
def test_every_property_of_shapes_can_be_chosen(service: Service, name: str) -> None:
    path = f"{COLLECTIONS}/{name}/items"
    features = read(service, path)["features"]
    present = {key for one in features for key in one["properties"]}
    chosen = read(service, path, properties=",".join(sorted(present)))["features"]
    assert [one["properties"] for one in chosen] == [one["properties"] for one in features]
    refused = ask(service, path, properties="colour")
    allowed = refused.json()["errors"][0]["allowed"]
    assert (refused.status_code, set(allowed.split(", "))) == (400, present)


def test_a_wrong_order_or_property_is_refused_with_the_list(service: Service) -> None:
    answer = ask(service, sortby="-colour", properties="killed_low")
    faults = {one["where"]: one["allowed"] for one in answer.json()["errors"]}
    assert answer.status_code == 400
    assert faults["query.sortby"].startswith("start, killed, injured, status")
    assert "merged_with" in faults["query.properties"]


@pytest.mark.parametrize("is_flat", [True, False])
def test_the_schema_names_each_property_of_the_features(service: Service, is_flat: bool) -> None:
    flat = {"flat": "true"} if is_flat else {}
    schema = read(service, f"{COLLECTIONS}/incidents/schema", **flat)["properties"]
    features = read(service, limit=1000, **flat)["features"]
    names = [one["properties"].keys() for one in features]
    assert all(one == schema.keys() - {"geometry"} for one in names)


def test_a_flat_table_has_numbers_and_texts_and_the_columns_of_an_export(service: Service) -> None:
    features = read(service, flat="true", limit=1000)["features"]
    assert list(features[0]["properties"]) == [one.note.name for one in FLAT_COLUMNS]
    values = [value for one in features for value in one["properties"].values()]
    assert {type(value) for value in values} <= {str, int, float, bool, type(None)}
    nested = column(service, "killed")
    flat = [one["properties"]["killed_low"] for one in features]
    assert flat == [None if toll is None else toll["low"] for toll in nested]
    assert any("|" in one["properties"]["sources"] for one in features)


def test_a_desktop_gis_filters_the_flat_table_by_a_toll(service: Service) -> None:
    source = f"OAPIF:{service.url}/api?theatre=example&flat=true"
    many = pyogrio.read_dataframe(source, layer="incidents", where="killed_low >= 2")
    matched = read(service, filter="killed_low >= 2")["numberMatched"]
    assert len(many) == matched > 0
    assert many["killed_low"].min() >= 2


def test_gdal_reads_items_in_metres(service: Service) -> None:
    source = f"OAPIF:{service.url}/api?theatre=example&flat=true"
    degrees = pyogrio.read_dataframe(source, layer="incidents")
    metres = pyogrio.read_dataframe(source, layer="incidents", CRS="EPSG:3857")
    assert metres.crs.to_epsg() == 3857
    away = degrees.to_crs(3857).distance(metres)
    assert away.max() < 0.01


def test_owslib_asks_for_a_filter_in_json_and_for_metres(service: Service) -> None:
    condition = {"op": ">=", "args": [{"property": "killed_low"}, 2]}
    page = Features(f"{service.url}/api").collection_items(
        "incidents",
        theatre="example",
        filter=json.dumps(condition),
        crs=WEB_MERCATOR_CRS,
        **{"filter-lang": "cql2-json"},
    )
    assert page["numberMatched"] == read(service, filter="killed_low >= 2")["numberMatched"] > 0


@pytest.mark.parametrize(
    "condition",
    [
        *("{", "[]", "1", "null", '{"op":"and","args":[]}', '{"op":"or","args":[true]}', "{}"),
        '{"op":"=","args":[{"property":"killed_low"},"two"]}',
        '{"op":"=","args":[{"property":"colour"},1]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"type":"Point"}]}',
        '{"op":"s_intersects","args":[{"property":"geometry"},{"bbox":[1,2,3]}]}',
        '{"op":"in","args":[{"property":"status"},"verified"]}',
        '{"op":"t_during","args":[{"property":"first_day"},{"interval":["2024-03-05"]}]}',
        '{"op":"a_overlaps","args":[{"property":"weapons"},{"property":"sectors"}]}',
        '{"op":"not","args":[' * 90 + "true" + "]}" * 90,
    ],
)
def test_a_filter_in_json_that_is_none_is_refused_in_one_sentence(
    service: Service, condition: str
) -> None:
    answer = ask(service, filter=condition, **{"filter-lang": "cql2-json"})
    assert answer.status_code in ((200, 400) if condition.startswith('{"op":"not"') else (400,))


@pytest.mark.parametrize(
    "path",
    [
        *("/api", "/api/conformance", COLLECTIONS, f"{COLLECTIONS}/incidents", ITEMS),
        *(f"{COLLECTIONS}/incidents/{name}" for name in ("queryables", "schema", "tiles")),
        *(f"{COLLECTIONS}/{name}/items" for name in ("control", "frontline", "regions")),
    ],
)
def test_an_address_takes_the_form_json_and_the_methods_of_reading(
    service: Service, path: str
) -> None:
    assert read(service, path, f="json")
    head = service.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    options = service.client.options(path)
    assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
    assert ask(service, path, f="xml").status_code == 400


def test_a_page_of_another_site_can_read_the_system_also_of_a_kept_answer(
    public_service: Service,
) -> None:
    path = f"{COLLECTIONS}/regions/items"
    for _ in range(2):  # the second answer comes from memory
        headers = ask(public_service, path, crs=EPSG_4326).headers
        assert headers["content-crs"] == f"<{EPSG_4326}>"
        assert "Content-Crs" in headers["access-control-expose-headers"]
