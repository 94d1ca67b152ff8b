"""Kills, full disks, damaged files and wrong clocks lose nothing and change nothing unseen."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.chaos.faults import FAULTS, SLOW
from tests.making import ROOT

SECONDS, SEED = 10, 2026
"""A small part of what `make chaos` does for longer; a process of its own, since it forks."""


@pytest.mark.slow
def test_no_fault_breaks_a_law(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.chaos.run", str(SECONDS), str(SEED), str(tmp_path / "lab")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    report = json.loads(done.stdout)
    assert report.keys() == {fault.__name__ for fault in (*FAULTS, SLOW)}
    assert {name: row["broken"] for name, row in report.items() if row["broken"]} == {}
    assert all(row["rounds"] for row in report.values())
