"""Joins and counts over a lake."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.batch.engine import Batch, SedonaBatch
from app.batch.jobs import JOBS, run_job
from app.batch.spark import SparkBatch
from app.cli.base import Json, cli, refuse_unwritable, tell_json
from app.domain.errors import InputError
from app.tiles.grid import MAX_ZOOM


@cli.command()
def batch(  # noqa: PLR0913  a command's options, each by name
    job: Annotated[str, typer.Argument(help="attribute, ground or pyramid.")],
    lake: Annotated[str, typer.Argument(help="A folder that `strikemap lake` wrote.")],
    out: Annotated[Path, typer.Argument(help="Where to write; ends in .parquet.")],
    *,
    maxzoom: Annotated[
        int, typer.Option(min=0, max=MAX_ZOOM, help="Last zoom level of a pyramid.")
    ] = 10,
    engine: Annotated[
        str, typer.Option(help="sedona: this machine (extra `scale`); spark: many (extra `spark`).")
    ] = "sedona",
    master: Annotated[
        str | None, typer.Option(help="Of spark: spark://HOST:PORT, or local[N].")
    ] = None,
    json: Json = False,
) -> None:
    """Run a join or a count over a lake, on SedonaDB or Spark: regions, ground of a day, tiles.

    `attribute` gives each incident with a point its region, `ground` who held it on its day, and
    `pyramid` the number of marks of each tile. SedonaDB writes one file, Spark a folder of files.

    Example: strikemap batch attribute lake regions.parquet
    """
    if job not in JOBS:
        raise InputError("job", job, ", ".join(JOBS))
    if out.suffix != ".parquet":
        raise InputError("ending of the file", out.name, ".parquet")
    chosen = _engine(engine, master, out)
    refuse_unwritable(out)
    rows = run_job(chosen, job, lake, out, maxzoom)
    if json:
        tell_json({"file": str(out), "job": job, "rows": rows})
    else:
        typer.echo(f"{out}: {rows:,} rows")


def _engine(name: str, master: str | None, out: Path) -> Batch:
    match name:
        case "sedona" if master is not None:
            raise InputError("--master", master, "nothing without `--engine spark`")
        case "sedona":
            return SedonaBatch()
        case "spark" if out.exists():
            raise InputError("OUT", out, "a name that is free: Spark writes a folder")
        case "spark":
            return SparkBatch(master or "local[*]")
    raise InputError("--engine", name, "sedona, spark")
