"""Invents a file with the 31 columns of ACLED's export, for measuring; no value is a real event.

What matters to speed is as in real exports: every row has an id and a note of its own, places and
sources repeat, and three rows of ten are no strikes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv as arrow_csv

from app.domain.period import epoch_day
from app.importers.acled import COLUMNS
from app.reference.reference import Reference

BATCH = 100_000
DAYS = 4 * 365
LAST_DAY = date(2025, 10, 25)
TOWNS, DESKS = 3_000, 400
KINDS = (
    ("Explosions/Remote violence", "Shelling/artillery/missile attack", 0.44),
    ("Explosions/Remote violence", "Air/drone strike", 0.23),
    ("Explosions/Remote violence", "Remote explosive/landmine/IED", 0.03),
    ("Battles", "Armed clash", 0.22),
    ("Violence against civilians", "Attack", 0.02),
    ("Protests", "Peaceful protest", 0.03),
    ("Strategic developments", "Disrupted weapons use", 0.03),
)
ACTORS = (
    ("Military Forces of Russia (2000-)", "State forces", 0.62),
    ("Military Forces of Russia (2000-) Air Force", "State forces", 0.18),
    ("Military Forces of Ukraine (2019-)", "State forces", 0.2),
)
TARGETS = (("", "", 0.55), ("Civilians (Ukraine)", "Civilians", 0.3), (ACTORS[2][0], "State", 0.15))
SAID = (
    "the village a house was damaged drone shelled with artillery overnight no casualties were "
    "reported by the regional administration two people injured power line school missile fell"
)
NOTE_WORDS = 24


def write_rows(path: Path, count: int, reference: Reference, seed: int = 1) -> None:
    """Write the rows in batches; equal arguments, equal bytes. Does nothing for a file that is."""
    if path.exists():
        return
    inventor = _Inventor(np.random.default_rng(seed), reference)
    writer: arrow_csv.CSVWriter | None = None
    for first in range(0, count, BATCH):
        batch = inventor.batch(first, min(BATCH, count - first))
        options = arrow_csv.WriteOptions(quoting_style="needed")
        writer = writer or arrow_csv.CSVWriter(path, batch.schema, write_options=options)
        writer.write_batch(batch)
    if writer is not None:
        writer.close()


class _Inventor:
    def __init__(self, rng: np.random.Generator, reference: Reference) -> None:
        self._rng = rng
        theatre = reference.theatres["ukraine"]
        last_day = theatre.first_period[1] if theatre.first_period else LAST_DAY
        self._first_day = epoch_day(last_day) - DAYS + 1
        regions = reference.region_set("ukraine").regions
        names = [region.name_en.rpartition(" ")[0] or region.name_en for region in regions]
        self._region = rng.integers(0, len(regions), TOWNS)
        self._regions = pa.array(names)
        west, south, east, north = (
            float(side) for side in reference.region_set("ukraine").land.bounds
        )
        self._lon = np.round(rng.uniform(west, east, TOWNS), 4)
        self._lat = np.round(rng.uniform(south, north, TOWNS), 4)
        shares = 1 / np.arange(1, TOWNS + 1)
        self._town_shares = shares / shares.sum()

    def _of(
        self, count: int, words: Sequence[str], shares: Sequence[float] | None = None
    ) -> pa.Array:
        drawn = self._rng.choice(len(words), count, p=shares)
        return pa.array(words).take(pa.array(drawn))

    def _sorts(
        self, count: int, table: Sequence[tuple[str, str, float]]
    ) -> tuple[pa.Array, pa.Array]:
        shares = np.array([share for *_, share in table])
        drawn = pa.array(self._rng.choice(len(table), count, p=shares / shares.sum()))
        first, second, _shares = zip(*table, strict=True)
        return pa.array(first).take(drawn), pa.array(second).take(drawn)

    def _notes(self, count: int, day: pa.Array, number: pa.Array) -> pa.Array:
        said = [self._of(count, SAID.split()) for _ in range(NOTE_WORDS)]
        start = pc.binary_join_element_wise("On ", day, ", invented event ", number, ", ", "")
        return pc.binary_join_element_wise(start, *said, " ")

    def batch(self, first: int, count: int) -> pa.RecordBatch:
        """Invent rows number `first` and following."""
        rng = self._rng
        number = pa.array(np.arange(first + 1, first + count + 1)).cast(pa.string())
        when = (self._first_day + rng.integers(0, DAYS, count)).astype(np.int32)
        day = pa.array(when, pa.int32()).cast(pa.date32()).cast(pa.string())
        kind, sort = self._sorts(count, KINDS)
        actor, inter = self._sorts(count, ACTORS)
        other, other_inter = self._sorts(count, TARGETS)
        town = rng.choice(TOWNS, count, p=self._town_shares)
        killed = np.where(rng.random(count) < 0.9, 0, rng.geometric(0.5, count))
        desk = [f"Invented desk {one}" for one in range(DESKS)]
        two = pc.binary_join_element_wise(self._of(count, desk), self._of(count, desk), "; ")
        is_alone = pc.equal(other, "")
        between = pc.binary_join_element_wise(inter, other_inter, "-")
        empty = pa.array([""] * count)
        told = {
            "event_id_cnty": pc.binary_join_element_wise("INV", number, ""),
            "event_date": day,
            "year": pc.utf8_slice_codeunits(day, 0, 4),
            "time_precision": self._of(count, ("1", "2", "3"), (0.93, 0.05, 0.02)),
            "disorder_type": self._of(count, ("Political violence",)),
            "event_type": kind,
            "sub_event_type": sort,
            "actor1": actor,
            "inter1": inter,
            "actor2": other,
            "inter2": other_inter,
            "interaction": pc.if_else(is_alone, "State forces only", between),
            "civilian_targeting": pc.if_else(
                pc.equal(other_inter, "Civilians"), "Civilian targeting", ""
            ),
            "iso": self._of(count, ("804",)),
            "region": self._of(count, ("Europe",)),
            "country": self._of(count, ("Ukraine",)),
            "admin1": self._regions.take(pa.array(self._region[town])),
            "admin2": pa.array([f"District {one // 40}" for one in range(TOWNS)]).take(
                pa.array(town)
            ),
            "admin3": pa.array([f"Community {one // 8}" for one in range(TOWNS)]).take(
                pa.array(town)
            ),
            "location": pa.array([f"Invented town {one}" for one in range(TOWNS)]).take(
                pa.array(town)
            ),
            "latitude": pa.array(self._lat[town]).cast(pa.string()),
            "longitude": pa.array(self._lon[town]).cast(pa.string()),
            "geo_precision": self._of(count, ("1", "2", "3"), (0.75, 0.18, 0.07)),
            "source": pc.if_else(pa.array(rng.random(count) < 0.6), self._of(count, desk), two),
            "source_scale": self._of(count, ("National", "Subnational", "Other-National")),
            "notes": self._notes(count, day, number),
            "fatalities": pa.array(killed).cast(pa.string()),
            "timestamp": pa.array(1_700_000_000 + np.arange(first, first + count)).cast(
                pa.string()
            ),
        }
        return pa.RecordBatch.from_pydict({name: told.get(name, empty) for name in COLUMNS})
