"""Parts of a picture that may show a face: suggested to who covers them, and never stored.

A cascade knows that something looks like a face, not whose it is. Nothing of a face is measured,
compared or kept; a person looks at every part before it is covered.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageOps

from app.domain.attachment import MOST_COVERS, Cover
from app.domain.errors import InputError
from app.render.renditions import read_upright

FRONT, SIDE = "haarcascade_frontalface_alt2.xml", "haarcascade_profileface.xml"
"""Cascades that come with OpenCV; the second knows faces that are turned to one side."""

LONGEST_PX, SMALLEST_PX = 1024, (24, 24)
"""The picture is made so small first: work grows with its pixels. Smaller faces are not seen."""

STEP, NEIGHBOURS = 1.1, 3
"""Each size that is looked for is so much larger than the last; so many frames must agree."""

AROUND = 0.2
"""A face's frame leaves out hair, chin and ears: its cover is larger by this share on each side."""

SAME = 0.3
"""Two frames that share so much of the smaller one show one face."""


class _Frame(NamedTuple):
    """What a cascade found, in pixels; the edges at the right and at the bottom are outside."""

    west: int
    north: int
    east: int
    south: int

    @property
    def area(self) -> int:
        return max(self.east - self.west, 0) * max(self.south - self.north, 0)


def suggested_faces(content: bytes, media_type: str) -> list[Cover]:
    """Suggest covers for what looks like a face, the largest first.

    It misses faces: small, dark, hidden or tilted ones, and those of some people more often.

    Raises:
        InputError: OpenCV is not installed; the sentence says how it is.
        TooLarge, InvalidFile: as `render_image`.
    """
    picture = read_upright(content, media_type, LONGEST_PX)
    frames = _joined(_frames(ImageOps.grayscale(picture)))
    frames = sorted(frames, key=lambda frame: -frame.area)[:MOST_COVERS]
    return [_cover(frame, *picture.size) for frame in frames]


def _frames(picture: Image.Image) -> Iterator[_Frame]:
    """Look for faces from the front and from both sides."""
    try:
        import cv2  # noqa: PLC0415  an extra of 60 MB that not everybody installs
        from cv2.data import haarcascades  # noqa: PLC0415  likewise
    except ImportError as missing:
        allowed = 'after `pip install "strikemap[faces]"` where the service runs'
        raise InputError("suggested faces", "no OpenCV", allowed) from missing
    cv2.setNumThreads(1)  # one picture does not take all cores from readers
    front, side = (cv2.CascadeClassifier(haarcascades + name) for name in (FRONT, SIDE))
    pixels = np.asarray(picture)
    mirrored = np.ascontiguousarray(pixels[:, ::-1])
    for cascade, image in ((front, pixels), (side, pixels), (side, mirrored)):
        for rectangle in cascade.detectMultiScale(image, STEP, NEIGHBOURS, minSize=SMALLEST_PX):
            x, y, width, height = map(int, rectangle)  # of NumPy
            west = picture.width - x - width if image is mirrored else x
            yield _Frame(west, y, west + width, y + height)


def _joined(frames: Iterable[_Frame]) -> list[_Frame]:
    """Join the frames of one face, which several cascades see."""
    faces: list[_Frame] = []
    for frame in frames:
        whole = frame
        for face in [face for face in faces if _is_same(face, frame)]:
            faces.remove(face)
            whole = _Frame(*map(min, whole[:2], face[:2]), *map(max, whole[2:], face[2:]))
        faces.append(whole)
    return faces


def _is_same(one: _Frame, other: _Frame) -> bool:
    shared = _Frame(*map(max, one[:2], other[:2]), *map(min, one[2:], other[2:]))
    return shared.area > SAME * min(one.area, other.area)


def _cover(frame: _Frame, width: int, height: int) -> Cover:
    """Write a frame, and some of what is around it, as shares of the picture."""
    x_px, y_px = AROUND * (frame.east - frame.west), AROUND * (frame.south - frame.north)
    x, y = max(frame.west - x_px, 0) / width, max(frame.north - y_px, 0) / height
    right, bottom = min((frame.east + x_px) / width, 1), min((frame.south + y_px) / height, 1)
    return Cover.checked(x, y, right - x, bottom - y)
