"""Finds, in a file of boundaries, the one layer and the columns that an operator means."""

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
    """What an operator asks for; a field that is None is recognised from the file."""

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
    """Choose the one layer that holds the level asked for.

    Raises:
        InvalidFile: no layer has codes, or none is of the level.
        InputError: several levels are there and none was asked for, or a named column is not.
    """
    others = (language for language in theatre.languages if language != "en")
    local = (*others, *(country.lower() for country in theatre.countries))
    read = [(layer, _columns(layer, order, local)) for layer in layers]
    coded = [(layer, columns) for layer, columns in read if columns.code is not None]
    name = order.path.name
    if not coded:
        seen = ", ".join(sorted({column for layer in layers for column in layer.columns}))
        allowed = "columns of OCHA COD-AB, geoBoundaries or with ISO 3166-2 codes, or --code-field"
        raise InvalidFile(f"columns of {name}", seen or "no layer of polygons", allowed)
    levelled = [(layer, columns, _level(layer, columns, order)) for layer, columns in coded]
    wanted = LEVELS if order.level is None else (order.level,)
    fitting = [
        (layer, columns, level) for layer, columns, level in levelled if level and level in wanted
    ]
    held = " and ".join(sorted({str(level or "not told") for *_, level in levelled}))
    if not fitting:
        allowed = " or ".join(map(str, wanted))
        raise InvalidFile(f"level of {name}", f"level {held}", f"level {allowed}")
    if len(fitting) > 1:
        got = ", ".join(f"{layer.name} (level {level})" for layer, _, level in fitting)
        raise InvalidFile(f"layers of {name}", got, "one; choose with --level")
    return fitting[0]


def _columns(layer: Layer, order: RegionOrder, local: Sequence[str]) -> Columns:
    found = recognise(layer.columns, local) or Columns("columns named by hand", None)
    given = {
        "code": order.code_field,
        "name_en": order.name_en_field,
        "name_uk": order.name_uk_field,
        "parent": order.parent_field,
    }
    for option, column in given.items():
        if column is not None and column not in layer.columns:
            field = f"--{option.replace('_', '-')}-field"
            raise InputError(field, column, f"a column of the file: {', '.join(layer.columns)}")
    by_hand: dict[str, Any] = {part: column for part, column in given.items() if column is not None}
    if "code" in by_hand:
        level = order.level if order.level is not None else found.level
        found = found._replace(
            source="columns named by hand", level=level, country_from_parent=False
        )
    return found._replace(**by_hand)


def _level(layer: Layer, columns: Columns, order: RegionOrder) -> int | None:
    """Tell a layer's level: as recognised, else as asked for, else 1 when all codes are ISO's."""
    if columns.level is not None or order.level is not None:
        return columns.level if columns.level is not None else order.level
    codes = [text_of(cell) for cell in layer.columns[columns.code or ""]]
    return 1 if all(ISO_CODE.fullmatch(code or "") for code in codes) else None
