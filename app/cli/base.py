"""What commands share: where they register, an open instance, a View, a progress line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl

import msgspec
import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from app.domain.errors import InputError
from app.domain.terms import Audience
from app.instance.picture_signing import PictureSigner
from app.instance.workspace import Workspace
from app.publishing.query import Query
from app.settings import Settings, read_settings

cli = typer.Typer(rich_markup_mode=None)
"""Where a command registers when its module is imported; `app.cli.program` knows all by name."""

Json = Annotated[bool, typer.Option("--json", help="Print the API's shape instead of text.")]


def open_workspace(settings: Settings | None = None) -> Workspace:
    """Open the instance that the settings name, with all its data, for the owner of the files."""
    settings = settings or read_settings()
    return Workspace.open(
        settings.data_dir,
        settings.geodata_dir,
        store_url=settings.store_url,
        audience=Audience.private,
        default_theatre=settings.theatre,
        max_file_bytes=settings.max_file_bytes,
        delta_rows=settings.delta_rows,
        clock=present,
        smallest_cell=settings.smallest_cell,
        picture_signer=PictureSigner(settings.c2pa_chain, settings.c2pa_key, settings.public_url),
    )


def query_from(workspace: Workspace, text: str, now: datetime | None = None) -> Query:
    """Read a View, written as in a URL; `now` is the present, unless it is stated.

    Raises:
        InvalidView: naming every parameter that does not fit.
    """
    pairs = parse_qsl(text.removeprefix("?"), keep_blank_values=True)
    return Query.parse(workspace, pairs, now or present())


def query_of(audience: Audience, text: str, now: datetime) -> Query:
    """Open the instance for an audience, and read a View at an instant."""
    return query_from(replace(open_workspace(), audience=audience), text, now)


def refuse_unwritable(out: Path) -> None:
    """Refuse a file that cannot be written, before any work is done for it.

    Raises:
        InputError: a folder, or a file in a folder that is missing or cannot be written.
    """
    try:
        fits = os.access(out.parent, os.W_OK | os.X_OK) and not out.is_dir()
        fits = fits and out.parent.is_dir()
    except OSError:  # a name longer than the disk takes
        fits = False
    if not fits:
        raise InputError("OUT", out, "a file in a folder that exists and can be written")


def present() -> datetime:
    """Return the present time, in UTC."""
    return datetime.now(UTC)


def tell_json(value: object) -> None:
    """Print a value in the API's shape."""
    typer.echo(msgspec.json.encode(value))


@contextmanager
def progress_line(text: str, *, quiet: bool, what: str = "rows") -> Iterator[Callable[[int], None]]:
    """Show how many rows are done; silent for JSON, and when standard error is no terminal."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    console = Console(stderr=True)
    is_hidden = quiet or not console.is_interactive  # else it writes an empty line at its end
    progress = Progress(*columns, console=console, disable=is_hidden, transient=True)
    with progress:
        task = progress.add_task(text, total=None)
        yield lambda rows: progress.update(task, description=f"{text}: {rows:,} {what}")
