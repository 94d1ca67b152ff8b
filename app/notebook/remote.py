"""A running service at an address, for Jupyter: the same as an instance on this computer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import folium
import httpx
from shapely.geometry import shape

from app.domain.answer import JsonObject
from app.domain.errors import Busy, InputError, NotFound, NotShared, StrikemapError
from app.domain.place import Bounds
from app.frames import DataFrame, GeoDataFrame, frame, plain_table, read_geoparquet, typed
from app.maps.plain import tile_map
from app.notebook.local import COLUMN_KINDS, LEAFLET_FILES, SUM_KINDS, sums_row
from app.notebook.picture import Picture
from app.settings import read_settings

PATIENCE_S = 120.0
REFUSALS: dict[int, type[StrikemapError]] = {403: NotShared, 404: NotFound, 429: Busy, 503: Busy}


@dataclass(frozen=True)
class RemoteNotebook:
    """A service at an address; it shows what the public, or the holder of a token, may see."""

    url: str
    _headers: Mapping[str, str] = field(repr=False)

    @classmethod
    def connect(cls, url: str, token: str = "") -> RemoteNotebook:
        """Use the service at an address, such as `https://strikemap.example.org`."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return cls(url.rstrip("/"), headers)

    def incidents(self, view: str = "") -> GeoDataFrame:
        """Give a View's incidents as points; the columns and types are those of a local book."""
        table = read_geoparquet(self._read("/api/export.parquet", view).content)
        return typed(table.drop(columns=["lon", "lat"], errors="ignore"), COLUMN_KINDS)

    def regions(self, view: str = "") -> GeoDataFrame:
        """Give a View's sums by region, with the regions' shapes as on a screen."""
        features = self._read("/api/collections/regions/items", view, limit="10000").json()
        by_code = {
            one["properties"]["key"]: shape(one["geometry"])
            for one in features["features"]
            if one["geometry"] is not None
        }
        rows = [row for row in self._sums(view, "region") if row["key"] in by_code]
        return typed(frame([by_code[row["key"]] for row in rows], rows), SUM_KINDS)

    def summary(self, view: str = "", by: str = "region") -> DataFrame:
        """Give a View's sums as a table: by region, day, weapon, sector, dataset or line."""
        return plain_table(self._sums(view, by))

    def figure(self, view: str = "", form: str = "png", size: str = "card") -> Picture:
        """Draw a View for a report: with its legend, sources, terms and its time of knowledge."""
        return Picture(self._read(f"/figure.{form}", view, size=size).content, form)

    def map(self, view: str = "") -> folium.Map:
        """Show a View's tiles as a plain Folium map, which asks this service alone."""
        described = self._read("/tiles/map.json", view).json()
        leaflet = Path(read_settings().static_dir) / LEAFLET_FILES
        bounds = Bounds(*described["bounds"])
        return tile_map(bounds, described["tiles"][0], described["attribution"], leaflet)

    def _sums(self, view: str, by: str) -> list[JsonObject]:
        report = self._read("/api/summary", view, by=by).json()
        return [sums_row(row) for row in report["rows"]]

    def _read(self, path: str, view: str, **own: str) -> httpx.Response:
        """Ask an address of the service.

        Raises:
            StrikemapError: the service refused; the message is its own sentence.
        """
        pairs = [*parse_qsl(view.removeprefix("?"), keep_blank_values=True), *own.items()]
        try:
            answer = httpx.get(
                f"{self.url}{path}?{urlencode(pairs)}",
                headers=self._headers,
                follow_redirects=True,
                timeout=PATIENCE_S,
            )
        except httpx.TransportError as wrong:
            allowed = "the address of a service that runs"
            raise InputError("address", self.url, allowed) from wrong
        if answer.is_success:
            return answer
        is_problem = answer.headers.get("content-type", "").startswith("application/problem")
        detail = answer.json()["detail"] if is_problem else f"{answer.status_code} at {path}"
        raise REFUSALS.get(answer.status_code, StrikemapError)(detail)
