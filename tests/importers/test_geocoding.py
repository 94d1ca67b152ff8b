"""A settlement that its unit has only once gets its point by its name; nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import InvalidFile
from app.domain.mapping import checked
from app.domain.place import Precision
from app.files.source import Rejection
from app.importers.base import Outcome, ParsedRecord, Warned
from app.instance.workspace import Workspace
from app.intake.suggestion import suggest
from app.reference.reference import Reference
from tests.support import outcomes, table
from tests.tables import mapping, table_context

COLUMNS = {"day": "start", "where": "place", "oblast": "admin1", "raion": "admin2"}
MAPPING = mapping(COLUMNS, geocode=True, constants={})
ROW = {"day": "2024-03-10", "where": "Ізюм", "oblast": "Харківська область", "raion": ""}


def _read(folder: Path, **changed: str) -> list[Outcome]:
    return outcomes(table(folder, {**ROW, **changed}), "mapped", table_context(MAPPING))


def _place(folder: Path, **changed: str) -> Any:
    (outcome, *_warned) = _read(folder, **changed)
    assert isinstance(outcome, ParsedRecord), outcome
    return outcome.record.place  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["Ізюм", "м. Ізюм", "місто Ізюм", "Izium", "IZYUM", " Izium city"])
def test_a_name_that_its_oblast_has_once_gets_its_point(name: str, tmp_path: Path) -> None:
    place = _place(tmp_path, where=name)
    assert place.point == pytest.approx((37.2667, 49.1926), abs=0.05)
    assert (place.precision, place.error_m) == (Precision.settlement, 15_000)
    assert (place.admin1, place.admin2, place.name) == ("UA-63", "UA6304", name.strip())


def test_namesakes_are_listed_and_none_of_them_is_taken(tmp_path: Path) -> None:
    (outcome,) = _read(tmp_path, where="Іванівка")
    assert isinstance(outcome, Rejection)
    assert (outcome.field, outcome.got) == ("place", "Іванівка")
    assert outcome.why.startswith("one settlement; 12 have this name in UA-63: Іванівка (village, ")
    assert outcome.why.count("raion") >= 12
    assert outcome.why.endswith("Say the raion in `admin2`, or give coordinates")


@pytest.mark.parametrize("raion", ["UA7118", "Черкаський", "Черкаський район"])
def test_the_raion_tells_namesakes_apart_by_code_or_by_name(raion: str, tmp_path: Path) -> None:
    told_apart = {"where": "Сміла", "oblast": "UA-71", "raion": raion}
    assert _place(tmp_path, **told_apart).admin2.startswith("UA71")


def test_a_raion_that_is_not_the_settlements_is_warned_of(tmp_path: Path) -> None:
    outcome, warned = _read(tmp_path, raion="Куп'янський район")
    assert isinstance(outcome, ParsedRecord)
    assert warned == Warned(
        "Places that their unit has once, not in the raion that is stated: "
        '"Ізюм, Куп\'янський район" (1).'
    )


def test_a_raion_leaves_namesakes_within_it_undecided(tmp_path: Path) -> None:
    (outcome,) = _read(tmp_path, where="Іванівка", raion="UA6304")
    assert isinstance(outcome, Rejection)
    assert "UA6302" not in outcome.why
    assert "UA6304" in outcome.why


def test_a_raion_that_has_only_one_of_the_name_is_enough(
    reference: Reference, tmp_path: Path
) -> None:
    settlements = reference.settlements("ukraine")
    assert settlements is not None
    raions = [one.admin2 for one in settlements.called("Іванівка", "UA-63")]
    only = next(raion for raion in raions if raions.count(raion) == 1)
    place = _place(tmp_path, where="Іванівка", raion=str(only))
    assert place.admin2 == only


def test_without_its_oblast_a_name_is_not_placed(tmp_path: Path) -> None:
    (outcome, *_warned) = _read(tmp_path, oblast="")
    assert isinstance(outcome, Rejection)
    assert outcome.field == "admin1"
    assert "Ізюм (city, Ізюмський raion, Ізюмська hromada, UA6304)" in outcome.why


def test_a_name_of_another_oblast_is_not_taken(tmp_path: Path) -> None:
    outcome, warned = _read(tmp_path, where="Маріуполь")
    assert isinstance(outcome, ParsedRecord)
    place: Any = outcome.record.place  # type: ignore[union-attr]
    assert (place.point, place.precision, place.admin1) == (None, Precision.admin1, "UA-63")
    assert warned == Warned(
        "Places that the list of settlements has not in their unit, known to their region only: "
        "'Маріуполь' (1)."
    )


def test_a_village_without_a_position_is_known_to_its_raion(
    reference: Reference, tmp_path: Path
) -> None:
    settlements = reference.settlements("ukraine")
    assert settlements is not None
    assert [one.point for one in settlements.called("Поляна", "UA-12")] == [None]
    outcome, warned = _read(tmp_path, where="Поляна", oblast="UA-12")
    assert isinstance(outcome, ParsedRecord)
    place: Any = outcome.record.place  # type: ignore[union-attr]
    assert (place.point, place.admin2) == (None, "UA1204")
    assert isinstance(warned, Warned)
    assert "of which the list has no position" in warned.text


def test_kyiv_is_the_city_and_the_oblast_has_another(reference: Reference, tmp_path: Path) -> None:
    assert _place(tmp_path, where="Київ", oblast="м. Київ").admin1 == "UA-30"
    settlements = reference.settlements("ukraine")
    assert settlements is not None
    assert len(settlements.called("Київ")) > 1


def test_coordinates_win_over_the_name(tmp_path: Path) -> None:
    both = replace(
        table_context(MAPPING),
        table=mapping({**COLUMNS, "lat": "lat", "lon": "lon"}, geocode=True),
    )
    path = table(tmp_path, {**ROW, "where": "Іванівка", "lat": "49.5", "lon": "36.5"})
    (outcome,) = outcomes(path, "mapped", both)
    assert isinstance(outcome, ParsedRecord)
    assert outcome.record.place.point == (36.5, 49.5)  # type: ignore[union-attr]


def test_without_the_wish_a_name_stays_a_name(tmp_path: Path) -> None:
    plain = mapping(COLUMNS, constants={})
    (outcome,) = outcomes(table(tmp_path, ROW), "mapped", table_context(plain))
    assert isinstance(outcome, ParsedRecord)
    assert outcome.record.place.point is None  # type: ignore[union-attr]


def test_a_theatre_without_a_list_finds_nothing(tmp_path: Path) -> None:
    (outcome,) = outcomes(
        table(tmp_path, {**ROW, "oblast": ""}), "mapped", table_context(MAPPING, "example")
    )
    assert isinstance(outcome, ParsedRecord)
    assert outcome.record.place.point is None  # type: ignore[union-attr]


def test_the_wish_needs_names_and_units() -> None:
    with pytest.raises(InvalidFile, match=r"^geocode in the mapping: got 'true', allowed: columns"):
        checked(mapping({"day": "start", "where": "place"}, geocode=True, constants={}))


def test_it_is_proposed_where_names_and_units_are_known(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = table(tmp_path, {"Дата": "14.03.2024", "Місто": "Ізюм", "Область": "Харківська область"})
    suggestion = suggest(private_workspace, path, "ukraine")
    assert suggestion.mapping.geocode
    assert "geocode = true" in suggestion.toml()
    assert suggestion.missing == []


def test_the_list_is_whole_and_its_units_are_the_theatres(reference: Reference) -> None:
    settlements = reference.settlements("ukraine")
    assert settlements is not None
    every = {one.code: one for namesakes in settlements._by_name.values() for one in namesakes}
    assert len(every) == 29_703
    assert sum(one.point is not None for one in every.values()) == 4_931
    codes = {region.code for region in reference.region_set("ukraine").regions}
    assert {one.admin1 for one in every.values()} <= codes
