"""The names on the map of a View, and what its marks leave free for them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from app.i18n.values import number
from app.index.select import Selection
from app.publishing.query import Query
from app.queries.looks import mark_looks
from app.reference.basemap import Places
from app.render.badges import Spot, spots_of
from app.render.canvas import Canvas
from app.render.frame import TILE_PX, Frame
from app.render.labels import choose_labels, touch
from app.render.name_sides import Name, Naming, label_candidates
from app.render.painter import Painter
from app.render.palette import WATER_TEXT
from app.render.room import Box, Room
from app.tiles.raster import DOT_PX, Looks
from app.tiles.street_names import middle_of, street_names, with_settlements

DIGITS = 6


def naming_of(query: Query, frame: Frame) -> Naming:
    """Return the places that a picture of a View may name: shipped ones and the basemap's own."""
    places: Places = query.reference.basemap(query.view.theatre).places
    if query.streets is not None:
        places = with_settlements(places, query.streets, frame)
    return Naming(places, query.view.lang, query.theatre.countries)


def names_document(query: Query, frame: Frame, fonts: Path) -> bytes:
    """List the names of a tile for a reader that places them itself, most important first.

    `places` are name, longitude, latitude, weight and rank; `lines` are the names of streets and
    waters: name, longitude and latitude of its middle, angle, and whether it is a water.
    """
    naming = naming_of(query, frame)
    places = naming.places
    numbers, weights = label_candidates(frame, naming, margin=0.0)
    runs = []
    if query.streets is not None:
        runs = street_names(Painter(frame, None, fonts), query.streets, naming.language, ())
    middles = np.array([middle_of(run, frame) for run in runs]).reshape(-1, 2)
    lon, lat = frame.degrees(*middles.T)
    document = {
        "places": [
            (
                places.name(place, naming.language),
                round(float(places.lon[place]), DIGITS),
                round(float(places.lat[place]), DIGITS),
                weight,
                int(places.rank[place]),
            )
            for place, weight in zip(numbers.tolist(), weights.tolist(), strict=True)
        ],
        "lines": [
            (run.text, round(x, DIGITS), round(y, DIGITS), run.angle, run.colour == WATER_TEXT)
            for run, x, y in zip(runs, lon.tolist(), lat.tolist(), strict=True)
        ],
    }
    return msgspec.json.encode(document)


class TileMarks(NamedTuple):
    """The marks of a tile and around it; a density has neither looks nor room."""

    rows: Selection
    looks: Looks | None = None
    room: Room | None = None
    spots: Sequence[Spot] = ()


class TileTexts(NamedTuple):
    """The names on a tile and close to it, and the boxes in px that names of streets avoid."""

    names: Sequence[Name]
    taken: Sequence[Box]
    room: Room | None
    """What marks leave free; None where there are none."""


def sharp_marks(query: Query, rows: Selection, canvas: Canvas) -> TileMarks:
    """Return single marks on a tile and around it, and what they leave free."""
    frame, looks = canvas.frame, mark_looks(query, rows)
    x, y = frame.pixels(rows["lon_e7"] / 1e7, rows["lat_e7"] / 1e7)
    room = Room(frame, x, y, looks.size * DOT_PX * frame.scale, TILE_PX * frame.scale)
    return TileMarks(rows, looks, room, spots_of(canvas, rows, partial(number, query.view.lang)))


def tile_texts(query: Query, canvas: Canvas, marks: TileMarks | None = None) -> TileTexts:
    """Choose the places that a tile names, clear of its marks if there are any."""
    room, spots = (None, ()) if marks is None else (marks.room, marks.spots)
    plates = [spot.plate for spot in spots]
    names, taken = choose_labels(canvas, naming_of(query, canvas.frame), room, plates)
    return TileTexts(names, [*taken, *plates], room)


def write_texts(query: Query, texts: TileTexts, canvas: Canvas) -> None:
    """Write the names of a tile, also those of streets."""
    whole = (0.0, 0.0, float(canvas.frame.width), float(canvas.frame.height))
    runs = [label.text for label in texts.names if touch(label.box, whole)]
    if query.streets is not None:
        language = query.view.lang
        runs += street_names(canvas, query.streets, language, texts.taken, texts.room)
    for run in runs:
        canvas.write(run)
