"""Imports better boundaries: a vector file becomes the region set of a level."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

import msgspec

from app.domain.errors import InputError
from app.domain.region import Region
from app.domain.slug import slug_of
from app.frames import frame
from app.instance.workspace import Workspace
from app.intake.regions.layers import RegionOrder
from app.intake.regions.units import RegionReading
from app.reference.reference import Reference
from app.reference.regions import ImportedSet, content_hash

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class RegionReport(msgspec.Struct, frozen=True):
    """The result of an import of boundaries; `notes` lists what was left out or repaired."""

    file: str
    recognised: str
    theatre: str
    level: int
    id: str
    hash: str
    units: int
    with_population: int
    population_year: int | None
    notes: list[str]


def import_regions(workspace: Workspace, order: RegionOrder, now: datetime) -> RegionReport:
    """Import boundaries; processes that start from now on use them.

    Raises:
        InvalidFile: the file as a whole is not usable; nothing was imported.
        InputError: an option does not fit.
    """
    reference = workspace.reference
    if order.theatre not in reference.theatres:
        raise InputError("theatre", order.theatre, ", ".join(reference.theatres))
    set_id = order.id or slug_of(order.path.stem, "boundaries")
    if not SLUG.fullmatch(set_id):
        raise InputError("id", set_id, "a slug: lower-case letters, digits and hyphens")
    reading = RegionReading(workspace, order)
    regions = reading.regions()
    regions, year = reading.populated(regions)
    about = ImportedSet(
        set_id, content_hash(regions), reading.level, len(regions), order.path.name, now, year
    )
    reference.imported_sets(order.theatre).add(about, lambda path: _write(regions, path))
    return RegionReport(
        file=order.path.name,
        recognised=reading.columns.source,
        theatre=order.theatre,
        level=reading.level,
        id=set_id,
        hash=about.hash,
        units=len(regions),
        with_population=sum(region.population is not None for region in regions),
        population_year=year,
        notes=reading.notes,
    )


class ListedSet(msgspec.Struct, frozen=True):
    """One region set as `strikemap regions list` shows it."""

    theatre: str
    level: int
    id: str
    hash: str
    units: int
    population_year: int | None
    imported_at: datetime | None
    serves: bool


def list_regions(reference: Reference) -> list[ListedSet]:
    """List the shipped set of each theatre, then what was imported, oldest first."""
    rows = []
    for theatre in reference.theatres:
        active = reference.imported_sets(theatre).active()
        shipped = reference.shipped(theatre)
        facts = (theatre, 1, shipped.id, shipped.hash, len(shipped.regions), None, None)
        rows.append(ListedSet(*facts, serves=1 not in active))
        rows += [
            ListedSet(
                theatre,
                *(own.level, own.id, own.hash, own.units, own.population_year, own.imported_at),
                serves=own.level in active and active[own.level].hash == own.hash,
            )
            for own in reference.imported_sets(theatre).sets()
        ]
    return rows


def _write(regions: Iterable[Region], path: Path) -> None:
    """Write GeoParquet in the shape of `geodata/regions/admin1.parquet`."""
    units = list(regions)
    fields = [name for name in Region.__dataclass_fields__ if name not in ("shape", "names")]
    languages = sorted({"uk", *(language for unit in units for language in unit.names)})
    rows = [
        {
            **{name: getattr(unit, name) for name in fields},
            **{f"name_{language}": unit.names.get(language) for language in languages},
        }
        for unit in units
    ]
    frame([unit.shape for unit in units], rows).to_parquet(path, index=False, compression="zstd")
