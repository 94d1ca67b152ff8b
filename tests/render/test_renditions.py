"""What is given out of an archived image: its pixels, and nothing that came with them."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from app.domain.errors import InvalidFile, TooLarge
from app.render.renditions import FORMATS, Rendition, render_image
from tests.photos import CAMERA, COMMENT, photo

TYPES = {name: media_type for media_type, name in FORMATS.items()}


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
