"""Reads places that are written as squares of a grid: MGRS and plus codes.

A square is read as the point in its middle.
"""

from __future__ import annotations

import re

from mgrs import MGRS
from openlocationcode import openlocationcode

from app.domain.place import LonLat

SQUARE = re.compile(
    r"(?P<zone>\d{1,2} ?[C-HJ-NP-X]) ?(?P<square>[A-Z]{2}) ?(?P<east>\d{2,5}) "
    r"?(?P<north>\d{2,5})"
)
PLUS = re.compile(r"[23456789CFGHJMPQRVWX]{8}\+[23456789CFGHJMPQRVWX]{2,7}")
"""A whole plus code; a short one ("X6RJ+2X Kharkiv") needs a town to be read."""

MOST_DIGITS = 5
MGRS_ALLOWED = "MGRS of a square that exists, with as many digits east as north: 37U CR 01614 40127"


def is_grid(plain: str) -> bool:
    """Tell whether a text in capitals is MGRS or a whole plus code."""
    return any(pattern.fullmatch(plain) for pattern in (SQUARE, PLUS))


def of_plus_code(plain: str) -> LonLat:
    """Return the middle of a plus code's area."""
    area = openlocationcode.decode(plain)
    return LonLat.checked(lon=round(area.longitudeCenter, 7), lat=round(area.latitudeCenter, 7))


def of_mgrs(plain: str) -> LonLat:
    """Return the middle of an MGRS square.

    Raises:
        ValueError: there is no such square.
    """
    match = SQUARE.fullmatch(plain)
    digits = "" if match is None else match["east"] + match["north"]
    half = len(digits) // 2
    if match is None or len(digits) % 2 or half > MOST_DIGITS:
        raise ValueError(plain)
    # A further digit of 5 is the middle of a square that is larger than a metre.
    more = "5" if half < MOST_DIGITS else ""
    zone = match["zone"].replace(" ", "") + match["square"]
    try:
        place = MGRS().toLatLon(f"{zone}{digits[:half]}{more}{digits[half:]}{more}")
    except Exception as wrong:  # the package raises no error of a narrower kind
        raise ValueError(plain) from wrong
    return LonLat.checked(lon=round(place[1], 7), lat=round(place[0], 7))
