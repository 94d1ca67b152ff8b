"""Requests that wait for a second person, and the decisions on them."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from app.cli.base import Json, cli, open_workspace, present, tell_json
from app.domain.approval import Approval, ApprovalState
from app.editing.deciding import Decider
from app.instance.tokens import local_holder
from app.settings import read_settings

approvals_cli = typer.Typer(help="What waits for a second person.", no_args_is_help=True)
cli.add_typer(approvals_cli, name="approvals")


def tell_waiting(asked: Approval) -> None:
    """Say that a change waits, and what the other person does."""
    typer.echo(f"Nothing has changed yet: {asked.id} waits for a second person.")
    typer.echo(f"They approve it at /review, or with: strikemap approvals approve {asked.id}")


def _decider() -> Decider:
    settings = read_settings()
    return Decider(open_workspace(settings), local_holder(), present(), settings.data_dir)


@approvals_cli.command("list")
def approvals_list(*, json: Json = False) -> None:
    """List the requests, decided ones too, the newest first.

    Example: strikemap approvals list
    """
    rows = [one.approval for one in _decider().standing()]
    if json:
        tell_json(rows)
        return
    table = Table("id", "what", "dataset", "target", "why", "asked by", "state", "decided by")
    for one in rows:
        what = f"{one.kind.value} {one.summary}".strip()
        state = one.state.value
        cells = (one.id, what, one.dataset, one.target, one.reason, one.asked_by, state)
        table.add_row(*cells, one.decided_by or "")
    Console().print(table)


@approvals_cli.command("approve")
def approvals_approve(
    number: Annotated[str, typer.Argument(metavar="ID", help="As `approvals list` says.")],
    *,
    reason: Annotated[str, typer.Option(help="Why you agree, for the ledger.")],
) -> None:
    """Approve what another person asked for; it is in force at once.

    Example: strikemap approvals approve 7f3c… --reason "the family agrees"
    """
    _tell(_decider().decide(number, reason, approve=True))


@approvals_cli.command("refuse")
def approvals_refuse(
    number: Annotated[str, typer.Argument(metavar="ID", help="As `approvals list` says.")],
    *,
    reason: Annotated[str, typer.Option(help="Why not, for the ledger.")],
) -> None:
    """Refuse what another person asked for, or take your own request back.

    Example: strikemap approvals refuse 7f3c… --reason "too early"
    """
    _tell(_decider().decide(number, reason, approve=False))


def _tell(decided: Approval) -> None:
    done = "approved, and done" if decided.state is ApprovalState.approved else "refused"
    typer.echo(f"{decided.kind.value} of {decided.target}: {done}.")
