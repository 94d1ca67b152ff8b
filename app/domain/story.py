"""A story: a sequence of Views, each with an editor's words, as they were known on a pinned day."""

from __future__ import annotations

import math
from enum import StrEnum
from urllib.parse import parse_qsl

import msgspec

from app.domain.errors import InputError
from app.domain.place import E7, LonLat

MOST_STEPS, MOST_NOTES = 30, 6
LONGEST_STORY_TITLE, LONGEST_STEP_TEXT, LONGEST_NOTE = 120, 5_000, 60
NOTE_PARTS = ("longitude", "latitude", "side", "text")


class NoteSide(StrEnum):
    """The side of its point on which a note is written, as a wind is named: `ne` is top right."""

    n = "n"
    ne = "ne"
    e = "e"
    se = "se"
    s = "s"
    sw = "sw"
    w = "w"
    nw = "nw"

    @property
    def step(self) -> tuple[int, int]:
        """The direction from the point to the words, on a picture: right, then down.

        >>> NoteSide.ne.step, NoteSide.s.step
        ((1, -1), (0, 1))
        """
        east, west = "e" in self.value, "w" in self.value
        south, north = "s" in self.value, "n" in self.value
        return east - west, south - north


class Note(msgspec.Struct, frozen=True):
    """A label that an editor placed on the map, with a thin pointer to its point."""

    text: str
    lon_e7: int
    lat_e7: int
    side: NoteSide = NoteSide.ne

    @classmethod
    def checked(cls, *, lon: object, lat: object, side: object, text: object) -> Note:
        """Make a note of values that somebody sent; numbers may be text.

        Raises:
            InvalidPlace: a point outside of the world.
            InputError: another side, or a text that is no line or too long.
        """
        point = LonLat.checked(lon=_degrees(lon), lat=_degrees(lat))
        if side not in list(NoteSide):
            raise InputError("side", side, ", ".join(NoteSide))
        line = text.strip() if isinstance(text, str) else ""
        if not line or not line.isprintable() or len(line) > LONGEST_NOTE:
            raise InputError("text", line, f"one line of at most {LONGEST_NOTE} characters")
        return cls(line, round(point.lon * E7), round(point.lat * E7), NoteSide(str(side)))

    @classmethod
    def read(cls, line: str) -> Note:
        """Read a note from a line: longitude, latitude, side, text.

        >>> Note.read("30.52, 50.45, ne, The school").point
        LonLat(lon=30.52, lat=50.45)

        Raises:
            InputError: the line has another form, or a value does not fit.
        """
        parts = [part.strip() for part in line.split(",", 3)]
        if len(parts) < len(NOTE_PARTS):
            raise InputError("note", line, ", ".join(NOTE_PARTS))
        lon, lat, side, text = parts
        return cls.checked(lon=lon, lat=lat, side=side, text=text)

    def line(self) -> str:
        """Write the note as `read` reads it."""
        return f"{self.point.lon}, {self.point.lat}, {self.side.value}, {self.text}"

    @property
    def point(self) -> LonLat:
        """The point in degrees."""
        return LonLat(self.lon_e7 / E7, self.lat_e7 / E7)


class Step(msgspec.Struct, frozen=True):
    """One View of a story. `view` has its parameters, `as_of` among them; it has no language.

    `text` is Markdown.
    """

    title: str
    text: str
    view: str
    notes: tuple[Note, ...] = ()

    @property
    def parameters(self) -> list[tuple[str, str]]:
        """The parameters of the View, by name."""
        return parse_qsl(self.view, keep_blank_values=True)


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """A story in one language, about one theatre; its slug is its address."""

    slug: str
    title: str
    lang: str
    theatre: str
    steps: tuple[Step, ...]


def _degrees(number: object) -> float:
    """Read degrees; what is no number is outside of the world."""
    try:
        # Python takes true for 1, and reads 1_0 as ten; nobody else does.
        is_number = isinstance(number, int | float | str) and not isinstance(number, bool)
        return float(str(number)) if is_number and "_" not in str(number) else math.nan
    except ValueError:
        return math.nan


_STORY = msgspec.json.Decoder(Story)


def decode_story(payload: bytes) -> Story:
    """Read a story as the record holds it."""
    return _STORY.decode(payload)
