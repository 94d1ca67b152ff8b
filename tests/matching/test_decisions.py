"""Decisions about records that tell of one strike: by score, by a person, taken back, and kept."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.domain.account import Holder, Role
from app.domain.errors import DoneBefore, InputError, NotAllowed, NotFound
from app.domain.incident import Incident, Status
from app.domain.merge import How, Member, merge_id
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.revision import Action, Subject
from app.domain.source import SourceRef
from app.domain.store import verify
from app.instance.workspace import Workspace
from app.matching.decisions import decisions, matchings, pending_pairs
from app.matching.review import Reviewer
from app.matching.runs import MatchReport, match_datasets
from tests.making import DAY, KYIV, NOON, add, change, dataset, incident, write

HOLDER = Holder("reviewer", Role.reviewer)
HOUR = timedelta(hours=1)


def sure(key: str, slug: str, link: str = "https://t.me/channel/1") -> Incident:
    """Tell of the strike that a link stands for."""
    return incident(key, dataset=slug, sources=(SourceRef(url=link),))


def doubtful(key: str, slug: str) -> Incident:
    """Tell of a strike in Kyiv that day: near enough to ask, without anything to be sure by."""
    return incident(key, dataset=slug, place=Place.at(LonLat(31.0, 50.0), Precision.exact))


def matched(workspace: Workspace, one: str = "a", other: str = "b") -> MatchReport:
    return match_datasets(workspace, (one, other), HOLDER, now=NOON + HOUR)


@pytest.fixture
def three(private_workspace: Workspace) -> Workspace:
    """Three datasets that tell of one strike each."""
    slugs = "abc"
    add(private_workspace.store, *(dataset(slug) for slug in slugs))
    add(private_workspace.store, *(sure("1", slug) for slug in slugs))
    return private_workspace


def test_a_pair_that_is_sure_is_merged_with_its_reasons(three: Workspace) -> None:
    report = matched(three)
    assert (report.candidates, report.merged, report.pending) == (1, 1, 0)
    (decided,) = decisions(three.store).values()
    assert decided.merge.how is How.automatic
    assert [member.dataset for member in decided.merge.members] == ["a", "b"]
    assert decided.merge.score == sum(reason.points for reason in decided.merge.reasons)
    (revision,) = three.store.history(Subject.merge, decided.merge.id)
    assert (revision.actor, revision.reason) == ("reviewer", "merged by score: a + b")
    verify(three.store)


def test_a_second_run_writes_nothing(three: Workspace) -> None:
    matched(three)
    before = three.store.head()
    again = matched(three, "b", "a")
    assert (again.merged, again.kept, again.version) == (0, 1, None)
    assert three.store.head() == before


def test_what_a_person_joined_is_kept_however_low_it_scores(
    private_workspace: Workspace,
) -> None:
    far = Place.at(LonLat(KYIV.lon, KYIV.lat + 0.0035), Precision.exact)
    one = incident("1", dataset="a")
    other = incident("2", dataset="b", place=far, when=When.days(DAY + timedelta(days=2)))
    add(private_workspace.store, dataset("a"), dataset("b"), one, other)
    report = matched(private_workspace)
    assert (report.candidates, report.merged, report.pending, report.kept) == (1, 0, 0, 0)
    keys = (f"a/{one.id}", f"b/{other.id}")
    Reviewer(private_workspace, HOLDER, NOON + HOUR).join(keys, "the same crater")
    again = matched(private_workspace)
    assert (again.merged, again.pending, again.kept) == (0, 0, 1)


def test_a_dry_run_writes_nothing_and_says_what_it_would_merge(three: Workspace) -> None:
    before = three.store.head()
    report = match_datasets(three, ("a", "b"), HOLDER, now=NOON, dry_run=True)
    assert (len(report.pairs), three.store.head()) == (1, before)


def test_one_record_is_merged_with_the_best_of_another_dataset_only(
    private_workspace: Workspace,
) -> None:
    near = Place.at(LonLat(KYIV.lon, KYIV.lat + 0.001), Precision.exact)
    one, best = sure("1", "a"), sure("best", "b")
    next_best = incident("next", dataset="b", place=near, sources=one.sources)
    add(private_workspace.store, dataset("a"), dataset("b"), one, best, next_best)
    report = matched(private_workspace)
    assert (report.candidates, report.merged, report.pending) == (2, 1, 0)
    (decided,) = decisions(private_workspace.store).values()
    assert {member.key for member in decided.merge.members} == {f"a/{one.id}", f"b/{best.id}"}


def test_a_third_dataset_joins_a_group_unless_it_would_bring_a_second_of_one(
    private_workspace: Workspace,
) -> None:
    store = private_workspace.store
    add(store, *(dataset(slug) for slug in "abc"))
    # c tells of b's strike and of a second one of a: joining both would put two of a in a group.
    apart = sure("2", "a", "https://t.me/channel/2")
    both = incident(
        "1",
        dataset="c",
        sources=tuple(SourceRef(url=f"https://t.me/channel/{n}") for n in (1, 2)),
    )
    add(store, sure("1", "a"), apart, sure("1", "b"), both)
    assert matched(private_workspace, "a", "b").merged == 1
    assert matched(private_workspace, "b", "c").merged == 1
    report = matched(private_workspace, "a", "c")
    assert (report.candidates, report.merged) == (2, 1)
    key = f"a/{apart.id}"
    merged = [one.merge.members for one in decisions(store).values()]
    assert key not in {member.key for members in merged for member in members}


def test_what_was_undone_is_not_merged_again_but_waits_for_a_person(three: Workspace) -> None:
    matched(three)
    (number,) = decisions(three.store)
    reviewer = Reviewer(three, HOLDER, NOON + 2 * HOUR)
    reviewer.undo(number, "two shells, an hour apart")
    assert decisions(three.store)[number].is_undone
    report = matched(three)
    assert (report.merged, report.pending) == (0, 1)
    assert [pair.id for pair in pending_pairs(three.store)] == [number]
    with pytest.raises(DoneBefore, match="undone already"):
        reviewer.undo(number, "again")
    stranger = Holder("stranger", Role.reviewer, frozenset({"elsewhere"}))
    with pytest.raises(NotAllowed, match="elsewhere"):  # not whether it was done before
        Reviewer(three, stranger, NOON + 2 * HOUR).undo(number, "again")


def test_a_person_decides_about_a_doubtful_pair_and_may_change_their_mind(
    private_workspace: Workspace,
) -> None:
    store = private_workspace.store
    add(store, dataset("a"), dataset("b"), doubtful("1", "a"), doubtful("1", "b"))
    assert (matched(private_workspace).merged, len(pending_pairs(store))) == (0, 1)
    (pair,) = pending_pairs(store)
    reviewer = Reviewer(private_workspace, HOLDER, NOON + 2 * HOUR)

    reviewer.decide(pair.id, "not one building", is_same=False)
    assert (matched(private_workspace).pending, pending_pairs(store)) == (0, [])
    merge = reviewer.decide(pair.id, "the same roof after all", is_same=True)
    assert (merge.how, merge.is_same, merge.by) == (How.reviewed, True, "reviewer")
    with pytest.raises(DoneBefore, match="decided so already"):
        reviewer.decide(pair.id, "twice", is_same=True)
    stranger = Holder("stranger", Role.reviewer, frozenset({"elsewhere"}))
    with pytest.raises(NotAllowed, match="elsewhere"):
        Reviewer(private_workspace, stranger, NOON).decide(pair.id, "why", is_same=True)
    told = [(one.action, one.reason) for one in store.history(Subject.merge, pair.id)]
    assert told == [("add", "not one building"), ("amend", "the same roof after all")]


def test_a_score_never_joins_what_a_person_parted(three: Workspace) -> None:
    for slugs in (("a", "b"), ("b", "c")):
        matched(three, *slugs)
    numbers = list(decisions(three.store))
    assert len(numbers) == 2
    reviewer = Reviewer(three, HOLDER, NOON + 2 * HOUR)
    for number in numbers:
        reviewer.undo(number, "looked at again")
    matched(three, "a", "c")
    keys = [f"{slug}/{sure('1', slug).id}" for slug in "bc"]
    parted = merge_id(Member(key, 0) for key in keys)
    reviewer.decide(parted, "another day", is_same=False)
    reviewer.join([f"a/{sure('1', 'a').id}", keys[0]], "one and the same")
    assert pending_pairs(three.store) == []


def test_a_person_may_merge_records_that_no_score_proposed(three: Workspace) -> None:
    keys = [f"{slug}/{sure('1', slug).id}" for slug in "abc"]
    merge = Reviewer(three, HOLDER, NOON).join(keys, "three posts of one video")
    assert [member.key for member in merge.members] == keys
    with pytest.raises(InputError, match="two or more"):
        Reviewer(three, HOLDER, NOON).join(keys[:1], "alone")
    with pytest.raises(NotFound):
        Reviewer(three, HOLDER, NOON).join([*keys, "a/none"], "one is not there")


def test_retracted_records_are_not_merged(three: Workspace) -> None:
    gone = incident("1", dataset="b", status=Status.retracted)
    write(three.store, [change(gone, Action.amend)], NOON)
    assert matched(three).candidates == 0
    with pytest.raises(NotFound, match="stands"):
        Reviewer(three, HOLDER, NOON).join([f"b/{gone.id}", f"a/{gone.id}"], "why")


@pytest.mark.parametrize(
    ("slugs", "allowed"),
    [
        (("a", "a"), "two different ones"),
        (("a", "none"), "a, b, c"),
        (("a", "made"), "both real or both invented"),
    ],
)
def test_only_two_datasets_of_one_theatre_and_sort_are_compared(
    three: Workspace, slugs: tuple[str, str], allowed: str
) -> None:
    add(three.store, dataset("made", synthetic=True))
    with pytest.raises(InputError, match=allowed):
        matched(three, *slugs) if slugs != ("a", "none") else match_datasets(
            three, slugs, HOLDER, now=NOON
        )


@pytest.mark.parametrize(
    "holder", [Holder("e", Role.editor), Holder("r", Role.reviewer, frozenset({"a"}))]
)
def test_only_a_reviewer_of_both_datasets_merges(three: Workspace, holder: Holder) -> None:
    before = three.store.head()
    with pytest.raises(NotAllowed):
        match_datasets(three, ("a", "b"), holder, now=NOON)
    keys = [f"{slug}/{sure('1', slug).id}" for slug in "ab"]
    with pytest.raises(NotAllowed):
        Reviewer(three, holder, NOON).join(keys, "why")
    assert three.store.head() == before


def test_the_record_says_which_datasets_were_compared(three: Workspace) -> None:
    matched(three, "b", "a")
    state = three.state()
    assert state.merged.is_compared(("a", "b"), state.seq)
    assert state.merged.is_compared(("a", "b", "c"), state.seq) is None
    (matching,) = matchings(three.store)
    assert (matching.datasets, matching.key, matching.merged) == (("a", "b"), "a+b", 1)


def test_a_day_is_not_a_reason_alone(private_workspace: Workspace) -> None:
    far = incident("1", dataset="b", place=Place.at(LonLat(36.0, 50.0), Precision.exact))
    add(private_workspace.store, dataset("a"), dataset("b"), incident("1", dataset="a"), far)
    assert matched(private_workspace).candidates == 0
    assert far.when.first == DAY
