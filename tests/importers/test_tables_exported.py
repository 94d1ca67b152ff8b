"""Tables as Airtable, Google Sheets, Kobo and ODK Central export them: what is understood of each.

The files are invented. A golden has the proposed mapping, the report and what became of the rows.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from pytest_regressions.data_regression import DataRegressionFixture

from app.domain.errors import InvalidFile, NeedsMapping
from app.domain.incident import decode_incident
from app.domain.revision import Subject
from app.instance.workspace import Workspace
from app.intake.suggestion import suggest
from tests.support import FILES, fates, imported, stable, table

ROWS = {
    "airtable.csv": 3,
    "google_sheets.csv": 6,
    "kobo.csv": 3,
    "odk_central.csv": 2,
    "ocha_plain.csv": 3,
}
SHOWN = ("source_key", "when", "place", "weapons", "killed", "injured", "damage", "sources")


@pytest.mark.parametrize("name", ROWS)
def test_an_exported_table_is_read_and_what_was_understood_is_said(
    name: str, private_workspace: Workspace, data_regression: DataRegressionFixture
) -> None:
    path = FILES / "tables" / name
    toml = suggest(private_workspace, path, "ukraine").toml().splitlines()
    report = imported(private_workspace, path)
    assert report.rows == fates(report) == ROWS[name]
    revisions = private_workspace.store.latest(Subject.incident)
    incidents = sorted(
        (msgspec.to_builtins(decode_incident(one.payload)) for one in revisions if one.payload),
        key=lambda fields: (str(fields["when"]), fields["source_key"]),
    )
    shown = [{to: fields.get(to) for to in (*SHOWN, "description")} for fields in incidents]
    for fields in shown:
        if fields["source_key"].startswith("content-"):
            fields["source_key"] = "content-…"
    data_regression.check({"toml": toml, "report": stable(report), "incidents": shown})


def test_a_table_of_ocha_is_the_same_with_hashtags_and_without(
    private_workspace: Workspace,
) -> None:
    for name in ("ocha_plain", "ocha_hxl"):
        imported(private_workspace, FILES / "tables" / f"{name}.csv")
    revisions = private_workspace.store.latest(Subject.incident)
    incidents = [decode_incident(one.payload) for one in revisions if one.payload]
    facts = [
        {
            one.source_key: (one.when, one.place, one.weapons, one.killed, one.injured)
            for one in incidents
            if one.dataset == dataset
        }
        for dataset in ("ocha-plain", "ocha-hxl")
    ]
    assert facts[0] == facts[1]
    assert len(facts[0]) == 3


def test_a_table_of_a_repeated_group_is_no_table_of_incidents(private_workspace: Workspace) -> None:
    path = FILES / "tables" / "kobo_victims.csv"
    with pytest.raises(InvalidFile) as refused:
        imported(private_workspace, path)
    assert str(refused.value) == (
        "rows of kobo_victims.csv: got 'answers of a repeated group, without a day', allowed: the "
        "main table of the form."
    )


def _survey(**cells: str) -> dict[str, str]:
    """Make an answer of a form, with what Kobo adds."""
    about = {"start": "2024-03-12T09:14:02+02:00", "today": "2024-03-12"}
    return {**about, "date": "2024-03-10", "oblast": "Київ", **cells, "_submission_time": "x"}


def test_a_number_under_a_group_that_may_say_whose_it_is_is_asked_about(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = table(tmp_path, _survey(**{"military/killed": "2"}))
    with pytest.raises(NeedsMapping, match="called like killed, but 'military' may say whose"):
        imported(private_workspace, path)
    whole = suggest(
        private_workspace, table(tmp_path, _survey(**{"children/killed": "2"})), "ukraine"
    )
    assert whole.mapping.columns["children/killed"] == "killed_child"


def test_the_days_of_an_interview_are_not_that_of_the_incident(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    cells = _survey()
    del cells["date"]
    suggestion = suggest(private_workspace, table(tmp_path, cells), "ukraine")
    assert "start" not in suggestion.mapping.columns.values()
    assert suggestion.missing


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        ({"location": "49.99 36.23 120.5 4.9"}, {"location": "lon_lat"}),
        (
            {"lat": "49.99", "lon": "36.23", "mgrs": "37U CR 01614 40127"},
            {"lat": "lat", "lon": "lon"},
        ),
    ],
    ids=["the point of a form, called a location", "a point stated twice"],
)
def test_a_row_has_one_place_however_often_it_is_written(
    cells: dict[str, str], expected: dict[str, str], private_workspace: Workspace, tmp_path: Path
) -> None:
    path = table(tmp_path, {"date": "2024-03-10", **cells})
    mapping = suggest(private_workspace, path, "ukraine").mapping
    assert mapping.columns == {"date": "start", **expected}
    report = imported(private_workspace, path)
    assert not any("several places" in one for one in report.warnings)
