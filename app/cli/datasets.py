"""The datasets, and what their terms allow to publish."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli.approvals import tell_waiting
from app.cli.base import Json, cli, open_workspace, present, tell_json
from app.domain.approval import Approval
from app.domain.store import Author
from app.domain.terms import Dataset, Face
from app.editing.terms import set_persons, set_terms
from app.instance.operator import operator_name
from app.intake.options import access_day

datasets_cli = typer.Typer()
cli.add_typer(datasets_cli, name="datasets")


@datasets_cli.callback(invoke_without_command=True)
def datasets(context: typer.Context, *, json: Json = False) -> None:
    """List the datasets, and what the terms of each allow to publish.

    Example: strikemap datasets
    """
    if context.invoked_subcommand is not None:
        return
    rows = sorted(
        open_workspace().index.state().datasets.values(), key=lambda dataset: dataset.slug
    )
    if json:
        tell_json(rows)
        return
    table = Table("slug", "name", "kind", "theatre", "licence", "accessed", "shown to the public")
    for dataset in rows:
        leaves = ", ".join(face.value for face in Face if dataset.terms.allow(face))
        table.add_row(
            dataset.slug,
            dataset.name,
            dataset.kind.value,
            dataset.theatre,
            dataset.licence,
            str(dataset.accessed or ""),
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
    two_persons: Annotated[
        bool | None,
        typer.Option(
            "--two-persons/--one-person",
            help="Whether a second person approves wider terms, archived files that may leave, "
            "lifted redactions and purges.",
        ),
    ] = None,
) -> None:
    """Change the terms of a dataset, or its day of access; in force from the next request.

    Example: strikemap datasets set cir --terms internal
    """
    workspace = open_workspace()
    author = Author(operator_name(), present())
    on = access_day(accessed, author.at.date())
    if terms is not None or on is not None or two_persons is None:
        _tell(slug, set_terms(workspace, slug, terms, author, accessed=on))
    if two_persons is not None:
        _tell(slug, set_persons(workspace, slug, author, two=two_persons))


def _tell(slug: str, changed: Dataset | Approval) -> None:
    if isinstance(changed, Approval):
        tell_waiting(changed)
        return
    leaves = ", ".join(face.value for face in Face if changed.terms.allow(face))
    typer.echo(f"{slug}: {changed.licence}, accessed {changed.accessed}; to the public: {leaves}")
    if changed.two_persons:
        typer.echo("Wider terms, lifted redactions and purges wait for a second person.")
