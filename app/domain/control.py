"""Who held the ground: dated control areas by source, and the front line derived from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import msgspec
import shapely
from shapely import MultiLineString
from shapely.geometry.base import BaseGeometry

from app.domain.errors import InvalidControl
from app.domain.place import LocalPlane, length_km

STRAIGHT_DEG, STRAIGHT_M = 0.05, 5_000
"""Segments up to this long are as straight in degrees as in the plane, to about a metre."""


class ControlStatus(StrEnum):
    """How the source puts it (docs/formats.md, "Words of control")."""

    assessed = "assessed"
    advance = "advance"
    claimed = "claimed"
    contested = "contested"
    regained = "regained"
    unknown = "unknown"


class Baseline(StrEnum):
    """Which part of the ground an area belongs to: sources differ in what they include."""

    main = "main"
    crimea = "crimea"
    pre2022 = "pre2022"


class Extent(StrEnum):
    """What the source gives: a drawn area, a whole named unit, or "in part, extent not given"."""

    area = "area"
    whole_region = "whole_region"
    part_of_region = "part_of_region"


class ControlArea(msgspec.Struct, frozen=True, omit_defaults=True):
    """Ground that one controller holds in one status.

    `shape` is the SHA-256 of the polygon's WKB, kept once however many days repeat it; a cited
    unit (`region`) has no polygon of its own and is never measured. `word` is the source's own.
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
    the file was taken. Land that no area covers is not stated, which is not "government".
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
        """Identify the snapshot in the record: one per dataset and day."""
        return f"{self.dataset}/{self.valid_on}"


@dataclass(frozen=True, slots=True)
class FrontLine:
    """The edge between controllers, with the border tolerance it was cut by."""

    shape: MultiLineString
    length_km: float
    tolerance_km: float


@dataclass(frozen=True, slots=True)
class Homeland:
    """Where a line may run: the country without a strip along its coast and state border."""

    corridor: BaseGeometry
    tolerance_km: float

    @classmethod
    def of(cls, land: BaseGeometry, plane: LocalPlane, tolerance_km: float) -> Homeland:
        """Prepare a country once for many lines; `land` in degrees, tolerance 0 cuts nothing.

        An area's edge within the strip follows the border of the country rather than a line
        between parties.
        """
        if tolerance_km <= 0:
            return cls(land, 0.0)
        # A segment that is straight in degrees is bent in the plane and the other way round.
        edge = plane.flat(shapely.segmentize(land.boundary, STRAIGHT_DEG))
        wide = edge.simplify(50).buffer(tolerance_km * 1e3, quad_segs=16)
        strip = plane.back(shapely.segmentize(wide, STRAIGHT_M))
        return cls(land.difference(shapely.make_valid(strip)), tolerance_km)


def by_controller(
    areas: Iterable[ControlArea], shapes: Mapping[str, BaseGeometry]
) -> dict[str, BaseGeometry]:
    """Unite each controller's assessed polygons; claims and cited units do not draw a line."""
    parts: dict[str, list[BaseGeometry]] = {}
    for area in areas:
        if area.shape is not None and area.status is ControlStatus.assessed:
            parts.setdefault(area.controller, []).append(shapes[area.shape])
    return {
        who: held[0] if len(held) == 1 else shapely.union_all(held)
        for who, held in sorted(parts.items())
    }


def front_line(held: Mapping[str, BaseGeometry], homeland: Homeland) -> FrontLine:
    """Derive the line: edges of controlled ground inside the country, away from its border.

    Empty when nobody's ground is given. Two controllers that share an edge give it once.
    """
    edges = shapely.union_all([shape.boundary for shape in held.values()])
    line = lines_only(edges.intersection(homeland.corridor))
    return FrontLine(line, length_km(line), homeland.tolerance_km)


def lines_only(shape: BaseGeometry) -> MultiLineString:
    """Keep the lines of whatever an overlay returned, merged end to end."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type.endswith("LineString")]
    flat = [piece for part in parts for piece in shapely.get_parts(part) if not piece.is_empty]
    merged = shapely.line_merge(MultiLineString(flat))
    return MultiLineString([piece for piece in shapely.get_parts(merged) if not piece.is_empty])
