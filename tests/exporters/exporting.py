"""What the tests of exports share: a View written to a file on disk."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.query import Query
from app.queries.export import prepare
from tests.support import NOW

EXAMPLE = View(theatre="example", synthetic=True)
FORMS = ("geojson", "csv", "xlsx", "gpkg", "parquet", "kml")


def exported(
    workspace: Workspace, folder: Path, form: str, view: View = EXAMPLE, now: datetime = NOW
) -> Path:
    """Write a View to a file."""
    export = prepare(Query.of(workspace, view, now), form)
    path = folder / f"export.{form}"
    path.write_bytes(b"".join(export.write(form, folder / "work")))
    beside = export.description(form, path.name)
    if beside is not None:
        path.with_name(f"{path.name}-metadata.json").write_bytes(beside)
    return path


def cells(path: Path, layer: str | None = None) -> dict[str, list[Any]]:
    """Read a file with GDAL: columns by name, geometry as WKB or None."""
    import pyogrio.raw  # noqa: PLC0415  only here

    meta, _, shapes, arrays = pyogrio.raw.read(path, layer=layer)
    columns = {
        name: [None if value != value else value for value in array.tolist()]  # noqa: PLR0124  NaN
        for name, array in zip(meta["fields"], arrays, strict=True)
    }
    return {**columns, "geometry": [None] * len(arrays[0]) if shapes is None else list(shapes)}
