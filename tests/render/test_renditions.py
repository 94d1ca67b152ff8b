"""What is given out of an archived image: its pixels, and nothing that came with them."""

from __future__ import annotations

import io
import math
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.domain.attachment import STEPS, Cover
from app.domain.errors import InvalidFile, TooLarge
from app.render.renditions import (
    COPY_PX,
    COPY_TYPE,
    FORMATS,
    Rendition,
    covered_copy,
    render_image,
)
from tests.photos import CAMERA, COMMENT, photo

TYPES = {name: media_type for media_type, name in FORMATS.items()}
UPRIGHT = ("GIF", "HEIF")
"""Kinds that do not turn a picture by EXIF; of HEIC the container turns it."""


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def is_red(pixel: object) -> bool:
    assert isinstance(pixel, tuple)
    return bool(pixel[0] > 150 > pixel[2])


@pytest.mark.parametrize("form", Rendition)
@pytest.mark.parametrize("kind", TYPES)
def test_no_metadata_of_any_kind_of_image_leaves(kind: str, form: Rendition) -> None:
    original = photo(kind)
    if kind != "GIF":
        assert CAMERA.encode() in original
    content = render_image(original, TYPES[kind], form)
    picture = opened(content)
    assert (picture.format, picture.mode, dict(picture.getexif())) == ("JPEG", "RGB", {})
    assert {
        name for name in picture.info if not str(name).startswith(("jfif", "progressi"))
    } == set()
    assert not any(hint in content for hint in (b"Exif", CAMERA.encode(), COMMENT, b"xmp"))


@pytest.mark.parametrize(
    ("form", "size"),
    [
        (Rendition.small, (320, 180)),
        (Rendition.large, (1280, 720)),
        (Rendition.blurred, (320, 180)),
    ],
)
def test_a_form_has_its_size_and_a_turned_photo_stands_upright(
    form: Rendition, size: tuple[int, int]
) -> None:
    for turned in (False, True):
        picture = opened(render_image(photo(turned=turned), "image/jpeg", form))
        assert picture.size == size
        assert is_red(picture.getpixel((5, size[1] // 2)))
        assert not is_red(picture.getpixel((size[0] - 5, size[1] // 2)))


def test_an_image_is_never_made_larger() -> None:
    picture = opened(render_image(photo(size=(90, 60)), "image/jpeg", Rendition.large))
    assert picture.size == (90, 60)


def test_of_a_blurred_image_no_edge_is_left() -> None:
    sharp, blurred = (
        opened(render_image(photo(), "image/jpeg", form))
        for form in (Rendition.small, Rendition.blurred)
    )
    steps = [
        max(
            abs(int(one.getpixel((x + 8, 90))[0]) - int(one.getpixel((x, 90))[0]))  # type: ignore[index]
            for x in range(0, 300, 4)
        )
        for one in (sharp, blurred)
    ]
    assert steps[0] > 120 > 3 * steps[1] / 2


def test_what_is_transparent_becomes_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (40, 40), (200, 0, 0, 0)).save(out, "PNG")
    picture = opened(render_image(out.getvalue(), "image/png", Rendition.small))
    assert picture.getpixel((20, 20)) == (255, 255, 255)


def _png_that_says(width: int, height: int) -> bytes:
    """Make a small PNG that unpacks to a picture of any size."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = zlib.compress(bytes(1 << 20))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("side", [7_300, 10_000, 60_000, 2**31 - 1])
def test_an_image_that_would_fill_the_memory_is_one_sentence(side: int) -> None:
    with pytest.raises(TooLarge, match=r"^pixels of the image: got .+, allowed: at most 52"):
        render_image(_png_that_says(side, side), "image/png", Rendition.small)


@pytest.mark.parametrize("kind", TYPES)
def test_a_cut_image_is_one_sentence(kind: str) -> None:
    content = photo(kind)
    with pytest.raises(InvalidFile, match=r"^image: got 'a damaged file', allowed: an image"):
        render_image(content[: len(content) * 2 // 3], TYPES[kind], Rendition.large)


SMALL = {kind: photo(kind, (64, 40)) for kind in TYPES}


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, about EXIF that it cannot read
@given(st.sampled_from(sorted(TYPES)), st.integers(0, 3_000), st.binary(min_size=1, max_size=40))
def test_any_damage_gives_an_image_or_one_sentence(kind: str, at: int, noise: bytes) -> None:
    content = SMALL[kind]
    place = at % len(content)
    damaged = content[:place] + noise + content[place + len(noise) :]
    try:
        picture = opened(render_image(damaged, TYPES[kind], Rendition.small))
    except InvalidFile:
        return
    assert max(picture.size) <= 320


def noise(size: tuple[int, int], seed: int) -> Image.Image:
    pixels = np.random.default_rng(seed).bytes(size[0] * size[1] * 3)
    return Image.frombytes("RGB", size, pixels)


def as_png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", compress_level=1)
    return out.getvalue()


SHARES = st.floats(0, 0.98, allow_nan=False)


@given(SHARES, SHARES, st.floats(0.01, 1), st.floats(0.01, 1), st.integers(0, 9))
def test_nothing_of_what_is_covered_is_left_in_the_copy(
    x: float, y: float, width: float, height: float, seed: int
) -> None:
    cover = Cover.checked(x, y, min(width, 1 - x), min(height, 1 - y))
    one, size = noise((61, 43), seed), (61, 43)
    other = one.copy()
    inside = (
        math.floor(cover.left * size[0] / STEPS),
        math.floor(cover.top * size[1] / STEPS),
        math.ceil(cover.right * size[0] / STEPS),
        math.ceil(cover.bottom * size[1] / STEPS),
    )
    other.paste((255, 0, 255), inside)
    assert one.tobytes() != other.tobytes()
    copies = {covered_copy(as_png(picture), "image/png", [cover]) for picture in (one, other)}
    assert len(copies) == 1


def test_nothing_of_it_is_left_where_a_large_picture_was_made_smaller() -> None:
    size, cover = (6_000, 300), Cover.checked(0.4, 0.3, 0.2, 0.4)
    one = noise(size, 1)
    other = one.copy()
    other.paste((255, 0, 255), (2_400, 90, 3_600, 210))
    copies = {covered_copy(as_png(picture), "image/png", [cover]) for picture in (one, other)}
    (copy,) = copies
    assert opened(copy).size == (COPY_PX, 205)


@pytest.mark.parametrize(
    ("kind", "turned"),
    [
        *((kind, False) for kind in TYPES),
        *((kind, True) for kind in TYPES if kind not in UPRIGHT),
    ],
)
def test_a_copy_has_the_cover_where_readers_see_it_and_no_metadata(kind: str, turned: bool) -> None:
    """The covers lie on the upright picture, red on the left; a phone's file lies on its side."""
    content = covered_copy(photo(kind, turned=turned), TYPES[kind], [Cover.checked(0, 0, 0.4, 1)])
    picture = opened(content)
    assert (picture.size, dict(picture.getexif())) == ((1600, 900), {})
    assert not any(hint in content for hint in (b"Exif", CAMERA.encode(), COMMENT, b"xmp"))
    assert not is_red(picture.getpixel((600, 450)))
    assert is_red(picture.getpixel((700, 450)))
    assert not is_red(picture.getpixel((1000, 450)))
    small = opened(render_image(content, COPY_TYPE, Rendition.small))
    assert not is_red(small.getpixel((100, 100)))
