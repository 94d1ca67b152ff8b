"""Fuzz one target, led by coverage: python -m tests.fuzz.run TARGET SECONDS FOLDER.

atheris keeps in FOLDER/corpus what reached new code, also from earlier runs. Each case is written
to the folder before it is tried, so that whoever started this still has it when the process is
gone. What breaks the law is kept there once for each place in the program.
"""

from __future__ import annotations

import faulthandler
import hashlib
import json
import os
import random
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["app"]):
    from app.domain.terms import Audience
    from app.reference.reference import Reference
    from tests.fuzz.mutating import MOST_BYTES, ODD, ZIP, with_member
    from tests.fuzz.targets import Target, targets
    from tests.making import GEODATA, open_workspace

MOST_MEMORY = 3 << 30
"""Of address space: what a small file needs more of is a finding."""

SLOW_S = 2.0
"""Of processor time, and the program is slower while its coverage is measured."""

HANGS_S = 60
LONGEST_WORD = 60
"""Bytes of a word of libFuzzer's dictionary."""

IN_A_MEMBER = 0.8
"""The share of changes to a ZIP archive that are made inside a member, packed anew."""

FOUND = 10
"""The exit code: 1 is what Python itself ends with."""


class Case:
    """Tries one case after another until the time is over, and counts."""

    def __init__(self, name: str, target: Target, seconds: float, folder: Path) -> None:
        self._name, self._target, self._folder = name, target, folder
        self._until = time.monotonic() + seconds
        self._fates, self._findings = Counter[str](), dict[str, str]()

    def __call__(self, content: bytes) -> None:
        """Try some bytes; the last ones end the process."""
        if time.monotonic() > self._until:
            self._end()
        (self._folder / "now.bin").write_bytes(content)
        began = time.process_time()
        try:
            self._fates[self._target.law(content)] += 1
            spent = time.process_time() - began
            if spent > SLOW_S:
                raise TimeoutError(f"{spent:.1f} s for {len(content):,} bytes")  # noqa: TRY301
        except Exception as wrong:  # noqa: BLE001  whatever it is, it is a finding
            self._fates["broken"] += 1
            where = _where(wrong)
            if where not in self._findings:
                self._findings[where] = self._kept(content)

    def _kept(self, content: bytes) -> str:
        stem = f"{self._name}--{hashlib.sha256(content).hexdigest()[:10]}"
        (self._folder / f"{stem}--case.bin").write_bytes(content)
        (self._folder / f"{stem}.txt").write_text(traceback.format_exc(), "utf-8")
        return f"{stem}--case.bin"

    def _end(self) -> None:
        report = {"cases": self._fates.total(), "fates": self._fates, "findings": self._findings}
        (self._folder / "report.json").write_text(json.dumps(report), "utf-8")
        sys.stdout.flush()
        os._exit(FOUND if self._findings else 0)  # libFuzzer has no other end that says so


def _where(wrong: BaseException) -> str:
    """Say what was raised and where: one finding for each such place."""
    frames = [one for one in traceback.extract_tb(wrong.__traceback__) if "/app/" in one.filename]
    last = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else "?"
    return f"{type(wrong).__name__} at {last}"


def _changed(content: bytes, most: int, number: int) -> bytes:
    """Change bytes; of a ZIP archive mostly those of a member, so that its sums still fit."""
    chance = random.Random(number)  # noqa: S311  nothing is secret here
    if content.startswith(ZIP) and chance.random() < IN_A_MEMBER:
        try:
            changed = with_member(content, chance, lambda inner: atheris.Mutate(inner, most))
        except Exception:  # noqa: BLE001  it was spoilt before: its bytes are as good as any
            changed = b""
        if 0 < len(changed) <= most:
            return changed
    return bytes(atheris.Mutate(content, most))


def _dictionary(path: Path) -> Path:
    """Write words that readers often take wrongly, as libFuzzer reads them."""
    words = ["".join(f"\\x{byte:02x}" for byte in word) for word in ODD]
    lines = [f'"{word}"' for word in words if 0 < len(word) <= LONGEST_WORD * 4]
    path.write_text("\n".join([*lines, ""]), "ascii")
    return path


def fuzz(name: str, seconds: float, folder: Path) -> None:
    """Fuzz a target; the process ends with this."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    faulthandler.enable()
    corpus, scratch = folder / "corpus", Path(tempfile.mkdtemp(prefix="strikemap-fuzz-"))
    corpus.mkdir(exist_ok=True)
    workspace = open_workspace(scratch / "data", Reference(GEODATA), audience=Audience.private)
    target = targets(workspace, scratch)[name]
    for seed in target.seeds:
        (corpus / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    options = [
        f"-dict={_dictionary(folder / 'words.txt')}",
        f"-max_len={MOST_BYTES}",
        f"-timeout={HANGS_S}",
        f"-artifact_prefix={folder}/{name}--",
        "-rss_limit_mb=0",
        "-len_control=0",
        "-print_final_stats=1",
    ]
    atheris.Setup(
        [sys.argv[0], *options, str(corpus)],
        Case(name, target, seconds, folder),
        custom_mutator=_changed,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    which, for_s, where_to = sys.argv[1:]
    fuzz(which, float(for_s), Path(where_to))
