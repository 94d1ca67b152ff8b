"""Which pairs are candidates, what the score says of them, and how right it was on read records."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.incident import Incident, Status
from app.domain.merge import Pair
from app.domain.period import When
from app.domain.place import LocalPlane, LonLat, Place, Precision
from app.domain.source import SourceRef, normal_link
from app.domain.store import Store
from app.index.state import State
from app.instance.workspace import Workspace
from app.matching import texts as likeness
from app.matching.candidates import MOST_RIVALS, SLACK_DAYS, Side
from app.matching.decisions import REVIEW, THRESHOLD
from app.matching.scores import score_pairs
from app.matching.texts import Lists, folded_words, shared
from app.reference.reference import Reference
from app.reference.taxonomy import CodeList
from tests.making import DAY, KYIV, add, dataset, incident, open_workspace
from tests.support import FILES, imported, real, roomy

LINK = SourceRef(url="https://twitter.com/somebody/status/1234567890?s=20")
SAME_LINK = SourceRef(url="https://mobile.twitter.com/i/status/1234567890")


def find_pairs(
    store: Store, state: State, slugs: tuple[str, str], plane: LocalPlane, weapons: CodeList
) -> list[Pair]:
    """Score every candidate pair of two datasets, best first."""
    side, other = (Side.of(state, slug, plane, weapons) for slug in slugs)
    return score_pairs(store, (side, other)).pairs


def beside(metres: float) -> Place:
    """Lie some metres north of the quiet default."""
    return Place.at(LonLat(KYIV.lon, KYIV.lat + metres / 111_200), Precision.exact)


def pairs_of(workspace: Workspace, *records: Incident) -> list[Pair]:
    """Record some incidents and compare the datasets a and b."""
    add(workspace.store, dataset("a"), dataset("b"), *records)
    reference = workspace.reference
    plane, weapons = reference.plane("ukraine"), reference.taxonomy.weapons
    state = workspace.state()
    return find_pairs(workspace.store, state, ("a", "b"), plane, weapons)


def points(pair: Pair) -> dict[str, int]:
    return {reason.code: reason.points for reason in pair.reasons}


@pytest.mark.parametrize(
    ("weapon", "is_compared"),
    [("drone.fpv", True), ("missile", True), ("air_strike", True), ("artillery.tube", False)],
)
def test_a_weapon_known_coarsely_fits_what_it_can_be(
    private_workspace: Workspace, weapon: str, *, is_compared: bool
) -> None:
    one = incident("1", dataset="a", place=beside(50), weapons=("air_strike",))
    two = incident("2", dataset="b", place=beside(0), weapons=(weapon,))
    pairs = pairs_of(private_workspace, one, two)
    assert bool(pairs) is is_compared


def test_a_pair_says_what_each_point_was_given_for(private_workspace: Workspace) -> None:
    text = "Boarding school hit, roof gone."
    place = msgspec.structs.replace(beside(50), name="Verkhnia")
    one = incident("1", dataset="a", place=place, description=text, sources=(LINK,))
    two = incident(
        "2",
        dataset="b",
        place=msgspec.structs.replace(beside(0), name="verkhnia"),
        description="The boarding school's roof",
        sources=(SAME_LINK,),
        weapons=("missile.cruise",),
    )
    (pair,) = pairs_of(private_workspace, one, two)
    assert [msgspec.to_builtins(reason) for reason in pair.reasons] == [
        {"code": "same_upstream", "points": 40, "values": {"links": 1}},
        {
            "code": "distance",
            "points": 22,
            "values": {"distance_m": 50, "error_m": 100, "other_error_m": 100},
        },
        {"code": "days_apart", "points": 15, "values": {"days": 0, "span_days": 1}},
        {"code": "wording", "points": 11, "values": {"percent": 75, "words": 3}},
        {"code": "place_name", "points": 5, "values": {"percent": 100}},
        {"code": "weapons", "points": 0, "values": {"fit": "compatible"}},
    ]
    assert pair.score == 93


@pytest.mark.parametrize(
    "other",
    [
        {"place": beside(460)},
        {"place": Place.at(KYIV, Precision.admin1)},
        {"place": Place.at(None, Precision.settlement)},
        {"when": When.days(DAY + timedelta(days=SLACK_DAYS + 1))},
        {"when": When.days(DAY - timedelta(days=4), DAY + timedelta(days=4))},
        {"when": When.days(None)},
        {"weapons": ("drone.one_way",)},
        {"status": Status.retracted},
    ],
    ids=[
        "far",
        "a region",
        "no point",
        "days later",
        "nine days",
        "undated",
        "weapon",
        "retracted",
    ],
)
def test_what_cannot_be_one_strike_is_no_candidate(
    private_workspace: Workspace, other: dict[str, object]
) -> None:
    one = incident("1", dataset="a", weapons=("missile.cruise",))
    assert pairs_of(private_workspace, one, incident("2", dataset="b", **other)) == []


def test_places_reach_as_far_as_both_errors_together(private_workspace: Workspace) -> None:
    town = Place.at(KYIV, Precision.settlement)
    records = [
        incident("near", dataset="a", place=beside(5_300)),
        incident("far", dataset="a", place=beside(5_400)),
        incident("town", dataset="b", place=town),
    ]
    (pair,) = pairs_of(private_workspace, *records)
    assert pair.reasons[1].values["distance_m"] == pytest.approx(5_300, abs=20)


def test_two_records_on_one_towns_centre_are_not_near_each_other(
    private_workspace: Workspace,
) -> None:
    town = Place.at(KYIV, Precision.settlement, name="Kyiv")
    same = {"place": town, "weapons": ("drone.one_way",), "description": "Warehouse burning"}
    records = [incident(str(n), dataset=slug, **same) for n, slug in enumerate("ab")]
    (pair,) = pairs_of(private_workspace, *records)
    assert points(pair)["distance"] == 1
    assert pair.score < THRESHOLD


def test_a_longer_span_says_less_of_the_day(private_workspace: Workspace) -> None:
    night = When.days(DAY - timedelta(days=1), DAY)
    week = When.days(DAY - timedelta(days=6), DAY)
    records = [
        incident("1", dataset="a"),
        incident("night", dataset="b", when=night),
        incident("week", dataset="b", when=week),
    ]
    found = pairs_of(private_workspace, *records)
    assert sorted(points(pair)["days_apart"] for pair in found) == [2, 15]


def test_a_link_that_many_records_name_ties_no_two_of_them(private_workspace: Workspace) -> None:
    crowd = [incident(str(n), dataset="a", sources=(LINK,)) for n in range(5)]
    found = pairs_of(private_workspace, *crowd, incident("x", dataset="b", sources=(SAME_LINK,)))
    assert [points(pair)["same_upstream"] for pair in found] == [0] * 5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://x.com/a/status/77", "https://twitter.com/b/statuses/77/photo/1?s=20"),
        ("https://t.me/s/channel/12?single", "https://t.me/Channel/12"),
        ("https://youtu.be/abcdefghij_", "https://m.youtube.com/watch?t=4&v=abcdefghij_"),
        ("https://www.example.org/News/1/", "http://example.org/news/1"),
    ],
)
def test_one_report_has_one_address_however_it_is_written(one: str, other: str) -> None:
    assert normal_link(one) == normal_link(other) is not None


@pytest.mark.parametrize(
    "url",
    ["https://example.org", "https://t.me/channel", "https://youtube.com/", "", "http://[::1"],
)
def test_an_address_that_names_no_report_ties_nothing(url: str) -> None:
    assert normal_link(url) is None


@given(st.text())
def test_any_text_may_stand_where_an_address_should(text: str) -> None:
    assert normal_link(text) is None or isinstance(normal_link(text), str)


days = st.integers(0, 6).map(lambda n: date(2025, 10, 1) + timedelta(days=n))
told = st.lists(st.tuples(st.sampled_from("ab"), days, st.integers(0, 1_000)), max_size=12)


@given(told)
def test_the_spatial_index_finds_what_a_loop_over_all_pairs_finds(
    tmp_path_factory: pytest.TempPathFactory,
    reference: Reference,
    records: list[tuple[str, date, int]],
) -> None:
    workspace = open_workspace(tmp_path_factory.mktemp("law"), reference)
    made = [
        incident(f"{n}", dataset=slug, when=When.days(day), place=beside(metres))
        for n, (slug, day, metres) in enumerate(records)
    ]
    near = {
        (f"a/{made[i].id}", f"b/{made[j].id}"): abs(here - there)
        for i, (one, first, here) in enumerate(records)
        for j, (other, second, there) in enumerate(records)
        if (one, other) == ("a", "b") and abs((first - second).days) <= SLACK_DAYS
    }
    found = {(p.members[0].key, p.members[1].key) for p in pairs_of(workspace, *made)}
    workspace.store.close()
    # The reach is 450 m; what lies on its edge is decided by the plane's last metres.
    assert {pair for pair in found if near[pair] < 440} == {
        pair for pair, metres in near.items() if metres < 440
    }
    assert {pair for pair in found if near[pair] > 460} == set()


numbers = st.sets(st.integers(0, 9), max_size=6)


def lists_of(sets: list[set[int]]) -> Lists:
    values = [number for one in sets for number in sorted(one)]
    return Lists(np.cumsum([0, *map(len, sets)]), np.array(values, np.int64))


@given(
    st.lists(numbers, min_size=1, max_size=5),
    st.lists(numbers, min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=12),
    numbers,
    st.sampled_from([1, 3, 1 << 18]),
)
def test_what_two_lists_share_is_counted_as_sets_count_it(
    ours: list[set[int]],
    theirs: list[set[int]],
    pairs: list[tuple[int, int]],
    unwanted: set[int],
    together: int,
) -> None:
    pairs = [(a % len(ours), b % len(theirs)) for a, b in pairs]
    in_ours, in_theirs = (
        (np.array(one, np.int64) for one in zip(*pairs, strict=True))
        if pairs
        else (np.empty(0, np.int64), np.empty(0, np.int64))
    )
    mask = np.isin(np.arange(10), list(unwanted))
    left, right = (lists_of(one).without(mask) for one in (ours, theirs))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(likeness, "PAIRS_AT_ONCE", together)
        found = shared(left, in_ours, right, in_theirs, 10)
    assert found.tolist() == [len((ours[a] & theirs[b]) - unwanted) for a, b in pairs]
    assert left.lengths.tolist() == [len(one - unwanted) for one in ours]


@given(st.text())
def test_words_are_those_that_a_letter_by_letter_reading_finds(text: str) -> None:
    bare = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(one for one in bare if not unicodedata.combining(one))
    found = re.findall(r"[^\W\d_]+", re.sub("['\u2019\u02bc`]", "", letters))
    assert folded_words(text) == [one for one in found if len(one) >= 3]


@pytest.mark.parametrize("slugs", [("a", "b"), ("b", "a")])
def test_each_record_of_the_larger_dataset_keeps_its_nearest(
    private_workspace: Workspace, slugs: tuple[str, str]
) -> None:
    larger, smaller = slugs
    rivals = MOST_RIVALS + 5
    near = [incident(str(n), dataset=smaller, place=beside(n)) for n in range(rivals)]
    later = When.days(DAY + timedelta(days=30))
    others = [incident(f"later {n}", dataset=larger, when=later) for n in range(rivals)]
    found = pairs_of(private_workspace, *near, incident("x", dataset=larger), *others)
    metres = sorted(int(pair.reasons[1].values["distance_m"] or 0) for pair in found)
    assert metres == list(range(MOST_RIVALS))
    assert {pair.members[0].dataset for pair in found} == {"a"}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory, reference: Reference) -> list[tuple[int, str]]:
    """Score the pairs that were labelled by reading both records; a pair not found scores 0."""
    workspace = roomy(open_workspace(tmp_path_factory.mktemp("real"), reference))
    imported(workspace, real("cir/events_2022.csv"), dataset="cir")
    imported(workspace, real("bellingcat/export_events.json"), dataset="bellingcat")
    plane, weapons = reference.plane("ukraine"), reference.taxonomy.weapons
    slugs = ("bellingcat", "cir")
    found = find_pairs(workspace.store, workspace.state(), slugs, plane, weapons)
    workspace.store.close()
    score = {tuple(member.key for member in pair.members): pair.score for pair in found}
    return [
        (score.get((f"bellingcat/{row['bellingcat']}", f"cir/{row['cir']}"), 0), row["label"])
        for row in labels(FILES / "matching_labels.csv")
    ]


def labels(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_what_is_merged_without_a_person_was_right_on_read_pairs(
    judged: list[tuple[int, str]],
) -> None:
    """As `docs/matching.md` prints it; a label of "unsure" counts as wrong."""
    merged = Counter(label for score, label in judged if score >= THRESHOLD)
    assert merged == {"same": 119, "unsure": 1}
    assert merged["same"] / merged.total() >= 0.98
    same = Counter(label for _, label in judged)["same"]
    assert (len(judged), same) == (257, 169)
    assert merged["same"] / same == pytest.approx(0.704, abs=0.001)


def test_no_read_pair_that_differs_is_even_asked_about(judged: list[tuple[int, str]]) -> None:
    asked = Counter(label for score, label in judged if score >= REVIEW)
    assert asked == {"same": 161, "unsure": 15}
