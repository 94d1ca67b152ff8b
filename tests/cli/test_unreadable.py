"""A file of which too little can be read: one sentence, exit code 2, and nothing is written."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.program import program
from app.domain.errors import InputError, InvalidFile
from tests.support import table, written

MAPPING = """version = 1
dates = "ymd"
[columns]
day = "start"
lat = "lat"
lon = "lon"
n = "killed"
[constants]
precision = "settlement"
"""
GOOD: dict[str, object] = {"day": "2024-03-10", "lat": "50.1", "lon": "30.2", "n": "1"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("STRIKEMAP_DATA_DIR", str(tmp_path / "data"))
    written(tmp_path, "m.toml", MAPPING)
    return tmp_path


def _run(folder: Path, *rows: Mapping[str, object], dry_run: bool) -> Result:
    path = table(folder, *map(dict, rows))
    options = ["--mapping", str(folder / "m.toml"), *(["--dry-run"] if dry_run else [])]
    return CliRunner().invoke(program, ["import", str(path), *options])


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_file_with_no_row_that_can_be_read_fails(folder: Path, *, dry_run: bool) -> None:
    result = _run(folder, {**GOOD, "lat": ""}, {**GOOD, "lat": ""}, dry_run=dry_run)
    assert result.exit_code == 2
    assert (
        "No row of 2 can be read, 2 of them for lon, lat: got '30.2, ', allowed:" in result.output
    )


def test_a_column_of_which_two_fifths_cannot_be_read_fails_a_dry_run(folder: Path) -> None:
    bad = {**GOOD, "n": "x"}
    result = _run(folder, *[GOOD] * 3, bad, bad, dry_run=True)
    assert result.exit_code == 2
    assert ("2 of 5 values of the column 'n' (killed) cannot be read, such as 'x'") in result.output
    assert "rejected: row 4, killed: got 'x'" in result.output


def test_such_a_file_is_not_written_at_all(folder: Path) -> None:
    rows = [GOOD, {**GOOD, "lat": "somewhere"}]
    result = _run(folder, *rows, dry_run=False)
    assert isinstance(result.exception, InvalidFile)
    datasets = CliRunner().invoke(program, ["datasets"])
    assert "file" not in datasets.output


def test_a_file_with_less_than_that_is_imported(folder: Path) -> None:
    rows = [*[{**GOOD, "n": str(n)} for n in range(4)], {**GOOD, "n": "x"}]
    assert _run(folder, *rows, dry_run=False).exit_code == 0


def test_the_report_of_a_file_before_a_refused_one_is_printed_all_the_same(folder: Path) -> None:
    good, bad = table(folder, GOOD), written(folder, "bad.csv", "")
    options = ["--mapping", str(folder / "m.toml"), "--json"]
    result = CliRunner().invoke(program, ["import", str(good), str(bad), *options])
    assert isinstance(result.exception, InvalidFile)
    assert [report["added"] for report in json.loads(result.stdout)] == [1]


@pytest.mark.parametrize("command", [["mapping", "suggest", "{}"], ["synth", "3"]])
def test_a_file_that_cannot_be_written_is_refused_in_one_sentence(
    command: list[str], folder: Path
) -> None:
    words = [word.format(table(folder, GOOD)) for word in command]
    result = CliRunner().invoke(program, [*words, "--out", str(folder / "none" / "m.toml")])
    assert isinstance(result.exception, InputError)


def test_a_file_that_cannot_be_opened_is_refused_in_one_sentence(folder: Path) -> None:
    result = CliRunner().invoke(program, ["import", str(folder / ("a" * 300))])
    assert isinstance(result.exception, InvalidFile)
    assert "File name too long" in str(result.exception)


def test_what_a_person_must_decide_is_printed_beside_a_written_proposal(folder: Path) -> None:
    path = table(folder, {**GOOD, "day": "03/04/2024"})
    out = str(folder / "out.toml")
    result = CliRunner().invoke(program, ["mapping", "suggest", str(path), "--out", out])
    assert "To be decided: `dates` is to be set for 'day'" in result.output
