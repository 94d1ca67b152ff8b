"""Tables and files of points of any schema, by a saved mapping of their columns to our fields."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.errors import NeedsMapping
from app.domain.mapping import TableMapping
from app.files.sheets import is_workbook
from app.files.source import SourceFile
from app.importers.base import Context, Outcome
from app.importers.by_mapping import outcomes_by
from app.importers.points import kind_of

MAKE_ONE = (
    "--mapping M.toml, which says what its columns mean; `strikemap mapping suggest FILE "
    "--out M.toml` proposes one"
)


class Mapped:
    """Reads a table by a mapping, and warns of the columns that the mapping leaves out."""

    name = "mapped"
    dataset = None
    publisher = None
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise any workbook; only a mapping can give the meaning of its columns."""
        return "a workbook; a mapping says what its columns mean" if is_workbook(source) else None

    def mapping(self, source: SourceFile) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """The mapping file says which columns are read."""
        return {}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row.

        Raises:
            NeedsMapping: there is no mapping.
            InvalidFile: the mapping is for another file.
        """
        return outcomes_by(_stated_mapping(source, context), source, context)


class VectorPoints:
    """Reads points of any schema by the same kind of mapping."""

    name = "vector_points"
    dataset = None
    publisher = None
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise points in a GeoPackage, shapefile, geodatabase, GeoJSON or GeoParquet file."""
        return kind_of(source)

    def mapping(self, source: SourceFile) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """The mapping file says which fields are read."""
        return {}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per feature.

        Raises:
            NeedsMapping: there is no mapping.
            InvalidFile: the file cannot be read.
        """
        return outcomes_by(_stated_mapping(source, context), source, context)


def _stated_mapping(source: SourceFile, context: Context) -> TableMapping:
    if context.table is None:
        raise NeedsMapping(f"columns of {source.name}", "no mapping", MAKE_ONE)
    return context.table
