"""The index answers a View exactly as a loop over all incidents would, however it was built."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.cache import BoundedCache, Budget
from app.domain.drawn_area import DrawnArea
from app.domain.incident import EventKind, Incident, Status
from app.domain.place import Bounds
from app.domain.terms import Audience, Face
from app.domain.view import View
from app.index import cubes
from app.index.cubes import Cube, build_cube
from app.index.groups import Grouping, Groups
from app.index.select import BEGINNING, END, RETRACTED, Filter, Segment
from app.index.summary import Measures
from app.instance.workspace import Workspace
from app.publishing.publish import counted_rows, publish
from app.publishing.query import Query
from app.queries.box_sums import box_sums
from app.queries.group_sums import _cubed, scanned, scanned_by_day, sums_by, sums_by_day
from app.queries.incidents import row_order
from app.queries.sums import coverage
from app.rows import COLUMNS, LONG, NEVER, Rows
from tests.index.history import CITIES, FIRST, HOUR, NOW, UKRAINIAN, History, published
from tests.making import NOON
from tests.strategies import areas

STATES = ("stepped", "between", "rebuilt")
LAST_DAY = FIRST + timedelta(days=50)


def is_counted(record: Incident) -> bool:
    """A record of alpha that a View without filters counts in some period."""
    return record.dataset == "alpha" and record.status != "retracted" and record.kind != "battle"


def subsets(*choices: str) -> st.SearchStrategy[tuple[str, ...]]:
    return st.sets(st.sampled_from(choices), max_size=2).map(lambda found: tuple(sorted(found)))


@st.composite
def periods(draw: st.DrawFn) -> tuple[date | None, date | None]:
    first, last = sorted(draw(st.tuples(*[st.dates(FIRST, LAST_DAY)] * 2)))
    ends: list[tuple[date | None, date | None]] = [
        *((None, None), (first, None), (None, last)),
        *((first, last), (first, first)),
    ]
    return draw(st.sampled_from(ends))


@st.composite
def boxes(draw: st.DrawFn) -> Bounds:
    west, south = draw(st.floats(19, 40)), draw(st.floats(42, 53))
    box = Bounds(west, south, west + draw(st.floats(0.1, 20)), south + draw(st.floats(0.1, 10)))
    is_around = draw(st.booleans())  # the rest of the world between two parallels
    return box._replace(west=box.east, east=box.west) if is_around else box


datasets = st.sets(st.sampled_from(UKRAINIAN), min_size=1).map(lambda found: tuple(sorted(found)))


@st.composite
def views(draw: st.DrawFn) -> View:
    first, last = draw(periods())
    minutes = draw(st.none() | st.integers(-30, 300))
    return View(
        theatre="ukraine",
        first=first,
        last=last,
        as_of=None if minutes is None else NOON + minutes * HOUR / 60,
        bbox=draw(st.none() | st.none() | boxes()),
        within=draw(st.none() | st.none() | areas(reach=16)),
        regions=draw(subsets("UA-30", "UA-63", "UA-12")),
        weapons=draw(subsets("missile", "missile.cruise", "drone", "mine")),
        sectors=draw(subsets("energy", "health", "port")),
        statuses=draw(subsets(*(status.value for status in Status))),
        kinds=draw(subsets(*(kind.value for kind in EventKind))),
        datasets=draw(datasets),
        min_killed=draw(st.none() | st.integers(0, 6)),
    )


boxed_views = st.builds(
    lambda period, chosen, box: View(
        theatre="ukraine", first=period[0], last=period[1], datasets=chosen, bbox=box
    ),
    periods(),
    datasets,
    boxes(),
)
wide_views = st.builds(
    lambda period, chosen: View(
        theatre="ukraine", first=period[0], last=period[1], datasets=chosen
    ),
    periods(),
    datasets,
)


@pytest.mark.parametrize("state", STATES)
@given(view=views() | wide_views)
def test_the_index_means_the_same_incidents_as_a_loop_over_all_of_them(
    history: History, state: str, view: View
) -> None:
    selection = published(history.workspaces[state], view).select()
    assert sorted(selection["seq"].tolist()) == sorted(history.expected(view))


@pytest.mark.parametrize("state", STATES)
@given(area=areas(reach=16), through=st.booleans())
def test_a_drawn_area_holds_what_a_scan_with_shapely_holds(
    history: History, state: str, area: DrawnArea, through: bool
) -> None:
    if through:  # corners on the very places of many incidents
        area = DrawnArea.of([degrees for city in CITIES for degrees in city])
    view = View(theatre="ukraine", datasets=UKRAINIAN, within=area)
    selection = published(history.workspaces[state], view).select()
    assert sorted(selection["seq"].tolist()) == sorted(history.expected(view))
    assert not through or len(selection)
    plain = view.but(within=None)
    counted = len(published(history.workspaces[state], plain).select())
    assert len(selection) < counted  # what has no mark is in no area, however large


@pytest.mark.parametrize("zoom", [0, 3, 6])
@given(area=areas(reach=16))
def test_the_tiles_of_a_drawn_area_hold_its_marks_once(
    history: History, zoom: int, area: DrawnArea
) -> None:
    view = View(theatre="ukraine", datasets=UKRAINIAN, within=area)
    answer = published(history.workspaces["between"], view)
    whole = sorted(answer.select()["seq"].tolist())
    tiles = [(zoom, x, y) for x in range(1 << zoom) for y in range(1 << zoom)]
    seen = [seq for tile in tiles for seq in answer.select(tile)["seq"].tolist()]
    assert sorted(seen) == whole


@pytest.mark.parametrize("state", STATES)
def test_after_each_write_the_whole_of_what_was_known_then_is_found(
    history: History, state: str
) -> None:
    everything = View(theatre="ukraine", datasets=UKRAINIAN, statuses=tuple(sorted(Status)))
    everything = everything.but(kinds=tuple(sorted(EventKind)))
    for at, _ in history.writes:
        view = everything.but(as_of=at)
        selection = published(history.workspaces[state], view).select()
        assert sorted(selection["seq"].tolist()) == sorted(history.expected(view))


@given(view=views(), page=st.integers(1, 30), order=st.sampled_from(["new", "old"]))
def test_a_page_holds_the_first_rows_of_the_whole_order(
    history: History, view: View, page: int, order: str
) -> None:
    selection = published(history.workspaces["between"], view).select()
    whole = np.lexsort((selection["seq"], selection["day_first"]))
    whole = whole[::-1] if order == "new" else whole
    assert np.array_equal(row_order(selection, order), whole)
    assert np.array_equal(row_order(selection, order, page)[:page], whole[:page])


def in_ledger_order(rows: Rows) -> dict[str, list[int]]:
    order = np.argsort(rows["seq"])
    return {name: rows[name][order].tolist() for name in COLUMNS}


@pytest.mark.parametrize("state", ["stepped", "between"])
@given(view=views() | wide_views)
def test_a_generation_with_its_delta_is_column_for_column_a_rebuilt_one(
    history: History, state: str, view: View
) -> None:
    with_delta, rebuilt = (
        in_ledger_order(published(history.workspaces[name], view).select().rows())
        for name in (state, "rebuilt")
    )
    assert with_delta == rebuilt


@pytest.mark.parametrize("state", STATES)
@given(
    view=views() | wide_views,
    audience=st.sampled_from(Audience),
    now=st.sampled_from([NOW, NOON + 3 * HOUR]),
)
def test_cubes_count_what_a_scan_counts(
    history: History, state: str, view: View, audience: Audience, now: datetime
) -> None:
    workspace = replace(history.workspaces[state], audience=audience)
    answer = publish(Query(workspace, workspace.state(), view, now), Face.aggregates)
    for by in Grouping:
        assert np.array_equal(sums_by(answer, by).table, scanned(answer, by).table)
    assert days(sums_by_day(answer)) == days(scanned_by_day(answer))


@pytest.mark.parametrize("state", STATES)
@given(
    view=boxed_views,
    audience=st.sampled_from(Audience),
    now=st.sampled_from([NOW, NOON + 3 * HOUR]),
)
def test_the_squares_in_a_box_and_the_rows_around_them_count_what_a_scan_counts(
    history: History, state: str, view: View, audience: Audience, now: datetime
) -> None:
    workspace = replace(history.workspaces[state], audience=audience)
    answer = publish(Query(workspace, workspace.state(), view, now), Face.aggregates)
    for by in Grouping:
        sums = box_sums(answer, by)
        assert sums is not None
        assert np.array_equal(sums.table, scanned(answer, by).table)


@pytest.mark.parametrize("side", ["west", "south", "east", "north"])
@pytest.mark.parametrize("beside", [-0.001, 0, 0.001])
def test_what_lies_just_outside_of_a_side_of_a_box_is_in_no_sum_of_it(
    history: History, side: str, beside: float
) -> None:
    at = CITIES[0].lon if side in ("west", "east") else CITIES[0].lat
    box = Bounds(20, 43, 42, 54)._replace(**{side: at + beside})
    view = View(theatre="ukraine", datasets=("alpha",), bbox=box)
    answer = published(history.workspaces["rebuilt"], view)
    sums = box_sums(answer, Grouping.none)
    assert sums is not None
    assert sums.table.tolist() == scanned(answer, Grouping.none).table.tolist()


@given(
    spans=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 40)), max_size=30),
    first=st.integers(-5, 140) | st.just(BEGINNING),
    last=st.integers(-5, 140) | st.just(END),
)
def test_a_cube_and_the_long_rows_that_end_later_count_a_period_in_two_ways(
    spans: list[tuple[int, int]], first: int, last: int
) -> None:
    columns = {name: np.zeros(len(spans), dtype) for name, dtype in COLUMNS.items()}
    begins, lengths = np.array(spans, np.int32).reshape(-1, 2).T
    columns |= {"seq": np.arange(len(spans)), "known_to": np.full(len(spans), NEVER)}
    columns |= {"day_first": begins, "day_last": begins + lengths}
    columns["flags"] = np.where(lengths > 2, LONG, 0).astype(np.uint8)
    segment = Segment.sort(Rows(columns))
    everything = Filter(NEVER - 1, np.ones(1, bool))
    cube = build_cube(segment, everything, Grouping.none, Groups({1: 1}, 1, 1))
    assert cube is not None
    period = replace(everything, first=first, last=last)
    expected = len(segment.match(period)) if first <= last else 0
    inside, before = segment.long.beyond(first, last)
    counted, beyond = (
        int(sums.table[0].sum()) for sums in (cube.between(first, last), cube.beyond(last))
    )
    assert counted - len(inside) == expected
    if first <= last:
        assert counted - (beyond - len(before)) == expected
    assert int(cube.by_day(first, last)[1].table[0].sum()) == counted


def days(sums: tuple[int, Measures]) -> dict[int, list[int]]:
    """Leave out the days without an incident, which an answer has no row for."""
    first, measures = sums
    return {first + n: day for n, day in enumerate(measures.table.T.tolist()) if any(day)}


def test_a_filter_gets_its_cube_but_not_a_box_a_line_or_the_past(
    history: History,
) -> None:
    plain = View(theatre="ukraine", datasets=("alpha",))
    workspace = history.workspaces["rebuilt"]
    for narrowed in (
        plain,
        plain.but(weapons=("drone",)),
        plain.but(sectors=("port",), first=FIRST),
        plain.but(statuses=("verified",)),
        plain.but(min_killed=1, regions=("UA-63",)),
        plain.but(kinds=("strike",)),
        plain.but(datasets=("alpha", "beta")),
    ):
        for by in Grouping:
            assert _cubed(published(workspace, narrowed), by) is not None
    area = DrawnArea.of([30, 50, 31, 50, 31, 51])
    for scanned_one in (
        plain.but(as_of=NOON),
        plain.but(bbox=Bounds(30, 50, 31, 51)),
        plain.but(within=area),
    ):
        assert _cubed(published(workspace, scanned_one), Grouping.region) is None


def test_cubes_are_made_once_and_those_used_last_are_kept(history: History) -> None:
    state = history.workspaces["rebuilt"].index.state()
    cubes = replace(state.cubes, built=BoundedCache(budget=Budget(900_000)))
    criteria = published(history.workspaces["rebuilt"], View(theatre="ukraine")).filter
    drones = cubes.of("alpha", replace(criteria, weapons=1), Grouping.region)
    assert drones is cubes.of("alpha", replace(criteria, weapons=1), Grouping.region)
    for weapons in range(2, 30):
        assert cubes.of("alpha", replace(criteria, weapons=weapons), Grouping.region) is not None
    assert drones is not cubes.of("alpha", replace(criteria, weapons=1), Grouping.region)
    assert sum(cube.nbytes for cube in cubes.built.values()) <= 300_000


def test_a_cube_that_would_fill_the_memory_is_not_kept_and_its_rows_are_scanned(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = history.workspaces["rebuilt"]
    workspace.index.state().cubes.built.forget()
    monkeypatch.setattr(cubes, "MOST_CUBE_BYTES", 100)
    answer = published(workspace, View(theatre="ukraine", datasets=("alpha",), sectors=("port",)))
    assert _cubed(answer, Grouping.region) is None
    assert sums_by(answer, Grouping.region).whole().table[0, 0] > 0
    workspace.index.state().cubes.built.forget()


@given(view=wide_views, audience=st.sampled_from(Audience))
def test_an_incident_is_a_mark_or_is_counted_as_unmarked(
    history: History, view: View, audience: Audience
) -> None:
    workspace = replace(history.workspaces["between"], audience=audience)
    answer = published(workspace, view)
    selection = answer.select()
    assert len(answer.unmarked()) == len(selection) - len(selection.drawable(answer.filter))


@pytest.mark.parametrize("zoom", range(6))
@given(view=wide_views)
def test_the_tiles_of_a_zoom_level_hold_every_drawable_incident_once(
    history: History, zoom: int, view: View
) -> None:
    answer = published(history.workspaces["between"], view)
    drawable = sorted(answer.select().drawable(answer.filter)["seq"].tolist())
    across = range(1 << zoom)
    tiled = [
        seq
        for x in across
        for y in across
        for seq in answer.select((zoom, x, y)).drawable(answer.filter)["seq"].tolist()
    ]
    assert sorted(tiled) == drawable


@pytest.mark.parametrize("zoom", [6, 9, 12, 18])
def test_every_drawable_incident_is_found_in_the_tile_of_its_own_place(
    history: History, zoom: int
) -> None:
    answer = published(history.workspaces["between"], View(theatre="ukraine", datasets=UKRAINIAN))
    rows = answer.select().drawable(answer.filter).rows()
    shift = np.uint32(31 - zoom)
    for seq, x, y in zip(
        rows["seq"].tolist(),
        (rows["mercator_x"] >> shift).tolist(),
        (rows["mercator_y"] >> shift).tolist(),
        strict=True,
    ):
        assert seq in answer.select((zoom, x, y))["seq"].tolist()


def test_an_undated_incident_belongs_to_no_period_and_is_told_of(history: History) -> None:
    view = View(theatre="ukraine", datasets=("alpha",))
    answer = published(history.workspaces["between"], view)
    assert NEVER not in answer.select()["day_first"].tolist()
    undated = [
        one
        for _, one in history.standing(history.seq_at(None)).values()
        if is_counted(one) and one.when.first is None
    ]
    assert undated
    assert coverage(answer)["undated"] == len(undated)


@given(periods())
def test_a_long_incident_counts_only_in_a_period_that_contains_it_and_is_told_of(
    history: History, period: tuple[date | None, date | None]
) -> None:
    first, last = period[0] or date.min, period[1] or date.max
    view = View(theatre="ukraine", first=period[0], last=period[1], datasets=("alpha",))
    answer = published(history.workspaces["between"], view)
    long_ones = {
        number: one.when
        for number, one in history.standing(history.seq_at(None)).values()
        if is_counted(one) and one.when.is_long
    }
    inside = {
        number
        for number, when in long_ones.items()
        if when.first and when.last and first <= when.first and when.last <= last
    }
    touching = {
        number
        for number, when in long_ones.items()
        if when.first and when.last and when.first <= last and when.last >= first
    }
    rows = answer.select().rows()
    long_rows = set(rows["seq"][(rows["flags"] & LONG) != 0].tolist())
    assert long_rows == inside
    assert coverage(answer)["spanning"] == len(touching - inside)


def test_retracted_incidents_are_shown_when_asked_for_and_never_counted(history: History) -> None:
    view = View(theatre="ukraine", datasets=("alpha",), statuses=("retracted",))
    answer = published(history.workspaces["between"], view)
    assert set(answer.select()["status"].tolist()) == {RETRACTED}
    assert len(counted_rows(answer)) == 0


@pytest.mark.parametrize("state", STATES)
def test_an_incident_keeps_its_short_number_through_all_its_revisions(
    history: History, state: str
) -> None:
    first: dict[str, int] = {}
    for number, key, _ in history.revisions:
        first.setdefault(key, number)
    by_seq = {number: first[key] for number, key, _ in history.revisions}
    rows = all_rows(history.workspaces[state])
    assert dict(zip(rows["seq"].tolist(), rows["number"].tolist(), strict=True)) == by_seq


@pytest.mark.parametrize("state", STATES)
def test_a_revision_is_known_until_the_next_one_of_its_incident(
    history: History, state: str
) -> None:
    later: dict[str, int] = {}
    known_to: dict[int, int] = {}
    for number, key, _ in reversed(history.revisions):
        known_to[number] = later.get(key, NEVER)
        later[key] = number
    rows = all_rows(history.workspaces[state])
    assert dict(zip(rows["seq"].tolist(), rows["known_to"].tolist(), strict=True)) == known_to


def all_rows(workspace: Workspace) -> Rows:
    return Rows.concatenate([segment.rows for segment in workspace.state().segments])


def test_a_sum_of_all_groups_may_be_larger_than_each_of_them_can_be() -> None:
    most = 2**31 - 10
    one, running = np.array([[[most, most]]], np.int32), np.zeros((1, 1, 2), np.int32)
    across, groups = np.zeros((2, 1, 2), np.int8), np.arange(2)
    cube = Cube(0, np.array([0]), groups, one, running, across, across, groups=2, sectors=0)
    assert cube.of_all().between(0, 0).table[0].tolist() == [2 * most]
