"""Archived images as they are given out: their pixels in a small JPEG, and nothing else of them."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from enum import StrEnum

from pi_heif import register_heif_opener
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from app.domain.attachment import STEPS, Cover
from app.domain.errors import InvalidFile, TooLarge
from app.limited.orders import OutsideFile
from app.render.palette import COVER

FORMATS: Mapping[str, str] = {
    "image/jpeg": "JPEG",
    "image/png": "PNG",
    "image/webp": "WEBP",
    "image/gif": "GIF",
    "image/avif": "AVIF",
    "image/heic": "HEIF",
}
"""Images that are shown, with Pillow's names. An SVG is a program and never one of them."""

MOST_PIXELS = 52_000_000
"""A small file can hold an image that fills the memory; a phone's camera makes 50 million."""

RESIZED_FIRST = ("L", "LA", "RGB", "RGBA", "CMYK")
"""Pillow's modes that are made small before anything copies them; of others it mixes no colours."""

QUALITY = 82
COPY_TYPE = "image/jpeg"
COPY_QUALITY = 90
COPY_PX = 4096
"""The longer side of a covered copy, at most."""

SPREAD_PX = 8
"""In an image that was made smaller, a pixel is mixed from others at most so far away."""

BLURRED_PX = 10
"""Of a blurred image so many pixels are left along its longer side: nobody can sharpen it."""

_UNREADABLE = (
    *(OSError, ValueError, SyntaxError, ArithmeticError, LookupError, TypeError),
    *(EOFError, struct.error, MemoryError, RuntimeError),
)
"""What Pillow raises for a damaged image."""


class Rendition(StrEnum):
    """A form in which an image is given out."""

    small = "small"
    large = "large"
    blurred = "blurred"


LONGEST_PX = {Rendition.small: 320, Rendition.large: 1280, Rendition.blurred: 320}
"""The longer side of each form, at most: an image is never made larger."""


def outside_image(content: bytes) -> OutsideFile:
    """Describe an image to whoever reads it with limits (`app.limited.readings.FileReadings`)."""
    return OutsideFile("image", len(content))


def render_image(content: bytes, media_type: str, form: Rendition) -> bytes:
    """Write an image anew as JPEG, upright, without EXIF, place, comments or other metadata.

    Of a moving image it has the first picture; what is transparent becomes white.

    Raises:
        TooLarge: the image has more pixels than MOST_PIXELS; it is not unpacked.
        InvalidFile: the image is damaged.
    """
    picture = read_upright(content, media_type, LONGEST_PX[form])
    if form is Rendition.blurred:
        picture = _blurred(picture)
    return _jpeg(picture, QUALITY)


def covered_copy(content: bytes, media_type: str, covers: Sequence[Cover]) -> bytes:
    """Write an image anew as JPEG, with its covers filled by one colour.

    Nothing of what was there is left, so nobody can sharpen it: two images that differ only under
    their covers give equal bytes (docs/privacy.md, "Covered parts").

    Raises:
        TooLarge, InvalidFile: as `render_image`.
    """
    picture = read_upright(content, media_type, COPY_PX)
    spread = SPREAD_PX if max(picture.size) == COPY_PX else 0
    (width, height), brush = picture.size, ImageDraw.Draw(picture)
    for cover in covers:
        first = (cover.left * width // STEPS - spread, cover.top * height // STEPS - spread)
        end = (-(-cover.right * width // STEPS), -(-cover.bottom * height // STEPS))
        brush.rectangle((first, (end[0] - 1 + spread, end[1] - 1 + spread)), COVER)
    return _jpeg(picture, COPY_QUALITY)


def _jpeg(picture: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=quality, optimize=True, progressive=True)
    return out.getvalue()


def read_upright(content: bytes, media_type: str, longest: int) -> Image.Image:
    """Unpack an image at most so large, upright, as pixels alone."""
    if media_type == "image/heic":  # Pillow keeps what was registered, once or again
        register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    try:
        with Image.open(io.BytesIO(content), formats=[FORMATS[media_type]]) as image:
            _check_size(image)
            image.draft("RGB", (longest * 2, longest * 2))  # a JPEG is unpacked at less than whole
            return _on_white(image, longest)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as wrong:
        raise _too_large("more than Pillow opens") from wrong
    except _UNREADABLE as wrong:
        raise InvalidFile("image", "a damaged file", "an image that can be opened") from wrong


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise _too_large(f"{width:,} x {height:,}")


def _too_large(got: str) -> TooLarge:
    return TooLarge("pixels of the image", got, f"at most {MOST_PIXELS:,}")


def _on_white(image: Image.Image, longest: int) -> Image.Image:
    """Return the pixels alone: a new image takes over no metadata."""
    pixels = image if image.mode in RESIZED_FIRST else _in_colour(image)
    pixels.thumbnail((longest, longest), Image.Resampling.LANCZOS)
    # The camera's turn is part of EXIF, which stays behind: it is applied here.
    pixels = _in_colour(ImageOps.exif_transpose(pixels))
    alone = Image.new("RGB", pixels.size, "white")
    alone.paste(pixels, mask=pixels.getchannel("A") if pixels.mode == "RGBA" else None)
    return alone


def _in_colour(image: Image.Image) -> Image.Image:
    return image.convert("RGBA" if image.has_transparency_data else "RGB")


def _blurred(picture: Image.Image) -> Image.Image:
    few = picture.copy()
    few.thumbnail((BLURRED_PX, BLURRED_PX), Image.Resampling.BOX)
    return few.resize(picture.size, Image.Resampling.BICUBIC).filter(ImageFilter.GaussianBlur(8))
