"""Colours and shapes have one truth: no painter writes a colour, and all draw the same shapes."""

from __future__ import annotations

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import shapely

from app.domain.place import Bounds
from app.render.canvas import outline
from app.render.frame import Frame
from app.render.painter import FEW, Painter
from app.render.palette import FAMILIES, INK, LAND, PAPER, RING, SHAPES, WATER, WATERMARK, Mark, rgb
from app.render.stamps import footprint
from app.settings import ROOT

HEX = re.compile(r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})\b")
PAINTERS = sorted((ROOT / "app/render").glob("*.py")) + sorted((ROOT / "static/js").glob("*.js"))
FONTS = ROOT / "static/vendor/noto-sans-5.3.0"
RADIUS = 4.2


@pytest.mark.parametrize("path", PAINTERS, ids=lambda path: path.name)
def test_only_the_palette_writes_colours(path: Path) -> None:
    colours = HEX.findall(path.read_text())
    assert bool(colours) == (path.name == "palette.py"), colours


@pytest.mark.parametrize(
    ("name", "colour"),
    [("land", LAND), ("water", WATER), ("map-ink", INK), ("map-paper", PAPER)],
)
def test_the_pages_style_has_the_maps_colours_of_the_palette(name: str, colour: str) -> None:
    style = (ROOT / "static/page.css").read_text()
    assert re.findall(rf"--{name}: (#\w+);", style) == [colour]
    assert style.lower().count(colour.lower()) == 1 or name.startswith("map-")


def test_the_pages_watermark_has_the_colour_of_the_tiles() -> None:
    red, green, blue = rgb(WATERMARK)
    assert f"rgba({red}, {green}, {blue}, " in (ROOT / "static/page.css").read_text()


def test_every_family_has_a_shape_of_its_own_and_unknown_is_a_circle() -> None:
    shapes = [mark.shape for mark in FAMILIES.values()]
    assert len(set(shapes)) == len(FAMILIES)
    assert FAMILIES["unknown"].shape == "circle"
    assert set(shapes) == set(SHAPES)


@pytest.mark.parametrize("shape", SHAPES)
def test_shapes_are_about_as_large_as_the_circle(shape: str) -> None:
    whole = outline(shape, 1.0)
    assert whole.is_valid
    assert whole.area == pytest.approx(np.pi, rel=0.02)
    assert whole.centroid.distance(shapely.Point(0, 0)) < 0.01


@pytest.mark.parametrize(("first", "second"), [*combinations(SHAPES, 2)])
def test_shapes_differ_by_much_of_their_px_at_the_size_of_a_tile(first: str, second: str) -> None:
    areas = outline(first, RADIUS), outline(second, RADIUS)
    assert areas[0].symmetric_difference(areas[1]).area / areas[0].area > 0.17


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("radius", [3.4, 4.2, 8.4])
def test_a_ring_goes_round_every_shape_and_leaves_a_filling(shape: str, radius: float) -> None:
    covered, edge = footprint(shape, radius, 1.0)
    padded = np.pad(covered, 1)
    outside = ~padded
    touches = outside[:-2, 1:-1] | outside[2:, 1:-1] | outside[1:-1, :-2] | outside[1:-1, 2:]
    assert edge[covered & touches].all()
    assert (covered & ~edge).any()


@pytest.mark.parametrize("family", FAMILIES)
def test_few_and_many_marks_look_alike(family: str) -> None:
    frame = Frame.fit(Bounds(20, 44, 40, 52), 40, 40, 1)
    pictures = []
    for times in (1, FEW + 1):
        painter = Painter(frame, LAND, FONTS)
        marks: list[Mark] = [FAMILIES[family]] * times
        painter.dots(np.full(times, 20.5), np.full(times, 17.0), marks, RADIUS, RING)
        pictures.append(np.asarray(painter.image, np.int16))
    assert (pictures[0] != rgb(LAND)).any()
    assert np.abs(pictures[0] - pictures[1]).max() <= 2


def test_a_later_mark_covers_an_earlier_one_of_another_shape() -> None:
    frame = Frame.fit(Bounds(20, 44, 40, 52), 40, 40, 1)
    square, circle = FAMILIES["artillery"], FAMILIES["unknown"]
    for order, seen in (((square, circle), circle), ((circle, square), square)):
        painter = Painter(frame, LAND, FONTS)
        marks = list(order) * FEW
        painter.dots(np.full(len(marks), 20.0), np.full(len(marks), 20.0), marks, RADIUS, RING)
        assert painter.image.getpixel((20, 20)) == rgb(seen.colour)
