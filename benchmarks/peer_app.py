"""A small rival: ASGI, asyncpg and PostGIS, and nothing else between them.

`make bench-peers` runs it with a Python of its own; it knows nothing of Strikemap. It reads the
table `incident` that `benchmarks/peers.py` fills.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import date
from typing import Any
from urllib.parse import parse_qs

import asyncpg

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

WHERE = "status = $1 AND day <= $3 AND until >= $2"
TILE = f"""
WITH box AS (SELECT ST_TileEnvelope($4, $5, $6) AS edge),
mark AS (
  SELECT ST_AsMVTGeom(geom, edge) AS geom, id, day, status, weapon, killed_low
  FROM incident, box WHERE geom && edge AND {WHERE}
)
SELECT ST_AsMVT(mark, 'incidents') FROM mark
"""  # noqa: S608  a constant
SUMS = f"""
SELECT json_agg(one) FROM (
  SELECT region, count(*) AS incidents, sum(killed_low) AS killed, count(killed_low) AS known
  FROM incident WHERE {WHERE} GROUP BY region
) one
"""  # noqa: S608  a constant
ITEMS = f"""
SELECT json_build_object('type', 'FeatureCollection', 'features', json_agg(json_build_object(
  'type', 'Feature', 'id', id, 'geometry', ST_AsGeoJSON(ST_Transform(geom, 4326))::json,
  'properties', json_build_object(
    'day', day, 'status', status, 'weapon', weapon, 'killed', killed_low)))) FROM (
  SELECT * FROM incident WHERE {WHERE}
    AND geom && ST_Transform(ST_MakeEnvelope($4, $5, $6, $7, 4326), 3857)
  ORDER BY id LIMIT 100
) one
"""  # noqa: S608  a constant
KINDS = {
    "tiles": (TILE, b"application/vnd.mapbox-vector-tile"),
    "sums": (SUMS, b"application/json"),
    "items": (ITEMS, b"application/geo+json"),
}


class App:
    """Answers `/tiles/z/x/y`, `/sums` and `/items/west/south/east/north` of a View."""

    def __init__(self) -> None:
        self._pool: asyncpg.Pool | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one request, or start and stop."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
            return
        _, kind, *numbers = scope["path"].split("/")
        sql, media = KINDS[kind]
        view = parse_qs(scope["query_string"].decode())
        days = [date.fromisoformat(view[name][0]) for name in ("from", "to")]
        place = [int(one) if kind == "tiles" else float(one) for one in numbers]
        assert self._pool is not None  # noqa: S101
        content = await self._pool.fetchval(sql, view["status"][0], *days, *place) or b""
        body = content.encode() if isinstance(content, str) else bytes(content)
        headers = [(b"content-type", media), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _live(self, receive: Receive, send: Send) -> None:
        while True:
            kind = (await receive())["type"]
            if kind == "lifespan.startup":
                url = os.environ["DATABASE_URL"]
                self._pool = await asyncpg.create_pool(url, min_size=2, max_size=8)
            elif self._pool is not None:
                await self._pool.close()
            await send({"type": f"{kind}.complete"})
            if kind == "lifespan.shutdown":
                return


app = App()
