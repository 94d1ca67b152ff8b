"""Where a record of each engine can be, for tests of both."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg

from app.store.moving import AnyStore
from app.store.postgis import PostgisStore
from app.store.sqlite import SqliteStore


@dataclass(frozen=True)
class Place:
    """Where a record can be: a file, or a database on a server."""

    address: str

    @property
    def is_file(self) -> bool:
        """Tell a file from a database."""
        return not self.address.startswith("postgresql:")

    def open(self, clock: Callable[[], datetime] | None = None) -> AnyStore:
        """Open it, or create it."""
        if self.is_file:
            return SqliteStore(Path(self.address), clock)
        return PostgisStore(self.address, clock)

    def columns(self, table: str) -> list[str]:
        """List the columns of a table, each as TABLE.COLUMN."""
        if self.is_file:
            with closing(sqlite3.connect(self.address)) as connection:
                names = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
        else:
            query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
            with psycopg.connect(self.address) as server:
                names = [name for (name,) in server.execute(query, (table,))]
        return [f"{table}.{name}" for name in names]

    def execute(self, sql: str, *values: object) -> int:
        """Change it from outside, with a statement of both engines; returns the number of rows."""
        if self.is_file:
            with closing(sqlite3.connect(self.address, isolation_level=None)) as connection:
                return connection.execute(sql, values).rowcount
        with psycopg.connect(self.address, autocommit=True) as server:
            server.execute("SET search_path TO strikemap, public")
            return server.execute(sql.replace("?", "%s"), values).rowcount
