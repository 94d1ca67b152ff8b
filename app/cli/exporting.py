"""A View's incidents as files to take along."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from app.api.app import create_app
from app.api.save import saved_page
from app.cli.base import (
    Json,
    cli,
    open_workspace,
    progress_line,
    read_query,
    refuse_unwritable,
    tell_json,
)
from app.domain.errors import InputError
from app.domain.terms import Audience
from app.queries.export import Export, form_of, prepare, refuse_export
from app.settings import read_settings

PAGE = ".html"
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
    workspace = open_workspace()
    if public:
        workspace = replace(workspace, audience=Audience.public)
    query = read_query(workspace, view)
    told = []
    for path, form in zip(files, forms, strict=True):
        if form == PAGE:
            refuse_export(query)
            told.append(save_page(path, view, private=not public))
            continue
        made = prepare(query, form)
        with progress_line(path.name, quiet=json) as progress:
            told.append(_write(made, path, form, progress))
    if json:
        tell_json(told)
        return
    for one in told:
        rows = f"{one['rows']:,} incidents, " if "rows" in one else ""
        typer.echo(f"{one['file']}: {rows}{one['bytes']:,} bytes")


def _form(path: Path) -> str:
    """Tell a form by a file's ending, and a View from a file."""
    if path.suffix.lower() == PAGE:
        return PAGE
    try:
        return form_of(path)
    except InputError as wrong:
        allowed = f"{wrong.problem.allowed}, {PAGE}"
        if "=" in path.name:
            allowed = f'{allowed}; a View is given with --view "{path.name}"'
        raise InputError(wrong.problem.where, path.name, allowed) from wrong


def save_page(
    path: Path, view: str, *, private: bool, archive: str | None = None
) -> dict[str, Any]:
    """Write the map as one file, whole or not at all; `archive` names the marks' own file."""
    settings = read_settings().model_copy(update={"private": private})
    app, query = create_app(settings), view.removeprefix("?")
    page = saved_page(app, settings.static_dir, query, archive).encode()
    half = path.with_name(f".{path.name}.part")
    try:
        half.write_bytes(page)
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    return {"file": str(path), "bytes": len(page), "sha256": hashlib.sha256(page).hexdigest()}


def _write(made: Export, path: Path, form: str, progress: Any) -> dict[str, Any]:
    """Write one file, whole or not at all, and what stands beside it."""
    half, digest = path.with_name(f".{path.name}.part"), hashlib.sha256()
    try:
        with half.open("wb") as file:
            for piece in made.write(form, path.parent, progress):
                digest.update(piece)
                file.write(piece)
        size = half.stat().st_size
        half.replace(path)
    finally:
        half.unlink(missing_ok=True)
    if (beside := made.description(form, path.name)) is not None:
        path.with_name(f"{path.name}-metadata.json").write_bytes(beside)
    about = made.about
    return {
        "file": str(path),
        "rows": about.rows,
        "bytes": size,
        "sha256": digest.hexdigest(),
        "citation": about.citation,
    }
