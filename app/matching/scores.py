"""How surely two records are of one strike: a score with its reasons, for every candidate pair.

`docs/matching.md` gives the points of each feature and how the thresholds were judged.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cached_property
from typing import NamedTuple

import numpy as np

from app.domain.merge import MatchReason, Member, Pair
from app.domain.store import Store
from app.matching.candidates import SLACK_DAYS, SLACK_M, Candidates, Side, candidates
from app.matching.texts import Lists, RecordTexts, TextNumbers, shared

MOST_NAMED = 4
"""A link that more records of one dataset name is an album or a channel, no sign of one strike."""

LINK, NEAR, DAY, WORDS, NAME, WEAPONS = 40, 25, 15, 15, 5, 5
"""Points that the features can give; a score is their sum, at most 100."""

SHARP_M = 500
"""Up to this reach nearness counts in full. Beyond, it counts ever less: two strikes on one town
are both "0 m apart" when both were put on the town's centre."""

COMMON, FEW = 0.05, 20
"""A word in more than this share of the texts, and in more than a few, is no sign of one strike."""

NOT_STATED = -1
"""The percentage when one of two records has nothing to compare."""

Keys = tuple[str, ...]
NO_KEYS: AbstractSet[Keys] = frozenset()


class ScoredPairs(NamedTuple):
    """Scored pairs, best first, and the number of candidates that were compared."""

    pairs: list[Pair]
    candidates: int


def score_pairs(
    store: Store, sides: tuple[Side, Side], least: int = 0, always: AbstractSet[Keys] = NO_KEYS
) -> ScoredPairs:
    """Compare two sides, and return the pairs from a score on, with all of some keys.

    The larger side looks for its nearest in the smaller: there are fewer of them to choose among,
    so that the right one is seldom crowded out in the middle of a town.
    """
    side, other = sides
    is_turned = len(other) > len(side)
    compared = candidates(other, side) if is_turned else candidates(side, other)
    if is_turned:
        compared = compared._replace(rows=compared.other_rows, other_rows=compared.rows)
    numbers = TextNumbers()
    ours = RecordTexts.read(store, side, compared.rows, numbers)
    theirs = RecordTexts.read(store, other, compared.other_rows, numbers)
    readable = (ours.at[compared.rows] >= 0) & (theirs.at[compared.other_rows] >= 0)
    compared = Candidates(*(column[readable] for column in compared))
    scored = _Scored.of(sides, compared, (ours, theirs), numbers)
    rows = np.flatnonzero(scored.score >= least).tolist()
    if always:
        low = np.flatnonzero(scored.score < least).tolist()
        rows += [n for n in low if tuple(one.key for one in scored.members(n)) in always]
    pairs = [scored.pair(n) for n in rows]
    pairs.sort(key=lambda pair: (-pair.score, pair.members))
    return ScoredPairs(pairs, len(compared.rows))


def _rounded(values: np.ndarray) -> np.ndarray:
    """Round to even as `round` does."""
    return np.asarray(np.rint(values).astype(np.int64))


