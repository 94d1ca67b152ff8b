"""A figure's page: everything on it fits, the scale is true, names do not collide."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import shapely
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image, ImageFont
from pyproj import Geod

from app.domain.errors import InputError
from app.domain.place import Bounds
from app.reference.basemap import Places
from app.reference.reference import Reference
from app.render.fonts import Typeface, legible, load_font, text_width, typeface_of
from app.render.frame import Frame
from app.render.labels import choose_labels, place_names, spread, touch
from app.render.layout import Content, Layout, LegendRow, Section, Swatch, lay_out, wrapped
from app.render.name_sides import Naming
from app.render.painter import Painter
from app.render.palette import WATER
from app.render.png import write_png
from app.render.room import Room
from tests.drawing import FONTS

BOXES = st.builds(
    lambda west, south, wide, high: Bounds(west, south, west + wide, min(south + high, 84.0)),
    st.floats(-179, 170),
    st.floats(-80, 80),
    st.floats(0.05, 9),
    st.floats(0.05, 9),
)
SIDES = st.integers(100, 3000)


@given(BOXES, SIDES, SIDES, st.integers(1, 3))
def test_a_frame_shows_its_box_whole_and_in_the_middle(
    box: Bounds, across: int, down: int, scale: int
) -> None:
    frame = Frame.fit(box, across, down, scale)
    seen = frame.bounds()
    assert seen.west <= box.west + 1e-6
    assert seen.east >= box.east - 1e-6
    assert seen.south <= box.south + 1e-6
    assert seen.north >= box.north - 1e-6
    x, y = frame.pixels(np.array([box.west, box.east]), np.array([box.north, box.south]))
    assert x.sum() / 2 == pytest.approx(frame.width / 2, abs=0.01)
    assert y.sum() / 2 == pytest.approx(frame.height / 2, abs=0.01)


@pytest.mark.parametrize(
    ("names", "written"),
    [
        ({"en": "Yangon", "zh": "ရန်ကုန်"}, ["Yangon"]),
        ({"en": "ရန်ကုန်"}, []),
        ({"en": "Beijing", "zh": "北京"}, ["北京"]),
        ({"en": "Beijing"}, ["Beijing"]),
    ],
)
def test_a_name_that_the_font_cannot_write_is_in_english_or_left_out(
    names: dict[str, str], written: list[str]
) -> None:
    number = np.array([0])
    places = Places(
        number + 116.4, number + 39.9, number, number + 20_000_000, np.array(["CN"]), [names]
    )
    canvas = Painter(Frame.fit(Bounds(115, 39, 118, 41), 300, 300), WATER, FONTS)
    naming = Naming(places, "zh", ("CN",))
    assert [name.text.text for name in place_names(canvas, naming, [])] == written
    assert [name.text.text for name in choose_labels(canvas, naming)[0]] == written


@given(BOXES, SIDES, SIDES)
def test_the_scale_is_true_at_the_middle_latitude(box: Bounds, across: int, down: int) -> None:
    frame = Frame.fit(box, across, down)
    seen = frame.bounds()
    lat = frame.middle_latitude
    step = (seen.east - seen.west) / across
    assume(step < 0.1)  # over more a geodesic leaves the parallel
    *_, metres = Geod(ellps="WGS84").inv(0, lat, step, lat)
    assert frame.km_per_px() == pytest.approx(metres / 1e3, rel=1e-3)


def test_a_tile_is_a_frame_as_before() -> None:
    frame = Frame(6, 37, 21, 2)
    assert (frame.width, frame.height) == (512, 512)
    assert frame.bounds().west == 37 / 64 * 360 - 180


@given(st.text(st.sampled_from("абвгґдеєіїй ’abc1\u00a0"), max_size=120), st.floats(40, 400))
def test_lines_are_no_wider_than_their_column_and_lose_no_letter(text: str, width: float) -> None:
    lines = list(wrapped(FONTS, text, 12, width, is_bold=False))
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert all(text_width(FONTS, line, 12, is_bold=False) <= width for line in lines)


def test_lines_are_as_wide_as_they_were_measured() -> None:
    text = "Дніпропетровська область, ґанок: 1\u00a0234 км (на 48,5° пн. ш.)"
    for is_bold in (False, True):
        width = load_font(FONTS, typeface_of(text, is_bold=is_bold), 48).getlength(text)
        assert width == pytest.approx(text_width(FONTS, text, 48, is_bold=is_bold), rel=0.02)


@pytest.mark.parametrize("letter", "іїєґІЇЄҐ’ʼ\u00a0–№°²₴«»йЙ")
def test_the_font_has_every_letter_of_ukrainian(letter: str) -> None:
    assert legible(FONTS, letter) == letter
    if not letter.isspace():
        font: ImageFont.FreeTypeFont = load_font(FONTS, Typeface.regular, 32)
        assert bytes(font.getmask(letter)) != bytes(font.getmask("\U000e0001"))


def test_what_steers_the_writing_is_no_part_of_a_line() -> None:
    assert legible(FONTS, "a\u202eb\u2066c\x07d\u00ade") == "abcde"
    assert legible(FONTS, "a\tb\u2028c") == "a b c"
    assert legible(FONTS, "10\u202f000\u20112") == "10\u00a0000-2"


def _content(rows: int) -> Content:
    section = Section(
        "Section", tuple(LegendRow("A row of words", Swatch("fill")) for _ in range(rows))
    )
    return Content(
        title="Title",
        subtitle="",
        facts=["Facts"],
        sections=[section, section],
        notes=["Notes"],
        scale_text=lambda km, latitude: f"{km} {latitude}",
    )


@given(st.integers(0, 12), SIDES, SIDES)
def test_nothing_of_a_layout_leaves_the_page_or_stands_on_the_map(
    rows: int, width: int, height: int
) -> None:
    try:
        layout = lay_out(_content(rows), width, height, FONTS)
    except InputError:
        assume(False)
    x, y, across, down = layout.map_box
    assert x >= 0
    assert y >= 0
    assert x + across <= width
    assert y + down <= height
    for text in layout.texts:
        assert 0 <= text.x <= width
        assert text.size * 0.5 <= text.y <= height
        inside = x < text.x < x + across and y < text.y - 2 < y + down
        assert not inside, text
    assert len(layout.swatches) == 2 * rows


def test_a_small_page_has_bare_facts_in_place_of_the_headline() -> None:
    headline, days = "A sentence of many words that says it all. " * 4, "1 March 2024"
    content = replace(_content(3), facts=[headline, "Version"], brief=[days, "Version"])
    wide, small = (lay_out(content, *size, FONTS).texts for size in ((1200, 630), (320, 400)))
    for texts, is_brief in ((wide, False), (small, True)):
        written = [text.text for text in texts]
        assert (days in written, written[1].startswith("A sentence")) == (is_brief, not is_brief)
        assert "Version" in written


def test_a_page_without_room_is_refused() -> None:
    with pytest.raises(InputError, match="more px"):
        lay_out(_content(60), 400, 300, FONTS)


@pytest.mark.parametrize("lang", ["en", "uk"])
@pytest.mark.parametrize("across", [300, 900, 1800])
def test_names_touch_neither_each_other_nor_what_is_taken(
    reference: Reference, lang: str, across: int
) -> None:
    theatre = reference.theatres["ukraine"]
    frame = Frame.fit(Bounds(*theatre.bounds), across, across // 2)
    reserved = [(0.0, 0.0, across * 0.3, across * 0.2)]
    places = reference.basemap("ukraine").places
    canvas = Painter(frame, WATER, FONTS)
    names = place_names(canvas, Naming(places, lang, theatre.countries), reserved)
    boxes = [
        _box(name.text.text, name.text.x, name.text.y, name.text.anchor, is_bold=name.text.is_bold)
        for name in names
    ]
    assert len(names) > 4
    assert not any(touch(a, b) for a, b in combinations([*boxes, *reserved], 2))
    assert all(box[0] >= 0 and box[2] <= across for box in boxes)
    capital = {"en": "Kyiv", "uk": "Київ"}[lang]
    assert names[0].text.text == capital  # the weightiest first


@given(st.lists(st.tuples(st.integers(0, 900), st.integers(0, 450)), max_size=60))
def test_a_name_covers_no_mark_and_the_capital_finds_a_place(
    reference: Reference, spots: list[tuple[int, int]]
) -> None:
    theatre, places = reference.theatres["ukraine"], reference.basemap("ukraine").places
    canvas = Painter(Frame.fit(Bounds(*theatre.bounds), 900, 450), WATER, FONTS)
    x, y = np.array(spots, float).reshape(-1, 2).T
    room = Room(canvas.frame, x, y, np.full(len(x), 4.2))
    names = place_names(canvas, Naming(places, "en", theatre.countries), [], room)
    for name in names:
        x0, y0, x1, y1 = name.box
        assert not ((x > x0) & (x < x1) & (y > y0) & (y < y1)).any()
    if len(spots) < 20:
        assert names[0].text.text == "Kyiv"


def _box(
    text: str, x: float, y: float, anchor: str, *, is_bold: bool
) -> tuple[float, float, float, float]:
    wide = text_width(FONTS, text, 11, is_bold=is_bold)
    start = x - {"start": 0.0, "middle": 0.5, "end": 1.0}[anchor] * wide
    return start, y - 9, start + wide, y + 2


POINTS = st.lists(st.tuples(st.floats(0, 400), st.floats(0, 300)), max_size=12)
MIDDLES = st.lists(st.tuples(st.integers(20, 380), st.integers(20, 280)), max_size=12)


@given(MIDDLES, POINTS)
def test_every_number_stands_near_its_region_and_covers_another_only_without_room(
    middles: list[tuple[int, int]], marks: list[tuple[float, float]]
) -> None:
    frame = Frame(0, 0, 0, 1, 400, 300)
    homes = [shapely.box(px - 20, py - 20, px + 20, py + 20) for px, py in middles]
    boxes = spread(homes, [(30.0, 16.0)] * len(homes), frame, _room(frame, marks))
    assert len(boxes) == len(homes)
    for number, (box, (px, py)) in enumerate(zip(boxes, middles, strict=True)):
        middle = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
        assert abs(middle[0] - px) <= 30 * 2.4 + 1e-6
        assert abs(middle[1] - py) <= 16 * 2.4 + 1e-6
        if any(touch(box, other) for other in boxes[:number]):
            assert middle == pytest.approx((px, py))


def test_a_number_with_room_stands_in_its_region_beside_the_marks() -> None:
    frame, home = Frame(0, 0, 0, 1, 400, 300), shapely.box(100, 100, 260, 200)
    room = _room(frame, [(180.0, 150.0)])  # one in the very middle
    (box,) = spread([home], [(30.0, 16.0)], frame, room)
    assert home.contains(shapely.box(*box))
    assert not box[0] < 180 < box[2] or not box[1] < 150 < box[3]


def _room(frame: Frame, marks: list[tuple[float, float]]) -> Room:
    x, y = np.array(marks, float).reshape(-1, 2).T
    return Room(frame, x, y, np.full(len(x), 4.2))


@given(
    st.dictionaries(st.sampled_from(["Title", "Copyright"]), st.text(max_size=40)),
    st.sampled_from([3, 4]),
)
def test_text_in_a_png_is_read_back(metadata: dict[str, str], channels: int) -> None:
    pixels = np.arange(5 * 7 * channels, dtype=np.uint8).reshape(5, 7, channels)
    metadata = {name: text.replace("\0", "") for name, text in metadata.items()}
    image = Image.open(io.BytesIO(write_png(pixels, metadata)))
    image.load()
    assert (np.asarray(image) == pixels).all()
    assert image.text == metadata  # type: ignore[attr-defined]


def test_a_layout_keeps_where_the_map_is() -> None:
    layout: Layout = lay_out(_content(3), 1200, 630, FONTS)
    _left, _top, across, down = layout.map_box
    frame = layout.frame(Bounds(22.1, 44.35, 40.25, 52.4), 2)
    assert (frame.width, frame.height) == (across * 2, down * 2)
