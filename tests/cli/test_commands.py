"""Commands answer plainly: exit 2 for what you gave, 3 for our record, never a traceback."""

from __future__ import annotations

import errno
import json
import shutil
import sqlite3
from pathlib import Path

import pytest

from app.cli import main
from tests.making import ROOT
from tests.serving import cold_command, command, environment
from tests.support import FILES, TEMPLATES, collection, feature, geojson, square, written


@pytest.fixture
def data(tmp_path: Path, demo_data: Path) -> Path:
    """A copy of the demos, to be changed."""
    shutil.copytree(demo_data, tmp_path / "data")
    return tmp_path / "data"


def test_loading_the_demos_again_changes_nothing(data: Path) -> None:
    before = (data / "record.sqlite").read_bytes()
    done = command(data, "demo")
    assert done.stdout.splitlines() == [
        "demo: added 0, unchanged 5",
        "cited: added 0, unchanged 8",
        "example-incidents: added 0, unchanged 361",
        "example-control: added 0, unchanged 207",
    ]
    assert (data / "record.sqlite").read_bytes() == before


def test_an_import_tells_every_fate(data: Path) -> None:
    done = command(data, "import", str(FILES / "cir.csv"))
    assert done.returncode == 0
    assert "dropped, out of scope: military_presence" in done.stdout
    report = json.loads(command(data, "import", "--json", str(FILES / "cir.csv")).stdout)
    assert (report["added"], report["amended"]) == (0, 0)


def test_a_file_that_is_not_what_its_name_says_is_not_attached(data: Path, tmp_path: Path) -> None:
    file = str(written(tmp_path, "photo.jpg", "<!DOCTYPE html>"))
    done = command(data, "attach", "4", file)
    sentence = "type of photo.jpg: got 'another content', allowed: image/jpeg, as its name says.\n"
    assert (done.returncode, done.stderr) == (2, sentence)
    done = command(data, "attach", "4", str(written(tmp_path, "page.html", "<!DOCTYPE html>")))
    assert (done.returncode, "SHA-256" in done.stdout) == (0, True)


def test_a_template_imports_into_the_invented_land(data: Path) -> None:
    file = str(TEMPLATES / "incidents.csv")
    done = command(data, "import", file, "--theatre", "example", "--dataset", "mine")
    assert done.returncode == 0
    assert "rejected 0" in done.stdout


def test_what_a_control_file_leaves_open_is_said_by_options(data: Path, tmp_path: Path) -> None:
    days = {"2024-03-10": square(36, 47, 1), "2024-03-11": square(36, 47, 0.5)}
    features = [feature({"day": day, "what": "occupied"}, shape) for day, shape in days.items()]
    file = str(written(tmp_path, "areas.geojson", collection(features)))
    words = ["import", file, "--controller", "ru", "--valid-on-field", "day"]
    words += ["--status-field", "what", "--baseline", "main,pre2022"]
    done = command(data, *words)
    assert done.returncode == 0, done.stderr
    assert "added 1," in done.stdout
    assert "rejected: row 2, area: got '2," in done.stdout
    assert "added 1," in command(data, *words, "--accept-shrink").stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["import", "missing.csv"], "an existing file"),
        (["import", str(ROOT / "LICENSE")], "one of the formats"),
        (["import", str(FILES / "cir.csv"), "--terms", "none"], "CC0-1.0"),
        (["import", str(FILES / "cir.csv"), "--theatre", "moon"], "ukraine"),
        (["import", str(FILES / "cir.csv"), "--dataset", "No Slug"], "a slug"),
        (["import", str(FILES / "cir.csv"), "--format", "odd"], "auto"),
        (["import", str(FILES / "cir.csv"), "--valid-on", "today"], "YYYY-MM-DD"),
        (["import", str(FILES / "cir.csv"), "--baseline", "moon"], "main, crimea, pre2022"),
        (["summary", "from=x"], "YYYY-MM-DD"),
        (["summary", "--by", "colour"], "region, day"),
        (["verify", "--head", "x"], "SEQ:HASH"),
        (["synth", "10", "--theatre", "moon"], "ukraine"),
        (["regions", "import", "missing.geojson"], "an existing file"),
        (["regions", "import", str(FILES / "cir.csv")], "polygons"),
    ],
)
def test_wrong_input_is_exit_2_and_one_sentence(
    data: Path, words: list[str], sentence: str
) -> None:
    done = command(data, *words)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_misspelt_setting_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.serving.environment", lambda _: {"STRIKEMAP_DATADIR": "x"})
    done = command(tmp_path, "datasets")
    assert done.returncode == 2
    assert "STRIKEMAP_DATA_DIR" in done.stderr


def test_a_default_theatre_that_nothing_is_known_of_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = environment(tmp_path)
    monkeypatch.setattr(
        "tests.serving.environment", lambda _: {**variables, "STRIKEMAP_THEATRE": "atlantis"}
    )
    done = command(tmp_path, "serve", "--port", "0")
    assert done.returncode == 2
    assert done.stderr == "theatre: got 'atlantis', allowed: example, ukraine.\n"


