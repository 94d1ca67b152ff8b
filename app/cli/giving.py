"""A View for a host of plain files, and the record as a lake of tables."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from app.api.app import create_app
from app.api.static_site import StaticSite
from app.cli.base import Json, cli, tell_json
from app.domain.errors import NotShared
from app.files.shelf import Changes, Shelf
from app.settings import read_settings
from app.tiles.grid import MAX_ZOOM

Out = Annotated[str, typer.Argument(help="A folder, or s3://bucket/path (extra `scale`).")]
Zoom = Annotated[int, typer.Option(min=0, max=MAX_ZOOM, help="Last zoom level of the marks.")]


@cli.command()
def publish(
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


def _report(out: str, changes: Changes, *, json: bool) -> None:
    if json:
        tell_json({"out": out, **vars(changes)})
        return
    typer.echo(
        f"{out}: {len(changes.written)} files written, {changes.unchanged} as they were, "
        f"{len(changes.removed)} removed"
    )
