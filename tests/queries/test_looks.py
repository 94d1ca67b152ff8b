"""Every mark has one class of colour, whatever a View colours by; a size never hides a doubt."""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.domain.count import Count, Toll
from app.domain.damage import Damage
from app.domain.errors import InvalidView, NotShared
from app.domain.incident import Incident, Status
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.terms import Audience, DatasetKind, Face, Terms
from app.domain.view import COLOURS_BY, View
from app.index.select import Selection
from app.instance.workspace import Workspace
from app.pages.map import page_html
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.looks import class_numbers, mark_classes, mark_looks, size_steps
from app.render.palette import SERIES, SIZE_STEPS
from app.rows import NO_COUNT, Rows
from tests.making import DAY, NOON, add, change, dataset, incident, snapshot, write
from tests.strategies import counts

EXAMPLE = View(theatre="example", synthetic=True)
VIEW = View(theatre="ukraine")


def at(lon: float, key: str = "", **changes: Any) -> Incident:
    """Make a strike on a meridian, which tells it apart from others."""
    place = Place.at(LonLat(lon, 48.5), Precision.exact, error_m=100)
    return incident(key or f"lon {lon}", place=place, **changes)


def query_of(workspace: Workspace, view: View) -> Query:
    return Query(workspace, workspace.state(), view, NOON)


def marks_of(query: Query) -> Selection:
    published = publish(query, Face.points)
    return published.select().drawable(published.filter)


def classes_of(workspace: Workspace, view: View) -> dict[float, str]:
    """Return the class of each mark by its meridian."""
    query = query_of(workspace, view)
    marks, codes = marks_of(query), [one.code for one in mark_classes(query)]
    numbers = class_numbers(query, marks).tolist()
    return {
        lon / 1e7: codes[number]
        for lon, number in zip(marks["lon_e7"].tolist(), numbers, strict=True)
    }


@pytest.mark.parametrize("by", COLOURS_BY)
def test_every_mark_has_one_class_and_every_class_a_look_of_its_own(
    demos: Workspace, by: str
) -> None:
    query = query_of(demos, EXAMPLE.but(colour_by=by, lang="uk"))
    marks, classes = marks_of(query), mark_classes(query)
    numbers = class_numbers(query, marks)
    assert len(numbers) == len(marks) > 300
    assert numbers.max() < len(classes)
    for looks in ({one.code for one in classes}, {one.mark for one in classes}):
        assert len(looks) == len(classes)
    assert len({one.mark.shape for one in classes}) >= len(classes) - 1  # soft cases have a colour
    assert all(one.label for one in classes)


def test_what_was_hit_is_one_kind_several_other_or_not_stated(private_workspace: Workspace) -> None:
    hits = {
        30.0: ("residential",),
        31.0: ("residential", "health"),
        32.0: ("religion", "culture"),
        33.0: ("unknown", "energy"),
        34.0: ("unknown",),
        35.0: (),
    }
    strikes = [at(lon, damage=tuple(map(Damage, sectors))) for lon, sectors in hits.items()]
    add(private_workspace.store, dataset(), *strikes)
    assert classes_of(private_workspace, VIEW.but(colour_by="sector")) == {
        30.0: "residential",
        31.0: "several",
        32.0: "other",
        33.0: "energy",
        34.0: "unknown",
        35.0: "unknown",
    }


def test_the_status_is_the_class(private_workspace: Workspace) -> None:
    statuses = {30.0 + n: status for n, status in enumerate(Status)}
    strikes = [at(lon, status=status) for lon, status in statuses.items()]
    add(private_workspace.store, dataset(), *strikes)
    every = VIEW.but(colour_by="status", statuses=tuple(sorted(Status)))
    assert classes_of(private_workspace, every) == statuses


def test_the_first_datasets_have_a_colour_and_the_others_share_one(
    private_workspace: Workspace,
) -> None:
    slugs = [f"set-{n:02}" for n in range(len(SERIES) + 2)]
    for n, slug in enumerate(slugs):
        add(private_workspace.store, dataset(slug), at(25 + n / 2, dataset=slug))
    view = VIEW.but(colour_by="dataset", datasets=tuple(slugs))
    found = classes_of(private_workspace, view)
    assert list(found.values())[: len(SERIES)] == slugs[: len(SERIES)]
    assert list(found.values())[len(SERIES) :] == ["*", "*"]
    last = mark_classes(query_of(private_workspace, view))[-1]
    assert last.label == "other datasets: Set-09, Set-10"
    two = view.but(datasets=(slugs[3], slugs[10]))
    assert set(classes_of(private_workspace, two).values()) == {slugs[3], slugs[10]}


