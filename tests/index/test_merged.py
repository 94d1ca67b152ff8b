"""Datasets that were compared are added up, and a strike that several of them tell counts once."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import numpy as np
import pytest

from app.domain.count import Count, Toll
from app.domain.damage import Damage
from app.domain.incident import Incident, Status
from app.domain.merge import How, Matching, Member, Merge, merge_id
from app.domain.period import When
from app.domain.place import Bounds, LonLat, Place, Precision
from app.domain.revision import Action, Change, Subject, canonical
from app.domain.source import SourceRef
from app.domain.terms import Audience, Face, Terms
from app.domain.view import View
from app.index.groups import Grouping
from app.instance.workspace import Workspace
from app.publishing.publish import Published, publish
from app.publishing.query import Query
from app.queries.box_sums import box_sums
from app.queries.group_sums import _cubed, scanned, sums_by
from app.queries.incidents import find_incident, list_incidents
from app.queries.sums import summarise
from app.reference.reference import Reference
from app.rows import COLUMNS
from tests.making import KYIV, NOON, add, change, dataset, incident, open_workspace, write

HOUR = timedelta(hours=1)
NOW = NOON + timedelta(days=100)
VIEW = View(theatre="ukraine", datasets=("a", "b", "c"))
KHARKIV = LonLat(36.23, 49.99)


class Recorded(NamedTuple):
    """A record that was written, and its short number."""

    record: Incident
    number: int

    @property
    def member(self) -> Member:
        return Member(f"{self.record.dataset}/{self.record.id}", self.number)


def recorded(workspace: Workspace, *records: Incident) -> list[Recorded]:
    """Write datasets a, b and c, and some of their records."""
    head = add(workspace.store, *map(dataset, "abc"), *records)
    first = head.seq - len(records) + 1
    return [Recorded(record, first + n) for n, record in enumerate(records)]


def compared(workspace: Workspace, *pairs: str, at: datetime = NOON) -> None:
    """Note that pairs such as "ab" were compared, up to now."""
    upto = workspace.store.head().seq
    changes = []
    for first, second in map(list, pairs or ("ab", "ac", "bc")):
        matching = Matching(
            datasets=(first, second),
            upto=upto,
            threshold=0,
            review=0,
            candidates=0,
            merged=0,
            pending_count=0,
        )
        action = Action.amend if workspace.store.history(Subject.matching, matching.key) else None
        payload = canonical(matching)
        changes.append(Change(Subject.matching, matching.key, action or Action.add, payload))
    write(workspace.store, changes, at)


def merged(
    workspace: Workspace, *records: Recorded, at: datetime = NOON, undone: bool = False
) -> None:
    """Decide that records describe one strike, or undo that decision."""
    members = tuple(sorted(one.member for one in records))
    merge = Merge(id=merge_id(members), members=members, how=How.reviewed, by="tester")
    action = Action.retract if undone else Action.add
    write(workspace.store, [Change(Subject.merge, merge.id, action, canonical(merge))], at)


def published(workspace: Workspace, face: Face = Face.aggregates, **changes: Any) -> Published:
    return publish(Query.of(workspace, VIEW.but(**changes), NOW), face)


def totals(workspace: Workspace, **changes: Any) -> dict[str, Any] | None:
    sums: dict[str, Any] | None = summarise(published(workspace, **changes), "region")["totals"]
    return sums


def bounds(count: dict[str, Any]) -> tuple[int | None, ...]:
    return count["low"], count["best"], count["high"]


def killed(key: str, slug: str, *figures: int | None, **changes: Any) -> Incident:
    toll = Toll.of(Count(*figures)) if figures else Toll()
    return incident(key, dataset=slug, killed=toll, **changes)


def test_datasets_that_were_not_compared_stand_side_by_side(private_workspace: Workspace) -> None:
    recorded(private_workspace, killed("1", "a", 2, 2, 2), killed("1", "b", 3, 3, 3))
    compared(private_workspace, "ab", "ac")
    answer = summarise(published(private_workspace), "region")
    assert (answer["by"], answer["additive"], answer["totals"]) == ("dataset", False, None)
    assert answer["rule"] is None
    assert answer["matching"]["not_summed"].startswith("not all of them were compared")


def test_a_strike_that_two_datasets_tell_counts_once_as_a_range(
    private_workspace: Workspace,
) -> None:
    first, second, alone = recorded(
        private_workspace,
        killed("1", "a", 2, 3, 4),
        killed("1", "b", 5, 5, 5),
        killed("2", "c", 1, 1, 1),
    )
    merged(private_workspace, first, second)
    compared(private_workspace)
    answer = summarise(published(private_workspace), "region")
    assert (answer["rule"], answer["additive"]) == ("range across independent sources", True)
    assert answer["matching"] == {"groups": 1, "not_summed": None}
    assert answer["totals"]["incidents"] == 2
    assert bounds(answer["totals"]["killed"]) == (3, 1, 6)
    by_dataset = summarise(published(private_workspace), "dataset")
    assert [row["incidents"] for row in by_dataset["rows"]] == [1, 1, 1]
    assert (by_dataset["additive"], by_dataset["totals"]) == (False, answer["totals"])
    assert alone.number in {int(n) for n in published(private_workspace).select()["number"]}


def test_cubes_count_merged_strikes_once_as_a_scan_does(private_workspace: Workspace) -> None:
    first, second, *_ = recorded(
        private_workspace,
        killed("1", "a", 2, 3, 4),
        killed("1", "b", 5, 5, 5),
        killed("2", "c", 1, 1, 1),
    )
    merged(private_workspace, first, second)
    private_workspace.index.generations.rebuild()
    add(private_workspace.store, killed("3", "b", 7, 7, 7))
    compared(private_workspace)
    answer = published(private_workspace)
    assert answer.folded is not None
    assert _cubed(answer, Grouping.region) is not None
    for by in Grouping:
        sums = sums_by(answer, by)
        assert np.array_equal(sums.table, scanned(answer, by).table)
    assert sums_by(answer, Grouping.none).table[0].tolist() == [3]
    boxed = published(private_workspace, bbox=Bounds(22, 44, 41, 53))
    squares = box_sums(boxed, Grouping.none)
    assert squares is not None
    assert squares.table.tolist() == sums_by(answer, Grouping.none).table.tolist()


@pytest.mark.parametrize(
    ("figures_of", "expected"),
    [
        (((2, 2, 2), (2, 2, 2)), (2, 2, 2)),
        (((2, 2, 2), ()), (2, 2, 2)),
        (((2, 2, 2), (4, 4, 4)), (2, None, 4)),
        (((2, None, None), (4, 4, 4)), (2, 4, None)),
        (((None, 3, None), (4, 4, 4)), (3, None, None)),
        (((None, None, 5), (4, 4, 4)), (4, 4, 5)),
        (((), ()), (None, None, None)),
    ],
    ids=["agree", "one unknown", "differ", "open", "best only", "at most", "unknown"],
)
def test_the_range_goes_from_the_least_to_the_greatest_that_any_source_says(
    private_workspace: Workspace,
    figures_of: tuple[tuple[int | None, ...], ...],
    expected: tuple[int | None, ...],
) -> None:
    records = recorded(
        private_workspace,
        *(killed("1", slug, *figures) for slug, figures in zip("ab", figures_of, strict=True)),
    )
    merged(private_workspace, *records)
    compared(private_workspace)
    sums = totals(private_workspace)
    assert sums is not None
    assert bounds(sums["killed"]) == expected


def test_undoing_a_merge_returns_the_old_total_and_as_of_still_reads_it(
    private_workspace: Workspace,
) -> None:
    records = recorded(private_workspace, killed("1", "a", 2, 2, 2), killed("1", "b", 2, 2, 2))
    compared(private_workspace)
    before = totals(private_workspace)
    merged(private_workspace, *records, at=NOON + HOUR)
    while_merged = totals(private_workspace)
    merged(private_workspace, *records, at=NOON + 2 * HOUR, undone=True)
    assert before is not None
    assert while_merged is not None
    assert (before["incidents"], while_merged["incidents"]) == (2, 1)
    assert totals(private_workspace) == before
    assert totals(private_workspace, as_of=NOON + 1.5 * HOUR) == while_merged
    assert totals(private_workspace, as_of=NOON + HOUR / 2) == before


def test_a_view_of_one_dataset_counts_its_own_records_as_before(
    private_workspace: Workspace,
) -> None:
    records = recorded(private_workspace, killed("1", "a", 2, 2, 2), killed("1", "b", 9, 9, 9))
    before = totals(private_workspace, datasets=("a",))
    merged(private_workspace, *records)
    compared(private_workspace)
    assert totals(private_workspace, datasets=("a",)) == before


def test_what_came_after_the_comparison_ends_the_summing_until_the_next_one(
    private_workspace: Workspace,
) -> None:
    records = recorded(private_workspace, incident("1", dataset="a"), incident("1", dataset="b"))
    merged(private_workspace, *records)
    compared(private_workspace, at=NOON + HOUR)
    add(private_workspace.store, incident("2", dataset="b"), at=NOON + 2 * HOUR)
    answer = summarise(published(private_workspace), "region")
    assert (answer["by"], answer["totals"]) == ("dataset", None)
    assert "since they were compared" in answer["matching"]["not_summed"]
    assert totals(private_workspace, as_of=NOON + 1.5 * HOUR) is not None
    compared(private_workspace, at=NOON + 3 * HOUR)
    assert totals(private_workspace) is not None


def test_an_amended_member_stays_in_its_group(private_workspace: Workspace) -> None:
    first, second = recorded(
        private_workspace, killed("1", "a", 2, 2, 2), killed("1", "b", 2, 2, 2)
    )
    merged(private_workspace, first, second)
    compared(private_workspace)
    later = killed("1", "a", 7, 7, 7)
    write(private_workspace.store, [change(later, Action.amend)], NOON + HOUR)
    sums = totals(private_workspace)
    assert sums is not None
    assert bounds(sums["killed"]) == (2, None, 7)


def test_a_retracted_member_falls_away(private_workspace: Workspace) -> None:
    first, second = recorded(
        private_workspace, killed("1", "a", 2, 2, 2), killed("1", "b", 9, 9, 9)
    )
    merged(private_workspace, first, second)
    compared(private_workspace)
    gone = killed("1", "b", 9, 9, 9, status=Status.retracted)
    write(private_workspace.store, [change(gone, Action.amend)], NOON + HOUR)
    sums = totals(private_workspace)
    assert sums is not None
    assert bounds(sums["killed"]) == (2, 2, 2)
    assert find(private_workspace, first)["merged_with"] == []


def find(workspace: Workspace, recorded: Recorded) -> dict[str, Any]:
    state = workspace.state()
    seen = publish(Query(workspace, state, VIEW, NOW), Face.points, in_all=True)
    properties: dict[str, Any] = find_incident(seen, str(recorded.record.id))["properties"]
    return properties


def test_a_group_stands_once_on_the_map_at_its_most_precise_place(
    private_workspace: Workspace,
) -> None:
    town = Place.at(KHARKIV, Precision.settlement)
    exact = Place.at(LonLat(KHARKIV.lon + 0.01, KHARKIV.lat), Precision.exact)
    first, second = recorded(
        private_workspace,
        incident("1", dataset="a", place=town, weapons=("drone.fpv",)),
        incident("1", dataset="b", place=exact, damage=(Damage("health"),)),
    )
    merged(private_workspace, first, second)
    compared(private_workspace)
    answer = published(private_workspace, Face.points)
    assert answer.select().drawable(answer.filter)["number"].tolist() == [second.number]
    # What either says, the group says: it is found by the weapon of one and the sector of both.
    both = published(private_workspace, weapons=("drone",), sectors=("health",))
    assert both.select()["number"].tolist() == [second.number]
    (feature,) = list_incidents(answer, 10).features
    assert feature["id"] == str(second.record.id)
    (other,) = feature["properties"]["merged_with"]
    assert (other["id"], other["dataset"], other["weapons"]) == (
        str(first.record.id),
        "a",
        ["drone.fpv"],
    )


def test_a_record_shows_what_others_say_of_its_strike_and_whether_they_copy(
    private_workspace: Workspace,
) -> None:
    post = (SourceRef(url="https://t.me/channel/5"),)
    records = recorded(
        private_workspace,
        killed("1", "a", 2, 2, 2, sources=post),
        killed("1", "b", 3, 3, 3, sources=post),
        incident("1", dataset="c"),
    )
    merged(private_workspace, *records)
    others = find(private_workspace, records[0])["merged_with"]
    assert [(one["dataset"], one["same_upstream"]) for one in others] == [("b", True), ("c", False)]
    assert others[0]["killed"]["low"] == 3


@pytest.fixture
def public(tmp_path: Any, reference: Reference) -> Any:
    workspace = open_workspace(tmp_path / "data", reference, audience=Audience.public)
    yield workspace
    workspace.store.close()


def test_the_public_sees_nothing_of_a_member_that_is_withheld(public: Workspace) -> None:
    later = NOW + timedelta(days=1)
    first, second = recorded(
        public,
        killed("1", "a", 2, 2, 2),
        killed("1", "b", 9, 9, 9, public_after=later),
    )
    merged(public, first, second)
    compared(public)
    sums = totals(public)
    assert sums is not None
    assert (sums["incidents"], bounds(sums["killed"])) == (1, (2, 2, 2))
    assert find(public, first)["merged_with"] == []


def test_a_group_with_one_member_at_a_sensitive_site_has_no_mark(public: Workspace) -> None:
    fresh = When.days(NOW.date() - timedelta(days=5))
    first, second = recorded(
        public,
        incident("1", dataset="a", when=fresh),
        incident("1", dataset="b", when=fresh, damage=(Damage("energy"),)),
    )
    answer = published(public, Face.points, datasets=("a",))
    assert len(answer.select().drawable(answer.filter)) == 1
    merged(public, first, second)
    compared(public)
    answer = published(public, Face.points)
    assert len(answer.select().drawable(answer.filter)) == 0
    assert len(answer.unmarked()) == 1
    assert find(public, first)["merged_with"] == []


def test_the_twin_of_a_generalised_record_has_no_mark_where_it_stands_alone_either(
    public: Workspace,
) -> None:
    fresh = When.days(NOW.date() - timedelta(days=5))
    first, second = recorded(
        public,
        incident("1", dataset="a", when=fresh),
        incident("1", dataset="b", when=fresh, damage=(Damage("energy"),)),
    )
    assert find(public, first)["precision"] == "exact"
    merged(public, first, second)
    alone = published(public, Face.points, datasets=("a",))
    assert len(alone.select().drawable(alone.filter)) == 0
    assert len(alone.unmarked()) == 1
    assert find(public, first)["precision"] == "admin1"
    merged(public, first, second, undone=True, at=NOON + HOUR)
    alone = published(public, Face.points, datasets=("a",))
    assert len(alone.select().drawable(alone.filter)) == 1


def test_records_that_may_leave_only_as_sums_are_shown_beside_no_other(public: Workspace) -> None:
    first, second = recorded(public, incident("1", dataset="a"), incident("1", dataset="b"))
    merged(public, first, second)
    assert len(find(public, first)["merged_with"]) == 1
    closed = dataset("b", terms=Terms())
    write(public.store, [change(closed, Action.amend)], NOON + HOUR)
    assert find(public, first)["merged_with"] == []


def invented(dice: random.Random, key: str, *, has_gaps: bool) -> Incident:
    low, best, high = sorted(dice.randrange(9) for _ in range(3))
    figures = [dice.choice([None, bound]) if has_gaps else bound for bound in (low, best, high)]
    return incident(
        key,
        dataset=dice.choice("abc"),
        killed=dice.choice([Toll.of(Count(*figures)), Toll.of(civilian=Count(*figures))]),
        place=Place.at(dice.choice([KYIV, KHARKIV]), Precision.exact),
        status=dice.choice([Status.reported, Status.verified, Status.retracted]),
    )


def range_of(counts: Sequence[Count]) -> tuple[int | None, int | None, int | None]:
    """Write the rule out: the least and the greatest that the members with a figure say.

    A record that stands alone counts as it is.
    """
    if len(counts) == 1:
        return counts[0].low, counts[0].best, counts[0].high
    lows = [one.best if one.low is None else one.low for one in counts]
    bests = {one.best for one in counts if one.best is not None}
    highs = [one.high for one in counts if one.is_known]
    return (
        min((low for low in lows if low is not None), default=None),
        bests.pop() if len(bests) == 1 else None,
        None if None in highs else max((high for high in highs if high is not None), default=None),
    )


@pytest.mark.parametrize("seed", range(8))
def test_a_total_of_compared_datasets_follows_the_rule_and_stays_within_its_bounds(
    private_workspace: Workspace, seed: int
) -> None:
    workspace, dice = private_workspace, random.Random(seed)  # noqa: S311  a law, not a secret
    records = recorded(
        workspace, *(invented(dice, str(n), has_gaps=seed % 2 > 0) for n in range(40))
    )
    compared(workspace)
    before = totals(workspace)
    groups: dict[object, list[Recorded]] = {}
    for record in records:
        groups.setdefault(dice.choice([*range(9), ("alone", record.number)]), []).append(record)
    several = [group for group in groups.values() if len(group) > 1]
    for group in several:
        merged(workspace, *group)
    sums = totals(workspace)
    apart = summarise(published(workspace), "dataset")["rows"]
    for group in several:
        merged(workspace, *group, undone=True)
    undone = totals(workspace)

    standing = [
        [one.record.killed.total for one in group if one.record.status is not Status.retracted]
        for group in groups.values()
    ]
    ranges = [range_of(counts) for counts in standing if counts]
    assert sums is not None
    assert sums["incidents"] == len(ranges)
    lows, bests, highs = ([one[n] for one in ranges] for n in range(3))
    assert sums["killed"]["low"] == added(lows)
    assert sums["killed"]["best"] == added(bests)
    assert sums["killed"]["high_known"] == added(highs)
    assert sums["killed"]["high"] == (None if None in highs else added(highs))
    assert before == undone

    own_highs = [row["killed"]["high_known"] or 0 for row in apart]
    own_lows = [row["killed"]["low"] or 0 for row in apart]
    assert (sums["killed"]["high_known"] or 0) <= sum(own_highs)
    assert (sums["killed"]["low"] or 0) <= sum(own_lows) + sum(
        row["killed"]["best"] or 0 for row in apart
    )
    if sums["killed"]["high"] is not None:
        assert sums["killed"]["high"] >= max(own_lows)


def added(values: Any) -> int | None:
    figures = [value for value in values if value is not None]
    return sum(figures) if figures else None


def test_a_generation_built_with_merges_in_it_counts_as_the_delta_did(
    private_workspace: Workspace,
) -> None:
    incidents = [killed(str(n), slug, n, n, None) for n in range(3) for slug in "abc"]
    records = recorded(private_workspace, *incidents)
    for n in range(3):
        merged(private_workspace, *records[3 * n : 3 * n + 2])
    merged(private_workspace, *records[:2], undone=True)
    compared(private_workspace)
    before = totals(private_workspace)
    private_workspace.index.generations.rebuild()
    assert totals(private_workspace) == before
    assert before is not None
    assert before["incidents"] == 7


def test_the_columns_of_a_group_keep_their_types(private_workspace: Workspace) -> None:
    records = recorded(private_workspace, incident("1", dataset="a"), incident("1", dataset="b"))
    merged(private_workspace, *records)
    compared(private_workspace)
    folded = published(private_workspace)
    (raw,) = folded.state.segments
    assert [raw.rows[name].dtype for name in COLUMNS] == [
        folded.segments[-1].rows[name].dtype for name in COLUMNS
    ]
