"""A settlement that its unit has only once gets its point by its name; nothing is guessed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import InvalidFile
from app.domain.mapping import checked
from app.domain.place import Precision
from app.importers.base import Found, Outcome, Rejection, Warned
from app.instance.workspace import Workspace
from app.intake.suggestion import suggest
from app.reference.reference import Reference
from tests.support import outcomes, table
from tests.tables import mapping, told

COLUMNS = {"day": "start", "where": "place", "oblast": "admin1", "raion": "admin2"}
MAPPING = mapping(COLUMNS, geocode=True, constants={})
ROW = {"day": "2024-03-10", "where": "Ізюм", "oblast": "Харківська область", "raion": ""}


def _read(folder: Path, **changed: str) -> list[Outcome]:
    return outcomes(table(folder, {**ROW, **changed}), "mapped", told(MAPPING))


def _place(folder: Path, **changed: str) -> Any:
    (found, *_warned) = _read(folder, **changed)
    assert isinstance(found, Found), found
    return found.record.place  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["Ізюм", "м. Ізюм", "місто Ізюм", "Izium", "IZYUM", " Izium city"])
def test_a_name_that_its_oblast_has_once_gets_its_point(name: str, tmp_path: Path) -> None:
    place = _place(tmp_path, where=name)
    assert place.point == pytest.approx((37.2667, 49.1926), abs=0.05)
    assert (place.precision, place.error_m) == (Precision.settlement, 15_000)
    assert (place.admin1, place.admin2, place.name) == ("UA-63", "UA6304", name.strip())


def test_namesakes_are_listed_and_none_of_them_is_taken(tmp_path: Path) -> None:
    (found,) = _read(tmp_path, where="Іванівка")
    assert isinstance(found, Rejection)
    assert (found.field, found.got) == ("place", "Іванівка")
    assert found.why.startswith("one settlement; 12 have this name in UA-63: Іванівка (village, ")
    assert found.why.count("raion") >= 12
    assert found.why.endswith("Say the raion in `admin2`, or give coordinates")


@pytest.mark.parametrize("raion", ["UA7118", "Черкаський", "Черкаський район"])
def test_the_raion_tells_namesakes_apart_by_code_or_by_name(raion: str, tmp_path: Path) -> None:
    told_apart = {"where": "Сміла", "oblast": "UA-71", "raion": raion}
    assert _place(tmp_path, **told_apart).admin2.startswith("UA71")


def test_a_raion_leaves_namesakes_within_it_undecided(tmp_path: Path) -> None:
    (found,) = _read(tmp_path, where="Іванівка", raion="UA6304")
    assert isinstance(found, Rejection)
    assert "UA6302" not in found.why
    assert "UA6304" in found.why


def test_a_raion_that_has_only_one_of_the_name_is_enough(
    reference: Reference, tmp_path: Path
) -> None:
    listed = reference.settlements("ukraine")
    assert listed is not None
    raions = [one.admin2 for one in listed.called("Іванівка", "UA-63")]
    only = next(raion for raion in raions if raions.count(raion) == 1)
    place = _place(tmp_path, where="Іванівка", raion=str(only))
    assert place.admin2 == only


def test_without_its_oblast_a_name_is_not_placed(tmp_path: Path) -> None:
    (found, *_warned) = _read(tmp_path, oblast="")
    assert isinstance(found, Rejection)
    assert found.field == "admin1"
    assert "Ізюм (city, Ізюмський raion, Ізюмська hromada, UA6304)" in found.why


def test_a_name_of_another_oblast_is_not_taken(tmp_path: Path) -> None:
    found, warned = _read(tmp_path, where="Маріуполь")
    assert isinstance(found, Found)
    place: Any = found.record.place  # type: ignore[union-attr]
    assert (place.point, place.precision, place.admin1) == (None, Precision.admin1, "UA-63")
    assert warned == Warned(
        "Places that the list of settlements has not in their unit, known to their region only: "
        "'Маріуполь' (1)."
    )


def test_a_village_without_a_position_is_known_to_its_raion(
    reference: Reference, tmp_path: Path
) -> None:
    listed = reference.settlements("ukraine")
    assert listed is not None
    assert [one.point for one in listed.called("Поляна", "UA-12")] == [None]
    found, warned = _read(tmp_path, where="Поляна", oblast="UA-12")
    assert isinstance(found, Found)
    place: Any = found.record.place  # type: ignore[union-attr]
    assert (place.point, place.admin2) == (None, "UA1204")
    assert isinstance(warned, Warned)
    assert "of which the list has no position" in warned.text


def test_kyiv_is_the_city_and_the_oblast_has_another(reference: Reference, tmp_path: Path) -> None:
    assert _place(tmp_path, where="Київ", oblast="м. Київ").admin1 == "UA-30"
    listed = reference.settlements("ukraine")
    assert listed is not None
    assert len(listed.called("Київ")) > 1


def test_coordinates_win_over_the_name(tmp_path: Path) -> None:
    both = replace(
        told(MAPPING),
        table=mapping({**COLUMNS, "lat": "lat", "lon": "lon"}, geocode=True),
    )
    path = table(tmp_path, {**ROW, "where": "Іванівка", "lat": "49.5", "lon": "36.5"})
    (found,) = outcomes(path, "mapped", both)
    assert isinstance(found, Found)
    assert found.record.place.point == (36.5, 49.5)  # type: ignore[union-attr]


def test_without_the_wish_a_name_stays_a_name(tmp_path: Path) -> None:
    plain = mapping(COLUMNS, constants={})
    (found,) = outcomes(table(tmp_path, ROW), "mapped", told(plain))
    assert isinstance(found, Found)
    assert found.record.place.point is None  # type: ignore[union-attr]


def test_a_theatre_without_a_list_finds_nothing(tmp_path: Path) -> None:
    (found,) = outcomes(table(tmp_path, {**ROW, "oblast": ""}), "mapped", told(MAPPING, "example"))
    assert isinstance(found, Found)
    assert found.record.place.point is None  # type: ignore[union-attr]


def test_the_wish_needs_names_and_units() -> None:
    with pytest.raises(InvalidFile, match=r"^geocode in the mapping: got 'true', allowed: columns"):
        checked(mapping({"day": "start", "where": "place"}, geocode=True, constants={}))


def test_it_is_proposed_where_names_and_units_are_known(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = table(tmp_path, {"Дата": "14.03.2024", "Місто": "Ізюм", "Область": "Харківська область"})
    found = suggest(private_workspace, path, "ukraine")
    assert found.mapping.geocode
    assert "geocode = true" in found.toml()
    assert found.missing == []


def test_the_list_is_whole_and_its_units_are_the_theatres(reference: Reference) -> None:
    listed = reference.settlements("ukraine")
    assert listed is not None
    every = {one.code: one for some in listed._by_name.values() for one in some}
    assert len(every) == 29_703
    assert sum(one.point is not None for one in every.values()) == 4_931
    codes = {region.code for region in reference.region_set("ukraine").regions}
    assert {one.admin1 for one in every.values()} <= codes
