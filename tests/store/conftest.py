"""Every promise of the record is tested on both engines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from app.domain.store import Store
from tests.clusters import Cluster
from tests.store.places import Place


@pytest.fixture(params=["sqlite", "postgis"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """A place for one record, empty at first."""
    if request.param == "sqlite":
        return Place(str(tmp_path / "record.sqlite"))
    cluster: Cluster = request.getfixturevalue("postgis_cluster")
    return Place(cluster.url(cluster.emptied()))


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    """An empty record of each engine."""
    with closing(place.open()) as store:
        yield store
