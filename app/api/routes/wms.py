"""Web Map Service 1.3.0 and 1.1.1, for programs that know nothing newer.

The trap of 1.3.0 is the order of axes: its EPSG:4326 has the latitude first, in `BBOX` too. In
1.1.1, and in `CRS:84`, the longitude comes first.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.lanes import Lane
from app.api.problems import problem_of
from app.api.respond import MINUTE, answer, etag, unchanged
from app.api.services import (
    XML,
    ServiceRequest,
    Wrong,
    faults_of,
    layer_titles,
    own_address,
    read_service,
    service_xml,
)
from app.domain.crs import WEB_MERCATOR_CRS, box_from_degrees
from app.domain.errors import InputError, StrikemapError
from app.domain.place import Bounds
from app.instance.workspace import Workspace
from app.pictures.maps import MOST_SIDE_PX, MapOptions, draw_map
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from app.tiles.grid import EDGE_M, RASTER_LAYERS

NAMES = (
    *("service", "version", "request", "layers", "styles", "crs", "srs", "bbox", "width", "height"),
    *("format", "transparent", "bgcolor", "exceptions", "time", "elevation", "updatesequence"),
)
VERSIONS = ("1.3.0", "1.1.1")
LATITUDE_FIRST = "EPSG:4326"
MERCATOR = ("EPSG:3857", "EPSG:900913")
SYSTEMS = {
    "1.3.0": ("EPSG:3857", LATITUDE_FIRST, "CRS:84"),
    "1.1.1": ("EPSG:3857", LATITUDE_FIRST, "EPSG:900913"),
}
PNG = "image/png"
COLOUR = re.compile(r"0x[0-9A-Fa-f]{6}")
MOST_LAYERS = len(RASTER_LAYERS)
STRAIGHT = "west,south,east,north"
SWAPPED = "south,west,north,east in WMS 1.3.0: EPSG:4326 has the latitude first there"


def routes(workspace: Workspace, tiler: Tiler, lane: Lane) -> APIRouter:
    """Build the map service of one instance."""
    router, service = APIRouter(), _Service(workspace, tiler)
    description = {
        "parameters": [],
        "responses": {
            "200": {"description": "A map, or the capabilities", "content": {PNG: {}, XML: {}}},
            "400": {"description": "ServiceExceptionReport", "content": {XML: {}}},
        },
    }
    endpoint = lane.endpoint(service.answered)
    router.add_api_route("/wms", endpoint, name="wms", openapi_extra=description)
    return router


class System(NamedTuple):
    """A reference system as a request names it, and the order in which it has its axes."""

    name: str
    is_mercator: bool
    is_latitude_first: bool

    @classmethod
    def read(cls, request: ServiceRequest, version: str) -> System:
        """Read `CRS` of 1.3.0 or `SRS` of 1.1.1."""
        parameter = "crs" if version == "1.3.0" else "srs"
        name = request.text(parameter).upper()
        if name not in SYSTEMS[version]:
            allowed = ", ".join(SYSTEMS[version])
            raise Wrong(parameter.upper(), name, allowed, f"Invalid{parameter.upper()}")
        is_swapped = version == "1.3.0" and name == LATITUDE_FIRST
        return cls(name, name in MERCATOR, is_swapped)

    def box(self, text: str) -> Bounds:
        """Read `BBOX` in the order of the system's axes."""
        allowed = SWAPPED if self.is_latitude_first else STRAIGHT
        try:
            west, south, east, north = (float(side) for side in text.split(","))
        except ValueError as wrong:
            raise Wrong("BBOX", text, allowed) from wrong
        if self.is_latitude_first:
            west, south, east, north = Bounds(west, south, east, north).exchanged
        edge_lon, edge_lat = (4 * EDGE_M, 4 * EDGE_M) if self.is_mercator else (720.0, 90.0)
        is_on_earth = max(abs(south), abs(north)) <= edge_lat
        if not (is_on_earth and max(abs(west), abs(east)) <= edge_lon and west < east):
            raise Wrong("BBOX", text, allowed)
        if south >= north:
            raise Wrong("BBOX", text, allowed)
        return Bounds(west, south, east, north)

    def refuse_swapped(self, box: Bounds, theatre: Bounds, text: str) -> None:
        """Refuse a box in which latitude and longitude are surely exchanged.

        Raises:
            Wrong: with the order that the system has.
        """
        if not self.is_mercator and box.is_exchanged(theatre):
            raise Wrong("BBOX", text, SWAPPED if self.is_latitude_first else STRAIGHT)


