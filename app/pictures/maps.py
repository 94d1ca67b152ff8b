"""Maps of any box and size in a reference system, without a legend: for WMS and OGC API Maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from PIL import Image

from app.domain.errors import InputError
from app.domain.mercator import unit_x, unit_y
from app.domain.place import Bounds
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from app.render.frame import TILE_PX, Frame
from app.render.palette import rgb
from app.render.png import write_png
from app.tiles.grid import EDGE_M

MOST_SIDE_PX, MOST_MAP_PX = 4_096, 16_000_000
SMALLEST_M = 1.0
"""The shortest side of a box, in metres: places are not known better."""

DEGREE_M = 111_320.0
STRIP_PX = 8
"""Rows of an answer in degrees that are taken together: within them, latitudes have equal steps."""


@dataclass(frozen=True)
class MapOptions:
    """Layers, the first one below, of a box (in degrees, or in metres of EPSG:3857) on some px.

    `background` is a colour behind layers that do not cover all; None leaves it transparent.
    """

    layers: Sequence[str]
    box: Bounds
    width: int
    height: int
    is_mercator: bool
    background: str | None = None

    def __post_init__(self) -> None:
        for name, side in (("width", self.width), ("height", self.height)):
            if not 1 <= side <= MOST_SIDE_PX:
                raise InputError(name, side, f"1 to {MOST_SIDE_PX} px")
        if self.width * self.height > MOST_MAP_PX:
            got = f"{self.width} x {self.height} px"
            raise InputError("width, height", got, f"at most {MOST_MAP_PX:,} px in all")
        least = SMALLEST_M if self.is_mercator else SMALLEST_M / DEGREE_M
        box = self.box
        if not (box.east - box.west >= least and box.north - box.south >= least):
            sides = ",".join(f"{side:g}" for side in box)
            raise InputError(
                "bbox", sides, f"sides in the order of the system, each at least {SMALLEST_M:g} m"
            )

    def on_square(self) -> Bounds:
        """Return the edges of the box on the Web Mercator square, where y goes south."""
        box = self.box
        if self.is_mercator:
            whole = 2 * EDGE_M
            west, east = (0.5 + side / whole for side in (box.west, box.east))
            south, north = (0.5 - side / whole for side in (box.south, box.north))
        else:
            west, east = (float(unit_x(side)) for side in (box.west, box.east))
            south, north = (float(unit_y(side)) for side in (box.south, box.north))
        return Bounds(west, south, east, north)


def draw_map(tiler: Tiler, query: Query, options: MapOptions) -> bytes:
    """Draw a map as PNG.

    Maps are drawn in Web Mercator with square px, of the same number as in the answer; then rows
    and columns are brought to the px of the answer.

    Raises:
        NotShared: the terms of a layer's data do not allow tiles for the public.
    """
    west, south, east, north = options.on_square()
    wide, high = east - west, max(south - north, 1e-9)
    side = math.sqrt(wide * high / (options.width * options.height))  # of a px, on the square
    across, down = (max(round(length / side), 1) for length in (wide, high))
    if max(across, down) > 2 * MOST_SIDE_PX:
        got = f"{options.width} x {options.height} px"
        raise InputError("width, height", got, "the proportions of the box, about")
    n = 1 / side / TILE_PX
    frame = Frame(math.log2(n), west * n, north * n, 1, across, down)
    painter = tiler.painted(query, options.layers, frame)
    image = painter.image
    if (across, down) != (options.width, options.height) or not options.is_mercator:
        image = resampled(image, options)
    if options.background is not None and image.mode == "RGBA":
        ground = Image.new("RGBA", image.size, (*rgb(options.background), 255))
        ground.alpha_composite(image)
        image = ground.convert("RGB")
    return write_png(np.asarray(image), tiler.metadata(query, ", ".join(options.layers)))


def resampled(image: Image.Image, options: MapOptions) -> Image.Image:
    """Bring a picture of Web Mercator to the columns and rows of the answer."""
    if options.is_mercator:
        return image.resize((options.width, options.height), Image.Resampling.BILINEAR)
    edges, box = options.on_square(), options.box
    lines = np.append(np.arange(0, options.height, STRIP_PX), options.height)
    lat = box.north - lines / options.height * (box.north - box.south)
    rows = (unit_y(lat) - edges.north) / (edges.south - edges.north) * image.height
    mode = image.mode
    if mode == "RGBA":  # else the library would turn all of the picture so for each strip of it
        image = image.convert("RGBa")
    whole = Image.new(image.mode, (options.width, options.height))
    for (top, low), (first, last) in zip(
        pairwise(lines.tolist()), pairwise(rows.tolist()), strict=True
    ):
        part = (0, max(first, 0), image.width, min(last, image.height))
        strip = image.resize((options.width, low - top), Image.Resampling.BILINEAR, part)
        whole.paste(strip, (0, top))
    return whole if whole.mode == mode else whole.convert(mode)
