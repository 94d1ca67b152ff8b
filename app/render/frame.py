"""The frame of a picture: a rectangle of the Web Mercator plane, in px."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.mercator import BITS, latitude, unit_x, unit_y
from app.domain.place import WGS84, Bounds

TILE_PX = 256
"""The side of a tile at 1x, and so the width of the whole world at zoom 0."""

MOST_ZOOM = 16
"""The largest zoom of a figure: coordinates are not better than buildings."""


class Frame(NamedTuple):
    """A rectangle of the plane, drawn at a `scale` of px to one px at 1x.

    `x` and `y` are its upper left corner in tiles of zoom `z`. A tile has whole numbers and its
    own size; a figure's map any numbers, with `across` by `down` px at 1x.
    """

    z: float
    x: float
    y: float
    scale: int = 1
    across: int = TILE_PX
    down: int = TILE_PX

    @classmethod
    def fit(cls, box: Bounds, across: int, down: int, scale: int = 1) -> Frame:
        """Make a frame of a size in px at 1x, with the whole box (in degrees) in its middle."""
        x0, x1 = float(unit_x(box.west)), float(unit_x(box.east))
        y0, y1 = float(unit_y(box.north)), float(unit_y(box.south))
        wide, high = max(x1 - x0, 1e-9), max(y1 - y0, 1e-9)
        z = min(np.log2(across / wide / TILE_PX), np.log2(down / high / TILE_PX), MOST_ZOOM)
        n = 2.0**z
        x = (x0 + x1) / 2 * n - across / TILE_PX / 2
        y = (y0 + y1) / 2 * n - down / TILE_PX / 2
        return cls(float(z), float(x), float(y), scale, across, down)

    @property
    def width(self) -> int:
        """Width in px of the picture."""
        return self.across * self.scale

    @property
    def height(self) -> int:
        """Height in px of the picture."""
        return self.down * self.scale

    def bounds(self, margin: float = 0.0) -> Bounds:
        """Return the rectangle in degrees, wider on each side by `margin`, a share of its size."""
        n = 2.0**self.z
        wide, high = self.across / TILE_PX, self.down / TILE_PX
        west = (self.x - margin * wide) / n * 360 - 180
        east = (self.x + wide + margin * wide) / n * 360 - 180
        north = latitude((self.y - margin * high) / n)
        south = latitude((self.y + high + margin * high) / n)
        return Bounds(west, south, east, north)

    def pixels(self, lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Project degrees to px from the upper left corner."""
        tile = TILE_PX * self.scale
        n = 2.0**self.z * tile
        return unit_x(lon) * n - self.x * tile, unit_y(lat) * n - self.y * tile

    def square_pixels(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Turn whole-number coordinates of the square (`BITS`) into px from the upper left corner.

        Several times faster than from degrees, and right to a 64th of a px at any zoom of a figure.
        """
        tile = TILE_PX * self.scale
        share = 2.0**self.z * tile / 2**BITS
        return x * share - self.x * tile, y * share - self.y * tile

    def degrees(self, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the longitude and latitude of places in px."""
        tile = TILE_PX * self.scale
        n = 2.0**self.z * tile
        lat = np.array([latitude(share) for share in ((y + self.y * tile) / n).tolist()])
        return (x + self.x * tile) / n * 360 - 180, lat

    def project(self, shape: BaseGeometry) -> BaseGeometry:
        """Project a shape from degrees to px."""
        return shapely.transform(
            shape, lambda points: np.column_stack(self.pixels(points[:, 0], points[:, 1]))
        )

    @property
    def middle_latitude(self) -> float:
        """The latitude that runs through the middle of the picture."""
        return latitude((self.y + self.down / TILE_PX / 2) / 2.0**self.z)

    def km_per_px(self) -> float:
        """Measure a px at 1x along the middle latitude, on the ellipsoid, in km."""
        degrees = 360 / TILE_PX / 2.0**self.z
        lat = self.middle_latitude
        # A short step, because a long geodesic does not follow the parallel.
        step = min(degrees, 0.1)
        *_, metres = WGS84.inv(0.0, lat, step, lat)
        return float(metres / 1e3 * degrees / step)
