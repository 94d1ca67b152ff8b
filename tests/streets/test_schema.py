"""The three schemas in use are recognised by their layers, and say the same of the same ground."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from app.streets.ground import StreetMap, TilePlace, ground_tile
from app.streets.schema import KNOWN, Schema, name_in, schema_of
from app.streets.tileset import open_tileset
from tests.basemaps import GROUND, ground_file, kyiv, layers_of, vector_tile, write_mbtiles


def _schema(name: str) -> Schema:
    (schema,) = (schema for schema in KNOWN if schema.name == name)
    return schema


@pytest.mark.parametrize("name", GROUND)
def test_a_schema_is_recognised_by_its_layers(tmp_path: Path, name: str) -> None:
    schema = schema_of(layers_of(name))
    assert schema is not None
    assert schema.name == name
    assert StreetMap(open_tileset(ground_file(tmp_path / "a.pmtiles", name))).schema == schema
    bare = {(14, *kyiv(14)): vector_tile(GROUND[name])}
    unnamed = StreetMap(open_tileset(write_mbtiles(tmp_path / "b.mbtiles", bare)))
    assert unnamed.schema == schema
    assert unnamed.credit == "© OpenStreetMap contributors"


def test_layers_of_other_files_are_no_known_schema() -> None:
    assert schema_of([]) is None
    assert schema_of(["water", "parcels"]) is None


@pytest.mark.parametrize("name", GROUND)
def test_each_schema_says_the_same_of_the_same_ground(name: str) -> None:
    ground = ground_tile(vector_tile(GROUND[name]), _schema(name))
    assert {kind: len(parts.starts) for kind, parts in ground.areas.items()} == {
        "wood": 1,
        "water": 3,
        "building": 1,
    }
    assert {kind: len(parts.starts) for kind, parts in ground.ways.items()} == {
        "main": 1,
        "rail": 1,
    }
    assert ground.has_ocean
    names = {one.kind: (name_in("en", one.tags), name_in("uk", one.tags)) for one in ground.names}
    assert names == {"main": ("Holovna", "Головна"), "suburb": ("Podil", "Поділ")}


def test_an_unknown_schema_is_drawn_as_far_as_geometry_tells() -> None:
    features = [("x", shape, dict[str, Any]()) for _, shape, _ in GROUND["Shortbread"]]
    ground = ground_tile(vector_tile(features), None)
    assert set(ground.areas) == {"area"}
    assert set(ground.ways) == {"line"}
    assert not ground.names


def test_a_damaged_tile_is_left_out_and_said_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    good = vector_tile(GROUND["OpenMapTiles"])
    tiles = {(14, *kyiv(14)): good, (14, 0, 0): good[:-7]}
    streets = StreetMap(open_tileset(write_mbtiles(tmp_path / "a.mbtiles", tiles)))
    assert streets.tile(TilePlace(14, 0, 0)) is None
    assert "a tile of the basemap" in caplog.text
