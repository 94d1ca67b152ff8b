"""Waves of a period: what is listed, what counts, what was known then, what the public gets."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import InvalidView, NotFound
from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.query import Query
from app.queries.waves import MarkCounter, PageLimits, WaveCache, waves_answer, waves_dataset
from tests.support import NOW, imported, table

HEADER = ("time_start", "time_end", "model", "target", "launched", "destroyed", "source")
ROWS = (
    ("2025-06-06 18:00", "2025-06-07 08:30", "Shahed-136/131", "Ukraine", "200", "150", "one/1"),
    ("2025-06-07", "2025-06-07", "Unknown UAV", "south", "30", "30", "south/1"),
    ("2025-06-08 01:00", "2025-06-08 02:00", "Kalibr", "south", "4", "4", "south/2"),
    ("2025-06-10", "2025-06-10", "Shahed-136/131", "Ukraine", "10", "", "one/2"),
)


NO_POINT = {"lon": "", "lat": ""}


def _file(folder: Path, rows: tuple[tuple[str, ...], ...] = ROWS) -> Path:
    folder.mkdir(exist_ok=True)
    return table(folder, *(dict(zip(HEADER, row, strict=True)) for row in rows))


def _answer(workspace: Workspace, *, limit: int = 100, offset: int = 0, **view: Any) -> Any:
    state = workspace.state()
    waves_view = View(theatre="ukraine", **view)
    dataset = waves_dataset(Query(workspace, state, waves_view, NOW), None)
    return waves_answer(
        Query(workspace, state, waves_view, NOW),
        dataset,
        WaveCache(),
        PageLimits(limit, offset),
    )


def _bounds(answer: Any, name: str = "launched") -> tuple[int | None, int | None]:
    return answer["totals"][name]["low"], answer["totals"][name]["high"]


def test_a_regional_report_is_listed_and_not_counted(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    imported(private_workspace, _file(tmp_path / "one"))
    answer = _answer(private_workspace)
    assert (answer["numberMatched"], answer["numberReturned"]) == (4, 4)
    assert _bounds(answer) == (214, 214)
    assert [one["counted"] for one in answer["waves"]] == [True, True, False, True]
    assert (answer["totals"]["reports"], answer["totals"]["overlapping"]) == (3, 1)
    assert [one["weapon"] for one in answer["by_weapon"]] == ["drone", "missile"]
    intercepted = answer["totals"]["intercepted"]
    assert (intercepted["high"], intercepted["known"], intercepted["of"]) == (None, 2, 3)


def test_a_night_belongs_to_both_of_its_days_and_still_holds_what_overlaps_it(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    imported(private_workspace, _file(tmp_path / "one"))
    first = _answer(private_workspace, first=date(2025, 6, 6), last=date(2025, 6, 6))
    second = _answer(private_workspace, first=date(2025, 6, 7), last=date(2025, 6, 7))
    assert (_bounds(first), first["numberMatched"]) == ((200, 200), 1)
    assert (_bounds(second), second["numberMatched"]) == ((200, 200), 2)


def test_a_weapon_narrows_and_a_page_is_cut(private_workspace: Workspace, tmp_path: Path) -> None:
    imported(private_workspace, _file(tmp_path / "one"))
    answer = _answer(private_workspace, weapons=("missile",))
    assert (_bounds(answer), answer["numberMatched"]) == ((4, 4), 1)
    page = _answer(private_workspace, limit=1, offset=1)
    assert [one["target"] for one in page["waves"]] == ["south"]
    assert page["numberMatched"] == 4


def test_what_was_known_then_is_still_told(private_workspace: Workspace, tmp_path: Path) -> None:
    imported(private_workspace, _file(tmp_path / "one"))
    changed = (*ROWS[:3], (*ROWS[3][:4], "11", *ROWS[3][5:]))
    later = datetime(2026, 9, 2, tzinfo=UTC)
    report = imported(private_workspace, _file(tmp_path / "two", changed), later)
    assert (report.amended, report.unchanged) == (1, 3)
    assert _bounds(_answer(private_workspace)) == (215, 215)
    assert _bounds(_answer(private_workspace, as_of=NOW)) == (214, 214)


def test_the_public_gets_sums_of_whole_weeks_and_no_report(
    workspace: Workspace, tmp_path: Path
) -> None:
    imported(workspace, _file(tmp_path / "one"))
    whole = _answer(workspace)
    assert (whole["waves"], whole["numberMatched"], _bounds(whole)) == ([], None, (214, 214))
    assert whole["coverage"]["withheld"] == {"terms": 4}
    week = _answer(workspace, first=date(2025, 6, 2), last=date(2025, 6, 8))
    assert _bounds(week) == (204, 204)
    day = _answer(workspace, first=date(2025, 6, 7), last=date(2025, 6, 7))
    assert (day["totals"], day["waves"]) == (None, [])


def test_open_terms_let_reports_out(workspace: Workspace, tmp_path: Path) -> None:
    imported(workspace, _file(tmp_path / "one"), terms="CC0-1.0")
    answer = _answer(workspace, first=date(2025, 6, 7), last=date(2025, 6, 7))
    assert answer["numberReturned"] == 2


def test_what_a_wave_has_not_is_refused(private_workspace: Workspace, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        waves_dataset(Query.of(private_workspace, View(theatre="ukraine"), NOW), None)
    imported(private_workspace, _file(tmp_path / "one"))
    state = private_workspace.state()
    with pytest.raises(InvalidView):
        waves_dataset(
            Query(private_workspace, state, View(theatre="ukraine", regions=("UA-63",)), NOW), None
        )
    with pytest.raises(InvalidView):
        waves_dataset(Query(private_workspace, state, View(theatre="ukraine"), NOW), "other")


def test_waves_do_not_mix_with_incidents_in_one_dataset(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    imported(private_workspace, _file(tmp_path / "one"))
    vocabulary = private_workspace.vocabularies(private_workspace.state())["ukraine"]
    assert "missile-attacks" not in vocabulary.datasets
    assert "missile-attacks" not in vocabulary.controls


def test_marks_beside_a_report_are_of_its_days_and_weapons(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    imported(private_workspace, _file(tmp_path / "one"))
    spot = {"precision": "exact", "lon": "30.5", "lat": "50.4", "weapons": "drone.one_way"}
    rows = [
        {**spot, "source_key": "a", "start": "2025-06-07"},
        {**spot, "source_key": "b", "start": "2025-06-07", "weapons": "missile.cruise"},
        {**spot, "source_key": "c", "start": "2025-06-09"},
        {**spot, "source_key": "d", "start": "2025-06-07", "precision": "country", **NO_POINT},
    ]
    imported(private_workspace, table(tmp_path, *rows), dataset="seen", theatre="ukraine")
    query = Query.of(private_workspace, View(theatre="ukraine"), NOW)
    counter, dataset = MarkCounter.of(query, "seen"), waves_dataset(query, None)
    answer = waves_answer(
        query,
        dataset,
        WaveCache(),
        PageLimits(limit=9),
        count_marks=counter,
    )
    counts = {
        one["volleys"][0]["model"] + one["start"][:10]: one["mapped"] for one in answer["waves"]
    }
    assert counts == {
        "Shahed-136/1312025-06-10": 0,
        "Kalibr2025-06-07": 0,
        "Unknown UAV2025-06-07": 1,
        "Shahed-136/1312025-06-06": 1,
    }


def test_marks_beside_a_report_that_may_not_be_shown_are_not_known(
    workspace: Workspace, tmp_path: Path
) -> None:
    blank = {"precision": "country", "lon": "", "lat": ""}
    rows = [{**blank, "source_key": "a", "start": "2025-06-07"}]
    imported(workspace, table(tmp_path, *rows), dataset="held", theatre="ukraine")
    query = Query.of(workspace, View(theatre="ukraine"), NOW)
    assert MarkCounter.of(query, "held") is None
    with pytest.raises(InvalidView, match="held"):
        MarkCounter.of(query, "nothing")
