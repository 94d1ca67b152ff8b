"""Reads the basemap: land, lakes, rivers, borders and places, from one folder or several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import shapely
from shapely import STRtree

LAYERS = ("land", "lakes", "rivers", "borders")
QUARTER = 9
"""The rank of a part of a settlement: its name has no dot."""


@dataclass(frozen=True, eq=False)
class Shapes:
    """Geometries in degrees, with a tree that finds those in a box."""

    geometries: np.ndarray

    @cached_property
    def _tree(self) -> STRtree:
        return STRtree(self.geometries)

    def within(self, west: float, south: float, east: float, north: float) -> np.ndarray:
        """Return the geometries whose bounding box touches this box, in their order."""
        numbers = self._tree.query(shapely.box(west, south, east, north))
        return self.geometries[np.sort(numbers)]


@dataclass(frozen=True, eq=False)
class Places:
    """Named places as columns, the most important first."""

    lon: np.ndarray
    lat: np.ndarray
    rank: np.ndarray
    population: np.ndarray
    country: np.ndarray
    names: list[Mapping[str, str]]
    """By language; English is always there."""

    def joined(self, others: Places) -> Places:
        """Add other places after these."""
        return Places(
            np.concatenate([self.lon, others.lon]),
            np.concatenate([self.lat, others.lat]),
            np.concatenate([self.rank, others.rank]),
            np.concatenate([self.population, others.population]),
            np.concatenate([self.country, others.country]),
            [*self.names, *others.names],
        )

    def name(self, index: int, language: str) -> str:
        """Name a place in a language, in English when it has no other name."""
        names = self.names[index]
        return names.get(language) or names["en"]


@dataclass(frozen=True)
class Basemap:
    """The map under all other layers; the shapes of all folders together."""

    folders: Sequence[Path]

    def _read(self, layer: str) -> Shapes:
        parts: list[np.ndarray] = []
        for folder in self.folders:
            path = folder / f"{layer}.parquet"
            if path.exists():
                column = pq.read_table(path, columns=["geometry"])["geometry"]
                parts.append(shapely.from_wkb(column.to_numpy()))
        return Shapes(np.concatenate(parts) if parts else np.empty(0, object))

    def read_ahead(self) -> None:
        """Read every layer in advance, which takes a tenth of a second."""
        _ = self.land, self.lakes, self.rivers, self.borders, self.places

    @cached_property
    def land(self) -> Shapes:
        """Land, cut into pieces that are filled without an edge."""
        return self._read("land")

    @cached_property
    def lakes(self) -> Shapes:
        """Lakes and reservoirs."""
        return self._read("lakes")

    @cached_property
    def rivers(self) -> Shapes:
        """Rivers as lines."""
        return self._read("rivers")

    @cached_property
    def borders(self) -> Shapes:
        """State borders as lines, without coasts."""
        return self._read("borders")

    @cached_property
    def places(self) -> Places:
        """Places for labels: capitals first, then by rank and population."""
        tables = [
            pq.read_table(folder / "places.parquet")
            for folder in self.folders
            if (folder / "places.parquet").exists()
        ]
        columns: dict[str, list[Any]] = {
            name: [value for table in tables for value in table[name].to_pylist()]
            for name in ("lon", "lat", "rank", "population", "country", "name_en", "name_uk")
        }
        names = [
            {"en": english, "uk": ukrainian or ""}
            for english, ukrainian in zip(columns["name_en"], columns["name_uk"], strict=True)
        ]
        people = np.array([count or 0 for count in columns["population"]], np.int64)
        rank = np.array(columns["rank"], np.int8)
        order = np.lexsort((-people, rank))
        return Places(
            np.array(columns["lon"], float)[order],
            np.array(columns["lat"], float)[order],
            rank[order],
            people[order],
            np.array(columns["country"])[order],
            [names[place] for place in order.tolist()],
        )