@dataclass(frozen=True, eq=False)
class _Scored:
    """All candidate pairs, with the measures of each feature and the points it gives."""

    texts: tuple[RecordTexts, RecordTexts]
    in_ours: np.ndarray
    in_theirs: np.ndarray
    links: np.ndarray
    metres: np.ndarray
    errors: tuple[np.ndarray, np.ndarray]
    days: np.ndarray
    span: np.ndarray
    words: np.ndarray
    word_percent: np.ndarray
    name_percent: np.ndarray
    is_armed: np.ndarray

    @classmethod
    def of(
        cls,
        sides: tuple[Side, Side],
        compared: Candidates,
        texts: tuple[RecordTexts, RecordTexts],
        numbers: TextNumbers,
    ) -> _Scored:
        """Compare candidates feature by feature."""
        (side, other), (a, b) = sides, (compared.rows, compared.other_rows)
        in_ours, in_theirs = (
            side_texts.at[at] for side_texts, at in zip(texts, (a, b), strict=True)
        )
        links = _without_albums(texts, len(numbers.links))
        words = _without_common(texts, len(numbers.words))
        shared_words = shared(words[0], in_ours, words[1], in_theirs, len(numbers.words))
        shorter = np.minimum(words[0].lengths[in_ours], words[1].lengths[in_theirs])
        percent = _rounded(100 * shared_words / np.maximum(shorter, 1))
        longest = np.maximum(side.last[a] - side.first[a], other.last[b] - other.first[b])
        return cls(
            texts,
            in_ours,
            in_theirs,
            shared(links[0], in_ours, links[1], in_theirs, len(numbers.links)),
            compared.distance_m,
            (side.error_m[a], other.error_m[b]),
            compared.days,
            1 + longest.astype(np.int64),
            shared_words,
            np.where(shorter > 0, percent, NOT_STATED),
            _names(texts, in_ours, in_theirs, list(numbers.names.of)),
            (side.families[a] & other.families[b]) != 0,
        )

    @cached_property
    def points(self) -> dict[str, np.ndarray]:
        """The points that each feature gives."""
        reach = self.errors[0] + self.errors[1] + SLACK_M
        near = (1 - self.metres / reach) * np.minimum(1, SHARP_M / reach)
        # A night's two days count as one; a longer span counts less by each day.
        day = (1 - self.days / SLACK_DAYS) / np.maximum(1, self.span - 1)
        return {
            "same_upstream": np.where(self.links > 0, LINK, 0),
            "distance": _rounded(NEAR * near),
            "days_apart": _rounded(DAY * day),
            "wording": _rounded(WORDS * np.maximum(self.word_percent, 0) / 100),
            "place_name": _rounded(NAME * np.maximum(self.name_percent, 0) / 100),
            "weapons": np.where(self.is_armed, WEAPONS, 0),
        }

    @cached_property
    def score(self) -> np.ndarray:
        """The sum of the points, at most 100."""
        return np.asarray(np.minimum(100, sum(self.points.values())))

    def members(self, n: int) -> tuple[Member, Member]:
        """Name the records of a pair."""
        ours, theirs = self.texts
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
            "wording": {"percent": _percent(self.word_percent[n]), "words": int(self.words[n])},
            "place_name": {"percent": _percent(self.name_percent[n])},
            "weapons": {"fit": "equal" if self.is_armed[n] else "compatible"},
        }
        reasons = (
            MatchReason(code, int(self.points[code][n]), facts) for code, facts in values.items()
        )
        return Pair(self.members(n), int(self.score[n]), tuple(reasons))


def _percent(percent: int) -> int | None:
    return None if percent == NOT_STATED else int(percent)


def _without_common(texts: tuple[RecordTexts, RecordTexts], size: int) -> tuple[Lists, Lists]:
    """Leave out words that very many records use."""
    ours, theirs = (np.bincount(one.words.values, minlength=size) for one in texts)
    most = max(FEW, COMMON * sum(len(one.members) for one in texts))
    common = ours + theirs > most
    return texts[0].words.without(common), texts[1].words.without(common)


def _without_albums(texts: tuple[RecordTexts, RecordTexts], size: int) -> tuple[Lists, Lists]:
    """Leave out links that many records of one dataset name."""
    album = np.zeros(size, bool)
    for side in texts:
        album |= np.bincount(side.links.values, minlength=size) > MOST_NAMED
    return texts[0].links.without(album), texts[1].links.without(album)


def _names(
    texts: tuple[RecordTexts, RecordTexts],
    in_ours: np.ndarray,
    in_theirs: np.ndarray,
    names: list[str],
) -> np.ndarray:
    """Compare the names of places, every two of them once."""
    both = texts[0].names[in_ours] * max(len(names), 1) + texts[1].names[in_theirs]
    distinct, at = np.unique(both, return_inverse=True)
    percents = [
        _alike(names[one // len(names)], names[one % len(names)]) for one in distinct.tolist()
    ]
    return np.array(percents, np.int64)[at]


def _alike(a: str, b: str) -> int:
    if not a or not b:
        return NOT_STATED
    if a in b or b in a:
        return 100
    return round(100 * SequenceMatcher(None, a, b, autojunk=False).ratio())