def hold(workspace: Workspace, slug: str, west: float, east: float, **changes: Any) -> None:
    """Record a source that gives the ground between two meridians to one party on DAY."""
    wkb = shapely.to_wkb(shapely.segmentize(shapely.box(west, 48, east, 49), 0.2))
    sha256 = hashlib.sha256(wkb).hexdigest()
    about = dataset(slug, kind=DatasetKind.control, **changes)
    records = [change(about), change(snapshot(sha256, dataset=slug))]
    write(workspace.store, records, NOON, {sha256: wkb})


def test_the_side_is_that_of_the_day_by_the_source_of_the_view(
    private_workspace: Workspace,
) -> None:
    early = When.days(DAY - timedelta(days=9))
    strikes = [at(31.0), at(35.0), at(35.5, when=early)]
    region = Place.at(LonLat(35.2, 48.5), Precision.admin1, admin1="UA-12")
    add(private_workspace.store, dataset(), *strikes, incident("of a region", place=region))
    hold(private_workspace, "one", 34, 37)
    hold(private_workspace, "two", 30, 32)
    sides = VIEW.but(colour_by="side", control="one")
    assert classes_of(private_workspace, sides) == {
        31.0: "not_stated",
        35.0: "ru",
        35.5: "unknown",
    }
    assert classes_of(private_workspace, sides.but(control="two"))[31.0] == "ru"
    assert classes_of(private_workspace, sides.but(freeze=DAY))[35.5] == "ru"


def test_marks_are_coloured_by_no_side_that_nobody_states_or_shares(workspace: Workspace) -> None:
    add(workspace.store, dataset(), at(31.0))
    view = VIEW.but(colour_by="side")
    with pytest.raises(InvalidView) as refused:
        classes_of(workspace, view)
    assert refused.value.problems[0].where == "query.control"
    hold(workspace, "closed", 34, 37, terms=Terms(tiles=True))
    with pytest.raises(NotShared, match="strikemap datasets set closed"):
        classes_of(workspace, view.but(control="closed"))
    closed = query_of(workspace, view.but(control="closed"))
    with pytest.raises(NotShared, match="strikemap datasets set closed"):
        page_html(closed)
    page = re.sub(r"\s", "", page_html(closed.but(colour_by="dataset")))
    assert '"sharesPoints":false' in page
    private = replace(workspace, audience=Audience.private)
    assert classes_of(private, view.but(control="closed")) == {31.0: "not_stated"}


@given(st.lists(counts, min_size=1, max_size=20))
def test_a_greater_figure_has_no_smaller_mark_and_unknown_is_not_zero(known: list[Count]) -> None:
    columns = {
        f"killed_total_{bound}": np.array(
            [NO_COUNT if number is None else number for number in numbers]
        )
        for bound, numbers in (
            ("low", [count.low for count in known]),
            ("best", [count.best for count in known]),
        )
    }
    steps = size_steps(Rows(columns), "killed").tolist()
    by_figure = []
    for count, step in zip(known, steps, strict=True):
        figure = count.best if count.low is None else count.low
        assert (figure is None) == (step < 0)
        if figure is not None:
            assert SIZE_STEPS[step][0] <= figure
            by_figure.append((figure, SIZE_STEPS[step][1]))
    sizes = [factor for _figure, factor in sorted(by_figure)]
    assert sizes == sorted(sizes)
    assert 1.0 not in sizes  # the size of a mark without a figure


def test_a_mark_without_a_figure_keeps_the_usual_size(private_workspace: Workspace) -> None:
    tolls = {30.0: Toll(), 31.0: Toll.of(Count(0, 0, 0)), 32.0: Toll.of(Count(100, None, None))}
    strikes = [at(lon, killed=toll) for lon, toll in tolls.items()]
    add(private_workspace.store, dataset(), *strikes)
    query = query_of(private_workspace, VIEW.but(size_by="killed"))
    marks = marks_of(query)
    sizes = dict(zip(marks["lon_e7"].tolist(), mark_looks(query, marks).size, strict=True))
    assert sizes == {300_000_000: 1.0, 310_000_000: SIZE_STEPS[0][1], 320_000_000: 3.0}
    alike = query.but(size_by="none")
    assert set(mark_looks(alike, marks).size) == {1.0}
