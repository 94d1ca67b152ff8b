"""Maps for programs that know nothing newer than WMS and WMTS, as OWSLib reads them."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from owslib.util import ServiceException
from owslib.wms import WebMapService
from owslib.wmts import WebMapTileService
from PIL import Image

from app.tiles.grid import EDGE_M
from tests.serving import Service

VIEW = "theatre=example&synthetic=1"
WEST, SOUTH, EAST, NORTH = -130.0, -46.0, -119.0, -39.0
STRAIGHT, SWAPPED = (WEST, SOUTH, EAST, NORTH), (SOUTH, WEST, NORTH, EAST)
SIZE = {"WIDTH": "440", "HEIGHT": "280"}
MAP = {
    "SERVICE": "WMS",
    "REQUEST": "GetMap",
    "VERSION": "1.3.0",
    "LAYERS": "map",
    "STYLES": "",
    "FORMAT": "image/png",
    **SIZE,
}


def box(sides: tuple[float, ...]) -> str:
    return ",".join(map(str, sides))


def drawn_map(service: Service, parameters: Mapping[str, str]) -> Image.Image:
    answer = service.client.get(f"/wms?{VIEW}&{urlencode({**MAP, **parameters})}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text
    return Image.open(io.BytesIO(answer.content))


@pytest.mark.parametrize(
    "parameters",
    [
        {"CRS": "EPSG:4326", "BBOX": box(SWAPPED)},
        {"CRS": "CRS:84", "BBOX": box(STRAIGHT)},
        {"VERSION": "1.1.1", "SRS": "EPSG:4326", "BBOX": box(STRAIGHT)},
    ],
)
def test_each_version_shows_the_same_place_in_its_own_order_of_axes(
    public_service: Service, parameters: dict[str, str]
) -> None:
    same = drawn_map(public_service, {"CRS": "CRS:84", "BBOX": box(STRAIGHT)})
    assert same.size == (440, 280)
    assert np.array_equal(np.asarray(drawn_map(public_service, parameters)), np.asarray(same))


def test_a_map_of_a_tiles_box_is_the_tile(public_service: Service) -> None:
    z, x, y = 6, 9, 40
    side = 2 * EDGE_M / 2**z
    edges = (x * side - EDGE_M, EDGE_M - (y + 1) * side, (x + 1) * side - EDGE_M, EDGE_M - y * side)
    of_map = drawn_map(
        public_service,
        {"CRS": "EPSG:3857", "BBOX": box(edges), "WIDTH": "256", "HEIGHT": "256"},
    )
    tile = public_service.client.get(f"/tiles/map/{z}/{x}/{y}.png?{VIEW}").content
    pixels = (np.asarray(one.convert("RGB")) for one in (of_map, Image.open(io.BytesIO(tile))))
    first, second = (one.astype(int) for one in pixels)
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 50
    assert (np.abs(first - second).max(axis=2) > 40).mean() < 0.01


def test_layers_are_transparent_where_nothing_is_drawn(public_service: Service) -> None:
    clear = {"LAYERS": "incidents,control", "CRS": "CRS:84", "BBOX": box(STRAIGHT)}
    image = drawn_map(public_service, {**clear, "TRANSPARENT": "TRUE"})
    assert (image.mode, image.getpixel((2, 2))[3]) == ("RGBA", 0)  # type: ignore[index]
    assert drawn_map(public_service, {**clear, "BGCOLOR": "0x102030"}).getpixel((2, 2)) == (
        16,
        32,
        48,
    )


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
def test_owslib_reads_the_map_service(public_service: Service, version: str) -> None:
    service = WebMapService(f"{public_service.url}/wms?{VIEW}", version=version)
    assert set(service.contents) == {
        "map", "basemap", "labels", "regions", "control", "incidents",
    }  # fmt: skip
    systems = {"EPSG:3857", "EPSG:4326", "CRS:84" if version == "1.3.0" else "EPSG:900913"}
    assert systems <= set(service["map"].crsOptions)
    picture = service.getmap(
        layers=["map"], styles=[""], srs="EPSG:4326", bbox=STRAIGHT, size=(440, 280),
        format="image/png", transparent=False,
    )  # fmt: skip
    expected = drawn_map(public_service, {"CRS": "CRS:84", "BBOX": box(STRAIGHT)})
    assert np.array_equal(np.asarray(Image.open(picture)), np.asarray(expected))
    with pytest.raises(ServiceException, match="EPSG:32637"):
        service.getmap(
            layers=["map"], styles=[""], srs="EPSG:32637", bbox=STRAIGHT, size=(10, 10),
            format="image/png",
        )  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "code", "sentence"),
    [
        ({"CRS": "EPSG:32637"}, "InvalidCRS", "EPSG:3857, EPSG:4326, CRS:84"),
        ({"WIDTH": "20000"}, None, "1 to 4096 px"),
        ({"WIDTH": "-1"}, "InvalidParameterValue", "a whole number"),
        ({"BBOX": box(STRAIGHT)}, None, "latitude first"),
        ({"BBOX": "1,2,3"}, None, "south,west,north,east"),
        ({"BBOX": "nan,nan,nan,nan"}, None, "south,west,north,east"),
        ({"LAYERS": "troops"}, "LayerNotDefined", "incidents"),
        ({"STYLES": "pretty"}, "StyleNotDefined", "default"),
        ({"FORMAT": "image/gif"}, "InvalidFormat", "image/png"),
        ({"REQUEST": "GetFeatureInfo"}, "OperationNotSupported", "GetMap"),
        ({"BGCOLOR": "red"}, None, "0xRRGGBB"),
    ],
)
def test_what_does_not_fit_is_refused_with_a_sentence(
    public_service: Service, parameters: dict[str, str], code: str | None, sentence: str
) -> None:
    whole = {**MAP, "CRS": "EPSG:4326", "BBOX": box(SWAPPED), **parameters}
    answer = public_service.client.get(f"/wms?{VIEW}&{urlencode(whole)}")
    report = ET.fromstring(answer.text.partition("\n")[2])  # noqa: S314  our own
    fault = report.find("{http://www.opengis.net/ogc}ServiceException")
    assert (answer.status_code, fault is not None) == (400, True)
    assert fault is not None
    assert (fault.get("code"), sentence in (fault.text or "")) == (code, True), fault.text


@pytest.mark.parametrize(
    "sides", ["30,50,31,51", "22,44,41,53"], ids=["a place in Asia", "more than the theatre"]
)
def test_a_box_in_the_wrong_order_that_could_be_elsewhere_is_refused_too(
    sides: str, public_service: Service
) -> None:
    swapped = {"CRS": "EPSG:4326", "BBOX": sides}  # longitude first
    answer = public_service.client.get(f"/wms?{urlencode({**MAP, **swapped})}")
    assert (answer.status_code, "latitude first" in answer.text) == (400, True)
    latitude_first = {"bbox": sides, "bbox-crs": "http://www.opengis.net/def/crs/EPSG/0/4326"}
    refused = public_service.client.get(f"/api/map?{urlencode(latitude_first)}")
    assert (refused.status_code, "order of axes" in refused.text) == (400, True)


def test_parameters_of_programs_are_ignored_and_wrong_ones_of_the_view_are_not(
    public_service: Service,
) -> None:
    fine = {**MAP, "CRS": "CRS:84", "BBOX": box(STRAIGHT), "DPI": "96", "MAP_RESOLUTION": "96"}
    assert public_service.client.get(f"/wms?{VIEW}&{urlencode(fine)}").status_code == 200
    wrong = public_service.client.get(f"/wms?{VIEW}&{urlencode(fine)}&weapons=drone")
    assert (wrong.status_code, "weapons" in wrong.text) == (400, True)


def test_owslib_reads_the_tile_service(public_service: Service) -> None:
    service = WebMapTileService(f"{public_service.url}/wmts?{VIEW}")
    assert "map" in service.contents
    matrices = service.tilematrixsets["WebMercatorQuad"].tilematrix
    assert len(matrices) == 19
    tile = service.gettile(
        layer="map", tilematrixset="WebMercatorQuad", tilematrix="6", row=40, column=9,
        format="image/png",
    ).read()  # fmt: skip
    ours = public_service.client.get(f"/tiles/map/6/9/40.png?{VIEW}").content
    assert tile == ours
    template = service["map"].resourceURLs[0]["template"]
    rest = template.format(TileMatrix=6, TileRow=40, TileCol=9)
    assert public_service.client.get(rest).content == ours


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"TILEMATRIX": "40"}, "InvalidParameterValue"),
        ({"TILEROW": "100"}, "TileOutOfRange"),
        ({"TILEMATRIXSET": "UTM"}, "InvalidParameterValue"),
        ({"REQUEST": "GetFeatureInfo"}, "OperationNotSupported"),
    ],
)
def test_a_tile_that_is_not_there_is_refused_as_the_standard_says(
    public_service: Service, parameters: dict[str, str], code: str
) -> None:
    whole = {
        "SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "LAYER": "map",
        "STYLE": "default", "FORMAT": "image/png", "TILEMATRIXSET": "WebMercatorQuad",
        "TILEMATRIX": "6", "TILEROW": "40", "TILECOL": "9", **parameters,
    }  # fmt: skip
    answer = public_service.client.get(f"/wmts?{VIEW}&{urlencode(whole)}")
    assert (answer.status_code, f'exceptionCode="{code}"' in answer.text) == (400, True)


@pytest.mark.slow
def test_a_map_costs_about_as_much_as_a_figure(public_service: Service) -> None:
    def least_s(address: str) -> float:
        times = []
        for place in range(5):
            start = time.perf_counter()
            assert public_service.client.get(address.format(place)).status_code == 200
            times.append(time.perf_counter() - start)
        return min(times)

    sides = "-130.{0},-46,-119.{0},-39"
    # A figure of 1200 x 630 px has a map of about this size beside its legend.
    of_map = urlencode({**MAP, "CRS": "CRS:84", "WIDTH": "800", "HEIGHT": "540"})
    map_s = least_s(f"/wms?{VIEW}&{of_map}&BBOX={sides}")
    figure_s = least_s(f"/figure.png?{VIEW}&bbox={sides}")
    assert map_s < 1.2 * figure_s + 0.1
