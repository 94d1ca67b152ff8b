"""How surely two records tell of one strike: a score with its reasons, for every candidate pair.

`docs/matching.md` says what each feature is worth and how the thresholds were judged.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import NamedTuple

import numpy as np

from app.domain.merge import Member, Pair, Reason
from app.domain.place import LocalPlane
from app.domain.store import Store
from app.index.build import State
from app.matching.candidates import SLACK_DAYS, SLACK_M, Candidates, Side, candidates
from app.matching.likeness import Lists, Telling, Vocabulary, shared
from app.reference.taxonomy import Terms

MOST_NAMED = 4
"""A link that more records of one dataset name is an album or a channel, and ties no two."""

LINK, NEAR, DAY, WORDS, NAME, WEAPONS = 40, 25, 15, 15, 5, 5
"""Points that the features can give; a score is their sum, at most 100."""

SHARP_M = 500
"""Up to this reach nearness counts in full. Beyond, it tells ever less: two strikes on one town are
both "0 m apart" when both were put on the town's centre."""

COMMON, FEW = 0.05, 20
"""A word in more than this share of the texts, and in more than a few, tells no two apart."""

NOT_SAID = -1
"""A percentage where one of two records has nothing to compare."""

Keys = tuple[str, ...]
NO_KEYS: AbstractSet[Keys] = frozenset()


class Found(NamedTuple):
    """The pairs that were asked for, best first, and how many were compared."""

    pairs: list[Pair]
    candidates: int


def find_pairs(
    store: Store, state: State, slugs: tuple[str, str], plane: LocalPlane, weapons: Terms
) -> list[Pair]:
    """Score every candidate pair of two datasets, best first."""
    one, other = (Side.of(state, slug, plane, weapons) for slug in slugs)
    return score_pairs(store, (one, other)).pairs


def score_pairs(
    store: Store, sides: tuple[Side, Side], least: int = 0, always: AbstractSet[Keys] = NO_KEYS
) -> Found:
    """Compare two sides, and return the pairs from a score on, with all of some keys.

    The larger side looks for its nearest in the smaller: there are fewer of them to choose among,
    so that the right one is seldom crowded out in the middle of a town.
    """
    one, other = sides
    is_turned = len(other) > len(one)
    found = candidates(other, one) if is_turned else candidates(one, other)
    if is_turned:
        found = found._replace(here=found.there, there=found.here)
    known = Vocabulary()
    ours = Telling.read(store, one, found.here, known)
    theirs = Telling.read(store, other, found.there, known)
    readable = (ours.at[found.here] >= 0) & (theirs.at[found.there] >= 0)
    found = Candidates(*(column[readable] for column in found))
    scored = _Scored.of(sides, found, (ours, theirs), known)
    wanted = np.flatnonzero(scored.score >= least).tolist()
    if always:
        low = np.flatnonzero(scored.score < least).tolist()
        wanted += [n for n in low if tuple(one.key for one in scored.members(n)) in always]
    pairs = [scored.pair(n) for n in wanted]
    pairs.sort(key=lambda pair: (-pair.score, pair.members))
    return Found(pairs, len(found.here))


def _rounded(values: np.ndarray) -> np.ndarray:
    """Round to even as `round` does."""
    return np.asarray(np.rint(values).astype(np.int64))


