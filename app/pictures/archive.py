"""A View's tiles as one PMTiles file, for a host that only serves files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np

from app.domain.answer import JsonObject
from app.domain.mercator import tile_at
from app.domain.place import Bounds
from app.domain.terms import Face
from app.pictures.tiles import Tiler, tile_classes
from app.publishing.publish import Published, control_dataset, publish
from app.publishing.query import Query
from app.queries.export import WriteProgress, describe_export, refuse_export
from app.tiles.archive import Archive, tile_numbers
from app.tiles.grid import Tile
from app.tiles.points import EXACT_ZOOM, FIELDS_OF, MERCATOR_BITS, incident_tile
from app.tiles.vector import Property, encode_shapes
from app.whole_files import whole_file

_COLUMNS = (
    *("mercator_x", "mercator_y", "morton", "number", "day_first", "weapons", "status"),
    *("precision", "error_m", "killed_total_low", "injured_total_low", "flags"),
)
LEAST_EXACT = 10
"""At the last zoom, tiles have single marks; if it is lower than this, dense ones have cells."""


@dataclass(frozen=True, eq=False)
class _Marks:
    """Marks in Morton order: a slice is a tile at any zoom."""

    columns: dict[str, np.ndarray]
    classes: Property | None

    def __len__(self) -> int:
        return len(self.columns["morton"])

    def __getitem__(self, name: str) -> np.ndarray:
        return self.columns[name]

    def between(self, low: int, high: int) -> _Marks:
        columns = {name: column[low:high] for name, column in self.columns.items()}
        classes = self.classes
        if classes is not None:
            classes = replace(classes, codes=classes.codes[low:high])
        return _Marks(columns, classes)


class _Place(NamedTuple):
    """A tile with content: its number in the archive, and the slice of its marks."""

    number: int
    x: int
    y: int
    low: int = 0
    high: int = 0


class ArchiveReport(NamedTuple):
    """The number of tiles and marks in an archive, and its size in bytes."""

    tiles: int
    marks: int
    size: int


@dataclass(frozen=True, eq=False)
class _Contents:
    """The content of an archive's tiles."""

    tiler: Tiler
    query: Query
    names: Sequence[str]
    marks: _Marks
    exact_zoom: int
    """From this zoom on, a reader enlarges the tiles: they have every mark by itself."""

    def content(self, zoom: int, place: _Place) -> bytes:
        """Join the layers of one tile, without empty ones."""
        parts = []
        for layer in self.names:
            if layer == "incidents":
                if place.high > place.low:
                    parts.append(self._marks_tile(zoom, place))
                continue
            part = self.tiler.tile(self.query, Tile(layer, zoom, place.x, place.y, "mvt"))
            if part != encode_shapes(layer, [], [], []):
                parts.append(part)
        return b"".join(parts)

    def _marks_tile(self, zoom: int, place: _Place) -> bytes:
        marks = self.marks.between(place.low, place.high)
        names = self.query.code_names
        return incident_tile(marks, zoom, names, self.exact_zoom, marks.classes)


class ArchiveLayers(NamedTuple):
    """The layers of an archive, and its first and last zoom."""

    names: Sequence[str]
    first_zoom: int
    last_zoom: int

    @property
    def zooms(self) -> tuple[int, int]:
        """The first and the last zoom."""
        return self.first_zoom, self.last_zoom


def archive_view(
    tiler: Tiler,
    query: Query,
    layers: ArchiveLayers,
    path: Path,
    progress: WriteProgress | None = None,
) -> ArchiveReport:
    """Write a View's tiles to a file, whole or not at all.

    Raises:
        NotShared: the terms of a part allow the public no tiles, or no file to take along.
    """
    if "incidents" in layers.names:
        refuse_export(query, Face.tiles)
    if "control" in layers.names:
        _refuse_control(query)
    published = publish(query, Face.tiles)
    selection = published.select().drawable(published.filter)
    order = np.argsort(selection["morton"], kind="stable")
    classes = tile_classes(query, selection)
    if classes is not None:
        classes = replace(classes, codes=classes.codes[order])
    marks = _Marks({name: selection[name][order] for name in _COLUMNS}, classes)
    box = Bounds(*query.theatre.bounds)
    exact_zoom = min(EXACT_ZOOM, max(layers.last_zoom, LEAST_EXACT))
    contents = _Contents(tiler, query, layers.names, marks, exact_zoom)
    with tempfile.TemporaryFile(dir=path.parent) as data:
        archive = Archive(data)
        for zoom in range(layers.first_zoom, layers.last_zoom + 1):
            for place in _places(marks, zoom, box, layers.names):
                content = contents.content(zoom, place)
                if content:
                    archive.add(place.number, content)
                    if progress is not None:
                        progress(archive.tiles)
        metadata = _metadata(published, len(marks), layers)
        size = _written(path, archive.head(metadata, box, layers.zooms), data)
    return ArchiveReport(archive.tiles, len(marks), size)


def _metadata(published: Published, marks: int, layers: ArchiveLayers) -> JsonObject:
    about = describe_export(published, marks)
    document = about.document(())
    document.pop("exported_at")  # two archives of the same View are the same
    credits = (*about.credits, published.theatre.remark(published.view.lang))
    return {
        "name": about.title,
        "description": about.citation,
        "attribution": " · ".join(filter(None, credits)),
        "type": "overlay",
        "version": str(about.version),
        "vector_layers": [
            {
                "id": name,
                "fields": FIELDS_OF[name],
                "minzoom": layers.first_zoom,
                "maxzoom": layers.last_zoom,
            }
            for name in layers.names
        ],
        "strikemap": document,
    }


def _refuse_control(query: Query) -> None:
    for face in (Face.tiles, Face.export):
        control_dataset(query, face)


def _written(path: Path, head: bytes, data: IO[bytes]) -> int:
    with whole_file(path) as half, half.open("wb") as file:
        file.write(head)
        data.seek(0)
        shutil.copyfileobj(data, file)
        return file.tell()


def _places(marks: _Marks, zoom: int, box: Bounds, layers: Sequence[str]) -> list[_Place]:
    """List the tiles of a zoom in the archive's order: those with marks, or all of the theatre."""
    shift = MERCATOR_BITS - zoom
    keys = marks["morton"] >> np.uint64(2 * shift)
    _, starts = np.unique(keys, return_index=True)
    ends = [*starts[1:].tolist(), len(marks)]
    x, y = (marks[axis][starts] >> np.uint32(shift) for axis in ("mercator_x", "mercator_y"))
    spans = {
        (x, y): (low, high)
        for x, y, low, high in zip(x.tolist(), y.tolist(), starts.tolist(), ends, strict=True)
    }
    if layers != ["incidents"]:
        spans = {**dict.fromkeys(_cover(box, zoom), (0, 0)), **spans}
    at = np.array(list(spans), np.int64).reshape(len(spans), 2)
    numbers = tile_numbers(zoom, at[:, 0], at[:, 1]).tolist()
    return sorted(
        _Place(number, *place, *span)
        for number, (place, span) in zip(numbers, spans.items(), strict=True)
    )


def _cover(box: Bounds, zoom: int) -> Iterator[tuple[int, int]]:
    """Yield the x and y of the tiles that cover a box."""
    from_x, from_y = tile_at(box.west, box.north, zoom)
    to_x, to_y = tile_at(box.east, box.south, zoom)
    for y in range(from_y, to_y + 1):
        for x in range(from_x, to_x + 1):
            yield x, y
