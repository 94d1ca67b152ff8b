"""Backups of a service that is writing, and commands that are killed at any moment."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from app.instance.workspace import RESTORING
from tests.making import ROOT
from tests.serving import Service, command, environment, serving, started_command

OWN = {"X-Strikemap": "1"}
NEW = {"dataset": "example-incidents", "reason": "typed in from a bulletin", "precision": "exact"}
PLACE = {"start": "2024-03-10", "lon": -124.5, "lat": -42.25, "killed": {"low": 2}}
ROUNDS = 6
MANY_FILES, FILE_BYTES = 24, 2_000_000
CHANCE = random.Random(2026)  # noqa: S311  the moments of the kills


@pytest.fixture
def data(tmp_path: Path, demo_data: Path) -> Path:
    """A copy of the demos, to be changed."""
    shutil.copytree(demo_data, tmp_path / "data")
    return tmp_path / "data"


def add(service: Service) -> str:
    answer = service.client.post("/api/incidents", headers=OWN, json={**NEW, **PLACE})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def summary(data: Path) -> dict[str, Any]:
    with serving(data, "--private") as service:
        answer = service.client.get("/api/summary?theatre=example&by=region")
        return dict(answer.json())


def done(data: Path, *words: str) -> str:
    """Run a command that must succeed; return what it prints."""
    ended = command(data, *words)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def test_a_backup_of_a_service_that_writes_is_one_state_of_its_record(
    data: Path, tmp_path: Path
) -> None:
    stop, count = threading.Event(), 0

    def write() -> None:
        nonlocal count
        while not stop.is_set():
            add(service)
            count += 1

    with serving(data, "--private") as service:
        writer = threading.Thread(target=write)
        writer.start()
        try:
            for number in range(3):
                out = tmp_path / f"{number}.tar.gz"
                before = count
                report = json.loads(done(data, "backup", str(out), "--json"))
                assert count > before
                done(tmp_path / f"new{number}", "restore", str(out))
                origin = report["origin"]
                head = f"{origin['seq']}:{origin['hash']}"
                assert f"Head: {head}\n" in done(tmp_path / f"new{number}", "verify")
                done(data, "verify", "--head", head)
        finally:
            stop.set()
            writer.join()
        done(data, "backup", str(tmp_path / "last.tar.gz"))
    done(tmp_path / "last", "restore", str(tmp_path / "last.tar.gz"))
    assert done(tmp_path / "last", "verify") == done(data, "verify")
    assert summary(tmp_path / "last") == summary(data)


def test_a_restore_says_what_its_purge_list_did(data: Path, tmp_path: Path) -> None:
    out, new = str(tmp_path / "out.tar.gz"), tmp_path / "new"
    with serving(data, "--private") as service:
        number = add(service)
    done(data, "backup", out)
    assert str(data / "purged.json") in done(data, "purge", number, "--reason", "a court's order")
    told = done(new, "restore", out)
    assert "No purge list was given: what was purged or revoked after" in told
    assert number in done(new, "export", str(tmp_path / "x.csv"), "--view", "theatre=example") + (
        tmp_path / "x.csv"
    ).read_text("utf-8")
    shutil.rmtree(new)
    told = done(new, "restore", out, "--purged", str(data / "purged.json"))
    assert "Erased again by the purge list up to" in told
    assert ": 1 incidents." in told
    done(new, "verify")
    (data / "purged.json").unlink()
    assert command(data, "purge", number, "--reason", "a court's order").returncode != 0
    assert (data / "purged.json").exists()  # a purge that did not end is listed by the next
    done(new, "export", str(tmp_path / "x.csv"), "--view", "theatre=example")
    assert number not in (tmp_path / "x.csv").read_text("utf-8")


def test_commands_refuse_in_one_sentence(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.tar.gz"
    done(data, "backup", str(out))
    assert done(data, "backup", "--check", str(out)).startswith(f"{out} checks: made ")
    assert json.loads(done(data, "restore", "--check", "--json", str(out)))["members"] == 3
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(out.read_bytes()[:-9])
    for words, sentence in (
        (["backup", str(out)], "OUT: got "),
        (["backup", str(tmp_path / "none" / "out.tar.gz")], "OUT: got "),
        (["backup", "--check", str(cut)], "cut short or changed"),
        (["restore", "--check", str(ROOT / "LICENSE")], "that `strikemap backup` wrote"),
        (["restore", str(out)], "an empty folder"),
        (["restore", str(out), "--purged", str(out)], "purge list"),
    ):
        ended = command(data, *words)
        assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1), ended.stderr
        assert sentence in ended.stderr
    done(data, "backup", str(out), "--force")
    ended = command(tmp_path / "nothing", "backup", str(tmp_path / "x"))
    assert (ended.returncode, (tmp_path / "x").exists()) == (2, False)


def test_a_record_of_0_1_0_is_packed_as_it_is_and_restored_forward(tmp_path: Path) -> None:
    with tarfile.open(ROOT / "tests/data/release_0_1_0/data.tar.gz") as archive:
        archive.extractall(tmp_path / "old", filter="data")
    before = done(tmp_path / "old", "backup", str(tmp_path / "out.tar.gz"), "--json")
    done(tmp_path / "new", "restore", str(tmp_path / "out.tar.gz"))
    assert f":{json.loads(before)['origin']['hash']}" in done(tmp_path / "new", "verify")


@pytest.fixture
def large(data: Path) -> Path:
    """An instance whose backup takes long enough to be killed in the middle."""
    (data / "archive").mkdir()
    for _ in range(MANY_FILES):
        content = os.urandom(FILE_BYTES)
        (data / "archive" / os.urandom(32).hex()).write_bytes(content)
    return data


def killed(data: Path, has_begun: Callable[[], bool], *words: str) -> None:
    """Kill a command at a random moment after it began its work, if it still runs."""
    running = started_command(data, *words)
    while running.poll() is None and not has_begun():
        time.sleep(0.001)
    time.sleep(CHANCE.random() ** 2 * 0.8)
    running.kill()
    running.wait()


def halves(folder: Path) -> Iterator[Path]:
    return folder.glob(".out.tar.gz.*.part")


@pytest.mark.slow
def test_a_killed_backup_leaves_the_older_one_or_a_whole_new_one(
    large: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.tar.gz"
    for number in range(ROUNDS):
        for half in halves(tmp_path):
            shutil.rmtree(half)
        killed(large, lambda: any(halves(tmp_path)), "backup", str(out), "--force")
        if out.exists():
            done(large, "backup", "--check", str(out))
        elif number == ROUNDS - 1:
            done(large, "backup", str(out))
    (tmp_path / ".out.tar.gz.of-a-killed-one.part").mkdir()
    done(large, "backup", str(out), "--force")
    assert list(halves(tmp_path)) == []
    done(large, "verify")


@pytest.mark.slow
def test_a_killed_restore_leaves_an_empty_folder_or_one_that_nothing_opens(
    large: Path, tmp_path: Path
) -> None:
    out, new = tmp_path / "out.tar.gz", tmp_path / "new"
    done(large, "backup", str(out))
    expected, unfinished = done(large, "verify"), 0
    for _ in range(ROUNDS):
        killed(new, (new / RESTORING).exists, "restore", str(out))
        if (new / RESTORING).exists():
            unfinished += 1
            for words in (["verify"], ["restore", str(out)], ["backup", str(tmp_path / "x")]):
                ended = command(new, *words)
                assert (ended.returncode, len(ended.stderr.splitlines())) == (3, 1), ended.stderr
                assert "did not finish" in ended.stderr
        elif any(new.iterdir()):
            assert done(new, "verify") == expected
            assert len(list((new / "archive").iterdir())) == MANY_FILES
        shutil.rmtree(new)
    assert unfinished > 0
    done(new, "restore", str(out))
    assert done(new, "verify") == expected


KILLED_AT_MOVE = """
import os, pathlib, signal, sys
rename, left = pathlib.Path.rename, iter(range(int(sys.argv.pop(1))))
def move(path, target):
    if target.parent.name == "new" and next(left, None) is None:
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(path, target)
pathlib.Path.rename = move
from app.cli import main
main()
"""


@pytest.mark.parametrize("moves", [0, 1, 2])
def test_a_restore_killed_between_two_moves_is_not_opened(
    data: Path, tmp_path: Path, moves: int
) -> None:
    (data / "basemap.json").write_text('{"file": "streets.pmtiles"}', "utf-8")
    out, new = tmp_path / "out.tar.gz", tmp_path / "new"
    done(data, "backup", str(out))
    words = [sys.executable, "-c", KILLED_AT_MOVE, str(moves), "restore", str(out)]
    ended = subprocess.run(words, cwd=ROOT, env=environment(new), capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert not (new / "record.sqlite").exists()
    assert len(list(new.iterdir())) == moves + 1
    refused = command(new, "verify")
    assert (refused.returncode, "did not finish" in refused.stderr) == (3, True)
