"""Changes that wait for a second person, where a dataset asks for two.

A request is a revision of its own; what it asks for is written when somebody else approves it, in
the same transaction as the approval. Until then nothing of it is in force.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from app.domain.revision import Action, Change, Subject


class ApprovalKind(StrEnum):
    """What needs a second person: what shows more to the public, and what cannot be undone."""

    lift = "lift"
    terms = "terms"
    purge = "purge"


class ApprovalState(StrEnum):
    """What became of a request."""

    waiting = "waiting"
    approved = "approved"
    refused = "refused"


class Approval(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A request, and the decision on it; `target` is a record's id, or the dataset itself.

    `change` is what is written at the approval, but for a purge, which erases what it finds then.
    """

    id: str
    kind: ApprovalKind
    dataset: str
    target: str
    reason: str
    asked_by: str
    identity: str
    """Who asked, as it stays when they are renamed: this person cannot approve it."""

    summary: str = ""
    """What would change, in the words of the interface's codes: parts of a record, or a licence."""

    change: WaitingChange | None = None
    state: ApprovalState = ApprovalState.waiting
    decided_by: str | None = None
    decided_why: str | None = None


class WaitingChange(msgspec.Struct, frozen=True):
    """A change that is not written yet; a later one of the same subject makes it void."""

    subject: Subject
    key: str
    action: Action
    payload: str
    replaces: int | None

    @classmethod
    def of(cls, change: Change) -> WaitingChange:
        """Put a change aside."""
        text = change.payload.decode()
        return cls(change.subject, change.key, change.action, text, change.replaces)

    def change(self) -> Change:
        """Return the change to write."""
        return Change(self.subject, self.key, self.action, self.payload.encode(), self.replaces)
