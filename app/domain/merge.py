"""One strike described by several datasets: which records belong together, and why.

Members are never edited and keep their ids. A merge is a record of its own: it has a history, can
be undone (retracted), and `as_of` applies to it as to everything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID, uuid5

import msgspec

from app.domain.errors import InputError

NAMESPACE = UUID("0c1f4a67-33a8-5b58-8d52-7be0d9a1f2c4")
"""All merge ids follow from this one: equal members give an equal id, so a second run changes
nothing."""


class How(StrEnum):
    """Who decided: the score alone, or a person."""

    automatic = "automatic"
    reviewed = "reviewed"


class MatchReason(msgspec.Struct, frozen=True):
    """One feature of a pair: a short code, the points it gives, and the values behind them."""

    code: str
    points: int
    values: dict[str, int | str | bool | None]


class Member(msgspec.Struct, frozen=True, order=True):
    """One record: its key ("dataset/uuid") and its short public number, neither of which changes.

    The number is stored as well, so that the index finds rows without a read of the record.
    """

    key: str
    number: int

    @property
    def dataset(self) -> str:
        """The dataset of the record."""
        return self.key.partition("/")[0]


class Pair(msgspec.Struct, frozen=True):
    """Two records that may describe one strike, with the score (0 to 100) and its reasons."""

    members: tuple[Member, Member]
    score: int
    reasons: tuple[MatchReason, ...]

    @property
    def id(self) -> str:
        """The id of the decision about the two, whether they are merged or kept apart."""
        return merge_id(self.members)


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """A decision about two or more records: that they describe one strike, or that they do not.

    `is_same` false stores a reviewer's "not the same", so that no later run proposes the pair.
    """

    id: str
    members: tuple[Member, ...]
    how: How
    score: int | None = None
    reasons: tuple[MatchReason, ...] = ()
    by: str
    is_same: bool = True

    @classmethod
    def of(cls, pair: Pair, how: How, by: str, *, is_same: bool = True) -> Merge:
        """Decide about a pair."""
        return cls(
            id=pair.id,
            members=tuple(sorted(pair.members)),
            how=how,
            score=pair.score,
            reasons=pair.reasons,
            by=by,
            is_same=is_same,
        )


class Matching(msgspec.Struct, frozen=True, kw_only=True):
    """A comparison of two datasets, up to a revision; only compared datasets may be summed.

    `pending` are the pairs that a person should review, best first.
    """

    datasets: tuple[str, str]
    upto: int
    threshold: int
    review: int
    candidates: int
    merged: int
    pending_count: int
    pending: tuple[Pair, ...] = ()

    @property
    def key(self) -> str:
        """The key in the record: a pair of datasets has one key, in either order."""
        return matching_key(*self.datasets)


def matching_key(first: str, second: str) -> str:
    """Name a pair of datasets, in either order.

    >>> matching_key("b", "a")
    'a+b'
    """
    return "+".join(sorted((first, second)))


def merge_id(members: Iterable[Member]) -> str:
    """Derive a merge's id from its members, in any order.

    Raises:
        InputError: fewer than two different records.
    """
    keys = sorted({member.key for member in members})
    if len(keys) < 2:  # noqa: PLR2004  a merge needs two
        raise InputError("members", ", ".join(keys), "two or more different records")
    return str(uuid5(NAMESPACE, "\n".join(keys)))


def groups(merged: Iterable[Iterable[Member]]) -> list[tuple[Member, ...]]:
    """Join merges that share a member: A with B and B with C is one strike in three records.

    >>> a, b, c = (Member(f"{name}/1", number) for number, name in enumerate("abc", 1))
    >>> [[member.key for member in group] for group in groups([(a, b), (b, c)])]
    [['a/1', 'b/1', 'c/1']]
    """
    joined: dict[Member, set[Member]] = {}
    for members in merged:
        together = {other for member in members for other in joined.get(member, {member})}
        for member in together:
            joined[member] = together
    return sorted({tuple(sorted(group)) for group in joined.values()})
