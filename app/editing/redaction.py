"""Redact a record's free text: by a reviewer, with a public reason, in force at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeVar

import msgspec

from app.domain.account import Holder, Role
from app.domain.approval import Approval, ApprovalKind
from app.domain.errors import InputError
from app.domain.redaction import Reason, Redaction, TextPart, hidden_parts
from app.domain.revision import Action, Change, Revision, Subject, canonical, checked_reason
from app.domain.store import Author
from app.editing.approvals import Request, write_or_ask
from app.editing.edits import Editor
from app.instance.tokens import allow
from app.instance.workspace import Workspace

Word = TypeVar("Word", bound=StrEnum)


@dataclass(frozen=True)
class Redactor:
    """One reviewer who hides text from the public, and shows it again, at one time."""

    workspace: Workspace
    holder: Holder
    now: datetime

    def redact(
        self, ref: str, texts: Sequence[str], code: str, reason: str
    ) -> Redaction | Approval:
        """Hide parts of a record; what was hidden before is replaced by this.

        Hiding less than before waits for a second person where the dataset wants two.

        Raises:
            NotFound: there is no such record in the holder's scope.
            InputError: a part or a code that no list has, no part at all, or no reason.
            NotAllowed: only a reviewer redacts.
        """
        key = self._key(ref)
        parts = tuple(dict.fromkeys(_word(TextPart, "texts", text) for text in texts))
        if not parts:
            raise InputError("texts", "none", f"one or more of {', '.join(TextPart)}")
        redaction = Redaction(key, parts, _word(Reason, "code", code))
        return self._write(redaction, self._past(key), reason, gone=False) or redaction

    def lift(self, ref: str, reason: str) -> Approval | None:
        """Show a record's text again, or ask for a second person where the dataset wants two.

        Raises:
            InputError: nothing of it is redacted, or no reason.
            StoreBusy: somebody redacted it anew meanwhile; it stays hidden.
        """
        key = self._key(ref)
        past = self._past(key)
        if not past or past[-1].action is Action.retract or past[-1].payload is None:
            raise InputError("incident", ref, "one of which something is redacted")
        standing = msgspec.json.decode(past[-1].payload, type=Redaction)
        return self._write(standing, past, reason, gone=True)

    def hidden(self, ref: str) -> dict[str, str]:
        """List the parts of a record that the public does not see, with the reason of each."""
        return hidden_parts(self.workspace.state().redactions, self._key(ref, Role.viewer))

    def _past(self, key: str) -> Sequence[Revision]:
        return self.workspace.store.history(Subject.redaction, key)

    def _key(self, ref: str, role: Role = Role.reviewer) -> str:
        incident, _revision = Editor(self.workspace, self.holder, self.now).read(ref)
        allow(self.holder, role, incident.dataset)
        return f"{incident.dataset}/{incident.id}"

    def _write(
        self, redaction: Redaction, past: Sequence[Revision], reason: str, *, gone: bool
    ) -> Approval | None:
        """Write after what was read: another's later redaction is never undone unseen.

        Where showing a part waits for a second person, what is newly hidden is hidden at once.
        """
        text, author = checked_reason(reason), Author(self.holder.actor, self.now)
        newest = past[-1].seq if past else None
        slug, _, number = redaction.key.partition("/")
        dataset, hidden = self.workspace.state().datasets[slug], _hidden(past)
        remaining = () if gone else redaction.texts
        shown = [part for part in hidden if part not in remaining]
        needs_two = bool(shown) and dataset.two_persons
        if needs_two and not set(remaining) <= set(hidden):
            parts = tuple(dict.fromkeys((*hidden, *remaining)))
            both = Redaction(redaction.key, parts, redaction.code)
            change = Change(Subject.redaction, both.key, Action.amend, canonical(both), newest)
            newest = self.workspace.store.write([change], author.entry(text), {}).seq
        action = Action.retract if gone else Action.amend if past else Action.add
        change = Change(Subject.redaction, redaction.key, action, canonical(redaction), newest)
        request = Request(ApprovalKind.lift, slug, number, ", ".join(shown), needs_two, change)
        return write_or_ask(self.workspace, request, author, self.holder.identity, text)


def _hidden(past: Sequence[Revision]) -> tuple[TextPart, ...]:
    """List what is hidden now."""
    if not past or past[-1].action is Action.retract or past[-1].payload is None:
        return ()
    return msgspec.json.decode(past[-1].payload, type=Redaction).texts


def _word(kind: type[Word], name: str, text: str) -> Word:
    try:
        return kind(text)
    except ValueError as wrong:
        raise InputError(name, text, f"one of {', '.join(kind)}") from wrong
