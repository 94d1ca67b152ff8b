"""Finds settlements by name within a first-level region; a name may have several of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from app.domain.place import LonLat

KIND = re.compile(
    r"^(м|с|смт|с-ще|сщ|сел|селище|місто|село|city of|town of|village of)\.?\s+|"
    r"\s+(city|town|village|settlement)$"
)
APOSTROPHES = re.compile("['`\u00b4\u2018\u2019\u02bc\u0301]")
BREAKS = re.compile(r"[\s\-\u2010-\u2015]+")


class Settlement(NamedTuple):
    """One settlement of the official list; its position is known for the larger ones only."""

    code: str
    name_uk: str
    name_en: str
    admin1: str
    admin2: str | None
    raion: str | None
    hromada: str | None
    kind: str
    point: LonLat | None

    def label(self) -> str:
        """Describe the settlement so that it differs from others of the same name."""
        raion = self.raion and f"{self.raion} raion"
        hromada = self.hromada and f"{self.hromada} hromada"
        where = ", ".join(part for part in (self.kind, raion, hromada) if part)
        return f"{self.name_uk} ({where}, {self.admin2 or self.admin1})"


@dataclass(frozen=True, eq=False)
class Settlements:
    """The settlements of a theatre; the list is read at the first search."""

    path: Path
    iso_by_pcode: Mapping[str, str]

    @cached_property
    def _by_name(self) -> Mapping[str, list[Settlement]]:
        by_name: dict[str, list[Settlement]] = {}
        for row in pq.read_table(self.path).to_pylist():
            lon, lat = row.pop("lon"), row.pop("lat")
            settlement = Settlement(
                code=row["code"],
                name_uk=row["name_uk"],
                name_en=row["name_en"],
                admin1=self.iso_by_pcode.get(row["admin1"], row["admin1"]),
                admin2=row["admin2"],
                raion=row["raion_uk"],
                hromada=row["hromada_uk"],
                kind=row["kind"],
                point=None if lon is None else LonLat(lon, lat),
            )
            for name in {folded_name(settlement.name_uk), loose(settlement.name_en)}:
                by_name.setdefault(name, []).append(settlement)
        return by_name

    def called(self, name: str, admin1: str | None = None) -> list[Settlement]:
        """List every settlement of a name, in Ukrainian or in Latin letters, within a region."""
        namesakes = self._by_name.get(folded_name(name)) or self._by_name.get(loose(name)) or []
        return [one for one in namesakes if admin1 is None or one.admin1 == admin1]


def folded_name(name: str) -> str:
    """Bring a name into a form to compare: no case, stress marks, apostrophes or word for its kind.

    >>> folded_name("м. Кам'янець-Подільський"), folded_name("село Дем`янів")
    ('камянець подільський', 'демянів')
    """
    text = KIND.sub("", unicodedata.normalize("NFC", name.strip().casefold()))
    return BREAKS.sub(" ", APOSTROPHES.sub("", text)).strip()


def loose(name: str) -> str:
    """Bring a name in Latin letters into one form for all common romanisations.

    >>> loose("Kryvyy Rih") == loose("Kryvyi Rih"), loose("Kharkiv city")
    (True, 'kharkiv')
    """
    letters = unicodedata.normalize("NFD", folded_name(name))
    return re.sub(r"[iy]+", "i", re.sub(r"[^a-z ]", "", letters)).strip()
