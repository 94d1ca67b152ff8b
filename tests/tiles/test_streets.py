"""The operator's basemap on a picture: the same ground looks the same, whatever the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pmtiles.tile import Compression, TileType
from pytest_regressions.image_regression import ImageRegressionFixture

from app.reference.reference import Reference
from app.render.frame import Frame
from app.render.painter import Painter
from app.render.palette import BUILDING, LAND, MAIN_ROAD, PAPER, WATER, WOOD, rgb
from app.render.svg import SvgCanvas
from app.settings import read_settings
from app.streets.ground import StreetMap
from app.streets.tileset import open_tileset
from app.tiles.street_names import street_names, with_settlements
from app.tiles.streets import cells_on, draw_streets
from tests.basemaps import (
    GROUND,
    ground_file,
    kyiv,
    picture,
    vector_tile,
    write_mbtiles,
    write_pmtiles,
)

FONTS = read_settings().fonts_dir
ZOOM = 15
X, Y = (part << 1 for part in kyiv(14))


def _map(tmp_path: Path, name: str) -> StreetMap:
    return StreetMap(open_tileset(ground_file(tmp_path / f"{name}.pmtiles", name)))


def _drawn(streets: StreetMap, frame: Frame) -> np.ndarray:
    painter = Painter(frame, PAPER, FONTS)
    draw_streets(painter, streets)
    return np.asarray(painter.image)


def _at(pixels: np.ndarray, x: int, y: int) -> tuple[int, ...]:
    """The colour at a place of the tile, in its own units; the picture shows the whole tile."""
    return tuple(int(part) for part in pixels[y * len(pixels) // 4096, x * len(pixels) // 4096])


FACTS = ("Title", "Description", "Copyright", "Creation Time")
WHOLE = Frame(ZOOM, X, Y, 1, 512, 512)


def test_the_same_ground_is_the_same_picture_in_every_schema(tmp_path: Path) -> None:
    pictures = [_drawn(_map(tmp_path, name), WHOLE) for name in GROUND]
    assert all((one == pictures[0]).all() for one in pictures)
    first = pictures[0]
    assert _at(first, 300, 300) == rgb(WOOD)
    assert _at(first, 2400, 400) == rgb(WATER)
    assert _at(first, 3000, 1000) == rgb(LAND)  # the island
    assert _at(first, 2600, 2800) == rgb(BUILDING)
    assert _at(first, 2048, 2200) == rgb(MAIN_ROAD)
    assert _at(first, 1800, 3800) == rgb(LAND)
    assert _at(first, 4000, 4000) == rgb(WATER)  # the sea


@pytest.mark.parametrize("name", GROUND)
def test_a_tile_of_each_schema_looks_as_it_was_looked_at(
    tmp_path: Path, image_regression: ImageRegressionFixture, name: str
) -> None:
    streets, canvas = _map(tmp_path, name), Painter(WHOLE, PAPER, FONTS)
    draw_streets(canvas, streets)
    for name_of_road in street_names(canvas, streets, "uk", []):
        canvas.write(name_of_road)
    image_regression.check(canvas.png(), diff_threshold=0.5)


def test_tiles_side_by_side_are_the_picture_of_both(tmp_path: Path) -> None:
    streets = _map(tmp_path, "OpenMapTiles")
    parts = [
        np.concatenate([_drawn(streets, Frame(ZOOM, X + dx, Y + dy)) for dx in (0, 1)], axis=1)
        for dy in (0, 1)
    ]
    difference = np.abs(np.concatenate(parts).astype(int) - _drawn(streets, WHOLE))
    assert (difference.max(axis=2) > 24).mean() < 0.001


def test_missing_zooms_are_drawn_from_a_smaller_one(tmp_path: Path) -> None:
    content = vector_tile(GROUND["OpenMapTiles"])
    tiles = {(z, *kyiv(z)): content for z in (12, 14)}
    streets = StreetMap(open_tileset(write_mbtiles(tmp_path / "a.mbtiles", tiles)))
    near = Frame(14, *kyiv(14))
    assert [cell.side for cell in cells_on(near, streets)] == [1024]
    assert [cell.side for cell in cells_on(WHOLE, streets)] == [512]
    assert [cell.side for cell in cells_on(Frame(18, X << 3, Y << 3), streets)] == [4096]
    assert cells_on(Frame(11, *kyiv(11)), streets) == []


def test_a_state_border_is_never_taken_from_the_file(tmp_path: Path) -> None:
    without = [one for one in GROUND["OpenMapTiles"] if one[0] != "boundary"]
    tiles = {(14, *kyiv(14)): vector_tile(without)}
    bare = StreetMap(open_tileset(write_mbtiles(tmp_path / "b.mbtiles", tiles)))
    assert (_drawn(bare, WHOLE) == _drawn(_map(tmp_path, "OpenMapTiles"), WHOLE)).all()


def test_ground_without_a_tile_and_small_zooms_stay_as_they_are(tmp_path: Path) -> None:
    streets = _map(tmp_path, "Shortbread")
    for frame in (Frame(ZOOM, 0, 0), Frame(8, *kyiv(8))):
        assert (_drawn(streets, frame) == rgb(PAPER)).all()


def test_a_file_without_sea_does_not_turn_the_sea_into_land(tmp_path: Path) -> None:
    inland = [one for one in GROUND["OpenMapTiles"] if one[2].get("class") != "ocean"]
    tiles = {(14, *kyiv(14)): vector_tile(inland)}
    streets = StreetMap(open_tileset(write_mbtiles(tmp_path / "a.mbtiles", tiles)))
    assert _at(_drawn(streets, WHOLE), 1800, 3800) == rgb(PAPER)


def test_names_of_roads_stand_whole_on_the_picture_in_the_readers_language(tmp_path: Path) -> None:
    streets = _map(tmp_path, "Protomaps")
    canvas = Painter(WHOLE, PAPER, FONTS)
    assert [run.text for run in street_names(canvas, streets, "en", [])] == ["Holovna"]
    assert [run.text for run in street_names(canvas, streets, "uk", [])] == ["Головна"]
    assert street_names(canvas, streets, "en", [(0, 0, 512, 512)]) == []


def test_a_quarter_is_added_to_the_shipped_places(tmp_path: Path, reference: Reference) -> None:
    places = reference.basemap("ukraine").places
    more = with_settlements(places, _map(tmp_path, "OpenMapTiles"), WHOLE)
    assert [names["en"] for names in more.names[len(places.names) :]] == ["Podil"]
    assert more.name(len(places.names), "uk") == "Поділ"
    x, y = WHOLE.pixels(more.lon[-1:], more.lat[-1:])
    assert (round(float(x[0])), round(float(y[0]))) == (125, 425)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "WEBP"])
def test_pictures_are_drawn_as_they_are(tmp_path: Path, form: str) -> None:
    tiles = {(14, *kyiv(14)): picture(form)}
    path = write_pmtiles(
        tmp_path / "a.pmtiles", tiles, {}, kind=TileType[form], packing=Compression.NONE
    )
    pixels = _drawn(StreetMap(open_tileset(path)), WHOLE)
    assert np.abs(pixels.astype(int) - rgb("#336699")).max() < 6


def test_a_picture_bomb_is_left_out(tmp_path: Path) -> None:
    tiles = {(14, *kyiv(14)): picture(side=4_200)}
    streets = StreetMap(open_tileset(write_mbtiles(tmp_path / "a.mbtiles", tiles)))
    assert (_drawn(streets, WHOLE) == rgb(PAPER)).all()


def test_an_svg_has_the_ground_as_shapes_and_slanted_names(tmp_path: Path) -> None:
    streets = _map(tmp_path, "OpenMapTiles")
    canvas = SvgCanvas(WHOLE, FONTS)
    draw_streets(canvas, streets)
    (run,) = street_names(canvas, streets, "en", [])
    canvas.write(run._replace(angle=30.0))
    text = canvas.svg(dict.fromkeys(FACTS, "A"), "en", PAPER).decode()
    assert WOOD in text
    assert "rotate(30.0" in text
