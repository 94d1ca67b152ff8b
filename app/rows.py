"""Typed NumPy columns of incidents, which index, tiles, pages and exporters use.

One row is one revision. Each column has a value of its own for "unknown" (see the table below), so
that no column needs a mask and nobody takes unknown for 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from typing_extensions import override

from app.domain.count import TOLLS

NEVER = np.iinfo(np.int32).max
"""`known_to` of a current revision, and `day_first` of an undated incident."""

NOWHERE = np.iinfo(np.int32).min
"""A coordinate that is not known, and `day_last` of an undated incident."""

NO_COUNT = -1
NO_REGION = -1

KINDS = ("total", "civilian", "military", "unknown")
BOUNDS = ("low", "best", "high")
COUNTS = tuple(f"{toll}_{kind}_{bound}" for toll in TOLLS for kind in KINDS for bound in BOUNDS)

SYNTHETIC, GRAPHIC, NEAR_BORDER, LONG, BATTLE, OTHER_HARM, CONTRADICTORY = (
    1 << bit for bit in range(7)
)
"""Bits of `flags`. LONG: the span is over 48 hours. NEAR_BORDER: a border lies within the error.
CONTRADICTORY: the source's figures exclude each other, so the row has none."""

EVENT_KINDS = (0, BATTLE, OTHER_HARM)
"""The bits of each `EventKind`, in its order; a strike has none."""


class CodeNames(NamedTuple):
    """The words that the small numbers of columns stand for."""

    weapons: Sequence[str]
    """The code of each bit of `weapons`."""

    statuses: Sequence[str]
    precisions: Sequence[str]


COLUMNS: dict[str, np.dtype] = {
    "seq": np.dtype(np.int32),  # the revision's number in the ledger
    "prior": np.dtype(np.int32),  # the revision it replaces; 0 for a first one
    "number": np.dtype(np.int32),  # the incident's first revision: its short public number
    "known_to": np.dtype(np.int32),  # the revision that replaced it; NEVER while it is current
    "dataset": np.dtype(np.int16),
    "day_first": np.dtype(np.int32),  # days since 1970-01-01
    "day_last": np.dtype(np.int32),
    "weapons": np.dtype(np.uint32),  # one bit per class
    "sectors": np.dtype(np.uint32),  # one bit per sector with damage
    "destroyed": np.dtype(np.uint32),  # of these, sectors with something destroyed
    "uncounted": np.dtype(np.uint32),  # of these, sectors where no number of objects is stated
    "status": np.dtype(np.uint8),
    "precision": np.dtype(np.uint8),
    "flags": np.dtype(np.uint8),
    "lon_e7": np.dtype(np.int32),
    "lat_e7": np.dtype(np.int32),
    "error_m": np.dtype(np.int32),  # NO_COUNT when unknown
    "mercator_x": np.dtype(np.uint32),  # 31-bit Web Mercator, y downwards
    "mercator_y": np.dtype(np.uint32),
    "morton": np.dtype(np.uint64),  # rows are sorted by it; the greatest value: not drawable
    "region1": np.dtype(np.int16),  # index into the region table; NO_REGION when in none
    "region2": np.dtype(np.int16),
    "region_how": np.dtype(np.uint8),  # see RegionHow
    "public_after": np.dtype(np.int64),  # seconds since 1970; 0: no embargo of its own
    "ended_at": np.dtype(np.int64),  # when it was over, seconds since 1970; 0 when undated
    **{name: np.dtype(np.int32) for name in COUNTS},  # NO_COUNT when unknown
}


class Table(Protocol):
    """Anything with columns of equal length; a column may be gathered when it is read."""

    def __len__(self) -> int:
        """Count the rows."""

    def __getitem__(self, name: str) -> np.ndarray:
        """Return a column."""


def least_known(table: Table, toll: str) -> np.ndarray:
    """Return the lowest known total of each row's toll: its low, else its best; else NO_COUNT."""
    low = table[f"{toll}_total_low"]
    return np.where(low >= 0, low, table[f"{toll}_total_best"])


class _Copied(Mapping[str, np.ndarray]):
    """The columns of some rows, each copied when it is first read."""

    def __init__(self, columns: Mapping[str, np.ndarray], places: np.ndarray) -> None:
        self._columns, self._places = columns, places
        self._copies: dict[str, np.ndarray] = {}

    @override
    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self._copies:
            self._copies[name] = self._columns[name][self._places]
        return self._copies[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    @override
    def __len__(self) -> int:
        return len(self._columns)


@dataclass(frozen=True, eq=False)
class Rows:
    """Columns of equal length, by name."""

    columns: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.columns["seq"])

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    @property
    def nbytes(self) -> int:
        """The bytes of the columns that are its own: not those of a file or of other rows."""
        return sum(one.nbytes for one in self.columns.values() if one.flags.owndata)

    def take(self, places: np.ndarray) -> Rows:
        """Copy the rows at `places`, in their order."""
        return Rows({name: column[places] for name, column in self.columns.items()})

    def among(self, places: np.ndarray) -> Rows:
        """Take the rows at `places`, in their order; a column is copied when it is first read."""
        return Rows(_Copied(self.columns, places))

    def replace(self, **columns: np.ndarray) -> Rows:
        """Return the same rows with some columns changed."""
        return Rows({**self.columns, **columns})

    @classmethod
    def concatenate(cls, parts: Sequence[Rows]) -> Rows:
        """Join batches; without any, return an empty batch."""
        if not parts:
            return cls({name: np.empty(0, dtype) for name, dtype in COLUMNS.items()})
        return cls({name: np.concatenate([part[name] for part in parts]) for name in COLUMNS})
