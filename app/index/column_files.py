"""Files of columns: each number in as few bytes as nearly all rows need, and rare ones beside them.

A column that has one value for all rows is stored once.
"""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from typing_extensions import override

from app.rows import COLUMNS, COUNTS

NARROWED = (*COUNTS, "prior", "error_m", "region1", "region2", "public_after", "ended_at")
"""The columns that are read at some rows only. A scan compares the others as a whole, and to widen
those would copy them."""

RARE = "-rare"
"""The end of the name of the file with the places and the values of a column's rare numbers."""

_RARE_BYTES = 16


class NarrowColumn(NDArrayOperatorsMixin):
    """A column whose file has a narrower type; what is read from it has the column's own type.

    So sums cannot turn over. `narrow` has the least number of its type where the value is rare;
    `rare` has the places of these in ascending order, and their values. An operator reads all rows.
    """

    def __init__(self, narrow: np.ndarray, rare: np.ndarray, dtype: np.dtype) -> None:
        self._narrow, self._rare, self.dtype = narrow, rare, dtype
        self.flags, self.nbytes = narrow.flags, narrow.nbytes

    def __len__(self) -> int:
        return len(self._narrow)

    def __getitem__(self, places: slice | np.ndarray) -> np.ndarray:
        """Copy the rows of a slice, or those at places that are not negative."""
        narrow = self._narrow[places]
        column = narrow.astype(self.dtype)
        rare = np.flatnonzero(narrow == np.iinfo(narrow.dtype).min)
        if len(rare):
            if isinstance(places, slice):
                span = range(len(self))[places]
                at = span.start + span.step * rare
            else:
                at = places[rare]
            column[rare] = self._rare[1][np.searchsorted(self._rare[0], at)]
        return column

    def __array__(self, dtype: np.dtype | None = None, *, copy: bool | None = None) -> np.ndarray:
        """Read all rows, as NumPy's functions do."""
        return self[:] if dtype is None else self[:].astype(dtype, copy=False)

    @override
    def __array_ufunc__(
        self, ufunc: np.ufunc, method: str, *inputs: object, **options: object
    ) -> object:
        """Read all rows for an operator."""
        arrays = (one[:] if isinstance(one, NarrowColumn) else one for one in inputs)
        return getattr(ufunc, method)(*arrays, **options)


def write_column(folder: Path, name: str, column: np.ndarray) -> None:
    """Write a column of COLUMNS into a folder, as one file or as two."""
    if len(column) and column.min() == column.max():
        column = column[:1]
    dtype = _narrowest(column) if name in NARROWED else column.dtype
    if dtype != column.dtype:
        rare = np.flatnonzero(_is_rare(column, dtype))
        np.save(folder / f"{name}{RARE}.npy", np.array([rare, column[rare]], np.int64))
        column = column.copy()
        column[rare] = np.iinfo(dtype).min
    np.save(folder / f"{name}.npy", column.astype(dtype, copy=False))


def read_column(folder: Path, name: str, rows: int) -> np.ndarray:
    """Map a column of so many rows into memory.

    Raises:
        FileNotFoundError: a file is missing.
    """
    column = mapped(folder / f"{name}.npy")
    if column.dtype == COLUMNS[name]:
        return np.broadcast_to(column, rows)
    rare = mapped(folder / f"{name}{RARE}.npy")
    return cast("np.ndarray", NarrowColumn(column, rare, COLUMNS[name]))  # it reads as an array


def mapped(path: Path) -> np.ndarray:
    """Map an array, not as a memmap, whose class makes every slice several times slower."""
    return np.asarray(np.load(path, mmap_mode="r"))


def _narrowest(column: np.ndarray) -> np.dtype:
    """Return the type in which a column takes the fewest bytes, with its rare numbers."""
    narrower = [np.dtype(f"i{size}") for size in (1, 2, 4) if size < column.itemsize]

    def size(dtype: np.dtype) -> int:
        rare = 0 if dtype == column.dtype else np.count_nonzero(_is_rare(column, dtype))
        return int(len(column) * dtype.itemsize + rare * _RARE_BYTES)

    return column.dtype if len(column) <= 1 else min([*narrower, column.dtype], key=size)


def _is_rare(column: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Tell which numbers a narrower type does not hold, whose least number marks these."""
    limits = np.iinfo(dtype)
    return np.asarray((column <= limits.min) | (column > limits.max))
