"""Single records: evidence, archived sources, erasure, redaction."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.approvals import tell_waiting
from app.cli.base import cli, open_workspace, present
from app.domain.approval import Approval
from app.domain.instants import parse_day
from app.domain.redaction import Reason, TextPart
from app.domain.store import Author
from app.domain.terms import Face
from app.domain.view import View
from app.editing.attaching import Fact, attach_file
from app.editing.erasure import purge_or_ask
from app.editing.purged import PURGED, purges_of, write_purged
from app.editing.redaction import Redactor
from app.instance.operator import operator_name
from app.instance.tokens import local_holder
from app.instance.workspace import Workspace
from app.publishing.publish import Published, publish
from app.publishing.query import Query
from app.queries.evidence import bundle
from app.queries.incidents import find_incident
from app.render.renditions import FORMATS
from app.settings import read_settings


def _published(workspace: Workspace, face: Face = Face.raw) -> Published:
    query = Query.of(workspace, View(theatre=workspace.default_theatre), present())
    return publish(query, face, in_all=True)


@cli.command()
def evidence(
    incident: Annotated[str, typer.Argument(help="The incident's id or short number.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Where to write it.")] = None,
) -> None:
    """Write an incident's evidence bundle, with a script that checks it offline.

    Example: strikemap evidence 7f3c… --out evidence.zip
    """
    workspace = open_workspace()
    path = out or Path(f"evidence-{incident}.zip")
    path.write_bytes(bundle(_published(workspace), incident))
    typer.echo(f"{path}: check it with the script inside: python check_evidence.py {path}")


@cli.command("attach")
def attach_source(  # noqa: PLR0913  a command's options, each by name
    incident: Annotated[str, typer.Argument(help="The incident's id or short number.")],
    file: Annotated[Path, typer.Argument(help="The archived source: a page, picture or video.")],
    *,
    method: Annotated[str | None, typer.Option(help="How it was taken.")] = None,
    url: Annotated[str | None, typer.Option(help="Where it was taken from.")] = None,
    publisher: Annotated[str | None, typer.Option(help="Who published it.")] = None,
    published: Annotated[
        str | None, typer.Option(help="The day it was published, YYYY-MM-DD.")
    ] = None,
    terms: Annotated[
        str | None,
        typer.Option(help="Licence of the file itself; without one the public never gets it."),
    ] = None,
    graphic: Annotated[
        bool | None,
        typer.Option("--graphic/--not-graphic", help="A picture is blurred until a reader asks."),
    ] = None,
    caption: Annotated[
        str | None, typer.Option(help="What a picture shows, also for readers who do not see it.")
    ] = None,
) -> None:
    """Archive a source file of an incident, with its hash, time, method and operator.

    The same file again corrects what is said about it.

    Example: strikemap attach 7f3c… photo.jpg --publisher "City council" --terms CC-BY-4.0
    """
    workspace = open_workspace()
    record = find_incident(_published(workspace), incident)
    day = None if published is None else parse_day(published)
    named: dict[str, Fact | None] = {
        "method": method,
        "url": url,
        "publisher": publisher,
        "published": day,
    }
    named |= {"licence": terms, "graphic": graphic, "caption": caption}
    facts = {name: fact for name, fact in named.items() if fact is not None}
    author = Author(operator_name(), present())
    attachment = attach_file(workspace, record["id"], file, author, facts)
    if isinstance(attachment, Approval):
        tell_waiting(attachment)
        return
    typer.echo(f"{attachment.name}: {attachment.size:,} bytes, SHA-256 {attachment.sha256}")
    if attachment.media_type in FORMATS and not attachment.may_leave:
        typer.echo(f"The public does not get it: its terms are {attachment.licence} (--terms).")


@cli.command("purge")
def purge_incident(
    incident: Annotated[str, typer.Argument(help="The incident's id, or story/SLUG.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept for ever, without what it erases.")],
) -> None:
    """Erase an incident or a story for good, for every `as_of`; a mark stays in the chain.

    Example: strikemap purge 7f3c… --reason "at the family's request"
    """
    settings, now = read_settings(), present()
    workspace = open_workspace(settings)
    try:
        head = purge_or_ask(workspace, incident, reason, Author(operator_name(), now))
    finally:  # what is erased is listed, also where a reader still holds a copy of it
        write_purged(settings.data_dir, purges_of(workspace.store, now))
    if isinstance(head, Approval):
        tell_waiting(head)
        return
    typer.echo(
        f"Erased. Head: {head.seq}:{head.hash.hex()}. Exports and archived files are not reached: "
        f"erase it there yourself. Keep {settings.data_dir / PURGED} beside your backups: "
        "`strikemap restore --purged` erases it there, too."
    )


@cli.command("redact")
def redact_incident(
    incident: Annotated[str, typer.Argument(help="The incident's id.")],
    *,
    texts: Annotated[
        list[str] | None, typer.Option("--text", help=f"What to hide, of {', '.join(TextPart)}.")
    ] = None,
    code: Annotated[
        str, typer.Option(help=f"Why, as the public reads it: {', '.join(Reason)}.")
    ] = "",
    reason: Annotated[str, typer.Option(help="Why, for the ledger; not shown to the public.")],
    lift: Annotated[bool, typer.Option("--lift", help="Show the texts again.")] = False,
) -> None:
    """Hide texts of an incident from the public, for every `as_of`; the record keeps them.

    Example: strikemap redact 7f3c… --text description --code privacy_of_victim --reason "names her"
    """
    redactor = Redactor(open_workspace(), local_holder(), present())
    if lift:
        asked = redactor.lift(incident, reason)
        if asked is None:
            typer.echo(f"{incident}: shown again")
        else:
            tell_waiting(asked)
        return
    done = redactor.redact(incident, texts or [], code, reason)
    if isinstance(done, Approval):
        tell_waiting(done)
        return
    typer.echo(f"{done.key}: {', '.join(done.texts)}: {done.mark}")
