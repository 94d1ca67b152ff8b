"""What all tests share: Hypothesis profiles, reference data, and a workspace on an empty folder."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from app.domain.terms import Audience
from app.reference.reference import Reference
from app.services.workspace import Workspace
from app.store.sqlite import SqliteStore
from tests.making import GEODATA, open_workspace

settings.register_profile(
    "ci",
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=50,
    # A workspace is made once for all examples of a law on purpose: a law changes nothing in it.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.register_profile(
    "nightly", settings.get_profile("ci"), derandomize=False, max_examples=2_000
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def reference() -> Reference:
    """The project's own reference data, read once."""
    return Reference(GEODATA)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    """An empty record on disk."""
    store = SqliteStore(tmp_path / "record.sqlite")
    yield store
    store.close()


@pytest.fixture
def workspace(tmp_path: Path, reference: Reference) -> Iterator[Workspace]:
    """An empty instance that serves the public."""
    workspace = open_workspace(tmp_path / "data", reference, audience=Audience.public)
    yield workspace
    workspace.store.close()


@pytest.fixture
def private_workspace(tmp_path: Path, reference: Reference) -> Iterator[Workspace]:
    """An empty instance that serves its own machine everything."""
    workspace = open_workspace(tmp_path / "data", reference, audience=Audience.private)
    yield workspace
    workspace.store.close()
