"""Rows that name several places, and rows that are victims: nobody is counted twice or invented."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.count import Count
from app.domain.errors import InvalidFile, NeedsMapping
from app.domain.incident import Incident
from app.domain.mapping import SeveralPlaces, TableMapping, Victims, checked
from app.domain.place import Precision
from app.files.source import Rejection
from app.importers.base import Outcome, ParsedRecord, Warned
from app.instance.workspace import Workspace
from app.intake.suggestion import suggest
from tests.support import fates, imported, outcomes, written
from tests.tables import mapping, table_context

PLACES = (
    "id,date,lat1,lon1,lat2,lon2,place,killed\n"
    "a,2024-03-10,49.99,36.23,50.11,36.11,Kharkiv; Derhachi,5\n"
    "b,2024-03-11,49.99,36.23,,,Kharkiv,1\n"
    "c,2024-03-12,49.99,36.23,50.45,30.52,Kharkiv; Kyiv,2\n"
    "d,2024-03-13,49.99,36.23,49.99,36.23,Kharkiv,\n"
)
COLUMNS = {
    "id": "source_key",
    "date": "start",
    "place": "place",
    "killed": "killed",
    "lat1": "lat",
    "lon1": "lon",
    "lat2": "lat",
    "lon2": "lon",
}
PEOPLE = (
    "Event ID,Date,Oblast,Full name,Outcome,Link\n"
    "e1,2024-03-10,Київ,Invented One,killed,https://example.org/1\n"
    "e1,2024-03-10,Київ,Invented Two,Wounded,https://example.org/2\n"
    "e2,2024-03-11,Київ,Invented Three,injured,\n"
    "e1,2024-03-10,Київ,Invented Four,killed,https://example.org/1\n"
    "e3,2024-03-12,Київ,Invented Five,killed,\n"
    "e3,2024-03-12,Київ,Invented Six,,\n"
)
PERSONS = {"Date": "start", "Oblast": "admin1", "Link": "source_url"}
OUTCOME = Victims(event="Event ID", fate="Outcome")


def _read(folder: Path, text: str, into: TableMapping) -> list[Outcome]:
    path = written(folder, "a.csv", text)
    return outcomes(path, "mapped", table_context(into))


def _incidents(results: list[Outcome]) -> list[Incident]:
    records = [one.record for one in results if isinstance(one, ParsedRecord)]
    return [one for one in records if isinstance(one, Incident)]


def test_a_row_of_two_places_is_one_incident_of_the_region_that_they_share(tmp_path: Path) -> None:
    results = _read(tmp_path, PLACES, mapping(COLUMNS))
    two, one, far, same = _incidents(results)
    assert (two.place.point, two.place.precision, two.place.admin1) == (
        None,
        Precision.admin1,
        "UA-63",
    )
    assert (two.place.name, two.killed.total) == ("Kharkiv; Derhachi", Count.exactly(5))
    assert two.description == (
        "Places: Kharkiv (lon 36.23, lat 49.99); Derhachi (lon 36.11, lat 50.11)"
    )
    assert (far.place.precision, far.place.admin1) == (Precision.country, None)
    assert one.place.is_drawable
    assert same.place.is_drawable
    assert (
        Warned(
            "Rows that name several places, one incident, known to the region that they share: 2."
        )
        in results
    )


def test_places_apart_are_incidents_without_the_numbers_of_the_row(tmp_path: Path) -> None:
    results = _read(tmp_path, PLACES, mapping(COLUMNS, several_places=SeveralPlaces.apart))
    first, second, *_others = _incidents(results)
    assert [one.source_key for one in (first, second)] == ["a/1", "a/2"]
    assert [one.place.name for one in (first, second)] == ["Kharkiv", "Derhachi"]
    for incident in (first, second):
        assert incident.place.is_drawable
        assert not incident.killed.total.is_known
        assert incident.description == "Of 2 places together: killed: 5"
    assert len(_incidents(results)) == 6


@pytest.mark.parametrize(
    ("cell", "count"), [("49,99; 36,23", 1), ("49.99, 36.23; 50.11, 36.11", 2), ("x; y", None)]
)
def test_a_cell_of_points_is_one_point_where_it_can_be(
    cell: str, count: int | None, tmp_path: Path
) -> None:
    text = f'date;gps\n2024-03-10;"{cell}"\n'
    (result, *_notes) = _read(tmp_path, text, mapping({"date": "start", "gps": "lat_lon"}))
    if count is None:
        assert isinstance(result, Rejection)
    else:
        (incident,) = _incidents([result])
        assert incident.place.is_drawable == (count == 1)


def test_columns_of_several_places_are_proposed(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path, "a.csv", PLACES)
    assert suggest(private_workspace, path, "ukraine").mapping.columns == COLUMNS
    report = imported(private_workspace, path)
    assert (report.added, report.rejected, report.rows) == (4, 0, fates(report))


def test_rows_of_victims_are_one_incident_an_event_and_no_name_is_kept(tmp_path: Path) -> None:
    people = mapping(PERSONS, constants={}, victims=OUTCOME)
    results = _read(tmp_path, PEOPLE, people)
    first, second, third = _incidents(results)
    assert [one.rows for one in results if isinstance(one, ParsedRecord)] == [3, 1, 2]
    assert first.source_key == "e1"
    assert (first.killed.total, first.injured.total) == (Count.exactly(2), Count.exactly(1))
    assert not second.killed.total.is_known  # nobody in the list is not nobody at all
    assert third.killed.total == Count(1, None, None)  # of one person nobody says
    assert [source.url for source in first.sources] == [
        "https://example.org/1",
        "https://example.org/2",
    ]
    assert "Invented" not in repr(_incidents(results))


def test_rows_of_one_event_that_differ_are_rejected_together(tmp_path: Path) -> None:
    text = PEOPLE.replace("e1,2024-03-10,Київ,Invented Two", "e1,2024-03-11,Київ,Invented Two")
    results = _read(tmp_path, text, mapping(PERSONS, constants={}, victims=OUTCOME))
    (fault,) = [one for one in results if isinstance(one, Rejection)]
    assert (fault.row, fault.field, fault.rows) == (2, "Date", 3)
    assert fault.why == "'2024-03-10', as in another row of the event 'e1'"


def test_a_list_of_the_killed_needs_no_column_of_fates(tmp_path: Path) -> None:
    killed = Victims(event="Event ID", every="killed")
    results = _read(tmp_path, PEOPLE, mapping(PERSONS, constants={}, victims=killed))
    assert [one.killed.total.best for one in _incidents(results)] == [3, 1, 2]


def test_a_fate_that_no_list_has_makes_a_lower_bound_and_a_warning(tmp_path: Path) -> None:
    text = PEOPLE.replace("Invented Two,Wounded", "Invented Two,vanished")
    results = _read(tmp_path, text, mapping(PERSONS, constants={}, victims=OUTCOME))
    assert _incidents(results)[0].killed.total == Count(2, None, None)
    sentence = "Fates that no list has, so that numbers are lower bounds: 'vanished' (1)."
    assert Warned(sentence) in results


@pytest.mark.parametrize(
    ("victims", "sentence"),
    [
        (
            Victims(event="Event ID"),
            "got 'neither', allowed: one: a column, or what all of them are",
        ),
        (Victims(event="Event ID", fate="x", every="killed"), "got 'both'"),
        (Victims(event="Event ID", every="dead"), "got 'dead', allowed: one of killed, injured"),
        (Victims(event="", fate="x"), "the column whose values are equal for one event"),
    ],
)
def test_victims_of_no_use_are_refused(victims: Victims, sentence: str) -> None:
    with pytest.raises(InvalidFile, match=sentence):
        checked(mapping(PERSONS, constants={}, victims=victims))


def test_a_table_that_names_people_and_repeats_its_keys_is_asked_about(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    text = PEOPLE.replace("Oblast", "Region").replace("Київ", "UA30")
    path = written(tmp_path, "people.csv", text)
    with pytest.raises(NeedsMapping, match="if each row is a victim, state it under"):
        imported(private_workspace, path)
    mapped = mapping({"Date": "start", "Region": "admin1"}, constants={}, victims=OUTCOME)
    report = imported(private_workspace, path, mapping=mapped)
    assert (report.added, report.rows, fates(report)) == (6, 6, 6)


def test_rows_of_one_incident_are_never_added_up(tmp_path: Path) -> None:
    text = (
        "incident,date,place,killed,link\n"
        "x,2024-03-10,Kharkiv,2,https://example.org/1\n"
        "x,2024-03-10,Kharkiv,3,https://example.org/2\n"
        ",2024-03-10,Kharkiv,1,https://example.org/3\n"
    )
    columns = {"date": "start", "place": "place", "killed": "killed", "link": "source_url"}
    into = mapping(columns, constants={}, same_incident="incident")
    alone, two = _incidents(_read(tmp_path, text, into))
    assert (two.source_key, two.killed.total, len(two.sources)) == ("x", Count.exactly(2), 2)
    assert (alone.killed.total, len(alone.sources)) == (Count.exactly(1), 1)


def test_rows_are_either_reports_or_persons() -> None:
    both = mapping(PERSONS, constants={}, victims=OUTCOME, same_incident="Event ID")
    with pytest.raises(InvalidFile, match="rows are either reports or persons"):
        checked(both)
