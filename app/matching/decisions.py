"""Deciding that records of several datasets tell of one strike: by score, by a person; undoing it.

Members are never touched: a decision is a record of its own. Two records of one dataset are never
merged by score, and what a person decided or undid is never decided otherwise by a later run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from typing import Any, NamedTuple

import msgspec

from app.domain.account import Holder, Role
from app.domain.errors import DoneBefore, InputError, NotFound
from app.domain.fields import incident_values
from app.domain.incident import Incident, Status
from app.domain.merge import How, Matching, Member, Merge, Pair, groups, matching_key, merge_id
from app.domain.revision import Action, Change, Revision, Subject, canonical, checked_reason
from app.domain.store import Entry, Store
from app.domain.terms import Dataset, DatasetKind
from app.index.build import State
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.matching.candidates import Side
from app.matching.scores import score_pairs

THRESHOLD = 54
"""From this score on a pair is merged without a person: precision on labelled pairs is over 0.98,
doubtful labels counted as wrong (`docs/matching.md`; `tests/matching/test_scores.py`)."""

REVIEW = 40
"""From this score on a person is asked."""

MOST_PENDING = 2_000
BY_SCORE = "merged by score"

_MERGE = msgspec.json.Decoder(Merge)
_MATCHING = msgspec.json.Decoder(Matching)
_INCIDENT = msgspec.json.Decoder(Incident)


class MatchReport(msgspec.Struct, kw_only=True):
    """What a run found: `merged` is new, `kept` are pairs that were decided before."""

    datasets: tuple[str, str]
    dry_run: bool
    candidates: int
    merged: int
    kept: int
    pending: int
    threshold: int
    review: int
    pairs: list[Pair] = []
    version: int | None = None


class Decided(NamedTuple):
    """A decision as it stands: the merge, its revision, and whether it was taken back."""

    merge: Merge
    seq: int
    is_undone: bool


def match_datasets(
    workspace: Workspace,
    slugs: tuple[str, str],
    holder: Holder,
    *,
    now: datetime,
    dry_run: bool = False,
) -> MatchReport:
    """Compare two datasets, merge the pairs that are sure, and keep the doubtful ones for review.

    One transaction; a second run over the same records writes nothing.

    Raises:
        InputError: no such datasets, or two that cannot tell of the same strikes.
        NotAllowed: only a reviewer of both datasets merges.
    """
    state, store = workspace.state(), workspace.store
    slugs = (min(slugs), max(slugs))
    theatre = _comparable(state, slugs)
    for slug in slugs:
        allow(holder, Role.reviewer, slug)
    weapons = workspace.reference.taxonomy.weapons
    plane = workspace.reference.plane(theatre)
    one, other = (Side.of(state, slug, plane, weapons) for slug in slugs)
    decided = decisions(store)
    found = score_pairs(store, (one, other), least=REVIEW, always=_pairs_of(decided))
    board = _Board.of(decided)
    for pair in found.pairs:
        board.place(pair)
    matching = Matching(
        datasets=slugs,
        upto=_newest(state, slugs),
        threshold=THRESHOLD,
        review=REVIEW,
        candidates=found.candidates,
        merged=len(board.merged) + board.kept,
        pending_count=len(board.pending),
        pending=tuple(board.pending[:MOST_PENDING]),
    )
    report = MatchReport(
        datasets=slugs,
        dry_run=dry_run,
        candidates=found.candidates,
        merged=len(board.merged),
        kept=board.kept,
        pending=len(board.pending),
        threshold=THRESHOLD,
        review=REVIEW,
        pairs=board.merged,
    )
    changes = [_added(Merge.of(pair, How.automatic, holder.actor)) for pair in board.merged]
    changes += _matching_change(store, matching)
    if changes and not dry_run:
        head = store.write(
            changes, Entry(now, holder.actor, f"{BY_SCORE}: {' + '.join(slugs)}"), {}
        )
        report.version = head.seq
        workspace.index.after_write()
    return report


def _pairs_of(decided: Mapping[str, Decided]) -> set[tuple[str, ...]]:
    """Name the pairs that were decided: they are placed whatever their score."""
    members = (one.merge.members for one in decided.values())
    return {tuple(sorted(member.key for member in some)) for some in members}


def _comparable(state: State, slugs: tuple[str, str]) -> str:
    """Check that two datasets may hold the same strikes; return their theatre."""
    known = {slug: one for slug, one in state.datasets.items() if one.kind is DatasetKind.incidents}
    found: list[Dataset] = []
    for slug in slugs:
        if slug not in known:
            raise InputError(
                "dataset", slug, ", ".join(sorted(known)) or "none holds incidents yet"
            )
        found.append(known[slug])
    one, other = found
    if one is other:
        raise InputError("datasets", " and ".join(slugs), "two different ones")
    if one.theatre != other.theatre or one.synthetic != other.synthetic:
        got = f"{one.slug} and {other.slug}"
        raise InputError("datasets", got, "two of one theatre, both real or both invented")
    return one.theatre


def _newest(state: State, slugs: Iterable[str]) -> int:
    """Return the newest revision of some datasets' incidents."""
    numbers = [state.tables.datasets.index(s) for s in slugs if s in state.tables.datasets]
    newest = 0
    for segment in state.segments:
        for number in numbers:
            of = segment.rows["dataset"] == number
            newest = max(newest, int(segment.rows["seq"][of].max(initial=0)))
    return newest


