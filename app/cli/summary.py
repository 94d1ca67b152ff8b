"""Sums of a View."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli.base import Json, cli, open_workspace, query_from, tell_json
from app.domain.errors import InputError
from app.domain.terms import Face
from app.publishing.publish import publish
from app.queries.crosscheck import RegionMonth, as_cells, as_json, cross_check
from app.queries.summary_csv import summary_csv
from app.queries.sums import GROUPINGS, summarise


@cli.command()
def summary(
    view: Annotated[
        str, typer.Argument(help='A View as in a URL: "from=2025-10-24&lang=uk".')
    ] = "",
    *,
    by: Annotated[str, typer.Option(help=f"One of {', '.join(GROUPINGS)}.")] = "region",
    against: Annotated[
        Path | None, typer.Option(help="Compare with totals of HDX HAPI, CSV or JSON.")
    ] = None,
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    json: Json = False,
) -> None:
    """Sum casualties and damage of a View.

    Example: strikemap summary "from=2025-10-24&to=2025-10-25" --by region
    """
    if by not in GROUPINGS:
        raise InputError("by", by, ", ".join(GROUPINGS))
    query = query_from(open_workspace(), view)
    if against is not None:
        lines = cross_check(query, against, note=_warn)
        _tell_against(lines, json=json)
        return
    published = publish(query, Face.aggregates)
    report = summarise(published, by)
    if json:
        tell_json(report)
    elif csv:
        typer.echo(summary_csv(report), nl=False)
    else:
        table = Table("key", "name", "incidents", "killed low", "injured low", "with a figure")
        for row in report["rows"]:
            if row["incidents"]:
                killed, injured = row["killed"], row["injured"]
                cells = [row["incidents"], killed["low"], injured["low"], killed["known"]]
                table.add_row(
                    row["key"],
                    row["name"],
                    *("unknown" if cell is None else str(cell) for cell in cells),
                )
        Console().print(table)


def _warn(text: str) -> None:
    typer.echo(text, err=True)


def _tell_against(lines: list[RegionMonth], *, json: bool) -> None:
    """Print their sums beside ours."""
    if json:
        typer.echo(as_json(lines))
        return
    counts = ("their events", "our incidents", "difference", "their killed", "our killed")
    table = Table("period", "key", "name", *counts)
    for line in lines:
        table.add_row(*as_cells(line))
    Console().print(table)
    typer.echo("A difference is a question: sources count other events, in other ways.")
