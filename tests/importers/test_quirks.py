"""Quirks that no other test holds, format by format; and files that were made to do harm."""

from __future__ import annotations

import json
import struct
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import InputError, InvalidFile, TooLarge
from app.files import layers
from app.files.source import SourceFile
from app.importers.base import Dropped, ParsedRecord
from app.importers.formats import choose
from app.importers.geoconfirmed import GeoConfirmed
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from tests.importers.test_control_formats import DAY, areas, drawn, raw
from tests.importers.test_control_formats import read as read_control
from tests.importers.test_events_acled import EVENT as ACLED
from tests.importers.test_events_ucdp import EVENT as UCDP
from tests.importers.test_events_viina import EVENT as VIINA
from tests.support import (
    collection,
    context,
    feature,
    imported,
    outcomes,
    point,
    records,
    roomy,
    square,
    table,
    written,
)
from tests.tables import sheet, workbook

UKRAINE = context("ukraine")


def _one(path: Path) -> Any:
    (outcome,) = outcomes(path, into=UKRAINE)
    return outcome.record if isinstance(outcome, ParsedRecord) else outcome


# ACLED


@pytest.mark.parametrize(
    "changed",
    [
        {"event_type": "Battles", "sub_event_type": "Government regains territory"},
        {"event_type": "Battles", "sub_event_type": "Non-state actor overtakes territory"},
        {
            "event_type": "Strategic developments",
            "sub_event_type": "Non-violent transfer of territory",
        },
    ],
)
def test_acleds_changes_of_control_are_no_strikes(changed: dict[str, str], tmp_path: Path) -> None:
    outcome = _one(table(tmp_path, {**ACLED, **changed}))
    assert isinstance(outcome, Dropped) or outcome.kind == "battle"


def test_a_size_in_acleds_notes_stays_text(tmp_path: Path) -> None:
    note = "A drone hit a house. [size=no report]"
    incident = _one(table(tmp_path, {**ACLED, "notes": note}))
    assert incident.description == note
    assert not incident.injured.total.is_known


def test_a_country_that_no_list_has_stays_unstated(tmp_path: Path) -> None:
    assert _one(table(tmp_path, {**ACLED, "country": "Black Sea (maritime)"})).place.country is None


