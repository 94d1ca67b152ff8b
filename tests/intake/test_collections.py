"""Many control files in one import: folders, archives, layers of a day, and what is held back."""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.domain.control import Baseline, ControlSnapshot
from app.domain.errors import InputError, InvalidFile, TooLarge
from app.domain.revision import Subject
from app.importers.choices import ControlChoices
from app.instance.workspace import Workspace
from app.intake.options import ImportOptions
from tests.support import NOW, collection, fates, feature, imported, roomy, square, written

NAME = "deepstatemap_data_202403{:02}.geojson"


def daily(day: int, size: float = 1.0) -> tuple[str, bytes]:
    content = collection([feature({}, square(36, 47, size))], name=f"deepstatemap_data_202403{day}")
    return NAME.format(day), content.encode()


def days(*numbers: int, size: float = 1.0) -> dict[str, bytes]:
    return dict(daily(number, size) for number in numbers)


def folder(path: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        target = path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)
    return path


def tarred(path: Path, files: Mapping[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


def zipped(path: Path, files: Mapping[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def kept(workspace: Workspace) -> dict[str, ControlSnapshot]:
    """The newest snapshots of the record, by day."""
    found = [
        msgspec.json.decode(one.payload or b"", type=ControlSnapshot)
        for one in workspace.store.latest(Subject.control)
    ]
    return {str(one.valid_on): one for one in found}


def test_folders_tars_and_zips_hold_the_same(private_workspace: Workspace, tmp_path: Path) -> None:
    files = {f"2024/{name}": content for name, content in days(10, 11, 12).items()}
    wholes = [
        folder(tmp_path / "folder", files),
        tarred(tmp_path / "days.tar.gz", files),
        tarred(tmp_path / "days.tgz", files),
        zipped(tmp_path / "days.zip", files),
    ]
    first, *others = [imported(private_workspace, whole) for whole in wholes]
    assert (first.rows, first.added, first.dataset) == (3, 3, "deepstate")
    assert first.why.endswith("; 3 files")
    assert [(one.added, one.unchanged) for one in others] == [(0, 3)] * 3
    assert private_workspace.store.head().seq == 5  # dataset, three days, report


def test_a_compressed_file_is_the_file_in_it(private_workspace: Workspace, tmp_path: Path) -> None:
    name, content = daily(10)
    report = imported(private_workspace, written(tmp_path, f"{name}.gz", gzip.compress(content)))
    assert (report.rows, report.added, report.format) == (1, 1, "deepstate_daily")


def test_a_folder_again_adds_only_the_new_days(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    imported(private_workspace, folder(tmp_path / "all", days(10, 11)))
    report = imported(private_workspace, folder(tmp_path / "all", days(12)))
    assert (report.rows, report.added, report.unchanged) == (3, 1, 2)


def test_files_that_cannot_be_read_are_named_and_the_rest_goes_on(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    files = {
        **days(10, 11),
        "notes/README.txt": b"not a map",
        "deepstatemap_data_20240312.geojson": b'{"type": "FeatureCollection", "features": [',
        "empty.geojson": b"",
        "cut.zip": b"PK\x03\x04 and no more",
        ".DS_Store": b"x",
    }
    report = imported(private_workspace, folder(tmp_path / "all", files))
    assert report.added == 2
    assert report.rows == fates(report) == 6
    assert [(one.member, one.row) for one in report.rejections] == [
        ("cut.zip", 0),
        ("deepstatemap_data_20240312.geojson", 0),
        ("empty.geojson", 0),
        ("notes/README.txt", 0),
    ]


def test_files_of_another_format_are_rejected(private_workspace: Workspace, tmp_path: Path) -> None:
    other = b"source_key,start,precision,lon,lat\na,2024-03-10,exact,36,47\n"
    report = imported(private_workspace, folder(tmp_path / "all", {**days(10, 11), "a.csv": other}))
    (one,) = report.rejections
    assert (one.member, one.got) == ("a.csv", "native_csv")


@pytest.mark.parametrize("name", ["../out.geojson", "/etc/out.geojson", "C:\\out.geojson"])
@pytest.mark.parametrize("pack", [tarred, zipped])
def test_an_archive_that_leaves_its_folder_is_refused(
    name: str, pack: Any, private_workspace: Workspace, tmp_path: Path
) -> None:
    path = pack(tmp_path / "archive", {**days(10), name: b"x"})
    with pytest.raises(InvalidFile, match="allowed: paths inside the archive"):
        imported(private_workspace, path)
    assert private_workspace.store.head().seq == 0


@pytest.mark.parametrize("pack", [tarred, zipped])
def test_a_bomb_is_refused(pack: Any, private_workspace: Workspace, tmp_path: Path) -> None:
    path = pack(tmp_path / "bomb", {f"{number}.json": bytes(1 << 19) for number in range(4)})
    with pytest.raises(TooLarge, match="unpacked size of bomb"):
        imported(private_workspace, path)
    single = written(tmp_path, "bomb.gz", gzip.compress(bytes(4 << 20)))
    with pytest.raises(TooLarge, match=r"unpacked size of bomb\.gz"):
        imported(private_workspace, single)


def test_a_folder_without_a_known_file_is_refused(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    with pytest.raises(InvalidFile, match="2 files of no known format"):
        imported(private_workspace, folder(tmp_path / "all", {"a.txt": b"a", "b.txt": b"b"}))
    (tmp_path / "none").mkdir()
    with pytest.raises(InvalidFile, match="a folder with at least one file"):
        imported(private_workspace, tmp_path / "none")


def test_a_snapshot_that_lost_a_quarter_is_held_back(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    files = {**days(10), **days(11, size=0.8), **days(12, size=0.99)}
    path = folder(tmp_path / "all", files)
    report = imported(private_workspace, path)
    assert (report.rows, report.added, report.rejected) == (3, 2, 1)
    (one,) = report.rejections
    assert one.member == "deepstatemap_data_20240311.geojson"
    assert one.got.endswith("of ru on 2024-03-11, after 8,376.5 on 2024-03-10")
    assert one.why == "a loss of at most a quarter; --accept-shrink takes it as it is"
    accepted = imported(private_workspace, path, accept_shrink=True)
    assert (accepted.added, accepted.unchanged, accepted.rejected) == (1, 2, 0)


def test_a_later_import_is_compared_with_the_record(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    imported(private_workspace, folder(tmp_path / "first", days(10)))
    smaller = folder(tmp_path / "second", days(11, size=0.5))
    assert imported(private_workspace, smaller).rejected == 1
    earlier = folder(tmp_path / "third", days(9, size=0.5))
    assert imported(private_workspace, earlier).added == 1


def raw(unix: int, size: float) -> dict[str, bytes]:
    properties = {"name": "x /// Occupied /// geoJSON.status.occupied", "styleHash": "0"}
    content = collection([feature({**properties, "styleMapHash": {}}, square(36, 47, size))])
    return {f"{unix}.geojson": content.encode()}


def test_of_two_snapshots_of_a_day_the_later_one_stands(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    morning, noon = 1710050400, 1710068400
    path = folder(tmp_path / "all", {**raw(noon, 1.1), **raw(morning, 1.0)})
    report = imported(private_workspace, path)
    assert (report.added, report.dropped) == (1, {"superseded_same_day": 1})
    (one,) = kept(private_workspace).values()
    assert one.assessed_at is not None
    assert one.assessed_at.timestamp() == noon
    again = imported(private_workspace, folder(tmp_path / "old", raw(morning, 1.0)))
    assert (again.amended, again.dropped) == (0, {"superseded_same_day": 1})


def arcgis(layer: str, size: float) -> dict[str, bytes]:
    shape = square(36, 47, size)
    content = collection([feature({"OBJECTID": 1, "GlobalID_2": "x", "EditDate": 1}, shape)])
    return {f"{layer}10MAR2024.geojson": content.encode()}


def test_layers_of_a_day_are_joined_and_each_is_replaced_by_itself(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    control, advance = "UkraineControlMapAO", "AssessedRussianAdvancesinUkraine"
    both = folder(tmp_path / "all", {**arcgis(control, 1.0), **arcgis(advance, 0.2)})
    assert imported(private_workspace, both).added == 2
    again = imported(private_workspace, both)
    assert (again.added, again.amended, again.unchanged) == (0, 0, 2)
    (before,) = kept(private_workspace).values()
    assert {area.status.value for area in before.areas} == {"assessed", "advance"}
    (path,) = folder(tmp_path / "new", arcgis(advance, 0.3)).iterdir()
    assert imported(private_workspace, path).amended == 1
    (after,) = kept(private_workspace).values()
    assert {area.status.value for area in after.areas} == {"assessed", "advance"}
    assert len({area.shape for area in (*before.areas, *after.areas)}) == 3


def test_choices_are_read_from_text() -> None:
    values = {"valid_on": "2024-03-10", "baseline": "main,crimea", "controller": "ru"}
    assert ImportOptions.parse(values, NOW.date()).choices == ControlChoices(
        valid_on=date(2024, 3, 10),
        controller="ru",
        includes=(Baseline.main, Baseline.crimea),
    )


@pytest.mark.parametrize(
    ("valid_on", "baseline", "sentence"),
    [
        ("10.03.2024", None, "valid-on: got '10.03.2024', allowed: a day as YYYY-MM-DD"),
        (None, "moon", "baseline: got 'moon', allowed: any of main, crimea, pre2022"),
    ],
)
def test_a_wrong_choice_is_one_sentence(
    valid_on: str | None, baseline: str | None, sentence: str
) -> None:
    with pytest.raises(InputError, match=sentence):
        ImportOptions.parse({"valid_on": valid_on, "baseline": baseline}, NOW.date())


def test_a_large_archive_is_taken_when_the_bound_allows(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    padded = {name: content + b" " * (1 << 20) for name, content in days(10, 11).items()}
    path = zipped(tmp_path / "days.zip", padded)
    with pytest.raises(TooLarge):
        imported(private_workspace, path)
    assert imported(roomy(private_workspace), path).added == 2
