"""Filters in CQL2 text mean what the standard says, on what the audience may see."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.domain.count import Count, Toll
from app.domain.damage import Damage
from app.domain.errors import InvalidView
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.terms import Face
from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.cql import filtered_rows
from tests.making import KYIV, NOON, add, dataset, incident
from tests.support import NOW

VIEW = View(theatre="ukraine", datasets=("invented",))


def matching(workspace: Workspace, text: str) -> set[str]:
    published = publish(Query.of(workspace, VIEW, NOW), Face.points)
    rows = filtered_rows(published, text).rows()
    revisions = workspace.store.by_seq(rows["seq"].tolist())
    return {one.payload.decode().split('"source_key":"')[1][0] for one in revisions if one.payload}


@pytest.fixture
def three(private_workspace: Workspace) -> Workspace:
    """Hold a: two killed in Kyiv by drones; b: figures unknown; c: known to a region only."""
    killed, day = Toll.of(Count(2, None, None)), date(2025, 10, 26)
    a = incident("a", killed=killed, weapons=("drone", "missile.cruise"))
    b = incident("b", place=Place.at(LonLat(36.2, 50), Precision.street), when=When.days(day))
    c = incident(
        "c", killed=Toll.of(Count(1, 1, 1)), place=Place.at(None, Precision.admin1, admin1="UA-12")
    )
    add(private_workspace.store, dataset(), a, b, c)
    return private_workspace


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("killed_low >= 2", "a"),
        ("2 <= killed_low", "a"),
        ("killed_low < 2", "c"),
        ("NOT (killed_low >= 2)", "c"),
        ("killed_low IS NULL", "b"),
        ("killed_low IS NOT NULL", "ac"),
        ("killed_low = 2 OR killed_low = 1 AND status = 'verified'", "a"),
        ("killed_best = 5 OR status = 'reported'", "abc"),
        ("killed_low BETWEEN 1 AND 2", "ac"),
        ("killed_low IN (1, 7)", "c"),
        ("precision LIKE 's%'", "b"),
        ("precision LIKE '%x_ct'", "a"),
        ("first_day = DATE('2025-10-26')", "b"),
        ("T_AFTER(first_day, DATE('2025-10-24'))", "b"),
        ("T_INTERSECTS(first_day, INTERVAL('..', '2025-10-24'))", "ac"),
        ("A_CONTAINS(weapons, ('drone', 'missile.cruise'))", "a"),
        ("A_OVERLAPS(weapons, ('drone', 'mine'))", "a"),
        ("S_INTERSECTS(geometry, BBOX(30, 50, 31, 51))", "a"),
        ("S_INTERSECTS(geometry, POLYGON((36 49, 37 49, 37 51, 36 49)))", ""),
        ("NOT S_INTERSECTS(geometry, BBOX(30, 50, 31, 51))", "b"),
        ("geometry IS NULL", "c"),
        ("region = 'UA-12'", "c"),
        ("synthetic = FALSE", "abc"),
        ("dataset = 'it''s'", ""),
    ],
)
def test_a_filter_keeps_what_it_says(three: Workspace, text: str, numbers: str) -> None:
    assert matching(three, text) == set(numbers)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("place = 'Kyiv'", "'place'"),
        ("killed_low + 1 = 3", "'+'"),
        ("CASEI(status) = 'verified'", "'casei'"),
        ("S_CROSSES(geometry, BBOX(30, 50, 31, 51))", "'s_crosses'"),
        ("killed_low = 'many'", "'many'"),
        ("status = 3", "'3.0'"),
        ("weapons = 'drone'", "'weapons'"),
        ("A_CONTAINS(weapons, ('catapult'))", "'catapult'"),
        ("first_day = DATE('2025-13-01')", "'2025-13-01'"),
        ("killed_low >=", "killed_low >="),
        ("(" * 40 + "killed_low = 1", "brackets"),
        ("((((((((((killed_low = 1))))))))))", "brackets"),
        ("killed_low = 1 AND " * 200 + "killed_low = 1", "characters"),
        ("", "CQL2"),
    ],
)
def test_what_cannot_be_asked_is_named(three: Workspace, text: str, name: str) -> None:
    with pytest.raises(InvalidView, match=r"query\.filter") as refused:
        matching(three, text)
    assert name in str(refused.value)


def test_no_filter_finds_where_a_withheld_place_lies(workspace: Workspace) -> None:
    recent = When.days(NOW.date() - timedelta(days=3))
    plant = incident(
        "p", place=Place.at(KYIV, Precision.exact), when=recent, damage=(Damage("energy"),)
    )
    add(workspace.store, dataset(), plant)
    assert matching(workspace, "geometry IS NULL AND error_m IS NULL AND precision = 'admin1'") == {
        "p"
    }
    for text in (
        "S_INTERSECTS(geometry, BBOX(30, 50, 31, 51))",
        "S_DISJOINT(geometry, BBOX(0, 0, 1, 1))",
        "error_m = 100",
    ):
        assert matching(workspace, text) == set()


@pytest.mark.parametrize(
    "text",
    [
        "A_OVERLAPS(weapons)",
        "S_INTERSECTS(geometry)",
        "T_AFTER(first_day)",
        "T_AFTER(first_day, INTERVAL('2026-01-01'))",
    ],
)
def test_an_operator_without_its_arguments_is_refused(demos: Workspace, text: str) -> None:
    state = demos.state()
    view = View(theatre="example", synthetic=True)
    published = publish(Query(demos, state, view, NOON), Face.points)
    with pytest.raises(InvalidView):
        filtered_rows(published, text)


def test_a_pattern_of_many_wildcards_is_matched_without_going_back(demos: Workspace) -> None:
    view = View(theatre="example", synthetic=True)
    published = publish(Query.of(demos, view, NOON), Face.points)
    many = "%a" * 60 + "%x"
    assert len(filtered_rows(published, f"status LIKE '{many}'")) == 0
    everything = filtered_rows(published, "status LIKE '%%%'")
    assert 0 < len(everything) <= len(published.select())
    assert len(filtered_rows(published, "status LIKE '*'")) == 0
