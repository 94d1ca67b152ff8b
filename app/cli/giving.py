"""A View for a host of plain files, and the record as a lake of tables."""

from __future__ import annotations

import gc
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from app.api.app import create_app
from app.api.static_site import StaticSite
from app.cli.base import Json, cli, open_workspace, query_from, tell_json
from app.domain.errors import NotShared
from app.domain.terms import Audience
from app.files.shelf import Shelf, ShelfReport
from app.queries.lake import Lake
from app.settings import read_settings
from app.tiles.grid import MAX_ZOOM

Out = Annotated[str, typer.Argument(help="A folder, or s3://bucket/path (extra `scale`).")]
Zoom = Annotated[int, typer.Option(min=0, max=MAX_ZOOM, help="Last zoom level of the marks.")]


@cli.command("publish")
def publish_view(
    out: Out,
    *,
    view: Annotated[str, typer.Option("--view", help="A View as in a URL.")] = "",
    maxzoom: Zoom = 10,
    json: Json = False,
) -> None:
    """Write a View as files for a static host or a CDN: page, marks, sums, figures and method.

    It holds what an anonymous reader may see now. Run it again: only what changed is written, and
    what is withheld since is removed.

    Example: strikemap publish site --view "dataset=demo&from=2025-10-24"
    """
    shelf = Shelf.open(out, "publish")
    settings = read_settings().model_copy(update={"private": False, "rate": 0, "rate_heavy": 0})
    app = create_app(settings)
    site = StaticSite.of(
        app, settings.static_dir, settings.fonts_dir, view.removeprefix("?"), (0, maxzoom)
    )
    with tempfile.TemporaryDirectory(prefix="strikemap-") as folder:
        try:
            about = site.about()
            changes = shelf.fill(
                site.files(Path(folder)),
                {"view": str(about["query"]), "as_of": str(about["as_of"])},
            )
        except NotShared:
            shelf.fill([], {})  # what an earlier run wrote must not stay
            raise
    _report(out, changes, json=json)


@cli.command()
def lake(
    out: Out,
    *,
    view: Annotated[
        str, typer.Option("--view", help='A View as in a URL: "theatre=example", "dataset=cir".')
    ] = "",
    internal: Annotated[
        bool, typer.Option("--internal", help="Write what the public may not see, too.")
    ] = False,
    json: Json = False,
) -> None:
    """Write the record as GeoParquet by dataset and month: incidents, claims, regions, control.

    It holds all datasets of a theatre that the public may take along, as it may see them now. Run
    it again: only what changed is written, and what is withheld since is removed.

    Example: strikemap lake lake --view "theatre=example"
    """
    shelf = Shelf.open(out, "lake")
    audience = Audience.private if internal else Audience.public
    query = query_from(replace(open_workspace(), audience=audience), view)
    # Records are freed without the collector of cycles, which would only walk through them.
    gc.freeze()
    gc.set_threshold(50_000)
    tables = Lake(query)
    _report(out, shelf.fill(tables.files(), tables.about()), json=json)


def _report(out: str, changes: ShelfReport, *, json: bool) -> None:
    if json:
        tell_json({"out": out, **vars(changes)})
        return
    typer.echo(
        f"{out}: {len(changes.written)} files written, {changes.unchanged} as they were, "
        f"{len(changes.removed)} removed"
    )
