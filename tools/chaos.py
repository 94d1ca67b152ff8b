"""Run the faults of the chaos lane: python -m tools.chaos [MINUTES] [SEED].

The table of what was tried goes to docs/reliability.md. Exit 1: a law broke.
"""

from __future__ import annotations

import json
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

PAGE = Path("docs/reliability.md")
BEGIN, END = "<!-- chaos: begin -->\n", "<!-- chaos: end -->\n"
MEMORY = Path("/dev/shm")  # noqa: S108  a folder in memory is faster, and kills look alike there


def main(minutes: float, seed: int) -> int:
    """Run all faults in turn, write the table, and return the exit code."""
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.is_dir() else None) as folder:
        Path(folder).chmod(0o755)  # a fault reads it as another user
        command = [sys.executable, "-m", "tests.chaos.run", str(minutes * 60), str(seed)]
        done = subprocess.run(  # noqa: S603  our own program
            [*command, str(Path(folder) / "lab")], stdout=subprocess.PIPE, text=True, check=True
        )
    report = json.loads(done.stdout)
    lines = ["| fault | rounds | laws broken |", "| --- | --- | --- |"]
    for name, row in report.items():
        lines.append(f"| {name.replace('_', ' ')} | {row['rounds']:,} | {len(row['broken'])} |")
        for law in row["broken"]:
            print(f"{name}: {law}")
    made = f"{datetime.now(UTC):%Y-%m-%d}, {minutes:g} minutes, seed {seed}, Python "
    table = "\n".join([f"{made}{platform.python_version()}.", "", *lines, ""])
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{rest.partition(END)[2]}", "utf-8")
    return 1 if any(row["broken"] for row in report.values()) else 0


if __name__ == "__main__":
    words = sys.argv[1:]
    sys.exit(main(float(words[0]) if words else 10, int(words[1]) if len(words) > 1 else 2026))
