"""What release 0.1.0 wrote opens unchanged; see `tests/data/release_0_1_0/README.md`."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.serving import Service, command, serving
from tests.support import FILES

HEAD = "466:76ea9f4992c59cbef82c0dc991ebc5fc5dfe85c8f9eba02afb23b0a0eacd299d"
AMENDED = "f702634c-6227-566f-afb8-aba85e64d49f"
EXAMPLE = "theatre=example&dataset="

TOTALS = {  # incidents; killed: low, best; injured: low; damaged, as 0.1.0 printed them
    "from=2025-10-24&to=2025-10-25": (4, 2, None, 13, 1),
    f"{EXAMPLE}mine": (4, 5, 7, 7, 1),
    f"{EXAMPLE}mine&as_of=2025-12-01T12:02:30Z": (3, 3, 3, 7, 2),
    f"{EXAMPLE}other": (3, 2, 2, 7, 2),
    f"{EXAMPLE}undone": (0, None, None, None, 0),
    f"{EXAMPLE}example-incidents": (361, 259, 212, 727, 361),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder as 0.1.0 left it."""
    folder = tmp_path_factory.mktemp("older") / "data"
    with tarfile.open(FILES / "release_0_1_0" / "data.tar.gz") as packed:
        packed.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="module")
def older(data: Path) -> Iterator[Service]:
    """The record of 0.1.0 and its index, served to this machine."""
    with serving(data, "--private") as running:
        yield running


def totals(service: Service, query: str) -> tuple[int | None, ...]:
    sums = service.client.get(f"/api/summary?{query}").json()["totals"]
    killed, injured = sums["killed"], sums["injured"]
    return sums["incidents"], killed["low"], killed["best"], injured["low"], sums["damaged"]


def test_the_ledger_still_checks_to_its_head(data: Path) -> None:
    done = command(data, "verify", "--head", HEAD)
    assert done.stdout.splitlines() == [
        f"466 revisions check. Head: {HEAD}",
        "Revision 466 is as it was published; 0 came since.",
    ]


@pytest.mark.parametrize("query", TOTALS)
def test_sums_are_what_they_were(older: Service, query: str) -> None:
    assert totals(older, query) == TOTALS[query]


def test_an_index_built_anew_answers_as_the_old_one(older: Service, tmp_path: Path) -> None:
    shutil.copytree(older.data_dir, tmp_path / "data")
    shutil.rmtree(tmp_path / "data" / "index")
    with serving(tmp_path / "data", "--private") as fresh:
        for query in TOTALS:
            answers = [one.client.get(f"/api/summary?{query}") for one in (fresh, older)]
            assert answers[0].json() == answers[1].json()


def test_the_record_takes_further_writes(data: Path, tmp_path: Path) -> None:
    newer = tmp_path / "data"
    shutil.copytree(data, newer)
    with sqlite3.connect(newer / "record.sqlite") as record:
        query = "SELECT key FROM revision WHERE subject = 'report' ORDER BY seq DESC LIMIT 1"
        (number,) = record.execute(query).fetchone()
    record.close()
    assert "retracted 1," in command(newer, "undo", number).stdout
    assert '"incidents":3' in command(newer, "summary", f"{EXAMPLE}mine", "--json").stdout
    assert command(newer, "verify", "--head", HEAD).returncode == 0


def test_an_edited_incident_keeps_its_history(older: Service) -> None:
    history = older.client.get(f"/api/incidents/{AMENDED}/history").json()["revisions"]
    assert [(one["action"], one["changed"]) for one in history] == [
        ("add", ""),
        ("amend", "killed"),
        ("amend", "description"),
    ]


def test_control_is_measured_as_it_was(older: Service) -> None:
    series = older.client.get("/api/control/series?theatre=example&control=lines").json()
    points = [(point["valid_on"], point["km2"]) for point in series["points"]]
    assert points == [("2024-03-10", 2288.1), ("2024-03-11", 2516.9)]


def test_a_decision_about_two_records_is_listed(data: Path) -> None:
    (merge,) = json.loads(command(data, "match", "list", "--json").stdout)
    keys = [member["key"].partition("/")[0] for member in merge["members"]]
    assert (keys, merge["is_same"], merge["score"]) == (["mine", "other"], True, 90)
