"""A record moves from one engine to the other with its chain as it is, whole or not at all."""

from __future__ import annotations

import hashlib
import time
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
import shapely

from app.domain.account import Role
from app.domain.errors import BrokenChain, InputError
from app.domain.revision import Action, Change, Erasure, Subject, canonical
from app.domain.store import Entry, verify
from app.instance.tokens import create_token, holder_of
from app.store.moving import move
from tests.clusters import Cluster
from tests.making import NOON, add, change, dataset, incident, snapshot, write
from tests.serving import command, started_command
from tests.store.places import Place

WKB = shapely.to_wkb(shapely.box(30, 48, 31, 49))
SHA256 = hashlib.sha256(WKB).hexdigest()


@pytest.fixture
def target(place: Place, postgis_cluster: Cluster, tmp_path: Path) -> Place:
    """An empty place of the other engine."""
    if place.is_file:
        return Place(postgis_cluster.url(postgis_cluster.emptied()))
    return Place(str(tmp_path / "target.sqlite"))


def fill(place: Place) -> str:
    """Write a record with everything that an engine stores; returns the text of its token."""
    with closing(place.open()) as store:
        add(store, dataset(), incident("a"), incident("b", description="näh \0 і"))
        write(store, [change(incident("a", description="new"), Action.amend)], NOON)
        write(store, [change(snapshot(SHA256))], shapes={SHA256: WKB})
        erasure = Erasure(Subject.incident, "invented/a", (2, 4), "a test")
        mark = Change(Subject.erasure, "one", Action.add, canonical(erasure))
        store.erase([2, 4], mark, Entry(NOON + timedelta(hours=4), "tester", "purge"))
        _token, text = create_token(store, "me", Role.editor, now=NOON)
    return text


def quiet(_rows: int) -> None:
    """Show no progress."""


def test_a_record_moves_with_its_chain_and_takes_further_writes(
    place: Place, target: Place
) -> None:
    text = fill(place)
    with closing(place.open()) as old, closing(target.open()) as new:
        source, copy = old, new
        head = move(source, copy, quiet)
        assert (head.seq, head.hash) == (old.head().seq, old.head().hash)
        assert list(new.revisions()) == list(old.revisions())
        assert new.shapes([SHA256]) == old.shapes([SHA256])
        assert holder_of(new, text, NOON) == holder_of(old, text, NOON)
        later = NOON + timedelta(days=1)
        assert add(new, incident("c"), at=later).seq == head.seq + 1
        new.check_tables()


def test_a_target_that_holds_something_is_refused(place: Place, target: Place) -> None:
    fill(place)
    with closing(place.open()) as old, closing(target.open()) as new:
        head = add(new, incident("own"))
        with pytest.raises(InputError, match="TO: got 'a record that holds something'"):
            move(old, new, quiet)
        assert new.head() == head


def test_a_copy_that_is_interrupted_leaves_an_empty_record_and_works_again(
    place: Place, target: Place
) -> None:
    with closing(place.open()) as old, closing(target.open()) as new:
        add(old, *(incident(str(number)) for number in range(10_001)))
        source, copy = old, new

        def stop(_rows: int) -> None:
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            move(source, copy, stop)
        assert new.head().seq == 0
        assert verify(new) == new.head()
        assert move(source, copy, quiet).seq == 10_001


def is_being_written(target: Place) -> bool:
    """Tell whether a copy is inside its transaction, with some of its rows written."""
    if target.is_file:
        log = Path(f"{target.address}-wal")
        return log.exists() and log.stat().st_size > 1 << 20
    with psycopg.connect(target.address) as server:
        statement = "SELECT count(*) FROM pg_stat_progress_copy WHERE tuples_processed > 0"
        row = server.execute(statement).fetchone()
    return row is not None and row[0] > 0


def test_a_copy_whose_process_is_killed_leaves_an_empty_record_and_works_again(
    place: Place, target: Place, tmp_path: Path
) -> None:
    with closing(place.open()) as old:
        add(old, *(incident(str(number), description="x" * 500) for number in range(10_000)))
    target.open().close()
    words = ("store", "copy", place.address, target.address)
    process = started_command(tmp_path, *words)
    while not is_being_written(target):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.002)
    process.kill()
    process.wait()
    with closing(target.open()) as new:
        assert new.head().seq == 0
    again = command(tmp_path, *words)
    assert again.returncode == 0, again.stderr
    with closing(place.open()) as old, closing(target.open()) as new:
        assert verify(new) == old.head()


def test_a_record_that_does_not_verify_is_not_copied(place: Place, target: Place) -> None:
    fill(place)
    place.execute("UPDATE revision SET hash = ? WHERE seq = 3", bytes(32))
    with closing(place.open()) as old, closing(target.open()) as new:
        with pytest.raises(BrokenChain, match="Revision 3"):
            move(old, new, quiet)
        assert new.head().seq == 0
