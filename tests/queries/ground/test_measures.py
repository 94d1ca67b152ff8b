"""Who held the ground: areas, what changed, where sources agree, and a line taken as fixed."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry.base import BaseGeometry

from app.domain.cache import BoundedCache
from app.domain.control import Baseline, ControlArea, ControlSnapshot, ControlStatus
from app.domain.count import Count, Toll
from app.domain.damage import Damage
from app.domain.errors import InvalidView, NotFound
from app.domain.incident import Incident
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision, area_km2
from app.domain.revision import Action, Subject
from app.domain.terms import DatasetKind, Face, Terms
from app.domain.view import View
from app.index.live import Index
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.ground.agreement import agreement
from app.queries.ground.frozen import frozen_line
from app.queries.ground.measures import ControlSource, GroundCache, _less, control_areas
from app.queries.incidents import find_incident
from app.queries.sums import summarise
from tests.making import DAY, NOON, change, dataset, incident, write

VIEW = View(theatre="ukraine")
WEST, MIDDLE, EAST = 33.0, 35.0, 37.0
SOUTH, NORTH = 47.5, 49.5
STEP_DEG = 0.05
"""Areas take edges as geodesics: only short ones stay where they are when an overlay cuts them."""

LEFT, RIGHT = (
    shapely.segmentize(shapely.box(a, SOUTH, b, NORTH), STEP_DEG)
    for a, b in ((WEST, MIDDLE), (MIDDLE, EAST))
)
"""Two halves of a box far inside the country, so that no border strip cuts the line between."""


def lines(
    workspace: Workspace,
    days: Iterable[tuple[date, BaseGeometry]],
    slug: str = "lines",
    action: Action = Action.add,
    **changes: Any,
) -> None:
    """Record a source that gives one ground a day to `ru`."""
    current = workspace.store.current(Subject.dataset, slug)
    records: list[Any] = [] if current else [dataset(slug, kind=DatasetKind.control, **changes)]
    shapes = {}
    for day, shape in days:
        wkb = shapely.to_wkb(shape)
        sha256 = hashlib.sha256(wkb).hexdigest()
        shapes[sha256] = wkb
        areas = (ControlArea("ru", shape=sha256, word="held"),)
        records.append(ControlSnapshot(dataset=slug, valid_on=day, areas=areas))
    changes_ = [
        change(one, action if isinstance(one, ControlSnapshot) else Action.add) for one in records
    ]
    write(workspace.store, changes_, NOON, shapes)


def strikes(workspace: Workspace, *found: Incident) -> None:
    write(workspace.store, [change(dataset()), *map(change, found)])


def strike(key: str, lon: float, lat: float = 48.5, **changes: Any) -> Incident:
    error = changes.pop("error_m", 100)
    precision = changes.pop("precision", Precision.exact)
    place = Place.at(LonLat(lon, lat), precision, error_m=error)
    return incident(key, place=place, **changes)


def source(workspace: Workspace, slug: str = "lines", view: View = VIEW) -> ControlSource:
    state = workspace.state()
    return ControlSource.of(Query(workspace, state, view, NOON), state.datasets[slug])


def summary(workspace: Workspace, view: View, by: str = "line") -> dict[str, Any]:
    state = workspace.state()
    return summarise(publish(Query(workspace, state, view, NOON), Face.points), by)


def keys(answer: dict[str, Any]) -> dict[str, int]:
    return {row["key"]: row["incidents"] for row in answer["rows"]}


@st.composite
def grounds(draw: st.DrawFn) -> BaseGeometry:
    boxes = draw(
        st.lists(
            st.tuples(*[st.integers(0, 8)] * 2, *[st.integers(1, 4)] * 2), min_size=1, max_size=4
        )
    )
    shapes = [
        shapely.box(33 + x / 4, 47.5 + y / 4, 33 + (x + w) / 4, 47.5 + (y + h) / 4)
        for x, y, w, h in boxes
    ]
    return shapely.segmentize(shapely.union_all(shapes), STEP_DEG)


@given(grounds(), grounds())
def test_what_was_gained_and_what_stayed_are_the_new_ground(
    old: BaseGeometry, new: BaseGeometry
) -> None:
    gained, lost = area_km2(_less(new, old)), area_km2(_less(old, new))
    stayed = area_km2(shapely.intersection(old, new))
    assert gained + stayed == pytest.approx(area_km2(new), rel=1e-6)
    assert lost + stayed == pytest.approx(area_km2(old), rel=1e-6)


@given(data=st.data())
def test_swapping_the_days_swaps_gain_and_loss(
    private_workspace: Workspace, data: st.DataObject
) -> None:
    workspace = private_workspace
    first, last = data.draw(st.tuples(*[st.sampled_from(range(4))] * 2))
    if not workspace.store.head().seq:
        shapes = [
            LEFT,
            RIGHT,
            LEFT.union(RIGHT),
            shapely.segmentize(shapely.box(34, 48, 36, 49), 0.05),
        ]
        lines(workspace, [(DAY + timedelta(days=n), shape) for n, shape in enumerate(shapes)])
    forward = GroundCache().changes(
        source(workspace), DAY + timedelta(days=first), DAY + timedelta(days=last)
    )
    back = GroundCache().changes(
        source(workspace), DAY + timedelta(days=last), DAY + timedelta(days=first)
    )
    assert (forward["gained_km2"], forward["lost_km2"]) == (back["lost_km2"], back["gained_km2"])
    parts = sum(row["gained_km2"] for row in forward["regions"])
    parts += forward["elsewhere_km2"]["gained_km2"]
    assert parts == pytest.approx(forward["gained_km2"], abs=0.5)


def test_the_ground_that_changed_comes_as_polygons_when_asked_for(
    private_workspace: Workspace,
) -> None:
    lines(private_workspace, [(DAY, LEFT), (DAY + timedelta(days=1), RIGHT)])
    answer = GroundCache().changes(
        source(private_workspace), DAY, DAY + timedelta(days=1), geometry=True
    )
    kinds = {one["properties"]["kind"]: one["geometry"] for one in answer["areas"]["features"]}
    assert set(kinds) == {"gained", "lost"}
    assert shapely.geometry.shape(kinds["gained"]).equals(RIGHT)
    assert shapely.geometry.shape(kinds["lost"]).equals(LEFT)


def test_days_without_a_snapshot_stay_missing_in_the_series(private_workspace: Workspace) -> None:
    lines(private_workspace, [(DAY, LEFT), (DAY + timedelta(days=4), RIGHT)])
    answer = GroundCache().series(source(private_workspace))
    assert [point["valid_on"] for point in answer["points"]] == [
        str(DAY),
        str(DAY + timedelta(days=4)),
    ]
    assert answer["points"][0]["km2"] == pytest.approx(area_km2(LEFT), abs=0.1)
    narrowed = VIEW.but(first=DAY + timedelta(days=1), last=DAY + timedelta(days=9))
    again = GroundCache().series(source(private_workspace, view=narrowed))
    assert [point["valid_on"] for point in again["points"]] == [str(DAY + timedelta(days=4))]


def test_ground_that_a_source_does_not_give_is_null_and_not_0(private_workspace: Workspace) -> None:
    lines(private_workspace, [(DAY, LEFT)])
    query = Query.of(private_workspace, VIEW, NOON)
    ukrainian = ControlSource.of(query, query.state.datasets["lines"], "ua")
    answer = control_areas(ukrainian, DAY)
    assert (answer["total_km2"], answer["elsewhere_km2"]) == (None, None)


@given(a=grounds(), b=grounds())
def test_agreement_is_the_same_from_both_sides(
    private_workspace: Workspace, a: BaseGeometry, b: BaseGeometry
) -> None:
    for slug, ground in (("one", a), ("two", b)):
        action = Action.add
        if private_workspace.store.current(Subject.dataset, slug):
            action = Action.amend
        lines(private_workspace, [(DAY, ground)], slug, action)
    first, second = source(private_workspace, "one"), source(private_workspace, "two")
    forward = agreement([first, second], DAY, BoundedCache())
    back = agreement([second, first], DAY, BoundedCache())
    (forth,), (again,) = forward["pairs"], back["pairs"]
    assert forth["both_km2"] == again["both_km2"] == forward["all_agree_km2"]
    assert (forth["only_a_km2"], forth["only_b_km2"]) == (again["only_b_km2"], again["only_a_km2"])
    assert forth["dispute_km2"] == pytest.approx(again["dispute_km2"], abs=0.1)
    whole = forth["both_km2"] + forth["only_a_km2"] + forth["only_b_km2"]
    assert whole == pytest.approx(forward["some_say_km2"], abs=0.5)


def test_what_only_the_baseline_explains_is_kept_apart_from_dispute(
    private_workspace: Workspace,
) -> None:
    regions = private_workspace.reference.region_set("ukraine").regions
    crimea = next(region.shape for region in regions if region.code == "UA-43")
    for slug, ground, includes in (
        ("whole", LEFT.union(RIGHT).union(crimea), (Baseline.main, Baseline.crimea)),
        ("main-only", LEFT, (Baseline.main,)),
    ):
        wkb = shapely.to_wkb(ground)
        sha256 = hashlib.sha256(wkb).hexdigest()
        snapshot = ControlSnapshot(
            dataset=slug,
            valid_on=DAY,
            areas=(ControlArea("ru", shape=sha256),),
            includes=includes,
        )
        records = [change(dataset(slug, kind=DatasetKind.control)), change(snapshot)]
        write(private_workspace.store, records, NOON, {sha256: wkb})
    sources = [source(private_workspace, slug) for slug in ("whole", "main-only")]
    (pair,) = agreement(sources, DAY, BoundedCache())["pairs"]
    assert pair["baseline_km2"] == pytest.approx(area_km2(crimea), rel=0.001)
    assert pair["dispute_km2"] == pytest.approx(area_km2(RIGHT), rel=0.001)
    assert pair["baseline_not_outlined"] == []


def test_an_incident_is_told_the_ground_the_line_and_the_age_of_its_own_day(
    private_workspace: Workspace,
) -> None:
    lines(private_workspace, [(DAY, LEFT), (DAY + timedelta(days=3), RIGHT)])
    strikes(
        private_workspace,
        strike("before", 34.9, when=When.days(DAY)),
        strike("after", 34.9, when=When.days(DAY + timedelta(days=3))),
        strike("late", 34.9, when=When.days(DAY + timedelta(days=30))),
    )
    state = private_workspace.state()
    published = publish(Query(private_workspace, state, VIEW, NOON), Face.points)

    def ground_of(key: str) -> dict[str, Any]:
        feature = find_incident(published, str(incident(key).id))
        (ground,) = feature["properties"]["control"]
        return dict(ground)

    assert (ground_of("before")["status"], ground_of("before")["controller"]) == ("assessed", "ru")
    assert (ground_of("after")["status"], ground_of("after")["controller"]) == ("not_stated", None)
    assert ground_of("before")["distance_km"] == pytest.approx(7.4, abs=0.3)
    assert ground_of("before")["shares"] is None
    assert (ground_of("late")["age_days"], ground_of("late")["is_stale"]) == (27, True)


def test_the_error_disk_of_an_imprecise_place_is_divided_by_the_line(
    private_workspace: Workspace,
) -> None:
    lines(private_workspace, [(DAY, LEFT)])
    strikes(
        private_workspace,
        strike("on", MIDDLE, precision=Precision.settlement, error_m=5_000),
        incident("somewhere", place=Place.at(LonLat(35, 48.5), Precision.admin1)),
    )
    state = private_workspace.state()
    published = publish(Query(private_workspace, state, VIEW, NOON), Face.points)
    (on,) = find_incident(published, str(incident("on").id))["properties"]["control"]
    assert on["shares"] == {
        "ru": pytest.approx(0.5, abs=0.01),
        "not_stated": pytest.approx(0.5, abs=0.01),
    }
    feature = find_incident(published, str(incident("somewhere").id))
    (somewhere,) = feature["properties"]["control"]
    assert (somewhere["status"], somewhere["distance_km"], somewhere["shares"]) == (
        None,
        None,
        None,
    )


@pytest.fixture
def struck(private_workspace: Workspace) -> Workspace:
    """Strikes at known distances from a line along 35° E, and one known only to its region."""
    lines(private_workspace, [(DAY, LEFT)])
    strikes(
        private_workspace,
        strike("near-west", 34.95, killed=Toll.of(Count.exactly(1))),
        strike("near-east", 35.05, killed=Toll.of(Count.exactly(2))),
        strike("20-east", 35.27, killed=Toll.of(Count.exactly(4))),
        strike("60-east", 35.8, killed=Toll.of(Count.exactly(8))),
        strike("old", 35.05, when=When.days(DAY - timedelta(days=1))),
        strike("late", 35.05, when=When.days(DAY + timedelta(days=30))),
        incident("region", place=Place.at(None, Precision.admin1, admin1="UA-12")),
    )
    return private_workspace


def test_strikes_are_summed_by_side_and_distance_and_what_is_unknown_is_said(
    struck: Workspace,
) -> None:
    answer = summary(struck, VIEW)
    assert keys(answer) == {
        "unknown": 3,
        "not_stated:0-10": 1,
        "not_stated:10-30": 1,
        "not_stated:30-100": 1,
        "ru:0-10": 1,
    }
    assert answer["additive"]
    assert answer["totals"]["incidents"] == 7
    assert answer["totals"]["killed"]["low"] == 15


@pytest.mark.parametrize(
    ("narrowed", "killed"),
    [
        ({"line_km": 10.0}, 3),
        ({"line_km": 30.0}, 7),
        ({"line_km": 100.0}, 15),
        ({"sides": ("ru",)}, 1),
        ({"sides": ("not_stated",)}, 14),
        ({"line_km": 10.0, "sides": ("not_stated",)}, 2),
        ({"sides": ("ru", "not_stated")}, 15),
    ],
)
def test_a_view_narrows_to_a_distance_and_a_side(
    struck: Workspace, narrowed: dict[str, Any], killed: int
) -> None:
    answer = summary(struck, VIEW.but(**narrowed), by="day")
    assert answer["totals"]["killed"]["low"] == killed
    assert answer["totals"]["incidents"] == answer["totals"]["killed"]["known"]


def test_a_frozen_line_is_asked_for_every_day(struck: Workspace) -> None:
    answer = summary(struck, VIEW.but(freeze=DAY))
    assert keys(answer)["unknown"] == 1  # the one known only to its region
    assert keys(answer)["not_stated:0-10"] == 3


def test_what_a_frozen_line_divides_is_told_by_side(struck: Workspace) -> None:
    until = DAY + timedelta(days=30)
    answer = frozen_line(source(struck, view=VIEW.but(freeze=DAY, last=until)), DAY, GroundCache())
    sides = {side["side"]: side for side in answer["sides"]}
    assert set(sides) == {"ru", "not_stated"}
    assert sides["ru"]["km2"] == pytest.approx(area_km2(LEFT), abs=0.1)
    land = struck.reference.region_set("ukraine").land
    whole = area_km2(land)
    assert sides["ru"]["km2"] + sides["not_stated"]["km2"] == pytest.approx(whole, abs=1)
    assert sides["not_stated"]["since"]["incidents"] == 1
    assert sides["ru"]["since"]["incidents"] == 0
    assert (answer["freeze"], answer["until"]) == (str(DAY), str(until))
    assert answer["control_since"]["net_km2"] == 0


def test_a_corrected_snapshot_moves_only_what_lies_in_its_days(struck: Workspace) -> None:
    before = summary(struck, VIEW)
    lines(struck, [(DAY, LEFT.union(RIGHT))], action=Action.amend)
    after = summary(struck, VIEW)
    assert keys(before)["not_stated:0-10"] == 1
    assert "not_stated:0-10" not in keys(after)
    assert keys(after)["unknown"] == keys(before)["unknown"]


def test_new_strikes_and_a_new_process_ask_only_what_is_not_known_yet(struck: Workspace) -> None:
    before = keys(summary(struck, VIEW))
    struck.index.joins.keep(struck.store.head())
    write(struck.store, [change(strike("more", 35.06))])
    assert keys(summary(struck, VIEW)) == {**before, "not_stated:0-10": 2}
    struck.index.generations.rebuild()
    assert keys(summary(struck, VIEW)) == {**before, "not_stated:0-10": 2}


def test_after_a_backup_is_put_back_no_answer_is_of_what_was_written_after_it(
    struck: Workspace, tmp_path: Path
) -> None:
    struck.index.generations.rebuild()
    record: sqlite3.Connection = struck.store._reader  # type: ignore[attr-defined]
    with closing(sqlite3.connect(tmp_path / "backup.sqlite")) as backup:
        record.backup(backup)
        write(struck.store, [change(strike("lost", 35.06))])
        assert keys(summary(struck, VIEW))["not_stated:0-10"] == 2
        backup.backup(record)
    write(struck.store, [change(strike("other", 36.0))])
    fresh = Index(tmp_path / "fresh", struck.store, struck.reference, 1_000)
    assert keys(summary(struck, VIEW)) == keys(summary(replace(struck, index=fresh), VIEW))
    assert keys(summary(struck, VIEW))["not_stated:0-10"] == 1


def test_without_a_source_of_control_a_distance_is_refused(private_workspace: Workspace) -> None:
    with pytest.raises(InvalidView, match=r"query\.control.*without any source of control"):
        summary(private_workspace, VIEW.but(line_km=10.0), by="region")


def test_a_day_before_the_first_snapshot_cannot_be_frozen(struck: Workspace) -> None:
    with pytest.raises(InvalidView, match=r"query\.freeze.*first snapshot of 'lines'"):
        summary(struck, VIEW.but(freeze=DAY - timedelta(days=1), line_km=10.0), by="region")
    with pytest.raises(NotFound, match="no control snapshot on or before"):
        source(struck).on(DAY - timedelta(days=1))


def test_sums_along_a_line_are_not_given_of_data_that_may_leave_only_as_sums(
    workspace: Workspace,
) -> None:
    lines(workspace, [(DAY, LEFT)])
    closed = dataset(terms=Terms())
    write(workspace.store, [change(closed), change(strike("a", 34.9))])
    state = workspace.state()
    for narrowed in ({"line_km": 50.0}, {"sides": ("ru",)}):
        published = publish(Query(workspace, state, VIEW.but(**narrowed), NOON), Face.aggregates)
        assert len(published.select()) == 0
        assert published.withheld["terms"] == 1


def test_a_quiet_record_has_no_distance_for_the_public(workspace: Workspace) -> None:
    lines(workspace, [(DAY, LEFT)])
    strikes(workspace, strike("a", 34.9, damage=(Damage("energy"),)), strike("b", 34.9))
    now = NOON.replace(year=DAY.year, month=DAY.month, day=DAY.day + 2)
    state = workspace.state()
    published = publish(Query(workspace, state, VIEW.but(line_km=50.0), now), Face.points)
    assert len(published.select()) == 1
    answer = summarise(publish(Query(workspace, state, VIEW, now), Face.points), "line")
    assert keys(answer) == {"unknown": 1, "ru:0-10": 1}
    published = publish(Query(workspace, state, VIEW, now), Face.points)
    assert find_incident(published, str(incident("a").id))["properties"]["control"] == []


def test_statuses_keep_the_firmest_word_over_a_point(private_workspace: Workspace) -> None:
    wkb = shapely.to_wkb(LEFT)
    sha256 = hashlib.sha256(wkb).hexdigest()
    snapshot = ControlSnapshot(
        dataset="lines",
        valid_on=DAY,
        areas=(
            ControlArea("ua", ControlStatus.claimed, shape=sha256, word="claimed"),
            ControlArea("ru", ControlStatus.advance, shape=sha256, word="advance"),
        ),
    )
    records = [change(dataset("lines", kind=DatasetKind.control)), change(snapshot)]
    write(private_workspace.store, records, NOON, {sha256: wkb})
    strikes(private_workspace, strike("a", 34.9))
    state = private_workspace.state()
    published = publish(Query(private_workspace, state, VIEW, NOON), Face.points)
    (ground,) = find_incident(published, str(incident("a").id))["properties"]["control"]
    assert (ground["status"], ground["controller"], ground["word"]) == ("advance", "ru", "advance")
    assert ground["distance_km"] is None  # claims and advances draw no line
