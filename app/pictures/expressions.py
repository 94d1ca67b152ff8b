"""Layers and expressions of the style language of MapLibre."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from app.domain.answer import JsonObject
from app.render.palette import DENSITY, DENSITY_MOST, SETTLEMENT_PX
from app.tiles.grid import MAX_ZOOM
from app.tiles.raster import EARTH_PX_M

Expression = Sequence[object]
"""An expression of MapLibre: an operator and its arguments."""

Comparison = tuple[str, str, str]
"""A property of a feature, `==` or `!=`, and a text."""


def raster_layer(layer: str) -> JsonObject:
    """Draw the tiles of a picture source of the same name."""
    return {"id": layer, "type": "raster", "source": layer}


def match_code(code: Expression, outputs: Mapping[str, str], otherwise: str) -> Expression:
    """Choose an output by a code."""
    return ["match", code, *(part for pair in outputs.items() for part in pair), otherwise]


def compared(comparison: Comparison) -> Expression:
    """Write a comparison for MapLibre."""
    name, sign, text = comparison
    return sign, ("get", name), text


def qgis_comparison(comparison: Comparison) -> str:
    """Write a comparison for QGIS."""
    name, sign, text = comparison
    return f"\"{name}\" {'=' if sign == '==' else '!='} '{text}'"


def error_px(latitude: float) -> Expression:
    """Turn the error of a place into px at each zoom, within the limits of a disc."""
    least, most = SETTLEMENT_PX
    stops: list[object] = []
    for zoom in range(MAX_ZOOM):
        metres = EARTH_PX_M * math.cos(math.radians(latitude)) / 2 ** (zoom + 1)
        reach = ["/", ["coalesce", ["get", "error_m"], 0], metres]
        stops += [zoom, ["min", most, ["max", least, reach]]]
    return ["interpolate", ["linear"], ["zoom"], *stops]


def density_colour() -> Expression:
    """Colour a cell by its count, on the logarithmic scale of our density."""
    colours = [f"#{red:02x}{green:02x}{blue:02x}" for red, green, blue in DENSITY]
    places = [DENSITY_MOST ** (step / (len(colours) - 1)) for step in range(len(colours))]
    stops = [part for pair in zip(places, colours, strict=True) for part in pair]
    return ["interpolate", ["linear"], ["get", "n"], *stops]
