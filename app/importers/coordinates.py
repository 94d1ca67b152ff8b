"""Reads coordinates as people type them: decimals, degrees with minutes, pairs, WKT, UTM, grids.

All are taken as degrees on WGS 84. A text that can mean two places is refused, never guessed.
"""

from __future__ import annotations

import json
import re
from functools import cache

from pyproj import Transformer

from app.domain.errors import InputError
from app.domain.place import LonLat
from app.files import parsing
from app.files.source import BadFieldError
from app.importers.grids import MGRS_ALLOWED, PLUS, SQUARE, is_grid, of_mgrs, of_plus_code

NUMBER = r"\d+(?:[.,]\d+)?"
SIGNED = rf"[+-]?{NUMBER}"
SAME = str.maketrans(
    {"−": "-", "–": "-", "º": "°", "˚": "°", "\u00a0": " ", "\u202f": " "}
    | {"٫": ".", "،": ","}
    | dict.fromkeys("′’‘`´", "'")
    | dict.fromkeys("″”“„", '"')
)
HEMISPHERES = {
    "N": ("lat", 1),
    "S": ("lat", -1),
    "E": ("lon", 1),
    "W": ("lon", -1),
}
UKRAINIAN = (
    (re.compile(r"ПН\.?(?: ?Ш\.?)?"), "N"),
    (re.compile(r"ПД\.?(?: ?Ш\.?)?"), "S"),
    (re.compile(r"СХ\.?(?: ?Д\.?)?"), "E"),
    (re.compile(r"ЗХ\.?(?: ?Д\.?)?"), "W"),
)
ANGLE = re.compile(
    rf"(?P<sign>[+-])?(?P<degrees>{NUMBER})(?: ?° ?|(?= )|$)"
    rf"(?: ?(?P<minutes>{NUMBER})(?: ?' ?|(?= )|$)(?: ?(?P<seconds>{NUMBER}) ?(?:\"|''|$))?)?"
)
POINT = re.compile(
    rf"(?:SRID=4326; ?)?POINT ?Z? ?\( ?(-?\d+(?:\.\d+)?) +(-?\d+(?:\.\d+)?)(?: +-?{NUMBER})? ?\)"
)
OF_ODK = re.compile(r"(-?\d+(?:\.\d+)?) (-?\d+(?:\.\d+)?) -?\d+(?:\.\d+)? \d+(?:\.\d+)?")
"""A point of ODK and Kobo: latitude, longitude, height and accuracy."""

PLAIN = re.compile(r"\s*\(?([+-]?\d+(?:\.\d+)?)°?\s*[,;/\s]\s*([+-]?\d+(?:\.\d+)?)°?\)?\s*")
WITH_COMMAS = re.compile(r"([+-]?\d+,\d+)°?(?: ?[;/] ?|, | )([+-]?\d+,\d+)°?")
LETTERS_FIRST = re.compile(r"([NSEW].*?)[,;/ ]*([NSEW].*)")
LETTERS_LAST = re.compile(r"(.*?[NSEW])[,;/ ]*(.*[NSEW])")
TWO_ANGLES = re.compile(rf"(.*[°'\"])(?: ?[,;/] ?| )({SIGNED} ?°.*)")
UTM = re.compile(
    r"(?P<zone>\d{1,2}) ?(?P<band>[C-HJ-NP-X])[ ,]+(?P<east>\d{6}(?:\.\d+)?) ?M?E?[ ,]+"
    r"(?P<north>\d{1,7}(?:\.\d+)?) ?M?N?"
)
ALLOWED = (
    "a latitude and a longitude: degrees (49.99, 36.23), degrees and minutes (49°59.6'N 36°13.8'E),"
    " WKT or GeoJSON of a point, UTM (37U 301234 5541234), MGRS (37U CR 01614 40127), a whole plus"
    " code (8GXGX6RJ+2X)"
)
UTM_ALLOWED = "UTM of the zones 1 to 60, not with S: it can be the south, or a band of the north"
CLEAR = (UTM_ALLOWED, MGRS_ALLOWED, parsing.NO_PLACE)
"""Reasons that say more than how a point is written."""

ONE_ALLOWED = "degrees (49.99 or 49,99), or degrees and minutes (49°59'36\"N, N49 59.61)"
MINUTES = 60


def degrees(text: str, axis: str) -> float:
    """Read one coordinate in degrees; `axis` is "lat" or "lon", and "S" and "W" are negative.

    Raises:
        BadFieldError: no angle, or one of the other axis.
    """
    stated, value = _angle(_plain(text), axis, text)
    if stated not in (None, axis):
        raise BadFieldError(axis, text, ONE_ALLOWED)
    return value


