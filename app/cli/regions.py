"""Boundaries of regions: load them, and list them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from app.cli.base import Json, cli, open_workspace, present, progress_line, tell_json
from app.intake.regions.importing import RegionReport, import_regions, list_regions
from app.intake.regions.layers import RegionOrder
from app.settings import read_settings

regions_cli = typer.Typer(
    help="Boundaries: the shipped ones, and better ones that you load.", no_args_is_help=True
)
cli.add_typer(regions_cli, name="regions")


@regions_cli.command("import")
def regions_import(  # noqa: PLR0913  a command's options, each by name
    file: Annotated[Path, typer.Argument(help="GeoJSON, GeoPackage, zipped Shapefile…")],
    *,
    theatre: Annotated[str | None, typer.Option(help="Theatre they are for.")] = None,
    level: Annotated[int | None, typer.Option(min=1, max=2, help="1 or 2.")] = None,
    set_id: Annotated[str | None, typer.Option("--id", help="Name of the set in answers.")] = None,
    code_field: Annotated[str | None, typer.Option(help="Column of codes.")] = None,
    name_en_field: Annotated[str | None, typer.Option(help="Column of names for lang=en.")] = None,
    name_uk_field: Annotated[str | None, typer.Option(help="Column of names for lang=uk.")] = None,
    parent_field: Annotated[str | None, typer.Option(help="Column of parents' codes.")] = None,
    population: Annotated[Path | None, typer.Option(help="CSV of people by region.")] = None,
    population_year: Annotated[
        int | None, typer.Option(min=1900, max=2100, help="Year of the population.")
    ] = None,
    json: Json = False,
) -> None:
    """Load better boundaries of a level; areas, sums and tiles use them from the next start.

    Example: strikemap regions import adm2.geojson --population population_2022.csv
    """
    settings = read_settings()
    order = RegionOrder(
        file,
        theatre=theatre or settings.theatre,
        level=level,
        id=set_id,
        code_field=code_field,
        name_en_field=name_en_field,
        name_uk_field=name_uk_field,
        parent_field=parent_field,
        population=population,
        population_year=population_year,
    )
    with progress_line(file.name, quiet=json):
        report = import_regions(open_workspace(settings), order, present())
        workspace = open_workspace(settings)  # a new one: each reads the boundaries once
        workspace.index.generations.rebuild()
    if json:
        tell_json(report)
    else:
        _tell_regions(report)


def _tell_regions(report: RegionReport) -> None:
    people = f", population of {report.population_year} for {report.with_population:,}"
    typer.echo(
        f"{report.file}: {report.recognised}; level {report.level} of {report.theatre} is now "
        f"{report.id!r} ({report.hash})\n"
        f"  {report.units:,} units{people if report.population_year else ''}"
    )
    for line in report.notes:
        typer.echo(f"  {line}")
    typer.echo(
        "  The index is built on them. Restart running servers: they still have the old ones."
    )


@regions_cli.command("list")
def regions_list(*, json: Json = False) -> None:
    """List the boundaries by theatre and level, and which of them are in use.

    Example: strikemap regions list
    """
    rows = list_regions(open_workspace().reference)
    if json:
        tell_json(rows)
        return
    names = (Column("id", overflow="fold"), Column("hash", no_wrap=True))
    table = Table("theatre", "level", *names, "units", "serves")
    for row in rows:
        cells = (row.theatre, row.level, row.id, row.hash, row.units)
        table.add_row(*map(str, cells), "yes" if row.serves else "no")
    Console().print(table)
