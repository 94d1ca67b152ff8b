"""A View's page as one file that opens without any service, from a disk or a stick.

It holds the same answers that the service gives to the page. What an audience may not see is in
no answer, and so in no file.
"""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from starlette.types import Message

from app.api.params import read_query
from app.api.region_table import region_rows
from app.domain.answer import JsonObject
from app.domain.errors import NotShared
from app.domain.mercator import tile_at
from app.domain.view import METRICS, View
from app.instance.workspace import Workspace
from app.maps.page import Anchor, SavedKit, SavedStreets
from app.pages.map import columns_query, map_box, page_html
from app.publishing.defaults import with_defaults
from app.reference.theatre import Theatre

BASEMAP_ZOOMS = range(4, 8)
"""Zoom levels whose basemap is in the file; closer ones enlarge the last (see pictures.js)."""

STREET_ZOOMS, MOST_STREET_TILES = range(8, 17), 200
"""Zoom levels of an operator's basemap that are in the file for the View's box, while they fit."""

MOST_RECORDS, RECORDS_AT_ONCE = 5_000, 1_000
"""The newest records are in the file whole; the others are marks only."""

OK = 200


def saved_page(
    app: FastAPI,
    static: Path,
    query_string: str,
    archive: str | None = None,
    method: str | None = None,
) -> str:
    """Write a View's page as one HTML file, for the audience that the application serves.

    Its marks are inside, or in the PMTiles file of the name `archive` that will lie beside it; so
    may the page `method` of rules and terms.

    Raises:
        InvalidView: the query names what does not exist.
        NotShared: the terms let nothing of the View leave.
    """
    workspace: Workspace = app.state.workspace
    query = with_defaults(read_query(workspace, parse_qsl(query_string, keep_blank_values=True)))
    view, words = query.view, query.words
    # An event loop of its own: a notebook, for example, has one running already.
    with start_blocking_portal() as portal:
        answers = Answers(app, view, portal)
        streets = None if query.streets is None else _saved_streets(map_box(query))
        contents = {
            "answers": answers.documents() | answers.names(query.theatre, streets),
            "columns": {} if archive else answers.columns(),
            "records": list(answers.records()),
            "tiles": answers.tiles(query.theatre, streets),
            "lacks": words["file_lacks"],
        }
        summary = answers.get(f"/api/summary?{view.query()}")
    table = {"sentences": summary["text"], "rows": region_rows(view.lang, summary)}
    kit = SavedKit.of(static, table, contents, archive)
    anchors = () if method is None else (Anchor(words["method"], method),)
    return page_html(query, kit=replace(kit, streets=streets, anchors=anchors))


