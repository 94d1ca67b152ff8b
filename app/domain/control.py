"""Who held the ground: dated control areas by source, and the front line that follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import msgspec
import shapely
from shapely import MultiLineString
from shapely.geometry.base import BaseGeometry

from app.domain.cache import bytes_of
from app.domain.errors import InvalidControl
from app.domain.place import LocalPlane, length_km

STRAIGHT_DEG, STRAIGHT_M = 0.05, 5_000
"""Up to this length, a segment that is straight in degrees is straight in the plane: the two differ
by about a metre."""


class ControlStatus(StrEnum):
    """How the source describes control, in the terms of ISW and DeepState (docs/control.md)."""

    assessed = "assessed"
    advance = "advance"
    claimed = "claimed"
    contested = "contested"
    regained = "regained"
    unknown = "unknown"


class Baseline(StrEnum):
    """Which part of the land an area belongs to: sources differ in what they include."""

    main = "main"
    crimea = "crimea"
    pre2022 = "pre2022"


class Extent(StrEnum):
    """What the source gives: a polygon, the name of a whole region, or "a part of this region"."""

    area = "area"
    whole_region = "whole_region"
    part_of_region = "part_of_region"


class ControlArea(msgspec.Struct, frozen=True, omit_defaults=True):
    """Ground that one controller holds in one status.

    `shape` is the SHA-256 of the polygon's WKB; the record stores a polygon once, however many days
    repeat it. A region that is only named (`region`) has no polygon and is never measured. `word`
    is the source's own word for the status.
    """

    controller: str
    status: ControlStatus = ControlStatus.assessed
    part: Baseline = Baseline.main
    extent: Extent = Extent.area
    shape: str | None = None
    region: str | None = None
    word: str | None = None
    citation: str | None = None

    def __post_init__(self) -> None:
        if (self.shape is None) is (self.region is None):
            raise InvalidControl("control area", "both or neither", "a polygon or a region code")


class ControlSnapshot(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """All areas that one source gives for one day.

    `valid_on` is the day the source speaks of, `assessed_at` when it decided, `fetched_at` when
    the file was downloaded. For land that no area covers the source says nothing; that does not
    mean "government".
    """

    dataset: str
    valid_on: date
    areas: tuple[ControlArea, ...]
    includes: tuple[Baseline, ...] = (Baseline.main,)
    assessed_at: datetime | None = None
    fetched_at: datetime | None = None
    note: str | None = None
    synthetic: bool = False

    @property
    def key(self) -> str:
        """The key in the record: one snapshot per dataset and day."""
        return f"{self.dataset}/{self.valid_on}"


@dataclass(frozen=True, slots=True)
class FrontLine:
    """The edge between controllers, with the border tolerance it was cut by."""

    shape: MultiLineString
    length_km: float
    tolerance_km: float

    @property
    def nbytes(self) -> int:
        """About its size in bytes."""
        return bytes_of(self.shape)


@dataclass(frozen=True, slots=True)
class Homeland:
    """Where a line may run: the country without a strip along its coast and state border."""

    corridor: BaseGeometry
    tolerance_km: float

    @classmethod
    def of(cls, land: BaseGeometry, plane: LocalPlane, tolerance_km: float) -> Homeland:
        """Prepare a country once for many lines; `land` is in degrees, tolerance 0 removes nothing.

        Inside the strip, the edge of an area follows the border of the country and is no line
        between parties.
        """
        if tolerance_km <= 0:
            return cls(land, 0.0)
        # A segment that is straight in degrees is curved in the plane, and the other way round.
        edge = plane.flat(shapely.segmentize(land.boundary, STRAIGHT_DEG))
        wide = edge.simplify(50).buffer(tolerance_km * 1e3, quad_segs=16)
        strip = plane.back(shapely.segmentize(wide, STRAIGHT_M))
        return cls(land.difference(shapely.make_valid(strip)), tolerance_km)


def by_controller(
    areas: Iterable[ControlArea], shapes: Mapping[str, BaseGeometry]
) -> dict[str, BaseGeometry]:
    """Unite each controller's assessed polygons; claims and regions only named are left out."""
    parts: dict[str, list[BaseGeometry]] = {}
    for area in areas:
        if area.shape is not None and area.status is ControlStatus.assessed:
            parts.setdefault(area.controller, []).append(shapes[area.shape])
    return {
        who: polygons[0] if len(polygons) == 1 else shapely.union_all(polygons)
        for who, polygons in sorted(parts.items())
    }


def front_line(grounds: Mapping[str, BaseGeometry], homeland: Homeland) -> FrontLine:
    """Derive the line: edges of controlled ground inside the country, away from its border.

    `grounds` are the polygons of each controller, in degrees; without any the line is empty. An
    edge that two controllers share is in the line once.
    """
    edges = shapely.union_all([shape.boundary for shape in grounds.values()])
    line = lines_only(edges.intersection(homeland.corridor))
    return FrontLine(line, length_km(line), homeland.tolerance_km)


def lines_only(shape: BaseGeometry) -> MultiLineString:
    """Return only the lines of what an overlay returned, joined end to end."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type.endswith("LineString")]
    flat = [piece for part in parts for piece in shapely.get_parts(part) if not piece.is_empty]
    merged = shapely.line_merge(MultiLineString(flat))
    return MultiLineString([piece for piece in shapely.get_parts(merged) if not piece.is_empty])
