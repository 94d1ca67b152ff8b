"""How casualties are counted: ranges in which doubt adds up, and unknown is never zero.

The rules are written here once; `/method` quotes them and `app.index.summary` applies them to
columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

import msgspec

from app.domain.errors import InvalidCount

TOLLS = ("killed", "injured")
"""The two counts of people that an incident has."""


class Count(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """A number of people as a range; None means that the bound is not known, never 0.

    Raises:
        InvalidCount: a bound is negative, or the known bounds are not low <= best <= high.
    """

    low: int | None = None
    best: int | None = None
    high: int | None = None

    def __post_init__(self) -> None:
        least = 0
        for bound in (self.low, self.best, self.high):
            if bound is None:
                continue
            if bound < least:
                allowed = "0 <= low <= best <= high, each may be empty"
                got = f"low {self.low}, best {self.best}, high {self.high}"
                raise InvalidCount("count", got, allowed)
            least = bound

    @classmethod
    def exactly(cls, number: int) -> Count:
        """Make a count of one number, from a source that states no doubt."""
        return cls(number, number, number)

    @classmethod
    def unknown(cls) -> Count:
        """Return the count without any figure; always the same object."""
        return UNKNOWN

    @property
    def is_known(self) -> bool:
        """Tell whether any bound has a figure."""
        return self.low is not None or self.best is not None or self.high is not None

    def __add__(self, other: Count) -> Count:
        """Add ranges: known lows and bests add up, and an open upper end stays open.

        The lows and the bests may come from different parts, so the best of a sum can be below its
        low.

        >>> Count(2, 3, 5) + Count(1, None, None)
        Count(low=3, best=3, high=None)
        """
        high = None if self.high is None or other.high is None else self.high + other.high
        total = Count(low=add_known(self.low, other.low), high=high)
        # Set without the check, which is for the figures of one source.
        msgspec.structs.force_setattr(total, "best", add_known(self.best, other.best))
        return total

    def text(self) -> str:
        """Write the range in words: "2", "2-5", "at least 2", "at most 5", "about 3", "unknown".

        >>> Count(2, None, None).text(), Count(2, 3, 5).text(), Count.exactly(4).text()
        ('at least 2', '2-5', '4')
        >>> Count(None, None, 5).text(), Count(None, 3, None).text()
        ('at most 5', 'about 3')
        """
        if self.low is not None and self.high is not None:
            return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"
        if self.low is not None:
            return f"at least {self.low}"
        if self.high is not None:
            return f"at most {self.high}"
        return "unknown" if self.best is None else f"about {self.best}"


UNKNOWN = Count()


def add_known(a: int | None, b: int | None) -> int | None:
    """Add two figures of which each may be unknown; None only when both are.

    >>> add_known(2, None), add_known(None, None)
    (2, None)
    """
    if a is None:
        return b
    return a if b is None else a + b


class Kind(StrEnum):
    """Who the people were, as far as the source says; each kind has a sum of its own."""

    civilian = "civilian"
    military = "military"
    unknown = "unknown"


class Toll(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """How many people in one incident, in all and by kind; `child` is a part of the total.

    Build it with `Toll.of`, which completes the fields that follow from the others.
    """

    total: Count = UNKNOWN
    civilian: Count = UNKNOWN
    military: Count = UNKNOWN
    unknown: Count = UNKNOWN
    child: Count = UNKNOWN

    @classmethod
    def of(
        cls,
        total: Count = UNKNOWN,
        *,
        civilian: Count = UNKNOWN,
        military: Count = UNKNOWN,
        unknown: Count = UNKNOWN,
        child: Count = UNKNOWN,
    ) -> Toll:
        """Complete a toll: a total without kinds is of unknown kind; kinds without a total add up.

        A kind that the source does not mention is left out of that sum and does not make it
        unknown: a source that counts civilians only states a number of civilians.
        """
        kinds = [kind for kind in (civilian, military, unknown) if kind.is_known]
        if not kinds:
            unknown = total
        elif not total.is_known:
            total = kinds[0]
            for kind in kinds[1:]:
                total = total + kind
            if total.low is not None and total.best is not None and total.best < total.low:
                # The best covers some kinds only: the low of the others shows that it is too small.
                total = Count(total.low, None, total.high)
        return cls(total, civilian, military, unknown, child)


NO_TOLL = Toll()


class Tally(msgspec.Struct, frozen=True):
    """A sum over incidents, with the number of those that have a figure.

    `open` counts the parts without an upper bound, so that tallies add up in any order:
    the upper bound of the sum is known only when every part has one.
    """

    low: int | None = None
    best: int | None = None
    high_known: int | None = None
    known: int = 0
    of: int = 0
    open: int = 0

    @classmethod
    def single(cls, count: Count) -> Tally:
        """Start from one incident's count."""
        return cls(
            count.low,
            count.best,
            count.high,
            known=int(count.is_known),
            of=1,
            open=int(count.high is None),
        )

    @classmethod
    def total(cls, counts: Iterable[Count]) -> Tally:
        """Sum counts; a sum of no counts has no bounds.

        >>> Tally.total([Count(2, None, None), Count.unknown()]).answer()
        {'low': 2, 'best': None, 'high': None, 'high_known': None, 'known': 1, 'of': 2}
        """
        tally = cls()
        for count in counts:
            tally += cls.single(count)
        return tally

    def __add__(self, other: Tally) -> Tally:
        """Add two sums over different incidents."""
        return Tally(
            add_known(self.low, other.low),
            add_known(self.best, other.best),
            add_known(self.high_known, other.high_known),
            self.known + other.known,
            self.of + other.of,
            self.open + other.open,
        )

    @property
    def high(self) -> int | None:
        """The upper bound; None when any part has none, or there is no part."""
        return self.high_known if self.open == 0 else None

    def answer(self) -> dict[str, int | None]:
        """Return it in the shape that every answer uses."""
        return {
            "low": self.low,
            "best": self.best,
            "high": self.high,
            "high_known": self.high_known,
            "known": self.known,
            "of": self.of,
        }
