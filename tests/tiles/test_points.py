"""Cells say the same in whatever order the rows come: in one part of the index, or in several."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.rows import COLUMNS, NO_COUNT, SYNTHETIC, CodeNames, Rows
from app.tiles import points
from app.tiles.points import incident_tile

Z = 5
marks = st.tuples(
    st.integers(0, 4095),
    st.integers(0, 4095),
    st.integers(-1, 9),
    st.integers(-1, 9),
    st.booleans(),
)


def rows_of(places: list[tuple[int, int, int, int, bool]]) -> Rows:
    shift = points.MERCATOR_BITS - Z - points.EXTENT_BITS
    columns = {
        name: np.full(len(places), NO_COUNT).astype(dtype) for name, dtype in COLUMNS.items()
    }
    x, y, killed, injured, invented = (np.array(column) for column in zip(*places, strict=True))
    columns["mercator_x"] = (x << shift).astype(np.uint32)
    columns["mercator_y"] = (y << shift).astype(np.uint32)
    columns["killed_total_low"] = killed.astype(np.int32)
    columns["injured_total_low"] = injured.astype(np.int32)
    columns["flags"] = (invented * SYNTHETIC).astype(np.uint8)
    return Rows(columns)


@given(st.lists(marks, min_size=2, max_size=40), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_a_tile_of_cells(
    places: list[tuple[int, int, int, int, bool]], chance: random.Random
) -> None:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(points, "MOST_MARKS", 1)
        tile = incident_tile(rows_of(places), Z, CodeNames((), (), ()))
        for _ in range(3):
            chance.shuffle(places)
            assert incident_tile(rows_of(places), Z, CodeNames((), (), ())) == tile
