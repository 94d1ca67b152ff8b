"""Decisions that records of several datasets are of one strike: by score, by a person; undoing.

A decision is a record of its own and never changes its members. Two records of one dataset are
never merged by score, and a later run never changes what a person decided or undid.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from typing import NamedTuple

import msgspec

from app.domain.account import Holder, Role
from app.domain.errors import DoneBefore, InputError, NotFound
from app.domain.fields import incident_values
from app.domain.incident import Status, decode_incident
from app.domain.merge import How, Matching, Member, Merge, Pair, groups, merge_id
from app.domain.revision import Action, Change, Revision, Subject, canonical, checked_reason
from app.domain.store import Entry, Store
from app.domain.terms import Dataset, DatasetKind
from app.index.state import State
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.matching.candidates import Side
from app.matching.scores import score_pairs

THRESHOLD = 54
"""From this score on a pair is merged without a person: precision on labelled pairs is over 0.98,
doubtful labels counted as wrong (`docs/matching.md`; `tests/matching/test_scores.py`)."""

REVIEW = 40
"""From this score on a person decides."""

MOST_PENDING = 2_000
BY_SCORE = "merged by score"

_MERGE = msgspec.json.Decoder(Merge)
_MATCHING = msgspec.json.Decoder(Matching)


class MatchReport(msgspec.Struct, kw_only=True):
    """The result of a run: `merged` are new pairs, `kept` are pairs that were decided before."""

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


class Decision(NamedTuple):
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
    """Compare two datasets, merge the sure pairs, and let the doubtful ones wait for review.

    One transaction; a second run over the same records writes nothing.

    Raises:
        InputError: no such datasets, or two that cannot hold the same strikes.
        NotAllowed: only a reviewer of both datasets merges.
    """
    state, store = workspace.state(), workspace.store
    slugs = (min(slugs), max(slugs))
    theatre = _comparable(state, slugs)
    for slug in slugs:
        allow(holder, Role.reviewer, slug)
    weapons = workspace.reference.taxonomy.weapons
    plane = workspace.reference.plane(theatre)
    side, other = (Side.of(state, slug, plane, weapons) for slug in slugs)
    decided = decisions(store)
    scored = score_pairs(store, (side, other), least=REVIEW, always=_pairs_of(decided))
    sorter = _PairSorter.of(decided)
    for pair in scored.pairs:
        sorter.sort(pair)
    matching = _matching(state, slugs, scored.candidates, sorter)
    report = _report(matching, sorter, dry_run=dry_run)
    changes = [_added(Merge.of(pair, How.automatic, holder.actor)) for pair in sorter.merged]
    changes += _matching_change(store, matching)
    if changes and not dry_run:
        entry = Entry(now, holder.actor, f"{BY_SCORE}: {' + '.join(slugs)}")
        head = store.write(changes, entry, {})
        report.version = head.seq
        workspace.index.after_write()
    return report


def _matching(
    state: State, slugs: tuple[str, str], candidates: int, sorter: _PairSorter
) -> Matching:
    return Matching(
        datasets=slugs,
        upto=_newest(state, slugs),
        threshold=THRESHOLD,
        review=REVIEW,
        candidates=candidates,
        merged=len(sorter.merged) + sorter.kept,
        pending_count=len(sorter.pending),
        pending=tuple(sorter.pending[:MOST_PENDING]),
    )


def _report(matching: Matching, sorter: _PairSorter, *, dry_run: bool) -> MatchReport:
    return MatchReport(
        datasets=matching.datasets,
        dry_run=dry_run,
        candidates=matching.candidates,
        merged=len(sorter.merged),
        kept=sorter.kept,
        pending=len(sorter.pending),
        threshold=THRESHOLD,
        review=REVIEW,
        pairs=sorter.merged,
    )


def _pairs_of(decided: Mapping[str, Decision]) -> set[tuple[str, ...]]:
    """List the keys of the decided pairs: they are scored, however low their score is."""
    merges = (decision.merge for decision in decided.values())
    return {tuple(sorted(member.key for member in merge.members)) for merge in merges}


def _comparable(state: State, slugs: tuple[str, str]) -> str:
    """Check that two datasets may hold the same strikes; return their theatre."""
    datasets = {slug: d for slug, d in state.datasets.items() if d.kind is DatasetKind.incidents}
    pair: list[Dataset] = []
    for slug in slugs:
        if slug not in datasets:
            raise InputError(
                "dataset", slug, ", ".join(sorted(datasets)) or "none holds incidents yet"
            )
        pair.append(datasets[slug])
    first, second = pair
    if first is second:
        raise InputError("datasets", " and ".join(slugs), "two different ones")
    if first.theatre != second.theatre or first.synthetic != second.synthetic:
        got = f"{first.slug} and {second.slug}"
        raise InputError("datasets", got, "two of one theatre, both real or both invented")
    return first.theatre


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
class _PairSorter:
    """Sorts pairs, best first: merged, to be decided by a person, or neither."""

    decided: Mapping[str, Decision]
    apart: set[frozenset[str]]
    together: dict[str, set[str]]
    merged: list[Pair] = field(default_factory=list)
    pending: list[Pair] = field(default_factory=list)
    kept: int = 0

    @classmethod
    def of(cls, decided: Mapping[str, Decision]) -> _PairSorter:
        """Begin with the earlier decisions."""
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

    def sort(self, pair: Pair) -> None:
        """Sort the next best pair."""
        decision = self.decided.get(pair.id)
        if decision is not None and not decision.is_undone:
            self.kept += decision.merge.is_same
            return
        joined = self._joined(pair)
        if not self._may_join(joined):
            return
        if pair.score >= THRESHOLD and decision is None:
            self.merged.append(pair)
            self.together.update(dict.fromkeys(joined, joined))
        elif pair.score >= REVIEW:
            self.pending.append(pair)

    def _joined(self, pair: Pair) -> set[str]:
        keys = (member.key for member in pair.members)
        return {other for key in keys for other in self.together.get(key, {key})}

    def _may_join(self, joined: set[str]) -> bool:
        """Tell whether a group has one record per dataset, and no two that a person parted."""
        datasets = {key.partition("/")[0] for key in joined}
        if len(datasets) < len(joined):
            return False
        return not any(frozenset(two) in self.apart for two in combinations(joined, 2))


def decisions(store: Store) -> dict[str, Decision]:
    """Read every decision by its id, those that were taken back too."""
    return {
        one.key: Decision(_MERGE.decode(one.payload), one.seq, one.action is Action.retract)
        for one in store.latest(Subject.merge)
        if one.payload is not None
    }


def matchings(store: Store) -> list[Matching]:
    """List which pairs of datasets were compared, and the pairs that a person decides."""
    payloads = (one.payload for one in store.latest(Subject.matching))
    return [_MATCHING.decode(payload) for payload in payloads if payload is not None]


def pending_pairs(store: Store) -> list[Pair]:
    """List the pairs that wait for a person, best first; without what was decided since."""
    return _waiting(store, decisions(store))


def _waiting(store: Store, decided: Mapping[str, Decision]) -> list[Pair]:
    sorter = _PairSorter.of(decided)
    pairs = [pair for matching in matchings(store) for pair in matching.pending]
    waiting = []
    for pair in sorted(pairs, key=lambda one: (-one.score, one.members)):
        decision = sorter.decided.get(pair.id)
        is_open = decision is None or decision.is_undone
        if is_open and sorter._may_join(sorter._joined(pair)):  # noqa: SLF001  of this module
            waiting.append(pair)
    return waiting


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
        pairs = [pair for pair in _waiting(store, decided) if self._covers(pair.members)]
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
        for pair in _waiting(self.workspace.store, decided):
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
