"""The look of marks as a Styled Layer Descriptor (SLD 1.1, Symbology Encoding 1.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple
from xml.etree import ElementTree as ET

from app.render.classes import REST, ClassColumn, MarkClass, MarkStyle
from app.render.palette import DISC_OPACITY, RING, UNKNOWN_MARK, Mark

SLD, SE = "http://www.opengis.net/sld", "http://www.opengis.net/se"
OGC = "http://www.opengis.net/ogc"
MARK_PX, DISC_PX = 9, 24
COARSE = "settlement"
"""The precision of a place whose mark stands in a disc."""


class WellKnown(NamedTuple):
    """A mark that every reader of the standard has, its turn in degrees and its size."""

    name: str
    turn: int = 0
    size: float = 1.0


SHAPES: Mapping[str, WellKnown] = {
    "circle": WellKnown("circle"),
    "up": WellKnown("triangle", size=1.2),
    "down": WellKnown("triangle", 180, 1.2),
    "diamond": WellKnown("square", 45),
    "square": WellKnown("square"),
    "plus": WellKnown("cross", size=1.2),
    "cross": WellKnown("x", size=1.2),
    "star": WellKnown("star", size=1.4),
    "bar": WellKnown("triangle", 90, 1.2),
    "post": WellKnown("triangle", 270, 1.2),
    "chevron": WellKnown("star", 180, 1.4),
}
"""The standard has six marks: three of our eleven shapes become another mark, turned."""


def marks_sld(style: MarkStyle, layer: str = "incidents") -> str:
    """Write the style of a table of incidents: a rule for each class."""
    for prefix, address in (("", SLD), ("se", SE), ("ogc", OGC)):
        ET.register_namespace(prefix, address)
    root = ET.Element(f"{{{SLD}}}StyledLayerDescriptor", {"version": "1.1.0"})
    named = ET.SubElement(root, f"{{{SLD}}}NamedLayer")
    _se(named, "Name", layer)
    user_style = ET.SubElement(named, f"{{{SLD}}}UserStyle")
    _se(user_style, "Name", layer)
    rules = _se(user_style, "FeatureTypeStyle")
    _disc(rules)
    for one in style.classes:
        _rule(rules, one, style.column)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode")


def _se(parent: ET.Element, name: str, text: str = "", /, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{SE}}}{name}", attributes)
    element.text = text or None
    return element


def _ogc(parent: ET.Element, name: str, text: str = "", /, **attributes: str) -> ET.Element:
    element = ET.SubElement(parent, f"{{{OGC}}}{name}", attributes)
    element.text = text or None
    return element


def _rule(rules: ET.Element, one: MarkClass, column: ClassColumn) -> None:
    rule = _se(rules, "Rule")
    _se(rule, "Name", one.code)
    title = _se(rule, "Description")
    _se(title, "Title", one.label)
    if one.code == REST:
        _se(rule, "ElseFilter")
    else:
        _filter(rule, one.code, column)
    _dot(rule, one.mark)


def _filter(rule: ET.Element, code: str, column: ClassColumn) -> None:
    either = _ogc(_ogc(rule, "Filter"), "Or")
    for pattern in column.patterns(code):
        if "*" in pattern:
            wild = {"wildCard": "*", "singleChar": "#", "escapeChar": "!"}
            comparison = _ogc(either, "PropertyIsLike", **wild)
        else:
            comparison = _ogc(either, "PropertyIsEqualTo")
        _ogc(comparison, "PropertyName", column.name)
        _ogc(comparison, "Literal", pattern)
    if code == "unknown":
        _ogc(_ogc(either, "PropertyIsNull"), "PropertyName", column.name)


def _disc(rules: ET.Element) -> None:
    """Draw a disc under each mark of a place known to its settlement.

    It has one size: readers of the standard do not agree on sizes in metres.
    """
    rule = _se(rules, "Rule")
    _se(rule, "Name", COARSE)
    same = _ogc(_ogc(rule, "Filter"), "PropertyIsEqualTo")
    _ogc(same, "PropertyName", "precision")
    _ogc(same, "Literal", COARSE)
    graphic = _se(_se(rule, "PointSymbolizer"), "Graphic")
    circle = _se(graphic, "Mark")
    _se(circle, "WellKnownName", "circle")
    fill = _se(circle, "Fill")
    _se(fill, "SvgParameter", UNKNOWN_MARK.colour, name="fill")
    _se(fill, "SvgParameter", str(DISC_OPACITY), name="fill-opacity")
    _se(graphic, "Size", str(DISC_PX))


def _dot(rule: ET.Element, mark: Mark) -> None:
    known = SHAPES[mark.shape]
    graphic = _se(_se(rule, "PointSymbolizer"), "Graphic")
    dot = _se(graphic, "Mark")
    _se(dot, "WellKnownName", known.name)
    _se(_se(dot, "Fill"), "SvgParameter", mark.colour, name="fill")
    stroke = _se(dot, "Stroke")
    _se(stroke, "SvgParameter", RING, name="stroke")
    _se(stroke, "SvgParameter", "1", name="stroke-width")
    _se(graphic, "Size", f"{MARK_PX * known.size:.0f}")
    if known.turn:
        _se(graphic, "Rotation", str(known.turn))
