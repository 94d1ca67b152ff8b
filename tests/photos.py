"""Invented photographs, with what must not leave of them, and invented faces: for tests."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFilter

from tests.making import ROOT

CAMERA, PLACE = "Camera of Somebody Invented", (49.0, 59.0, 13.7)
COMMENT = b"taken by Somebody Invented"
WIDE = (1600, 900)
LEFT, RIGHT = (200, 30, 30), (30, 30, 200)


def photo(kind: str = "JPEG", size: tuple[int, int] = WIDE, *, turned: bool = False) -> bytes:
    """Make a picture, red on the left and blue on the right, with all metadata its kind takes.

    A turned one lies on its side in the file, and its EXIF says so, as a phone writes it. The one
    of HEIF is a kept file (tests/data/heic/SOURCE.md).
    """
    if kind == "HEIF":
        return (ROOT / "tests" / "data" / "heic" / "photo.heic").read_bytes()
    picture = Image.new("RGB", size, LEFT)
    picture.paste(RIGHT, (size[0] // 2, 0, size[0], size[1]))
    exif = Image.Exif()
    exif[0x010F] = CAMERA
    exif[0x0112] = 6 if turned else 1
    exif.get_ifd(0x8825).update({1: "N", 2: PLACE, 3: "E", 4: PLACE})
    if turned:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
    out = io.BytesIO()
    more = {"comment": COMMENT} if kind in ("JPEG", "GIF") else {}
    picture.save(out, kind, exif=exif.tobytes(), xmp=b"<x:xmpmeta>" + COMMENT, **more)
    return out.getvalue()


def face(size: int) -> Image.Image:
    """Draw an invented face in greys: light skin, dark sockets and brows, a nose, a mouth."""
    picture = Image.new("L", (size, size), 110)
    brush = ImageDraw.Draw(picture)

    def oval(x: float, y: float, across: float, down: float, grey: int) -> None:
        edges = (x - across, y - down, x + across, y + down)
        brush.ellipse([edge * size for edge in edges], grey)

    oval(0.5, 0.42, 0.36, 0.40, 60)
    oval(0.5, 0.52, 0.28, 0.38, 200)
    for x in (0.38, 0.62):
        oval(x, 0.44, 0.10, 0.06, 130)
        oval(x, 0.385, 0.09, 0.015, 60)
        oval(x, 0.45, 0.065, 0.03, 235)
        oval(x, 0.45, 0.03, 0.03, 40)
    oval(0.5, 0.55, 0.035, 0.10, 225)
    oval(0.5, 0.76, 0.11, 0.03, 110)
    return picture.filter(ImageFilter.GaussianBlur(size * 0.012))


def scene(*faces: tuple[int, int, int], turned: bool = False) -> bytes:
    """Put faces (x, y, size) on a wall of 800 x 600; a turned one lies on its side in the file."""
    picture = Image.new("L", (800, 600), 120)
    for x, y, size in faces:
        picture.paste(face(size), (x, y))
    exif = Image.Exif()
    exif[0x0112] = 6 if turned else 1
    if turned:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
    out = io.BytesIO()
    picture.save(out, "JPEG", quality=92, exif=exif.tobytes())
    return out.getvalue()