@dataclass(frozen=True, eq=False)
class _Scored:
    """All candidate pairs with what each feature was measured from, and the points it gave."""

    tellings: tuple[Telling, Telling]
    in_ours: np.ndarray
    in_theirs: np.ndarray
    links: np.ndarray
    metres: np.ndarray
    errors: tuple[np.ndarray, np.ndarray]
    days: np.ndarray
    span: np.ndarray
    words: np.ndarray
    worded: np.ndarray
    named: np.ndarray
    is_armed: np.ndarray

    @classmethod
    def of(
        cls,
        sides: tuple[Side, Side],
        found: Candidates,
        tellings: tuple[Telling, Telling],
        known: Vocabulary,
    ) -> _Scored:
        """Compare candidates feature by feature."""
        (one, other), (a, b) = sides, (found.here, found.there)
        in_ours, in_theirs = (t.at[at] for t, at in zip(tellings, (a, b), strict=True))
        links = _without_albums(tellings, len(known.links))
        words = _without_common(tellings, len(known.words))
        shared_words = shared(words[0], in_ours, words[1], in_theirs, len(known.words))
        shorter = np.minimum(words[0].lengths[in_ours], words[1].lengths[in_theirs])
        percent = _rounded(100 * shared_words / np.maximum(shorter, 1))
        longest = np.maximum(one.last[a] - one.first[a], other.last[b] - other.first[b])
        return cls(
            tellings,
            in_ours,
            in_theirs,
            shared(links[0], in_ours, links[1], in_theirs, len(known.links)),
            found.distance_m,
            (one.error_m[a], other.error_m[b]),
            found.days,
            1 + longest.astype(np.int64),
            shared_words,
            np.where(shorter > 0, percent, NOT_SAID),
            _names(tellings, in_ours, in_theirs, list(known.names.of)),
            (one.families[a] & other.families[b]) != 0,
        )

    @cached_property
    def points(self) -> dict[str, np.ndarray]:
        """The points that each feature gave."""
        reach = self.errors[0] + self.errors[1] + SLACK_M
        near = (1 - self.metres / reach) * np.minimum(1, SHARP_M / reach)
        # A night's two days count as one; a longer span tells less by each day.
        day = (1 - self.days / SLACK_DAYS) / np.maximum(1, self.span - 1)
        return {
            "same_upstream": np.where(self.links > 0, LINK, 0),
            "distance": _rounded(NEAR * near),
            "days_apart": _rounded(DAY * day),
            "wording": _rounded(WORDS * np.maximum(self.worded, 0) / 100),
            "place_name": _rounded(NAME * np.maximum(self.named, 0) / 100),
            "weapons": np.where(self.is_armed, WEAPONS, 0),
        }

    @cached_property
    def score(self) -> np.ndarray:
        """The sum of the points, at most 100."""
        return np.asarray(np.minimum(100, sum(self.points.values())))

    def members(self, n: int) -> tuple[Member, Member]:
        """Name the records of a pair."""
        ours, theirs = self.tellings
        return ours.members[self.in_ours[n]], theirs.members[self.in_theirs[n]]

    def pair(self, n: int) -> Pair:
        """Write a pair with its reasons."""
        values: dict[str, dict[str, int | str | bool | None]] = {
            "same_upstream": {"links": int(self.links[n])},
            "distance": {
                "distance_m": round(float(self.metres[n])),
                "error_m": int(self.errors[0][n]),
                "other_error_m": int(self.errors[1][n]),
            },
            "days_apart": {"days": int(self.days[n]), "span_days": int(self.span[n])},
            "wording": {"percent": _said(self.worded[n]), "words": int(self.words[n])},
            "place_name": {"percent": _said(self.named[n])},
            "weapons": {"fit": "equal" if self.is_armed[n] else "compatible"},
        }
        reasons = (Reason(code, int(self.points[code][n]), told) for code, told in values.items())
        return Pair(self.members(n), int(self.score[n]), tuple(reasons))


def _said(percent: int) -> int | None:
    return None if percent == NOT_SAID else int(percent)


def _without_common(tellings: tuple[Telling, Telling], size: int) -> tuple[Lists, Lists]:
    """Leave out words that so many records use that they say nothing of one strike."""
    ours, theirs = (np.bincount(one.words.values, minlength=size) for one in tellings)
    most = max(FEW, COMMON * sum(len(one.members) for one in tellings))
    common = ours + theirs > most
    return tellings[0].words.without(common), tellings[1].words.without(common)


def _without_albums(tellings: tuple[Telling, Telling], size: int) -> tuple[Lists, Lists]:
    """Leave out links that many records of one dataset name."""
    album = np.zeros(size, bool)
    for one in tellings:
        album |= np.bincount(one.links.values, minlength=size) > MOST_NAMED
    return tellings[0].links.without(album), tellings[1].links.without(album)


def _names(
    tellings: tuple[Telling, Telling],
    in_ours: np.ndarray,
    in_theirs: np.ndarray,
    names: list[str],
) -> np.ndarray:
    """Compare the names of places, every two of them once."""
    both = tellings[0].names[in_ours] * max(len(names), 1) + tellings[1].names[in_theirs]
    distinct, at = np.unique(both, return_inverse=True)
    percents = [
        _alike(names[one // len(names)], names[one % len(names)]) for one in distinct.tolist()
    ]
    return np.array(percents, np.int64)[at]


def _alike(a: str, b: str) -> int:
    if not a or not b:
        return NOT_SAID
    if a in b or b in a:
        return 100
    return round(100 * SequenceMatcher(None, a, b, autojunk=False).ratio())
