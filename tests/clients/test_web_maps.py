"""Pages of other people in Chromium: OpenLayers, Leaflet and deck.gl on our addresses."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright

from tests.chromium import CHROMIUM
from tests.making import ROOT
from tests.needs import need
from tests.serving import Service

NODE = ROOT / "node_modules"
VIEW = "theatre=example&synthetic=1"
ITEMS = f"/api/collections/incidents/items?{VIEW}&limit=500"
WMS = {"LAYERS": "map", "theatre": "example", "synthetic": "1"}
LIBRARIES = {
    "openlayers": NODE / "ol" / "dist" / "ol.js",
    "leaflet": ROOT / "static" / "vendor" / "leaflet-1.9.4" / "leaflet.js",
}
if "DECK_GL" in os.environ:  # it brings 200 packages along: docs/clients.md has the command
    LIBRARIES["deck"] = Path(os.environ["DECK_GL"])

PAGES = {
    "openlayers": """
      const vectors = new ol.layer.VectorTile({source: new ol.source.VectorTile({
        format: new ol.format.MVT(), maxZoom: 14, url: "/tiles/incidents/{z}/{x}/{y}.mvt?VIEW"})});
      const features = new ol.source.Vector({url: "ITEMS", format: new ol.format.GeoJSON()});
      const map = new ol.Map({target: "map", layers: [
        new ol.layer.Tile({source: new ol.source.XYZ({url: "/tiles/map/{z}/{x}/{y}.png?VIEW"})}),
        new ol.layer.Image({opacity: 0.5, source: new ol.source.ImageWMS(
          {url: "/wms", params: PARAMS, ratio: 1})}),
        vectors, new ol.layer.Vector({source: features})],
        view: new ol.View({center: ol.proj.fromLonLat([-124.5, -42.3]), zoom: 6})});
      map.on("rendercomplete", () => (window.drawn = {features: features.getFeatures().length,
        inTiles: vectors.getFeaturesInExtent(map.getView().calculateExtent()).length}));
    """,
    "leaflet": """
      const map = L.map("map", {center: [-42.3, -124.5], zoom: 6, fadeAnimation: false});
      const tiles = L.tileLayer("/tiles/map/{z}/{x}/{y}.png?VIEW").addTo(map);
      const wms = L.tileLayer.wms("/wms?VIEW", {layers: "map", format: "image/png"}).addTo(map);
      const both = [tiles, wms].map((layer) => new Promise((done) => layer.once("load", done)));
      for (const layer of [tiles, wms]) layer.on("tileerror", (e) => faults.push(e.coords + ""));
      const marks = fetch("ITEMS").then((answer) => answer.json()).then((document) =>
        L.geoJSON(document, {pointToLayer: (_, at) => L.circleMarker(at)}).addTo(map));
      Promise.all([marks, ...both]).then(([layer]) => (window.drawn = {
        features: layer.getLayers().length, inTiles: document.images.length}));
    """,
    "deck": """
      const counts = {features: 0, inTiles: 0};
      const ready = () => counts.features && counts.inTiles && (window.drawn = counts);
      new deck.DeckGL({container: "map", controller: true,
        initialViewState: {longitude: -124.5, latitude: -42.3, zoom: 5},
        onError: (error) => faults.push(String(error)), layers: [
        new deck.TileLayer({data: "/tiles/map/{z}/{x}/{y}.png?VIEW", tileSize: 256,
          renderSubLayers: (props) => { const {west, south, east, north} = props.tile.bbox;
            return new deck.BitmapLayer(props, {data: null, image: props.data,
              bounds: [west, south, east, north]}); }}),
        new deck.MVTLayer({data: "/tiles/incidents/{z}/{x}/{y}.mvt?VIEW", maxZoom: 14,
          getFillColor: [0, 90, 160], getPointRadius: 4, pointRadiusUnits: "pixels",
          loadOptions: {worker: false}, onViewportLoad: (tiles) => {
            counts.inTiles = tiles.flatMap((tile) => tile.content ?? []).length || tiles.length;
            ready(); }}),
        new deck.GeoJsonLayer({data: "ITEMS", getFillColor: [160, 30, 30], getPointRadius: 3,
          pointRadiusUnits: "pixels", onDataLoad: (document) => {
            counts.features = document.features.length; ready(); }})]});
    """,
}


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """A Chromium that draws WebGL without a graphics card."""
    arguments = ["--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader"]
    opened = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
    yield opened
    opened.close()


@pytest.mark.browser
@pytest.mark.parametrize("name", LIBRARIES)
def test_a_map_library_draws_our_tiles_features_and_maps(
    service: Service, browser: Browser, tmp_path: Path, name: str
) -> None:
    library = LIBRARIES[name]
    need(name, "tools/node.sh", is_here=library.is_file())
    script = PAGES[name].replace("VIEW", VIEW).replace("ITEMS", ITEMS)
    html = f"""<!DOCTYPE html><style>.leaflet-tile, .leaflet-pane, svg {{position: absolute}}
    </style><div id="map" style="width:600px;height:450px;position:relative"></div>
    <script src="/library.js"></script><script>window.faults = [];
    {script.replace("PARAMS", json.dumps(WMS))}</script>"""
    page = browser.new_page(viewport={"width": 600, "height": 450})
    faults: list[str] = []
    own = (service.url, "blob:", "data:")

    def note(url: str) -> None:
        if not url.startswith(own):
            faults.append(url)

    page.on("request", lambda request: note(request.url))
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.route("**/page.html", lambda route: route.fulfill(body=html, content_type="text/html"))
    page.route("**/library.js", lambda route: route.fulfill(path=library))
    page.goto(f"{service.url}/page.html")
    page.wait_for_function("window.drawn !== undefined", timeout=120_000)
    page.screenshot(path=tmp_path / f"{name}.png")
    assert (faults, page.evaluate("window.faults")) == ([], [])
    drawn = page.evaluate("window.drawn")
    summary = service.client.get(ITEMS).json()
    marked = [one for one in summary["features"] if one["geometry"]]
    assert drawn["features"] in (len(marked), len(summary["features"]))
    assert drawn["inTiles"] > 3
    page.close()
