"""What lies under the marks: the basemap, and the hatch of an area of control."""

from __future__ import annotations

from app.domain.control import ControlArea, ControlStatus, Extent
from app.publishing.query import Query
from app.reference.theatre import Theatre
from app.render.canvas import Canvas
from app.render.palette import CITED, CLAIMED, Pattern, ground_pattern
from app.tiles.raster import draw_basemap
from app.tiles.streets import draw_streets


def draw_ground(canvas: Canvas, query: Query) -> None:
    """Draw the shipped basemap, and the operator's over it where it is larger in scale."""
    streets = query.streets
    draw_basemap(canvas, query.reference.basemap(query.view.theatre))
    if streets is not None:
        draw_streets(canvas, streets)


def area_pattern(area: ControlArea, theatre: Theatre) -> Pattern | None:
    """Choose a hatch: none for the state's ground, dots for claims, wide lines for cited units."""
    if area.controller == theatre.state:
        return None
    if area.extent is not Extent.area:
        return CITED
    if area.status is not ControlStatus.assessed:
        return CLAIMED
    others = [party.code for party in theatre.party if not party.state]
    return ground_pattern(area.controller, others)
