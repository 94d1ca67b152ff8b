"""Joins and counts over a lake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.batch.engine import SedonaBatch
from app.batch.jobs import JOBS, run_job
from app.cli.base import Json, cli, refuse_unwritable, tell_json
from app.domain.errors import InputError
from app.tiles.grid import MAX_ZOOM


@cli.command()
def batch(
    job: Annotated[str, typer.Argument(help="attribute, ground or pyramid.")],
    lake: Annotated[str, typer.Argument(help="A folder that `strikemap lake` wrote.")],
    out: Annotated[Path, typer.Argument(help="Where to write; ends in .parquet.")],
    *,
    maxzoom: Annotated[
        int, typer.Option(min=0, max=MAX_ZOOM, help="Last zoom level of a pyramid.")
    ] = 10,
    json: Json = False,
) -> None:
    """Run a join or a count over a lake, on SedonaDB: regions, ground of the day, or tiles.

    `attribute` gives each incident with a point its region, `ground` who held it on its day, and
    `pyramid` the number of marks of each tile.

    Example: strikemap batch attribute lake regions.parquet
    """
    if job not in JOBS:
        raise InputError("job", job, ", ".join(JOBS))
    if out.suffix != ".parquet":
        raise InputError("ending of the file", out.name, ".parquet")
    refuse_unwritable(out)
    rows = run_job(SedonaBatch(), job, lake, out, maxzoom)
    if json:
        tell_json({"file": str(out), "job": job, "rows": rows})
    else:
        typer.echo(f"{out}: {rows:,} rows")
