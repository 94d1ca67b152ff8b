"""Undoing an import: what it added is retracted, what it amended returns; nothing is erased."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from app.domain.account import Holder, Role
from app.domain.errors import DoneBefore, NotFound
from app.domain.incident import Incident, Status
from app.domain.revision import Action, Change, Revision, Subject, canonical
from app.domain.store import Current, Entry, Store
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.intake.spool import import_number

MOST_NAMED = 1000

_INCIDENT = msgspec.json.Decoder(Incident)


class Left(msgspec.Struct, frozen=True):
    """A record that an undo leaves as it is, with who changed it since."""

    key: str
    revision: int
    by: str
    why: str


class Undone(msgspec.Struct, kw_only=True):
    """What an undo did; `left` names at most a thousand of `left_count`."""

    id: str
    dataset: str
    retracted: int = 0
    restored: int = 0
    left_count: int = 0
    left: list[Left] = []
    version: int | None = None


def undo_import(
    workspace: Workspace, number: str, holder: Holder, *, now: datetime, force: bool = False
) -> Undone:
    """Undo a whole import in one transaction: nothing is erased, the record grows by revisions.

    What the import added is retracted, what it amended returns to what it was before. A record
    that was changed since is left and named, unless `force`.

    Raises:
        NotFound: no import has the id.
        DoneBefore: it was undone already.
        NotAllowed: an editor undoes their own imports, a reviewer any, and only an admin forces.
    """
    number, store = import_number(number), workspace.store
    past = store.history(Subject.report, number)
    if not past or past[-1].payload is None:
        raise NotFound(f"There is no import {number!r} in the record.")
    told = msgspec.json.decode(past[-1].payload)
    dataset = str(told["dataset"])
    is_own = past[0].actor == holder.actor
    wanted = Role.admin if force else Role.editor if is_own else Role.reviewer
    allow(holder, wanted, dataset)
    if past[-1].action is Action.retract:
        raise DoneBefore(f"The import {number} was undone already.")
    undoing = _Undoing(store, Undone(id=number, dataset=dataset), force)
    changes = undoing.changes(past, told)
    head = store.write(changes, Entry(now, holder.actor, f"undo of import {number}"), {})
    undoing.undone.version = head.seq
    workspace.index.after_write()
    return undoing.undone


@dataclass
class _Undoing:
    """Walks the revisions that an import made and says how each is taken back."""

    store: Store
    undone: Undone
    force: bool
    _current: dict[Subject, dict[str, Current]] = field(default_factory=dict)

    def changes(self, past: list[Revision], told: dict[str, Any]) -> Iterator[Change]:
        """Yield what takes the import back, and last the report's own mark that it was undone."""
        prefix = f"{self.undone.dataset}/"
        for subject in (Subject.incident, Subject.control, Subject.wave):
            self._current[subject] = self.store.current(subject, prefix)
        first, last = self.store.span(past[0].seq)
        for revision in self.store.revisions(first - 1, last):
            if revision.subject in self._current:
                change = self._taken_back(revision)
                if change is not None:
                    yield change
        fates = {"retracted": self.undone.retracted, "restored": self.undone.restored}
        payload = canonical({**told, "undone": {**fates, "left": self.undone.left_count}})
        key, newest = self.undone.id, past[-1].seq
        yield Change(Subject.report, key, Action.retract, payload, replaces=newest)

    def _taken_back(self, revision: Revision) -> Change | None:
        known = self._current[revision.subject].get(revision.key)
        if known is None:
            return None
        if known.seq != revision.seq:
            if not self.force:
                self._leave(revision.key, known.seq)
                return None
            if revision.action is Action.add and known.is_retracted:
                return None
        if revision.action is Action.add:
            return self._retracted(revision, known)
        return self._restored(revision, known)

    def _leave(self, key: str, seq: int) -> None:
        self.undone.left_count += 1
        if len(self.undone.left) < MOST_NAMED:
            made = self.store.by_seq([seq])[0]
            self.undone.left.append(Left(key, seq, made.actor, made.reason))

    def _retracted(self, revision: Revision, known: Current) -> Change | None:
        newest = revision if known.seq == revision.seq else self.store.by_seq([known.seq])[0]
        if newest.payload is None:
            self._leave(revision.key, known.seq)
            return None
        payload = newest.payload
        if revision.subject is Subject.incident:
            incident = _INCIDENT.decode(payload)
            payload = canonical(msgspec.structs.replace(incident, status=Status.retracted))
        self.undone.retracted += 1
        at = known.seq
        return Change(revision.subject, revision.key, Action.retract, payload, replaces=at)

    def _restored(self, revision: Revision, known: Current) -> Change | None:
        before = self.store.by_seq([revision.prior or 0])
        if not before or before[0].payload is None:  # erased since: it cannot come back
            self._leave(revision.key, known.seq)
            return None
        self.undone.restored += 1
        gone = before[0].action is Action.retract
        action = Action.retract if gone else Action.amend
        at, payload = known.seq, before[0].payload
        return Change(revision.subject, revision.key, action, payload, replaces=at)