def _added(merge: Merge) -> Change:
    return Change(Subject.merge, merge.id, Action.add, canonical(merge))


def _matching_change(store: Store, matching: Matching) -> list[Change]:
    """Write down that a pair was compared, unless that is what the record says already."""
    past, payload = store.history(Subject.matching, matching.key), canonical(matching)
    if past and past[-1].payload == payload:
        return []
    action = Action.amend if past else Action.add
    return [Change(Subject.matching, matching.key, action, payload)]


@dataclass
class _Board:
    """Places pairs, best first: merged, left for a person, or passed over."""

    decided: Mapping[str, Decided]
    apart: set[frozenset[str]]
    together: dict[str, set[str]]
    merged: list[Pair] = field(default_factory=list)
    pending: list[Pair] = field(default_factory=list)
    kept: int = 0

    @classmethod
    def of(cls, decided: Mapping[str, Decided]) -> _Board:
        """Begin with what was decided before."""
        standing = [one.merge for one in decided.values() if not one.is_undone]
        together: dict[str, set[str]] = {}
        for group in groups(merge.members for merge in standing if merge.is_same):
            keys = {member.key for member in group}
            together.update(dict.fromkeys(keys, keys))
        apart = {
            frozenset((a.key, b.key))
            for merge in standing
            if not merge.is_same
            for a, b in combinations(merge.members, 2)
        }
        return cls(decided, apart, together)

    def place(self, pair: Pair) -> None:
        """Decide about the next best pair."""
        known = self.decided.get(pair.id)
        if known is not None and not known.is_undone:
            self.kept += known.merge.is_same
            return
        joined = self._joined(pair)
        if not self._may_join(joined):
            return
        if pair.score >= THRESHOLD and known is None:
            self.merged.append(pair)
            self.together.update(dict.fromkeys(joined, joined))
        elif pair.score >= REVIEW:
            self.pending.append(pair)

    def _joined(self, pair: Pair) -> set[str]:
        keys = (member.key for member in pair.members)
        return {other for key in keys for other in self.together.get(key, {key})}

    def _may_join(self, joined: set[str]) -> bool:
        """Tell whether a group would hold one record per dataset, and none that a person parted."""
        datasets = {key.partition("/")[0] for key in joined}
        if len(datasets) < len(joined):
            return False
        return not any(frozenset(two) in self.apart for two in combinations(joined, 2))


def decisions(store: Store) -> dict[str, Decided]:
    """Read every decision about records, by id; those that were taken back say so."""
    return {
        one.key: Decided(_MERGE.decode(one.payload), one.seq, one.action is Action.retract)
        for one in store.latest(Subject.merge)
        if one.payload is not None
    }


def matchings(store: Store) -> list[Matching]:
    """List which pairs of datasets were compared, and what was left for a person."""
    found = (one.payload for one in store.latest(Subject.matching))
    return [_MATCHING.decode(payload) for payload in found if payload is not None]


def pending_pairs(store: Store) -> list[Pair]:
    """List the pairs that wait for a person, best first; what was decided since is left out."""
    board = _Board.of(decisions(store))
    pairs = [pair for matching in matchings(store) for pair in matching.pending]
    waiting = []
    for pair in sorted(pairs, key=lambda one: (-one.score, one.members)):
        known = board.decided.get(pair.id)
        is_open = known is None or known.is_undone
        if is_open and board._may_join(board._joined(pair)):  # noqa: SLF001  its own room
            waiting.append(pair)
    return waiting


