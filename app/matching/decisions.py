"""Decisions that records of several datasets are of one strike, as the record holds them.

A decision is a record of its own and never changes its members. Two records of one dataset are
never merged by score, and a later run never changes what a person decided or undid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import NamedTuple

import msgspec

from app.domain.merge import Matching, Merge, Pair, groups
from app.domain.revision import Action, Subject
from app.domain.store import Store

THRESHOLD = 54
"""From this score on a pair is merged without a person: precision on labelled pairs is over 0.98,
doubtful labels counted as wrong (`docs/matching.md`; `tests/matching/test_scores.py`)."""

REVIEW = 40
"""From this score on a person decides."""

_MERGE = msgspec.json.Decoder(Merge)
_MATCHING = msgspec.json.Decoder(Matching)


class Decision(NamedTuple):
    """A decision as it stands: the merge, its revision, and whether it was taken back."""

    merge: Merge
    seq: int
    is_undone: bool


@dataclass
class PairSorter:
    """Sorts pairs, best first: merged, to be decided by a person, or neither."""

    decided: Mapping[str, Decision]
    apart: set[frozenset[str]]
    together: dict[str, set[str]]
    merged: list[Pair] = field(default_factory=list)
    pending: list[Pair] = field(default_factory=list)
    kept: int = 0

    @classmethod
    def of(cls, decided: Mapping[str, Decision]) -> PairSorter:
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

    def is_open(self, pair: Pair) -> bool:
        """Tell whether a person may still decide about a pair."""
        decision = self.decided.get(pair.id)
        return (decision is None or decision.is_undone) and self._may_join(self._joined(pair))

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
    return waiting_pairs(store, decisions(store))


def waiting_pairs(store: Store, decided: Mapping[str, Decision]) -> list[Pair]:
    """List the pairs that wait for a person, best first, by decisions that were read before."""
    sorter = PairSorter.of(decided)
    pairs = [pair for matching in matchings(store) for pair in matching.pending]
    best_first = sorted(pairs, key=lambda one: (-one.score, one.members))
    return [pair for pair in best_first if sorter.is_open(pair)]
