"""The days on which a map opens where its theatre states none."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

from app.domain.period import When
from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.defaults import with_defaults
from app.publishing.query import Query
from app.reference.reference import Reference
from tests.making import GEODATA, add, dataset, incident, open_workspace

NEW_YEAR_IN_KHARTOUM = datetime(2025, 12, 31, 23, tzinfo=UTC)


def _opened(folder: Path) -> Workspace:
    own = folder / "theatres"
    own.mkdir()
    text = 'zone = "Africa/Khartoum"\ncountries = ["SD"]\n'
    (own / "sudan.toml").write_text(text, "utf-8")
    return open_workspace(folder, Reference(GEODATA, own_theatres=own))


def _first_days(workspace: Workspace) -> tuple[date | None, date | None]:
    query = Query.of(workspace, View(theatre="sudan"), NEW_YEAR_IN_KHARTOUM)
    view = with_defaults(query).view
    return view.first, view.last


def test_a_map_opens_on_the_last_days_of_its_data_else_on_the_year(tmp_path: Path) -> None:
    workspace = _opened(tmp_path)
    try:
        assert _first_days(workspace) == (date(2026, 1, 1), date(2026, 1, 1))
        days = (date(2024, 1, 1), date(2024, 4, 10))
        records = [incident(str(day), when=When.days(day)) for day in days]
        add(workspace.store, dataset(theatre="sudan"), *records)
        assert _first_days(workspace) == (date(2024, 3, 11), date(2024, 4, 10))
    finally:
        workspace.store.close()
