"""A View for a static host: what an anonymous reader may see, and only what changed since."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from pmtiles.reader import MemorySource, Reader

from tests.serving import command, serving

EXAMPLE = "theatre=example&from=2024-03-01&to=2024-03-31"


@pytest.fixture
def data(tmp_path: Path, demo_data: Path) -> Path:
    """A copy of the demos, to be changed."""
    shutil.copytree(demo_data, tmp_path / "data")
    return tmp_path / "data"


def published(data: Path, out: Path) -> dict[str, Any]:
    done = command(data, "publish", str(out), "--view", EXAMPLE, "--maxzoom", "6", "--json")
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))


def records(site: Path) -> list[dict[str, Any]]:
    page = (site / "index.html").read_text("utf-8")
    kept = re.search(r'id="kept">(.*?)</script>', page, re.DOTALL)
    assert kept is not None
    return list(json.loads(kept[1])["records"])


def test_a_published_view_says_what_the_service_says_to_an_anonymous_reader(
    data: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    written = published(data, site)["written"]
    assert {"index.html", "marks.pmtiles", "method.html", "figure.png", "figure.svg"} < set(written)
    assert published(data, site) == {
        "out": str(site),
        "written": [],
        "removed": [],
        "unchanged": len(written),
    }
    about = json.loads((site / "about.json").read_bytes())
    with serving(data) as service:  # to the public
        for by in ("region", "weapon", "sector", "dataset", "day"):
            answer = service.client.get(f"/api/summary?{about['query']}&by={by}").json()
            assert json.loads((site / f"summary/{by}.json").read_bytes()) == answer
    assert about["audience"] == "public"
    assert about["as_of"]
    assert about["credits"] == ["Invented strikes"]
    archive = Reader(MemorySource((site / "marks.pmtiles").read_bytes()))
    assert archive.metadata()["attribution"].startswith("Invented strikes")
    method = (site / "method.html").read_text("utf-8")
    assert "Unknown is not zero" in method
    assert re.findall(r'(?:href|src)="([^"]*)"', method) == ["data:,", "page.css", "index.html"]


def test_what_is_redacted_or_withheld_since_is_in_no_file_after_the_next_run(
    data: Path, tmp_path: Path
) -> None:
    site = tmp_path / "site"
    published(data, site)
    record = next(one for one in records(site) if one["properties"]["place"])
    assert (
        command(
            data,
            "redact",
            record["id"],
            "--text",
            "place",
            "--code",
            "licence",
            "--reason",
            "a test",
        ).returncode
        == 0
    )
    changed = published(data, site)
    assert "index.html" in changed["written"]
    after = next(one for one in records(site) if one["id"] == record["id"])
    assert after["properties"]["place"] != record["properties"]["place"]

    assert (
        command(data, "datasets", "set", "example-incidents", "--terms", "internal").returncode == 0
    )
    (site / "CNAME").write_text("of the host")
    done = command(data, "publish", str(site), "--view", f"{EXAMPLE}&dataset=example-incidents")
    assert done.returncode == 2
    assert "do not allow the public to take this along" in done.stderr
    assert sorted(path.name for path in site.iterdir()) == ["CNAME", "strikemap-files.json"]


def test_a_folder_of_others_stays_as_it_is(data: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.doc").write_text("mine")
    done = command(data, "publish", str(tmp_path / "mine"), "--view", EXAMPLE)
    assert (done.returncode, done.stdout) == (2, "")
    assert "an empty or new folder, or one that `strikemap publish` filled before" in done.stderr
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["thesis.doc"]
