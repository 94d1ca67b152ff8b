"""Fuzz every reader for some minutes: python -m tools.fuzz [MINUTES] [TARGET…].

Each target runs in a process of its own with bounded memory, so that a crash in a library, an
endless loop or a bomb is a finding too and not the end of the run. A run of all targets writes the
table of docs/reliability.md. Exit 1: something was found.
"""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from app.reference.reference import Reference
from tests.fuzz.targets import targets
from tests.making import GEODATA, open_workspace

FOLDER = Path("var/fuzz")
PAGE = Path("docs/reliability.md")
BEGIN, END = "<!-- fuzz: begin -->\n", "<!-- fuzz: end -->\n"
HANGS_S = 60.0
START_S = 120.0
COVERED = re.compile(r"cov: (\d+)")


@dataclass
class Tally:
    """What one target came to: cases, places of the program reached, and what was found."""

    cases: int = 0
    reached: int = 0
    findings: dict[str, str] = field(default_factory=dict)


def main(minutes: float, names: list[str]) -> int:
    """Run all targets in turn; returns the exit code."""
    every = _names()
    chosen = names or every
    seconds = max(minutes * 60 / len(chosen), 1.0)
    tallies = {name: _run(name, seconds) for name in chosen}
    if chosen == every:
        _write(tallies, minutes)
    for name, tally in tallies.items():
        for what, case in tally.findings.items():
            print(f"{name}: {what}: {case}")
    bad = sum(bool(tally.findings) for tally in tallies.values())
    print(f"{bad} targets found something; see {FOLDER}" if bad else "nothing found")
    return 1 if bad else 0


def _names() -> list[str]:
    with tempfile.TemporaryDirectory(prefix="strikemap-fuzz-") as scratch:
        workspace = open_workspace(Path(scratch) / "data", Reference(GEODATA))
        names = list(targets(workspace, Path(scratch)))
        workspace.store.close()
        return names


def _run(name: str, seconds: float) -> Tally:
    folder, tally = FOLDER / name, Tally()
    folder.mkdir(parents=True, exist_ok=True)
    for old in ("now.bin", "report.json"):
        (folder / old).unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.run", name, f"{seconds:.1f}", str(folder)]
    log = folder / "log.txt"
    with log.open("w") as lines, subprocess.Popen(command, stderr=lines) as child:  # noqa: S603  our own program
        began = time.monotonic()
        while child.poll() is None:
            time.sleep(0.5)
            now = folder / "now.bin"
            is_over = time.monotonic() > began + START_S + seconds + HANGS_S
            if is_over or (now.exists() and time.time() - now.stat().st_mtime > START_S):
                child.kill()
                tally.findings["hung"] = _kept(name, folder, "hung")
                break
    report = folder / "report.json"
    if report.exists():
        written = json.loads(report.read_text("utf-8"))
        tally.cases, tally.findings = written["cases"], written["findings"]
    elif not tally.findings:
        if not (folder / "now.bin").exists():
            raise SystemExit(f"{name}: it could not be run; {log} says why")
        ended = f"ended with {child.returncode}"
        tally.findings[ended] = _kept(name, folder, ended)
    covered = COVERED.findall(log.read_text("utf-8", "replace"))
    tally.reached = int(covered[-1]) if covered else 0
    print(f"{name}: {tally.cases:,} cases, {tally.reached:,} places, {len(tally.findings)} found")
    return tally


def _kept(name: str, folder: Path, what: str) -> str:
    """Keep the case at which a process hung or died."""
    kept = folder / f"{name}--{what.replace(' ', '-')}-{time.time_ns()}--case.bin"
    shutil.copy(folder / "now.bin", kept)
    return kept.name


def _write(tallies: dict[str, Tally], minutes: float) -> None:
    lines = ["| reader | cases | places reached | laws broken |", "| --- | --- | --- | --- |"]
    for name, tally in tallies.items():
        found = len(tally.findings)
        lines.append(f"| `{name}` | {tally.cases:,} | {tally.reached:,} | {found} |")
    made = f"{datetime.now(UTC):%Y-%m-%d}, {minutes:g} minutes, Python {platform.python_version()}."
    table = "\n".join([made, "", *lines, ""])
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", "utf-8")


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main(float(words[0]) if words else 30, words[1:]))
