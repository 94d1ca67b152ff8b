"""The record: append-only, transactional, durable, and never backdated."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.domain.errors import (
    BrokenChain,
    ClockBehind,
    StoreBusy,
)
from app.domain.revision import Action, Change, Head, Subject, canonical, fingerprint
from app.domain.store import Current, Entry, Store, verify
from app.store import newest, postgis, sqlite
from tests.making import NOON, ROOT, add, change, dataset, incident, write
from tests.store.places import Place

SECOND = timedelta(seconds=1)


def key_of(name: str) -> str:
    return change(incident(name)).key


def test_an_empty_record_begins_at_zero(store: Store) -> None:
    assert store.head() == Head(0, bytes(32), None)
    assert list(store.revisions()) == []
    assert store.seq_at(NOON) == 0
    assert verify(store) == store.head()


def test_a_write_without_changes_leaves_the_record_as_it_was(store: Store) -> None:
    add(store, incident("a"))
    before = store.head()
    assert write(store, [], NOON + SECOND) == before
    assert store.head() == before


def test_an_amendment_is_a_new_revision_and_the_old_one_stays(store: Store) -> None:
    first, second = incident("a"), incident("a", description="corrected")
    add(store, first)
    head = write(store, [change(second, Action.amend)], NOON + SECOND)
    old, new = store.history(Subject.incident, key_of("a"))
    assert [(one.seq, one.prior, one.action, one.payload) for one in (old, new)] == [
        (1, None, Action.add, change(first).payload),
        (2, 1, Action.amend, change(second).payload),
    ]
    assert (new.previous, new.hash, new.recorded_at) == (old.hash, head.hash, NOON + SECOND)
    assert store.latest(Subject.incident) == [new]
    assert store.current(Subject.incident) == {
        key_of("a"): Current(2, fingerprint(change(second).payload), is_retracted=False)
    }


def test_a_retraction_is_remembered_as_one(store: Store) -> None:
    add(store, incident("a"))
    write(store, [change(incident("a"), Action.retract)])
    assert store.current(Subject.incident)[key_of("a")].is_retracted


def test_what_is_current_can_be_asked_for_one_dataset(store: Store) -> None:
    add(store, incident("a"), incident("a", dataset="other"), dataset("invented"))
    assert list(store.current(Subject.incident, "invented/")) == [key_of("a")]
    assert list(store.current(Subject.dataset)) == ["invented"]


def test_revisions_are_walked_in_order_between_two_numbers(store: Store) -> None:
    add(store, *(incident(str(number)) for number in range(6)))
    assert [revision.seq for revision in store.revisions()] == [1, 2, 3, 4, 5, 6]
    assert [revision.seq for revision in store.revisions(2, 4)] == [3, 4]
    assert list(store.revisions(6)) == []


def test_a_walk_sees_the_state_it_began_with_and_does_not_hold_up_a_writer(
    store: Store,
) -> None:
    add(store, *(incident(str(number)) for number in range(3)))
    walk = store.revisions()
    seen = [next(walk).seq]
    add(store, incident("later"))
    assert [*seen, *(revision.seq for revision in walk)] == [1, 2, 3]
    assert store.head().seq == 4


def test_revisions_are_fetched_by_number_and_missing_ones_left_out(store: Store) -> None:
    add(store, incident("a"), incident("b"))
    assert [revision.seq for revision in store.by_seq([2, 9, 1])] == [2, 1]


def test_payloads_are_fetched_by_number_and_erased_ones_left_out(store: Store) -> None:
    first, second = incident("a"), incident("b")
    add(store, first, second)
    mark = Change(Subject.erasure, "x", Action.add, b"{}")
    store.erase([2], mark, Entry(NOON, "tester", "purge"))
    payloads = list(store.payloads([2, 9, 1]))
    assert payloads == [(1, f"invented/{first.id}", canonical(first))]
    assert list(store.payloads([])) == []


def test_a_payload_that_was_changed_from_outside_is_not_returned(
    store: Store, place: Place
) -> None:
    add(store, incident("a"), incident("b"))
    place.execute("UPDATE revision SET payload = ? WHERE seq = 2", b"{}")
    with pytest.raises(BrokenChain, match=r"Revision 2 .* does not match its digest"):
        list(store.payloads([1, 2]))
    assert store.fault is not None


def test_the_newest_of_a_dataset_and_what_people_wrote_there_are_found(store: Store) -> None:
    edited, other = incident("b"), incident("c", dataset="other")
    report = Change(Subject.report, "r", Action.add, b"{}")
    write(store, [change(incident("a")), change(edited), change(other), report])
    assert store.newest(Subject.incident, "invented/") == 2
    assert store.newest(Subject.incident, "none/") == 0
    assert store.edited(Subject.incident) == set()
    write(store, [change(edited, Action.amend)])
    assert store.newest(Subject.incident, "invented/") == 5
    assert store.edited(Subject.incident, "invented/") == {f"invented/{edited.id}"}
    assert store.edited(Subject.incident, "other/") == set()


def test_a_shape_is_kept_once_however_often_it_comes(store: Store) -> None:
    wkb = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    for name in "ab":
        write(store, [change(incident(name))], shapes={"aa": wkb})
    assert store.shapes(["aa", "bb"]) == {"aa": wkb}


@pytest.mark.parametrize("ago", [timedelta(0), SECOND, timedelta(minutes=1)])
def test_recorded_at_is_never_backdated(store: Store, ago: timedelta) -> None:
    add(store, incident("a"), at=NOON)
    head = add(store, incident("b"), at=NOON - ago)
    assert head.recorded_at == NOON
    assert store.seq_at(NOON - SECOND) == 0
    assert store.seq_at(NOON) == 2


@pytest.mark.parametrize("ago", [timedelta(seconds=61), timedelta(days=3650)])
def test_a_write_is_refused_while_the_newest_revision_lies_in_the_future(
    place: Place, ago: timedelta
) -> None:
    store = place.open(lambda: NOON - ago)
    head = add(store, incident("a"), at=NOON)
    message = r"recorded at 2026-01-01T12:00:00Z, but the clock .* says .*Set the clock right"
    with pytest.raises(ClockBehind, match=message):
        add(store, incident("b"), at=NOON - ago)
    mark = Change(Subject.erasure, "one", Action.add, b"{}")
    with pytest.raises(ClockBehind):
        store.erase([1], mark, Entry(NOON - ago, "tester", "purge"))
    assert store.head() == head
    assert store.by_seq([1])[0].payload is not None
    store.close()


def test_a_long_import_is_measured_by_the_time_of_its_write(place: Place) -> None:
    store = place.open(lambda: NOON + timedelta(minutes=20))
    add(store, incident("written meanwhile"), at=NOON + timedelta(minutes=19))
    head = add(store, incident("began early"), at=NOON)
    assert head.recorded_at == NOON + timedelta(minutes=19)
    store.close()


@given(st.lists(st.integers(-30, 30), min_size=1, max_size=8), st.integers(-60, 60))
def test_as_of_chooses_what_was_recorded_by_then_whatever_the_clocks_said(
    store: Store, clocks: list[int], as_of: int
) -> None:
    before = store.head()  # of the example before this one, an hour ago
    base = (before.recorded_at or NOON) + timedelta(hours=1)
    recorded: list[int] = []
    for clock in clocks:
        add(store, incident(str(uuid4())), at=base + clock * SECOND)
        recorded.append(max([clock, *recorded]))
    known = store.seq_at(base + as_of * SECOND) - before.seq
    assert known == sum(second <= as_of for second in recorded)


def test_as_of_is_exact_to_the_microsecond(store: Store) -> None:
    instant = datetime(2026, 1, 1, 12, 0, 0, 123_457, tzinfo=UTC)
    add(store, incident("a"), at=instant)
    assert store.head().recorded_at == instant
    assert store.seq_at(instant) == 1
    assert store.seq_at(instant - timedelta(microseconds=1)) == 0


def test_a_second_writer_who_adds_the_same_thing_is_told_and_writes_nothing(
    store: Store,
) -> None:
    add(store, incident("a"))
    with pytest.raises(StoreBusy, match="changed while this was planned"):
        add(store, incident("b"), incident("a"))
    assert store.head().seq == 1
    assert list(store.current(Subject.incident)) == [key_of("a")]


def test_one_write_may_change_a_subject_several_times(store: Store) -> None:
    add(store, incident("a"))
    texts = ("one", "two")
    twice = [change(incident("a", description=text), Action.amend) for text in texts]
    new = [change(incident("b")), change(incident("b"), Action.retract)]
    write(store, [*twice, *new])
    assert [one.prior for one in store.history(Subject.incident, key_of("a"))] == [None, 1, 2]
    assert [one.prior for one in store.history(Subject.incident, key_of("b"))] == [None, 4]
    assert store.current(Subject.incident)[key_of("b")].is_retracted
    verify(store)


def test_a_write_that_adds_a_subject_twice_is_refused_whole(store: Store) -> None:
    with pytest.raises(StoreBusy, match="changed while this was planned"):
        add(store, incident("a"), incident("b"), incident("a"))
    assert store.head().seq == 0


@pytest.mark.parametrize("batch", [1, 3, 100])
def test_a_write_in_several_batches_is_the_same_record(
    store: Store, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(newest, "WRITE_BATCH", batch)
    names = "abcdefg"
    add(store, *(incident(name) for name in names))
    write(store, [change(incident(name, description="new"), Action.amend) for name in names])
    seqs = sorted(one.seq for one in store.current(Subject.incident).values())
    assert seqs == list(range(8, 15))
    verify(store)


def test_an_amendment_of_what_is_not_there_is_refused_whole(store: Store) -> None:
    with pytest.raises(StoreBusy, match="changed while this was planned"):
        write(store, [change(incident("a")), change(incident("b"), Action.amend)])
    assert store.head().seq == 0


def test_writers_at_the_same_time_take_turns_and_lose_nothing(place: Place) -> None:
    place.open().close()

    def work(writer: int) -> list[int]:
        store = place.open()
        seqs = [add(store, incident(f"{writer}-{number}")).seq for number in range(12)]
        store.close()
        return seqs

    with ThreadPoolExecutor(4) as pool:
        acknowledged = [seq for seqs in pool.map(work, range(4)) for seq in seqs]
    store = place.open()
    assert sorted(acknowledged) == list(range(1, 49))
    assert verify(store).seq == 48
    assert len(store.current(Subject.incident)) == 48
    store.close()


WRITER = """
import sys
from pathlib import Path
from uuid import uuid4
from app.store.postgis import PostgisStore
from app.store.sqlite import SqliteStore
from tests.making import add, incident