@dataclass(frozen=True)
class _Service:
    workspace: Workspace
    tiler: Tiler

    def answered(self, request: Request) -> Response:
        """Answer GetCapabilities or GetMap; a refusal is a ServiceExceptionReport."""
        pairs = request.query_params.multi_items()
        version = _version({name.lower(): text for name, text in pairs})
        try:
            parameters = read_service(self.workspace, pairs, NAMES)
            operations: Mapping[str, Callable[[Request, ServiceRequest, str], Response]] = {
                "getcapabilities": self._capabilities,
                "getmap": self._map,
            }
            operation = parameters.text("request", "GetCapabilities")
            if operation.lower() not in operations:
                allowed = "GetCapabilities, GetMap"
                raise Wrong("REQUEST", operation, allowed, "OperationNotSupported")
            return operations[operation.lower()](request, parameters, version)
        except StrikemapError as wrong:
            return _report(wrong, version)

    def _capabilities(self, request: Request, parameters: ServiceRequest, version: str) -> Response:
        query = parameters.query.but(bbox=None)
        box = Bounds(*query.theatre.bounds)
        address = own_address(request, "/wms")
        body = service_xml(
            f"wms_{version}.xml",
            address=f"{address}?{query.view.query()}&",
            title=f"Strikemap: {query.theatre.title(query.view.lang)}",
            abstract=query.words["wms_abstract"],
            most_px=MOST_SIDE_PX,
            layers=[
                (name, title, " · ".join(self.tiler.credits(query, name)))
                for name, title in layer_titles(query)
                if _is_shared(self.tiler, query, name)
            ],
            systems=SYSTEMS[version],
            box=box,
            metres=box_from_degrees(WEB_MERCATOR_CRS, box),
        )
        return answer(request, body, XML, etag(query, "wms", version, address))

    def _map(self, request: Request, parameters: ServiceRequest, version: str) -> Response:
        options, query = _options(parameters, version), parameters.query
        tag = etag(query, "map", options)
        if (same := unchanged(request, tag)) is not None:
            return same
        return answer(request, draw_map(self.tiler, query, options), PNG, tag, MINUTE)


def _is_shared(tiler: Tiler, query: Query, layer: str) -> bool:
    try:
        tiler.credits(query, layer)
    except StrikemapError:
        return False
    return True


def _version(names: Mapping[str, str]) -> str:
    """Negotiate the version: 1.3.0 unless an older one is named."""
    return VERSIONS[0] if names.get("version", VERSIONS[0]) >= VERSIONS[0] else VERSIONS[1]


def _options(parameters: ServiceRequest, version: str) -> MapOptions:
    layers = tuple(parameters.text("layers").split(","))
    if len(layers) > MOST_LAYERS:
        raise Wrong("LAYERS", f"{len(layers)} layers", f"at most {MOST_LAYERS}")
    for layer in layers:
        if layer not in RASTER_LAYERS:
            raise Wrong("LAYERS", layer, ", ".join(RASTER_LAYERS), "LayerNotDefined")
    for style in parameters.text("styles", "").split(","):
        if style not in ("", "default"):
            raise Wrong("STYLES", style, "nothing, or default", "StyleNotDefined")
    picture = parameters.text("format", PNG)
    if picture.partition(";")[0].strip() != PNG:
        raise Wrong("FORMAT", picture, PNG, "InvalidFormat")
    system, text = System.read(parameters, version), parameters.text("bbox")
    box = system.box(text)
    system.refuse_swapped(box, Bounds(*parameters.query.theatre.bounds), text)
    return MapOptions(
        layers,
        box,
        parameters.number("width"),
        parameters.number("height"),
        system.is_mercator,
        _background(parameters),
    )


def _background(parameters: ServiceRequest) -> str | None:
    if parameters.text("transparent", "FALSE").upper() == "TRUE":
        return None
    colour = parameters.text("bgcolor", "0xFFFFFF")
    if COLOUR.fullmatch(colour) is None:
        raise Wrong("BGCOLOR", colour, "0xRRGGBB")
    return f"#{colour[2:]}"


def _report(wrong: StrikemapError, version: str) -> Response:
    """Write a refusal as the standard wants it; the status is that of our other answers."""
    status = 400 if isinstance(wrong, InputError) else problem_of(wrong).status_code
    sentences = [str(wrong)]
    if isinstance(wrong, InputError):
        sentences = [fault.sentence() for fault in faults_of(wrong)]
    code = wrong.code if isinstance(wrong, Wrong) else ""
    body = service_xml("wms_exception.xml", version=version, code=code, sentences=sentences)
    media = XML if version == "1.3.0" else "application/vnd.ogc.se_xml"
    return Response(body, status, {"Cache-Control": "no-store"}, media_type=media)