def test_a_later_stamp_alone_changes_no_record(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    for stamp, fate in (("1741600000", "added"), ("1741700000", "unchanged")):
        report = imported(private_workspace, table(tmp_path, {**ACLED, "timestamp": stamp}))
        assert getattr(report, fate) == 1


# HAPI, and ACLED's aggregates


HAPI = (
    "\ufefflocation_code,admin1_code,admin2_code,admin_level,event_type,events,fatalities,"
    "reference_period_start,reference_period_end\nUKR,UA44,UA4402,2,civilian_targeting,5,3,,\n"
)
AGGREGATED = (
    *("Country", "Admin1", "Admin2", "ISO3", "Admin2 Pcode", "Admin1 Pcode", "Month", "Year"),
    *("Events", "Fatalities"),
)


@pytest.mark.parametrize("kind", ["hapi.csv", "sums.csv", "sums.xlsx"])
def test_sums_are_refused_and_never_taken_for_events(kind: str, tmp_path: Path) -> None:
    row = ["Ukraine", "Luhansk", "", "UKR", "", "UA44", "March", "2024", "5", "3"]
    if kind == "sums.xlsx":
        path = workbook(tmp_path, sheet([AGGREGATED, row]), name=kind)
    else:
        text = HAPI if kind == "hapi.csv" else f"{','.join(AGGREGATED)}\n{','.join(row)}\n"
        path = written(tmp_path, kind, text)
    with pytest.raises(InvalidFile) as refused:
        choose(SourceFile.open(path))
    assert str(refused.value) == (
        f"content of {kind}: got 'sums by region and month', allowed: events; "
        "`strikemap summary --against FILE` compares HDX HAPI's totals with ours."
    )


# UCDP


def test_ucdps_columns_may_stand_in_another_order(tmp_path: Path) -> None:
    turned = dict(reversed(UCDP.items()))
    assert _one(table(tmp_path, turned)) == _one(table(tmp_path, UCDP))


def test_minus_one_source_and_a_relid_of_zero_are_no_figures(tmp_path: Path) -> None:
    odd = {**UCDP, "number_of_sources": "-1", "relid": "0"}
    assert _one(table(tmp_path, odd)) == _one(table(tmp_path, UCDP))


# VIINA


def test_an_hour_of_midnight_is_no_hour(tmp_path: Path) -> None:
    incident = _one(table(tmp_path, {**VIINA, "t_uav_b": "1"}))
    assert (incident.when.first, incident.when.start) == (date(2025, 9, 10), None)


def test_viinas_reports_are_joined_by_comma_and_space(tmp_path: Path) -> None:
    incident = _one(table(tmp_path, {**VIINA, "t_uav_b": "1", "sources": "one, other,third"}))
    assert [one.publisher for one in incident.sources] == ["one", "other", "third"]


# DeepState


def test_a_no_break_space_and_line_ends_around_a_key_make_no_difference(tmp_path: Path) -> None:
    plain = drawn("Окуповано /// Occupied /// geoJSON.status.occupied")
    spaced = drawn("Окуповано\u00a0///\nOccupied ///\u00a0geoJSON.status.occupied\u00a0\n")
    assert areas(read_control(raw(tmp_path, spaced))) == areas(read_control(raw(tmp_path, plain)))


def test_a_collection_of_2022_gives_its_polygons_and_heights_fall_away(tmp_path: Path) -> None:
    ring = [[*corner, 0] for corner in square(36, 47, 1)["coordinates"][0]]
    inner = [{"type": "Polygon", "coordinates": [ring]}, point(36.5, 47.5)]
    shape = {"type": "GeometryCollection", "geometries": inner}
    results = read_control(raw(tmp_path, drawn("Окуповано", "#a52714", shape)))
    assert [status for _controller, status, _part, _word in areas(results)] == ["assessed"]


# ISW


def test_an_empty_view_of_arcgis_is_no_record(private_workspace: Workspace, tmp_path: Path) -> None:
    text = collection([], name="VIEW_RussiaCoTinUkraine_V3")
    path = written(tmp_path, "VIEW_RussiaCoTinUkraine_V3.geojson", text)
    with pytest.raises(InputError):
        imported(private_workspace, path, format="isw")


def test_milliseconds_of_an_edit_are_not_the_day(tmp_path: Path) -> None:
    properties = {"OBJECTID": 1, "GlobalID_2": "x", "EditDate": 1735689600000}
    text = collection([feature(properties, square(36, 47, 1))])
    path = written(tmp_path, "VIEW_RussiaCoTinUkraine_V3.geojson", text)
    (outcome,) = [
        one for one in read_control(path, "isw", valid_on=DAY) if isinstance(one, ParsedRecord)
    ]
    assert outcome.record.valid_on == DAY  # type: ignore[union-attr]


# GeoConfirmed


COLOURS = {
    "0051CA": Dropped(1, "armed_force"),
    "E00000": Dropped(1, "armed_force"),
    "3184FF": None,
    "FF6666": None,
    "AC7339": None,
    "666666": None,
}


@pytest.mark.parametrize("colour", COLOURS)
def test_a_colour_of_an_icon_tells_the_faction(colour: str, tmp_path: Path) -> None:
    mark = (
        "<Placemark><name>17 SEP 2025</name><description>Invented damage</description>"
        f"<styleUrl>#https://example.org/api/icons/{colour}/False/icons/fire.png</styleUrl>"
        "<Point><coordinates>35.4,49.3,0</coordinates></Point></Placemark>"
    )
    path = tmp_path / "map.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("doc.kml", f"<kml><Document>{mark}</Document></kml>")
    assert GeoConfirmed().recognises(SourceFile.open(path))
    (outcome,) = outcomes(path, into=UKRAINE)
    assert (outcome if isinstance(outcome, Dropped) else None) == COLOURS[colour]


def test_every_colour_that_formats_lists_is_known(reference: Reference) -> None:
    colours = reference.taxonomy.crosswalk("geoconfirmed")["colours"]
    assert {*COLOURS, "DDDD00", "0A5900"} <= set(colours)


# Bellingcat


@pytest.mark.parametrize(("word", "graphic"), [("TRUE", True), ("FALSE", False), ("", False)])
def test_timemaps_word_sets_the_graphic_flag(word: str, graphic: bool, tmp_path: Path) -> None:
    event = {
        "id": "CIV1",
        "date": "3/14/2022",
        "latitude": "49.99",
        "longitude": "36.23",
        "location": "Inventown",
        "description": "Invented",
        "sources": [],
        "filters": [],
        "graphic": word,
    }
    (incident,) = records(written(tmp_path, "export.json", json.dumps([event])), UKRAINE)
    assert incident.graphic is graphic
    assert incident.when.first == date(2022, 3, 14)


# Files made to do harm


def _rows(name: str) -> dict[str, str]:
    return {"acled": ACLED, "ucdp": UCDP, "viina": VIINA}[name]


@pytest.mark.parametrize("name", ["acled", "ucdp", "viina"])
@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (
            lambda row: {**row, next(iter(row)): "x" * 10_000_000},
            "cell of file.csv, after row 0: got 'a longer one', allowed: at most 131,072 char",
        ),
        (
            lambda row: {**row, **{f"c{number}": "" for number in range(5_000)}},
            "columns of file.csv: got '5,0",
        ),
        (
            lambda row: {**row, next(iter(row)): "a\0b"},
            "text of file.csv, near line 2: got 'a NUL character', allowed: text.",
        ),
    ],
    ids=["a cell of 10 MB", "5,000 columns", "NUL"],
)
def test_tables_made_to_do_harm_are_refused_by_the_readers_of_event_databases_too(
    spoil: Callable[[dict[str, str]], dict[str, str]],
    sentence: str,
    name: str,
    private_workspace: Workspace,
    tmp_path: Path,
) -> None:
    path = table(tmp_path, spoil(_rows(name)))
    with pytest.raises(InputError) as refused:
        imported(roomy(private_workspace), path, format=name)
    assert str(refused.value).startswith(sentence)
    assert private_workspace.store.head().seq == 0


