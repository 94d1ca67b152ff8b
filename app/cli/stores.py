"""Where the record is stored: a file in the data folder, or a database on a server."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Annotated

import typer

from app.cli.base import cli, present, progress_line
from app.domain.errors import InputError
from app.instance.workspace import refuse_unfinished
from app.store.moving import AnyStore, move
from app.store.opening import RECORD
from app.store.postgis import PostgisStore
from app.store.sqlite import SqliteStore

store_cli = typer.Typer(
    help="Where the record is: a file, or a database on a server.", no_args_is_help=True
)
cli.add_typer(store_cli, name="store")


@store_cli.callback()
def group() -> None:
    """Let `copy` be a command of a group, although it is the only one."""


@store_cli.command("copy")
def store_copy(
    source: Annotated[
        str, typer.Argument(metavar="FROM", help="A data folder, a file, or postgresql://…")
    ],
    target: Annotated[
        str, typer.Argument(metavar="TO", help="The same; it must be empty, or new.")
    ],
) -> None:
    """Copy a record, with its chain as it is, from a file into a database or back.

    Files beside the record (archive, regions, theatres) stay where they are.

    Example: strikemap store copy ~/data postgresql://strikemap@db.example.org/strikemap
    """
    with contextlib.ExitStack() as closing:
        read = closing.enter_context(contextlib.closing(_open(source, "FROM")))
        written = closing.enter_context(contextlib.closing(_open(target, "TO")))
        progress = closing.enter_context(progress_line("copy", quiet=False))
        head = move(read, written, progress)
    typer.echo(f"{head.seq:,} revisions copied. Head: {head.seq}:{head.hash.hex()}")


def _open(address: str, name: str) -> AnyStore:
    if "://" in address:
        return PostgisStore(address, present)
    path = Path(address)
    if path.suffix != ".sqlite":
        refuse_unfinished(path)
        path = path / RECORD
    if name == "FROM" and not path.is_file():
        raise InputError(name, path, "a record that exists")
    return SqliteStore(path, present)
