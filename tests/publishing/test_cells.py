"""Whoever subtracts public sums of data without marks never gets a single record."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.domain.count import Count, Toll
from app.domain.damage import Damage
from app.domain.incident import EventKind, Incident, Status
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.terms import Audience, Face, Terms
from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.cells import Grain
from app.publishing.publish import counted_rows, publish
from app.publishing.query import Query
from app.queries.choropleth import Choropleths, without_value
from app.queries.facets import facets
from app.queries.sums import summarise
from app.reference.reference import Reference
from tests.making import add, dataset, incident, open_workspace

LEAST = 3
MONDAY = date(2026, 3, 2)
NOW = datetime.fromisoformat("2026-09-01T12:00:00Z")
PLACES = {
    "UA-30": LonLat(30.52, 50.45),
    "UA-46": LonLat(24.03, 49.84),
    "UA-51": LonLat(30.72, 46.48),
}
WEAPONS = ("missile.ballistic", "drone.one_way", "missile.cruise")
HELD = View(theatre="ukraine", datasets=("held",))


@dataclass(frozen=True)
class Strike:
    """What a generated record differs in."""

    place: str
    week: int
    weapon: str
    is_home: bool
    status: Status
    days: int
    kind: EventKind = EventKind.strike

    def record(self, number: int) -> Incident:
        first = MONDAY + timedelta(weeks=self.week, days=number % 5)
        return incident(
            str(number),
            dataset="held",
            place=Place.at(PLACES[self.place], Precision.exact),
            when=When.days(first, first + timedelta(days=self.days)),
            weapons=(self.weapon,),
            damage=(Damage("residential"),) if self.is_home else (),
            status=self.status,
            kind=self.kind,
            killed=Toll(Count(number, number, number)),
        )


STRIKES = st.lists(
    st.builds(
        Strike,
        place=st.sampled_from(list(PLACES)),
        week=st.integers(0, 2),
        weapon=st.sampled_from(WEAPONS),
        is_home=st.booleans(),
        status=st.sampled_from([Status.reported, Status.verified]),
        days=st.sampled_from([0, 0, 0, 9]),
        kind=st.sampled_from([EventKind.strike, EventKind.strike, EventKind.battle]),
    ),
    min_size=1,
    max_size=24,
)


def opened(
    folder: Path, reference: Reference, records: Sequence[Incident], level: int
) -> Workspace:
    workspace = open_workspace(folder, reference, audience=Audience.public)
    terms = Terms(finest_level=level)
    add(workspace.store, dataset("held", licence="internal", terms=terms), *records)
    return workspace


def views() -> Iterator[View]:
    """List what an attacker asks: whole weeks, regions, weapons, sectors and statuses."""
    weeks = [(None, None)] + [
        (MONDAY + timedelta(weeks=a), MONDAY + timedelta(weeks=b, days=6))
        for a, b in itertools.combinations_with_replacement(range(4), 2)
    ]
    filters: list[dict[str, Any]] = [{}, {"weapons": ("missile",)}, {"weapons": ("drone",)}]
    filters += [{"kinds": ("battle",)}]
    filters += [{"sectors": ("residential",)}, {"statuses": (Status.verified,)}]
    for (first, last), regions, own in itertools.product(weeks, [(), ("UA-30",)], filters):
        yield HELD.but(first=first, last=last, regions=regions, **own)


@given(strikes=STRIKES)
@settings(max_examples=12)
def test_no_set_of_sums_tells_fewer_records_apart_than_the_smallest_cell(
    reference: Reference, strikes: list[Strike]
) -> None:
    records = [strike.record(number) for number, strike in enumerate(strikes)]
    with TemporaryDirectory() as folder:
        workspace = opened(Path(folder), reference, records, 1)
        state = workspace.state()
        counted: list[frozenset[tuple[int, str]]] = []
        for view in views():
            published = publish(Query(workspace, state, view, NOW), Face.aggregates)
            for grain in (Grain.region, Grain.weapons, Grain.everything):
                rows = counted_rows(published.grouped(grain))
                # What rows tell apart: region, and weapon or sector if they have one.
                parts = [
                    rows["region1"],
                    rows["weapons"] if grain < Grain.weeks else rows["region1"],
                ]
                parts += [rows["sectors"] if grain is Grain.everything else rows["region1"]]
                keys = zip(*(part.tolist() for part in parts), strict=True)
                cells: dict[object, set[int]] = {}
                for key, number in zip(keys, rows["number"].tolist(), strict=True):
                    cells.setdefault(key, set()).add(number)
                counted += [frozenset((one, "") for one in cell) for cell in cells.values()]
        workspace.store.close()
    # No sum or difference of sums tells two records apart that are in the same of these sets.
    signs: dict[tuple[int, str], list[int]] = {}
    for at, members in enumerate(counted):
        for number in members:
            signs.setdefault(number, []).append(at)
    together: dict[tuple[int, ...], int] = {}
    for sign in signs.values():
        together[tuple(sign)] = together.get(tuple(sign), 0) + 1
    assert all(size >= LEAST for size in together.values()), together


@given(strikes=STRIKES)
@settings(max_examples=6)
def test_subtracting_two_answers_gives_no_number_below_the_smallest_cell(
    reference: Reference, strikes: list[Strike]
) -> None:
    records = [strike.record(number) for number, strike in enumerate(strikes)]
    with TemporaryDirectory() as folder:
        workspace = opened(Path(folder), reference, records, 2)
        state = workspace.state()
        for narrow in views():
            wide = narrow.but(first=None, last=None)
            queries = [Query(workspace, state, view, NOW) for view in (narrow, wide)]
            for by in ("region", "weapon", "sector", "kind"):
                small, large = (counts(query, by) for query in queries)
                for key in small.keys() | large.keys():
                    within, whole = small.get(key, 0), large.get(key, 0)
                    assert within == 0 or within >= LEAST, (narrow, by, key)
                    assert whole - within == 0 or whole - within >= LEAST, (narrow, by, key)
            choices = facets(queries[0])
            for name in ("weapon", "sector", "status", "kind"):
                assert all(count >= LEAST for count in (choices[name] or {}).values())
        workspace.store.close()


def counts(query: Query, by: str) -> dict[str, int]:
    answer = summarise(publish(query, Face.aggregates), by)
    rows = {row["key"]: row["incidents"] for row in answer["rows"]}
    if answer["totals"] is not None:
        rows["total"] = answer["totals"]["incidents"]
    return {key: count for key, count in rows.items() if count}


@pytest.fixture
def sparse(tmp_path: Path, reference: Reference) -> Iterator[Workspace]:
    """Four strikes on Kyiv in a week, and a single one on Lviv."""
    kyiv = Strike("UA-30", 0, WEAPONS[0], False, Status.reported, 0)
    lviv = Strike("UA-46", 0, WEAPONS[0], False, Status.reported, 0)
    records = [one.record(number) for number, one in enumerate([kyiv] * 4 + [lviv])]
    workspace = opened(tmp_path / "data", reference, records, 1)
    yield workspace
    workspace.store.close()


def test_a_single_record_has_no_row_is_in_no_total_and_is_counted_as_left_out(
    sparse: Workspace,
) -> None:
    query = Query(sparse, sparse.state(), HELD, NOW)
    answer = summarise(publish(query, Face.aggregates), "region")
    assert [(row["key"], row["incidents"]) for row in answer["rows"]] == [("UA-30", 4)]
    assert answer["totals"]["incidents"] == 4
    assert (answer["smallest_cell"], answer["coverage"]["withheld"]["small_cells"]) == (3, 1)


def test_what_is_left_out_is_not_stated_as_zero(sparse: Workspace) -> None:
    query = Query(sparse, sparse.state(), HELD.but(regions=("UA-46",)), NOW)
    answer = summarise(publish(query, Face.aggregates), "region")
    assert (answer["rows"], answer["totals"]) == ([], None)


@pytest.mark.parametrize("metric", ["incidents", "killed", "damaged"])
def test_no_region_is_coloured_as_empty_where_a_record_may_be_held_back(
    sparse: Workspace, metric: str
) -> None:
    query = Query(sparse, sparse.state(), HELD.but(metric=metric), NOW)
    values = dict(Choropleths().of(publish(query, Face.aggregates)).values)
    assert without_value(publish(query, Face.aggregates)).endswith("too few to show")
    kyiv = values.pop("UA-30")
    assert (kyiv == 4) or metric != "incidents"
    assert set(values.values()) == {None}
    alone = query.but(regions=("UA-46",))
    values = dict(Choropleths().of(publish(alone, Face.aggregates)).values)
    assert values.pop("UA-46") is None
    assert None not in values.values()  # the View does not speak of other regions


def test_a_view_that_terms_withhold_has_no_region_of_zero(sparse: Workspace) -> None:
    days = HELD.but(first=MONDAY, last=MONDAY)
    published = publish(Query(sparse, sparse.state(), days, NOW), Face.aggregates)
    assert published.is_withheld
    assert without_value(published).startswith("withheld by terms")
    assert set(Choropleths().of(published).values.values()) == {None}


def test_records_without_marks_are_not_added_up_with_those_of_others(sparse: Workspace) -> None:
    add(sparse.store, dataset("open"), incident("x", dataset="open"))
    sparse.index.after_write()
    query = Query(sparse, sparse.state(), HELD.but(datasets=("held", "open")), NOW)
    answer = summarise(publish(query, Face.aggregates), "region")
    assert (answer["by"], answer["totals"]) == ("dataset", None)
    assert "are not added up with others" in answer["matching"]["not_summed"]


def test_the_owner_sees_every_record(sparse: Workspace) -> None:
    object.__setattr__(sparse, "audience", Audience.private)
    query = Query(sparse, sparse.state(), HELD, NOW)
    assert summarise(publish(query, Face.aggregates), "region")["totals"]["incidents"] == 5
