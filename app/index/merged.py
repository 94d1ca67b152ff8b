"""Strikes that several datasets describe: which rows form a group, and the row that replaces them.

A View of several datasets reads segments in which the rows of a group are hidden, and one row at
the most precise place stands for them. So everything that reads segments counts and draws a group
once. A View of one dataset does not need this module.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import NamedTuple

import msgspec
import numpy as np

from app.domain.cache import BoundedCache
from app.domain.count import TOLLS
from app.domain.merge import Matching, Member, Merge, groups, matching_key
from app.domain.revision import Action, Revision, Subject
from app.index.columns import UNDRAWN
from app.index.select import RETRACTED, Filter, Segment, is_embargoed, is_quiet
from app.rows import BATTLE, BOUNDS, GRAPHIC, KINDS, NEVER, NO_COUNT, OTHER_HARM, Rows

HIDDEN = 0
"""`known_to` of a row that another one stands for: it is visible at no revision."""

MOST_FOLDS = 8
NO_LOW = np.iinfo(np.int32).max
_MERGE = msgspec.json.Decoder(Merge)
_MATCHING = msgspec.json.Decoder(Matching)


class DatedMerge(msgspec.Struct, frozen=True):
    """One revision of a merge: valid in [seq, known_to). No members: undone, or "not the same"."""

    seq: int
    known_to: int
    members: tuple[Member, ...]


class DatedMatching(msgspec.Struct, frozen=True):
    """One revision of a comparison of two datasets, up to `upto`; valid in [seq, known_to)."""

    seq: int
    known_to: int
    key: str
    upto: int


class Decisions(msgspec.Struct, frozen=True):
    """All revisions of merges and matchings."""

    merges: tuple[DatedMerge, ...] = ()
    matchings: tuple[DatedMatching, ...] = ()

    def with_more(self, revisions: Iterable[Revision]) -> Decisions:
        """Append revisions, and close those that they replace."""
        merges = {one.seq: one for one in self.merges}
        matchings = {one.seq: one for one in self.matchings}
        for revision in revisions:
            if revision.payload is None:
                continue
            if revision.subject is Subject.merge:
                _close(merges, revision)
                merge = _MERGE.decode(revision.payload)
                joins = merge.is_same and revision.action is not Action.retract
                members = merge.members if joins else ()
                merges[revision.seq] = DatedMerge(revision.seq, NEVER, members)
            elif revision.subject is Subject.matching:
                _close(matchings, revision)
                upto = _MATCHING.decode(revision.payload).upto
                matchings[revision.seq] = DatedMatching(revision.seq, NEVER, revision.key, upto)
        return Decisions(tuple(merges.values()), tuple(matchings.values()))

    def groups(self, seq: int) -> list[tuple[Member, ...]]:
        """Join the merges that are valid at a revision."""
        return groups(one.members for one in self.merges if one.seq <= seq < one.known_to)

    def compared(self, slugs: Sequence[str], seq: int) -> dict[tuple[str, str], int] | None:
        """Return up to which revision each pair was compared; None when one never was."""
        upto = {one.key: one.upto for one in self.matchings if one.seq <= seq < one.known_to}
        pairs = list(combinations(sorted(slugs), 2))
        if any(matching_key(*pair) not in upto for pair in pairs):
            return None
        return {pair: upto[matching_key(*pair)] for pair in pairs}


def _close(entries: dict[int, DatedMerge] | dict[int, DatedMatching], revision: Revision) -> None:
    old = entries.get(revision.prior or 0)
    if old is not None:
        entries[old.seq] = msgspec.structs.replace(old, known_to=revision.seq)  # type: ignore[assignment]


class Folded(NamedTuple):
    """Segments in which each group is one row; `quiet` has the numbers of groups not to draw.

    `hidden` has the places of the rows in the first segment that others stand for.
    """

    segments: tuple[Segment, ...]
    groups: int
    quiet: frozenset[int]
    hidden: np.ndarray


class _Members(NamedTuple):
    """The rows of all groups: their places in each segment, the rows, and the group of each."""

    places: tuple[np.ndarray, ...]
    rows: Rows
    group: np.ndarray


@dataclass(frozen=True, eq=False)
class Merged:
    """The merged strikes in the segments of one state."""

    decisions: Decisions
    segments: Sequence[Segment]
    datasets: Sequence[str]
    _cache: BoundedCache = field(default_factory=lambda: BoundedCache(MOST_FOLDS))

    def is_compared(self, slugs: Sequence[str], seq: int) -> bool | None:
        """Tell whether every pair was compared in its newest form; None when one never was.

        A record that was added or changed later may describe a strike of another dataset too,
        unless it is in a group already.
        """
        compared = self.decisions.compared(slugs, seq)
        if compared is None:
            return None
        newest = self._cache.get(("newest", seq), lambda: self._newest_alone(seq))
        return all(newest.get(slug, 0) <= upto for two, upto in compared.items() for slug in two)

    def _newest_alone(self, seq: int) -> dict[str, int]:
        """Return each dataset's newest revision of a record without a group."""
        grouped = self._group_of(seq)
        newest = np.zeros(len(self.datasets) + 1, np.int64)
        for segment in self.segments:
            places = np.flatnonzero(_stands(segment.rows, seq))
            number = segment.rows["number"][places]
            alone = places[grouped[np.minimum(number, len(grouped) - 1)] < 0]
            rows = segment.rows
            np.maximum.at(newest, rows["dataset"][alone], rows["seq"][alone])
        return dict(zip(self.datasets, newest.tolist(), strict=False))

    def others(self, number: int, seq: int) -> tuple[Member, ...]:
        """List the other records of a record's group; the record by its short number."""
        groups = self._cache.get(("groups", seq), lambda: _by_number(self.decisions.groups(seq)))
        return tuple(one for one in groups.get(number, ()) if one.number != number)

    def _group_of(self, seq: int) -> np.ndarray:
        """Map numbers of records to numbers of groups; -1 for none, and in the last place."""
        groups = self.decisions.groups(seq)
        most = max((member.number for group in groups for member in group), default=0)
        table = np.full(most + 2, -1, np.int32)
        for number, group in enumerate(groups):
            table[[member.number for member in group]] = number
        return table

    def fold(self, criteria: Filter) -> Folded:
        """Replace each group by one row, if the audience may see at least two of its rows."""
        key = (criteria.seq, criteria.datasets.tobytes())
        members = self._cache.get(("members", *key), lambda: self._members(criteria))
        seen = _is_seen(members.rows, criteria)
        fold = self._cache.get(("fold", *key, seen.tobytes()), lambda: self._fold(members, seen))
        return fold._replace(quiet=_quiet(members, seen, criteria))

    def quiet_together(self, criteria: Filter) -> frozenset[int]:
        """List the rows of groups with a quiet member, whichever datasets a View names.

        A record alone would show the place that the quiet one hides.
        """
        if not self.decisions.merges:
            return frozenset()
        everywhere = replace(criteria, datasets=np.ones(len(criteria.datasets), bool))
        key = (criteria.seq, everywhere.datasets.tobytes())
        members = self._cache.get(("members", *key), lambda: self._members(everywhere))
        return _quiet(members, _is_seen(members.rows, everywhere), everywhere)

    def _members(self, criteria: Filter) -> _Members:
        table, parts = self._group_of(criteria.seq), []
        for segment in self.segments:
            rows = segment.rows
            is_member = table[np.minimum(rows["number"], len(table) - 1)] >= 0
            is_member &= criteria.datasets[rows["dataset"]] & _stands(rows, criteria.seq)
            parts.append(np.flatnonzero(is_member))
        gathered = [
            part.rows.take(places) for part, places in zip(self.segments, parts, strict=True)
        ]
        rows = Rows.concatenate(gathered)
        return _Members(tuple(parts), rows, table[rows["number"]])

    def _fold(self, members: _Members, seen: np.ndarray) -> Folded:
        is_grouped = _of_several(members.group, seen)
        ends = np.cumsum([len(places) for places in members.places])[:-1]
        is_hidden = np.split(is_grouped, ends)
        hidden = [places[hide] for places, hide in zip(members.places, is_hidden, strict=True)]
        segments = map(_hiding, self.segments, hidden)
        rows, group = members.rows.take(np.flatnonzero(is_grouped)), members.group[is_grouped]
        if not len(rows):
            return Folded(tuple(segments), 0, frozenset(), hidden[0])
        merged = one_row_each(rows, group)
        return Folded((*segments, Segment.sort(merged)), len(merged), frozenset(), hidden[0])