@dataclass(frozen=True)
class Reviewing:
    """Where one person decides, at one time; each decision has a reason and a name."""

    workspace: Workspace
    holder: Holder
    now: datetime

    def waiting(self, limit: int) -> dict[str, Any]:
        """List pairs that wait, and the newest decisions, each with its records side by side.

        Raises:
            NotAllowed: only a reviewer reads them; only pairs in their scope are listed.
        """
        allow(self.holder, Role.reviewer)
        store = self.workspace.store
        pairs = [pair for pair in pending_pairs(store) if self._covers(pair.members)]
        decided = sorted(decisions(store).values(), key=lambda one: -one.seq)
        standing = [
            one.merge for one in decided if not one.is_undone and self._covers(one.merge.members)
        ]
        return {
            "pending": len(pairs),
            "pairs": [self._told(pair.id, pair) for pair in pairs[:limit]],
            "decided": [
                {
                    **self._told(merge.id, merge),
                    "is_same": merge.is_same,
                    "how": merge.how.value,
                    "by": merge.by,
                }
                for merge in standing[:limit]
            ],
        }

    def _covers(self, members: Iterable[Member]) -> bool:
        return all(self.holder.covers(member.dataset) for member in members)

    def _told(self, number: str, pair: Pair | Merge) -> dict[str, Any]:
        return {
            "id": number,
            "score": pair.score,
            "reasons": msgspec.to_builtins(pair.reasons),
            "records": [self._record(member) for member in pair.members],
        }

    def _record(self, member: Member) -> dict[str, Any]:
        told: dict[str, Any] = {"id": member.key.partition("/")[2], "dataset": member.dataset}
        past = self.workspace.store.history(Subject.incident, member.key)
        if past and past[-1].payload is not None:
            told["fields"] = incident_values(_INCIDENT.decode(past[-1].payload))
        return told

    def decide(self, number: str, reason: object, *, is_same: bool) -> Merge:
        """Decide about a pair that waits, or that was decided before.

        Raises:
            NotFound: no pair has the id.
            DoneBefore: it was decided so already.
            InputError: no reason.
            NotAllowed: only a reviewer of both datasets decides.
        """
        store = self.workspace.store
        known = decisions(store).get(number)
        if known is not None and not known.is_undone and known.merge.is_same == is_same:
            raise DoneBefore(f"The pair {number} was decided so already.")
        merge = self._merge(number, known, is_same=is_same)
        return self._write(merge, Action.amend if known else Action.add, reason, known)

    def join(self, keys: Iterable[str], reason: object) -> Merge:
        """Merge any records that a person knows to tell of one strike, by key.

        Raises:
            NotFound: one of them is not in the record, or is retracted.
            InputError: fewer than two, or no reason.
        """
        members = tuple(sorted(self._member(key) for key in set(keys)))
        number = merge_id(members)
        known = decisions(self.workspace.store).get(number)
        merge = Merge(id=number, members=members, how=How.reviewed, by=self.holder.actor)
        return self._write(merge, Action.amend if known else Action.add, reason, known)

    def undo(self, number: str, reason: object) -> Merge:
        """Take a decision back, whoever made it; the pair waits for a person again.

        Raises:
            NotFound: no decision has the id.
            DoneBefore: it was taken back already.
        """
        known = decisions(self.workspace.store).get(number)
        if known is None:
            raise NotFound(f"There is no merge {number[:60]!r}: `strikemap match list` names them.")
        if known.is_undone:
            raise DoneBefore(f"The merge {number} was undone already.")
        return self._write(known.merge, Action.retract, reason, known)

    def _merge(self, number: str, known: Decided | None, *, is_same: bool) -> Merge:
        actor, waiting = self.holder.actor, pending_pairs(self.workspace.store)
        for pair in waiting:
            if pair.id == number:
                return Merge.of(pair, How.reviewed, actor, is_same=is_same)
        if known is None:
            raise NotFound(f"No pair {number[:60]!r} waits for a decision.")
        changes = {"how": How.reviewed, "by": actor, "is_same": is_same}
        return msgspec.structs.replace(known.merge, **changes)

    def _member(self, key: str) -> Member:
        past = self.workspace.store.history(Subject.incident, key)
        if not past or past[-1].payload is None or _is_retracted(past[-1]):
            raise NotFound(f"No record {key[:120]!r} stands.")
        return Member(key, past[0].seq)

    def _write(self, merge: Merge, action: Action, reason: object, known: Decided | None) -> Merge:
        for member in merge.members:
            allow(self.holder, Role.reviewer, member.dataset)
        entry = Entry(self.now, self.holder.actor, checked_reason(reason))
        replaces = None if known is None else known.seq
        change = Change(Subject.merge, merge.id, action, canonical(merge), replaces=replaces)
        self.workspace.store.write([change], entry, {})
        self.workspace.index.after_write()
        return merge


def _is_retracted(revision: Revision) -> bool:
    assert revision.payload is not None  # noqa: S101  the caller looked
    return _INCIDENT.decode(revision.payload).status is Status.retracted


def is_compared(store: Store, slugs: Iterable[str]) -> bool:
    """Tell whether every pair of some datasets was compared."""
    known = {matching.key for matching in matchings(store)}
    return all(matching_key(*two) in known for two in combinations(slugs, 2))
