"""Finds, in a file of boundaries, the layer and the columns to import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.domain.errors import InputError, InvalidFile
from app.reference.boundaries import Layer
from app.reference.columns import ISO_CODE, Columns, recognise, text_of
from app.reference.reference import LEVELS
from app.reference.theatre import Theatre


@dataclass(frozen=True)
class RegionOrder:
    """The options of an import of boundaries; a field that is None is recognised from the file."""

    path: Path
    theatre: str
    level: int | None = None
    id: str | None = None
    code_field: str | None = None
    name_en_field: str | None = None
    name_uk_field: str | None = None
    parent_field: str | None = None
    population: Path | None = None
    population_year: int | None = None


def choose_layer(
    layers: Sequence[Layer], order: RegionOrder, theatre: Theatre
) -> tuple[Layer, Columns, int]:
    """Choose the only layer of the level in the options, or of any level.

    Raises:
        InvalidFile: no layer has codes, none is of the level, or several are.
        InputError: a named column is not in the file.
    """
    pairs = [(layer, _columns(layer, order, theatre)) for layer in layers]
    coded = [(layer, columns) for layer, columns in pairs if columns.code is not None]
    name = order.path.name
    if not coded:
        seen = ", ".join(sorted({column for layer in layers for column in layer.columns}))
        allowed = "columns of OCHA COD-AB, geoBoundaries or with ISO 3166-2 codes, or --code-field"
        raise InvalidFile(f"columns of {name}", seen or "no layer of polygons", allowed)
    levelled = [(layer, columns, _level(layer, columns, order)) for layer, columns in coded]
    levels = LEVELS if order.level is None else (order.level,)
    fitting = [
        (layer, columns, level) for layer, columns, level in levelled if level and level in levels
    ]
    present = " and ".join(sorted({str(level or "not told") for *_, level in levelled}))
    if not fitting:
        allowed = " or ".join(map(str, levels))
        raise InvalidFile(f"level of {name}", f"level {present}", f"level {allowed}")
    if len(fitting) > 1:
        got = ", ".join(f"{layer.name} (level {level})" for layer, _, level in fitting)
        raise InvalidFile(f"layers of {name}", got, "one; choose with --level")
    return fitting[0]


def _columns(layer: Layer, order: RegionOrder, theatre: Theatre) -> Columns:
    languages = [language for language in theatre.languages if language != "en"]
    countries = [country.lower() for country in theatre.countries]
    recognised = recognise(layer.columns, languages, countries) or Columns(
        "columns named by hand", None
    )
    by_option = {
        "code": order.code_field,
        "name_en": order.name_en_field,
        "name_uk": order.name_uk_field,
        "parent": order.parent_field,
    }
    for option, column in by_option.items():
        if column is not None and column not in layer.columns:
            field = f"--{option.replace('_', '-')}-field"
            raise InputError(field, column, f"a column of the file: {', '.join(layer.columns)}")
    by_hand: dict[str, Any] = {
        part: column for part, column in by_option.items() if column is not None
    }
    if "code" in by_hand:
        level = order.level if order.level is not None else recognised.level
        recognised = recognised._replace(
            source="columns named by hand", level=level, country_from_parent=False
        )
    if column := by_hand.pop("name_uk", None):
        by_hand["names"] = {**recognised.names, "uk": column}
    return recognised._replace(**by_hand)


def _level(layer: Layer, columns: Columns, order: RegionOrder) -> int | None:
    """Return a layer's level: as recognised, else as in the options, else 1 for ISO codes."""
    if columns.level is not None or order.level is not None:
        return columns.level if columns.level is not None else order.level
    codes = [text_of(cell) for cell in layer.columns[columns.code or ""]]
    return 1 if all(ISO_CODE.fullmatch(code or "") for code in codes) else None
