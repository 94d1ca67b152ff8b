"""What several test folders share: the reference data, files made on the spot, fresh workspaces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.domain.store import Author
from app.files.source import SourceFile
from app.importers.base import Context, Outcome, ParsedRecord
from app.importers.formats import choose
from app.instance.workspace import Workspace
from app.intake.importing import ImportedFile, import_file
from app.intake.options import ImportOptions
from app.intake.planning import Report
from app.reference.reference import Reference
from tests.making import GEODATA, ROOT

TEMPLATES = ROOT / "static" / "templates"
FILES = ROOT / "tests" / "data"
REAL = ROOT.parent / "shared" / "data"
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)

HEADER = "source_key,start,precision,lon,lat\n"
ROW = "{key},2024-03-10,exact,-124.5,-42.25\n"


@cache
def reference() -> Reference:
    """Read geodata once per process."""
    return Reference(GEODATA)


@cache
def context(theatre: str = "example", dataset: str = "test", *, synthetic: bool = True) -> Context:
    """Make what an importer gets beside a file: by default the invented theatre."""
    place = reference().theatres[theatre]
    regions = reference().region_set(theatre).regions
    world = (place, regions, reference().taxonomy, synthetic)
    return Context(dataset, *world, settlements=reference().settlements(theatre))


def real(name: str) -> Path:
    """Find a real file beside the project, or skip and say so."""
    path = REAL / name
    if not path.exists():
        pytest.skip(f"the real file {name} is not at ../shared/data beside the repository")
    return path


def outcomes(path: Path, format_name: str = "auto", into: Context | None = None) -> list[Outcome]:
    """Read a file to its end."""
    source = SourceFile.open(path)
    importer, _why = choose(source, format_name)
    return list(importer.read(source, into or context()))


def records(path: Path, into: Context | None = None) -> list[Any]:
    """Read a file, and return its records."""
    return [one.record for one in outcomes(path, into=into) if isinstance(one, ParsedRecord)]


def roomy(workspace: Workspace) -> Workspace:
    """Take files of any size that occurs."""
    return replace(workspace, max_file_bytes=1 << 30)


def imported(  # each option has its own type
    workspace: Workspace,
    path: Path,
    at: datetime = NOW,
    **options: Any,
) -> Report:
    """Import a file."""
    file, author = ImportedFile(path), Author("test", at)
    return import_file(workspace, file, ImportOptions(**options), author)


def stable(report: Report) -> dict[str, Any]:
    """Write a report without what differs from run to run."""
    fields: dict[str, Any] = msgspec.to_builtins(report)
    for name in ("id", "sha256", "version"):
        fields.pop(name)
    rare = ("conflicts", "conflicting", "edits_kept", "edits_replaced", "refused", "advice")
    for name in rare:
        if not fields[name]:  # only a file after an edit, or one in doubt, has any
            fields.pop(name)
    return fields


def fates(report: Report) -> int:
    """Add up the fates of all rows."""
    written = report.added + report.amended + report.unchanged + report.retracted
    refused = report.conflicts + report.rejected
    return written + report.duplicates + sum(report.dropped.values()) + refused


def written(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a file as it stands, without changing line ends."""
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def feature(properties: object, geometry: object = None) -> dict[str, Any]:
    """Make a GeoJSON feature."""
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def incident(key: str, geometry: object = None, **properties: object) -> dict[str, Any]:
    """Make a feature of an incident that is right unless a property spoils it."""
    return feature({"source_key": key, "start": "2024-03-10", **properties}, geometry)


def point(lon: object, lat: object) -> dict[str, Any]:
    """Make a GeoJSON point."""
    return {"type": "Point", "coordinates": [lon, lat]}


def square(west: float, south: float, size: float) -> dict[str, Any]:
    """Make a GeoJSON polygon of four corners."""
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def collection(features: Iterable[object], **members: object) -> str:
    """Write a feature collection."""
    return json.dumps({"type": "FeatureCollection", **members, "features": list(features)})


def geojson(folder: Path, *features: object, name: str = "file.geojson") -> Path:
    """Write features to a file."""
    return written(folder, name, collection(features))


def table(folder: Path, *rows: Mapping[str, object], name: str = "file.csv") -> Path:
    """Write rows as a CSV file with the columns that any of them has."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    lines = [",".join(columns)]
    lines += [",".join(f'"{row.get(column, "")}"' for column in columns) for row in rows]
    return written(folder, name, "\n".join(lines) + "\n")
