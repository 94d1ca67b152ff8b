"""The record in a database: who may open it, who migrates it, and what SQL users read there."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
import shapely
from psycopg.sql import SQL

from app.domain.control import ControlArea
from app.domain.damage import Damage
from app.domain.errors import InputError, StoreAway, StoreBusy, StoreError, StoreTooNew
from app.domain.incident import Incident
from app.domain.merge import How, Member, Merge
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.revision import Action, Change, Subject, canonical
from app.domain.store import Entry, verify
from app.domain.terms import Terms
from app.store import ledger, newest
from app.store.postgis import PostgisStore
from app.store.schema import schema_steps
from tests.clusters import Cluster
from tests.making import DAY, KYIV, NOON, ROOT, add, change, dataset, incident, snapshot, write

READER = "somebody"

NEWEST = schema_steps("postgis")[-1][0]


@pytest.fixture
def url(postgis_cluster: Cluster) -> str:
    """The address of an empty record."""
    return postgis_cluster.url(postgis_cluster.emptied())


@pytest.fixture
def store(url: str) -> Iterator[PostgisStore]:
    """An empty record."""
    with closing(PostgisStore(url)) as store:
        yield store


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(query.encode())
        return cursor.fetchall() if cursor.description else []


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("mysql://me:secret@/x", "got 'mysql:…', allowed: postgresql://USER@HOST/DATABASE"),
        ("postgresql://me:secret@host/x?secret=%zz", "an address that cannot be read"),
        ("postgresql://me:secret@host:port/x", "cannot be opened"),
        ("postgresql://me:secret@127.0.0.1:1/x", "me@127.0.0.1:1/x cannot be opened: .*refused"),
    ],
)
def test_an_address_that_leads_nowhere_is_refused_without_its_password(
    address: str, sentence: str
) -> None:
    with pytest.raises((InputError, StoreError), match=sentence) as refused:
        PostgisStore(address)
    assert "secret" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_database_that_is_not_there_is_named(postgis_cluster: Cluster) -> None:
    with pytest.raises(StoreError, match='cannot be opened: database "none" does not exist'):
        PostgisStore(postgis_cluster.url("none"))


def test_a_wrong_password_is_a_sentence_without_it(postgis_cluster: Cluster) -> None:
    hba = postgis_cluster.folder / "data" / "pg_hba.conf"
    plain = hba.read_text()
    postgis_cluster.execute(SQL("CREATE ROLE {} LOGIN PASSWORD 'right'"), "careful")
    hba.write_text(f"local all careful scram-sha-256\n{plain}")
    postgis_cluster.stop()
    postgis_cluster.start()
    wrong = 'cannot be opened: password authentication failed for user "careful"'
    with pytest.raises(StoreError, match=wrong) as refused:
        PostgisStore(postgis_cluster.url("record_template", "careful:secret"))
    assert "secret" not in str(refused.value)
    hba.write_text(plain)


def test_a_database_without_postgis_is_refused_with_what_to_do(postgis_cluster: Cluster) -> None:
    postgis_cluster.execute(SQL("CREATE ROLE {} LOGIN"), "plain_owner")
    with postgis_cluster.database("template0") as name:
        postgis_cluster.execute(SQL("ALTER DATABASE {} OWNER TO {}"), name, "plain_owner")
        with pytest.raises(StoreError, match=r"has no PostGIS: .*CREATE EXTENSION postgis"):
            PostgisStore(postgis_cluster.url(name, "plain_owner"))
        assert rows(postgis_cluster.url(name), "SELECT to_regnamespace('strikemap')") == [(None,)]


def test_a_record_of_a_later_release_is_not_touched(postgis_cluster: Cluster) -> None:
    with postgis_cluster.database() as name:
        address = postgis_cluster.url(name)
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("UPDATE strikemap.version SET number = 99")
        with pytest.raises(StoreTooNew, match="schema 99"):
            PostgisStore(address)
        assert rows(address, "SELECT number FROM strikemap.version") == [(99,)]


def test_several_nodes_that_open_a_new_database_make_one_record(postgis_cluster: Cluster) -> None:
    opener = "import sys; from app.store import postgis; postgis.PostgisStore(sys.argv[1]).close()"
    with postgis_cluster.database("template1") as name:
        command = [sys.executable, "-c", opener, postgis_cluster.url(name)]
        nodes = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
        assert [node.wait(60) for node in nodes] == [0, 0, 0]
        assert rows(postgis_cluster.url(name), "SELECT number FROM strikemap.version") == [
            (NEWEST,)
        ]


def test_a_follower_knows_a_write_of_another_within_a_second(url: str, store: PostgisStore) -> None:
    store.follow()
    with closing(PostgisStore(url)) as other:
        began = time.monotonic()
        head = add(other, incident("a"))
        while store.head() != head:
            assert time.monotonic() - began < 1
            time.sleep(0.005)


CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "


def test_a_follower_whose_connection_is_cut_misses_nothing(url: str, store: PostgisStore) -> None:
    store.follow()
    with closing(PostgisStore(url)) as other:
        head = other.head()
        for number in range(5):
            rows(url, f"{CUT} AND datname = current_database() AND backend_type = 'client backend'")
            head = add(other, incident(str(number)))
        deadline = time.monotonic() + 3
        while store.head() != head:
            assert time.monotonic() < deadline
            time.sleep(0.02)


def test_what_was_purged_is_in_no_file_of_the_tables(
    postgis_cluster: Cluster, url: str, store: PostgisStore
) -> None:
    add(store, dataset(), incident("a", description="Her name is Zarevna Nemo"))
    files = "SELECT pg_relation_filepath(c.oid) FROM pg_class c WHERE relkind = 'r' AND relname IN "
    files += "('revision', 'incident')"

    def copies() -> int:
        rows(url, "CHECKPOINT")
        paths = [postgis_cluster.folder / "data" / str(path) for (path,) in rows(url, files)]
        return sum(path.read_bytes().count(b"Zarevna Nemo") for path in paths)

    assert copies() == 2
    mark = Change(Subject.erasure, "one", Action.add, b"{}")
    store.erase([2], mark, Entry(NOON, "tester", "purge"))
    assert copies() > 0
    store.clear_log()
    assert copies() == 0
    assert rows(url, "SELECT count(*) FROM strikemap.incident") == [(0,)]


def test_incidents_are_rows_with_geometry_only_where_a_place_is_known(
    url: str, store: PostgisStore
) -> None:
    vague = Place.at(KYIV, Precision.admin1, admin1="UA-30")
    energy = Damage("energy")
    add(store, dataset(), incident("a", damage=(energy, energy)), incident("b", place=vague))
    columns = "SELECT revision, ST_AsText(geom), precision, killed_low, sectors "
    assert rows(url, columns + "FROM strikemap.incident ORDER BY revision") == [
        (2, "POINT(30.52 50.45)", "exact", None, ["energy"]),
        (3, None, "admin1", None, []),
    ]
    write(store, [change(incident("b"), Action.retract)])
    assert rows(url, "SELECT revision FROM strikemap.incident") == [(2,)]
    verify(store)


def test_control_areas_are_rows_with_geometry(url: str, store: PostgisStore) -> None:
    square = shapely.box(30, 48, 31, 49)
    named = ControlArea("ua", region="UA-30")
    day = snapshot("aa")
    day = type(day)(dataset="lines", valid_on=DAY, areas=(*day.areas, named), includes=day.includes)
    write(store, [change(day)], shapes={"aa": shapely.to_wkb(square)})
    query = "SELECT c.number, controller, status, region, ST_Area(geom) FROM strikemap.control c "
    assert rows(url, f"{query} LEFT JOIN strikemap.area USING (sha256) ORDER BY 1") == [
        (1, "ru", "assessed", None, 1.0),
        (2, "ua", "assessed", "UA-30", None),
    ]


def old(name: str, **changes: Any) -> Incident:
    return incident(name, when=When.days(datetime.now(UTC).date() - timedelta(days=60)), **changes)


@pytest.fixture
def reader(postgis_cluster: Cluster, url: str) -> str:
    """Somebody who may connect and nothing more, to a record that the operator published."""
    for statement in (SQL("DROP ROLE IF EXISTS {}"), SQL("CREATE ROLE {} LOGIN")):
        postgis_cluster.execute(statement, READER)
    rows(url, "DELETE FROM strikemap.published_theatre")
    rows(url, "INSERT INTO strikemap.published_theatre VALUES ('ukraine', 30)")
    return url.replace("postgres@", f"{READER}@")


SEEN = "SELECT revision FROM strikemap_public.incident ORDER BY 1"


def test_a_reader_sees_no_theatre_that_nobody_published(
    url: str, store: PostgisStore, reader: str
) -> None:
    add(store, dataset(), old("a"))
    assert rows(reader, SEEN) == [(2,)]
    rows(url, "DELETE FROM strikemap.published_theatre")
    assert rows(reader, SEEN) == []


@pytest.mark.parametrize(
    "table", ["revision", "incident", "entry", "token", "control", "released", "dataset"]
)
def test_a_reader_reaches_nothing_of_the_record(reader: str, table: str) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        rows(reader, f"TABLE strikemap.{table}")


def test_a_reader_sees_less_than_the_public_and_no_text(store: PostgisStore, reader: str) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    add(
        store,
        dataset(),
        dataset("summed", terms=Terms()),
        old("shown", description="words"),
        old("embargoed", public_after=later),
        incident("undated", when=When.days(None)),
        incident("fresh", when=When.days(datetime.now(UTC).date() - timedelta(days=29))),
        old("summed", dataset="summed"),
        old("other land", dataset="summed"),
    )
    assert rows(reader, SEEN) == [(3,)]
    with pytest.raises(psycopg.errors.UndefinedColumn):
        rows(reader, "SELECT description FROM strikemap_public.incident")
    write(store, [change(old("shown"), Action.retract)])
    assert rows(reader, SEEN) == []


def test_records_of_one_strike_leave_together_or_not_at_all(
    store: PostgisStore, reader: str
) -> None:
    fresh = incident("fresh", when=When.days(datetime.now(UTC).date()))
    records = [old("a"), old("b"), fresh, old("alone")]
    add(store, dataset(), *records)
    assert rows(reader, SEEN) == [(2,), (3,), (5,)]

    def merge(name: str, *keys: int) -> Change:
        members = tuple(Member(change(records[at]).key, at) for at in keys)
        one = Merge(id=name, members=members, how=How.automatic, by="tester")
        return Change(Subject.merge, name, Action.add, canonical(one))

    write(store, [merge("far", 0, 1), merge("near", 1, 2)])
    assert rows(reader, SEEN) == [(5,)]


def test_a_layer_of_tiles_shows_what_the_view_shows(store: PostgisStore, reader: str) -> None:
    add(store, dataset(), old("a"), incident("fresh", when=When.days(datetime.now(UTC).date())))
    tile = "SELECT length(strikemap_public.incident_tile({}))"
    ((there,),) = rows(reader, tile.format("6, 37, 21"))
    ((nothing,),) = rows(reader, tile.format("6, 0, 0"))
    assert isinstance(there, int)
    assert there > 0
    assert nothing == 0


def test_while_the_server_is_away_a_write_is_refused_and_the_head_stays_known(
    postgis_cluster: Cluster, store: PostgisStore
) -> None:
    store.follow()
    head = add(store, incident("a"))
    (first,) = store.by_seq([1])
    postgis_cluster.stop()
    try:
        assert store.head() == head
        with pytest.raises(StoreAway, match="does not answer; try again shortly"):
            add(store, incident("b"))
        assert store.by_seq([1]) == [first]
        time.sleep(0.5)
        assert "does not answer" in (store.fault or "")
    finally:
        postgis_cluster.start()
    deadline = time.monotonic() + 5
    while store.fault is not None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert add(store, incident("b")).seq == 2


def test_reading_goes_on_while_a_long_import_writes(store: PostgisStore) -> None:
    add(store, incident("a"))
    reached, go_on = threading.Event(), threading.Event()

    def slow() -> Iterator[Change]:
        yield change(incident("b"))
        reached.set()
        go_on.wait(10)

    writer = threading.Thread(target=lambda: store.write(slow(), Entry(NOON, "t", "slow"), {}))
    writer.start()
    assert reached.wait(10)
    assert [one.seq for one in store.revisions()] == [1]
    assert store.find_token("x") is None
    go_on.set()
    writer.join()
    assert store.head().seq == 2


def test_a_place_is_written_longitude_first(url: str, store: PostgisStore) -> None:
    add(store, incident("a", place=Place.at(LonLat(-0.1, 51.5), Precision.street)))
    query = "SELECT ST_X(geom), ST_Y(geom), ST_SRID(geom) FROM strikemap.incident"
    assert rows(url, query) == [(-0.1, 51.5, 4326)]


def test_a_short_question_gives_up_in_time_and_a_whole_table_may_take_longer(
    url: str, store: PostgisStore
) -> None:
    add(store, incident("a"))
    hasty = PostgisStore(f"{url}&options=-c%20statement_timeout%3D200ms")

    def hold(table: str) -> threading.Thread:
        locked = threading.Event()

        def work() -> None:
            with psycopg.connect(url) as connection:
                connection.execute(f"LOCK TABLE strikemap.{table}".encode())
                locked.set()
                time.sleep(0.6)

        thread = threading.Thread(target=work)
        thread.start()
        assert locked.wait(10)
        return thread

    for table in ("token", "current"):
        thread = hold(table)
        if table == "token":
            with pytest.raises(StoreBusy, match="did not answer in time"):
                hasty.find_token("x")
        else:
            assert len(hasty.current(Subject.incident)) == 1
        thread.join()
    hasty.close()


def test_a_write_of_many_batches_leaves_the_tables_as_one_batch_does(
    url: str, store: PostgisStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (ledger, newest):
        monkeypatch.setattr(module, "WRITE_BATCH", 2)
    square = shapely.to_wkb(shapely.box(36, 49, 37, 50))
    sha256 = hashlib.sha256(square).hexdigest()
    day = snapshot(sha256)
    changes = [change(dataset()), change(dataset("lines")), *map(change, map(incident, "abc"))]
    changes += [change(day), *map(change, map(incident, "de"))]
    changes.append(change(incident("a", description="later"), Action.amend))
    changes.append(change(incident("b"), Action.retract))
    write(store, changes, NOON, shapes={sha256: square})
    store.check_tables()
    assert rows(url, "SELECT count(*), max(description) FROM strikemap.incident") == [(4, "later")]
    assert rows(url, "SELECT sha256 FROM strikemap.area") == [(sha256,)]
    verify(store)
