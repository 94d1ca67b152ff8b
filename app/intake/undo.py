"""Undoing an import: what it added is retracted, what it amended returns; nothing is erased."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from app.domain.account import Holder, Role
from app.domain.errors import DoneBefore, NotFound
from app.domain.incident import Status, decode_incident
from app.domain.purges import UnlessPurged
from app.domain.revision import Action, Change, Revision, Subject, canonical
from app.domain.store import Current, Entry, Store
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.intake.spool import import_number

MOST_NAMED = 1000


class SkippedRecord(msgspec.Struct, frozen=True):
    """A record that an undo does not change, with who changed it since the import."""

    key: str
    revision: int
    by: str
    why: str


class Undone(msgspec.Struct, kw_only=True):
    """The result of an undo; `left` names at most a thousand of `left_count`."""

    id: str
    dataset: str
    retracted: int = 0
    restored: int = 0
    left_count: int = 0
    left: list[SkippedRecord] = []
    version: int | None = None


def undo_import(
    workspace: Workspace, number: str, holder: Holder, *, now: datetime, force: bool = False
) -> Undone:
    """Undo a whole import in one transaction: nothing is erased, the record gets new revisions.

    What the import added is retracted, what it amended returns to what it was before. A record
    that was changed since stays as it is and is named, unless `force`.

    Raises:
        NotFound: no import has the id.
        DoneBefore: it was undone already.
        NotAllowed: an editor undoes their own imports, a reviewer any, and only an admin forces.
    """
    number, store = import_number(number), workspace.store
    unless_purged = UnlessPurged(store)
    past = store.history(Subject.report, number)
    if not past or past[-1].payload is None:
        raise NotFound(f"There is no import {number!r} in the record.")
    report = msgspec.json.decode(past[-1].payload)
    dataset = str(report["dataset"])
    is_own = past[0].actor == holder.actor
    role = Role.admin if force else Role.editor if is_own else Role.reviewer
    allow(holder, role, dataset)
    if past[-1].action is Action.retract:
        raise DoneBefore(f"The import {number} was undone already.")
    undo = _Undo(store, Undone(id=number, dataset=dataset), force)
    changes = unless_purged(undo.changes(past, report))
    head = store.write(changes, Entry(now, holder.actor, f"undo of import {number}"), {})
    undo.undone.version = head.seq
    workspace.index.after_write()
    return undo.undone


@dataclass
class _Undo:
    """Walks the revisions that an import made and reverses each."""

    store: Store
    undone: Undone
    force: bool
    _current: dict[Subject, dict[str, Current]] = field(default_factory=dict)

    def changes(self, past: list[Revision], report: dict[str, Any]) -> Iterator[Change]:
        """Yield the changes that reverse the import; the last one marks its report as undone."""
        prefix = f"{self.undone.dataset}/"
        for subject in (Subject.incident, Subject.control, Subject.wave):
            self._current[subject] = self.store.current(subject, prefix)
        first, last = self.store.span(past[0].seq)
        for revision in self.store.revisions(first - 1, last):
            if revision.subject in self._current:
                change = self._reversed(revision)
                if change is not None:
                    yield change
        fates = {"retracted": self.undone.retracted, "restored": self.undone.restored}
        payload = canonical({**report, "undone": {**fates, "left": self.undone.left_count}})
        key, newest = self.undone.id, past[-1].seq
        yield Change(Subject.report, key, Action.retract, payload, replaces=newest)

    def _reversed(self, revision: Revision) -> Change | None:
        current = self._current[revision.subject].get(revision.key)
        if current is None:
            return None
        if current.seq != revision.seq:
            if not self.force:
                self._skip(revision.key, current.seq)
                return None
            if revision.action is Action.add and current.is_retracted:
                return None
        if revision.action is Action.add:
            return self._retracted(revision, current)
        return self._restored(revision, current)

    def _skip(self, key: str, seq: int) -> None:
        self.undone.left_count += 1
        if len(self.undone.left) < MOST_NAMED:
            newest = self.store.by_seq([seq])[0]
            self.undone.left.append(SkippedRecord(key, seq, newest.actor, newest.reason))

    def _retracted(self, revision: Revision, current: Current) -> Change | None:
        newest = revision if current.seq == revision.seq else self.store.by_seq([current.seq])[0]
        if newest.payload is None:
            self._skip(revision.key, current.seq)
            return None
        payload = newest.payload
        if revision.subject is Subject.incident:
            incident = decode_incident(payload)
            payload = canonical(msgspec.structs.replace(incident, status=Status.retracted))
        self.undone.retracted += 1
        at = current.seq
        return Change(revision.subject, revision.key, Action.retract, payload, replaces=at)

    def _restored(self, revision: Revision, current: Current) -> Change | None:
        before = self.store.by_seq([revision.prior or 0])
        if not before or before[0].payload is None:  # erased since: it cannot come back
            self._skip(revision.key, current.seq)
            return None
        self.undone.restored += 1
        gone = before[0].action is Action.retract
        action = Action.retract if gone else Action.amend
        at, payload = current.seq, before[0].payload
        return Change(revision.subject, revision.key, action, payload, replaces=at)