address = sys.argv[1]
is_server = address.startswith("postgresql:")
store = PostgisStore(address) if is_server else SqliteStore(Path(address))
for number in range(10_000):
    head = add(store, incident(f"{sys.argv[2]}-{number}"), incident(f"{sys.argv[2]}-{number}-b"))
    print(head.seq, head.hash.hex(), flush=True)
"""


def acknowledged_before_being_killed(place: Place, name: str, acks: int) -> tuple[int, str]:
    """Start a writer, kill it after some acknowledgements, and return the last one it gave."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, place.address, name],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        for _ in range(acks):
            writer.stdout.readline()
        writer.kill()
        # What was printed and not yet read was acknowledged, too.
        lines = [line for line in writer.stdout.read().splitlines() if len(line.split()) == 2]
        line = lines[-1] if lines else ""
    seq, _, digest = line.partition(" ")
    return int(seq or 0), digest


def test_a_killed_process_loses_nothing_that_it_acknowledged(place: Place) -> None:
    for attempt, acks in enumerate((1, 7, 23)):
        seq, digest = acknowledged_before_being_killed(place, str(attempt), acks)
        store = place.open()
        assert verify(store).seq >= seq
        assert seq == 0 or store.by_seq([seq])[0].hash.hex() == digest
        # Each write holds two incidents: none is there by half.
        assert store.head().seq % 2 == 0
        add(store, incident(f"after-{attempt}"), incident(f"after-{attempt}-b"))
        store.close()


def test_a_writer_who_waits_too_long_for_another_is_told_to_try_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    for engine in (sqlite, postgis):
        monkeypatch.setattr(engine, "BUSY_S", 0.05)
    store, other = place.open(), place.open()

    def slow() -> Iterator[Change]:
        yield change(incident("first"))
        with pytest.raises(StoreBusy, match="Another writer holds the record"):
            add(store, incident("a"))

    other.write(slow(), Entry(NOON, "tester", "a slow write"), {})
    assert add(store, incident("a")).seq == 2
    for each in (store, other):
        each.close()