@dataclass
class Answers:
    """Calls the application in this process, as its own audience would over HTTP."""

    app: FastAPI
    view: View
    portal: BlockingPortal

    def bytes(self, address: str) -> bytes:
        """Return an answer's body.

        Raises:
            NotShared: the service refuses it to its audience.
        """
        status, body = self.portal.call(_ask, self.app, address)
        if status != OK:
            detail = json.loads(body).get("detail", "") if body.startswith(b"{") else ""
            raise NotShared(f"{urlsplit(address).path}: {detail or status}")
        return body

    def get(self, address: str) -> JsonObject:
        """Return an answer's document.

        Raises:
            NotShared: as `bytes`.
        """
        document: JsonObject = json.loads(self.bytes(address))
        # The time of the request is left out: two files of the same View are the same.
        document.pop("timeStamp", None)
        return document

    def documents(self) -> JsonObject:
        """Collect the sums by every metric, the charts' sums, the regions and the day's control."""
        view, documents = self.view, dict[str, object]()
        for metric in METRICS:
            address = f"/api/summary?{view.but(metric=metric).query()}"
            documents[_key(address)] = self.get(address)
        for by in ("weapon", "day"):
            address = f"/api/summary?{view.but(metric='incidents').query()}&by={by}"
            documents[_key(address)] = self.get(address)
        plain = {"theatre": view.theatre, "level": view.level, "lang": view.lang}
        regions = f"/api/collections/regions/items?{urlencode(plain)}"
        documents[_key(regions)] = self.get(regions)
        if view.control and view.last:
            documents |= self._control(view)
        listing = self.get(self._listing())
        documents[_key(self._listing())] = listing
        return documents

    def names(self, theatre: Theatre, streets: SavedStreets | None) -> JsonObject:
        """Collect what is named on the basemap's tiles."""
        base = self._ground_query()
        addresses = (
            f"/tiles/labels/{z}/{x}/{y}.json?{base}" for z, x, y in _places(theatre, streets)
        )
        return {_key(address): self.get(address) for address in addresses}

    def _ground_query(self) -> str:
        return urlencode({"theatre": self.view.theatre, "lang": self.view.lang})

    def _control(self, view: View) -> JsonObject:
        """Collect the control that is shown; the page asks for it by the day of the snapshot."""
        same = {name: text for name, text in view.pairs() if name in ("as_of", "synthetic")}
        query = {"theatre": view.theatre, "control": view.control, "lang": view.lang, **same}
        base = "/api/collections/control/items"
        control = self.get(f"{base}?{urlencode({**query, 'datetime': view.last})}")
        if control["about"] is None:
            return {}
        day = control["about"]["valid_on"]
        return {_key(f"{base}?{urlencode({**query, 'datetime': day})}"): control}

    def _listing(self) -> str:
        return f"/columns.json?{columns_query(self.view)}"

    def columns(self) -> dict[str, str]:
        """Collect the marks, zipped."""
        months = self.get(self._listing())["months"]
        return {
            _key(month["url"]): _base64(gzip.compress(self.bytes(month["url"]), 6, mtime=0))
            for month in months
        }

    def records(self) -> Iterator[JsonObject]:
        """Collect the newest records whole."""
        for offset in range(0, MOST_RECORDS, RECORDS_AT_ONCE):
            page = f"{self.view.query()}&limit={RECORDS_AT_ONCE}&offset={offset}&lines=true"
            features = self.get(f"/api/collections/incidents/items?{page}")["features"]
            yield from features
            if len(features) < RECORDS_AT_ONCE:
                return

    def tiles(self, theatre: Theatre, streets: SavedStreets | None) -> dict[str, str]:
        """Collect the basemap around the theatre, and the streets of the View."""
        base = self._ground_query()
        return {
            f"basemap/{z}/{x}/{y}": _base64(self.bytes(f"/tiles/basemap/{z}/{x}/{y}.png?{base}"))
            for z, x, y in _places(theatre, streets)
        }


def _places(theatre: Theatre, streets: SavedStreets | None) -> Iterator[tuple[int, int, int]]:
    """List the tiles of the ground that are in the file."""
    for z in BASEMAP_ZOOMS:
        yield from ((z, x, y) for x, y in _cover(theatre.bounds, z, margin=1))
    if streets is not None:
        for z in range(STREET_ZOOMS.start, streets.zoom + 1):
            yield from ((z, x, y) for x, y in _cover(streets.box, z))


def _saved_streets(box: Sequence[float]) -> SavedStreets:
    """Choose how deep the streets of a box go, so that the file stays small enough to send."""
    zoom, tiles = BASEMAP_ZOOMS[-1], 0
    for z in STREET_ZOOMS:
        tiles += len(list(_cover(box, z)))
        if tiles > MOST_STREET_TILES:
            break
        zoom = z
    return SavedStreets(box, zoom, is_cut=zoom < STREET_ZOOMS[-1])


def _key(address: str) -> str:
    """Make the key of an answer as offline.js does: path, sorted parameters that matter."""
    parts = urlsplit(address)
    pairs = dict(parse_qsl(parts.query))
    for look in ("size_by", "palette"):
        pairs.pop(look, None)
    if "by" in pairs:
        pairs.pop("metric", None)
    return f"{parts.path}?{urlencode(sorted(pairs.items()), safe='*-._')}"


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _cover(box: Sequence[float], z: int, margin: int = 0) -> Iterator[tuple[int, int]]:
    """List the tiles of a box in degrees, with some more on each side for wide windows."""
    west, south, east, north = box
    first_column, first_row = tile_at(west, north, z)
    last_column, last_row = tile_at(east, south, z)
    for x in range(first_column - margin, last_column + margin + 1):
        for y in range(first_row - margin, last_row + margin + 1):
            if 0 <= x < 2**z and 0 <= y < 2**z:
                yield x, y


async def _ask(app: FastAPI, address: str) -> tuple[int, bytes]:
    parts = urlsplit(address)
    messages: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        messages.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": parts.path,
        "raw_path": parts.path.encode(),
        "query_string": parts.query.encode(),
        "root_path": "",
        "headers": [(b"host", b"127.0.0.1"), (b"accept", b"application/json")],
        "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 0),
    }
    await app(scope, receive, send)
    body = b"".join(message.get("body", b"") for message in messages)
    return int(messages[0]["status"]), body
