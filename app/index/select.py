"""Finds the rows that a View means, on columns, in about a millisecond."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from app.domain.cache import BoundedCache
from app.domain.mercator import BITS
from app.index.boxes import BoxE7, curve_pieces, in_box
from app.index.columns import STATUSES, UNDRAWN
from app.index.long_rows import LongRows
from app.index.within import Within
from app.rows import BATTLE, COLUMNS, LONG, NEVER, NO_REGION, NOWHERE, OTHER_HARM, Rows

RETRACTED = STATUSES.index("retracted")
BEGINNING, END = NOWHERE + 1, NEVER - 1
"""The open ends of a period; an undated row is outside of them."""

EVERYWHERE = slice(None)
"""The places of all rows."""

MOST_JOINS = 8
"""Joins in memory per segment, with 13 bytes for each row."""


@dataclass(frozen=True, eq=False)
class Filter:
    """A View in the numbers of the columns, limited to what the audience may see.

    `seq` is the revision of the answer. "Quiet" rows have no mark but count: rows with one of
    `quiet_sectors` whose last day is after `quiet_after` are shown only by region.
    """

    seq: int
    datasets: np.ndarray
    first: int = BEGINNING
    last: int = END
    weapons: int = 0
    sectors: int = 0
    statuses: tuple[int, ...] = ()
    kinds: tuple[int, ...] = ()
    """Bits of the kinds of event; without any, all but battles."""

    min_killed: int | None = None
    regions: tuple[int, ...] = ()
    level: int = 1
    bbox_e7: BoxE7 | None = None
    within: Within | None = None
    embargo_at: int | None = None
    grace_s: tuple[int, int] = (0, 0)
    """Seconds from the end of a strike until it is public: at civilian and at military places."""

    military: int = 0
    quiet_sectors: int = 0
    quiet_after: int = END
    near: Near | None = None
    hidden_now: frozenset[int] = frozenset()
    quiet_now: frozenset[int] = frozenset()
    """Numbers of incidents whose newest revision is hidden or quiet: an older one, read by `as_of`,
    must not show what the newest one withholds."""

    grains: np.ndarray | None = None
    """By an incident's number, how little its group has in common (`app.publishing.cells`)."""

    coarsest: int = 0
    """Rows of a greater grain do not match."""

    @property
    def has_quiet(self) -> bool:
        """Tell whether any row may be quiet."""
        return bool(self.quiet_sectors or self.quiet_now)

    @property
    def is_narrowed(self) -> bool:
        """Tell whether it has more filters than datasets, a period and a box."""
        codes = self.weapons or self.sectors or self.statuses or self.kinds or self.regions
        limits = (self.min_killed, self.near, self.grains)
        return bool(codes) or any(limit is not None for limit in limits)

    @property
    def is_by_point(self) -> bool:
        """Tell whether a box or a drawn area chooses rows: what is not drawn lies in none."""
        return self.bbox_e7 is not None or self.within is not None

    @property
    def is_countable(self) -> bool:
        """Tell whether a cube can count what it means: no box, no front line, no smallest cell."""
        return not self.is_by_point and self.near is None and self.grains is None


@dataclass(frozen=True, eq=False)
class Near:
    """A filter by distance from the front line, or by who held the ground.

    `of` returns for each row a mark (0: no snapshot is valid), the distance in metres (NaN:
    unknown) and the number of the holder. Rows of which nothing is known do not match.
    """

    within_m: float | None
    holders: tuple[int, ...]
    of: Callable[[Segment], tuple[np.ndarray, np.ndarray, np.ndarray]]

    def keep(self, segment: Segment, places: np.ndarray) -> np.ndarray:
        """Return those of the places that match."""
        mark, distance_m, holder = (column[places] for column in self.of(segment))
        is_near: np.ndarray = mark != 0
        if self.within_m is not None:
            is_near &= distance_m <= self.within_m
        if self.holders:
            is_near &= np.isin(holder, self.holders)
        return np.asarray(places[is_near])


