"""Theatres in the record: each change is a revision, which every node reads and a backup has."""

from __future__ import annotations

from pathlib import Path

import msgspec

from app.domain.errors import InputError, InvalidTheatre
from app.domain.revision import Action, Change, Subject, canonical
from app.domain.store import Author
from app.instance.workspace import Workspace, recorded_theatres
from app.reference.recorded import RecordedTheatre
from app.reference.theatre import Theatre
from app.reference.theatre_file import parse_theatre, theatre_text
from app.reference.theatres import Theatres, clashes_of, read_theatres


def theatres_now(workspace: Workspace) -> Theatres:
    """Read the theatres anew: another process may have changed one since this instance opened."""
    reference = workspace.reference
    recorded = recorded_theatres(workspace.store)
    return read_theatres(reference.folder, reference.own_theatres, recorded)


def recorded_theatre(workspace: Workspace, slug: str) -> RecordedTheatre:
    """Return what the record has of a theatre; nothing but its name where it has nothing."""
    recorded = recorded_theatres(workspace.store)
    return next((one for one in recorded if one.slug == slug), RecordedTheatre(slug))


def record_theatre(
    workspace: Workspace, theatre: RecordedTheatre, author: Author, reason: str
) -> int:
    """Write what the record has of a theatre from now on; returns the revision.

    Raises:
        StoreBusy: somebody wrote the same theatre meanwhile; nothing was written.
    """
    past = workspace.store.current(Subject.theatre).get(theatre.slug)
    action = Action.amend if past else Action.add
    replaces = past.seq if past else None
    change = Change(Subject.theatre, theatre.slug, action, canonical(theatre), replaces)
    return workspace.store.write([change], author.entry(reason), {}).seq


def put_theatre(workspace: Workspace, path: Path, author: Author) -> Theatre:
    """Record a theatre's file that a person wrote or changed; its name is the slug.

    Raises:
        InvalidTheatre: it has faults, the name of a theatre that ships, or another one's country.
        InputError: the record has this text already.
    """
    slug, text, geodata = path.stem, theatre_text(path), workspace.reference.folder
    theatre = parse_theatre(text, slug, geodata)
    others = dict(theatres_now(workspace).by_slug)
    if slug not in read_theatres(geodata).by_slug:
        others.pop(slug, None)  # this one itself
    if clashes := clashes_of(theatre, others):
        raise InvalidTheatre(clashes)
    before = recorded_theatre(workspace, slug)
    if before.file == text:
        raise InputError("the file", path, "a text that the record does not have yet")
    reason = "file changed" if before.file else f"added: {', '.join(theatre.countries)}"
    after = msgspec.structs.replace(before, file=text)
    record_theatre(workspace, after, author, reason)
    return theatre