def test_a_key_that_stands_twice_in_one_file_is_a_duplicate_or_a_clash(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = table(tmp_path, ACLED, ACLED, {**ACLED, "location": "Elsewhere"})
    report = imported(private_workspace, path)
    assert (report.added, report.duplicates, report.rejected) == (1, 1, 1)
    assert report.rejections[0].why == "the key stands for another record already, in row 1"


def lying_zip(path: Path, name: str, content: bytes, stated: int) -> Path:
    """Write a zip whose only member says that it is small, with a sum that fits what it says."""
    squeezer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = squeezer.compress(content) + squeezer.flush()
    sizes = struct.pack("<III", zlib.crc32(content[:stated]), len(packed), stated)
    called = name.encode()
    common = struct.pack("<HHHHH", 20, 0, 8, 0, 0) + sizes + struct.pack("<HH", len(called), 0)
    local = b"PK\x03\x04" + common + called
    central = b"PK\x01\x02\x14\x00" + common + struct.pack("<HHHII", 0, 0, 0, 0, 0) + called
    at = len(local) + len(packed)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), at, 0)
    path.write_bytes(local + packed + central + end)
    return path


@pytest.mark.parametrize("name", ["doc.kml", "xl/workbook.xml", "a.shp"])
def test_a_zip_that_lies_about_its_size_takes_no_memory(
    name: str, private_workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    most = 4 << 20
    for module in ("app.files.layers", "app.importers.points"):
        monkeypatch.setattr(f"{module}.MOST_UNPACKED_BYTES", most)
    path = lying_zip(tmp_path / "bomb.zip", name, bytes(64 << 20), 1_000)
    tracemalloc.start()
    try:
        for format_name in ("kml_points", "mapped", "isw", "hxl"):
            with pytest.raises(InputError):
                imported(private_workspace, path, format=format_name)
        assert tracemalloc.get_traced_memory()[1] < 4 * most
    finally:
        tracemalloc.stop()


def test_an_honest_zip_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "fine.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"x" * 3_000_000)
        archive.writestr("b.txt", b"")
    assert layers.zipped_bytes(SourceFile.open(path), "a.txt") == b"x" * 3_000_000
    assert layers.zipped_bytes(SourceFile.open(path), "b.txt") == b""


def test_a_member_over_the_bound_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layers, "MOST_UNPACKED_BYTES", 1_000)
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", bytes(1_001))
    with pytest.raises(TooLarge):
        layers.zipped_bytes(SourceFile.open(path), "a.txt")


def test_elements_nested_without_end_are_read_or_refused(tmp_path: Path) -> None:
    text = "<kml>" + "<Folder>" * 200_000 + "</Folder>" * 200_000 + "<Point/></kml>"
    with pytest.raises(InvalidFile, match="got 'no Placemark'"):
        outcomes(written(tmp_path, "deep.kml", text), "kml_points", UKRAINE)
