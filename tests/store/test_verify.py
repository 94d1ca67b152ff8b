"""`verify` names the first link that does not check, whatever column was changed."""

from __future__ import annotations

import hashlib
import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import shapely
from typing_extensions import override

from app.domain.errors import BrokenChain, StoreError
from app.domain.revision import Action, Change, Erasure, Head, Subject, canonical
from app.domain.store import Current, Entry, verify
from app.store.sqlite import SqliteStore
from tests.making import NOON, add, change, dataset, incident, snapshot, write

WKB = shapely.to_wkb(shapely.box(30, 48, 31, 49))
SHA256 = hashlib.sha256(WKB).hexdigest()
LAST = NOON + timedelta(hours=3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A record of four writes: 1-3, 4, 5 and 6."""
    path = tmp_path / "kept.sqlite"
    store = SqliteStore(path)
    add(store, dataset(), incident("a"), incident("b"))
    write(
        store, [change(incident("a", description="new"), Action.amend)], NOON + timedelta(hours=1)
    )
    lines = [change(snapshot(SHA256))]
    write(store, lines, NOON + timedelta(hours=2), shapes={SHA256: WKB})
    write(store, [change(incident("b"), Action.retract)], NOON + timedelta(hours=3))
    store.close()
    return path


def tamper(path: Path, sql: str, *values: object) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    changed = connection.execute(sql, values).rowcount
    connection.close()
    assert changed > 0


def check(path: Path, expected: Head | None = None) -> Head:
    store = SqliteStore(path)
    try:
        return verify(store, expected)
    finally:
        store.close()


def test_an_untouched_record_checks_to_its_head(path: Path) -> None:
    store = SqliteStore(path)
    head = store.head()
    store.close()
    assert check(path) == head
    assert head.seq == 6


def test_every_column_of_the_record_is_tampered_with_below(path: Path) -> None:
    connection = sqlite3.connect(path)
    columns = {
        f"{table}.{column[1]}"
        for table in ("entry", "revision", "current", "shape")
        for column in connection.execute(f"PRAGMA table_info({table})")
    }
    connection.close()
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
def test_the_first_broken_link_is_named(path: Path, sql: str, value: object, message: str) -> None:
    tamper(path, sql, value)
    with pytest.raises(BrokenChain, match=message):
        check(path)


def test_a_revision_taken_out_of_the_middle_is_missed(path: Path) -> None:
    tamper(path, "DELETE FROM revision WHERE seq = ?", 3)
    with pytest.raises(BrokenChain, match=r"Revision 4 .* follows 2"):
        check(path)


def cut_tail(path: Path) -> None:
    tamper(path, "DELETE FROM revision WHERE seq = 6")
    tamper(path, "DELETE FROM entry WHERE id = 4")
    tamper(path, "UPDATE current SET seq = 3, retracted = 0 WHERE seq = 6")


def test_a_cut_tail_is_found_with_a_head_printed_before(path: Path) -> None:
    head = check(path)
    cut_tail(path)
    assert check(path).seq == 5
    with pytest.raises(BrokenChain, match="ends at revision 5, but revision 6 existed"):
        check(path, head)


def test_a_tail_written_anew_is_found_with_a_head_printed_before(path: Path) -> None:
    head = check(path)
    cut_tail(path)
    store = SqliteStore(path)
    write(store, [change(incident("b"), Action.retract)], NOON + timedelta(hours=3))
    store.close()
    assert check(path).seq == 6
    with pytest.raises(BrokenChain, match="Revision 6 has hash"):
        check(path, head)


def test_a_cut_ledger_is_found_where_another_table_knows_its_end(path: Path) -> None:
    tamper(path, "DELETE FROM revision WHERE seq = 6")
    with pytest.raises(BrokenChain, match="ends at revision 5, but revision 6 is noted"):
        check(path)


@pytest.mark.parametrize("page", range(1, 7))
def test_a_damaged_file_is_no_traceback(path: Path, page: int) -> None:
    raw = bytearray(path.read_bytes())
    size = 16_384
    raw[page * size : (page + 1) * size] = b"\xa5" * size
    path.write_bytes(raw)
    with pytest.raises(StoreError, match=r"damaged|Revision|cannot be opened"):
        check(path)


def test_a_file_that_was_cut_is_named(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: -16_384 - 8_192])
    with pytest.raises(StoreError, match=r"damaged|cannot be opened"):
        check(path)


def test_a_longer_ledger_still_contains_an_older_head(path: Path) -> None:
    head = check(path)
    store = SqliteStore(path)
    add(store, incident("c"), at=NOON + timedelta(hours=4))
    store.close()
    assert check(path, head).seq == 7


def test_an_erased_payload_leaves_a_mark_and_a_chain_that_checks(path: Path) -> None:
    head = check(path)
    store = SqliteStore(path)
    erasure = Erasure(Subject.incident, "invented/a", (2, 4), "a test")
    mark = Change(Subject.erasure, "one", Action.add, canonical(erasure))
    after = store.erase([2, 4], mark, Entry(NOON + timedelta(hours=4), "tester", "purge"))
    (erased,) = store.by_seq([4])
    store.close()
    assert (erased.payload, erased.salt) == (None, b"")
    assert check(path, head) == after


def test_a_payload_taken_away_without_a_mark_is_named(path: Path) -> None:
    tamper(path, "UPDATE revision SET payload = NULL, salt = x'' WHERE seq = 4")
    with pytest.raises(BrokenChain, match="Revision 4 has no payload, and no purge says"):
        check(path)


def test_a_payload_can_be_shown_alone_with_its_salt(path: Path) -> None:
    store = SqliteStore(path)
    (revision,) = store.by_seq([2])
    store.close()
    assert revision.payload is not None
    assert hashlib.sha256(revision.salt + revision.payload).digest() == revision.digest


def test_what_is_purged_while_the_ledger_is_walked_is_no_fault(path: Path) -> None:
    class Purging(SqliteStore):
        """A record of which somebody erases an incident while it is checked."""

        @override
        def current(self, subject: Subject, prefix: str = "") -> dict[str, Current]:
            if not purged:
                erasure = Erasure(Subject.incident, "invented/a", (2, 4), "a test")
                mark = Change(Subject.erasure, "one", Action.add, canonical(erasure))
                entry = Entry(NOON + timedelta(hours=4), "tester", "purge")
                purged.append(self.erase([2, 4], mark, entry))
            return super().current(subject, prefix)

    purged: list[Head] = []
    store = Purging(path)
    assert verify(store).seq == 6
    store.close()
    assert [check(path)] == purged


def test_what_is_written_at_the_time_of_the_last_revision_is_no_fault(path: Path) -> None:
    class Late(SqliteStore):
        """A record whose last revision gets a neighbour of one time while it is checked."""

        @override
        def seq_at(self, instant: datetime) -> int:
            if instant == LAST and self.head().seq == 6:
                add(self, incident("c"), at=LAST)
            return super().seq_at(instant)

    store = Late(path)
    assert verify(store).seq == 6
    assert store.head().seq == 7
    store.close()
    assert check(path).seq == 7


def test_what_is_written_while_the_ledger_is_walked_is_no_fault(path: Path) -> None:
    class Busy(SqliteStore):
        """A record into which somebody writes while it is checked."""

        @override
        def current(self, subject: Subject, prefix: str = "") -> dict[str, Current]:
            if not written:
                written.append(1)
                later = NOON + timedelta(hours=4)
                add(self, incident("c"), at=later)
                write(self, [change(incident("a"), Action.amend)], later)
            return super().current(subject, prefix)

    written: list[int] = []
    store = Busy(path)
    assert verify(store).seq == 6
    assert store.head().seq == 8
    store.close()
    assert check(path).seq == 8
