"""A UCDP file of a country at war, years long: every row is kept; sums equal those of pandas."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from app.domain.answer import JsonObject
from app.domain.terms import Face
from app.domain.view import View
from app.importers.ucdp import NAMES
from app.instance.workspace import Workspace
from app.intake.planning import Report
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.sums import summarise
from tests.support import NOW, imported

ROWS, BATTLES, CONTRADICTORY = 600, 510, 4
ALL_KINDS = ("battle", "other_harm", "strike")


def release(folder: Path) -> Path:
    """Write invented rows in the proportions of Ukraine 2014-2021, with the true columns."""
    dice = random.Random(2014)  # noqa: S311  a fixed seed, not a secret
    rows = []
    for number in range(ROWS):
        is_battle = number < BATTLES
        sides = [dice.randrange(1, 9), dice.randrange(9)] if is_battle else [0, dice.randrange(3)]
        others = [0, 0] if is_battle else [dice.randrange(1, 9), dice.randrange(3)]
        best = sum(sides) + sum(others)
        first = date(2014, 5, 1) + timedelta(days=dice.randrange(2_700))
        rows.append(
            dict.fromkeys(NAMES, "")
            | {"id": number + 1, "type_of_violence": 1, "side_a": "Government of Ukraine"}
            | {"where_prec": 1, "adm_1": "Donetsk oblast", "country": "Ukraine"}
            | {"latitude": 48 + dice.random() / 10, "longitude": 37.8, "date_prec": 1}
            | {"date_start": f"{first} 00:00:00.000", "date_end": f"{first} 00:00:00.000"}
            | {"deaths_a": sides[0], "deaths_b": sides[1], "deaths_civilians": others[0]}
            | {"deaths_unknown": others[1], "low": best - dice.randrange(2), "best": best}
            | {"high": best + dice.randrange(4)}
        )
    for row in rows[:: ROWS // CONTRADICTORY][:CONTRADICTORY]:
        row["high"] = int(str(row["best"])) - 1
    path = folder / "GEDEvent_v22_1.csv"
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


@pytest.fixture
def whole(private_workspace: Workspace, tmp_path: Path) -> tuple[Workspace, pd.DataFrame, Report]:
    """An instance with the release, the release as pandas reads it, and the report."""
    path = release(tmp_path)
    report = imported(private_workspace, path, theatre="ukraine")
    return private_workspace, pd.read_csv(path), report


def summary(workspace: Workspace, by: str = "region", **filters: object) -> JsonObject:
    """Sum a View of the release."""
    view = View(theatre="ukraine", datasets=("ucdp",)).but(**filters)
    return summarise(publish(Query.of(workspace, view, NOW), Face.aggregates), by)


def test_every_row_of_a_release_is_kept(
    whole: tuple[Workspace, pd.DataFrame, Report],
) -> None:
    _workspace, table, report = whole
    assert (report.rows, report.added) == (len(table), len(table))
    assert (report.rejected, report.dropped) == (0, {})


def test_the_sums_of_each_kind_equal_those_of_pandas(
    whole: tuple[Workspace, pd.DataFrame, Report],
) -> None:
    workspace, table, _report = whole
    sound = table[(table.low <= table.best) & (table.best <= table.high)]
    is_battle = (sound.deaths_civilians == 0) & (sound.deaths_unknown == 0)
    for kinds, rows in (
        ((), sound[~is_battle]),
        (("battle",), sound[is_battle]),
        (ALL_KINDS, sound),
    ):
        totals = summary(workspace, kinds=kinds)["totals"]
        killed = totals["killed"]
        assert [killed[bound] for bound in ("low", "best", "high_known")] == [
            int(rows[bound].sum()) for bound in ("low", "best", "high")
        ]
        assert killed["by_kind"]["civilian"]["best"] == int(rows.deaths_civilians.sum())
        soldiers = int((rows.deaths_a + rows.deaths_b).sum())
        assert killed["by_kind"]["military"]["best"] == soldiers
    rows_by_kind = {row["key"]: row for row in summary(workspace, "kind", kinds=ALL_KINDS)["rows"]}
    assert rows_by_kind.keys() == {"battle", "other_harm"}
    assert rows_by_kind["battle"]["killed"]["by_kind"]["civilian"]["best"] == 0


def test_contradictory_rows_are_counted_beside_the_sums(
    whole: tuple[Workspace, pd.DataFrame, Report],
) -> None:
    workspace, table, _report = whole
    contradictory = int((table.best > table.high).sum())
    assert contradictory == CONTRADICTORY
    answer = summary(workspace, kinds=ALL_KINDS)
    assert answer["coverage"]["contradictory"] == contradictory
    assert answer["totals"]["incidents"] == len(table)
    assert answer["totals"]["killed"]["known"] == len(table) - contradictory
