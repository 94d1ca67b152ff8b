"""Who may import and edit over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from app.cli.base import Json, cli, open_workspace, present, tell_json
from app.domain.account import Role
from app.instance.tokens import create_token, revoke_token

token_cli = typer.Typer(help="Who may import and edit over HTTP.", no_args_is_help=True)
cli.add_typer(token_cli, name="token")


@token_cli.command("create")
def token_create(
    name: Annotated[str, typer.Argument(help="Whom the ledger shall name.")],
    *,
    role: Annotated[Role, typer.Option(help="What the holder may do.")],
    days: Annotated[
        int | None, typer.Option(help="Days until it expires; never if left out.")
    ] = None,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only for this dataset; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a token and show it this once; only a digest of it is kept.

    Example: strikemap token create desk --role editor --days 90 --dataset mine
    """
    book, scope = open_workspace().store, tuple(dict.fromkeys(dataset or ()))
    token, text = create_token(book, name, role, now=present(), days=days, datasets=scope)
    if json:
        tell_json({**msgspec.to_builtins(token), "token": text})
        return
    ends = f"until {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else "without end"
    typer.echo(f"{token.id}: {role.value}, {', '.join(scope) or 'all datasets'}, {ends}")
    typer.echo("Keep it now, it is shown this once. Header: Authorization: Bearer …")
    typer.echo(text)


@token_cli.command("list")
def token_list(*, json: Json = False) -> None:
    """List tokens, closed ones included; never their secrets.

    Example: strikemap token list
    """
    found, now = open_workspace().store.tokens(), present()
    if json:
        tell_json(found)
        return
    table = Table("id", "name", "role", "datasets", "created", "expires", "state")
    for one in found:
        ends = f"{one.expires_at:%Y-%m-%d}" if one.expires_at else "never"
        closed = f"revoked {one.revoked_at:%Y-%m-%d}" if one.revoked_at else "expired"
        state = "valid" if one.is_valid_at(now) else closed
        scope = ", ".join(one.datasets) or "all"
        table.add_row(
            one.id, one.name, one.role.value, scope, f"{one.created_at:%Y-%m-%d}", ends, state
        )
    Console().print(table)


@token_cli.command("revoke")
def token_revoke(
    number: Annotated[str, typer.Argument(metavar="ID", help="As `strikemap token list` says.")],
) -> None:
    """Close a token; it opens nothing from the next request on.

    Example: strikemap token revoke 3f9c0d12ab77
    """
    token = revoke_token(open_workspace().store, number, present())
    typer.echo(f"{token.id} ({token.name}) is revoked.")