def test_a_checked_ledger_prints_its_head_and_a_broken_one_names_the_link(data: Path) -> None:
    done = command(data, "verify")
    assert done.returncode == 0
    head = done.stdout.split("Head: ")[1].strip()
    assert command(data, "verify", "--head", head).returncode == 0
    with sqlite3.connect(data / "record.sqlite") as record:
        record.execute("UPDATE revision SET payload = ? WHERE seq = 3", (b"{}",))
    record.close()
    broken = command(data, "verify")
    assert broken.returncode == 3
    assert "Revision 3" in broken.stderr
    assert "does not match" in broken.stderr


def test_a_summary_on_the_terminal_says_unknown_and_not_zero(data: Path) -> None:
    done = command(data, "summary", "from=2025-10-24&to=2025-10-25", "--csv")
    rows = {line.split(",")[0]: line for line in done.stdout.splitlines() if line}
    assert rows["UA-12"].startswith("UA-12,Dnipropetrovsk Oblast,1,,,,,0,1,,,,,0,1,0,0")


def test_a_lost_index_is_built_again(data: Path) -> None:
    shutil.rmtree(data / "index", ignore_errors=True)
    assert command(data, "index", "rebuild").returncode == 0
    done = command(data, "summary", "from=2025-10-24&to=2025-10-25", "--json")
    assert json.loads(done.stdout)["totals"]["incidents"] == 4


def test_better_boundaries_serve_the_next_command_and_the_old_index_is_swept(
    data: Path, tmp_path: Path
) -> None:
    unit = feature({"iso2": "UA-12", "name_uk": "Січ"}, square(34, 47, 2))
    path = str(geojson(tmp_path, unit, name="mine.geojson"))
    done = command(data, "regions", "import", path, "--id", "mine")
    assert done.returncode == 0, done.stderr
    assert "level 1 of ukraine is now 'mine'" in done.stdout
    assert "not in the file, so in no region: UA-05" in done.stdout
    assert "Restart running servers" in done.stdout
    summary = json.loads(command(data, "summary", "from=2025-10-24&to=2025-10-25", "--json").stdout)
    assert [row["key"] for row in summary["rows"]] == ["UA-12"]
    assert summary["region_set"]["id"] == "mine"
    sets = json.loads(command(data, "regions", "list", "--json").stdout)
    serves = {one["id"]: one["serves"] for one in sets}
    assert serves == {"example": True, "natural-earth-10m": False, "mine": True}
    assert "natural-earth" in command(data, "regions", "list").stdout
    homes = {path.parent for path in (data / "index").glob("*/CURRENT")}
    assert command(data, "index", "rebuild").returncode == 0
    after = {path.parent for path in (data / "index").glob("*/CURRENT")}
    assert (len(homes), len(after)) == (2, 1)


def test_invented_incidents_are_flagged_and_never_mixed_with_real_ones(data: Path) -> None:
    assert command(data, "synth", "500").returncode == 0
    real = json.loads(command(data, "summary", "--json").stdout)
    invented = json.loads(command(data, "summary", "synthetic=1", "--json").stdout)
    assert real["coverage"]["datasets"] == ["demo"]
    assert invented["coverage"]["datasets"] == ["synthetic"]
    assert invented["totals"]["incidents"] > 400


def test_the_same_number_of_invented_incidents_is_the_same_file(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        done = cold_command(tmp_path, "synth", "300", "--out", str(tmp_path / name))
        assert done.returncode == 0
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize(
    "words",
    [
        *(("export", f"no/such/folder/x.{form}") for form in ("csv", "gpkg", "html", "xlsx")),
        ("export", "folder.csv"),
        ("export", "file.txt/x.csv"),
        ("export", f"{'x' * 300}.csv"),
        ("tiles", "no/such/folder/x.pmtiles"),
        ("tiles", "folder.pmtiles"),
        ("figure", "folder.png"),
        ("figure", "file.txt/set", "--all-regions"),
    ],
)
def test_what_cannot_be_written_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, demo_data: Path, words: tuple[str, ...]
) -> None:
    for name in ("folder.csv", "folder.pmtiles", "folder.png"):
        (tmp_path / name).mkdir()
    (tmp_path / "file.txt").write_text("")
    before = sorted(tmp_path.rglob("*"))
    name, out, *rest = words
    done = command(demo_data, name, str(tmp_path / out), *rest)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1), done.stderr
    assert done.stderr.startswith("OUT: got ")
    assert sorted(tmp_path.rglob("*")) == before


def test_a_view_in_the_place_of_a_file_is_told_where_it_belongs(
    tmp_path: Path, demo_data: Path
) -> None:
    done = command(demo_data, "export", str(tmp_path / "out.html"), "theatre=example")
    assert done.returncode == 2
    assert 'a View is given with --view "theatre=example"' in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full() -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("app.cli.program.program", full)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 3
    assert capsys.readouterr().err == "The disk cannot take this: No space left on device.\n"
