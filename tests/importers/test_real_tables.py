"""The real workbooks of Insecurity Insight; skipped without them."""

from __future__ import annotations

from typing import Any

import pytest

from app.instance.workspace import Workspace
from tests.support import fates, imported, real, records, roomy
from tests.tables import table_context

WEAPONS = "insecurity_insight/2020-2023-explosive-weapons-monitor-data-by-insecurity-insight.xlsx"
HEALTH = "insecurity_insight/2022-shcc-incident-data.xlsx"


@pytest.mark.parametrize(
    ("name", "rows", "added", "dropped"),
    [
        (WEAPONS, 2083, 1095, {"other_country": 988}),
        (HEALTH, 1989, 610, {"no_harm": 148, "no_strike": 23, "other_country": 1208}),
    ],
)
def test_every_row_of_a_real_workbook_has_one_fate(
    name: str, rows: int, added: int, dropped: dict[str, int], private_workspace: Workspace
) -> None:
    workspace, path = roomy(private_workspace), real(name)
    report = imported(workspace, path)
    assert report.format == "hxl"
    assert (report.rows, report.added, report.dropped) == (rows, added, dropped)
    assert (report.rejections, fates(report)) == ([], rows)
    again = imported(workspace, path)
    assert (again.added, again.amended, again.unchanged) == (0, 0, added)


def test_explosive_weapons_have_regions_and_people_but_no_points() -> None:
    incidents: list[Any] = records(real(WEAPONS), table_context())
    assert not [one for one in incidents if one.place.point]
    assert sum(one.place.admin1 is not None for one in incidents) == 896
    killed = [one.killed.civilian.low for one in incidents if one.killed.total.is_known]
    assert (len(killed), sum(killed)) == (76, 115)


def test_attacks_on_health_care_count_people_once_and_tell_what_was_destroyed() -> None:
    incidents: list[Any] = records(real(HEALTH), table_context())
    assert sum(one.killed.civilian.low for one in incidents) == 78
    assert sum(one.injured.civilian.low for one in incidents) == 59
    parts = [
        part for one in incidents for part in one.damage if part.object_kind == "health facility"
    ]
    assert sum(part.count for part in parts if part.grade.value == "destroyed") == 90
