"""The basemap: use a file of streets or imagery under the marks, show it, and go back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.base import Json, cli, tell_json
from app.domain.errors import NotFound
from app.instance.basemap import ChosenBasemap
from app.settings import read_settings
from app.streets.ground import StreetMap
from app.streets.services import read_tile_services

basemap_cli = typer.Typer(
    help="The basemap: add a file of streets or imagery, show it, go back.", no_args_is_help=True
)
cli.add_typer(basemap_cli, name="basemap")


@basemap_cli.command("add")
def basemap_add(
    file: Annotated[Path, typer.Argument(help="A .pmtiles or .mbtiles file; it is not copied.")],
    *,
    credit: Annotated[
        str | None, typer.Option(help="Whom to credit, instead of what the file says.")
    ] = None,
    json: Json = False,
) -> None:
    """Draw streets, land use and names from a file under the marks; a running service sees it.

    Example: strikemap basemap add ukraine.pmtiles
    """
    _tell(_chosen().choose(file, credit), file.resolve(), json=json)


@basemap_cli.command("show")
def basemap_show(*, json: Json = False) -> None:
    """Show which file is used, what is in it, and whom it credits.

    Example: strikemap basemap show
    """
    chosen = _chosen()
    streets, choice = chosen.current(), chosen.choice
    grounds = read_tile_services(read_settings().basemap_url)
    if choice is not None and streets is not None:
        _tell(streets, Path(choice.file), json=json)
    elif choice is not None:
        raise NotFound(chosen.fault or f"{choice.file} cannot be read.")
    elif json:
        tell_json({"file": None})
    else:
        typer.echo("The shipped basemap: Natural Earth. `strikemap basemap add FILE` adds streets.")
    if not json:
        for service in grounds.services:
            hosts = ", ".join(service.origins)
            typer.echo(f"Readers may choose {service.name}: tiles from {hosts}.")
        for unusable in grounds.faults:
            typer.echo(f"A tile service is not offered. {unusable}", err=True)


@basemap_cli.command("remove")
def basemap_remove() -> None:
    """Use the shipped basemap alone again; the file stays where it is.

    Example: strikemap basemap remove
    """
    was_chosen = _chosen().forget()
    typer.echo("The shipped basemap is used." if was_chosen else "No basemap file was in use.")


def _chosen() -> ChosenBasemap:
    return ChosenBasemap(read_settings().data_dir / "basemap.json")


def _tell(streets: StreetMap, file: Path, *, json: bool) -> None:
    """Say what is in a file: its form, its schema, where it has tiles, and whom it credits."""
    facts, schema = streets.tileset.facts, streets.schema
    name = schema.name if schema is not None else None
    if json:
        tell_json(
            {
                "file": str(file),
                "name": facts.name,
                "form": facts.form,
                "schema": name,
                "zooms": [facts.min_zoom, facts.max_zoom],
                "bounds": list(facts.bounds),
                "credit": streets.credit,
            }
        )
        return
    kind = f"{facts.form.upper()} pictures"
    if facts.is_vector:
        kind = f"vector tiles, schema {name}"
        if name is None:
            layers = ", ".join(facts.layers) or "none named"
            kind = f"vector tiles of an unknown schema (layers: {layers}): drawn by geometry alone"
    box = ", ".join(f"{side:g}" for side in facts.bounds)
    typer.echo(f"{file}: {kind}; zooms {facts.min_zoom} to {facts.max_zoom}; box {box}.")
    typer.echo(f"Credit on every picture: {streets.credit}")