@dataclass(frozen=True, eq=False)
class Segment:
    """Rows sorted by Morton key, marks first; `marks` is the number of rows that may be drawn."""

    rows: Rows
    marks: int
    newest: int
    joined: BoundedCache = field(default_factory=lambda: BoundedCache(MOST_JOINS))
    """The answers of `Joins` for these rows; they stay right while places and days stay equal."""

    @property
    def nbytes(self) -> int:
        """The bytes of its rows that no other segment and no file has."""
        return self.rows.nbytes

    @classmethod
    def sort(cls, rows: Rows) -> Segment:
        """Sort rows into Morton order; rows of one place keep the order of the ledger."""
        order = np.lexsort((rows["seq"], rows["morton"]))
        return cls.sorted(rows.take(order))

    @classmethod
    def sorted(cls, rows: Rows) -> Segment:
        """Make a segment of rows that are already sorted."""
        marks = int(np.searchsorted(rows["morton"], UNDRAWN))
        return cls(rows, marks, int(rows["seq"].max(initial=0)))

    @cached_property
    def long(self) -> LongRows:
        """The rows whose span is over 48 hours: sums need those on the edges of their period."""
        places = np.flatnonzero(self.rows["flags"] & LONG)
        order = np.argsort(self.rows["day_first"][places], kind="stable")
        return LongRows(self.rows.among(places[order]), places[order])

    @cached_property
    def standing(self) -> dict[int, int]:
        """The number of current, not retracted rows by dataset number."""
        stands = (self.rows["known_to"] == NEVER) & (self.rows["status"] != RETRACTED)
        return dict(enumerate(np.bincount(self.rows["dataset"][stands]).tolist()))

    @cached_property
    def all_flags(self) -> int:
        """The bits of `flags` that any row has."""
        return int(np.bitwise_or.reduce(self.rows["flags"], initial=0))

    def has_flag(self, bit: int) -> bool:
        """Tell whether any row has a bit of `flags`: most segments have no battle, for example."""
        return bool(self.all_flags & bit)

    @cached_property
    def is_amended(self) -> bool:
        """Tell whether a later revision replaced any row."""
        return bool((self.rows["known_to"] != NEVER).any())

    def latest_embargo(self, criteria: Filter) -> int:
        """Return the end of the last embargo, in seconds since 1970; 0 without any."""
        stated, ended = self._last_instants
        return max(stated, ended + max(criteria.grace_s) if any(criteria.grace_s) else 0)

    @cached_property
    def _last_instants(self) -> tuple[int, int]:
        names = ("public_after", "ended_at")
        return tuple(int(self.rows[name][EVERYWHERE].max(initial=0)) for name in names)  # type: ignore[return-value]

    @cached_property
    def place_of(self) -> np.ndarray:
        """The place of each revision's row, by the revision's number up to `newest`; else -1."""
        places = np.full(self.newest + 1, -1, np.int32)
        places[self.rows["seq"]] = np.arange(len(self.rows), dtype=np.int32)
        return places

    @cached_property
    def undated(self) -> Rows:
        """The rows without a day, which every sum counts: side by side they are read faster."""
        return self.rows.among(np.flatnonzero(self.rows["day_first"] == NEVER))

    def tile(self, z: int, x: int, y: int) -> tuple[int, int]:
        """Return the rows of a tile's marks as one range [first, end)."""
        shift = 2 * (BITS - z)
        first = _morton(x, y) << shift
        morton = self.rows["morton"][: self.marks]
        ends = np.array([first, first + (1 << shift) - 1], np.uint64)
        low = np.searchsorted(morton, ends[0], "left")
        return int(low), int(np.searchsorted(morton, ends[1], "right"))

    def among(self, places: np.ndarray) -> Segment:
        """Return a segment of some rows, by their places in ascending order."""
        marks = int(np.searchsorted(places, self.marks))
        return Segment(self.rows.among(places), marks, self.newest)

    def match(self, criteria: Filter, low: int = 0, high: int | None = None) -> np.ndarray:
        """Return the places of matching rows in [low, high)."""
        high = len(self.rows) if high is None else high
        box = criteria.bbox_e7
        if box is None and criteria.within is not None:
            box = criteria.within.box_e7
        if box is None:
            return self._matched(criteria, low, high)
        pieces = [(max(low, first), min(high, end)) for first, end in self.pieces(box)]
        parts = [self._matched(criteria, *piece) for piece in pieces if piece[0] < piece[1]]
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def pieces(self, box: BoxE7) -> list[tuple[int, int]]:
        """Return the ranges [first, end) of marks that hold all of those in a box, in order."""
        morton, ends = self.rows["morton"][: self.marks], np.array(curve_pieces(box), np.uint64)
        firsts = np.searchsorted(morton, ends[:, 0], "left").tolist()
        lasts = np.searchsorted(morton, ends[:, 1], "right").tolist()
        return [*zip(firsts, lasts, strict=True)]

    def _matched(self, criteria: Filter, low: int, high: int) -> np.ndarray:
        part, rows = slice(low, high), self.rows
        mask = rows["day_first"][part] <= criteria.last  # an undated row is after every period
        if criteria.first > BEGINNING:
            mask &= rows["day_last"][part] >= criteria.first
        self._keep_known(mask, criteria, part)
        if not criteria.statuses:
            mask &= rows["status"][part] != RETRACTED
        for name, bits in (("weapons", criteria.weapons), ("sectors", criteria.sectors)):
            if bits:
                mask &= (rows[name][part] & np.uint32(bits)) != 0
        if criteria.kinds or self.has_flag(BATTLE):
            mask &= is_of_kind(rows["flags"][part], criteria.kinds)
        if criteria.bbox_e7 is not None:
            mask &= in_box(rows["lon_e7"][part], rows["lat_e7"][part], criteria.bbox_e7)
        if criteria.within is not None:
            box = criteria.within.box_e7
            mask &= in_box(rows["lon_e7"][part], rows["lat_e7"][part], box)
        mask &= _is_among(criteria.datasets, rows["dataset"][part])
        places = _refine(rows, np.flatnonzero(mask) + low, criteria)
        return places if criteria.near is None else self._near(criteria.near, places, criteria)

    def _keep_known(self, mask: np.ndarray, criteria: Filter, part: slice) -> None:
        """Take out of a mask the rows that were not the newest at the revision."""
        if self.is_amended:
            mask &= self.rows["known_to"][part] > criteria.seq
        if criteria.seq < self.newest:
            mask &= self.rows["seq"][part] <= criteria.seq

    def _near(self, near: Near, places: np.ndarray, criteria: Filter) -> np.ndarray:
        places = near.keep(self, places)
        return np.asarray(places[~is_quiet(self.rows, places, criteria)])


