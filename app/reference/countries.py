"""The names of every country, and its land, to say in which one a point lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow.parquet as pq
import shapely
from shapely.geometry.base import BaseGeometry
from typing_extensions import override


class Country(NamedTuple):
    """One country: its ISO 3166-1 code, its English name and its land in degrees."""

    code: str
    name: str
    shape: BaseGeometry


@dataclass(frozen=True, eq=False)
class Countries:
    """All countries of a file of boundaries, which is read at the first question."""

    path: Path

    @override
    def __getstate__(self) -> dict[str, Path]:
        """Travel to another process without the land, which is read there if it is needed."""
        return {"path": self.path}

    @cached_property
    def _all(self) -> tuple[Country, ...]:
        table = pq.read_table(self.path, columns=["code", "name_en", "geometry"])
        shapes = shapely.from_wkb(table["geometry"].to_numpy())
        names = (table[name].to_pylist() for name in ("code", "name_en"))
        return tuple(map(Country, *names, shapes))

    @cached_property
    def names(self) -> Mapping[str, Mapping[str, str]]:
        """The names of each country by language, by its code."""
        columns = [name for name in pq.read_schema(self.path).names if name.startswith("name_")]
        rows = pq.read_table(self.path, columns=["code", *columns]).to_pylist()
        return {
            row["code"]: {name.removeprefix("name_"): row[name] for name in columns} for row in rows
        }

    @property
    def codes(self) -> tuple[str, ...]:
        """The codes of all countries."""
        return tuple(country.code for country in self._all)

    def name(self, code: str) -> str:
        """Name a country in English; an unknown code is returned as it is."""
        return next((country.name for country in self._all if country.code == code), code)

    def at(self, points: np.ndarray) -> np.ndarray:
        """Return the code of the country of each point (rows of lon, lat); "" on no land."""
        codes = np.full(len(points), "", "U2")
        lon, lat = points[:, 0], points[:, 1]
        for country in self._all:
            west, south, east, north = country.shape.bounds
            in_box = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
            rows = np.flatnonzero(in_box & (codes == ""))
            if len(rows):
                shapely.prepare(country.shape)
                codes[rows[shapely.contains_xy(country.shape, points[rows])]] = country.code
        return codes
