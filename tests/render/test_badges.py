"""Numbers at places with several marks: on every picture, free of names, whole at a seam."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from app.i18n.values import number
from app.render.badges import Badge, crowded, draw_badges, place_badges, spots_of
from app.render.frame import TILE_PX, Frame
from app.render.labels import touch
from app.render.painter import Painter
from app.render.palette import WATER
from app.render.room import Box, Room
from tests.making import ROOT

FONTS = ROOT / "static" / "vendor" / "noto-sans-5.3.0"
Z, X, Y = 10, 615, 344
RADIUS = 4.2
SPOTS = st.lists(
    st.tuples(st.floats(-40, 552), st.floats(-40, 296), st.integers(2, 1_500)), max_size=8
)
BOXES = st.lists(st.tuples(st.floats(0, 450), st.floats(0, 240)), max_size=5)


class Marks:
    """Marks at spots in px of two tiles side by side, each so many times."""

    def __init__(self, spots: Sequence[tuple[float, float, int]]) -> None:
        counts = [count for *_place, count in spots]
        places = np.array([place for *place, _count in spots]).reshape(-1, 2)
        lon, lat = Frame(Z, X, Y).degrees(*places.T)
        self.columns = {
            "lon_e7": np.repeat(np.round(lon * 1e7).astype(np.int32), counts),
            "lat_e7": np.repeat(np.round(lat * 1e7).astype(np.int32), counts),
        }

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.columns["lon_e7"])


def placed(canvas: Painter, marks: Marks, names: Sequence[Box] = ()) -> list[Badge]:
    frame = canvas.frame
    x, y = frame.pixels(marks["lon_e7"] / 1e7, marks["lat_e7"] / 1e7)
    room = Room(frame, x, y, np.full(len(x), RADIUS), TILE_PX)
    spots = spots_of(canvas, marks, lambda count: number("en", count))
    return place_badges(canvas, spots, RADIUS, room, names)


def pixels(frame: Frame, marks: Marks, names: Sequence[Box] = ()) -> np.ndarray:
    canvas = Painter(frame, WATER, FONTS)
    draw_badges(canvas, placed(canvas, marks, names))
    return np.asarray(canvas.image).astype(int)


def test_places_with_several_marks_are_counted_and_single_marks_are_not() -> None:
    marks = Marks([(20, 20, 3), (90, 20, 1), (200, 100, 1_200), (201, 100, 2)])
    _lon, _lat, counts = crowded(marks)
    assert counts.tolist() == [1_200, 3, 2]
    texts = [badge.text for badge in placed(Painter(Frame(Z, X, Y), WATER, FONTS), marks)]
    assert texts == ["1,200", "3", ""]  # the third would stand on the first: it is a dark dot


@settings(max_examples=25, deadline=None)
@given(SPOTS)
def test_two_tiles_side_by_side_show_the_numbers_of_one_picture(
    spots: list[tuple[float, float, int]],
) -> None:
    marks = Marks(spots)
    both = pixels(Frame(Z, X, Y, across=2 * TILE_PX), marks)
    parts = [pixels(Frame(Z, X + step, Y), marks) for step in (0, 1)]
    differences = np.abs(both - np.hstack(parts)).max(axis=2)
    assert np.count_nonzero(differences > 40) <= 4 * len(spots)  # an edge cut at the seam is sharp


@settings(max_examples=50, deadline=None)
@given(SPOTS, BOXES)
def test_every_place_with_several_marks_says_so_and_no_number_covers_a_name_or_another(
    spots: list[tuple[float, float, int]], corners: list[tuple[float, float]]
) -> None:
    canvas, marks = Painter(Frame(Z, X, Y, across=2 * TILE_PX), WATER, FONTS), Marks(spots)
    plates = [spot.plate for spot in spots_of(canvas, marks, str)]
    boxes = [(x, y, x + 60.0, y + 16.0) for x, y in corners]
    names = [name for name in boxes if not any(touch(name, plate) for plate in plates)]
    badges = placed(canvas, marks, names)
    assert len(badges) == len(crowded(marks)[2])
    numbers = [badge.box for badge in badges if badge.text]
    assert not any(touch(badge.box, name) for badge in badges for name in names)
    assert not any(touch(a, b) for at, a in enumerate(numbers) for b in numbers[:at])


def test_a_number_between_marks_stands_on_its_own_mark_and_covers_no_other() -> None:
    canvas = Painter(Frame(Z, X, Y), WATER, FONTS)
    ring = [(100 + dx, 100 + dy, 1) for dx, dy in ((-13, -11), (13, -11), (-13, 11), (13, 11))]
    (alone,), (amid,) = (
        placed(canvas, Marks([(100, 100, 7)])),
        placed(canvas, Marks([(100, 100, 7), *ring])),
    )
    assert alone.box[2] < 100
    assert np.allclose(np.reshape(amid.box, (2, 2)).mean(axis=0), 100, atol=0.1)
    assert amid.text == "7"
