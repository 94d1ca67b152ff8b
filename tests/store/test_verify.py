"""`verify` names the first link that does not check, whatever column was changed."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pytest
import shapely

from app.domain.errors import BrokenChain, DamagedRecord
from app.domain.revision import Action, Change, Erasure, Head, Subject, canonical
from app.domain.store import Entry, Store, verify
from tests.making import NOON, add, change, dataset, incident, snapshot, write
from tests.store.places import Place

WKB = shapely.to_wkb(shapely.box(30, 48, 31, 49))
SHA256 = hashlib.sha256(WKB).hexdigest()
TABLES = ("entry", "revision", "current", "shape")
LAST = NOON + timedelta(hours=3)


@pytest.fixture
def place(place: Place) -> Place:
    """A record of four writes: 1-3, 4, 5 and 6."""
    store = place.open()
    add(store, dataset(), incident("a"), incident("b"))
    write(
        store, [change(incident("a", description="new"), Action.amend)], NOON + timedelta(hours=1)
    )
    lines = [change(snapshot(SHA256))]
    write(store, lines, NOON + timedelta(hours=2), shapes={SHA256: WKB})
    write(store, [change(incident("b"), Action.retract)], NOON + timedelta(hours=3))
    store.close()
    return place


def tamper(place: Place, sql: str, *values: object) -> None:
    assert place.execute(sql, *values) > 0


def check(place: Place, expected: Head | None = None) -> Head:
    store = place.open()
    try:
        return verify(store, expected)
    finally:
        store.close()


def test_an_untouched_record_checks_to_its_head(place: Place) -> None:
    store = place.open()
    head = store.head()
    store.close()
    assert check(place) == head
    assert head.seq == 6


def test_every_column_of_the_record_is_tampered_with_below(place: Place) -> None:
    columns = {name for table in TABLES for name in place.columns(table)}
    # Only for people who open the file: nothing reads where a write began.
    assert columns - {"entry.id", "entry.first"} == {case[0] for case in TAMPERED}


TAMPERED: list[tuple[str, str, Any, str]] = [
    ("revision.seq", "UPDATE revision SET seq = ? WHERE seq = 6", 9, "Revision 9"),
    ("revision.entry", "UPDATE revision SET entry = ? WHERE seq = 4", 1, "Revision 4"),
    ("revision.action", "UPDATE revision SET action = ? WHERE seq = 3", "amend", "Revision 3"),
    ("revision.action", "UPDATE revision SET action = ? WHERE seq = 3", "praise", "Revision 3"),
    ("revision.subject", "UPDATE revision SET subject = ? WHERE seq = 2", "report", "Revision 2"),
    ("revision.subject", "UPDATE revision SET subject = ? WHERE seq = 2", "rumour", "Revision 2"),
    ("revision.key", "UPDATE revision SET key = ? WHERE seq = 2", "invented/x", "Revision 2"),
    ("revision.prior", "UPDATE revision SET prior = ? WHERE seq = 4", 3, "Revision 4"),
    ("revision.prior", "UPDATE revision SET prior = ? WHERE seq = 4", None, "Revision 4"),
    ("revision.payload", "UPDATE revision SET payload = ? WHERE seq = 2", b"{}", "Revision 2"),
    ("revision.salt", "UPDATE revision SET salt = ? WHERE seq = 5", bytes(16), "Revision 5"),
    ("revision.digest", "UPDATE revision SET digest = ? WHERE seq = 5", bytes(32), "Revision 5"),
    ("revision.previous", "UPDATE revision SET previous = ? WHERE seq = 5", b"", "Revision 5"),
    ("revision.hash", "UPDATE revision SET hash = ? WHERE seq = 5", bytes(32), "Revision 5"),
    ("entry.recorded_at", "UPDATE entry SET recorded_at = ? WHERE id = 2", 0, "Revision 4"),
    ("entry.actor", "UPDATE entry SET actor = ? WHERE id = 1", "somebody", "Revision 1"),
    ("entry.reason", "UPDATE entry SET reason = ? WHERE id = 4", "", "Revision 6"),
    ("entry.last", "UPDATE entry SET last = ? WHERE id = 2", 3, "Revision 4"),
    ("entry.last", "UPDATE entry SET last = ? WHERE id = 4", 7, "Revision 6"),
    ("shape.wkb", "UPDATE shape SET wkb = ?", b"no polygon", "Revision 5"),
    ("shape.sha256", "UPDATE shape SET sha256 = ?", "00", "Revision 5"),
    ("current.seq", "UPDATE current SET seq = ? WHERE seq = 4", 2, "incident invented/.* is 4"),
    ("current.fingerprint", "UPDATE current SET fingerprint = ? WHERE seq = 4", b"", "is 4"),
    ("current.retracted", "UPDATE current SET retracted = ? WHERE seq = 6", 0, "is 6"),
    ("current.key", "UPDATE current SET key = ? WHERE seq = 1", "other", "dataset invented is 1"),
    ("current.subject", "UPDATE current SET subject = ? WHERE seq = 1", "report", "invented is 1"),
]


@pytest.mark.parametrize(
    ("sql", "value", "message"),
    [case[1:] for case in TAMPERED],
    ids=[f"{case[0]}={case[2]!r}" for case in TAMPERED],
)
def test_the_first_broken_link_is_named(
    place: Place, sql: str, value: object, message: str
) -> None:
    tamper(place, sql, value)
    with pytest.raises(BrokenChain, match=message):
        check(place)


def test_a_revision_taken_out_of_the_middle_is_missed(place: Place) -> None:
    tamper(place, "DELETE FROM revision WHERE seq = ?", 3)
    with pytest.raises(BrokenChain, match=r"Revision 4 .* follows 2"):
        check(place)


def cut_tail(place: Place) -> None:
    tamper(place, "DELETE FROM revision WHERE seq = 6")
    tamper(place, "DELETE FROM entry WHERE id = 4")
    tamper(place, "UPDATE current SET seq = 3, retracted = 0 WHERE seq = 6")
    if not place.is_file:
        place.execute("SELECT derive(3, 3)")


def test_a_cut_tail_is_found_with_a_head_printed_before(place: Place) -> None:
    head = check(place)
    cut_tail(place)
    assert check(place).seq == 5
    with pytest.raises(BrokenChain, match="ends at revision 5, but revision 6 existed"):
        check(place, head)


def test_a_tail_written_anew_is_found_with_a_head_printed_before(place: Place) -> None:
    head = check(place)
    cut_tail(place)
    store = place.open()
    write(store, [change(incident("b"), Action.retract)], NOON + timedelta(hours=3))
    store.close()
    assert check(place).seq == 6
    with pytest.raises(BrokenChain, match="Revision 6 has hash"):
        check(place, head)


def test_a_cut_ledger_is_found_where_another_table_knows_its_end(place: Place) -> None:
    tamper(place, "DELETE FROM revision WHERE seq = 6")
    with pytest.raises(BrokenChain, match="ends at revision 5, but revision 6 is noted"):
        check(place)


def test_a_longer_ledger_still_contains_an_older_head(place: Place) -> None:
    head = check(place)
    store = place.open()
    add(store, incident("c"), at=NOON + timedelta(hours=4))
    store.close()
    assert check(place, head).seq == 7


def test_an_erased_payload_leaves_a_mark_and_a_chain_that_checks(place: Place) -> None:
    head = check(place)
    store = place.open()
    erasure = Erasure(Subject.incident, "invented/a", (2, 4), "a test")
    mark = Change(Subject.erasure, "one", Action.add, canonical(erasure))
    after = store.erase([2, 4], mark, Entry(NOON + timedelta(hours=4), "tester", "purge"))
    (erased,) = store.by_seq([4])
    store.close()
    assert (erased.payload, erased.salt) == (None, b"")
    assert check(place, head) == after


def test_a_payload_taken_away_without_a_mark_is_named(place: Place) -> None:
    tamper(place, "UPDATE revision SET payload = NULL, salt = ? WHERE seq = 4", b"")
    with pytest.raises(BrokenChain, match="Revision 4 has no payload, and no purge says"):
        check(place)


def test_a_payload_can_be_shown_alone_with_its_salt(place: Place) -> None:
    store = place.open()
    (revision,) = store.by_seq([2])
    store.close()
    assert revision.payload is not None
    assert hashlib.sha256(revision.salt + revision.payload).digest() == revision.digest


def once_before(
    monkeypatch: pytest.MonkeyPatch, store: Store, name: str, change_it: Callable[[], object]
) -> None:
    """Let somebody change a record just before one of its methods answers, once."""
    answer, left = getattr(store, name), [change_it]

    def changed_first(*arguments: object) -> object:
        if left:
            left.pop()()
        return answer(*arguments)

    monkeypatch.setattr(store, name, changed_first)


def test_what_is_purged_while_the_ledger_is_walked_is_no_fault(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, purged = place.open(), list[Head]()

    def purge() -> None:
        erasure = Erasure(Subject.incident, "invented/a", (2, 4), "a test")
        mark = Change(Subject.erasure, "one", Action.add, canonical(erasure))
        purged.append(store.erase([2, 4], mark, Entry(NOON + timedelta(hours=4), "tester", "p")))

    once_before(monkeypatch, store, "current", purge)
    assert verify(store).seq == 6
    store.close()
    assert [check(place)] == purged


def test_what_is_written_at_the_time_of_the_last_revision_is_no_fault(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = place.open()
    seq_at, late = store.seq_at, list[Head]()

    def later(instant: datetime) -> int:
        if instant == LAST and not late:
            late.append(add(store, incident("c"), at=LAST))
        return seq_at(instant)

    monkeypatch.setattr(store, "seq_at", later)
    assert verify(store).seq == 6
    assert store.head().seq == 7
    store.close()
    assert check(place).seq == 7


def test_what_is_written_while_the_ledger_is_walked_is_no_fault(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, later = place.open(), NOON + timedelta(hours=4)

    def write_two() -> None:
        add(store, incident("c"), at=later)
        write(store, [change(incident("a"), Action.amend)], later)

    once_before(monkeypatch, store, "current", write_two)
    assert verify(store).seq == 6
    assert store.head().seq == 8
    store.close()
    assert check(place).seq == 8


@pytest.mark.parametrize("place", ["postgis"], indirect=True)
def test_a_plain_table_that_somebody_changed_is_named(place: Place) -> None:
    with closing(place.open()) as store:
        verify(store)
        place.execute("DELETE FROM incident WHERE revision = 4")
        with pytest.raises(DamagedRecord, match=r"table of incidents has invented/.* not as"):
            verify(store)
        assert store.fault is not None
