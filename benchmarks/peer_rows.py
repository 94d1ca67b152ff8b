"""The index's current rows as a plain PostGIS table, for services that know nothing of us."""

from __future__ import annotations

from datetime import date, timedelta

import psycopg

from app.domain.incident import Status
from app.instance.workspace import Workspace
from app.rows import LONG, NEVER, NO_COUNT, NO_REGION

TABLE = """
CREATE TABLE incident (
  id integer PRIMARY KEY, geom geometry(Point, 3857), day date, until date,
  status text, weapon text, region text, killed_low integer
)
"""
INDEXES = (
    "CREATE INDEX ON incident USING gist (geom)",
    "CREATE INDEX ON incident (day, until)",
    "CREATE INDEX ON incident (status, day)",
    "VACUUM (ANALYZE) incident",
)
HALF_M = 20_037_508.342789244
COLUMNS = (
    "seq",
    "day_first",
    "day_last",
    "status",
    "weapons",
    "region1",
    "killed_total_low",
    "flags",
)


def copy_rows(workspace: Workspace, url: str) -> int:
    """Fill the table `incident` and index it; returns its number of rows."""
    state = workspace.state()
    segment, rows = state.segments[0], state.segments[0].rows
    statuses, weapons = list(Status), list(workspace.reference.taxonomy.weapons.codes)
    regions, epoch = state.tables.regions[1], date(1970, 1, 1)
    x = (rows["mercator_x"] / 2**31 * 2 - 1) * HALF_M
    y = (1 - rows["mercator_y"] / 2**31 * 2) * HALF_M
    columns = zip(*(rows[name].tolist() for name in COLUMNS), strict=True)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
        connection.execute(TABLE)
        with connection.cursor().copy("COPY incident FROM STDIN") as out:
            for place, (seq, *days, status, bits, region, killed, flags) in enumerate(columns):
                when: list[date | None] = [None, None]
                if days[0] != NEVER:  # a long span counts in a period that has all of it
                    days.sort(reverse=bool(flags & LONG))
                    when = [epoch + timedelta(day) for day in days]
                is_mark = place < segment.marks
                point = f"SRID=3857;POINT({x[place]:.2f} {y[place]:.2f})" if is_mark else None
                weapon = weapons[(bits & -bits).bit_length() - 1] if bits else None
                code = None if region == NO_REGION else regions[region]
                toll = None if killed == NO_COUNT else killed
                out.write_row((seq, point, *when, str(statuses[status]), weapon, code, toll))
        for statement in INDEXES:
            connection.execute(statement)
    return len(rows)
