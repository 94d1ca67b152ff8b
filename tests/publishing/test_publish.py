"""What the public sees: terms, embargo and generalisation, whatever else a View asks for."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.domain.control import ControlArea, ControlSnapshot
from app.domain.count import Count, Toll
from app.domain.damage import Damage
from app.domain.drawn_area import DrawnArea
from app.domain.errors import NotShared
from app.domain.incident import Incident, Status
from app.domain.period import When
from app.domain.place import Bounds, LonLat, Place, Precision
from app.domain.revision import Action
from app.domain.source import Claim, SourceRef
from app.domain.store import Author
from app.domain.terms import Audience, DatasetKind, Face, Terms
from app.domain.view import View
from app.editing.terms import set_terms
from app.instance.workspace import Workspace
from app.publishing.publish import Published, control_dataset, publish
from app.publishing.query import Query
from app.queries.facets import line_facets
from app.queries.ground.measures import ControlSource, control_areas
from app.queries.incidents import find_incident, history
from app.queries.summary_csv import neutral, summary_csv
from app.queries.sums import summarise
from tests.making import DAY, KYIV, NOON, add, change, dataset, incident, write
from tests.support import geojson, imported, square
from tests.support import incident as told

VIEW = View(theatre="ukraine")
LATER = NOON + timedelta(days=1)
FRESH = (LATER - timedelta(days=3)).date()
"""Past every embargo, and not past the delay of sensitive sites."""


def _published(
    workspace: Workspace, view: View = VIEW, face: Face = Face.aggregates, now: datetime = LATER
) -> Published:
    return publish(Query.of(workspace, view, now), face)


def _summary(workspace: Workspace, view: View = VIEW, by: str = "region") -> dict[str, Any]:
    return summarise(_published(workspace, view), by)


def _count(workspace: Workspace, view: View = VIEW, now: datetime = LATER) -> int:
    return len(_published(workspace, view, now=now).select())


def _marks(workspace: Workspace, view: View = VIEW, now: datetime = LATER) -> int:
    published = _published(workspace, view, Face.tiles, now)
    return len(published.select().drawable(published.filter))


def _killed(key: str, number: int, **changes: Any) -> Incident:
    return incident(key, killed=Toll.of(Count.exactly(number)), **changes)


def test_several_datasets_are_listed_side_by_side_and_never_added(workspace: Workspace) -> None:
    add(
        workspace.store,
        dataset("one"),
        dataset("two"),
        _killed("a", 3, dataset="one"),
        _killed("b", 5, dataset="two"),
    )
    answer = _summary(workspace, VIEW.but(datasets=("one", "two")))
    assert (answer["by"], answer["additive"], answer["totals"]) == ("dataset", False, None)
    assert {row["key"]: row["killed"]["low"] for row in answer["rows"]} == {"one": 3, "two": 5}


def test_without_a_name_one_dataset_is_shown_and_said(workspace: Workspace) -> None:
    add(
        workspace.store,
        *(dataset("few"), incident("a", dataset="few")),
        *(dataset("many"), incident("b", dataset="many"), incident("c", dataset="many")),
    )
    answer = _summary(workspace)
    assert answer["coverage"]["datasets"] == ["many"]
    assert answer["totals"]["incidents"] == 2


def test_invented_records_are_shown_only_when_asked_for_and_alone(workspace: Workspace) -> None:
    add(
        workspace.store,
        *(dataset("real"), incident("a", dataset="real")),
        *(dataset("made", synthetic=True), incident("b", dataset="made", synthetic=True)),
    )
    both = VIEW.but(datasets=("made", "real"))
    assert _summary(workspace, both)["coverage"]["datasets"] == ["real"]
    assert _summary(workspace, both.but(synthetic=True))["coverage"]["datasets"] == ["made"]
    assert _count(workspace, both) == _count(workspace, both.but(synthetic=True)) == 1


def test_invented_control_is_not_shown_in_a_real_view(workspace: Workspace) -> None:
    invented = dataset("made-lines", kind=DatasetKind.control, synthetic=True)
    add(workspace.store, invented)
    state = workspace.state()
    assert control_dataset(Query(workspace, state, VIEW, NOON), Face.tiles) is None
    snapshot = control_dataset(Query(workspace, state, VIEW.but(synthetic=True), NOON), Face.tiles)
    assert snapshot is not None
    assert snapshot.slug == "made-lines"


def test_an_internal_dataset_gives_sums_but_no_marks(workspace: Workspace) -> None:
    records = [incident(key, dataset="closed") for key in "abc"]
    add(workspace.store, dataset("closed", terms=Terms()), *records)
    for face in (Face.tiles, Face.points, Face.raw, Face.embeds, Face.export):
        published = _published(workspace, face=face)
        assert (len(published.select()), published.withheld["terms"]) == (0, 3)
    assert _count(workspace) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"first": date(2025, 10, 20), "last": date(2025, 10, 25)},  # six days
        {"first": date(2025, 10, 21), "last": date(2025, 10, 27)},  # seven, no ISO week
        {"first": None, "last": date(2025, 10, 26)},  # two open ends could be subtracted
        {"level": 2},
        {"min_killed": 1},
        {"bbox": (30, 50, 31, 51)},
        {"within": DrawnArea.of([30, 50, 31, 50, 31, 51])},
    ],
)
def test_sums_of_a_closed_dataset_cannot_be_cut_fine(
    changes: dict[str, Any], workspace: Workspace
) -> None:
    records = [_killed(key, 2, dataset="closed") for key in "abc"]
    add(workspace.store, dataset("closed", terms=Terms()), *records)
    answer = _summary(workspace, VIEW.but(**changes))
    assert (answer["totals"], answer["rows"]) == (None, [])
    assert answer["coverage"]["withheld"] == {"embargo": 0, "terms": 3}
    whole = VIEW.but(first=date(2025, 10, 20), last=date(2025, 10, 26))
    assert _summary(workspace, whole)["totals"]["incidents"] == 3


def test_what_the_terms_withhold_is_counted_without_filters(workspace: Workspace) -> None:
    add(
        workspace.store,
        dataset("closed", terms=Terms()),
        *(incident(key, dataset="closed") for key in "abc"),
    )
    narrow = VIEW.but(weapons=("drone",), first=date(1999, 1, 1), last=date(1999, 1, 2))
    assert _published(workspace, narrow, Face.tiles).withheld == {"embargo": 0, "terms": 3}


def test_an_embargoed_record_is_counted_as_withheld_and_shown_to_nobody(
    workspace: Workspace,
) -> None:
    hidden = incident("a", public_after=LATER + timedelta(hours=1), weapons=("drone",))
    add(workspace.store, dataset(), hidden, incident("b"))
    assert (_count(workspace), _marks(workspace)) == (1, 1)
    for view in (VIEW, VIEW.but(weapons=("mine",)), VIEW.but(first=date(1999, 1, 1), last=DAY)):
        assert _published(workspace, view).withheld == {"embargo": 1, "terms": 0}
    after = LATER + timedelta(hours=2)
    assert (_count(workspace, now=after), _marks(workspace, now=after)) == (2, 2)
    assert _published(workspace, now=after).withheld["embargo"] == 0


@pytest.mark.parametrize("when", [When.days(None), When.days(date(2024, 1, 1), date(2024, 6, 30))])
def test_an_embargoed_record_is_in_no_count_of_what_a_period_leaves_out(
    workspace: Workspace, when: When
) -> None:
    """Moving a period over a long record would read its days from that count."""
    hidden = incident("a", when=when, public_after=LATER + timedelta(hours=1))
    add(workspace.store, dataset(), hidden, incident("b"))
    for as_of in (None, NOON):
        view = VIEW.but(first=date(2024, 3, 1), last=date(2024, 3, 31), as_of=as_of)
        covered = _summary(workspace, view)["coverage"]
        assert (covered["spanning"], covered["undated"]) == (0, 0)
        assert covered["withheld"]["embargo"] == 1


def test_a_private_audience_sees_all_at_once(private_workspace: Workspace) -> None:
    add(
        private_workspace.store,
        dataset(terms=Terms()),
        incident("a", public_after=LATER + timedelta(days=9)),
        incident("b", damage=(Damage("energy"),), when=When.days(FRESH)),
    )
    assert (_count(private_workspace), _marks(private_workspace)) == (2, 2)
    assert _published(private_workspace).withheld == {"embargo": 0, "terms": 0}


def test_a_fresh_strike_on_energy_is_counted_in_its_region_and_not_drawn(
    workspace: Workspace,
) -> None:
    when = When.days(FRESH)
    add(
        workspace.store,
        dataset(),
        incident("energy", when=when, damage=(Damage("energy"), Damage("residential"))),
        incident("homes", when=when, damage=(Damage("residential"),)),
        incident("nothing stated", when=when),
    )
    assert (_count(workspace), _marks(workspace)) == (3, 2)
    kyiv = next(row for row in _summary(workspace)["rows"] if row["key"] == "UA-30")
    assert kyiv["incidents"] == 3
    month_later = LATER + timedelta(days=31)
    assert _marks(workspace, now=month_later) == 3


def test_a_box_does_not_give_away_the_place_of_a_quiet_record(workspace: Workspace) -> None:
    when = When.days(FRESH)
    add(workspace.store, dataset(), incident("energy", when=when, damage=(Damage("energy"),)))
    box = (KYIV.lon - 0.001, KYIV.lat - 0.001, KYIV.lon + 0.001, KYIV.lat + 0.001)
    area = DrawnArea.of([box[0], box[1], box[2], box[1], KYIV.lon, box[3]])
    for view in (VIEW.but(bbox=box), VIEW.but(within=area)):
        assert _count(workspace, view) == 0
        assert _count(workspace, view, LATER + timedelta(days=31)) == 1


def test_a_place_known_only_to_its_region_is_in_no_box_and_no_drawn_area(
    workspace: Workspace,
) -> None:
    """A source may give a region's middle as its place: no mark stands there."""
    middle = Place.at(KYIV, Precision.admin1, admin1="UA-32")
    add(workspace.store, dataset(), incident("somewhere", place=middle))
    around = DrawnArea.of([30, 50, 31, 50, 31, 51, 30, 51])
    for view in (VIEW.but(bbox=Bounds(30, 50, 31, 51)), VIEW.but(within=around)):
        assert _count(workspace, view) == 0
    assert _count(workspace, VIEW.but(regions=("UA-32",))) == 1


