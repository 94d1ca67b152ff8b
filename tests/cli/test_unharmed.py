"""A dry run touches no byte of the record, and an import that is cut off leaves nothing."""

from __future__ import annotations

import shutil
import signal
import time
from pathlib import Path

import pytest

from tests.serving import command, started_command

HEADER = "source_key,start,precision,lon,lat,description\n"
SAID = "said " * 130
MANY = 60_000


def write_rows(path: Path, count: int, description: str = "") -> Path:
    lines = (
        f"k{n},2024-03-10,exact,-124.5,-42.{n % 90 + 10},{description}\n" for n in range(count)
    )
    path.write_text(HEADER + "".join(lines), "utf-8")
    return path


def record(folder: Path) -> dict[str, bytes]:
    """Read all files of the record, its log of unfinished writes too."""
    return {path.name: path.read_bytes() for path in folder.glob("record.sqlite*")}


@pytest.fixture
def data(tmp_path: Path, demo_data: Path) -> Path:
    """A copy of the demos, to be changed."""
    shutil.copytree(demo_data, tmp_path / "data")
    command(tmp_path / "data", "verify")
    return tmp_path / "data"


def test_a_dry_run_leaves_every_byte_of_the_record(data: Path, tmp_path: Path) -> None:
    words = ("--theatre", "example", "--dataset", "mine")
    new = str(write_rows(tmp_path / "new.csv", 50))
    assert "added 50," in command(data, "import", new, *words).stdout
    before = record(data)
    changed = str(write_rows(tmp_path / "new.csv", 80, "changed"))
    report = command(data, "import", changed, *words, "--dry-run").stdout
    assert "would be added 30, amended 50," in report
    assert record(data) == before
    assert "added 30, amended 50," in command(data, "import", changed, *words).stdout
    assert record(data) != before


def test_an_import_killed_half_way_leaves_nothing(data: Path, tmp_path: Path) -> None:
    """The file is large enough to be read by a process of its own, which must end as well."""
    path = write_rows(tmp_path / "many.csv", MANY, SAID)
    words = ("import", str(path), "--theatre", "example", "--dataset", "mine")
    head = command(data, "verify").stdout
    log = data / "record.sqlite-wal"
    running = started_command(data, *words)
    deadline = time.monotonic() + 60
    while running.poll() is None and time.monotonic() < deadline:
        if log.exists() and log.stat().st_size > 1_000_000:
            break
        time.sleep(0.002)
    assert running.poll() is None, "it ended before it could be killed"
    readers = children(running.pid)
    running.kill()
    assert running.wait() == -signal.SIGKILL
    assert readers
    assert command(data, "verify").stdout == head
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{pid}").exists() for pid in readers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not [pid for pid in readers if Path(f"/proc/{pid}").exists()]
    assert f"added {MANY:,}," in command(data, *words).stdout
    assert command(data, "verify").returncode == 0


def children(pid: int) -> list[int]:
    numbers = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii")
    return [int(one) for one in numbers.split()]
