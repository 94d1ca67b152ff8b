"""PMTiles archives are read by the format's own reader, whatever their size."""

from __future__ import annotations

import gzip
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pmtiles.reader import MemorySource, Reader, all_tiles
from pmtiles.tile import zxy_to_tileid

from app.domain.place import Bounds
from app.tiles.archive import FIRST_READ_BYTES, Archive, tile_numbers

BOX = Bounds(22, 44, 40, 52)


@given(st.integers(0, 18).flatmap(lambda z: st.tuples(st.just(z), *[st.integers(0, 2**z - 1)] * 2)))
def test_tiles_are_numbered_as_the_format_numbers_them(place: tuple[int, int, int]) -> None:
    z, x, y = place
    assert tile_numbers(z, np.array([x]), np.array([y])).tolist() == [zxy_to_tileid(z, x, y)]


def written(tiles: dict[tuple[int, int, int], bytes]) -> bytes:
    data = io.BytesIO()
    archive = Archive(data)
    for number, content in sorted((zxy_to_tileid(*at), body) for at, body in tiles.items()):
        archive.add(number, content)
    zooms = min(at[0] for at in tiles), max(at[0] for at in tiles)
    return archive.head({"name": "a test"}, BOX, zooms) + data.getvalue()


@pytest.mark.parametrize("across", [1, 8, 256])
def test_every_tile_is_found_again_with_leaves_and_without(across: int) -> None:
    chance = np.random.default_rng(1)
    tiles = {
        (8, x, y): chance.bytes(int(chance.integers(1, 60)))
        for x in range(across)
        for y in range(across)
        if chance.random() < 0.7 or across == 1
    }
    whole = written(tiles)
    reader = Reader(MemorySource(whole))
    header = reader.header()
    assert header["clustered"] is True
    assert (header["leaf_directory_length"] > 0) is (across == 256)
    assert header["root_offset"] + header["root_length"] <= FIRST_READ_BYTES
    assert header["addressed_tiles_count"] == len(tiles)
    contents = {at: gzip.decompress(body) for at, body in all_tiles(MemorySource(whole))}
    assert contents == tiles
    for at in list(tiles)[:50]:
        assert gzip.decompress(reader.get(*at)) == tiles[at]
    assert reader.metadata() == {"name": "a test"}


def test_equal_tiles_are_written_once_and_run_together() -> None:
    whole = written({(4, x, y): b"sea" for x in range(16) for y in range(16)})
    header = Reader(MemorySource(whole)).header()
    assert (header["addressed_tiles_count"], header["tile_entries_count"]) == (256, 1)
    assert header["tile_contents_count"] == 1