def _refine(rows: Rows, places: np.ndarray, criteria: Filter) -> np.ndarray:
    """Apply the filters that cost more per row, or are rare, to the rows that still match."""
    keep: np.ndarray = np.ones(len(places), bool)
    if criteria.statuses:
        keep &= np.isin(rows["status"][places], criteria.statuses)
    if criteria.first > BEGINNING or criteria.last < END:
        is_contained = rows["day_first"][places] >= criteria.first
        is_contained &= rows["day_last"][places] <= criteria.last
        keep &= is_contained | ((rows["flags"][places] & LONG) == 0)
    if criteria.min_killed is not None:
        low, best = rows["killed_total_low"][places], rows["killed_total_best"][places]
        keep &= np.where(low >= 0, low, best) >= criteria.min_killed
    if criteria.regions:
        keep &= np.isin(regions_of(rows, places, criteria), criteria.regions)
    if criteria.is_by_point and criteria.has_quiet:
        keep &= ~is_quiet(rows, places, criteria)
    if criteria.grains is not None:
        keep &= criteria.grains[rows["number"][places]] <= criteria.coarsest
    keep &= is_released(rows, places, criteria)
    places = np.asarray(places[keep])
    return places if criteria.within is None else criteria.within.keep(rows, places)


def is_of_kind(flags: np.ndarray, kinds: Sequence[int] = ()) -> np.ndarray:
    """Tell which rows are events of the kinds; without any, which are not battles."""
    if not kinds:
        return np.asarray((flags & BATTLE) == 0)
    return np.asarray(np.isin(flags & (BATTLE | OTHER_HARM), kinds))


