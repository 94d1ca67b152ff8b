"""A measured figure, the machine it was measured on, and how both are written down."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import statistics
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

RESULTS = Path(__file__).parent / "results"
PACKAGES = ("numpy", "shapely", "pyarrow", "msgspec", "pillow", "fastapi", "uvicorn")


@dataclass(frozen=True)
class Figure:
    """What was measured, in which unit, and what we hold ourselves to (None: informative)."""

    name: str
    value: float
    unit: str
    hold: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """Say whether it holds."""
        if self.hold is None:
            return ""
        return "holds" if self.value <= self.hold else "FALLS SHORT"


def median_ms(call: Callable[[], object], times: int = 15) -> float:
    """Time a call several times and take the median, in ms."""
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        spent.append((time.perf_counter() - start) * 1e3)
    return statistics.median(spent)


def machine() -> dict[str, str]:
    """Describe the machine and the versions that matter."""
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text("utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": f"{model}, {os.cpu_count()} cores",
        "memory": f"{memory:.0f} GiB",
        "system": platform.platform(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        **{name: version(name) for name in PACKAGES},
    }


def write(figures: list[Figure], rows: int) -> None:
    """Write results beside this file, for machines and for people."""
    RESULTS.mkdir(exist_ok=True)
    told = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "rows": rows, **machine()}
    day = datetime.now(UTC).date().isoformat()
    listed = [{**asdict(figure), "verdict": figure.verdict} for figure in figures]
    document = json.dumps({"machine": told, "figures": listed}, indent=1, ensure_ascii=False)
    (RESULTS / f"{day}.json").write_text(document + "\n", "utf-8")
    lines = [f"# Measured with {rows:,} invented incidents", ""]
    lines += [f"- {name}: {value}" for name, value in told.items()]
    lines += ["", "| what | measured | to hold | |", "| --- | --- | --- | --- |"]
    for figure in figures:
        hold = "" if figure.hold is None else f"≤ {figure.hold:g} {figure.unit}"
        note = f" ({figure.note})" if figure.note else ""
        value = f"{figure.value:.3g}" if figure.value < 1000 else f"{figure.value:,.0f}"
        lines.append(f"| {figure.name}{note} | {value} {figure.unit} | {hold} | {figure.verdict} |")
    (RESULTS / "latest.md").write_text("\n".join(lines) + "\n", "utf-8")
