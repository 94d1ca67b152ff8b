"""Texty's published spreadsheet: two lines of header, coordinates in one cell, two notations."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.place import Precision
from app.files.source import Rejection
from app.importers.base import Outcome, ParsedRecord, Warned
from app.instance.workspace import Workspace
from tests.support import imported, outcomes, written
from tests.tables import table_context

HEADER = (
    "Подія,Координати,,Дата,Місце,,,,Посилання,Область,Зброя,,,,,,Адреса\n"
    "назва,широта,довгота,дата,назва,тип,точність,цивільні,,,артилерія,авіація,ракета,"
    "кількість,дрони,снаряд,\n"
)
ROW = {
    "title": "Обстріл",
    "lat": "49.99",
    "lon": "36.23",
    "date": "2022-03-14",
    "place": "Харків",
    "type": "будинок",
    "accuracy": "точні",
    "civilian": "1",
    "link": "https://e.org/1",
    "oblast": "Харківська",
    "artillery": "",
    "air": "",
    "missile": "1",
    "missiles": "2",
    "drones": "",
    "projectile": "",
    "address": "вул. Вигадана",
}


def _file(folder: Path, **cells: str) -> Path:
    line = ",".join(f'"{cell}"' for cell in {**ROW, **cells}.values())
    return written(folder, "texty.csv", HEADER + line + "\n")


def _read(folder: Path, **cells: str) -> Outcome:
    results = outcomes(_file(folder, **cells), into=table_context())
    return next(one for one in results if not isinstance(one, Warned))


def _record(folder: Path, **cells: str) -> Any:
    outcome = _read(folder, **cells)
    assert isinstance(outcome, ParsedRecord), outcome
    return outcome.record


def test_a_row_becomes_an_incident(private_workspace: Workspace, tmp_path: Path) -> None:
    report = imported(private_workspace, _file(tmp_path))
    assert (report.format, report.rows, report.added, report.warnings) == ("texty", 1, 1, [])
    incident = _record(tmp_path)
    assert (incident.when.first, incident.when.text) == (date(2022, 3, 14), "Обстріл")
    assert (incident.place.point, incident.place.precision) == ((36.23, 49.99), Precision.exact)
    assert (incident.place.name, incident.place.admin1) == ("Харків", "UA-63")
    assert (incident.weapons, incident.damage[0].object_kind) == (("missile",), "будинок")
    assert not incident.killed.total.is_known


def test_both_coordinates_may_stand_in_one_cell(tmp_path: Path) -> None:
    assert _record(tmp_path, lat="49.99, 36.23", lon="").place.point == (36.23, 49.99)


@pytest.mark.parametrize("cells", [{"lon": ""}, {"lat": "", "lon": "36"}, {"lat": "x"}])
def test_half_a_coordinate_is_a_rejection_and_never_zero(
    cells: dict[str, str], tmp_path: Path
) -> None:
    fate = _read(tmp_path, **cells)
    assert isinstance(fate, Rejection)
    assert fate.field == "lon, lat"


def test_no_coordinates_leave_the_oblast(tmp_path: Path) -> None:
    place = _record(tmp_path, lat="", lon="").place
    assert (place.point, place.admin1, place.precision) == (None, "UA-63", Precision.admin1)


def test_inexact_coordinates_are_of_the_settlement(tmp_path: Path) -> None:
    assert _record(tmp_path, accuracy="неточні").place.precision is Precision.settlement


def test_days_with_slashes_put_the_day_first(tmp_path: Path) -> None:
    assert _record(tmp_path, date="05/04/2022").when.first == date(2022, 4, 5)


@pytest.mark.parametrize("day", ["", "24/02", "31/04/2022", "2022-02-30"])
def test_an_unreadable_day_is_a_rejection_and_not_the_first_day_of_the_war(
    day: str, tmp_path: Path
) -> None:
    fate = _read(tmp_path, date=day)
    assert isinstance(fate, Rejection)
    assert (fate.field, fate.got) == ("date", day)


def test_a_projectile_that_a_list_has_says_more_than_its_flag(tmp_path: Path) -> None:
    incident = _record(tmp_path, missile="1", air="1", projectile="Іскандер, крилата ракета")
    assert incident.weapons == ("missile.cruise", "bomb")
