"""A drawn area narrows every face of a View alike: to what a scan with shapely has in it."""

from __future__ import annotations

import csv
import io
from typing import Any

import mapbox_vector_tile
import pytest
import shapely

from tests.serving import Service

VIEW = "theatre=example&from=2024-03-01&to=2024-04-29"
AREA = "-127.5,-43.5,-124,-43.2,-123.6,-41.2,-125.4,-42.4,-127.2,-41"
ITEMS = "/api/collections/incidents/items"


def features(service: Service, view: str) -> list[dict[str, Any]]:
    page = service.client.get(f"{ITEMS}?{view}&limit=10000").json()
    assert page["numberMatched"] == len(page["features"])
    return list(page["features"])


@pytest.fixture(scope="module")
def inside(service: Service) -> set[str]:
    """The ids of the incidents that lie in the area, by a scan of all of them."""
    numbers = [float(degrees) for degrees in AREA.split(",")]
    shape = shapely.Polygon(list(zip(numbers[::2], numbers[1::2], strict=True)))
    every = features(service, VIEW)
    ids = {
        one["id"]
        for one in every
        if one["geometry"] and shape.intersects(shapely.geometry.shape(one["geometry"]))
    }
    assert 5 < len(ids) < len(every) - 5
    return ids


@pytest.mark.parametrize("known", ["", "&as_of=2200-01-01"])
def test_numbers_lists_and_files_have_what_lies_in_it(
    service: Service, inside: set[str], known: str
) -> None:
    if known:
        known = f"&as_of={service.client.get('/api/head').json()['recorded_at']}"
    view = f"{VIEW}&within={AREA}{known}"
    assert {one["id"] for one in features(service, view)} == inside
    read = service.client.get
    for by in ("region", "day", "dataset"):
        assert read(f"/api/summary?{view}&by={by}").json()["totals"]["incidents"] == len(inside)
    facets = read(f"/api/facets?{view}").json()
    assert sum(facets["status"].values()) == len(inside)
    rows = list(
        csv.DictReader(io.StringIO(read(f"/api/export.csv?{view}").content.decode("utf-8-sig")))
    )
    assert {row["id"] for row in rows} == inside
    assert f"{len(inside)}" in read(f"/table?{view}").text
    listing = read(f"/columns.json?{view}").json()  # of all days, which the page filters itself
    marks = sum(month["rows"] for month in listing["months"])
    assert marks >= len(inside)


def test_tiles_maps_and_figures_show_what_lies_in_it_and_say_so(
    service: Service, inside: set[str]
) -> None:
    view, read = f"{VIEW}&within={AREA}", service.client.get
    layers = mapbox_vector_tile.decode(read(f"/tiles/incidents/0/0/0.mvt?{view}").content)
    assert len(layers["incidents"]["features"]) == len(inside)
    says = "only within a drawn area (-127.5–-123.6, -43.5–-41 degrees)"
    assert says in read(f"/tiles/incidents/5/4/19.png?{view}").content.decode("latin-1").replace(
        "\u00e2\u0080\u0093", "–"
    )
    figure = read(f"/figure.svg?{view}").text
    assert says in figure
    assert f"{len(inside)} marked on the map" in figure
    assert "within=" in read(f"/wms?service=WMS&request=GetCapabilities&{view}").text
    for path in ("/", "/embed"):
        assert '"within":"-127.5,-43.5,' in read(f"{path}?{view}").text
    feed = read(f"/api/changes?{view}&since=2000-01-01&limit=1").json()
    assert feed["_strikemap"]["counts"]["added"] == len(inside)


def test_regions_and_control_that_the_area_touches_are_listed(service: Service) -> None:
    def ids(name: str, view: str) -> set[str]:
        page = service.client.get(f"/api/collections/{name}/items?{view}&limit=1000").json()
        return {one["id"] for one in page["features"]}

    corner = "-131.9,-45,-131.5,-45,-131.7,-44.8"
    for name in ("regions", "control"):
        every, touched = ids(name, VIEW), ids(name, f"{VIEW}&within={AREA}")
        assert touched
        assert touched <= every
        assert ids(name, f"{VIEW}&within={corner}") < every


@pytest.mark.parametrize(
    ("area", "got"),
    [
        ("1,2,3", "no pairs of numbers"),
        ("-127,-43,-124,-41,-124,-43,-127,-41", "sides that cross or touch at -125.5, -42"),
        ("170,10,-170,10,-170,20", "an area 340 degrees wide"),
        ("-43,-127,-41,-124,-42,-123", "-43, -127 as a corner"),
    ],
)
def test_an_area_that_cannot_be_meant_is_refused_in_one_sentence(
    service: Service, area: str, got: str
) -> None:
    for path in ("/api/summary", "/figure.png", "/tiles/incidents/5/4/19.png", "/table"):
        answer = service.client.get(f"{path}?{VIEW}&within={area}")
        assert answer.status_code == 422
        assert got in answer.text
