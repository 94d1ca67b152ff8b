"""Invented photographs for tests: with the camera, the place and the words that must not leave."""

from __future__ import annotations

import io

from PIL import Image

CAMERA, PLACE = "Camera of Somebody Invented", (49.0, 59.0, 13.7)
COMMENT = b"taken by Somebody Invented"
WIDE = (1600, 900)
LEFT, RIGHT = (200, 30, 30), (30, 30, 200)


def photo(kind: str = "JPEG", size: tuple[int, int] = WIDE, *, turned: bool = False) -> bytes:
    """Make a picture, red on the left and blue on the right, with all metadata its kind takes.

    A turned one lies on its side in the file, and its EXIF says so, as a phone writes it.
    """
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
