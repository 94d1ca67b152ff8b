"""Reads numbers of people by region from a CSV file; the year is in the name of the column."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from app.domain.errors import InvalidFile
from app.domain.region import Region

COUNTED = re.compile(r"population_(\d{4})(?:_\d\d){0,2}")
PARENT_CODES = ("iso_3166_2", "adm1_pcode")
OWN_CODES = ("pcode", "adm2_pcode")
OWN_NAMES = ("raion_uk", "raion_en", "adm2_ua", "adm2_en", "adm2_name")


class PopulationRow(NamedTuple):
    """One row of the table; without a name or code of a lower level it is of the first level."""

    people: int
    parent: str
    code: str
    names: tuple[str, ...]

    @property
    def level(self) -> int:
        """The level of the row's region."""
        return 2 if self.code or self.names else 1

    def means(self, region: Region) -> bool:
        """Tell whether the row is about a region: by its code, else by its name in the parent."""
        if region.level != self.level:
            return False
        if self.level == 1 or self.code:
            return (self.code or self.parent) in {region.code, region.pcode}
        names = [unit_name(name) for name in (*region.names.values(), region.name_en)]
        same = any(_is_same(name, other) for name in self.names for other in names)
        return self.parent == region.parent and same

    def label(self) -> str:
        """Name the row in a report."""
        return self.code or " ".join((*self.names[:1], self.parent))


class People(NamedTuple):
    """Numbers of people of one year."""

    year: int
    rows: tuple[PopulationRow, ...]


def unit_name(name: str) -> str:
    """Bring a name into a form to compare: lower case, one kind of apostrophe."""
    return re.sub(r"['’ʼ`]", "'", name).casefold().strip()


def _is_same(a: str, b: str) -> bool:
    """Tell whether two names are equal; one may have its kind ("… raion") at the end."""
    return a == b or a.startswith(f"{b} ") or b.startswith(f"{a} ")


def read_people(path: Path, year: int | None) -> People:
    """Read a table with one row for each region.

    Args:
        path: columns `iso_3166_2` (of the region or of its parent), `pcode` or a name such as
            `raion_uk` for regions below the first level, and `population_YYYY_MM_DD`.
        year: the year, for a column with the name `population`.

    Raises:
        InvalidFile: it is missing, not UTF-8, or lacks these columns or the year.
    """
    rows = _rows(path)
    columns = list(rows[0]) if rows else []
    dated = sorted(name for name in columns if COUNTED.fullmatch(name))
    column = dated[-1] if dated else "population"
    match = COUNTED.fullmatch(column)
    year = int(match[1]) if match else year
    if column not in columns or year is None or not set(PARENT_CODES + OWN_CODES) & set(columns):
        allowed = "iso_3166_2 or pcode, and population_YYYY or population with --population-year"
        raise InvalidFile(f"columns of {path.name}", ", ".join(columns), allowed)
    return People(
        year, tuple(_row(row, number) for row in rows if (number := people_count(row[column])))
    )


def _rows(path: Path) -> list[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            return list(csv.DictReader(stream, restval=""))
    except FileNotFoundError as wrong:
        raise InvalidFile("file", path.name, "an existing file") from wrong
    except (UnicodeDecodeError, csv.Error) as wrong:
        raise InvalidFile("file", path.name, "a CSV file in UTF-8") from wrong


def _row(row: Mapping[str, str], people: int) -> PopulationRow:
    code = next((row[name].strip() for name in OWN_CODES if row.get(name)), "")
    parent = next((row[name].strip() for name in PARENT_CODES if row.get(name)), "")
    names = tuple(unit_name(row[name]) for name in OWN_NAMES if row.get(name))
    return PopulationRow(people, parent, code, names)


def people_count(cell: object) -> int | None:
    """Read a number of people; an empty cell, another text and 0 (not counted) are unknown."""
    try:
        return round(float(str(cell).replace(" ", ""))) or None
    except (ValueError, OverflowError):
        return None