def test_as_of_hides_what_was_imported_later(workspace: Workspace) -> None:
    add(workspace.store, dataset(), _killed("a", 1), at=NOON)
    add(workspace.store, incident("b"), at=NOON + timedelta(hours=1))
    write(workspace.store, [change(_killed("a", 9), Action.amend)], NOON + timedelta(hours=2))
    gone = _killed("a", 9, status=Status.retracted)
    write(workspace.store, [change(gone, Action.amend)], NOON + timedelta(hours=3))
    seen = [
        (total["incidents"], total["killed"]["low"])
        for hours in (-1, 0, 1, 2, 3)
        for total in [_summary(workspace, VIEW.but(as_of=NOON + timedelta(hours=hours)))["totals"]]
    ]
    assert seen == [(0, None), (1, 1), (2, 1), (2, 9), (1, None)]


def test_an_embargo_holds_for_every_as_of(workspace: Workspace) -> None:
    add(workspace.store, dataset(), incident("a", public_after=LATER + timedelta(days=1)))
    assert _count(workspace, VIEW.but(as_of=NOON)) == 0


def test_as_of_hides_control_that_was_imported_later(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    def day(size: float, name: str) -> Path:
        area = {"valid_on": "2024-03-10", "controller": "tarn"}
        shape = {"type": "Feature", "properties": area, "geometry": square(-126, -43, size)}
        return geojson(tmp_path, shape, name=name)

    order = {"theatre": "example", "dataset": "lines"}
    imported(private_workspace, day(0.1, "first.geojson"), NOON, **order)
    report = imported(
        private_workspace, day(0.2, "second.geojson"), NOON + timedelta(days=1), **order
    )
    assert (report.added, report.amended) == (0, 1)
    state = private_workspace.state()
    lines, view = state.datasets["lines"], View(theatre="example", synthetic=True)

    def total(as_of: datetime | None) -> float:
        pinned = view.but(as_of=as_of)
        source = ControlSource.of(Query(private_workspace, state, pinned, NOON), lines)
        return float(control_areas(source, date(2024, 3, 11))["total_km2"])

    assert total(NOON) == pytest.approx(total(None) / 4, rel=0.01)
    assert total(NOON + timedelta(days=2)) == total(None)


def test_control_whose_terms_forbid_tiles_is_refused_with_the_command_that_helps(
    workspace: Workspace,
) -> None:
    area = ControlArea("ru", region="UA-43")
    lines = ControlSnapshot(dataset="lines", valid_on=DAY, areas=(area,))
    add(workspace.store, dataset("lines", kind=DatasetKind.control, terms=Terms()), lines)
    state = workspace.state()
    with pytest.raises(NotShared, match="strikemap datasets set lines"):
        control_dataset(Query(workspace, state, VIEW, NOON), Face.tiles)
    private = replace(workspace, audience=Audience.private)
    assert control_dataset(Query(private, state, VIEW, NOON), Face.tiles) is not None


@pytest.mark.parametrize("narrowing", [{"line_km": 5}, {"sides": ("ru",)}])
def test_incidents_do_not_draw_a_line_that_the_terms_of_its_source_withhold(
    workspace: Workspace, narrowing: dict[str, Any]
) -> None:
    area = ControlArea("ru", region="UA-43")
    lines = ControlSnapshot(dataset="lines", valid_on=DAY, areas=(area,))
    closed = dataset("lines", kind=DatasetKind.control, terms=Terms(tiles=True))
    add(workspace.store, dataset(), incident("a"), closed, lines)
    query = Query(workspace, workspace.state(), VIEW.but(control="lines", **narrowing), NOON)
    for face in Face:
        with pytest.raises(NotShared, match="strikemap datasets set lines"):
            publish(query, face)
    anywhere = query.but(line_km=None, sides=())
    with pytest.raises(NotShared):
        summarise(publish(anywhere, Face.points), "line")
    assert line_facets(anywhere)["line_km"] is None
    private = replace(workspace, audience=Audience.private)
    publish(replace(query, workspace=private, cache={}), Face.points)


def test_control_is_measured_by_no_finer_region_than_its_terms_allow(workspace: Workspace) -> None:
    area = ControlArea("ru", region="UA-43")
    lines = ControlSnapshot(dataset="lines", valid_on=DAY, areas=(area,))
    add(workspace.store, dataset("lines", kind=DatasetKind.control, terms=Terms()), lines)
    query = Query(workspace, workspace.state(), VIEW.but(level=2), NOON)
    with pytest.raises(NotShared):
        control_dataset(query, Face.aggregates)
    assert control_dataset(query.but(level=1), Face.aggregates) is not None


def test_a_place_known_only_to_the_country_stands_elsewhere(workspace: Workspace) -> None:
    add(workspace.store, dataset(), incident("a", place=Place.at(None, Precision.country)))
    answer = _summary(workspace)
    assert answer["elsewhere"]["incidents"] == answer["totals"]["incidents"] == 1
    assert all(row["incidents"] == 0 for row in answer["rows"])


def test_a_stated_region_wins_over_a_located_one(workspace: Workspace) -> None:
    place = Place.at(LonLat(30.52, 50.45), Precision.exact, admin1="UA-32")
    add(workspace.store, dataset(), incident("a", place=place))
    rows = {row["key"]: row["incidents"] for row in _summary(workspace)["rows"]}
    assert (rows["UA-32"], rows["UA-30"]) == (1, 0)


def test_retracted_records_never_count(workspace: Workspace) -> None:
    add(workspace.store, dataset(), incident("a", status=Status.retracted), incident("b"))
    assert _summary(workspace)["totals"]["incidents"] == 1
    summary = _summary(workspace, VIEW.but(statuses=("retracted",)))
    assert summary["totals"]["incidents"] == 0


def test_a_summary_as_csv_cannot_be_run_by_a_spreadsheet(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    for number, title in enumerate(("=HYPERLINK(1)", "+1", "-1", "@A1", "\tx", '<script>, "x"')):
        path = geojson(tmp_path, told(str(number)), name=f"{number}.geojson")
        imported(private_workspace, path, dataset=f"d{number}", title=title)
    every = VIEW.but(datasets=tuple(f"d{number}" for number in range(6)))
    lines = summary_csv(_summary(private_workspace, every)).split("\r\n")
    names = [line.split(",", 1)[1] for line in lines[1:-1]]
    assert [name[:3] for name in names] == ["'=H", "'+1", "'-1", "'@A", "'\tx", '"<s']
    assert lines[-1] == ""
    assert [neutral(cell) for cell in (-1, None, "a=b")] == [-1, "", "a=b"]


def test_an_older_revision_does_not_show_what_the_newest_embargoes(workspace: Workspace) -> None:
    add(workspace.store, dataset(), incident("a"), at=NOON)
    embargoed = incident("a", public_after=LATER + timedelta(days=1))
    write(workspace.store, [change(embargoed, Action.amend)], NOON + timedelta(hours=1))
    before = VIEW.but(as_of=NOON)
    assert (_count(workspace, before), _marks(workspace, before)) == (0, 0)
    released = LATER + timedelta(days=2)
    assert _count(workspace, before, released) == 1


def test_an_older_revision_does_not_draw_what_the_newest_keeps_quiet(workspace: Workspace) -> None:
    when = When.days(FRESH)
    add(workspace.store, dataset(), incident("a", when=when), at=NOON)
    precise = incident("a", when=when, damage=(Damage("energy"),))
    write(workspace.store, [change(precise, Action.amend)], NOON + timedelta(hours=1))
    before = VIEW.but(as_of=NOON)
    assert (_count(workspace, before), _marks(workspace, before)) == (1, 0)


@pytest.mark.parametrize("when", [When.days(FRESH), When.days(None)])
def test_a_quiet_record_tells_its_region_and_nothing_that_finds_it(
    workspace: Workspace, when: When
) -> None:
    hot = incident(
        "a",
        when=when,
        damage=(Damage("energy", name="SECRET station"),),
        description="SECRET",
        claims=(Claim("SECRET", "SECRET"),),
        sources=(SourceRef("SECRET town council", "https://example.invalid/SECRET"),),
        wave="SECRET",
    )
    add(workspace.store, dataset(), hot)
    feature = find_incident(_published(workspace, face=Face.points), str(hot.id))
    assert feature["geometry"] is None
    assert "SECRET" not in str(feature)
    assert list(feature["properties"]["sources"]) == [{}]
    assert feature["properties"]["wave"] is None
    region = feature["properties"]["region"]
    assert (region["name"], region["how"], region["near_border"]) == ("Kyiv", "located", False)


def test_the_texts_of_a_retracted_record_are_public_in_no_revision(workspace: Workspace) -> None:
    said = incident(
        "a",
        description="SECRET",
        claims=(Claim("SECRET", "SECRET"),),
        damage=(Damage("residential", name="SECRET house"),),
        when=msgspec.structs.replace(When.days(DAY), text="SECRET"),
    )
    add(workspace.store, dataset(), said, at=NOON)
    as_known = _published(workspace, VIEW.but(as_of=NOON), face=Face.points)
    assert "SECRET" in str(find_incident(as_known, str(said.id)))
    gone = msgspec.structs.replace(said, status=Status.retracted)
    write(workspace.store, [change(gone, Action.amend)], NOON + timedelta(hours=1))
    for view in (VIEW, VIEW.but(as_of=NOON)):
        feature = find_incident(_published(workspace, view, face=Face.points), str(said.id))
        assert "SECRET" not in str(feature)
        private = replace(workspace, audience=Audience.private)
        feature = find_incident(_published(private, view, face=Face.points), str(said.id))
        assert "SECRET" in str(feature)


def test_addresses_of_an_earlier_release_that_a_browser_would_run_do_not_leave(
    workspace: Workspace,
) -> None:
    script = "javascript:alert(1)"
    said = incident(
        "a",
        sources=(SourceRef("Publisher", script, archive_url=script, upstream=script),),
        claims=(Claim("somebody", "a claim", script),),
    )
    add(workspace.store, dataset(), said)
    feature = find_incident(_published(workspace, face=Face.points), str(said.id))
    assert "javascript" not in str(feature)
    assert feature["properties"]["claims"] == [{"by": "somebody", "text": "a claim"}]


def test_the_public_history_names_no_account_and_ends_at_the_view(workspace: Workspace) -> None:
    add(workspace.store, dataset(), incident("a"), at=NOON)
    changed = incident("a", description="changed")
    write(workspace.store, [change(changed, Action.amend)], NOON + timedelta(hours=1))
    published = _published(workspace, VIEW.but(as_of=NOON), Face.points)
    feature = find_incident(published, str(changed.id))
    past = history(published, feature)
    assert [(one["action"], one["actor"], one["reason"]) for one in past] == [("add", "", "")]


def test_terms_are_changed_by_a_revision_and_hold_from_the_next_request(
    workspace: Workspace,
) -> None:
    add(workspace.store, dataset("closed", terms=Terms()), incident("a", dataset="closed"))
    assert _marks(workspace) == 0
    set_terms(workspace, "closed", "CC0-1.0", Author("test", LATER))
    assert _marks(workspace) == 1
    assert _marks(workspace, VIEW.but(as_of=NOON)) == 1
    set_terms(workspace, "closed", "internal", Author("test", LATER))
    assert _marks(workspace, VIEW.but(as_of=LATER)) == 0


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("damage", "hours"), [((), 3), ((Damage("residential"),), 3), ((Damage("military"),), 12)]
)
def test_a_fresh_strike_is_withheld_for_hours_by_its_kind_of_place(
    workspace: Workspace, damage: tuple[Damage, ...], hours: int
) -> None:
    when = When.instants(NOON, NOON, "Europe/Kyiv")
    add(workspace.store, dataset(), incident("a", when=when, damage=damage))
    for face in (Face.aggregates, Face.tiles, Face.points):
        early = _published(workspace, face=face, now=NOON + hours * HOUR - timedelta(seconds=1))
        assert (len(early.select()), early.withheld["embargo"]) == (0, 1)
        late = _published(workspace, face=face, now=NOON + hours * HOUR)
        assert (len(late.select()), late.withheld["embargo"]) == (1, 0)


def test_a_strike_without_a_time_is_withheld_from_the_end_of_its_day(workspace: Workspace) -> None:
    when = When.days(NOON.date(), zone="Europe/Kyiv")
    add(workspace.store, dataset(), incident("a", when=when))
    ends = NOON.replace(hour=22)  # midnight in Kyiv, two hours ahead in winter
    assert _count(workspace, now=ends + 3 * HOUR - timedelta(seconds=1)) == 0
    assert _count(workspace, now=ends + 3 * HOUR) == 1


def test_a_private_reader_waits_for_nothing(private_workspace: Workspace) -> None:
    when = When.instants(NOON, NOON, "Europe/Kyiv")
    add(private_workspace.store, dataset(), incident("a", when=when))
    assert _count(private_workspace, now=NOON) == 1
