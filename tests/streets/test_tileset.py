"""Basemap files of any size open at once, and what is wrong with one is one sentence."""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path

import pytest
from pmtiles.tile import Compression, TileType

from app.domain.errors import InputError, InvalidFile
from app.streets.tileset import MOST_TILE_BYTES, Tileset, open_tileset, unpacked
from tests.basemaps import (
    GROUND,
    ground_file,
    kyiv,
    picture,
    vector_tile,
    write_mbtiles,
    write_pmtiles,
)

TILE = vector_tile(GROUND["OpenMapTiles"])


def test_a_tile_comes_back_as_it_was_written(tmp_path: Path) -> None:
    tiles = {(z, *kyiv(z)): vector_tile(GROUND["OpenMapTiles"][: z + 1]) for z in range(6)}
    packed = {place: gzip.compress(tile) for place, tile in tiles.items()}
    both: list[Tileset] = [
        open_tileset(write_mbtiles(tmp_path / "a.mbtiles", packed, {"name": "A"})),
        open_tileset(write_pmtiles(tmp_path / "a.pmtiles", tiles, {"name": "A"})),
    ]
    for tileset in both:
        facts = tileset.facts
        assert (facts.name, facts.form, facts.min_zoom, facts.max_zoom) == ("A", "mvt", 0, 5)
        assert {place: tileset.tile(*place) for place in tiles} == tiles
        assert tileset.tile(5, 0, 0) is None


def test_a_file_with_leaf_directories_is_read(tmp_path: Path) -> None:
    tiles = {(9, x, y): TILE[: 60 + x] for x in range(150) for y in range(150)}
    tileset = open_tileset(write_pmtiles(tmp_path / "leaves.pmtiles", tiles, {}))
    for place in ((9, 0, 0), (9, 77, 149), (9, 149, 149)):
        assert tileset.tile(*place) == tiles[place]


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_the_form_of_tiles_is_told_by_their_bytes(tmp_path: Path, form: str) -> None:
    says_vector = {"format": "pbf", "name": "wrong"}
    path = write_mbtiles(tmp_path / "a.mbtiles", {(0, 0, 0): picture(form)}, says_vector)
    assert open_tileset(path).facts.form == form.lower()


def test_a_credit_is_text_and_a_box_on_the_globe(tmp_path: Path) -> None:
    says = {
        "attribution": '<a href="https://example.org" onclick="x()">© A &amp; B</a>\n contributors',
        "bounds": "22,44,41,53",
    }
    facts = open_tileset(write_mbtiles(tmp_path / "a.mbtiles", {(0, 0, 0): TILE}, says)).facts
    assert facts.credit == "© A & B contributors"
    assert tuple(facts.bounds) == (22, 44, 41, 53)
    says["bounds"] = "somewhere"
    facts = open_tileset(write_mbtiles(tmp_path / "b.mbtiles", {(0, 0, 0): TILE}, says)).facts
    assert facts.bounds.west == -180


def test_a_file_without_metadata_is_read_by_its_tiles(tmp_path: Path) -> None:
    facts = open_tileset(write_mbtiles(tmp_path / "plain.mbtiles", {(3, 4, 2): TILE})).facts
    assert (facts.name, facts.form, facts.min_zoom, facts.max_zoom) == ("plain", "mvt", 3, 3)


def _spoilt(tmp_path: Path) -> dict[str, Path]:
    whole = ground_file(tmp_path / "whole.pmtiles", "Protomaps")
    content = whole.read_bytes()
    made = {
        "version 2": content[:7] + b"\x02" + content[8:],
        "bytes": content[: len(content) // 2],
        "another format": b"PK\x03\x04" + bytes(200),
        "MLT": content[:99] + b"\x06" + content[100:],
        "AVIF": content[:99] + b"\x05" + content[100:],
        "brotli": content[:98] + b"\x03" + content[99:],
        "no such table": b"",
    }
    paths = {}
    for name, data in made.items():
        paths[name] = tmp_path / f"{name.replace(' ', '-')}.bin"
        paths[name].write_bytes(data)
    paths["no such table"].unlink()
    paths["no such table"] = write_mbtiles(tmp_path / "empty.mbtiles", {})
    paths["a file without tiles"] = paths.pop("no such table")
    avif = b"\x00\x00\x00\x20ftypavif" + bytes(20)
    paths["tiles have AVIF"] = write_mbtiles(tmp_path / "avif.mbtiles", {(0, 0, 0): avif}, {})
    paths["tiles have another form"] = write_mbtiles(tmp_path / "x.mbtiles", {(0, 0, 0): b"xx"}, {})
    return paths


def test_what_is_no_basemap_is_refused_in_one_sentence(tmp_path: Path) -> None:
    for got, path in _spoilt(tmp_path).items():
        with pytest.raises(InvalidFile, match=got):
            open_tileset(path)
    with pytest.raises(InputError, match="No such file"):
        open_tileset(tmp_path / "nothing.pmtiles")


def test_a_bomb_and_a_huge_tile_are_refused_before_they_fill_the_memory(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(MOST_TILE_BYTES + 1))
    with pytest.raises(InvalidFile, match="a tile that is larger"):
        unpacked(bomb)
    tiles = {(0, 0, 0): gzip.compress(TILE), (1, 0, 0): bomb}
    tileset = open_tileset(write_mbtiles(tmp_path / "bomb.mbtiles", tiles, {}))
    with pytest.raises(InvalidFile, match="a tile that is larger"):
        tileset.tile(1, 0, 0)
    raw = {(0, 0, 0): TILE, (1, 0, 0): os.urandom(MOST_TILE_BYTES + 1)}
    path = write_pmtiles(tmp_path / "big.pmtiles", raw, {}, packing=Compression.NONE)
    with pytest.raises(InvalidFile, match="a part of"):
        open_tileset(path).tile(1, 0, 0)


def test_a_file_of_100_gb_opens_without_being_read(tmp_path: Path) -> None:
    path = ground_file(tmp_path / "planet.pmtiles", "OpenMapTiles")
    header = bytearray(path.read_bytes()[:127])
    offset, length = struct.unpack_from("<QQ", header, 56)
    content = path.read_bytes()[offset : offset + length]
    far = 100 * 10**9
    struct.pack_into("<Q", header, 56, far)
    with path.open("r+b") as file:
        file.write(header)
        file.seek(far)
        file.write(content)
    tileset = open_tileset(path)
    assert tileset.tile(14, *kyiv(14)) == TILE
    assert path.stat().st_blocks * 512 < 10**7


def test_a_file_that_is_cut_while_it_is_open_is_a_sentence(tmp_path: Path) -> None:
    path = ground_file(tmp_path / "a.pmtiles", "OpenMapTiles")
    tileset = open_tileset(path)
    os.truncate(path, 200)
    with pytest.raises(InvalidFile, match="cut"):
        tileset.tile(14, *kyiv(14))


def test_pictures_in_pmtiles_are_read(tmp_path: Path) -> None:
    path = write_pmtiles(
        tmp_path / "a.pmtiles",
        {(0, 0, 0): picture()},
        {},
        kind=TileType.PNG,
        packing=Compression.NONE,
    )
    assert open_tileset(path).facts.form == "png"
