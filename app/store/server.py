"""The PostgreSQL server of a record: its address, its connections, and its errors in a sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import TypeAlias

import psycopg
from psycopg import conninfo, errors
from psycopg_pool import ConnectionPool, PoolTimeout

from app.domain.errors import (
    DamagedRecord,
    InputError,
    StoreAway,
    StoreBusy,
    StoreError,
    StoreFull,
)
from app.store.decoding import Row
from app.store.newest import CHANGED
from app.store.schema import refuse_newer, schema_steps

Connection: TypeAlias = psycopg.Connection[Row]

SETTING = "STRIKEMAP_STORE_URL"
SCHEMES = ("postgresql://", "postgres://")
ALLOWED = "postgresql://USER@HOST/DATABASE, or nothing for a file in the data folder"

MIGRATION_LOCK, WRITER_LOCK = 7_827_001, 7_827_002
"""Numbers of advisory locks of our database: who migrates, and who writes."""

MOST_CONNECTIONS = 8
"""Connections of one process, beside one that listens and one of each walk."""

WAIT_S, RECONNECT_S = 3.0, 2.0
"""How long a request waits for a connection, and how long a lost one is tried for."""

DEFAULTS: Mapping[str, str] = {
    "application_name": "strikemap",
    "connect_timeout": "5",
    # A server that vanished without a word is noticed after about ten seconds.
    "tcp_user_timeout": "10000",
    "keepalives_idle": "10",
    "keepalives_interval": "5",
    "keepalives_count": "2",
}
"""What an address may set otherwise."""

SESSION = (
    "-c search_path=strikemap,public,postgis,extensions -c statement_timeout=60s"
    " -c idle_in_transaction_session_timeout=10min -c client_min_messages=warning"
)

_BUSY: dict[type[psycopg.Error], str] = {
    errors.UniqueViolation: CHANGED,
    errors.LockNotAvailable: "Another writer holds the record; try again shortly.",
    errors.QueryCanceled: "The database did not answer in time; try again shortly.",
    errors.DeadlockDetected: "The database stopped two writers that waited for each other.",
}
_DAMAGED = (errors.DataCorrupted, errors.IndexCorrupted)
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, PoolTimeout)


class Server:
    """Connections to the database of one record."""

    def __init__(self, url: str) -> None:
        """Read an address; nothing is connected yet.

        Raises:
            InputError: it is no address of PostgreSQL; the message never shows a password.
        """
        if not url.startswith(SCHEMES):
            raise InputError(SETTING, f"{url.partition(':')[0][:20]}:…", ALLOWED)
        try:
            parts = conninfo.conninfo_to_dict(url)
        except psycopg.Error as wrong:  # its text repeats parts of the address
            raise InputError(SETTING, "an address that cannot be read", ALLOWED) from wrong
        self._password = str(parts.get("password") or "")
        options = f"{SESSION} {parts.pop('options', None) or ''}".strip()
        others = {name: value for name, value in DEFAULTS.items() if name not in parts}
        self._info = conninfo.make_conninfo(url, **others, options=options)
        self.name = _shown(parts)
        self.pool: ConnectionPool[Connection] = ConnectionPool(
            self._info,
            kwargs={"autocommit": True},
            min_size=0,
            max_size=MOST_CONNECTIONS,
            timeout=WAIT_S,
            reconnect_timeout=RECONNECT_S,
            check=ConnectionPool.check_connection,
            open=False,
        )

    def connect(self) -> Connection:
        """Open a connection beside the pool, for a walk or to listen."""
        return psycopg.connect(self._info, autocommit=True)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Run a block in one transaction; it is on disk when the block has ended."""
        with self.pool.connection() as connection, connection.transaction():
            yield connection

    def rows(
        self, statement: str, values: Mapping[str, object], no_limit: str | None = None
    ) -> list[Row]:
        """Read rows; `no_limit` lifts the limit of time first, for what may be a whole table."""
        opened = self.pool.connection if no_limit is None else self.transaction
        with opened() as connection:
            if no_limit is not None:
                connection.execute(no_limit)
            return connection.cursor(binary=True).execute(statement, values).fetchall()

    def open(self, sql: Mapping[str, str]) -> None:
        """Connect, and bring the schema up to date.

        Raises:
            StoreTooNew: a later release wrote the record.
            StoreError: the server, the database or PostGIS cannot be used, in one sentence.
        """
        try:
            with self.connect() as connection:
                if _version(connection, sql) != schema_steps("postgis")[-1][0]:
                    with connection.transaction():
                        _migrate(connection, sql, self.name)
        except psycopg.Error as wrong:
            raise StoreError(
                f"The record at {self.name} cannot be opened: {self._why(wrong)}."
            ) from None  # the cause holds the address
        self.pool.open()

    def schema(self, sql: Mapping[str, str]) -> int:
        """Read the schema of the record, which stays as it is; 0 where there is none.

        Raises:
            StoreTooNew: a later release wrote the record.
            StoreError: the server or the database cannot be used.
        """
        try:
            with self.connect() as connection:
                number = _version(connection, sql)
        except psycopg.Error as wrong:
            raise StoreError(
                f"The record at {self.name} cannot be read: {self._why(wrong)}."
            ) from None  # the cause holds the address
        refuse_newer(number, "postgis")
        return number

    def close(self) -> None:
        """Close all connections."""
        self.pool.close()

    def translated(self, wrong: psycopg.Error) -> StoreError:
        """Name what went wrong."""
        for kind, sentence in _BUSY.items():
            if isinstance(wrong, kind):
                return StoreBusy(sentence)
        if isinstance(wrong, errors.DiskFull):
            return StoreFull(f"The database has no room for this change: {self._why(wrong)}.")
        if isinstance(wrong, _DAMAGED):
            return DamagedRecord(f"The database is damaged: {self._why(wrong)}.")
        if isinstance(wrong, errors.ReadOnlySqlTransaction):
            return StoreAway("The database of the record is a replica now: it takes no writes.")
        if isinstance(wrong, _AWAY):
            return StoreAway(
                "The database of the record does not answer; try again shortly. Maps and sums are "
                "still served."
            )
        return StoreError(f"The database refused this: {self._why(wrong)}.")

    def _why(self, wrong: psycopg.Error) -> str:
        """Return what the server said, in one line and without a password."""
        text = " ".join(str(wrong).split())
        text = text.rpartition("FATAL: ")[2].strip().rstrip(".")
        return text.replace(self._password, "…") if self._password else text


