"""Erasing a record for good: for every `as_of`, in the record and in the index."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple
from uuid import UUID, uuid4

import msgspec

from app.domain.approval import Approval, ApprovalKind
from app.domain.attachment import Attachment
from app.domain.errors import InputError, NotFound
from app.domain.revision import Action, Change, Erasure, Head, Revision, Subject, canonical
from app.domain.store import Author, Store
from app.editing.approvals import Request, approvals, ask
from app.editing.purged import PurgeList
from app.instance.workspace import Workspace

SHORTEST_REASON = 8
STORY = "story/"
"""What a story's slug is written after, to tell it from the id of an incident."""


def purge(
    workspace: Workspace,
    ref: str,
    reason: str,
    author: Author,
    *,
    beside: Sequence[Change] = (),
) -> Head:
    """Erase all that an incident, or a story, ever held; marks with the reason stay in the chain.

    With an incident go what its attachments say, those of their files that no other record has, and
    requests about it that wait or waited for a second person.

    `ref` is the id of an incident, or `story/` and a slug. The reason stays for ever, and everybody
    who checks the record reads it: it must not repeat what it erases. Copies outside this instance
    (backups, exports, caches) are not reached.

    Raises:
        NotFound: no incident of that id, or no story of that slug.
        InputError: a reason that is too short, or everything was erased before.
        StoreBusy: somebody changed the incident meanwhile, and nothing was erased; or somebody
            reads the record, and a second purge removes what is left of it.
    """
    _check(reason)
    past = _history(workspace, ref)
    attached, requests = _attached(workspace.store, past), _requests(workspace.store, past)
    names = _archived_names(attached)

    def erase(history: list[Revision], beside: Sequence[Change] = ()) -> Head | None:
        mark = _Mark(str(uuid4()), reason.strip())
        return _erase(workspace.store, history, mark, author, beside)

    heads = [erase(past, beside), *(erase(history) for history in (*attached, *requests))]
    for name in names - _archived_names([workspace.store.latest(Subject.attachment)]):
        (workspace.archive / name).unlink(missing_ok=True)
    _remove_copies(workspace)  # also when an earlier purge ended before it did so
    written = [head for head in heads if head is not None]
    if not written:
        raise InputError(past[0].subject, ref, "one that was not erased before")
    return written[-1]


def _attached(store: Store, past: list[Revision]) -> list[list[Revision]]:
    """Return the histories of an incident's attachments."""
    if past[0].subject is not Subject.incident:
        return []
    number = past[0].key.partition("/")[2]
    keys = store.current(Subject.attachment, f"{number}/")
    return [store.history(Subject.attachment, key) for key in sorted(keys)]


def _requests(store: Store, past: list[Revision]) -> list[list[Revision]]:
    """Return the histories of the requests that hold what an incident, or its files, would say."""
    slug, _, number = past[0].key.partition("/")
    standing = [one.approval for one in approvals(store)]
    about = [
        one.id for one in standing if one.change and (one.dataset, one.target) == (slug, number)
    ]
    return [store.history(Subject.approval, one) for one in about]


def _archived_names(histories: Iterable[Iterable[Revision]]) -> set[str]:
    """Return the names in the archive that attachments give: of originals and covered copies."""
    payloads = (one.payload for past in histories for one in past if one.payload is not None)
    files = (msgspec.json.decode(payload, type=Attachment) for payload in payloads)
    return {name for file in files for name in (file.sha256, file.copy) if name}


def purge_or_ask(workspace: Workspace, ref: str, reason: str, author: Author) -> Head | Approval:
    """Erase as `purge` does, or ask for a second person where the incident's dataset wants two.

    A story has no dataset; one person erases it.
    """
    _check(reason)
    past = _history(workspace, ref)
    slug = past[0].key.partition("/")[0]
    dataset = workspace.state().datasets.get(slug)
    needs_two = past[0].subject is Subject.incident and dataset and dataset.two_persons
    if not needs_two or all(one.payload is None for one in past):
        return purge(workspace, ref, reason, author)  # erased before: the copies that are left
    request = Request(ApprovalKind.purge, slug, past[0].key.partition("/")[2], "", needs_two=True)
    return ask(workspace, request, author, author.actor, reason.strip())


def _check(reason: str) -> None:
    if len(reason.strip()) < SHORTEST_REASON:
        allowed = f"why it is erased, in {SHORTEST_REASON} characters or more, without its content"
        raise InputError("reason", reason, allowed)


def _remove_copies(workspace: Workspace) -> None:
    """Remove what is erased from the index and from the record's log."""
    workspace.index.generations.forget()
    workspace.store.clear_log()


def purge_again(store: Store, purged: PurgeList, author: Author) -> int:
    """Erase what a list names in a record from before its purges; return how many were erased.

    A purge whose mark the record has is done: what was written under the same key since then is
    another content. Tokens that the list names are revoked as well.
    """
    marked, count = {mark.key for mark in store.latest(Subject.erasure)}, 0
    for one in purged.purges:
        if one.id not in marked:
            past = store.history(Subject(one.subject), one.key)
            count += _erase(store, past, _Mark(one.id, one.reason), author) is not None
    for token in store.tokens():
        if token.revoked_at is None and token.id in purged.revoked:
            store.revoke_token(token.id, purged.revoked[token.id], author.actor)
    return count


class _Mark(NamedTuple):
    """The number of a purge, and why."""

    number: str
    reason: str


def _erase(
    store: Store,
    past: list[Revision],
    mark: _Mark,
    author: Author,
    beside: Sequence[Change] = (),
) -> Head | None:
    """Erase the payloads of one history, with a mark of this number; None if there are none."""
    seqs = tuple(one.seq for one in past if one.payload is not None)
    if not seqs:
        return None
    erasure = Erasure(past[0].subject, past[0].key, seqs, mark.reason)
    change = Change(Subject.erasure, mark.number, Action.add, canonical(erasure))
    return store.erase(seqs, change, author.entry(f"purge: {mark.reason}"), beside)


def _history(workspace: Workspace, ref: str) -> list[Revision]:
    if ref.startswith(STORY):
        if past := workspace.store.history(Subject.story, ref.removeprefix(STORY)):
            return past
        raise NotFound(f"There is no story {ref.removeprefix(STORY)[:60]!r}.")
    try:
        number = str(UUID(ref))
    except ValueError as wrong:
        raise InputError("incident", ref, f"an incident's id, a UUID, or {STORY}SLUG") from wrong
    for slug in workspace.state().datasets:
        if past := workspace.store.history(Subject.incident, f"{slug}/{number}"):
            return past
    raise NotFound(f"There is no incident {ref!r}.")
