"""What a reviewer looks at before publishing."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.table import Column, Table

from app.cli.base import Json, cli, open_workspace, tell_json
from app.editing.personal import personal_texts
from app.instance.tokens import local_holder

review_cli = typer.Typer(help="What to look at before publishing.", no_args_is_help=True)
cli.add_typer(review_cli, name="review")


@review_cli.callback()
def review_group() -> None:
    """Let `suggestions` be a command of a group, although it is the only one."""


@review_cli.command("suggestions")
def review_suggestions(*, json: Json = False) -> None:
    """List texts that may lead to a person: telephones, e-mail, accounts, profiles, names.

    Nothing is changed: `strikemap redact` hides what you decide to hide.

    Example: strikemap review suggestions
    """
    rows = personal_texts(open_workspace(), local_holder())
    if json:
        tell_json(rows)
        return
    parts = (Column(name, overflow="fold") for name in ("dataset", "part", "looks like", "text"))
    table = Table(Column("id", no_wrap=True), *parts)
    for one in rows:
        table.add_row(one.id, one.dataset, one.part, one.kind, one.text)
    Console().print(table)
    typer.echo(f"{len(rows):,} texts. A name without a sign beside it is not here: read for it.")
