"""A real PostgreSQL with PostGIS for tests: a temporary cluster that only a socket reaches.

It is made with the system's own packages (tools/postgis.sh), as the user `postgres` where the tests
run as root, since the server refuses to.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg
from psycopg.sql import SQL, Composed, Identifier

from app.store.postgis import PostgisStore
from tests.needs import need

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
EXTENSION = Path("/usr/share/postgresql/15/extension/postgis.control")
OWNER = "postgres"
TABLES = (
    *("entry", "revision", "current", "shape", "token", "session"),
    *("incident", "control", "area", "merged"),
)


@dataclass
class Cluster:
    """A running server: the folder of its socket, and databases made for one test each."""

    folder: Path
    options: tuple[str, ...] = ()
    _numbers: Iterator[int] = field(default_factory=count)
    _is_shared: bool = False

    @property
    def sockets(self) -> Path:
        """The folder of its socket."""
        return self.folder / "sockets"

    def url(self, database: str = "postgres", user: str = OWNER) -> str:
        """Return the address of a database."""
        return f"postgresql://{user}@/{database}?host={self.sockets}"

    def start(self) -> None:
        """Start the server and wait until it answers."""
        options = " ".join((f"-c listen_addresses='' -k {self.sockets}", *self.options))
        log = self.folder / "server.log"
        _run(
            "pg_ctl", "-D", str(self.folder / "data"), "-l", str(log), "-w", "-o", options, "start"
        )

    def promote(self) -> None:
        """Make a replica the server that takes writes."""
        _run("pg_ctl", "-D", str(self.folder / "data"), "-w", "promote")

    def stop(self) -> None:
        """Stop the server at once, as a crash does."""
        _run("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "-w", "stop")

    def execute(self, sql: SQL | Composed, *names: str, database: str = "postgres") -> None:
        """Run a statement about objects of these names, as the administrator."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            connection.execute(sql.format(*map(Identifier, names)) if isinstance(sql, SQL) else sql)

    def emptied(self) -> str:
        """Return a database of its own with an empty record, which the next call empties again."""
        name = "record_shared"
        if not self._is_shared:
            self.execute(SQL("CREATE DATABASE {} TEMPLATE {}"), name, "record_template")
            self._is_shared = True
        tables = SQL("TRUNCATE strikemap.{}").format(
            SQL(", strikemap.").join(map(Identifier, TABLES))
        )
        self.execute(tables, database=name)
        return name

    @contextlib.contextmanager
    def database(self, template: str = "record_template") -> Iterator[str]:
        """Make a database, and drop it when the block ends; returns its name."""
        name = f"record_{next(self._numbers)}"
        self.execute(SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY file_copy"), name, template)
        try:
            yield name
        finally:
            self.execute(SQL("DROP DATABASE {} WITH (FORCE)"), name)


@contextlib.contextmanager
def replica_of(primary: Cluster) -> Iterator[Cluster]:
    """Run a replica until the block ends; the primary acknowledges nothing that it lacks."""
    with _folder() as folder:
        replica, name = Cluster(folder, primary.options), "strikemap_replica"
        source = f"host={primary.sockets} user={OWNER} application_name={name}"
        target = str(folder / "data")
        _run("pg_basebackup", "-d", source, "-D", target, "-R", "--checkpoint=fast", "--no-sync")
        replica.start()
        # Set after the copy was made: the replica must not wait for itself when it is promoted.
        primary.execute(SQL("ALTER SYSTEM SET synchronous_standby_names = {}"), name)
        primary.execute(SQL("SELECT pg_reload_conf()"))
        try:
            yield replica
        finally:
            replica.stop()


def _run(program: str, *words: str) -> None:
    as_owner = ["runuser", "-u", OWNER, "--"] if os.getuid() == 0 else []
    subprocess.run(
        [*as_owner, str(PROGRAMS / program), *words],
        check=True,
        cwd="/",
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def need_postgis() -> None:
    """Go on if the packages are here."""
    is_here = (PROGRAMS / "initdb").exists() and EXTENSION.exists()
    need("PostgreSQL 15 with PostGIS", "tools/postgis.sh", is_here=is_here)


@contextlib.contextmanager
def cluster(*options: str) -> Iterator[Cluster]:
    """Run a server until the block ends; its databases begin with an empty record of ours.

    It does not wait for the disk: nothing here has to survive this machine.
    """
    fast = "-c fsync=off -c full_page_writes=off -c max_connections=60 -c autovacuum=off"
    with _folder() as folder:
        running = Cluster(folder, (fast, *options))
        words = ("-A", "trust", "-U", OWNER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
        _run("initdb", "-D", str(folder / "data"), *words)
        running.start()
        running.execute(SQL("CREATE DATABASE {}"), "record_template")
        PostgisStore(running.url("record_template")).close()
        try:
            yield running
        finally:
            with contextlib.suppress(subprocess.CalledProcessError):
                running.stop()


@contextlib.contextmanager
def _folder() -> Iterator[Path]:
    """Make a folder for a server, which belongs to the server's user."""
    folder = Path(tempfile.mkdtemp(prefix="strikemap-pg-"))
    try:
        (folder / "sockets").mkdir()
        if os.getuid() == 0:
            for path in (folder, folder / "sockets"):
                shutil.chown(path, OWNER, OWNER)
        folder.chmod(0o755)  # the socket's folder is read by the user of the tests
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
