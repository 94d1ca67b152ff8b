"""A process's part of the memory follows from what its operator or its control group allows."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.instance.allowance import (
    MOST_CACHED,
    PROCESS_BYTES,
    MemoryPart,
    allowed_bytes,
    most_workers,
    own_bytes,
)

MIB = 1 << 20


@given(st.integers(PROCESS_BYTES, 1 << 40), st.integers(1, 32))
def test_caches_and_kept_answers_are_a_quarter_of_the_memory_at_most(
    allowed: int, processes: int
) -> None:
    part = MemoryPart.of(allowed, processes)
    enough = most_workers(allowed, processes) > 1 or processes * PROCESS_BYTES <= allowed
    if enough:
        assert (part.cached + part.kept) * processes <= allowed / 4
    assert part.cached + part.kept <= MOST_CACHED


def test_two_processes_in_512_megabytes_cache_64_each() -> None:
    part = MemoryPart.of(512 * MIB, 2)
    assert (part.cached + part.kept) // MIB == 63
    assert part.growth == 128 * MIB
    assert most_workers(512 * MIB, 2) == 1


@pytest.mark.parametrize(
    ("line", "file"),
    [
        ("0::/outer/inner", "outer/inner/memory.max"),
        ("0::/outer/inner", "outer/memory.max"),
        ("0::/", "memory.max"),
        ("0::/of/the/host/alone", "memory.max"),
        ("4:memory:/outer", "memory/outer/memory.limit_in_bytes"),
        ("4:memory:/of/the/host/alone", "memory/memory.limit_in_bytes"),
    ],
)
def test_the_limit_of_a_control_group_counts_wherever_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, file: str
) -> None:
    own, limit = tmp_path / "own", tmp_path / "groups" / file
    own.write_text(f"5:cpu:/elsewhere\n{line}\n", "ascii")
    limit.parent.mkdir(parents=True)
    limit.write_text(f"{300 * MIB}\n", "ascii")
    (limit.parent / "memory.max").touch()
    monkeypatch.setattr("app.instance.allowance.OWN_GROUPS", own)
    monkeypatch.setattr("app.instance.allowance.GROUPS", tmp_path / "groups")
    assert allowed_bytes() == 300 * MIB
    assert allowed_bytes(100) == 100 * MIB


def test_without_a_limit_it_is_the_memory_of_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").write_text("0::/\n", "ascii")
    (tmp_path / "memory.max").write_text("max\n", "ascii")
    monkeypatch.setattr("app.instance.allowance.OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr("app.instance.allowance.GROUPS", tmp_path)
    assert allowed_bytes() == os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def test_the_bytes_of_a_process_are_its_own() -> None:
    before = own_bytes(os.getpid())
    filled = bytearray(os.urandom(1 << 20) * 50)
    assert 45 * MIB < own_bytes(os.getpid()) - before < 120 * MIB, len(filled)
    assert own_bytes(2**22 + 1) == 0
