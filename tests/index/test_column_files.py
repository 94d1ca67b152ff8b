"""A column reads from its files as it was written, and no sum of it turns over."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.index.column_files import NARROWED, RARE, read_column, write_column
from app.rows import COLUMNS, NO_COUNT


@st.composite
def columns(draw: st.DrawFn) -> tuple[str, np.ndarray]:
    """Mostly small numbers, as in a record, with a few of any size."""
    name = draw(st.sampled_from(NARROWED))
    limits = np.iinfo(COLUMNS[name])
    edges = {edge for bits in (7, 15, 31) for edge in (-(1 << bits), (1 << bits) - 1)}
    rare = st.integers(int(limits.min), int(limits.max)) | st.sampled_from(
        sorted(edge for edge in edges if limits.min <= edge <= limits.max)
    )
    usual = draw(st.lists(st.integers(-1, 6), max_size=150))
    numbers = draw(st.permutations([*usual, *draw(st.lists(rare, max_size=4))]))
    return name, np.array(numbers, COLUMNS[name])


@given(columns(), st.data())
def test_a_column_reads_as_it_was_written(
    written: tuple[str, np.ndarray], choice: st.DataObject
) -> None:
    name, column = written
    with tempfile.TemporaryDirectory() as folder:
        write_column(Path(folder), name, column)
        read = read_column(Path(folder), name, len(column))
        assert read[:].dtype == column.dtype
        assert read[:].tolist() == np.asarray(read).tolist() == column.tolist()
        rows = st.integers(0, max(len(column) - 1, 0))
        places = np.array(choice.draw(st.lists(rows, max_size=9 * len(column))), np.int64)
        assert read[places].tolist() == column[places].tolist()
        part = choice.draw(st.slices(len(column)))
        assert read[part].tolist() == column[part].tolist()
        assert (read == NO_COUNT).tolist() == (column == NO_COUNT).tolist()
        assert np.concatenate([read, column]).tolist() == [*column.tolist(), *column.tolist()]


@pytest.mark.parametrize("name", ["killed_total_low", "region1", "ended_at"])
def test_what_is_read_from_a_narrow_file_adds_up_beyond_its_type(tmp_path: Path, name: str) -> None:
    column = np.arange(1_000, dtype=COLUMNS[name]) % 100
    write_column(tmp_path, name, column)
    read = read_column(tmp_path, name, len(column))
    assert (read[:] + read[:]).tolist() == (2 * column).tolist()
    assert (read[:500] * COLUMNS[name].type(300)).tolist() == (column[:500] * 300).tolist()
    assert (read - 1 + read).tolist() == (2 * column - 1).tolist()


def test_one_event_with_many_dead_does_not_widen_the_file_of_all(tmp_path: Path) -> None:
    column = np.full(10_000, NO_COUNT, np.int32)
    column[::3], column[4_321] = 2, 1_000_000
    write_column(tmp_path, "killed_total_low", column)
    sizes = sum(path.stat().st_size for path in tmp_path.iterdir())
    assert sizes < 1.1 * len(column)
    assert np.load(tmp_path / f"killed_total_low{RARE}.npy").tolist() == [[4_321], [1_000_000]]
    assert read_column(tmp_path, "killed_total_low", len(column))[4_300:].max() == 1_000_000
