"""Fuzz every importer for some minutes: python -m tools.fuzz [MINUTES] [FORMAT…].

Each format runs in a process of its own with bounded memory, so that a crash in a library, an
endless loop or a bomb is a finding too and not the end of the run. Exit 1: something was found.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

from app.importers.formats import FORMATS

FOLDER = Path("var/fuzz")
SHARES = 3
"""How often each format gets its turn, so that no format waits for the last minute."""

HANGS_S = 60.0
FOUND = 10
START_S = 120.0


def main(minutes: float, formats: list[str]) -> int:
    """Run all formats in turn; returns the exit code."""
    seconds = max(minutes * 60 / (len(formats) * SHARES), 1.0)
    bad = 0
    for _turn in range(SHARES):
        for name in formats:
            bad += _run(name, seconds)
    print(f"{bad} runs found something; see {FOLDER}" if bad else "nothing found")
    return 1 if bad else 0


def _run(name: str, seconds: float) -> bool:
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "now.bin").unlink(missing_ok=True)
    command = [sys.executable, "-m", "tests.fuzz.run", name, f"{seconds:.1f}", str(folder)]
    with subprocess.Popen(command) as child:  # noqa: S603  our own program
        began = time.monotonic()
        while child.poll() is None:
            time.sleep(0.5)
            now = folder / "now.bin"
            is_over = time.monotonic() > began + START_S + seconds + HANGS_S
            if is_over or (now.exists() and time.time() - now.stat().st_mtime > START_S):
                child.kill()
                return _keep(name, folder, "hung")
    if child.returncode == 1:
        raise SystemExit(f"{name}: it could not be run")
    if child.returncode not in (0, FOUND):
        return _keep(name, folder, f"ended with {child.returncode}")
    return child.returncode == FOUND


def _keep(name: str, folder: Path, what: str) -> bool:
    """Keep the case at which a process hung or died."""
    kept = folder / f"{name}--{what.replace(' ', '-')}-{time.time_ns()}.bin"
    if not (folder / "now.bin").exists():
        sys.stdout.write(f"{name}: {what} before the first case\n")
        return True
    shutil.copy(folder / "now.bin", kept)
    print(f"{name}: {what} at {kept}: {(folder / 'now.txt').read_text('utf-8').strip()!r}")
    return True


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(main(float(given[0]) if given else 10.0, given[1:] or list(FORMATS)))
