"""A file whose points lie elsewhere: the import says where, offers that theatre, loses no row."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.program import program
from app.domain.errors import InputError, NeedsMapping, OtherTheatre
from app.instance.workspace import Workspace
from app.intake.suggestion import suggest
from app.reference.reference import Reference
from tests.support import fates, imported, written

KHARTOUM, KHARKIV, INVENTED = (32.5, 15.55), (36.23, 49.99), (-124.5, -42.25)
NDJAMENA, WARSAW, ATLANTIC = (15.05, 12.1), (21.0, 52.2), (-30.0, 35.0)


def _native(folder: Path, *places: tuple[tuple[float, float], int]) -> Path:
    """Write incidents in our own columns, so many at each place."""
    points = [point for point, count in places for _ in range(count)]
    lines = [f"k{n},2024-03-10,exact,{lon},{lat}" for n, (lon, lat) in enumerate(points)]
    return written(folder, "a.csv", "\n".join(["source_key,start,precision,lon,lat", *lines]))


def test_a_theatre_that_nobody_stated_and_where_few_points_lie_is_asked_about(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = _native(tmp_path, (KHARTOUM, 37), (KHARKIV, 3))
    with pytest.raises(OtherTheatre) as asked:
        imported(private_workspace, path)
    assert str(asked.value) == (
        "points of the file: got 'the theatre ukraine', allowed: 37 of 40 points lie in Sudan: "
        "use --add-theatre, which makes the theatre sudan."
    )
    assert private_workspace.store.head().seq == 0
    planned = imported(private_workspace, path, dry_run=True)
    assert planned.refused == (
        "37 of 40 points lie in Sudan: use --add-theatre, which makes the theatre sudan."
    )
    stated = imported(private_workspace, path, theatre="ukraine")
    assert (stated.added, stated.refused, stated.warnings) == (40, None, [planned.refused])


@pytest.mark.parametrize(
    ("places", "sentence"),
    [
        (
            [(KHARKIV, 5), (WARSAW, 1), (ATLANTIC, 1)],
            (
                "2 of 7 points lie outside the box of the theatre ukraine. Beyond its borders: 1 "
                "in Poland, 1 in no country. They are kept, and count under elsewhere."
            ),
        ),
        (
            [(KHARTOUM, 2), (NDJAMENA, 2), (KHARKIV, 1)],
            (
                "Of 5 points lie 2 in Chad, 2 in Sudan. One import is of one theatre: name it "
                "with --theatre, or add one of several countries with `strikemap theatre add SLUG "
                "--country A,B`. In any of them every row is kept."
            ),
        ),
        (
            [(ATLANTIC, 3)],
            (
                "3 of 3 points lie in no country: check the columns of the coordinates, and their "
                "order."
            ),
        ),
        ([(INVENTED, 3)], "3 of 3 points lie in Example (invented land): use --theatre example."),
        (
            [(KHARKIV[::-1], 3)],
            (
                "Most points lie outside the theatre and would lie inside with longitude and "
                "latitude swapped: check the order of the columns (longitude first)."
            ),
        ),
    ],
    ids=["a few", "two countries", "no country", "another theatre", "swapped"],
)
def test_where_points_lie_is_one_sentence_and_every_row_is_kept(
    places: Sequence[tuple[tuple[float, float], int]],
    sentence: str,
    private_workspace: Workspace,
    tmp_path: Path,
) -> None:
    report = imported(private_workspace, _native(tmp_path, *places), theatre="ukraine")
    assert report.warnings == [sentence]
    assert report.rows == fates(report) == report.added == sum(count for _, count in places)


def test_points_at_home_get_no_sentence(private_workspace: Workspace, tmp_path: Path) -> None:
    near = (36.6, 50.6)  # Belgorod, within the box of the theatre
    report = imported(private_workspace, _native(tmp_path, (KHARKIV, 3), (near, 2)))
    assert (report.added, report.warnings, report.advice) == (5, [], None)


def test_a_table_of_another_country_is_asked_about_before_its_columns_are(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    text = "date,latitude,longitude\n2024-03-10,15.55,32.5\n2024-03-11,15.6,32.6\n"
    path = written(tmp_path, "sudan.csv", text)
    with pytest.raises(OtherTheatre, match="2 of 2 points lie in Sudan: use --add-theatre"):
        imported(private_workspace, path)
    doubts = suggest(private_workspace, path, "ukraine").doubts
    assert doubts == [
        "2 of 2 points lie in Sudan: use --add-theatre, which makes the theatre sudan."
    ]


def test_a_table_whose_columns_are_swapped_is_asked_about_in_one_sentence(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path, "a.csv", "date,latitude,longitude\n2024-03-10,36.23,49.99\n")
    with pytest.raises(NeedsMapping) as asked:
        imported(private_workspace, path)
    sentence = "points lie in the theatre ukraine when latitude and longitude are swapped"
    assert str(asked.value).count(sentence) == 1


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ("2024-03-10,-40.1,-20.1\n", "1 of 1 points lie in no country: check the columns"),
        (
            "2024-03-10,15.5,32.5\n2024-03-10,13.0,20.0\n",
            "Of 2 points lie 1 in Chad, 1 in Sudan. One import is of one theatre",
        ),
    ],
)
def test_points_of_no_theatre_or_of_two_are_asked_about_and_nothing_else_is(
    private_workspace: Workspace, tmp_path: Path, rows: str, sentence: str
) -> None:
    path = written(tmp_path, "a.csv", f"date,latitude,longitude\n{rows}")
    with pytest.raises(NeedsMapping) as asked:
        imported(private_workspace, path)
    assert sentence in str(asked.value)
    assert "not mapped" not in str(asked.value)
    assert "place in the mapping" not in str(asked.value)


def test_rows_of_a_country_that_is_abroad_say_where_they_lie(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    text = "date,country,gps\n2024-03-10,SD,N15.55 E32.5\n2024-03-11,SD,N15.6 E32.6\n"
    with pytest.raises(OtherTheatre, match="2 of 2 points lie in Sudan"):
        imported(private_workspace, written(tmp_path, "a.csv", text))


def test_one_command_adds_the_theatre_and_imports_into_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reference: Reference
) -> None:
    data = tmp_path / "data"
    monkeypatch.setenv("STRIKEMAP_DATA_DIR", str(data))
    path, run = _native(tmp_path, (KHARTOUM, 3)), CliRunner().invoke
    both = run(program, ["import", str(path), "--add-theatre", "--theatre", "ukraine"])
    assert isinstance(both.exception, InputError)
    for counts in ((3, 0), (0, 3)):
        result = run(program, ["import", str(path), "--add-theatre", "--json"])
        report = json.loads(result.stdout)
        assert (report["added"], report["unchanged"]) == counts
    workspace = Workspace.open(data, reference.folder)
    assert workspace.state().datasets["a"].theatre == "sudan"
    workspace.store.close()


def test_a_country_of_several_time_zones_is_added_by_its_own_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIKEMAP_DATA_DIR", str(tmp_path / "data"))
    path = _native(tmp_path, ((-47.9, -15.8), 3))
    result = CliRunner().invoke(program, ["import", str(path), "--add-theatre"])
    assert isinstance(result.exception, InputError)
    assert "`strikemap theatre add brazil --country BR --zone ZONE` first" in str(result.exception)
