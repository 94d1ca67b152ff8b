"""Styles of QGIS 3 (QML): marks as categories, and the layers of our vector tiles."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple
from xml.etree import ElementTree as ET

from app.render.classes import REST, MarkStyle
from app.render.palette import DENSITY, DISC_OPACITY, RING, SHAPES, Mark, Pattern, rgb

VERSION = "3.22.0"
MARK_MM = 1.1
"""The radius of a mark on screen and paper, in mm."""

REACH = 1.8
"""Half the side of a mark's picture, in radii: no shape reaches further, with its ring."""

POINT, LINE, POLYGON = 0, 1, 2
"""The kinds of geometry, as QGIS numbers them."""

ANGLES = {"rising": (45,), "falling": (135,), "cross": (45, 135), "level": (0,), "wide": (45,)}
"""The directions of the lines of a hatch, in degrees."""

HATCH_MM, WIDE_MM, DOT_MM = 2.1, 4.2, 0.8
Symbol = ET.Element


class TileRule(NamedTuple):
    """A rule for features of a layer of vector tiles: which of them, and how they look."""

    layer: str
    label: str
    geometry: int
    expression: str
    symbol: Symbol


def picture(mark: Mark) -> str:
    """Draw a mark as SVG."""
    points = " ".join(f"{x},{y}" for x, y in SHAPES[mark.shape])
    size = f"{-REACH} {-REACH} {2 * REACH} {2 * REACH}"
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{size}"><polygon points="{points}" '
        f'fill="{mark.colour}" stroke="{RING}" stroke-width="0.25"/></svg>'
    )


def _options(values: Mapping[str, object], parent: ET.Element, name: str = "") -> None:
    """Write nested options with their types."""
    attributes = {"type": "Map", **({"name": name} if name else {})}
    options = ET.SubElement(parent, "Option", attributes)
    for key, value in values.items():
        if isinstance(value, Mapping):
            _options(value, options, key)
            continue
        kind = "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "QString"
        text = str(value).lower() if isinstance(value, bool) else str(value)
        ET.SubElement(options, "Option", {"name": key, "type": kind, "value": text})


def _symbol(kind: str, layers: Iterable[tuple[str, Mapping[str, object]]]) -> Symbol:
    symbol = ET.Element("symbol", {"type": kind, "name": "0", "alpha": "1", "clip_to_extent": "1"})
    for name, values in layers:
        layer = ET.SubElement(symbol, "layer", {"class": name, "enabled": "1", "pass": "0"})
        own = {key: value for key, value in values.items() if key != "data_defined"}
        _options(own, layer)
        if isinstance(by_feature := values.get("data_defined"), Mapping):
            properties = ET.SubElement(layer, "data_defined_properties")
            filled = {
                key: {"active": True, "expression": text, "type": 3}
                for key, text in by_feature.items()
            }
            _options({"name": "", "properties": filled, "type": "collection"}, properties)
    return symbol


def _colour(colour: str, opacity: float = 1.0) -> str:
    return ",".join(map(str, (*rgb(colour), round(255 * opacity))))


def mark_symbol(mark: Mark) -> Symbol:
    """Draw a mark; around one that is known to its settlement, a disc of the size of its error."""
    disc = {
        "name": "circle",
        "color": _colour(mark.colour, DISC_OPACITY),
        "outline_style": "no",
        "size": "0",
        "size_unit": "RenderMetersInMapUnits",
        "data_defined": {
            "enabled": "\"precision\" = 'settlement'",
            "size": 'coalesce(2 * "error_m", 0)',
        },
    }
    svg = base64.b64encode(picture(mark).encode()).decode()
    size = f"{2 * REACH * MARK_MM:.2f}"
    dot = {"name": f"base64:{svg}", "size": size, "size_unit": "MM", "fixedAspectRatio": "0"}
    return _symbol("marker", (("SimpleMarker", disc), ("SvgMarker", dot)))


def fill_symbol(colour: str | None, edge: str, opacity: float = 1.0) -> Symbol:
    """Fill an area with a colour, or with nothing, and draw its edge."""
    fill = {
        "color": _colour(colour or edge, opacity),
        "style": "solid" if colour else "no",
        "outline_color": _colour(edge),
        "outline_width": "0.15",
        "outline_width_unit": "MM",
        "joinstyle": "round",
    }
    return _symbol("fill", (("SimpleFill", fill),))


