"""Rows that name several places: never a number of people at each of them.

Together they are one incident, known to the region that they share. Apart, each place has an
incident, and what the row says of people stands in the description of each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from itertools import zip_longest
from typing import NamedTuple

import shapely

from app.domain.count import TOLLS
from app.domain.mapping import IN_ONE_CELL
from app.domain.place import LonLat
from app.domain.region import Region
from app.files.source import BadFieldError
from app.importers.coordinates import position

Texts = Mapping[str, list[str]]
"""What a row says, by field."""

BETWEEN = re.compile(r"\s*[;|\n]\s*")
PLACED = ("lon", "lat", *IN_ONE_CELL, "place")
FIGURES = (*TOLLS, "damage_count")


class StatedPlace(NamedTuple):
    """One of several places of a row: what the row says of it, by field."""

    texts: Mapping[str, str]

    def label(self) -> str:
        """Write it as the row does."""
        name, *_none = *(text for to, text in self.texts.items() if to == "place"), ""
        at = ", ".join(
            text if to in IN_ONE_CELL else f"{to} {text}"
            for to, text in self.texts.items()
            if to != "place"
        )
        return f"{name} ({at})" if name and at else name or at


def places_in(texts: Texts) -> list[StatedPlace]:
    """List the places of a row that has more than one; none for all other rows."""
    points, names = _points(texts), _names(texts)
    if max(len(points), len(names)) < 2 or (len(points) == 1 and len(names) > 1):  # noqa: PLR2004
        return []  # one point for several names is what the row says of its place
    if points and len(points) != len(names):
        names = []
    parts = zip_longest(points, names)
    places = [{**(point or {}), **({"place": name} if name else {})} for point, name in parts]
    distinct = {tuple(place.items()): StatedPlace(place) for place in places}
    return list(distinct.values()) if len(distinct) > 1 else []


def _points(texts: Texts) -> list[Mapping[str, str]]:
    pairs = zip_longest(texts.get("lon", ()), texts.get("lat", ()), fillvalue="")
    points: list[Mapping[str, str]] = [{"lon": lon, "lat": lat} for lon, lat in pairs if lon or lat]
    for to in IN_ONE_CELL:
        points += [{to: cell} for text in texts.get(to, ()) for cell in _cells(text, to)]
    return points


def _cells(text: str, to: str) -> list[str]:
    """Split a cell of several points; 49,99; 36,23 is one."""
    with suppress(BadFieldError):
        position(text, lon_first=to == "lon_lat")
        return [text]
    return [cell for cell in BETWEEN.split(text) if cell]


def _names(texts: Texts) -> list[str]:
    named = (name for text in texts.get("place", ()) for name in BETWEEN.split(text))
    return list(dict.fromkeys(name for name in named if name))


def together(texts: Texts, places: Sequence[StatedPlace]) -> dict[str, list[str]]:
    """Return the texts of one incident of several places: their names, and no point."""
    rest = {to: list(one) for to, one in texts.items() if to not in PLACED}
    if names := _names(texts):
        rest["place"] = ["; ".join(names)]
    if any(len(place.texts) > 1 or "place" not in place.texts for place in places):
        places_text = "; ".join(place.label() for place in places)
        rest["description"] = [*rest.get("description", ()), f"Places: {places_text}"]
    return rest


def apart(texts: Texts, places: Sequence[StatedPlace]) -> list[dict[str, list[str]]]:
    """Return the texts of an incident at each place; what is said of people goes to none."""
    figures = [
        f"{to}: {text[0]}" for to, text in texts.items() if to.startswith(FIGURES) and text[0]
    ]
    rest = {
        to: list(one)
        for to, one in texts.items()
        if to not in PLACED and not to.startswith(FIGURES)
    }
    if figures:
        said = f"Of {len(places)} places together: {', '.join(figures)}"
        rest["description"] = [*rest.get("description", ()), said]
    incidents = []
    for number, place in enumerate(places, 1):
        own = {to: [text] for to, text in place.texts.items()}
        key = {"source_key": [f"{rest['source_key'][0]}/{number}"]} if "source_key" in rest else {}
        incidents.append({**rest, **own, **key})
    return incidents


def common_region(points: Sequence[LonLat], regions: Sequence[Region]) -> str | None:
    """Return the code of the region in which all points lie; None where there is none."""
    for region in regions:
        if points and all(shapely.contains_xy(region.shape, *point) for point in points):
            return region.code
    return None
