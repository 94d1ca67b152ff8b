"""A View's incidents as files."""

from __future__ import annotations

import hashlib
from collections.abc import Generator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from app.api.app import create_app
from app.api.save import saved_page
from app.cli.base import (
    Json,
    cli,
    present,
    progress_line,
    query_of,
    refuse_unwritable,
    tell_json,
)
from app.domain.errors import InputError
from app.domain.terms import Audience
from app.queries.export import Export, form_of, prepare, refuse_export
from app.settings import read_settings

PAGE_ENDING = ".html"
ViewText = Annotated[str, typer.Option("--view", help='A View as in a URL: "from=2025-10-24".')]


@cli.command()
def export(
    files: Annotated[
        list[Path],
        typer.Argument(help="Where to write: .geojson, .csv, .xlsx, .gpkg, .parquet, .kml, .html."),
    ],
    *,
    view: ViewText = "",
    public: Annotated[
        bool, typer.Option("--public", help="Write what the public may see, and no more.")
    ] = False,
    json: Json = False,
) -> None:
    """Write a View's incidents to files, with the data dictionary, terms and citation inside.

    An .html file is the map itself: it opens from a disk or a stick, without any service.

    Example: strikemap export strikes.gpkg map.html --view "dataset=demo&from=2025-10-24"
    """
    forms = [_form(path) for path in files]
    for path in files:
        refuse_unwritable(path)
    again = partial(query_of, Audience.public if public else Audience.private, view, present())
    query = again()
    reports = []
    for path, form in zip(files, forms, strict=True):
        if form == PAGE_ENDING:
            refuse_export(query)
            reports.append(save_page(path, view, private=not public))
            continue
        view_export = prepare(query, form)
        with progress_line(path.name, quiet=json) as progress:
            pieces = view_export.write(form, path.parent, progress, again)
            reports.append(_write(view_export, path, form, pieces))
    if json:
        tell_json(reports)
        return
    for report in reports:
        rows = f"{report['rows']:,} incidents, " if "rows" in report else ""
        typer.echo(f"{report['file']}: {rows}{report['bytes']:,} bytes")


def _form(path: Path) -> str:
    """Return the format of a file by its ending; say how a View is given instead."""
    if path.suffix.lower() == PAGE_ENDING:
        return PAGE_ENDING
    try:
        return form_of(path)
    except InputError as wrong:
        allowed = f"{wrong.problem.allowed}, {PAGE_ENDING}"
        if "=" in path.name:
            allowed = f'{allowed}; a View is given with --view "{path.name}"'
        raise InputError(wrong.problem.where, path.name, allowed) from wrong


def save_page(
    path: Path, view: str, *, private: bool, archive: str | None = None
) -> dict[str, object]:
    """Write the map as one file, whole or not at all; `archive` names the marks' own file."""
    asking = {"private": private, "rate": 0, "rate_heavy": 0}  # limits are for readers
    settings = read_settings().model_copy(update=asking)
    app, query = create_app(settings), view.removeprefix("?")
    page = saved_page(app, settings.static_dir, query, archive).encode()
    half = path.with_name(f".{path.name}.part")
    try:
        half.write_bytes(page)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return {"file": str(path), "bytes": len(page), "sha256": hashlib.sha256(page).hexdigest()}


def _write(
    view_export: Export, path: Path, form: str, pieces: Generator[bytes]
) -> dict[str, object]:
    """Write one file, whole or not at all, and the metadata file beside it."""
    half, digest = path.with_name(f".{path.name}.part"), hashlib.sha256()
    try:
        with closing(pieces), half.open("wb") as file:
            for piece in pieces:
                digest.update(piece)
                file.write(piece)
        size = half.stat().st_size
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    if (beside := view_export.description(form, path.name)) is not None:
        path.with_name(f"{path.name}-metadata.json").write_bytes(beside)
    about = view_export.about
    return {
        "file": str(path),
        "rows": about.rows,
        "bytes": size,
        "sha256": digest.hexdigest(),
        "citation": about.citation,
    }
