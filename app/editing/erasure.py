"""Erasing a record for good: for every `as_of`, in the record and in the index."""

from __future__ import annotations

from uuid import UUID, uuid4

from app.domain.errors import InputError, NotFound
from app.domain.revision import Action, Change, Erasure, Head, Revision, Subject, canonical
from app.domain.store import Author
from app.instance.workspace import Workspace

SHORTEST_REASON = 8


def purge(workspace: Workspace, ref: str, reason: str, author: Author) -> Head:
    """Erase every payload that an incident ever had; a mark with the reason stays in the chain.

    The reason stays for ever, and everybody who checks the record reads it: it must not repeat
    what it erases. Copies outside this instance (backups, exports, caches) are not reached.

    Raises:
        NotFound: no incident of that id.
        InputError: a reason that is too short, or everything was erased before.
        StoreBusy: somebody changed the incident meanwhile, and nothing was erased; or somebody
            reads the record, and a second purge removes what is left of it.
    """
    if len(reason.strip()) < SHORTEST_REASON:
        allowed = f"why it is erased, in {SHORTEST_REASON} characters or more, without its content"
        raise InputError("reason", reason, allowed)
    past = _history(workspace, ref)
    seqs = tuple(one.seq for one in past if one.payload is not None)
    if not seqs:
        _remove_copies(workspace)  # an earlier purge may have ended before it did so
        raise InputError("incident", ref, "one that was not erased before")
    erasure = Erasure(Subject.incident, past[0].key, seqs, reason.strip())
    mark = Change(Subject.erasure, str(uuid4()), Action.add, canonical(erasure))
    head = workspace.store.erase(seqs, mark, author.entry(f"purge: {reason.strip()}"))
    _remove_copies(workspace)
    return head


def _remove_copies(workspace: Workspace) -> None:
    """Remove what is erased from the index and from the record's log."""
    workspace.index.forget()
    workspace.store.clear_log()


def _history(workspace: Workspace, ref: str) -> list[Revision]:
    try:
        number = str(UUID(ref))
    except ValueError as wrong:
        raise InputError("incident", ref, "an incident's id, a UUID") from wrong
    for slug in workspace.state().datasets:
        if past := workspace.store.history(Subject.incident, f"{slug}/{number}"):
            return past
    raise NotFound(f"There is no incident {ref!r}.")