def hatch_symbol(pattern: Pattern, opacity: float) -> Symbol:
    """Hatch an area."""
    colour = _colour(pattern.colour, opacity)
    if pattern.kind not in ANGLES:
        marker = {"name": "square", "color": colour, "outline_style": "no", "size": str(DOT_MM)}
        dots = {"distance_x": str(HATCH_MM), "distance_y": str(HATCH_MM)}
        symbol = _symbol("fill", (("PointPatternFill", dots),))
        return _within(symbol, [_symbol("marker", (("SimpleMarker", marker),))])
    distance = WIDE_MM if pattern.kind == "wide" else HATCH_MM
    hatches = [
        ("LinePatternFill", {"angle": str(angle), "distance": str(distance), "color": colour})
        for angle in ANGLES[pattern.kind]
    ]
    return _within(_symbol("fill", hatches), [line_symbol([(colour, 0.4)]) for _ in hatches])


def _within(symbol: Symbol, parts: Sequence[Symbol]) -> Symbol:
    """Give each layer of a symbol the symbol that it repeats."""
    for number, (layer, part) in enumerate(zip(symbol.findall("layer"), parts, strict=True)):
        part.set("name", f"@0@{number}")
        layer.append(part)
    return symbol


def line_symbol(strokes: Iterable[tuple[str, float]]) -> Symbol:
    """Draw lines over each other: the colour (red,green,blue,alpha) and width in mm of each."""
    layers = [
        ("SimpleLine", {"line_color": colour, "line_width": str(width), "line_width_unit": "MM"})
        for colour, width in strokes
    ]
    return _symbol("line", layers)


def cased_line(colour: str, casing: str) -> Symbol:
    """Draw a line with a light edge, that is visible on every hatch."""
    return line_symbol([(_colour(casing), 1.2), (_colour(colour), 0.65)])


def _document(**attributes: str) -> ET.Element:
    return ET.Element("qgis", {"version": VERSION, "styleCategories": "Symbology", **attributes})


def _written(document: ET.Element) -> str:
    heading = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
    return heading + ET.tostring(document, encoding="unicode")


def marks_qml(style: MarkStyle) -> str:
    """Write the style of a table of incidents: a category for each class."""
    document = _document()
    renderer = ET.SubElement(
        document,
        "renderer-v2",
        {"type": "categorizedSymbol", "attr": style.column.qgis(), "symbollevels": "0"},
    )
    categories, symbols = (ET.SubElement(renderer, name) for name in ("categories", "symbols"))
    for number, one in enumerate(style.classes):
        code = "" if one.code == REST else one.code  # QGIS: all others
        attributes = {"value": code, "label": one.label, "type": "string"}
        ET.SubElement(
            categories, "category", {**attributes, "symbol": str(number), "render": "true"}
        )
        symbol = mark_symbol(one.mark)
        symbol.set("name", str(number))
        symbols.append(symbol)
    ET.SubElement(document, "layerGeometryType").text = str(POINT)
    return _written(document)


def mark_rules(style: MarkStyle, layer: str) -> list[TileRule]:
    """Write a rule of vector tiles for each class."""
    code = style.column.qgis()
    return [
        TileRule(
            layer, one.label, POINT, f"\"n\" = 1 and {code} = '{one.code}'", mark_symbol(one.mark)
        )
        for one in style.classes
    ]


def cell_rule(layer: str, label: str) -> TileRule:
    """Write the rule for cells of many incidents, in the middle colour of our density."""
    colour = "{},{},{},200".format(*DENSITY[len(DENSITY) // 2])
    values = {"name": "circle", "color": colour, "outline_style": "no", "size": "1.6"}
    symbol = _symbol("marker", (("SimpleMarker", values),))
    return TileRule(layer, label, POINT, '"n" > 1', symbol)


def tiles_qml(rules: Sequence[TileRule]) -> str:
    """Write the style of a layer of vector tiles; later rules are drawn over earlier ones."""
    document = _document()
    renderer = ET.SubElement(document, "renderer", {"type": "basic"})
    styles = ET.SubElement(renderer, "styles")
    for rule in rules:
        style = ET.SubElement(
            styles,
            "style",
            {
                "name": rule.label,
                "layer": rule.layer,
                "geometry": str(rule.geometry),
                "expression": rule.expression,
                "enabled": "1",
                "min-zoom": "-1",
                "max-zoom": "-1",
            },
        )
        ET.SubElement(style, "symbols").append(rule.symbol)
    return _written(document)
