"""Files to take along over HTTP: what the terms allow, and nothing that is withheld."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest
import shapely
from python_calamine import CalamineWorkbook

from app.domain.damage import Damage
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.terms import Terms
from app.exporters.formats import FORMATS
from app.reference.reference import Reference
from tests.exporters.exporting import cells
from tests.making import add, dataset, incident, open_workspace
from tests.serving import Service, command, serving

NOW = datetime.now(UTC)
RECENT = When.days(NOW.date() - timedelta(days=3))
PLANT, NAME, TEXT = LonLat(34.567891, 48.456789), "Quarry Lane substation", "withheld words"
PLACE = Place.at(PLANT, Precision.exact, name=NAME, admin1="UA-71")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, reference: Reference) -> Path:
    """Hold one open record, one at a sensitive site, one under embargo, and a closed dataset."""
    folder = tmp_path_factory.mktemp("exports")
    workspace = open_workspace(folder, reference)
    add(
        workspace.store,
        dataset(),
        dataset("closed", licence="internal", terms=Terms()),
        incident("open", place=Place.at(LonLat(30.5, 50.4), Precision.exact), when=RECENT),
        incident("plant", place=PLACE, when=RECENT, damage=(Damage("energy", name=NAME),)),
        incident("held", place=PLACE, description=TEXT, public_after=NOW + timedelta(days=2)),
        incident("shut", dataset="closed", description=TEXT),
    )
    workspace.store.close()
    return folder


@pytest.fixture(scope="module")
def public(data: Path) -> Iterator[Service]:
    """Serve it to the public."""
    with serving(data) as service:
        yield service


@pytest.fixture(scope="module")
def private(data: Path) -> Iterator[Service]:
    """Serve it to this machine."""
    with serving(data, "--private") as service:
        yield service


@pytest.mark.parametrize("form", FORMATS)
def test_the_public_gets_no_file_of_what_must_stay(public: Service, form: str) -> None:
    for query in ("dataset=closed", "dataset=closed,invented"):
        answer = public.client.get(f"/api/export.{form}?{query}")
        assert answer.status_code == 403
        assert answer.headers["content-type"] == "application/problem+json"
        assert "'closed' (internal)" in answer.json()["detail"]
        assert "strikemap datasets set closed" in answer.json()["detail"]


def rows(service: Service, form: str, folder: Path, query: str) -> dict[str, list[object]]:
    """Fetch a file and read it: columns by name, points as text."""
    path = folder / f"got.{form}"
    answer = service.client.get(f"/api/export.{form}?{query}")
    assert answer.status_code == 200, answer.text
    path.write_bytes(answer.content)
    if form == "parquet":
        table = pq.read_table(path).to_pydict()
        return {**table, "geometry": table["geometry"]}
    if form == "xlsx":
        sheet = CalamineWorkbook.from_path(path).get_sheet_by_name("incidents").to_python()
        return {str(name): [row[n] for row in sheet[1:]] for n, name in enumerate(sheet[0])}
    return cells(path, "incidents" if form == "gpkg" else None)


@pytest.mark.parametrize("form", ["gpkg", "parquet", "xlsx", "geojson", "kml", "csv"])
def test_no_file_for_the_public_tells_a_withheld_place_or_text(
    public: Service, tmp_path: Path, form: str
) -> None:
    columns = rows(public, form, tmp_path, "dataset=invented")
    assert len(columns["status"]) == 2
    text = repr({name: column for name, column in columns.items() if name != "geometry"})
    for hint in (NAME, TEXT, str(PLANT.lon)[:7], str(PLANT.lat)[:7]):
        assert hint not in text
    shapes = [
        shapely.from_wkb(one) for one in columns.get("geometry", []) if isinstance(one, bytes)
    ]
    assert {round(one.bounds[0], 3) for one in shapes} <= {30.5}


@pytest.mark.parametrize("form", ["gpkg", "csv"])
def test_a_private_file_holds_everything(private: Service, tmp_path: Path, form: str) -> None:
    columns = rows(private, form, tmp_path, "dataset=invented")
    assert set(columns["source_key"]) == {"open", "plant", "held"}
    assert {NAME} <= set(columns["place"])
    about = private.client.get("/api/export.geojson?dataset=closed").json()["strikemap"]
    assert any("do not allow passing it on" in line for line in about["terms"])


def test_a_file_has_a_name_a_type_a_validator_and_is_packed_as_it_passes(public: Service) -> None:
    for form, kind in FORMATS.items():
        path = f"/api/export.{form}?dataset=invented"
        answer = public.client.get(path)
        assert answer.headers["content-type"] == kind.media_type
        assert f'filename="strikemap-invented.{form}"' in answer.headers["content-disposition"]
        again = public.client.get(path, headers={"If-None-Match": answer.headers["etag"]})
        assert (form, again.status_code) == (form, 304)
    with public.client.stream("GET", "/api/export.csv?dataset=invented") as packed:
        assert packed.headers["content-encoding"] == "gzip"
        raw = b"".join(packed.iter_raw())
    assert gzip.decompress(raw).startswith(b"\xef\xbb\xbfid,number")


def test_the_csv_says_where_its_description_is(public: Service) -> None:
    answer = public.client.get("/api/export.csv?dataset=invented")
    address = answer.headers["link"].split(">")[0].strip("<")
    metadata = public.client.get(address).json()
    rows = csv.DictReader(answer.text.removeprefix("\ufeff").splitlines())
    assert [column["name"] for column in metadata["tableSchema"]["columns"]] == rows.fieldnames


def test_the_table_links_each_format_or_says_why_not(public: Service) -> None:
    page = public.client.get("/table?dataset=invented").text
    for form in FORMATS:
        assert f'href="/api/export.{form}?' in page
    page = public.client.get("/table?dataset=closed").text
    assert "/api/export." not in page.replace("/api/export.{", "")
    assert "Not as a file: the terms of Closed do not allow it for the public." in page


def test_the_commands_write_files_and_an_archive(data: Path, tmp_path: Path) -> None:
    files = [str(tmp_path / f"out.{form}") for form in FORMATS]
    done = command(data, "export", *files, "--view", "dataset=invented", "--json")
    assert done.returncode == 0, done.stderr
    assert [one["rows"] for one in json.loads(done.stdout)] == [3] * len(FORMATS)
    assert (tmp_path / "out.csv-metadata.json").exists()
    done = command(data, "export", files[0], "--view", "dataset=invented", "--public", "--json")
    assert json.loads(done.stdout)[0]["rows"] == 2
    done = command(data, "tiles", str(tmp_path / "out.pmtiles"), "--view", "dataset=invented")
    assert "1 marks" in done.stdout
    for words, part in (
        (("export", "out.docx"), ".docx"),
        (("export", files[0], "--view", "dataset=closed", "--public"), "'closed'"),
        (("tiles", "out.mbtiles"), ".pmtiles"),
        (("tiles", "out.pmtiles", "--layer", "sea"), "sea"),
        (("tiles", "out.pmtiles", "--minzoom", "9", "--maxzoom", "3"), "maxzoom"),
    ):
        done = command(data, *words)
        assert (done.returncode, part in done.stderr) == (2, True), done.stderr
        assert "Traceback" not in done.stderr


def test_an_export_describes_itself_in_the_views_language(service: Service) -> None:
    query = {"theatre": "example", "lang": "uk", "from": "2024-03-01", "to": "2024-03-10"}
    about = service.client.get("/api/export.csv-metadata.json", params=query).text
    text = about.encode().decode("unicode_escape") if "\\u04" in about else about
    for part in ("Як було відомо на", "10 бер. 2024", "Назвіть джерело", "Вигадані дані"):
        assert part in text
    assert "Name the source" not in text


def test_a_table_has_hxl_hashtags_where_they_are_wanted(private: Service) -> None:
    plain = private.client.get("/api/export.csv").text.splitlines()
    tagged = private.client.get("/api/export.csv?hxl=true").text.splitlines()
    header, tags = (next(csv.reader([line])) for line in tagged[:2])
    by_name = dict(zip(header, tags, strict=True))
    assert (by_name["lat"], by_name["killed_low"]) == ("#geo+lat", "#affected+killed+min")
    assert [tagged[0], *tagged[2:]] == plain
    book = private.client.get("/api/export.xlsx?hxl=true").content
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book)).get_sheet_by_name("incidents")
    first, second = rows.to_python()[:2]
    assert second[first.index("region")] == "#adm1+code"
    refused = private.client.get("/api/export.kml?hxl=true")
    assert (refused.status_code, "hxl" in refused.text) == (422, True)


IDENTITY = {"Accept-Encoding": "identity"}


@pytest.mark.parametrize("form", ["parquet", "xlsx", "csv"])
def test_a_file_is_read_in_parts_and_resumed(public_service: Service, form: str) -> None:
    address, get = f"/api/export.{form}?theatre=example&synthetic=1", public_service.client.get
    whole = get(address, headers=IDENTITY)
    tag, size = whole.headers["etag"], len(whole.content)
    assert whole.headers["accept-ranges"] == "bytes"
    for asked, expected in (
        ("bytes=0-9", whole.content[:10]),
        ("bytes=-8", whole.content[-8:]),
        (f"bytes=10-{size + 5}", whole.content[10:]),
    ):
        part = get(address, headers={**IDENTITY, "Range": asked, "If-Range": tag})
        assert (part.status_code, part.content) == (206, expected)
        assert part.headers["etag"] == tag
        assert part.headers["content-range"].endswith(f"/{size}")
    other = get(address, headers={**IDENTITY, "Range": "bytes=0-9", "If-Range": '"of another"'})
    assert (other.status_code, other.content) == (200, whole.content)
    beyond = get(address, headers={**IDENTITY, "Range": f"bytes={size}-"})
    assert (beyond.status_code, beyond.headers["content-range"]) == (416, f"bytes */{size}")
    assert f"allowed: bytes 0 to {size - 1}" in beyond.json()["detail"]


def test_a_packed_file_has_another_tag_and_no_parts(public_service: Service) -> None:
    address, get = "/api/export.csv?theatre=example&synthetic=1", public_service.client.get
    plain = get(address, headers=IDENTITY)
    packed = get(address, headers={"Accept-Encoding": "gzip", "Range": "bytes=0-9"})
    assert (packed.status_code, packed.content) == (200, plain.content)
    assert packed.headers["etag"] != plain.headers["etag"]
    assert "accept-ranges" not in packed.headers
    database = get(address.replace(".csv", ".gpkg"), headers={**IDENTITY, "Range": "bytes=0-9"})
    assert (database.status_code, database.content[:6]) == (200, b"SQLite")
