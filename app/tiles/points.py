"""Incident tiles from rows: single marks, or cells with counts where there are too many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache

import numpy as np

from app.domain.mercator import BITS
from app.rows import SYNTHETIC, CodeNames, Table
from app.tiles.grid import EXTENT
from app.tiles.vector import Property, encode_points

MERCATOR_BITS = BITS
EXTENT_BITS = 12
MOST_MARKS = 10_000
"""With more marks, and below `EXACT_ZOOM`, a tile has cells instead of single marks."""

EXACT_ZOOM = 14
CELL_BITS = 6
"""Cells are 2^6 tile units wide: 64 across a tile, 4 px on a 256 px tile."""

FIELDS = {
    "n": "incidents in this mark; 1 for a single incident",
    "synthetic": "1 where the data are invented; absent where they are real",
    "number": "short number of the incident, as in /incidents/{number}",
    "day": "first day, YYYY-MM-DD",
    "weapon": "weapon classes, comma separated; absent when not stated",
    "status": "how far the record has been checked",
    "precision": "exact, street or settlement",
    "error_m": "radius in metres within which the place lies",
    "killed_low": "killed, at least; absent when no figure is known",
    "injured_low": "injured, at least; absent when no figure is known",
    "class": "what `colour_by` colours the mark by; absent where that is the weapon",
}


FIELDS_OF = {
    "incidents": FIELDS,
    "regions": {
        "key": "ISO 3166-2 code at level 1, P-code at level 2",
        "name": "name in the language asked for",
    },
    "control": {
        "kind": "area or front_line",
        "controller": "party",
        "status": "assessed, claimed, …",
        "valid_on": "day of the snapshot",
        "source": "dataset",
    },
}
"""What the properties of each vector layer mean."""


def tile_units(rows: Mapping[str, np.ndarray] | Table, z: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of marks in their tile, 0..4095; exact, as tiles halve the 31-bit square."""
    shift = MERCATOR_BITS - z - EXTENT_BITS
    return tuple(
        (rows[axis] >> np.uint32(shift) & np.uint32(EXTENT - 1)).astype(np.int64)
        for axis in ("mercator_x", "mercator_y")
    )  # type: ignore[return-value]


def incident_tile(
    rows: Table,
    z: int,
    names: CodeNames,
    exact_zoom: int = EXACT_ZOOM,
    classes: Property | None = None,
) -> bytes:
    """Encode the marks of one tile. Every mark lies in exactly one tile of a zoom level.

    So the sum of `n` over the tiles of a zoom is the number of drawable incidents of the View.
    There are no cells from `exact_zoom` on. `classes` are what the marks are coloured by, where
    that is not the weapon.
    """
    x, y = tile_units(rows, z)
    if len(rows) > MOST_MARKS and z < exact_zoom:
        return _cells(rows, x, y)
    number = rows["number"]
    properties = {
        "n": Property(np.zeros(len(rows), np.int64), [1]),
        "number": Property(np.arange(len(rows)), number),  # each occurs once
        "day": _days(rows["day_first"]),
        "weapon": _weapons(rows["weapons"], names.weapons),
        "status": Property(rows["status"].astype(np.int64), names.statuses),
        "precision": Property(rows["precision"].astype(np.int64), names.precisions),
        "error_m": Property.numbers(rows["error_m"], rows["error_m"] >= 0),
        "killed_low": _count(rows["killed_total_low"]),
        "injured_low": _count(rows["injured_total_low"]),
        "synthetic": _synthetic(rows["flags"]),
    }
    if classes is not None:
        properties["class"] = classes
    return encode_points("incidents", x, y, number, properties)


def _count(column: np.ndarray) -> Property:
    return Property.numbers(np.maximum(column, 0), column >= 0)


def _synthetic(flags: np.ndarray) -> Property:
    return Property(np.zeros(len(flags), np.int64), [1], (flags & SYNTHETIC) != 0)


def _days(column: np.ndarray) -> Property:
    codes = Property.numbers(column)
    names = np.array(codes.values, "datetime64[D]").astype(str).tolist()
    return Property(codes.codes, names)


def _weapons(masks: np.ndarray, names: Sequence[str]) -> Property:
    values, codes = np.unique(masks, return_inverse=True)
    texts = [_weapon_text(mask, tuple(names)) for mask in values.tolist()]
    return Property(codes.astype(np.int64), texts, masks != 0)


@lru_cache(maxsize=8_192)
def _weapon_text(mask: int, names: tuple[str, ...]) -> str:
    return ",".join(name for bit, name in enumerate(names) if mask >> bit & 1)


def _cells(rows: Table, x: np.ndarray, y: np.ndarray) -> bytes:
    """Encode what lies in each cell.

    The index has marks in the order of a curve that passes each cell once, so the rows of a cell
    follow each other. They are added up by runs, which is several times faster than single rows. A
    cell has a run for each segment of the index; rows in another order only make more runs.
    """
    cell = y >> CELL_BITS << (EXTENT_BITS - CELL_BITS) | x >> CELL_BITS
    starts = np.flatnonzero(np.concatenate([[True], cell[1:] != cell[:-1]]))
    used, run = np.unique(cell[starts], return_inverse=True)

    def summed(column: np.ndarray) -> np.ndarray:
        by_run = np.add.reduceat(column, starts, dtype=np.int64)
        return np.bincount(run, by_run, minlength=len(used)).astype(np.int64)

    def has_any(mask: np.ndarray) -> np.ndarray:
        return np.bincount(run, np.logical_or.reduceat(mask, starts), minlength=len(used)) > 0

    counts = np.bincount(run, np.diff(np.append(starts, len(cell)))).astype(np.int64)
    sums = {}
    for name in ("killed_low", "injured_low"):
        column = rows[name.replace("_low", "_total_low")]
        has_figure = column >= 0
        sums[name] = Property.numbers(summed(np.where(has_figure, column, 0)), has_any(has_figure))
    is_invented = has_any((rows["flags"] & SYNTHETIC) != 0)
    properties = {
        "n": Property.numbers(counts),
        **sums,
        "synthetic": _synthetic(is_invented * SYNTHETIC),
    }
    mean_x, mean_y = (summed(axis) // counts for axis in (x, y))
    return encode_points("incidents", mean_x, mean_y, used + 1, properties)