def _is_among(datasets: np.ndarray, column: np.ndarray) -> np.ndarray:
    numbers = np.flatnonzero(datasets)
    if len(numbers) == 1:  # a comparison is ten times faster than a look-up
        return np.asarray(column == numbers[0])
    return np.asarray(datasets[column])


def is_released(rows: Rows, places: np.ndarray, criteria: Filter) -> np.ndarray:
    """Tell which rows the audience may know of: those that no embargo holds back now."""
    released: np.ndarray = np.ones(len(places), bool)
    if criteria.embargo_at is not None:
        released &= ~is_embargoed(rows, places, criteria)
    if criteria.hidden_now:
        released &= ~np.isin(rows["number"][places], list(criteria.hidden_now))
    return np.asarray(released)


def is_embargoed(rows: Rows, places: np.ndarray | slice, criteria: Filter) -> np.ndarray:
    """Tell which rows are not public yet: by their own date, or by the delay for their kind."""
    now = criteria.embargo_at or 0
    embargoed = rows["public_after"][places] > now
    if any(criteria.grace_s):
        is_military = (rows["sectors"][places] & np.uint32(criteria.military)) != 0
        is_military |= (rows["flags"][places] & BATTLE) != 0
        grace = np.where(is_military, criteria.grace_s[1], criteria.grace_s[0])
        embargoed |= rows["ended_at"][places] + grace > now
    return np.asarray(embargoed)


def is_quiet(rows: Rows, places: np.ndarray | slice, criteria: Filter) -> np.ndarray:
    """Tell which rows are shown only by region: they have no mark, and no box finds them.

    An undated row at such a site is always quiet: nobody knows when its delay ends.
    """
    is_hot = (rows["sectors"][places] & np.uint32(criteria.quiet_sectors)) != 0
    day_last = rows["day_last"][places]
    quiet = is_hot & ((day_last > criteria.quiet_after) | (day_last == NOWHERE))
    if criteria.quiet_now:
        quiet |= np.isin(rows["number"][places], list(criteria.quiet_now))
    return np.asarray(quiet)


def regions_of(rows: Rows, places: np.ndarray, criteria: Filter) -> np.ndarray:
    """Return the number of each row's region of the level, -1 for none.

    A quiet row has a region of the first level only: no finer sum or filter finds it
    (docs/privacy.md, "Generalisation").
    """
    regions = np.asarray(rows[f"region{criteria.level}"][places])
    if criteria.level == 1 or not criteria.has_quiet:
        return regions
    return np.where(is_quiet(rows, places, criteria), np.int16(NO_REGION), regions)


def _morton(x: int, y: int) -> int:
    key = 0
    for bit in range(BITS):
        key |= (x >> bit & 1) << 2 * bit | (y >> bit & 1) << 2 * bit + 1
    return key