def _shown(parts: Mapping[str, object]) -> str:
    """Write an address for people: without its password and its options."""
    user = f"{parts['user']}@" if parts.get("user") else ""
    port = f":{parts['port']}" if parts.get("port") else ""
    return f"postgresql://{user}{parts.get('host') or ''}{port}/{parts.get('dbname') or ''}"


def _version(connection: Connection, sql: Mapping[str, str]) -> int:
    (has_version,) = connection.execute(sql["version_table"]).fetchone() or (False,)
    if not has_version:
        return 0
    row = connection.execute(sql["version"]).fetchone()
    return 0 if row is None else int(row[0])


def _migrate(connection: Connection, sql: Mapping[str, str], name: str) -> None:
    """Run the steps that a record lacks; of several nodes, one does it and the others wait."""
    connection.execute(sql["one_writer"], {"lock": MIGRATION_LOCK})
    version = _version(connection, sql)
    refuse_newer(version, "postgis")
    _need_postgis(connection, sql, name)
    if version == 0:
        for statement in ("make_schema", "make_version", "begin_version"):
            connection.execute(sql[statement])
    for number, script in schema_steps("postgis"):
        if number > version:
            connection.execute(script)
            connection.execute(sql["set_version"], {"number": number})


def _need_postgis(connection: Connection, sql: Mapping[str, str], name: str) -> None:
    """Make sure that the database has PostGIS.

    Raises:
        StoreError: it has not, and it cannot be added by this user.
    """
    with contextlib.suppress(psycopg.Error), connection.transaction():
        connection.execute(sql["make_postgis"])
    (has_postgis,) = connection.execute(sql["has_postgis"]).fetchone() or (False,)
    if not has_postgis:
        raise StoreError(
            f"The database at {name} has no PostGIS: install it on the server, and let the "
            "server's administrator run `CREATE EXTENSION postgis` in that database."
        )
