"""What may leave of each dataset."""

from __future__ import annotations

import getpass
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli.base import Json, cli, open_workspace, present, tell_json
from app.domain.store import Author
from app.domain.terms import Face
from app.editing.terms import set_terms
from app.intake.options import access_day

datasets_cli = typer.Typer()
cli.add_typer(datasets_cli, name="datasets")


@datasets_cli.callback(invoke_without_command=True)
def datasets(context: typer.Context, *, json: Json = False) -> None:
    """List datasets and what may leave of each.

    Example: strikemap datasets
    """
    if context.invoked_subcommand is not None:
        return
    found = sorted(open_workspace().index.state().datasets.values(), key=lambda one: one.slug)
    if json:
        tell_json(found)
        return
    table = Table("slug", "name", "kind", "theatre", "licence", "accessed", "shown to the public")
    for one in found:
        leaves = ", ".join(face.value for face in Face if one.terms.allow(face))
        table.add_row(
            one.slug,
            one.name,
            one.kind.value,
            one.theatre,
            one.licence,
            str(one.accessed or ""),
            leaves,
        )
    Console().print(table)


@datasets_cli.command("set")
def datasets_set(
    slug: Annotated[str, typer.Argument(help="The dataset.")],
    *,
    terms: Annotated[
        str | None, typer.Option(help="Licence id: what may leave from now on.")
    ] = None,
    accessed: Annotated[
        str | None, typer.Option(help="Day it was taken from its publisher, YYYY-MM-DD.")
    ] = None,
) -> None:
    """Change what may leave of a dataset, or the day it was taken; in force from the next request.

    Example: strikemap datasets set cir --terms internal
    """
    workspace = open_workspace()
    author = Author(getpass.getuser(), present())
    on = access_day(accessed, author.at.date())
    changed = set_terms(workspace, slug, terms, author, accessed=on)
    leaves = ", ".join(face.value for face in Face if changed.terms.allow(face))
    typer.echo(f"{slug}: {changed.licence}, accessed {changed.accessed}; to the public: {leaves}")
