"""What each release wrote opens in this one: as it was, from every schema, and from its backup."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from app.store.copying import newest_schema, schema_number
from tests.making import ROOT
from tests.store.keeping import KEPT, run

RELEASES = sorted(path.parent for path in KEPT.glob("release_*/expected.json"))


@pytest.fixture(params=RELEASES, ids=lambda path: path.name)
def kept(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, dict[str, Any]]:
    """A copy of a data folder, and what its release read in it."""
    folder: Path = request.param
    with tarfile.open(folder / "data.tar.gz") as packed:
        packed.extractall(tmp_path / "data", filter="data")
    return tmp_path / "data", json.loads((folder / "expected.json").read_text("utf-8"))


def test_a_kept_record_reads_as_its_release_read_it_and_takes_writes(
    kept: tuple[Path, Mapping[str, Any]], tmp_path: Path
) -> None:
    data, expected = kept
    record = data / "record.sqlite"
    assert schema_number(record) == expected["schema"]
    checked = run(data, "upgrade", "--check")
    assert "Nothing was changed" in checked
    assert schema_number(record) == expected["schema"]
    run(data, "backup", str(tmp_path / "before.tar.gz"))
    assert f"Head: {expected['head']}" in run(data, "verify", "--head", expected["head"])
    assert schema_number(record) == newest_schema()
    for view, totals in expected["totals"].items():
        assert json.loads(run(data, "summary", view, "--json"))["totals"] == totals
    restored = tmp_path / "restored"
    run(restored, "restore", str(tmp_path / "before.tar.gz"))
    run(restored, "verify", "--head", expected["head"])
    template = str(ROOT / "static/templates/incidents.csv")
    run(data, "import", template, "--dataset", "new", "--theatre", "example")
    run(data, "verify", "--head", expected["head"])
