"""A record that this user may not write is read as it is: to verify, to serve, to back up."""

from __future__ import annotations

import contextlib
import os
import tempfile
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from app.domain.errors import StoreError
from app.domain.store import verify
from app.store.copying import copy_record, schema_number
from app.store.sqlite import READ_ONLY, SqliteStore
from tests.making import add, dataset, incident

NOBODY = 65_534


@pytest.fixture
def record() -> Iterator[Path]:
    """A record in a folder that everybody may read, and nobody write."""
    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "record.sqlite"
        store = SqliteStore(path)
        add(store, dataset(), incident("a"))
        store.close()
        Path(name).chmod(0o555)
        path.chmod(0o444)
        yield path
        Path(name).chmod(0o755)


def by_nobody(work: Callable[[], None]) -> None:
    """Do something as a user without rights, in a process of its own."""
    child = os.fork()
    if not child:
        try:
            if os.getuid() == 0:
                os.setuid(NOBODY)
            work()
        except BaseException:  # noqa: BLE001  the child has no other way to say it
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0


def test_it_is_read_and_checked_and_refuses_a_write_in_one_sentence(record: Path) -> None:
    before = record.read_bytes()

    def work() -> None:
        with contextlib.closing(SqliteStore(record)) as store:
            assert verify(store).seq == 2
            assert store.fault == READ_ONLY
            with pytest.raises(StoreError, match="could not be written"):
                add(store, incident("b"))

    by_nobody(work)
    assert [path.name for path in record.parent.iterdir()] == ["record.sqlite"]
    assert record.read_bytes() == before


def test_its_schema_is_read_and_a_backup_has_all_of_it(record: Path) -> None:
    def work() -> None:
        assert schema_number(record) > 0
        with tempfile.TemporaryDirectory() as name:
            assert copy_record(record, Path(name) / "copy.sqlite").seq == 2

    by_nobody(work)
