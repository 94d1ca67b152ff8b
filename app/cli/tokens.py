"""Tokens, and the sessions of browsers: who may import and edit over HTTP."""

from __future__ import annotations

from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from app.cli.base import Json, cli, open_workspace, present, tell_json
from app.domain.account import Role, Token
from app.domain.errors import NotFound
from app.editing.purged import purges_of, write_purged
from app.instance.operator import operator_name
from app.instance.tokens import create_token, grant, revoke_token
from app.settings import read_settings

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
    """Make a token and print it once; only a digest of it is stored.

    Example: strikemap token create newsroom --role editor --days 90 --dataset mine
    """
    book, scope = open_workspace().store, tuple(dict.fromkeys(dataset or ()))
    by = operator_name()
    token, text = create_token(
        book, name, role, now=present(), days=days, datasets=scope, made_by=by
    )
    if json:
        tell_json({**msgspec.to_builtins(token), "token": text})
        return
    _tell(token)
    typer.echo("Copy it now: it is printed only once. Header: Authorization: Bearer …")
    typer.echo(text)


def _tell(token: Token) -> None:
    ends = f"until {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else "without end"
    scope = ", ".join(token.datasets) or "all datasets"
    typer.echo(f"{token.id}: {token.role.value}, {scope}, {ends}")


@token_cli.command("grant")
def token_grant(
    claim: Annotated[str, typer.Argument(help="What the provider says of them: groups=editors.")],
    *,
    role: Annotated[Role, typer.Option(help="What they may do.")],
    days: Annotated[int | None, typer.Option(help="Days until it ends; never if left out.")] = None,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only for this dataset; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Give a role to whoever signs in at the identity provider with a claim.

    Example: strikemap token grant groups=editors --role editor --dataset mine
    """
    book, scope = open_workspace().store, tuple(dict.fromkeys(dataset or ()))
    token = grant(
        book, claim, role, now=present(), days=days, datasets=scope, made_by=operator_name()
    )
    if json:
        tell_json(token)
        return
    _tell(token)
    typer.echo(f"It is for whoever signs in with {claim}; `strikemap token revoke` ends it.")


@token_cli.command("list")
def token_list(*, json: Json = False) -> None:
    """List the tokens, revoked ones too; never their secrets.

    Example: strikemap token list
    """
    tokens, now = open_workspace().store.tokens(), present()
    if json:
        tell_json(tokens)
        return
    table = Table("id", "name", "role", "datasets", "created", "expires", "state", "for", "made by")
    for token in tokens:
        ends = f"{token.expires_at:%Y-%m-%d}" if token.expires_at else "never"
        closed = f"revoked {token.revoked_at:%Y-%m-%d}" if token.revoked_at else "expired"
        state = "valid" if token.is_valid_at(now) else closed
        scope = ", ".join(token.datasets) or "all"
        table.add_row(
            token.id,
            token.name,
            token.role.value,
            scope,
            f"{token.created_at:%Y-%m-%d}",
            ends,
            state,
            token.claim or "whoever has it",
            token.made_by or "",
        )
    Console().print(table)


@token_cli.command("revoke")
def token_revoke(
    number: Annotated[str, typer.Argument(metavar="ID", help="As `strikemap token list` says.")],
) -> None:
    """Revoke a token; it is not valid from the next request on.

    Example: strikemap token revoke 3f9c0d12ab77
    """
    settings, now = read_settings(), present()
    store = open_workspace(settings).store
    token = revoke_token(store, number, now, operator_name())
    write_purged(settings.data_dir, purges_of(store, now))
    typer.echo(f"{token.id} ({token.name}) is revoked.")


@token_cli.command("sessions")
def token_sessions(*, json: Json = False) -> None:
    """List the browsers that are signed in, and whoever was in the last month.

    Example: strikemap token sessions
    """
    store, now = open_workspace().store, present()
    sessions, tokens = store.sessions(), {token.id: token for token in store.tokens()}
    if json:
        tell_json(sessions)
        return
    table = Table("id", "who", "since", "until", "state")
    for session in sessions:
        token = tokens[session.token]
        is_open = session.is_open_at(now) and token.is_valid_at(now)
        since, until = (f"{at:%Y-%m-%d %H:%M}" for at in (session.created_at, session.expires_at))
        actor = token.holder_in(session).actor
        table.add_row(session.id, actor, since, until, "open" if is_open else "ended")
    Console().print(table)


@token_cli.command("sign-out")
def token_sign_out(
    number: Annotated[
        str, typer.Argument(metavar="ID", help="As `strikemap token sessions` says.")
    ],
) -> None:
    """End a browser's session, from the next request on; its token stays.

    Example: strikemap token sign-out 3f9c0d12ab77
    """
    store = open_workspace().store
    if number not in {session.id for session in store.sessions()}:
        raise NotFound(f"There is no session {number!r}: `strikemap token sessions` lists them.")
    store.end_session(number, present())
    typer.echo(f"{number} is signed out.")