@dataclass(frozen=True, eq=False)
class Selection:
    """Matching rows in all segments; a column is gathered when it is first read."""

    parts: Sequence[tuple[Segment, np.ndarray]]
    is_ordered: bool = False
    """Whether rows come as from one segment. Each node cuts the record into segments elsewhere, and
    what it draws must be the same to the byte."""

    @cached_property
    def _order(self) -> np.ndarray | None:
        """Where each row stands in the parts, in Morton order; None where they stand so already."""
        filled = [places for _, places in self.parts if len(places)]
        if not self.is_ordered or len(filled) <= 1:
            return None
        keys = [segment.rows["morton"][places] for segment, places in self.parts]
        # Revisions of a delta are newer than those of its base, and stand after it; sorted runs are
        # only merged.
        return np.argsort(np.concatenate(keys), kind="stable")

    def _joined(self, parts: Sequence[np.ndarray]) -> np.ndarray:
        """Join a column's parts."""
        column = parts[0] if len(parts) == 1 else np.concatenate(parts)
        order = self._order
        return column if order is None else np.asarray(column[order])

    def __len__(self) -> int:
        return sum(len(places) for _, places in self.parts)

    def __getitem__(self, name: str) -> np.ndarray:
        return self._joined([segment.rows[name][places] for segment, places in self.parts])

    def rows(self) -> Rows:
        """Gather every column."""
        return Rows({name: self[name] for name in COLUMNS})

    def regions(self, criteria: Filter) -> np.ndarray:
        """Gather the number of each row's region, as its audience may know it; -1 for none."""
        parts = [regions_of(segment.rows, places, criteria) for segment, places in self.parts]
        return self._joined(parts)

    def take(self, numbers: np.ndarray) -> Rows:
        """Gather some rows, by their numbers in the selection, in the order of `numbers`."""
        parts, before = [], 0
        if self._order is not None:
            numbers = self._order[numbers]
        for segment, places in self.parts:
            inside = (numbers >= before) & (numbers < before + len(places))
            parts.append(
                (np.flatnonzero(inside), segment.rows.take(places[numbers[inside] - before]))
            )
            before += len(places)
        order = np.argsort(np.concatenate([at for at, _ in parts]) if parts else numbers)
        return Rows.concatenate([rows for _, rows in parts]).take(order)

    def where(self, mask: np.ndarray) -> Selection:
        """Return the rows where a mask over all of them is true."""
        if self._order is not None:
            mask = mask[np.argsort(self._order)]
        ends = np.cumsum([len(places) for _, places in self.parts])[:-1]
        masks = np.split(mask, ends) if self.parts else []
        pairs = zip(self.parts, masks, strict=True)
        parts = [(segment, places[part]) for (segment, places), part in pairs]
        return Selection(parts, self.is_ordered)

    def drawable(self, criteria: Filter) -> Selection:
        """Return the rows that a map may draw as a mark of their own."""
        parts = []
        for segment, places in self.parts:
            marks = places[places < segment.marks]
            if criteria.has_quiet:
                marks = marks[~is_quiet(segment.rows, marks, criteria)]
            parts.append((segment, marks))
        return Selection(parts, is_ordered=True)


def select(
    segments: Sequence[Segment], criteria: Filter, tile: tuple[int, int, int] | None = None
) -> Selection:
    """Find the matching rows of all segments; with `tile` (z, x, y) only those in the tile."""
    parts = []
    for segment in segments:
        low, high = (0, len(segment.rows)) if tile is None else segment.tile(*tile)
        is_empty = low == high  # as most tiles around the edge of the data are
        places = np.empty(0, np.int64) if is_empty else segment.match(criteria, low, high)
        parts.append((segment, places))
    return Selection(parts)


def unmarked(segments: Sequence[Segment], criteria: Filter) -> Selection:
    """Find the matching rows without a mark: only a region is known, or may be shown."""
    parts = []
    for segment in segments:
        without = segment.match(criteria, segment.marks)
        if criteria.has_quiet:
            places = segment.match(criteria, 0, segment.marks)
            without = np.concatenate([places[is_quiet(segment.rows, places, criteria)], without])
        parts.append((segment, without))
    return Selection(parts)
