"""A View's PMTiles hold what the index holds, and what the terms let out."""

from __future__ import annotations

import gzip
from dataclasses import replace
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import msgspec
import pyogrio
import pytest
from pmtiles.reader import MemorySource, Reader, all_tiles

from app.domain.errors import NotShared
from app.domain.terms import OPEN, Audience, Face, Terms
from app.domain.view import View
from app.instance.workspace import Workspace
from app.pictures.archive import ArchiveLayers, archive_view
from app.pictures.tiles import Tiler
from app.publishing.publish import publish
from app.publishing.query import Query
from app.tiles.grid import Tile
from tests.making import ROOT, add, dataset, incident
from tests.support import NOW

FONTS = ROOT / "static/vendor/noto-sans-5.3.0"
EXAMPLE = View(theatre="example", synthetic=True)


def archived(workspace: Workspace, path: Path, view: View, layers: list[str], top: int) -> Any:
    tiler = Tiler(FONTS)
    return archive_view(tiler, Query.of(workspace, view, NOW), ArchiveLayers(layers, 0, top), path)


@pytest.mark.parametrize("view", [EXAMPLE, EXAMPLE.but(colour_by="side")])
def test_every_level_holds_every_mark_of_the_index(
    demos: Workspace, tmp_path: Path, view: View
) -> None:
    path = tmp_path / "out.pmtiles"
    report = archived(demos, path, view, ["incidents"], 9)
    published = publish(Query.of(demos, view, NOW), Face.tiles)
    marks = len(published.select().drawable(published.filter))
    counts = dict.fromkeys(range(10), 0)
    tiler, query = Tiler(FONTS), Query.of(demos, view, NOW)
    for (z, x, y), body in all_tiles(MemorySource(path.read_bytes())):
        content = gzip.decompress(body)
        assert content == tiler.tile(query, Tile("incidents", z, x, y, "mvt"))
        features = mapbox_vector_tile.decode(content)["incidents"]["features"]
        counts[z] += sum(one["properties"]["n"] for one in features)
    assert counts == dict.fromkeys(range(10), marks)
    assert report.marks == marks > 200
    metadata = Reader(MemorySource(path.read_bytes())).metadata()
    assert [layer["id"] for layer in metadata["vector_layers"]] == ["incidents"]
    assert metadata["strikemap"]["view"]["theatre"] == "example"
    assert "ledger head" in metadata["description"]
    assert metadata["attribution"].startswith("Invented strikes")


def test_gdal_opens_the_archive_with_all_layers(demos: Workspace, tmp_path: Path) -> None:
    path = tmp_path / "out.pmtiles"
    archived(demos, path, EXAMPLE, ["regions", "control", "incidents"], 5)
    assert {name for name, _ in pyogrio.list_layers(path)} == {"regions", "control", "incidents"}


@pytest.mark.parametrize("terms", [{"export": False}, {"tiles": False}])
def test_the_public_gets_no_archive_that_the_terms_forbid(
    workspace: Workspace, tmp_path: Path, terms: dict[str, bool]
) -> None:
    closed: Terms = msgspec.structs.replace(OPEN, **terms)
    add(workspace.store, dataset(terms=closed), incident())
    view, path = View(theatre="ukraine", datasets=("invented",)), tmp_path / "out.pmtiles"
    with pytest.raises(NotShared, match="'invented'"):
        archived(workspace, path, view, ["incidents"], 3)
    assert not path.exists()
    private = replace(workspace, audience=Audience.private)
    assert archived(private, path, view, ["incidents"], 3).marks == 1
