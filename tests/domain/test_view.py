"""A View is a small value; a URL is a View written down."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import InvalidView
from app.domain.incident import EventKind, Status
from app.domain.place import Bounds
from app.domain.view import COLOURS_BY, METRICS, PALETTES, PARAMETERS, SIZES_BY, View, Vocabulary
from tests.strategies import areas, days

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
WORDS = {
    "ukraine": Vocabulary(
        theatre="ukraine",
        zone="Europe/Kyiv",
        languages=("en", "uk"),
        regions={1: frozenset({"UA-30", "UA-12", "UA-14"}), 2: frozenset({"UA1402"})},
        weapons=frozenset({"missile", "missile.cruise", "drone"}),
        sectors=frozenset({"energy", "health"}),
        datasets=frozenset({"demo", "cir"}),
        controls=frozenset({"deepstate"}),
        parties=("ua", "ru"),
        has_population=True,
        is_synthetic=False,
        bounds=Bounds(22, 44, 41, 53),
    ),
    "example": Vocabulary(
        theatre="example",
        zone="Etc/GMT+8",
        languages=("en", "uk"),
        regions={1: frozenset({"XE-A"})},
        weapons=frozenset({"missile"}),
        sectors=frozenset(),
        datasets=frozenset(),
        controls=frozenset(),
        parties=("orra",),
        has_population=False,
        is_synthetic=True,
        bounds=Bounds(-132, -45, -122, -39),
    ),
}


def parse(query: str, now: datetime = NOW) -> View:
    return View.parse(parse_qsl(query, keep_blank_values=True), WORDS, "ukraine", now)


def some(choices: frozenset[str]) -> st.SearchStrategy[tuple[str, ...]]:
    if not choices:
        return st.just(())
    return st.sets(st.sampled_from(sorted(choices))).map(lambda found: tuple(sorted(found)))


@st.composite
def views(draw: st.DrawFn) -> View:
    words = draw(st.sampled_from(list(WORDS.values())))
    period = sorted(draw(st.tuples(days, days)))
    box = draw(
        st.tuples(
            *[st.floats(-180, 180, exclude_max=True), st.floats(-90, 90, exclude_max=True)],
            *[st.floats(0.001, 1), st.floats(0.001, 1)],
        )
    )
    west, south = box[0], box[1]
    bbox = Bounds(west, south, min(west + box[2], 180), min(south + box[3], 90))
    fits = bbox.west < bbox.east and bbox.south < bbox.north
    level = draw(st.sampled_from(sorted(words.regions)))
    controls = st.sampled_from([None, *words.controls])
    return View(
        theatre=words.theatre,
        first=draw(st.sampled_from([None, period[0]])),
        last=draw(st.sampled_from([None, period[1]])),
        as_of=draw(
            st.none()
            | st.integers(0, 10**15).map(lambda micros: NOW - timedelta(microseconds=micros))
        ),
        bbox=draw(st.sampled_from([None, bbox] if fits else [None])),
        within=draw(st.none() | areas()),
        regions=draw(some(words.regions[level])),
        level=level,
        weapons=draw(some(words.weapons)),
        sectors=draw(some(words.sectors)),
        statuses=draw(some(frozenset(status.value for status in Status))),
        kinds=draw(some(frozenset(kind.value for kind in EventKind))),
        datasets=draw(some(words.datasets)),
        min_killed=draw(st.none() | st.integers(0, 999_999_999)),
        metric=draw(st.sampled_from(words.metrics)),
        lang=draw(st.sampled_from(words.languages)),
        control=draw(controls),
        synthetic=draw(st.booleans()),
        freeze=draw(st.none() | days),
        line_km=draw(st.none() | st.integers(1, 20_000_000).map(lambda metres: metres / 1000)),
        sides=draw(some(frozenset({*words.parties, "not_stated"}))),
        colour_by=draw(st.sampled_from(COLOURS_BY)),
        size_by=draw(st.sampled_from(SIZES_BY)),
        palette=draw(st.sampled_from(PALETTES)),
    )


@given(views())
def test_a_view_written_as_a_url_is_read_back_as_it_was(view: View) -> None:
    assert parse(view.query()) == view


@given(views())
def test_equal_views_are_equal_strings(view: View) -> None:
    assert parse(view.query()).query() == view.query()


def test_an_area_with_its_axes_exchanged_is_refused_and_not_an_empty_map() -> None:
    with pytest.raises(InvalidView) as refused:
        parse("within=50,30,51,30,51,31")
    assert refused.value.problems[0].got == "corners with their latitude first"
    assert parse("within=50,30,51,30,51,31&theatre=example").within is not None


def test_an_empty_query_is_the_default_view_of_the_default_theatre() -> None:
    assert parse("") == View(theatre="ukraine")
    assert parse("theatre=example") == View(theatre="example", synthetic=True)


def test_a_list_may_be_repeated_or_separated_by_commas_in_any_order() -> None:
    expected = View(theatre="ukraine", weapons=("drone", "missile"))
    assert parse("weapon=missile&weapon=drone") == expected
    assert parse("weapon=drone,missile,drone") == expected


WRONG = {
    "from": "2025-13-01",
    "to": "yesterday",
    "as_of": "2026-01-02",
    "bbox": "31,51,30,50",
    "within": "30,50,31,51",
    "region": "UA-99",
    "level": "3",
    "weapon": "spear",
    "sector": "moon",
    "status": "rumour",
    "kind": "fight",
    "dataset": "nobody",
    "min_killed": "-1",
    "metric": "glory",
    "lang": "fr",
    "theatre": "atlantis",
    "control": "nobody",
    "synthetic": "maybe",
    "freeze": "now",
    "line_km": "0",
    "side": "north",
    "colour_by": "taste",
    "size_by": "fame",
    "palette": "flag",
}


def test_every_parameter_can_be_wrong_and_has_a_case_here() -> None:
    assert set(WRONG) == set(PARAMETERS)


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_wrong_parameter_is_named_with_what_was_got_and_what_is_allowed(name: str) -> None:
    with pytest.raises(InvalidView) as refused:
        parse(f"{name}={WRONG[name]}")
    (problem,) = refused.value.problems
    got = {"within": "too few corners (2)"}.get(name, WRONG[name])
    assert (problem.where, problem.got) == (f"query.{name}", got)
    assert problem.allowed


@given(st.sets(st.sampled_from(PARAMETERS), min_size=1))
def test_all_wrong_parameters_are_named_at_once(names: set[str]) -> None:
    with pytest.raises(InvalidView) as refused:
        parse("&".join(f"{name}={WRONG[name]}" for name in sorted(names)))
    assert {problem.where for problem in refused.value.problems} == {
        f"query.{name}" for name in names
    }


@given(st.sampled_from(PARAMETERS), st.text(max_size=12))
def test_any_text_is_a_view_or_a_named_problem_and_never_a_crash(name: str, text: str) -> None:
    try:
        view = View.parse([(name, text)], WORDS, "ukraine", NOW)
    except InvalidView as refused:
        assert {problem.where for problem in refused.problems} == {f"query.{name}"}  # noqa: PT017
    else:
        assert View.parse(parse_qsl(view.query()), WORDS, "ukraine", NOW) == view


@pytest.mark.parametrize("name", ["form", "From", "bbox ", "limit", "", "min-killed"])
def test_an_unknown_parameter_is_refused_by_its_name(name: str) -> None:
    with pytest.raises(InvalidView) as refused:
        View.parse([(name, "1")], WORDS, "ukraine", NOW)
    (problem,) = refused.value.problems
    assert problem.where == f"query.{name}"
    assert all(parameter in problem.allowed for parameter in PARAMETERS)


def test_a_single_parameter_given_twice_is_refused_even_when_both_agree() -> None:
    with pytest.raises(InvalidView, match="given once"):
        parse("lang=en&lang=en")


def test_a_period_that_ends_before_it_begins_names_the_end() -> None:
    with pytest.raises(InvalidView, match=r"query\.to: got '2025-10-23', allowed: 2025-10-24"):
        parse("from=2025-10-24&to=2025-10-23")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2025-10-24", datetime(2025, 10, 24, 20, 59, 59, 999_999, tzinfo=UTC)),
        ("2025-12-31", datetime(2025, 12, 31, 21, 59, 59, 999_999, tzinfo=UTC)),
        ("2025-10-24T10:00:00Z", datetime(2025, 10, 24, 10, tzinfo=UTC)),
        ("2025-10-24T10:00:00%2B03:00", datetime(2025, 10, 24, 7, tzinfo=UTC)),
        ("2025-10-24T10:00:00+03:00", datetime(2025, 10, 24, 7, tzinfo=UTC)),
        ("2026-01-01T12:00:00Z", NOW),
    ],
)
def test_as_of_is_an_instant_or_the_end_of_a_day_in_the_theatres_zone(
    text: str, instant: datetime
) -> None:
    as_of = parse(f"as_of={text}").as_of
    assert as_of == instant
    assert as_of.tzinfo is UTC


@pytest.mark.parametrize(
    "text", ["2026-01-01", "2026-01-01T12:00:01Z", "2025-10-24T10:00:00", "0001-01-01T00:00:00Z"]
)
def test_as_of_refuses_the_future_and_a_time_without_an_offset(text: str) -> None:
    if text.startswith("0001"):
        text += "+14:00"
    with pytest.raises(InvalidView, match=r"query\.as_of"):
        parse(f"as_of={text}")


def test_a_level_without_boundaries_says_how_to_import_them() -> None:
    with pytest.raises(InvalidView, match="strikemap regions import FILE"):
        parse("theatre=example&level=2")


def test_a_region_is_looked_up_at_the_level_asked_for() -> None:
    assert parse("level=2&region=UA1402").regions == ("UA1402",)
    with pytest.raises(InvalidView, match=r"query\.region"):
        parse("region=UA1402")


def test_a_rate_exists_only_where_population_is_loaded() -> None:
    assert parse("metric=killed_per_100k").metric == "killed_per_100k"
    with pytest.raises(InvalidView, match=", ".join(METRICS)):
        parse("theatre=example&metric=killed_per_100k")


@pytest.mark.parametrize(
    "text", ["2025-W01-1", "20251024", "24.10.2025", " 2025-10-24", "1899-12-31", "2025-02-29", ""]
)
def test_a_day_is_written_one_way_only(text: str) -> None:
    with pytest.raises(InvalidView, match="YYYY-MM-DD, 1900-01-01 to 2100-12-31"):
        View.parse([("from", text)], WORDS, "ukraine", NOW)


@pytest.mark.parametrize(
    "box",
    [
        "",
        "1,2,3",
        "1,2,3,4,5",
        "a,b,c,d",
        "nan,0,1,1",
        "0,0,inf,1",
        "-181,0,1,1",
        "0,-91,1,1",
        "1,1,1,2",
        "1,2,1,3",
        "1,2,0,3,4,nan",
        "1,2,0,3,1,0",
    ],
)
def test_a_box_that_is_none_is_refused_with_its_order_of_sides(box: str) -> None:
    with pytest.raises(InvalidView, match="west,south,east,north in degrees"):
        View.parse([("bbox", box)], WORDS, "ukraine", NOW)


@pytest.mark.parametrize(
    ("box", "sides", "parts"),
    [
        ("30,50,-5,31,51,9", "30,50,31,51", ["30,50,31,51"]),
        ("170,40,-170,60", "170,40,-170,60", ["170,40,180,60", "-180,40,-170,60"]),
        ("170,40,0,-170,60,0", "170,40,-170,60", ["170,40,180,60", "-180,40,-170,60"]),
    ],
)
def test_a_box_may_have_heights_and_may_cross_the_antimeridian(
    box: str, sides: str, parts: list[str]
) -> None:
    view = View.parse([("bbox", box)], WORDS, "ukraine", NOW)
    assert f"bbox={sides}" in view.query().split("&")
    assert view.bbox is not None
    assert [",".join(f"{side:g}" for side in one) for one in view.bbox.parts] == parts


def test_a_view_changed_in_one_field_is_another_view() -> None:
    view = View(theatre="ukraine")
    assert view.but(lang="uk") == View(theatre="ukraine", lang="uk")
    assert view == View(theatre="ukraine")