def position(text: str, *, lon_first: bool) -> LonLat:
    """Read a point of one cell; `lon_first` is the order of numbers that do not say it themselves.

    Raises:
        BadFieldError: no point.
    """
    name = "lon_lat" if lon_first else "lat_lon"
    try:
        if match := PLAIN.fullmatch(text):  # most cells, and the quickest to read
            first, second = float(match[1]), float(match[2])
            lon, lat = (first, second) if lon_first else (second, first)
            return parsing.stated_point(lon, lat)
        plain = _plain(text)
        point = _stating_order(text, plain, name)
        if point is not None:
            return point
        axes = ("lon", "lat") if lon_first else ("lon", "lat")[::-1]
        near, far = (_angle(angle, name, text) for angle in _pair(plain))
        return _point((near, far), axes)
    except (BadFieldError, InputError, ValueError, TypeError, KeyError) as wrong:
        why = wrong.why if isinstance(wrong, BadFieldError) else ALLOWED
        raise BadFieldError(name, text, why if why in CLEAR else ALLOWED) from wrong


def states_order(text: str) -> bool:
    """Tell whether a cell says itself which number is which: letters, WKT, GeoJSON, grids, ODK."""
    plain = _plain(text)
    is_shape = plain.startswith(("POINT", "SRID", "{")) or is_grid(plain)
    is_whole = any(pattern.fullmatch(plain) for pattern in (UTM, OF_ODK))
    return is_shape or is_whole or re.search("[NSEW]", plain) is not None


def _plain(text: str) -> str:
    """Bring a text to capitals, plain signs and Latin letters of the hemispheres."""
    plain = " ".join(text.translate(SAME).replace("''", '"').upper().split())
    for word, letter in UKRAINIAN:
        plain = word.sub(letter, plain)
    return plain


def _angle(plain: str, axis: str, text: str) -> tuple[str | None, float]:
    """Read an angle: the axis that its letter states, or None, and its degrees."""
    letter = plain[:1] if plain[:1] in HEMISPHERES else plain[-1:]
    stated, sign = HEMISPHERES.get(letter, (None, 1))
    match = ANGLE.fullmatch(plain.strip("NSEW ") if stated else plain)
    if match is None or (stated and (match["sign"] or len(re.findall("[NSEW]", plain)) > 1)):
        raise BadFieldError(axis, text, ONE_ALLOWED)
    parts = [match[name] for name in ("degrees", "minutes", "seconds") if match[name]]
    numbers = [float(part.replace(",", ".")) for part in parts]
    if any(not number.is_integer() for number in numbers[:-1]) or max([0, *numbers[1:]]) >= MINUTES:
        raise BadFieldError(axis, text, ONE_ALLOWED)
    value = sum(number / MINUTES**place for place, number in enumerate(numbers))
    return stated, value * sign * (-1 if match["sign"] == "-" else 1)


def _point(angles: tuple[tuple[str | None, float], ...], axes: tuple[str, ...]) -> LonLat:
    """Put two angles in order: the letters decide, else `axes`."""
    stated = tuple(axis for axis, _value in angles)
    order = axes if stated == (None, None) else stated
    values = {axis: value for axis, (_stated, value) in zip(order, angles, strict=True)}
    return parsing.stated_point(values["lon"], values["lat"])


def _pair(plain: str) -> tuple[str, str]:
    """Split a cell into its two angles.

    Raises:
        ValueError: there are not two.
    """
    for pattern in (PLAIN, WITH_COMMAS, LETTERS_FIRST, LETTERS_LAST, TWO_ANGLES):
        if match := pattern.fullmatch(plain):
            return match[1].strip(), match[2].strip()
    raise ValueError(plain)


def _stating_order(text: str, plain: str, name: str) -> LonLat | None:
    if match := POINT.fullmatch(plain):
        return parsing.stated_point(float(match[1]), float(match[2]))
    if plain.startswith("{"):
        shape = json.loads(text)
        lon, lat, *_height = shape["coordinates"]
        if shape["type"] != "Point":
            raise BadFieldError(name, text, ALLOWED)
        return parsing.stated_point(float(lon), float(lat))
    if match := OF_ODK.fullmatch(plain):
        return parsing.stated_point(float(match[2]), float(match[1]))
    if match := UTM.fullmatch(plain):
        return _from_utm(match, text, name)
    return _from_grid(plain, text, name)


def _from_grid(plain: str, text: str, name: str) -> LonLat | None:
    if PLUS.fullmatch(plain):
        return of_plus_code(plain)
    if not SQUARE.fullmatch(plain):
        return None
    try:
        return of_mgrs(plain)
    except ValueError as wrong:
        raise BadFieldError(name, text, MGRS_ALLOWED) from wrong


def _from_utm(match: re.Match[str], text: str, name: str) -> LonLat:
    """Turn UTM into degrees; "S" is refused: a band of the north for some, the south for others."""
    zone, band = int(match["zone"]), match["band"]
    if band == "S" or not 1 <= zone <= MINUTES:
        raise BadFieldError(name, text, UTM_ALLOWED)
    transformer = _utm(zone, is_north=band >= "N")
    lon, lat = transformer.transform(float(match["east"]), float(match["north"]))
    return LonLat.checked(lon=round(lon, 7), lat=round(lat, 7))


@cache
def _utm(zone: int, *, is_north: bool) -> Transformer:
    return Transformer.from_crs((32600 if is_north else 32700) + zone, 4326, always_xy=True)
