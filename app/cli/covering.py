"""Covering parts of archived pictures: what is covered, and what should be."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer

from app.cli.approvals import tell_waiting
from app.cli.base import cli, open_workspace, present
from app.domain.approval import Approval
from app.domain.attachment import COVER_TEXT, Cover
from app.domain.errors import InputError
from app.editing.attaching import RecordedFile
from app.editing.covering import PictureEditor
from app.instance.tokens import local_holder
from app.render.faces import suggested_faces


@cli.command("cover")
def cover_parts(
    incident: Annotated[str, typer.Argument(help="The incident's id.")],
    picture: Annotated[
        str, typer.Argument(help="How the SHA-256 of its original begins; none lists all.")
    ] = "",
    *,
    part: Annotated[
        list[str] | None,
        typer.Option(help="x,y,width,height as shares of the picture, 0 to 1; repeatable."),
    ] = None,
    uncover: Annotated[bool, typer.Option("--uncover", help="Cover nothing of it.")] = False,
    reason: Annotated[str, typer.Option(help="Why, for the ledger.")] = "",
) -> None:
    """Cover these parts of a picture and no others: readers get a copy with them filled.

    Without --part and --uncover nothing is changed: it lists what is covered.

    Example: strikemap cover 7f3c… 9a41 --part 0.4,0.1,0.2,0.3 --reason "a child's face"
    """
    editor = PictureEditor(open_workspace(), local_holder(), present())
    if not part and not uncover:
        _tell(_matching(editor, incident, picture))
        return
    if part and uncover:
        raise InputError("--uncover", "with --part", "one of the two")
    covers = [_cover(text) for text in part or ()]
    matching = _matching(editor, incident, picture)
    if len(matching) != 1 or not picture:
        raise InputError("picture", picture, "the beginning of the SHA-256 of one of its pictures")
    sha256 = matching[0].attachment.sha256
    done = editor.cover(incident, sha256, covers, reason)
    if isinstance(done, Approval):
        tell_waiting(done)
        return
    _tell(_matching(editor, incident, sha256))


@cli.command("faces")
def suggest_faces(
    incident: Annotated[str, typer.Argument(help="The incident's id.")],
    picture: Annotated[
        str, typer.Argument(help="How the SHA-256 of its original begins; none means all.")
    ] = "",
) -> None:
    """Suggest parts of pictures that may show a face; nobody is recognised.

    It prints them as `strikemap cover` takes them. Nothing is changed or kept. It needs the extra
    `faces`.

    Example: strikemap faces 7f3c…
    """
    editor = PictureEditor(open_workspace(), local_holder(), present())
    for attachment, _revision in _matching(editor, incident, picture):
        covers = suggested_faces(*editor.original(incident, attachment.sha256))
        parts = " ".join(f"--part {_text(cover)}" for cover in covers)
        typer.echo(f"{attachment.name}: {attachment.sha256[:12]} {parts or 'no face suggested'}")
    typer.echo("It misses faces and sees some that are none: look at each picture.")


def _matching(editor: PictureEditor, incident: str, start: str) -> list[RecordedFile]:
    pictures = editor.pictures(incident)
    return [one for one in pictures if one.attachment.sha256.startswith(start)]


def _cover(text: str) -> Cover:
    try:
        x, y, width, height = map(float, text.split(","))
    except ValueError as wrong:
        raise InputError("--part", text, COVER_TEXT) from wrong
    return Cover.checked(x, y, width, height)


def _text(cover: Cover) -> str:
    """Write a part as `_cover` reads it."""
    return ",".join(f"{share:g}" for share in cover.shares.values())


def _tell(pictures: Sequence[RecordedFile]) -> None:
    for attachment, _revision in pictures:
        typer.echo(f"{attachment.name}: SHA-256 of the original {attachment.sha256}")
        for cover in attachment.covers:
            typer.echo(f"  covered: {_text(cover)}")
        if attachment.copy:
            typer.echo(f"  readers get a copy without these parts, SHA-256 {attachment.copy}")
    if not pictures:
        typer.echo("No such picture.")
