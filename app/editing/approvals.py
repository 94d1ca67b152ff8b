"""Asking for a second person: where a dataset wants two, a change is put aside until one agrees."""

from __future__ import annotations

from typing import NamedTuple
from uuid import uuid4

import msgspec

from app.domain.approval import Approval, ApprovalKind, WaitingChange
from app.domain.errors import DoneBefore
from app.domain.revision import Action, Change, Subject, canonical
from app.domain.store import Author, Store
from app.instance.workspace import Workspace

_APPROVAL = msgspec.json.Decoder(Approval)


class Request(NamedTuple):
    """What somebody wants to do: of what kind, to what, and the change itself, if it is one."""

    kind: ApprovalKind
    dataset: str
    target: str
    summary: str
    needs_two: bool
    change: Change | None = None


class Standing(NamedTuple):
    """A request as it stands, with the number of its newest revision."""

    approval: Approval
    seq: int


def write_or_ask(
    workspace: Workspace, request: Request, author: Author, identity: str, reason: str
) -> Approval | None:
    """Write a change, or put it aside where it needs two persons; return the request.

    Raises:
        DoneBefore: the same waits already.
        StoreBusy: somebody changed the same meanwhile; nothing was written.
    """
    if not request.needs_two and request.change is not None:
        workspace.store.write([request.change], author.entry(reason), {})
        workspace.index.after_write()
        return None
    return ask(workspace, request, author, identity, reason)


def ask(
    workspace: Workspace, request: Request, author: Author, identity: str, reason: str
) -> Approval:
    """Write a request for a second person.

    Raises:
        DoneBefore: the same waits already.
    """
    for standing in approvals(workspace.store):
        other = standing.approval
        if other.state == "waiting" and _is_same(other, request):
            raise DoneBefore(f"The same waits for a second person already: {other.id}.")
    change = None if request.change is None else WaitingChange.of(request.change)
    approval = Approval(
        id=str(uuid4()),
        kind=request.kind,
        dataset=request.dataset,
        target=request.target,
        reason=reason,
        asked_by=author.actor,
        identity=identity,
        summary=request.summary,
        change=change,
    )
    added = Change(Subject.approval, approval.id, Action.add, canonical(approval))
    workspace.store.write([added], author.entry(f"{request.kind.value} asked for: {reason}"), {})
    workspace.index.after_write()
    return approval


def _is_same(other: Approval, request: Request) -> bool:
    """Compare also what would change: two files of a record wait side by side."""
    before = other.change and (other.change.subject, other.change.key)
    after = request.change and (request.change.subject, request.change.key)
    target = (request.kind, request.target, request.summary)
    return (other.kind, other.target, other.summary) == target and before == after


def approvals(store: Store) -> list[Standing]:
    """List all requests, the newest first."""
    rows = sorted(store.latest(Subject.approval), key=lambda one: -one.seq)
    return [Standing(_APPROVAL.decode(one.payload), one.seq) for one in rows if one.payload]
