"""A View in a notebook: a plain Folium map that asks nobody, and frames that say what is known."""

from __future__ import annotations

import json
import re
from pathlib import Path

import folium
import pytest

from app.domain.errors import InvalidView
from app.notebook import Notebook
from tests.serving import command
from tests.support import table

EXAMPLE = "theatre=example&from=2024-03-01&to=2024-03-31"


@pytest.fixture(scope="module")
def book(demo_data: Path) -> Notebook:
    return Notebook.open(demo_data)


def test_incidents_come_as_points_with_unknown_as_none(book: Notebook) -> None:
    frame = book.incidents(EXAMPLE)
    assert frame.crs == "EPSG:4326"
    assert len(frame) == book.regions(EXAMPLE)["incidents"].sum()
    assert set(frame[frame.geometry.isna()]["precision"]) <= {"admin1", "admin2", "country"}
    unknown = frame[frame["killed_low"].isna() & frame["killed_best"].isna()]
    assert len(unknown) > 0
    killed = frame["killed_low"].dropna()
    assert killed.sum() == book.regions(EXAMPLE)["killed_low"].dropna().sum()


def test_regions_come_with_their_sums_and_shapes(book: Notebook) -> None:
    frame = book.regions(EXAMPLE)
    assert frame.geometry.is_valid.all()
    assert (frame["killed_known"] <= frame["killed_of"]).all()


def test_the_map_is_a_plain_folium_map_that_asks_no_other_host(book: Notebook) -> None:
    folium_map = book.map(EXAMPLE)
    assert type(folium_map) is folium.Map
    folium.Marker((0, 0)).add_to(folium_map)
    page = folium_map.get_root().render()
    assert re.findall(r"(?:src|href)=[\"'](?!data:|#)([^\"']+)", page) == []
    assert "Invented strikes" in page


def test_two_maps_share_nothing(book: Notebook) -> None:
    book.map(EXAMPLE)
    assert any("cdn" in url or "http" in url for _name, url in folium.Map().default_js)


def test_no_text_of_a_record_reaches_the_generated_code(tmp_path: Path) -> None:
    hostile = "{{ 7 * 7 }}${alert(1)}</script>"
    row = {"source_key": "a", "start": "2024-03-10", "precision": "exact", "place": hostile}
    row |= {"lon": "-124.5", "lat": "-42.25", "description": hostile}
    data_dir = tmp_path / "data"
    words = ("--dataset", "hostile", "--theatre", "example", "--synthetic", "--title", hostile)
    done = command(data_dir, "import", str(table(tmp_path, row)), *words)
    assert done.returncode == 0, done.stderr
    book = Notebook.open(data_dir)
    page = book.map("theatre=example&dataset=hostile").get_root().render()
    assert "alert(1)}</script>" not in page
    assert "49${alert" not in page
    assert book.incidents("theatre=example&dataset=hostile")["place"].tolist() == [hostile]


def test_the_public_book_shows_what_the_public_may_see(tmp_path: Path) -> None:
    row = {"source_key": "a", "start": "2025-03-10", "precision": "country", "lon": "", "lat": ""}
    data_dir = tmp_path / "data"
    command(data_dir, "import", str(table(tmp_path, row)), "--dataset", "held")
    assert len(Notebook.open(data_dir).incidents("dataset=held")) == 1
    assert len(Notebook.open(data_dir, public=True).incidents("dataset=held")) == 0


def test_a_wrong_view_is_refused_with_what_is_allowed(book: Notebook) -> None:
    with pytest.raises(InvalidView, match="incidents, killed"):
        book.map("metric=loudness")
    assert json.loads(book.regions(EXAMPLE).to_json())["type"] == "FeatureCollection"
