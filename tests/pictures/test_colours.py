"""Tiles, figures and their legends show what the View colours and sizes marks by."""

from __future__ import annotations

import io
from datetime import date

import mapbox_vector_tile
import numpy as np
import pytest
from PIL import Image
from pytest_regressions.image_regression import ImageRegressionFixture

from app.domain.view import COLOURS_BY, View
from app.instance.workspace import Workspace
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from app.queries.looks import mark_classes
from app.render.palette import PAPER, RING, SIDE_MARKS, rgb
from app.tiles.grid import Tile
from tests.drawing import FONTS, colours_in, drawn, picture, words
from tests.making import NOON

EXAMPLE = View(
    theatre="example", synthetic=True, first=date(2024, 3, 1), last=date(2024, 4, 29), level=1
)
TILE = Tile("incidents", 6, 9, 40, "png")


def tile_of(workspace: Workspace, view: View, tile: Tile = TILE) -> bytes:
    return Tiler(FONTS).tile(Query.of(workspace, view, NOON), tile)


@pytest.mark.parametrize(
    ("name", "view"),
    [
        ("sector", EXAMPLE.but(colour_by="sector")),
        ("side", EXAMPLE.but(colour_by="side", size_by="killed")),
    ],
)
def test_a_tile_of_chosen_colours_looks_as_it_was_looked_at(
    demos: Workspace, image_regression: ImageRegressionFixture, name: str, view: View
) -> None:
    body = tile_of(demos, view, Tile("map", 6, 9, 40, "png"))
    image_regression.check(body, diff_threshold=0.5, basename=f"tile_{name}")


@pytest.mark.parametrize("by", COLOURS_BY)
def test_a_tile_has_the_colours_of_its_classes_and_no_others(demos: Workspace, by: str) -> None:
    view = EXAMPLE.but(colour_by=by, synthetic=True)
    pixels = np.asarray(Image.open(io.BytesIO(tile_of(demos, view))).convert("RGBA"))
    every = {rgb(one.mark.colour) for one in mark_classes(Query.of(demos, view, NOON))}
    others = {
        rgb(one.mark.colour)
        for other in COLOURS_BY
        for one in mark_classes(Query.of(demos, view.but(colour_by=other), NOON))
    } - {*every, rgb(PAPER), rgb(RING)}  # numbers at crowded places have these
    solid = colours_in(pixels[pixels[:, :, 3] == 255])
    assert solid & every
    assert not solid & others


@pytest.mark.parametrize("form", ["png", "svg"])
def test_a_figure_is_coloured_as_its_tiles(demos: Workspace, form: str) -> None:
    body = drawn(demos, EXAMPLE.but(colour_by="side"), form, scale=2)
    for mark in SIDE_MARKS[:3]:
        if form == "svg":
            assert body.count(f'fill="{mark.colour}"'.encode()) > 20
        else:
            assert rgb(mark.colour) in colours_in(picture(body))


def test_a_legend_says_what_colours_and_sizes_mean_and_by_whose_word(demos: Workspace) -> None:
    text = words(demos, EXAMPLE.but(colour_by="side", size_by="killed"))
    for part in (
        "Colour: ground held by (source: Invented control)",
        *("Orra Council", "Tarn League", "Mirel Assembly", "Size: killed"),
        *("0 1 to 4 5 to 19 no figure known", "only the settlement is known"),
    ):
        assert part in text
    assert "Drone" not in text
    plain = words(demos, EXAMPLE)
    assert "Drone" in plain
    assert "Colour:" not in plain
    assert "Size:" not in plain


def test_a_vector_tile_carries_the_class_of_each_mark(demos: Workspace) -> None:
    def classes(view: View) -> list[str | None]:
        body = tile_of(demos, view, TILE._replace(form="mvt"))
        features = mapbox_vector_tile.decode(body)["incidents"]["features"]
        return [one["properties"].get("class") for one in features]

    assert set(classes(EXAMPLE)) == {None}
    of_sides = set(classes(EXAMPLE.but(colour_by="side")))
    assert len(of_sides) > 1
    assert of_sides <= {"orra", "tarn", "mirel", "not_stated", "unknown"}
