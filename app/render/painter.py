"""Drawing on a Web Mercator square with Pillow: polygons, hatches, lines, dots and labels.

Everything is drawn at twice the size and reduced, which smooths edges.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import shapely
from isal import isal_zlib
from PIL import Image, ImageDraw, ImageFont
from shapely.geometry.base import BaseGeometry

from app.domain.place import Bounds
from app.render.palette import DASHES, HALO, LINE, LINE_CASING, TEXT, Pattern, rgb

OVERSAMPLE = 2
PNG = b"\x89PNG\r\n\x1a\n"
HATCH = 16
"""Hatches repeat every 16 px at 1x: a divisor of 256, so that they run on across tiles."""

MAX_LATITUDE = 85.05112877980659


class Frame(NamedTuple):
    """A square of the tile grid, drawn `size` px wide at a `scale` of 1 or 2."""

    z: int
    x: int
    y: int
    scale: int = 1

    @property
    def size(self) -> int:
        """Width and height in px."""
        return 256 * self.scale

    def bounds(self, margin: float = 0.0) -> Bounds:
        """Return the square in degrees, widened by a share of its width on each side."""
        n = 2.0**self.z
        west = (self.x - margin) / n * 360 - 180
        east = (self.x + 1 + margin) / n * 360 - 180
        north = _latitude((self.y - margin) / n)
        south = _latitude((self.y + 1 + margin) / n)
        return Bounds(west, south, east, north)

    def pixels(self, lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project degrees to px from the upper left corner."""
        n = 2.0**self.z * self.size
        sine = np.sin(np.radians(np.clip(lat, -MAX_LATITUDE, MAX_LATITUDE)))
        x = (np.asarray(lon) + 180) / 360 * n - self.x * self.size
        y = (0.5 - np.log((1 + sine) / (1 - sine)) / (4 * np.pi)) * n - self.y * self.size
        return x, y

    def project(self, shape: BaseGeometry) -> BaseGeometry:
        """Bring a shape into px."""
        return shapely.transform(
            shape, lambda points: np.column_stack(self.pixels(points[:, 0], points[:, 1]))
        )


def _latitude(y: float) -> float:
    return float(np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * min(max(y, 0.0), 1.0))))))


class Label(NamedTuple):
    """A place's name with its dot's place in px; the text stands to the right of it."""

    text: str
    x: float
    y: float
    is_bold: bool


