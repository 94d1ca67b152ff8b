"""Attachments: archived source files of an incident, and who may be given the images among them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction
from math import ceil, floor

import msgspec
import shapely
from shapely.geometry.base import BaseGeometry

from app.domain.errors import InputError
from app.domain.terms import terms_of

STEPS = 10_000
"""A cover's edges are whole steps of so many along each side: they hold at every size."""

ROUNDING = Fraction(1, 1000)
"""Of a step: binary fractions that should add up to 1 may be a little more."""

MOST_COVERS = 100


class Cover(msgspec.Struct, frozen=True, order=True):
    """A part of an upright image that nobody is shown: its edges, in steps from the top left."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def checked(cls, x: float, y: float, width: float, height: float) -> Cover:
        """Read a part by its top left corner and its size, as shares of the image, 0 to 1.

        It never becomes smaller: an edge between two steps moves outwards.

        >>> Cover.checked(0.25, 0.1, 0.5, 0.00005)
        Cover(left=2500, top=1000, right=7500, bottom=1001)

        Raises:
            InputError: it has no area, or is not inside the image.
        """
        west, north, across, down = (_steps(share) for share in (x, y, width, height))
        right, bottom = west + across, north + down
        if not (across and down and max(right, bottom) < STEPS + ROUNDING):
            raise InputError("cover", f"{x}, {y}, {width}, {height}", COVER_TEXT)
        return cls(floor(west), floor(north), min(ceil(right), STEPS), min(ceil(bottom), STEPS))

    @property
    def shares(self) -> dict[str, float]:
        """The part as `checked` reads it."""
        width, height = self.right - self.left, self.bottom - self.top
        steps = {"x": self.left, "y": self.top, "width": width, "height": height}
        return {name: number / STEPS for name, number in steps.items()}


COVER_TEXT = "x, y, width and height as shares of the image, 0 to 1, inside it"


def _steps(share: float) -> Fraction:
    """Read a share as it is written: 0.1 is a tenth, not the binary number next to it."""
    if not 0 <= share <= 1:  # also what is no number
        raise InputError("cover", share, COVER_TEXT)
    return Fraction(repr(share)) * STEPS


def uncovers(before: Sequence[Cover], after: Sequence[Cover]) -> bool:
    """Tell whether something that was covered is shown after a change.

    >>> whole, half = Cover(0, 0, 100, 100), Cover(0, 0, 50, 100)
    >>> uncovers([half], [whole]), uncovers([whole], [half]), uncovers([whole], [])
    (False, True, True)
    """
    return bool(_area(before).difference(_area(after)).area > 0)


def _area(covers: Sequence[Cover]) -> BaseGeometry:
    return shapely.union_all([shapely.box(*msgspec.structs.astuple(one)) for one in covers])


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """An archived source file of an incident: the file itself lies beside the record.

    `media_type` is what the content is, where its kind is recognised. `licence` is that of the
    file itself: the terms of a dataset do not cover the picture of an agency that it cites.
    """

    incident: str
    name: str
    sha256: str
    size: int
    captured_at: datetime
    operator: str
    method: str = "saved by hand"
    url: str | None = None
    media_type: str | None = None
    publisher: str | None = None
    published: date | None = None
    licence: str = "internal"
    graphic: bool = False
    caption: str | None = None
    """What an image shows, for those who see it and those who do not."""

    covers: tuple[Cover, ...] = ()
    """The parts of an image that nobody is shown."""

    copy: str | None = None
    """The SHA-256 of the copy of an image in which its covers are filled, in the archive."""

    @property
    def key(self) -> str:
        """Its key in the record; the keys of one incident begin with the incident's id."""
        return f"{self.incident}/{self.sha256}"

    @property
    def shown(self) -> str:
        """The SHA-256 of what readers get, written anew: of the original, or of its copy."""
        return self.copy or self.sha256

    @property
    def may_leave(self) -> bool:
        """Tell whether its licence lets the public have it."""
        return terms_of(self.licence).raw
