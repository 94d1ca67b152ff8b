"""Turns revisions of incidents into columns: the one module that packs each field."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache

import numpy as np

from app.domain.count import Count, Toll
from app.domain.damage import Grade
from app.domain.incident import EventKind, Incident, Status, decode_incident
from app.domain.mercator import BITS, unit_x, unit_y
from app.domain.period import When, end_of_day, epoch_day
from app.domain.place import DRAWABLE, E7, Precision
from app.domain.revision import Revision
from app.reference.taxonomy import Taxonomy
from app.rows import (
    BOUNDS,
    COLUMNS,
    CONTRADICTORY,
    COUNTS,
    EVENT_KINDS,
    GRAPHIC,
    KINDS,
    LONG,
    NEVER,
    NO_COUNT,
    NO_REGION,
    NOWHERE,
    SYNTHETIC,
    Rows,
)

STATUSES = tuple(status.value for status in Status)
KINDS_OF_EVENT = tuple(kind.value for kind in EventKind)
PRECISIONS = tuple(precision.value for precision in Precision)
UNDRAWN = np.uint64(2**64 - 1)
"""Morton key of a row without a mark on the map; it sorts after every real key."""

LAST_ZONE = "Etc/GMT+12"
"""The zone in which a day ends last."""

_KIND = dict(zip(EventKind, EVENT_KINDS, strict=True))
_STATUS = {status: place for place, status in enumerate(Status)}
_PRECISION = {precision: place for place, precision in enumerate(Precision)}
_DRAWABLE = np.array([precision in DRAWABLE for precision in Precision])


@dataclass
class Tables:
    """What the small integers in the columns refer to; entries are only added at the end."""

    regions: dict[int, list[str]]
    datasets: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._dataset = {slug: place for place, slug in enumerate(self.datasets)}
        self._region = {
            level: {code: place for place, code in enumerate(codes)}
            for level, codes in self.regions.items()
        }

    def dataset(self, slug: str) -> int:
        """Return the number of a dataset; a new one gets the next number."""
        if slug not in self._dataset:
            self._dataset[slug] = len(self.datasets)
            self.datasets.append(slug)
        return self._dataset[slug]

    def region(self, level: int, code: str | None) -> int:
        """Return the number of a region; NO_REGION for None and for a code that is not loaded."""
        return self._region.get(level, {}).get(code or "", NO_REGION)

    def copy(self) -> Tables:
        """Copy the tables, so that those of a state never change."""
        return Tables(self.regions, list(self.datasets))


@dataclass
class _Sparse:
    """A column that is mostly unknown: only the known values are collected."""

    rows: list[int] = field(default_factory=list)
    values: list[int] = field(default_factory=list)


def pack(revisions: Iterable[Revision], tables: Tables, taxonomy: Taxonomy) -> Rows:
    """Pack incident revisions into columns; erased payloads are left out.

    `known_to` is NEVER and `number` the revision's own until `link_revisions` connects them;
    region columns hold the stated codes until `app.index.locate` adds the located ones.
    """
    packer = _Packer(tables, taxonomy)
    for revision in revisions:
        if revision.payload is not None:
            packer.add(revision, decode_incident(revision.payload))
    return packer.rows()


class _Packer:
    """Collects fields in lists, which is several times faster than single writes to arrays."""

    def __init__(self, tables: Tables, taxonomy: Taxonomy) -> None:
        self._tables, self._weapons, self._sectors = tables, taxonomy.weapons, taxonomy.sectors
        self._plain: list[tuple[int, ...]] = []
        self._counts = {name: _Sparse() for name in COUNTS}

    def add(self, revision: Revision, incident: Incident) -> None:
        """Append one revision."""
        when, place = incident.when, incident.place
        hit, destroyed, uncounted = self._damage(incident)
        flags = SYNTHETIC * incident.synthetic | GRAPHIC * incident.graphic | LONG * when.is_long
        flags |= _KIND[incident.kind] | CONTRADICTORY * (incident.contradiction is not None)
        embargo = incident.public_after
        row = len(self._plain)
        self._plain.append(
            (
                revision.seq,
                revision.prior or 0,
                self._tables.dataset(incident.dataset),
                NEVER if when.first is None else epoch_day(when.first),
                NOWHERE if when.last is None else epoch_day(when.last),
                self._weapons.bits(incident.weapons),
                hit,
                destroyed,
                uncounted,
                _STATUS[incident.status],
                _PRECISION[place.precision],
                flags,
                NOWHERE if place.lon_e7 is None else place.lon_e7,
                NOWHERE if place.lat_e7 is None else place.lat_e7,
                NO_COUNT if place.error_m is None else place.error_m,
                self._tables.region(1, place.admin1),
                self._tables.region(2, place.admin2),
                0 if embargo is None else int(embargo.timestamp()),
                _ended_at(when),
            )
        )
        self._toll("killed", incident.killed, row)
        self._toll("injured", incident.injured, row)

    def _damage(self, incident: Incident) -> tuple[int, int, int]:
        hit = destroyed = uncounted = 0
        for damage in incident.damage:
            if damage.grade is not Grade.none:
                bit = self._sectors.bit[damage.sector]
                hit |= bit
                destroyed |= bit if damage.grade is Grade.destroyed else 0
                uncounted |= bit if damage.count is None else 0
        return hit, destroyed, uncounted

    def _toll(self, toll: str, value: Toll, row: int) -> None:
        if not value.total.is_known:
            return
        for kind in KINDS:
            count: Count = getattr(value, kind)
            for bound in BOUNDS:
                number = getattr(count, bound)
                if number is not None:
                    sparse = self._counts[f"{toll}_{kind}_{bound}"]
                    sparse.rows.append(row)
                    sparse.values.append(number)

    def rows(self) -> Rows:
        """Return the columns."""
        names = [
            *("seq", "prior", "dataset", "day_first", "day_last", "weapons", "sectors"),
            *("destroyed", "uncounted", "status", "precision", "flags", "lon_e7", "lat_e7"),
            *("error_m", "region1", "region2", "public_after", "ended_at"),
        ]
        table = np.array(self._plain, np.int64).reshape(len(self._plain), len(names))
        columns = {name: table[:, i].astype(COLUMNS[name]) for i, name in enumerate(names)}
        for name, sparse in self._counts.items():
            columns[name] = np.full(len(table), NO_COUNT, np.int32)
            columns[name][sparse.rows] = sparse.values
        columns["number"] = columns["seq"].copy()
        columns["known_to"] = np.full(len(table), NEVER, np.int32)
        columns["region_how"] = np.zeros(len(table), np.uint8)
        return Rows({**columns, **_mercator_columns(columns)})


def _ended_at(when: When) -> int:
    """Return when a strike was over; without a time of day, at the end of its last day."""
    if when.end is not None:
        return int(when.end.timestamp())
    return 0 if when.last is None else _end_of_day(when.last, when.zone)


@lru_cache(maxsize=8_192)
def _end_of_day(day: date, zone: str | None) -> int:
    """The end of a local day; without a known zone, where on earth the day ends last."""
    return math.ceil(end_of_day(day, zone or LAST_ZONE).timestamp())


def _mercator_columns(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    has_point = columns["lon_e7"] != NOWHERE
    lon = np.where(has_point, columns["lon_e7"], 0) / E7
    lat = np.where(has_point, columns["lat_e7"], 0) / E7
    x, y = mercator(lon, lat)
    is_drawable = has_point & _DRAWABLE[columns["precision"]]
    return {
        "mercator_x": x,
        "mercator_y": y,
        "morton": np.where(is_drawable, interleave(x) | interleave(y) << np.uint64(1), UNDRAWN),
    }


def mercator(lon: np.ndarray, lat: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Project degrees to 31-bit Web Mercator, x eastwards and y southwards."""
    size, axes = 1 << BITS, (unit_x(lon), unit_y(lat))
    x, y = (np.clip(np.floor(axis * size), 0, size - 1).astype(np.uint32) for axis in axes)
    return x, y


def interleave(values: np.ndarray) -> np.ndarray:
    """Spread 31 bits over the even bits of 64 (Morton order, 1966)."""
    spread = values.astype(np.uint64)
    for shift, mask in (
        (16, 0x0000FFFF0000FFFF),
        (8, 0x00FF00FF00FF00FF),
        (4, 0x0F0F0F0F0F0F0F0F),
        (2, 0x3333333333333333),
        (1, 0x5555555555555555),
    ):
        spread = (spread | spread << np.uint64(shift)) & np.uint64(mask)
    return spread
