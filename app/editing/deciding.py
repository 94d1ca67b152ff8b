"""A second person decides: approves what another asked for, or refuses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from app.domain.account import Holder, Role
from app.domain.approval import Approval, ApprovalKind, ApprovalState
from app.domain.errors import DoneBefore, NotAllowed, NotFound, Outdated
from app.domain.revision import Action, Change, Subject, canonical, checked_reason
from app.domain.store import Author
from app.editing.approvals import Standing, approvals
from app.editing.erasure import purge
from app.editing.purged import purges_of, write_purged
from app.instance.tokens import allow
from app.instance.workspace import Workspace

ROLES: Mapping[ApprovalKind, Role] = {
    ApprovalKind.lift: Role.reviewer,
    ApprovalKind.terms: Role.admin,
    ApprovalKind.purge: Role.admin,
}
"""Who may approve a change, and refuse what another person asked for."""


@dataclass(frozen=True)
class Decider:
    """One person who decides at one time; `data_dir` is where the list of purges lies."""

    workspace: Workspace
    holder: Holder
    now: datetime
    data_dir: Path

    def standing(self) -> list[Standing]:
        """List the requests in the holder's scope, the newest first; an editor's own alone.

        Raises:
            NotAllowed: a viewer asks for nothing.
        """
        allow(self.holder, Role.editor)
        reads_all = self.holder.role.reaches(Role.reviewer)
        return [
            one
            for one in approvals(self.workspace.store)
            if self.holder.covers(one.approval.dataset)
            and (reads_all or self._is_own(one.approval))
        ]

    def may_approve(self, approval: Approval) -> bool:
        """Tell whether the holder is another person than who asked, with the role it needs."""
        return not self._is_own(approval) and self.holder.role.reaches(ROLES[approval.kind])

    def _is_own(self, approval: Approval) -> bool:
        return approval.identity == self.holder.identity

    def decide(self, number: str, reason: object, *, approve: bool) -> Approval:
        """Approve a request, which then is in force at once, or refuse it.

        Who asked cannot approve it, but may refuse it, which takes it back.

        Raises:
            NotFound: no request has the id.
            DoneBefore: it was decided already.
            Outdated: what it changes was changed since it was asked for.
            NotAllowed: the role or the scope is too small, or the same person asked for it.
            InputError: no reason.
        """
        standing = self._waiting(number)
        asked, why = standing.approval, checked_reason(reason)
        if approve or not self._is_own(asked):
            allow(self.holder, ROLES[asked.kind], asked.dataset)
        if approve and self._is_own(asked):
            raise NotAllowed(f"{self.holder.actor} asked for this: another person has to approve.")
        state = ApprovalState.approved if approve else ApprovalState.refused
        decided = msgspec.structs.replace(
            asked, state=state, decided_by=self.holder.actor, decided_why=why
        )
        mark = Change(Subject.approval, asked.id, Action.amend, canonical(decided), standing.seq)
        if not approve:
            self._write([mark], f"{asked.kind.value} refused: {why}")
        elif asked.kind is ApprovalKind.purge:
            self._purge(asked, mark)
        else:
            self._apply(asked, mark, why)
        return decided

    def _waiting(self, number: str) -> Standing:
        for standing in self.standing():
            if standing.approval.id == number:
                if standing.approval.state is not ApprovalState.waiting:
                    raise DoneBefore(f"The request {number} is {standing.approval.state} already.")
                return standing
        raise NotFound(f"There is no request {number[:60]!r} in your scope.")

    def _apply(self, asked: Approval, mark: Change, why: str) -> None:
        assert asked.change is not None  # noqa: S101  only a purge has none
        change = asked.change.change()
        current = self.workspace.store.history(change.subject, change.key)
        if current and change.replaces is not None and current[-1].seq != change.replaces:
            raise Outdated("It was changed since this was asked for: refuse it, and ask anew.")
        self._write([mark, change], f"{asked.reason} (asked by {asked.asked_by}; approved: {why})")

    def _purge(self, asked: Approval, mark: Change) -> None:
        author = Author(self.holder.actor, self.now)
        reason = f"{asked.reason} (asked by {asked.asked_by})"
        try:
            purge(self.workspace, asked.target, reason, author, beside=[mark])
        finally:  # what is erased is listed, also where a reader still holds a copy of it
            write_purged(self.data_dir, purges_of(self.workspace.store, self.now))

    def _write(self, changes: list[Change], reason: str) -> None:
        author = Author(self.holder.actor, self.now)
        self.workspace.store.write(changes, author.entry(reason), {})
        self.workspace.index.after_write()
