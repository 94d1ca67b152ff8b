"""A View's tiles as one file for a static host."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from app.cli.base import (
    Json,
    cli,
    open_workspace,
    progress_line,
    query_from,
    refuse_unwritable,
    tell_json,
)
from app.cli.exporting import PAGE_ENDING, save_page
from app.domain.errors import InputError
from app.domain.terms import Audience
from app.pictures.archive import ArchiveLayers, archive_view
from app.pictures.tiles import Tiler
from app.publishing.defaults import with_defaults
from app.queries.export import refuse_export
from app.settings import read_settings
from app.tiles.grid import MAX_ZOOM, VECTOR_LAYERS

Zoom = Annotated[int, typer.Option(min=0, max=MAX_ZOOM, help="Zoom level.")]


@cli.command()
def tiles(  # noqa: PLR0913  a command's options, each by name
    out: Annotated[Path, typer.Argument(help="Where to write; ends in .pmtiles.")],
    *,
    view: Annotated[str, typer.Option("--view", help="A View as in a URL.")] = "",
    layer: Annotated[
        list[str] | None, typer.Option(help=f"Any of {', '.join(VECTOR_LAYERS)}; repeatable.")
    ] = None,
    minzoom: Zoom = 0,
    maxzoom: Zoom = 10,
    private: Annotated[
        bool, typer.Option("--private", help="Write what the public may not see, too.")
    ] = False,
    page: Annotated[
        bool, typer.Option("--page", help="Write the map that reads it beside it, as .html.")
    ] = False,
    json: Json = False,
) -> None:
    """Write a View's vector tiles as one PMTiles file that a static host can serve.

    It holds what the public may see now; a later embargo or purge does not change it.

    Example: strikemap tiles strikes.pmtiles --view "dataset=demo" --page --maxzoom 10
    """
    layers = _layers(layer or ["incidents"], page=page)
    if out.suffix != ".pmtiles":
        raise InputError("ending of the file", out.name, ".pmtiles")
    if maxzoom < minzoom:
        raise InputError("maxzoom", maxzoom, f"{minzoom} (the value of minzoom) or more")
    for path in (out, out.with_suffix(PAGE_ENDING)) if page else (out,):
        refuse_unwritable(path)
    settings = read_settings()
    audience = Audience.private if private else Audience.public
    query = query_from(replace(open_workspace(settings), audience=audience), view)
    if page:  # the View gets the period with which a page opens
        query = with_defaults(query)
        refuse_export(query)
    tiler = Tiler(settings.fonts_dir)
    with progress_line(out.name, quiet=json, what="tiles") as progress:
        tile_layers = ArchiveLayers(layers, minzoom, maxzoom)
        archive = archive_view(tiler, query, tile_layers, out, progress)
    report = {"file": str(out), "audience": audience.value, **archive._asdict()}
    if page:
        beside = out.with_suffix(PAGE_ENDING)
        report["page"] = save_page(beside, query.view.query(), private=private, archive=out.name)[
            "file"
        ]
    if json:
        tell_json(report)
        return
    typer.echo(
        f"{out} ({audience.value}): {archive.tiles:,} tiles of {archive.marks:,} marks, "
        f"{archive.size:,} bytes"
    )
    if page:
        typer.echo(f"{report['page']}: the map that reads it; put both on any host of static files")


def _layers(names: list[str], *, page: bool) -> list[str]:
    if unknown := sorted(set(names) - set(VECTOR_LAYERS)):
        raise InputError("layer", ", ".join(unknown), ", ".join(VECTOR_LAYERS))
    if page and "incidents" not in names:
        raise InputError("layer of a page", ", ".join(names), "incidents, alone or among others")
    return [name for name in VECTOR_LAYERS if name in names]