class Painter:
    """One picture being drawn."""

    def __init__(self, frame: Frame, background: str | None, fonts: Path) -> None:
        self.frame, self.fonts = frame, fonts
        colour = (*rgb(background), 255) if background else (0, 0, 0, 0)
        self.image = Image.new("RGBA", (frame.size, frame.size), colour)

    def visible(self, shape: BaseGeometry) -> BaseGeometry:
        """Clip a shape to the frame with a margin, in px, without needless vertices."""
        clipped = shapely.clip_by_rect(shape, *self.frame.bounds(margin=0.05))
        flat = self.frame.project(clipped)
        # Only drawn, never measured: it need not stay valid, and is several times faster so.
        return flat.simplify(0.3 * self.frame.scale, preserve_topology=False)

    def mask(self, shapes: Iterable[BaseGeometry]) -> Image.Image:
        """Draw polygons as a mask, large ones first: an enclave fills its neighbour's hole."""
        return self._drawn([self.visible(shape) for shape in shapes])

    def _drawn(self, shapes: Iterable[BaseGeometry]) -> Image.Image:
        size = self.frame.size * OVERSAMPLE
        mask = Image.new("L", (size, size), 0)
        draw = ImageDraw.Draw(mask)
        parts = shapely.get_parts(shapely.get_parts(list(shapes))).tolist()
        solid = [part for part in parts if part.geom_type == "Polygon" and not part.is_empty]
        for part in sorted(solid, key=lambda part: -part.area):
            _ring(draw, part.exterior, 255)
            for hole in part.interiors:
                _ring(draw, hole, 0)
        return mask.reduce(OVERSAMPLE)

    def fill(self, shapes: Iterable[BaseGeometry], colour: str, opacity: float = 1.0) -> None:
        """Fill polygons."""
        self._tint(self.mask(shapes), colour, opacity)

    def hatch(
        self, shapes: Iterable[BaseGeometry], pattern: Pattern, opacity: float = 0.75
    ) -> None:
        """Hatch polygons; the pattern runs on across tiles."""
        mask = np.asarray(self.mask(shapes), np.float32) * hatch_mask(
            self.frame.size, self.frame.scale, pattern.kind
        )
        self._tint(Image.fromarray(mask.astype(np.uint8)), pattern.colour, opacity)

    def _tint(self, mask: Image.Image, colour: str, opacity: float) -> None:
        alpha = mask if opacity == 1 else mask.point([round(n * opacity) for n in range(256)])
        layer = Image.new("RGBA", self.image.size, (*rgb(colour), 255))
        layer.putalpha(alpha)
        self.image.alpha_composite(layer)

    def lines(
        self,
        shapes: Iterable[BaseGeometry],
        colour: str,
        width: float,
        dashes: tuple[int, int] | None = None,
    ) -> None:
        """Stroke lines (or the edges of polygons), `width` px at 1x, whole or in dashes."""
        self._stroke(self._strokes(shapes), colour, width, dashes)

    def _strokes(self, shapes: Iterable[BaseGeometry]) -> list[BaseGeometry]:
        return [part for shape in shapes for part in _strokes(self.visible(shape))]

    def _stroke(
        self,
        strokes: Sequence[BaseGeometry],
        colour: str,
        width: float,
        dashes: tuple[int, int] | None = None,
    ) -> None:
        """Stamp a disc along strokes (px): however ragged a line is, this takes its length only."""
        scale = self.frame.scale * OVERSAMPLE
        radius = width * scale / 2
        x, y, along = _sampled(strokes, OVERSAMPLE, max(1.0, 0.6 * radius))
        if dashes is not None:
            drawn = along % (sum(dashes) * scale) < dashes[0] * scale
            x, y = x[drawn], y[drawn]
        across, down = _disc(radius)
        size = self.frame.size * OVERSAMPLE
        columns = np.rint(x).astype(np.int64)[:, None] + across
        rows = np.rint(y).astype(np.int64)[:, None] + down
        inside = (columns >= 0) & (columns < size) & (rows >= 0) & (rows < size)
        mask = np.zeros((size, size), np.uint8)
        mask[rows[inside], columns[inside]] = 255
        self._tint(Image.fromarray(mask).reduce(OVERSAMPLE), colour, 1.0)

    def front_line(self, line: BaseGeometry, *, is_stale: bool = False) -> None:
        """Draw a front line: dark with a light casing, so that it reads on any ground.

        One older than the theatre's limit is dashed.
        """
        strokes = self._strokes([line])
        self._stroke(strokes, LINE_CASING, 4.6)
        self._stroke(strokes, LINE, 2.4, DASHES["stale"] if is_stale else None)

    def discs(
        self,
        x: np.ndarray,
        y: np.ndarray,
        radius: np.ndarray,
        colours: Sequence[str],
        *,
        opacity: float,
    ) -> None:
        """Draw soft circles; px at this picture's scale."""
        over = 4
        for cx, cy, r, colour in zip(x.tolist(), y.tolist(), radius.tolist(), colours, strict=True):
            half = int(np.ceil(r + 2))
            box = Image.new("L", (2 * half * over, 2 * half * over), 0)
            centre_x, centre_y, reach = (half + cx % 1) * over, (half + cy % 1) * over, r * over
            ImageDraw.Draw(box).ellipse(
                [centre_x - reach, centre_y - reach, centre_x + reach, centre_y + reach], fill=255
            )
            self._stamp(box.reduce(over), cx, cy, half, colour, opacity)

    def dots(
        self, x: np.ndarray, y: np.ndarray, colours: Sequence[str], radius: float, ring: str
    ) -> None:
        """Draw dots with a ring, all in one pass; px at this picture's scale, radius at 1x."""
        over = 2
        size, reach = self.frame.size * over, radius * self.frame.scale * over
        span = np.arange(-int(np.ceil(reach)), int(np.ceil(reach)) + 1)
        down, across = (axis.ravel() for axis in np.meshgrid(span, span, indexing="ij"))
        far = np.hypot(down, across)
        margin = len(span)
        layer = np.zeros(((size + 2 * margin) * (size + 2 * margin), 4), np.uint8)
        width = size + 2 * margin
        px, py = np.floor(x * over).astype(int) + margin, np.floor(y * over).astype(int) + margin
        near = (px >= margin // 2) & (px < width - margin // 2)
        near &= (py >= margin // 2) & (py < width - margin // 2)
        at = (py * width + px)[near]
        filled = np.array([(*rgb(colour), 255) for colour in colours], np.uint8).reshape(-1, 4)[
            near
        ]
        edge = (far <= reach) & (far > reach - self.frame.scale * over)
        inner = far <= reach - self.frame.scale * over
        # Ring and filling of a dot are laid together, so that a later dot covers an earlier one.
        offsets = np.concatenate(
            [down[edge] * width + across[edge], down[inner] * width + across[inner]]
        )
        is_ring = np.arange(len(offsets)) < edge.sum()
        for start in range(0, len(at), 4096):
            some = at[start : start + 4096]
            pixels = np.where(
                is_ring[None, :, None],
                np.array((*rgb(ring), 255), np.uint8),
                filled[start : start + 4096, None, :],
            )
            layer[(some[:, None] + offsets[None, :]).ravel()] = pixels.reshape(-1, 4)
        whole = Image.fromarray(layer.reshape(width, width, 4))
        crop = whole.crop((margin, margin, margin + size, margin + size))
        self.image.alpha_composite(crop.reduce(over))

    def _stamp(  # noqa: PLR0913, PLR0917  a mark's place and look
        self, mask: Image.Image, x: float, y: float, half: int, colour: str, opacity: float
    ) -> None:
        layer = Image.new("RGBA", mask.size, (*rgb(colour), 255))
        layer.putalpha(mask.point(lambda value: round(value * opacity)))
        left, top = int(np.floor(x)) - half, int(np.floor(y)) - half
        crop = (max(-left, 0), max(-top, 0), mask.size[0], mask.size[1])
        if crop[0] >= crop[2] or crop[1] >= crop[3]:
            return
        if left < self.frame.size and top < self.frame.size:
            self.image.alpha_composite(layer.crop(crop), (max(left, 0), max(top, 0)))

    def paste(self, pixels: np.ndarray) -> None:
        """Lay RGBA pixels over the picture."""
        self.image.alpha_composite(Image.fromarray(pixels))

    def labels(self, labels: Iterable[Label]) -> None:
        """Write names with a light halo beside their dots."""
        draw = ImageDraw.Draw(self.image)
        scale = self.frame.scale
        for label in labels:
            font = load_font(self.fonts, label.is_bold, 11 * scale)
            dot = 1.8 * scale
            draw.ellipse(
                [label.x - dot, label.y - dot, label.x + dot, label.y + dot], TEXT, HALO, scale
            )
            draw.text(
                (label.x + 4 * scale, label.y),
                label.text,
                TEXT,
                font,
                anchor="lm",
                stroke_width=2 * scale,
                stroke_fill=HALO,
            )

    def watermark(self, text: str) -> None:
        """Write a text across the picture: an invented tile is never taken for a real one."""
        self.image.alpha_composite(_slanted(self.fonts, text, self.frame.size, self.frame.scale))

    def png(self) -> bytes:
        """Compress the picture; isal is several times faster than zlib at a like size."""
        pixels = np.asarray(self.image)
        height, width = pixels.shape[:2]
        rows = np.zeros((height, 1 + width * 4), np.uint8)  # each row begins with its filter: none
        rows[:, 1:] = pixels.reshape(height, -1)
        header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
        body = isal_zlib.compress(rows.tobytes(), 1)
        return PNG + b"".join(
            _chunk(*one) for one in ((b"IHDR", header), (b"IDAT", body), (b"IEND", b""))
        )


@cache
def _slanted(fonts: Path, text: str, size: int, scale: int) -> Image.Image:
    """Set a text across a picture of a size, once."""
    layer = Image.new("RGBA", (size, size), (0, 0, 0, 0))
    font = load_font(fonts, True, 15 * scale)
    centre = (size / 2, size / 2)
    ImageDraw.Draw(layer).text(centre, text, (90, 60, 110, 120), font, anchor="mm")
    return layer.rotate(24, resample=Image.Resampling.BICUBIC)


def _chunk(name: bytes, content: bytes) -> bytes:
    """Write a chunk (PNG, third edition, 5.3): length, name, content, check sum."""
    check = isal_zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


def _ring(draw: ImageDraw.ImageDraw, ring: BaseGeometry, value: int) -> None:
    points = (shapely.get_coordinates(ring) * OVERSAMPLE).tolist()
    if len(points) > 2:  # noqa: PLR2004  a ring
        draw.polygon([tuple(point) for point in points], value)


def _strokes(shape: BaseGeometry) -> list[BaseGeometry]:
    parts = []
    for part in shapely.get_parts(shape):
        edge = part.boundary if part.geom_type == "Polygon" else part
        parts += [piece for piece in shapely.get_parts(edge) if not piece.is_empty]
    return parts


@cache
def hatch_mask(size: int, scale: int, kind: str) -> np.ndarray:
    """Return a hatch as 0..1 per px; a tile is a whole number of steps: it runs on across tiles."""
    step, thick = HATCH * scale // 2, max(scale * 3 // 2, 1)
    across, down = np.arange(size)[None, :], np.arange(size)[:, None]
    rising, falling = (across + down) % step < thick, (across - down) % step < thick
    kinds = {
        "rising": rising,
        "falling": falling,
        "cross": rising | falling,
        "level": np.broadcast_to(down % step < thick, (size, size)),
        "wide": (across + down) % (2 * step) < thick,
        "stipple": rising & falling,
        "dots": (across % step < 2 * thick) & (down % step < 2 * thick),
    }
    return kinds[kind].astype(np.float32)


def _sampled(
    strokes: Sequence[BaseGeometry], scale: float, step: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Walk along strokes step by step: places, and how far along its stroke each is, in px."""
    empty = np.empty(0)
    parts = [(empty, empty, empty)]
    for stroke in strokes:
        x, y = shapely.get_coordinates(stroke).T * scale
        reached = np.concatenate([[0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y)))])
        along = np.append(np.arange(0.0, reached[-1], step), reached[-1])
        parts.append((np.interp(along, reached, x), np.interp(along, reached, y), along))
    return tuple(np.concatenate(column) for column in zip(*parts, strict=True))  # type: ignore[return-value]


@cache
def _disc(radius: float) -> tuple[np.ndarray, np.ndarray]:
    """List the px of a disc around 0, 0; at least the one in its middle."""
    reach = int(np.ceil(radius))
    down, across = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    inside = np.hypot(across, down) <= max(radius - 0.3, 0.0)
    return across[inside], down[inside]


@cache
def load_font(folder: Path, is_bold: bool, size_px: int) -> ImageFont.FreeTypeFont:
    """Load the vendored Noto Sans, which has Cyrillic."""
    name = "NotoSans-Bold.ttf" if is_bold else "NotoSans-Regular.ttf"
    return ImageFont.truetype(folder / name, size_px)
