"""Which engine has the record: a file in the data folder, or a database on a server."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from app.domain.store import Store
from app.store.postgis import PostgisStore
from app.store.sqlite import SqliteStore

RECORD = "record.sqlite"
"""The file of a record in a data folder."""


def open_store(url: str, data_dir: Path, clock: Callable[[], datetime] | None = None) -> Store:
    """Open the record at an address of PostgreSQL; without one, the file in a data folder.

    Raises:
        InputError: the address cannot be used.
        StoreTooNew: a later release wrote the record.
        StoreError: the record cannot be opened.
    """
    return PostgisStore(url, clock) if url else SqliteStore(data_dir / RECORD, clock)
