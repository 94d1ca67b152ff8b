"""Stand-ins of event databases in, golden reports out; every reason to drop a row is documented."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_regressions.data_regression import DataRegressionFixture

from app.domain.damage import Grade
from app.domain.incident import EventKind
from app.domain.place import Precision
from app.importers.described import DESCRIBED, SCOPE
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from tests.making import ROOT
from tests.support import FILES, fates, imported, stable

DOC = (ROOT / "docs" / "formats.md").read_text("utf-8")
STAND_INS = {
    "acled.csv": 2,
    "acled_monadic.csv": 5,
    "ucdp_ged.csv": 2,
    "bellingcat_export.json": 2,
    "bellingcat_export.csv": 1,
    "timemap_events.json": 1,
    "missile_attacks.csv": 7,
    "geoconfirmed_ukraine.csv": 3,
    "geoconfirmed_ukraine.kmz": 2,
    "viina_event_1pd.csv": 2,
    "viina_event_info.csv": 2,
    "cir_arcgis_query.json": 1,
    "cir_events_old.geojson": 1,
    "gtd.csv": 4,
    "airwars.csv": 2,
    "imsma.csv": 4,
    "mnemonic.csv": 4,
}
NOTHING_ADDED = {"viina_event_info.csv"}
KEPT = {"incident", "if_harm", "strike", "battle", "other_harm"}


@pytest.mark.parametrize("name", STAND_INS)
def test_a_report_tells_what_became_of_every_row(
    name: str, private_workspace: Workspace, data_regression: DataRegressionFixture
) -> None:
    path = FILES / "events" / name
    report = imported(private_workspace, path, synthetic=True)
    assert report.rows == fates(report) == STAND_INS[name]
    data_regression.check(stable(report))
    head = private_workspace.store.head()
    again = imported(private_workspace, path, synthetic=True)
    assert (again.added, again.amended, again.unchanged) == (0, 0, report.added)
    assert private_workspace.store.head() == head
    assert (report.added == 0) == (name in NOTHING_ADDED)


def _reasons(reference: Reference) -> Iterator[str]:
    for form, tables in (
        ("acled", ("scope", "types")),
        ("viina", ("scope",)),
        ("geoconfirmed", ("factions",)),
        *((one.name, (SCOPE,)) for one in DESCRIBED if one.scope_column),
    ):
        words = reference.taxonomy.crosswalk(form)
        yield from (reason for table in tables for reason in words[table].values())


def test_every_reason_to_drop_a_row_is_documented(reference: Reference) -> None:
    reasons = {*_reasons(reference), "hxl_tags", "reconnaissance", "unit"}
    reasons |= {"described_position", "equipment", "no_event_type", "headline_without_strike"}
    reasons |= {"no_harm_reported"}
    assert [one for one in sorted(reasons - KEPT) if f"`{one}`" not in DOC] == []


@pytest.mark.parametrize(
    "form",
    [
        *("acled", "ucdp", "timemap", "missile_attacks", "geoconfirmed", "viina", "cir"),
        *(one.name for one in DESCRIBED),
    ],
)
def test_a_crosswalk_names_only_codes_that_exist(form: str, reference: Reference) -> None:
    taxonomy = reference.taxonomy
    words = taxonomy.crosswalk(form)
    assert set(words.get("weapons", {}).values()) <= {*taxonomy.weapons.codes, ""}
    tables = ("sectors", "damage", "sector")
    sectors = {code for table in tables for code in words.get(table, {}).values() if code}
    assert sectors <= set(taxonomy.sectors.codes)
    for table, codes in (("precision", Precision), ("grade", Grade), ("kind", EventKind)):
        assert set(words.get(table, {}).values()) <= set(codes), table


def test_regions_and_countries_of_the_shared_names_exist(reference: Reference) -> None:
    places = reference.taxonomy.crosswalk("places")
    codes = {region.code for region in reference.region_set("ukraine").regions}
    assert set(places["regions"].values()) <= codes
    assert all(len(code) == 2 for code in places["countries"].values())
