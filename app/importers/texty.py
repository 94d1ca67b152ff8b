"""Texty.org.ua, "Under attack": a published spreadsheet as CSV, 17 columns below two lines.

The columns are known by their position. A cell of latitude may hold "lat,lon"; a latitude without
a longitude is a rejection. See `docs/formats.md`, section texty.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.domain.errors import InputError, InvalidFile
from app.domain.mapping import Notation
from app.domain.place import LonLat, Precision
from app.files import parsing
from app.files.sheets import Cells, first_lines, squeezed, table
from app.files.source import BadFieldError, Rejection, SourceFile, decoded_head, rejection
from app.importers import native
from app.importers.base import Context, Outcome, ParsedRecord
from app.importers.header import drift
from app.importers.notation import day_of
from app.importers.words import Words

COLUMNS = {
    "title": "when_text",
    "latitude": "lat",
    "longitude": "lon",
    "date": "start",
    "place_name": "place",
    "place_type": "damage.object_kind",
    "accuracy": "precision",
    "civilian": "(kept in no field)",
    "link": "sources[0].url",
    "oblast": "admin1",
    "artillery": "weapons",
    "air": "weapons",
    "missile": "weapons",
    "missiles": "(kept in no field)",
    "drones": "weapons",
    "projectile": "weapons",
    "address": "description",
}
NAMES = list(COLUMNS)
ACCURATE, INACCURATE = "точні", "неточні"
LINES = 2
SLASHES = re.compile(r"\d{1,2}/\d{1,2}/\d{4}")
DEEPEST = 40
FLAGS = {"artillery": "artillery", "air": "bomb", "missile": "missile", "drones": "drone.one_way"}
NO = frozenset({"", "0", "ні", "false", "no", "-"})


class Texty:
    """Reads one strike per row."""

    name = "texty"
    dataset = "texty"
    publisher = "Texty.org.ua"
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise 17 or more columns, the seventh of which says whether a point is exact."""
        if ACCURATE not in decoded_head(source).lower():
            return None
        try:
            lines = first_lines(source, DEEPEST)[LINES:]
        except InputError:
            return None
        fitting = [
            line
            for line in lines
            if len(line) >= len(NAMES) and line[6].lower() in (ACCURATE, INACCURATE)
        ]
        return "17 columns or more, the seventh of which is точні or неточні" if fitting else None

    def mapping(self, source: SourceFile) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """Map the columns, known by their position."""
        return dict(COLUMNS)

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row.

        Raises:
            InvalidFile: fewer than 17 columns; further columns at the end only give a warning.
        """
        words = Words(context)
        body = table(source, below=LINES - 1)
        if len(body.names) < len(NAMES):
            allowed = f"{len(NAMES)} columns, which are known by their place"
            raise InvalidFile(f"header of {source.name}", f"{len(body.names)} columns", allowed)
        yield from drift(body.names[len(NAMES) :], ())
        names = dict(zip(body.names, NAMES, strict=False))
        for row in body.rows:
            if isinstance(row, Rejection):
                yield row
                continue
            cells = {names[name]: text for name, text in row[1].items() if name in names}
            try:
                values, point = _values(cells, words), _point(cells)
                if point is None:
                    values["precision"] = None
                yield ParsedRecord(row[0], native.incident_from(values, point, context))
            except (BadFieldError, InputError) as wrong:
                yield rejection(row[0], wrong)
        yield from words.warnings()


def _point(cells: Cells) -> LonLat | None:
    lon, lat = cells.get("longitude", ""), cells.get("latitude", "")
    if "," in lat and not lon:
        lat, _, lon = lat.partition(",")
    return parsing.point_from(lon.strip(), lat.strip())


def _values(cells: Cells, words: Words) -> dict[str, object]:
    day_text = cells.get("date", "")
    is_exact = cells.get("accuracy", "").lower() == ACCURATE
    kind, oblast, url = cells.get("place_type"), cells.get("oblast"), cells.get("link")
    return {
        "start": day_of(
            day_text, Notation.dmy if SLASHES.match(day_text) else Notation.ymd, "date"
        ),
        "when_text": cells.get("title"),
        "place": cells.get("place_name"),
        "admin1": words.region(oblast) if oblast else None,
        "precision": Precision.exact if is_exact else Precision.settlement,
        "weapons": _weapons(cells, words),
        "damage": [{"sector": "unknown", "object_kind": kind}] if kind else [],
        "sources": [{"url": url}] if url else [],
        "description": cells.get("address"),
    }


def _weapons(cells: Cells, words: Words) -> list[str]:
    """Read the flags and the projectile; a finer code replaces the coarser one of its class."""
    flagged = [code for name, code in FLAGS.items() if squeezed(cells.get(name, "")) not in NO]
    taxonomy = words.context.taxonomy
    codes = taxonomy.crosswalk("mapped")["weapons"]
    projectile = cells.get("projectile")
    finer_weapons = (
        words.codes("projectile", projectile, taxonomy.weapons, codes) if projectile else []
    )
    finer = {code.split(".")[0] for code in finer_weapons}
    return list(
        dict.fromkeys([*finer_weapons, *(c for c in flagged if c.split(".")[0] not in finer)])
    )
