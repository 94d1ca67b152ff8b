"""Totals of HDX HAPI beside a View's own sums."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli.program import program
from app.domain.count import Count, Toll
from app.domain.errors import InputError, InvalidFile
from app.domain.period import When
from app.domain.place import Place, Precision
from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.query import Query
from app.queries.crosscheck import RegionMonth, cross_check
from tests.making import NOON, add, dataset, incident
from tests.support import written

HEADER = (
    "location_code,has_hrp,in_gho,provider_admin1_name,provider_admin2_name,admin1_code,"
    "admin1_name,admin2_code,admin2_name,admin_level,event_type,events,fatalities,"
    "reference_period_start,reference_period_end,dataset_hdx_id,resource_hdx_id,warning,error"
)
MARCH, END = date(2024, 3, 1), date(2024, 3, 31)
KILLED = Toll.of(Count.exactly(2))
VIEW = View(theatre="ukraine", datasets=("invented",))


def _row(**changes: str) -> dict[str, str]:
    plain = {
        "location_code": "UKR",
        "admin1_code": "UA44",
        "admin2_code": "UA4402",
        "admin_level": "2",
        "event_type": "political_violence",
        "events": "5",
        "fatalities": "3",
        "reference_period_start": "2024-03-01T00:00:00",
        "reference_period_end": "2024-03-31T23:59:59",
    }
    return {**plain, **changes}


def _totals(folder: Path, *rows: dict[str, str]) -> Path:
    names = HEADER.split(",")
    lines = [HEADER, *(",".join(row.get(name, "") for name in names) for row in rows)]
    return written(folder, "hapi.csv", "\ufeff" + "\n".join(lines) + "\n")


def _filled(workspace: Workspace) -> None:
    """Two strikes in Luhansk Oblast, whose ISO code is not its P-code, in March 2024."""
    luhansk = Place.at(None, Precision.admin1, country="UA", admin1="UA-09")
    days = When.days(date(2024, 3, 5))
    first = incident("a", when=days, place=luhansk, killed=KILLED)
    add(workspace.store, dataset(), first, incident("b", when=days, place=luhansk))
    workspace.index.after_write()


def _checked(workspace: Workspace, path: Path, view: View = VIEW) -> list[RegionMonth]:
    return cross_check(Query.of(workspace, view, NOON), path)


def test_sums_stand_side_by_side_by_region_and_month(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    _filled(private_workspace)
    path = _totals(
        tmp_path,
        _row(),
        _row(admin2_code="UA4404", events="4", fatalities=""),
        _row(event_type="civilian_targeting", events="100"),  # a part of political violence
        _row(events="100", error="no such place"),
    )
    name = "Luhansk Oblast"
    (line,) = _checked(private_workspace, path)
    assert line == RegionMonth(MARCH, END, "UA-09", name, 9, 2, 3, 2)
    assert line.difference == -7


def test_rows_of_the_views_own_level_are_not_added_to_finer_ones(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    _filled(private_workspace)
    path = _totals(tmp_path, _row(), _row(admin_level="1", admin2_code="", events="6"))
    (line,) = _checked(private_workspace, path)
    assert line.their_events == 6


def test_the_apis_json_is_the_same(private_workspace: Workspace, tmp_path: Path) -> None:
    _filled(private_workspace)
    rows = [{**_row(), "events": 5, "fatalities": None, "admin_level": 2}]
    path = written(tmp_path, "hapi.json", json.dumps({"data": rows}))
    (line,) = _checked(private_workspace, path)
    assert (line.their_events, line.their_killed) == (5, None)


def test_totals_of_another_time_or_table_are_refused(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    _filled(private_workspace)
    later = VIEW.but(first=date(2025, 1, 1))
    with pytest.raises(InvalidFile, match=r"^months of hapi.csv: got 'none in the View'"):
        _checked(private_workspace, _totals(tmp_path, _row()), later)
    with pytest.raises(InvalidFile, match=r"^header of a.csv: got 'no admin1_code, "):
        _checked(private_workspace, written(tmp_path, "a.csv", "a,b\n1,2\n"))
    with pytest.raises(InvalidFile, match=r"^totals in hapi.csv: got 'many'"):
        _checked(private_workspace, _totals(tmp_path, _row(events="many")))


def test_a_view_of_no_one_dataset_is_refused(private_workspace: Workspace, tmp_path: Path) -> None:
    _filled(private_workspace)
    add(private_workspace.store, dataset("other"), incident("c", dataset="other"))
    private_workspace.index.after_write()
    both = VIEW.but(datasets=("invented", "other"))
    with pytest.raises(InputError, match=r"^datasets of the View: got 'invented, other'"):
        _checked(private_workspace, _totals(tmp_path, _row()), both)


def test_the_command_prints_both_sums(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRIKEMAP_DATA_DIR", str(tmp_path / "data"))
    rows = "source_key,start,precision,admin1\na,2024-03-05,admin1,UA44\n"
    run = CliRunner()
    assert run.invoke(program, ["import", str(written(tmp_path, "ours.csv", rows))]).exit_code == 0
    path = _totals(tmp_path, _row())
    result = run.invoke(program, ["summary", "dataset=ours", "--against", str(path), "--json"])
    (line,) = json.loads(result.output)
    assert (line["region"], line["difference"]) == ("UA-09", -4)
    assert (
        "question"
        in run.invoke(program, ["summary", "dataset=ours", "--against", str(path)]).output
    )
