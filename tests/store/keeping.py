"""Keep a record of this release for all later ones: python -m tests.store.keeping [FOLDER].

It runs the commands and requests that write each kind of revision, packs the data folder without
its index, and notes the head and the sums that this release reads. A folder that is there already
is never written again: what was released is what must open.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tarfile
import tempfile
import tomllib
from pathlib import Path

from app.domain.incident import decode_incident
from app.domain.revision import Subject
from app.store.copying import newest_schema
from app.store.sqlite import SqliteStore
from tests.making import ROOT
from tests.serving import command, serving, token

KEPT = ROOT / "tests/data"
OWN = {"X-Strikemap": "1"}
TEMPLATES = ROOT / "static/templates"
VIEWS = (
    "theatre=example&dataset=mine",
    "theatre=example&dataset=other",
    "theatre=example&dataset=mine&dataset=other",
    "theatre=example&dataset=undone",
)
STORY = {
    "title": "An invented night",
    "steps": [{"title": "One", "text": "**Two**", "view": "theatre=example&dataset=mine"}],
}
ROW = "source_key,start,precision,lon,lat,description\n{},2024-03-10,exact,-124.5,-42.25,{}\n"


def release_folder() -> Path:
    """Name the folder of this release's record."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    return KEPT / f"release_{project['version'].replace('.', '_')}"


def run(data: Path, *words: str) -> str:
    """Run a command that must succeed."""
    done = command(data, *words)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr}")
    return done.stdout


def write_record(data: Path, work: Path) -> None:
    """Write each kind of revision."""
    run(
        data,
        "import",
        str(TEMPLATES / "incidents.csv"),
        "--dataset",
        "mine",
        "--theatre",
        "example",
    )
    run(
        data,
        "import",
        str(TEMPLATES / "control.geojson"),
        "--dataset",
        "lines",
        "--theatre",
        "example",
    )
    reports = {}
    for slug, key in (("other", "EXAMPLE-1"), ("undone", "U-1"), ("erased", "E-1")):
        table = work / f"{slug}.csv"
        table.write_text(ROW.format(key, f"said by {slug}"), "utf-8")
        done = run(data, "import", str(table), "--dataset", slug, "--theatre", "example", "--json")
        reports[slug] = json.loads(done)["id"]
    run(data, "undo", reports["undone"])
    run(data, "match", "mine", "other")
    (work / "page.html").write_text("<p>as it was</p>", "utf-8")
    token(data, "editor")
    by_key = ids_of(data)
    first = by_key["mine", "EXAMPLE-1"]
    with serving(data, "--private") as service:
        put = service.client.put("/api/stories/night", headers=OWN, json={**STORY, "reason": "why"})
        put.raise_for_status()
    run(data, "attach", first, str(work / "page.html"), "--terms", "CC0-1.0")
    run(data, "redact", first, "--text", "description", "--code", "graphic", "--reason", "a test")
    run(data, "purge", by_key["erased", "E-1"], "--reason", "an invented order")
    run(data, "sign", "--out", str(work / "head.json"))


def ids_of(data: Path) -> dict[tuple[str, str | None], str]:
    """Map dataset and key of the source to the id of each incident."""
    with contextlib.closing(SqliteStore(data / "record.sqlite")) as store:
        payloads = [one.payload for one in store.latest(Subject.incident) if one.payload]
    rows = map(decode_incident, payloads)
    return {(row.dataset, row.source_key): str(row.id) for row in rows}


def read_back(data: Path) -> dict[str, object]:
    """Read what every later release must read in the same way."""
    head = run(data, "verify").split("Head: ")[1].split()[0]
    sums = {view: json.loads(run(data, "summary", view, "--json"))["totals"] for view in VIEWS}
    return {"schema": newest_schema(), "head": head, "totals": sums}


def main(folder: Path) -> None:
    """Write the record, once."""
    if folder.exists():
        sys.exit(f"{folder} is kept already, and is never written again.")
    with tempfile.TemporaryDirectory() as name:
        data, work = Path(name) / "data", Path(name) / "work"
        work.mkdir()
        write_record(data, work)
        expected = read_back(data)
        for beside in ("index", "spool", "exports", "head.key"):
            shutil.rmtree(data / beside, ignore_errors=True)
            (data / beside).unlink(missing_ok=True)
        folder.mkdir(parents=True)
        with tarfile.open(folder / "data.tar.gz", "w:gz") as archive:
            archive.add(data, ".")
    (folder / "expected.json").write_text(json.dumps(expected, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else release_folder())
