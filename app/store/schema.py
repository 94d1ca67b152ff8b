"""The SQL of the record: named statements, and the numbered steps of its schema."""

from __future__ import annotations

import re
import sqlite3
from importlib import resources

from app.domain.errors import StoreTooNew


def read_statements(engine: str = "sqlite") -> dict[str, str]:
    """Read the named statements of an engine."""
    text = (resources.files("app.store") / f"sql/{engine}/statements.sql").read_text("utf-8")
    parts = re.split(r"^-- name: (\w+)\n", text, flags=re.MULTILINE)[1:]
    return {name: sql.strip() for name, sql in zip(parts[::2], parts[1::2], strict=True)}


def schema_steps(engine: str = "sqlite") -> list[tuple[int, str]]:
    """List the numbered schema steps; a step of a release is never edited."""
    folder = resources.files("app.store") / f"sql/{engine}"
    steps = [step for step in folder.iterdir() if step.name[:4].isdigit()]
    return sorted((int(step.name[:4]), step.read_text("utf-8")) for step in steps)


def refuse_newer(version: int, engine: str = "sqlite") -> None:
    """Refuse a record that a later release wrote.

    Raises:
        StoreTooNew: naming both schemas.
    """
    newest = schema_steps(engine)[-1][0]
    if version > newest:
        raise StoreTooNew(
            f"The record has schema {version}, this release knows {newest}: "
            "use the release that wrote it, or a later one."
        )


def run_steps(connection: sqlite3.Connection, version: int) -> None:
    """Bring a record of a version up to date, inside a transaction.

    Raises:
        StoreTooNew: a later release wrote the record.
    """
    refuse_newer(version)
    for number, script in schema_steps():
        if number > version:
            for statement in _statements_in(script):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number:d}")


def _statements_in(script: str) -> list[str]:
    """Cut a schema step into statements, where SQLite says that one is complete."""
    statements, statement = [], ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            statements.append(statement)
            statement = ""
    return statements
