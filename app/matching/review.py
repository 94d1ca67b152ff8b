"""A person decides whether records are of one strike, with a reason and a name, and undoes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

import msgspec

from app.domain.account import Holder, Role
from app.domain.errors import DoneBefore, NotFound
from app.domain.fields import incident_values
from app.domain.incident import Status, decode_incident
from app.domain.merge import How, Member, Merge, Pair, merge_id
from app.domain.revision import Action, Change, Revision, Subject, canonical, checked_reason
from app.domain.store import Entry
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.matching.decisions import Decision, decisions, waiting_pairs


@dataclass(frozen=True)
class Reviewer:
    """One person who decides, at one time; each decision has a reason and a name."""

    workspace: Workspace
    holder: Holder
    now: datetime

    def waiting(self, limit: int) -> dict[str, object]:
        """List pairs that wait, and the newest decisions, each with its records side by side.

        Raises:
            NotAllowed: only a reviewer reads them, and only pairs in their scope.
        """
        allow(self.holder, Role.reviewer)
        store = self.workspace.store
        decided = decisions(store)
        pairs = [pair for pair in waiting_pairs(store, decided) if self._covers(pair.members)]
        newest = sorted(decided.values(), key=lambda one: -one.seq)
        standing = [
            one.merge for one in newest if not one.is_undone and self._covers(one.merge.members)
        ]
        return {
            "pending": len(pairs),
            "pairs": [self._row(pair.id, pair) for pair in pairs[:limit]],
            "decided": [
                {
                    **self._row(merge.id, merge),
                    "is_same": merge.is_same,
                    "how": merge.how.value,
                    "by": merge.by,
                }
                for merge in standing[:limit]
            ],
        }

    def _covers(self, members: Iterable[Member]) -> bool:
        return all(self.holder.covers(member.dataset) for member in members)

    def _row(self, number: str, pair: Pair | Merge) -> dict[str, object]:
        return {
            "id": number,
            "score": pair.score,
            "reasons": msgspec.to_builtins(pair.reasons),
            "records": [self._record(member) for member in pair.members],
        }

    def _record(self, member: Member) -> dict[str, object]:
        fields: dict[str, object] = {"id": member.key.partition("/")[2], "dataset": member.dataset}
        past = self.workspace.store.history(Subject.incident, member.key)
        if past and past[-1].payload is not None:
            fields["fields"] = incident_values(decode_incident(past[-1].payload))
        return fields

    def decide(self, number: str, reason: object, *, is_same: bool) -> Merge:
        """Decide about a pair that waits, or that was decided before.

        Raises:
            NotFound: no pair has the id.
            DoneBefore: it was decided so already.
            InputError: no reason.
            NotAllowed: only a reviewer of both datasets decides.
        """
        decided = decisions(self.workspace.store)
        decision = decided.get(number)
        if decision is not None:
            self._allow(decision.merge)
        if decision is not None and not decision.is_undone and decision.merge.is_same == is_same:
            raise DoneBefore(f"The pair {number} was decided so already.")
        merge = self._merge(number, decided, is_same=is_same)
        return self._write(merge, Action.amend if decision else Action.add, reason, decision)

    def join(self, keys: Iterable[str], reason: object) -> Merge:
        """Merge any records that a person knows to be of one strike, by key.

        Raises:
            NotFound: one of them is not in the record, or is retracted.
            InputError: fewer than two, or no reason.
        """
        members = tuple(sorted(self._member(key) for key in set(keys)))
        number = merge_id(members)
        decision = decisions(self.workspace.store).get(number)
        merge = Merge(id=number, members=members, how=How.reviewed, by=self.holder.actor)
        return self._write(merge, Action.amend if decision else Action.add, reason, decision)

    def undo(self, number: str, reason: object) -> Merge:
        """Take a decision back, whoever made it; the pair waits for a person again.

        Raises:
            NotFound: no decision has the id.
            DoneBefore: it was taken back already.
        """
        decision = decisions(self.workspace.store).get(number)
        if decision is None:
            raise NotFound(f"There is no merge {number[:60]!r}: `strikemap match list` names them.")
        self._allow(decision.merge)
        if decision.is_undone:
            raise DoneBefore(f"The merge {number} was undone already.")
        return self._write(decision.merge, Action.retract, reason, decision)

    def _merge(self, number: str, decided: Mapping[str, Decision], *, is_same: bool) -> Merge:
        actor = self.holder.actor
        for pair in waiting_pairs(self.workspace.store, decided):
            if pair.id == number:
                return Merge.of(pair, How.reviewed, actor, is_same=is_same)
        if number not in decided:
            raise NotFound(f"No pair {number[:60]!r} waits for a decision.")
        changes = {"how": How.reviewed, "by": actor, "is_same": is_same}
        return msgspec.structs.replace(decided[number].merge, **changes)

    def _member(self, key: str) -> Member:
        past = self.workspace.store.history(Subject.incident, key)
        if not past or past[-1].payload is None or _is_retracted(past[-1]):
            raise NotFound(f"No record {key[:120]!r} stands.")
        return Member(key, past[0].seq)

    def _allow(self, merge: Merge) -> None:
        for member in merge.members:
            allow(self.holder, Role.reviewer, member.dataset)

    def _write(
        self, merge: Merge, action: Action, reason: object, decision: Decision | None
    ) -> Merge:
        self._allow(merge)
        entry = Entry(self.now, self.holder.actor, checked_reason(reason))
        replaces = None if decision is None else decision.seq
        change = Change(Subject.merge, merge.id, action, canonical(merge), replaces=replaces)
        self.workspace.store.write([change], entry, {})
        self.workspace.index.after_write()
        return merge


def _is_retracted(revision: Revision) -> bool:
    assert revision.payload is not None  # noqa: S101  the caller checks it
    return decode_incident(revision.payload).status is Status.retracted
