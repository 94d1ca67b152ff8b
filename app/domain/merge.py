"""One strike told by several datasets: which records mean it, and why somebody thinks so.

Members are never edited and keep their ids. A merge is a record of its own, so it has a history,
can be undone (retracted) and is respected by `as_of` like everything else.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from uuid import UUID, uuid5

import msgspec

from app.domain.errors import InputError

NAMESPACE = UUID("0c1f4a67-33a8-5b58-8d52-7be0d9a1f2c4")
"""Root of all merge ids: the same members have the same id, so a second run changes nothing."""


class How(StrEnum):
    """Who decided: the score alone, or a person."""

    automatic = "automatic"
    reviewed = "reviewed"


class Reason(msgspec.Struct, frozen=True):
    """One feature of a pair: a short code, the points it gives, and what it was measured from."""

    code: str
    points: int
    values: dict[str, int | str | bool | None]


class Member(msgspec.Struct, frozen=True, order=True):
    """One record: its key ("dataset/uuid") and its short public number, neither of which changes.

    The number stands here as well so that the index finds rows without asking the record.
    """

    key: str
    number: int

    @property
    def dataset(self) -> str:
        """The dataset that tells it."""
        return self.key.partition("/")[0]


class Pair(msgspec.Struct, frozen=True):
    """Two records that may tell of one strike, with the score (0 to 100) and its reasons."""

    members: tuple[Member, Member]
    score: int
    reasons: tuple[Reason, ...]

    @property
    def id(self) -> str:
        """The id that a merge of the two has, or a decision against it."""
        return merge_id(self.members)


class Merge(msgspec.Struct, frozen=True, kw_only=True):
    """A decision about two or more records: that they tell of one strike, or that they do not.

    `is_same` false keeps a reviewer's "not the same", so that no later run asks again.
    """

    id: str
    members: tuple[Member, ...]
    how: How
    score: int | None = None
    reasons: tuple[Reason, ...] = ()
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
    """That two datasets were compared, and up to which revision; only then may they be summed.

    `pending` are the pairs that a person should look at, best first.
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
        """The key under which the record keeps it: a pair has one, whichever is named first."""
        return matching_key(*self.datasets)


def matching_key(one: str, other: str) -> str:
    """Name a pair of datasets, in either order.

    >>> matching_key("b", "a")
    'a+b'
    """
    return "+".join(sorted((one, other)))


def merge_id(members: Iterable[Member]) -> str:
    """Derive a merge's id from its members, in any order.

    Raises:
        InputError: fewer than two different records.
    """
    keys = sorted({member.key for member in members})
    if len(keys) < 2:  # noqa: PLR2004  what "several" means
        raise InputError("members", ", ".join(keys), "two or more different records")
    return str(uuid5(NAMESPACE, "\n".join(keys)))


def groups(merged: Iterable[Iterable[Member]]) -> list[tuple[Member, ...]]:
    """Join merges that share a member: A with B and B with C is one strike told three times.

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
