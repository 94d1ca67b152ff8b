"""Fuzz one format until a time is over: python -m tests.fuzz.run FORMAT SECONDS FOLDER.

Each case is written to the folder before it is tried, so that whoever started this still has it
when the process is gone. A case that breaks the law is kept there, as small as it could be made.
"""

from __future__ import annotations

import faulthandler
import hashlib
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from app.domain.terms import Audience
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from tests.fuzz.law import choices, judge, judge_suggestion
from tests.fuzz.mutating import mutants
from tests.fuzz.seeds import Seed, seeds
from tests.making import GEODATA, open_workspace

MOST_MEMORY = 3 << 30
"""Of address space: what a small file needs more of is a finding."""

SLOW_S = 5.0
FOUND = 10
"""The exit code: 1 is what Python itself ends with."""

ROUND = 100


def fuzz(name: str, seconds: float, folder: Path) -> int:
    """Try spoilt files of a format; returns how many ways of breaking the law were found."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    faulthandler.enable()
    until, tally, findings = time.monotonic() + seconds, Counter[str](), dict[str, str]()
    with tempfile.TemporaryDirectory(prefix="strikemap-fuzz-") as scratch:
        seeds_by_format = seeds(Path(scratch))
        workspace = open_workspace(
            Path(scratch) / "data", Reference(GEODATA), audience=Audience.private
        )
        others = [
            one.content[:4_000] for format_seeds in seeds_by_format.values() for one in format_seeds
        ]
        while time.monotonic() < until:
            law = _law(workspace, seeds_by_format[name], others, tally, until, folder)
            try:
                seed(random.randrange(1 << 60))(law)()  # noqa: S311  nothing is secret here
            except Exception as wrong:  # noqa: BLE001  whatever it is, it is a finding
                where = _where(wrong)
                if where not in findings:
                    findings[where] = _write_case(name, folder, traceback.format_exc())
    spent = ", ".join(f"{fate} {count:,}" for fate, count in tally.most_common())
    lines = [f"{name}: {sum(tally.values()):,} cases: {spent}; found {len(findings)}"]
    lines += [f"  {case}: {where}" for where, case in findings.items()]
    sys.stdout.write("\n".join([*lines, ""]))
    return len(findings)


def _law(  # noqa: PLR0913, PLR0917  what one round needs
    workspace: Workspace,
    format_seeds: list[Seed],
    others: list[bytes],
    tally: Counter[str],
    until: float,
    folder: Path,
) -> Callable[[], None]:
    @settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        derandomize=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(mutants(format_seeds, others), st.sampled_from(choices(format_seeds[0].format)))
    def law(case: Seed, format_name: str) -> None:
        if time.monotonic() > until:
            return
        (folder / "now.bin").write_bytes(case.content)
        (folder / "now.txt").write_text(f"{case.name}\n{format_name}\n", "utf-8")
        began = time.process_time()
        tally[judge(workspace, case, format_name)] += 1
        judge_suggestion(workspace, case)
        spent = time.process_time() - began
        assert spent < SLOW_S, f"{spent:.1f} s for {len(case.content):,} bytes"

    return law


def _where(wrong: BaseException) -> str:
    """Say what was raised and where: one finding for each such place."""
    frames = [one for one in traceback.extract_tb(wrong.__traceback__) if "/app/" in one.filename]
    last = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return f"{type(wrong).__name__} at {last}: {str(wrong)[:120]}"


def _write_case(name: str, folder: Path, trace: str) -> str:
    content = (folder / "now.bin").read_bytes()
    label = (folder / "now.txt").read_text("utf-8")
    stem = f"{name}--{hashlib.sha256(content).hexdigest()[:10]}"
    ending = label.partition("\n")[0]
    (folder / f"{stem}--{ending}").write_bytes(content)
    (folder / f"{stem}.txt").write_text(f"{label}\n{trace}", "utf-8")
    return f"{stem}--{ending}"


if __name__ == "__main__":
    which, for_s, where_to = sys.argv[1:]
    sys.exit(FOUND if fuzz(which, float(for_s), Path(where_to)) else 0)
