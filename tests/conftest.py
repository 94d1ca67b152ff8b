"""What all tests share: Hypothesis profiles, reference data, and a workspace on an empty folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Playwright, sync_playwright

from app.domain.store import Author
from app.domain.terms import Audience
from app.instance.workspace import Workspace
from app.intake.demo import load_demos
from app.reference.reference import Reference
from app.store.sqlite import SqliteStore
from tests.chromium import CHROMIUM
from tests.clusters import Cluster, cluster, need_postgis
from tests.making import GEODATA, NOON, open_workspace
from tests.needs import need
from tests.serving import Service, command, serving

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
settings.register_profile("lane", settings.get_profile("ci"), max_examples=10)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """The driver of browsers; no Chromium is a failure under CI, a stated skip elsewhere."""
    need("Chromium", "tools/browser.sh", is_here=CHROMIUM is not None)
    with sync_playwright() as driver:
        yield driver


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


@pytest.fixture(scope="session")
def postgis_cluster() -> Iterator[Cluster]:
    """A server of PostgreSQL with PostGIS, for all tests of a process."""
    need_postgis()
    with cluster() as running:
        yield running


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


@pytest.fixture(scope="session")
def demos(tmp_path_factory: pytest.TempPathFactory, reference: Reference) -> Iterator[Workspace]:
    """An instance that holds the demos and serves the public; tests only read it."""
    folder = tmp_path_factory.mktemp("demos")
    workspace = open_workspace(folder, reference, audience=Audience.public)
    workspace = replace(workspace, max_file_bytes=1 << 30)
    for report in load_demos(workspace, Author("test", NOON)):
        assert (report.rejected, report.warnings) == (0, [])
    yield workspace
    workspace.store.close()


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the demos loaded by the command a user would run."""
    folder = tmp_path_factory.mktemp("demo")
    done = command(folder, "demo")
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, demo_data: Path) -> Path:
    """A copy of the demos that the tests of a module may write to."""
    return Path(shutil.copytree(demo_data, tmp_path_factory.mktemp("written") / "data"))


@pytest.fixture(scope="module")
def private(data: Path) -> Iterator[Service]:
    """The module's data, served to this machine."""
    with serving(data, "--private") as running:
        yield running


@pytest.fixture(scope="module")
def public(data: Path) -> Iterator[Service]:
    """The module's data, served to the public."""
    with serving(data) as running:
        yield running


@pytest.fixture(scope="session")
def service(demo_data: Path) -> Iterator[Service]:
    """The demos, served to this machine as `make serve` does."""
    with serving(demo_data, "--private") as running:
        yield running


@pytest.fixture(scope="session")
def public_service(demo_data: Path) -> Iterator[Service]:
    """The demos, served to the public."""
    with serving(demo_data) as running:
        yield running
