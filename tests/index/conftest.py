"""One invented history, kept by several indexes that came to the same state in different ways."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from app.reference.reference import Reference
from tests.index.history import History, write_history


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory, reference: Reference) -> Iterator[History]:
    """A record of four writes over hours, with amendments, retractions and a late dataset."""
    history = write_history(tmp_path_factory.mktemp("history"), reference)
    yield history
    history.close()