def _by_number(grouped: Iterable[tuple[Member, ...]]) -> dict[int, tuple[Member, ...]]:
    return {member.number: group for group in grouped for member in group}


def _stands(rows: Rows, seq: int) -> np.ndarray:
    stands = (rows["seq"] <= seq) & (rows["known_to"] > seq)
    return np.asarray(stands & (rows["status"] != RETRACTED))


def _is_seen(rows: Rows, criteria: Filter) -> np.ndarray:
    """Tell which members the audience may see: one under embargo changes nothing in its group."""
    seen: np.ndarray = ~np.isin(rows["number"], list(criteria.hidden_now))
    if criteria.embargo_at is not None:
        seen &= ~is_embargoed(rows, np.arange(len(rows)), criteria)
    return seen


def _of_several(group: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """Tell which of the rows `seen` are in a group with at least two of them."""
    if not len(group):
        return seen
    counts = np.bincount(group[seen], minlength=int(group.max()) + 1)
    return np.asarray(seen & (counts[group] > 1))


def _hiding(segment: Segment, places: np.ndarray) -> Segment:
    if not len(places):
        return segment
    known_to = np.array(segment.rows["known_to"])
    known_to[places] = HIDDEN
    rows = segment.rows.replace(known_to=known_to)
    return replace(segment, rows=rows)


def _quiet(members: _Members, seen: np.ndarray, criteria: Filter) -> frozenset[int]:
    """List the rows of groups with a quiet member: the row for the group would show its place."""
    if not criteria.has_quiet:
        return frozenset()
    places = np.flatnonzero(_of_several(members.group, seen))
    quiet = places[is_quiet(members.rows, places, criteria)]
    together = np.isin(members.group, members.group[quiet])
    return frozenset(members.rows["number"][together].tolist())


def one_row_each(rows: Rows, group: np.ndarray) -> Rows:
    """Make one row of each group: at the most precise place, with the content of all its rows.

    Figures become the range across the members that have one: the least low, the greatest high,
    and a best only where the bests agree. An open upper end stays open, unknown stays unknown.
    """
    undrawn = rows["morton"] == UNDRAWN
    error_m = np.where(rows["error_m"] == NO_COUNT, np.iinfo(np.int32).max, rows["error_m"])
    order = np.lexsort((rows["number"], error_m, rows["precision"], undrawn, group))
    rows, group = rows.take(order), group[order]
    starts = np.unique(group, return_index=True)[1]

    def together(column: np.ndarray) -> np.ndarray:
        return np.asarray(np.bitwise_or.reduceat(column, starts))

    stated = together(rows["sectors"] & ~rows["uncounted"])
    lead = rows.take(starts)
    nothing = np.zeros(len(lead), np.int64)
    return lead.replace(
        weapons=together(rows["weapons"]),
        sectors=together(rows["sectors"]),
        destroyed=together(rows["destroyed"]),
        uncounted=together(rows["uncounted"]) & ~stated,
        flags=_flags(lead["flags"], rows["flags"], starts),
        status=np.maximum.reduceat(rows["status"], starts),
        # The embargo of each member was applied before: it does not apply to the group again.
        public_after=nothing,
        ended_at=nothing,
        known_to=np.full(len(lead), NEVER, np.int32),
        **_ranges(rows, starts),
    )


def _flags(lead: np.ndarray, flags: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Keep the lead's flags; a group is graphic where any row is, a battle where all rows are."""
    kinds, any_row = np.uint8(BATTLE | OTHER_HARM), np.bitwise_or.reduceat(flags, starts)
    every_row = np.bitwise_and.reduceat(flags, starts)
    return np.asarray((lead & ~kinds) | (any_row & np.uint8(GRAPHIC)) | (every_row & kinds))


def _ranges(rows: Rows, starts: np.ndarray) -> dict[str, np.ndarray]:
    out: dict[str, np.ndarray] = {}
    for name in (f"{toll}_{kind}" for toll in TOLLS for kind in KINDS):
        low, best, high = (rows[f"{name}_{bound}"] for bound in BOUNDS)
        least = np.where(low != NO_COUNT, low, np.where(best != NO_COUNT, best, NO_LOW))
        least = np.minimum.reduceat(least, starts)
        is_open = np.logical_or.reduceat(
            (high == NO_COUNT) & ((low != NO_COUNT) | (best != NO_COUNT)), starts
        )
        greatest = np.maximum.reduceat(high, starts)
        most = np.maximum.reduceat(best, starts)
        fewest = np.minimum.reduceat(np.where(best == NO_COUNT, NO_LOW, best), starts)
        columns = (
            np.where(least == NO_LOW, NO_COUNT, least),
            np.where(fewest == most, most, NO_COUNT),
            np.where(is_open, NO_COUNT, greatest),
        )
        for bound, column in zip(BOUNDS, columns, strict=True):
            out[f"{name}_{bound}"] = column.astype(np.int32)
    return out
