"""DeepState's occupied area of one day, as collected daily: one MultiPolygon without properties.

The date stands only in the file's name or its `name` member and is the day the map was fetched;
it covers everything occupied, with Crimea and the areas held before 2022 (FORMATS B5).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import shapely

from app.domain.control import Baseline, ControlArea, ControlSnapshot
from app.domain.errors import InputError, InvalidFile
from app.domain.period import FIRST_DAY, LAST_DAY
from app.importers import native
from app.importers.base import (
    BadFieldError,
    Context,
    Found,
    Outcome,
    Source,
    Warned,
    decoded_head,
    load_json,
)

NAMED = re.compile(r"deepstatemap_data_(\d{8})")


class DeepStateDaily:
    """Reads one daily file into one snapshot."""

    name = "deepstate_daily"
    dataset = "deepstate"
    publisher = "DeepState"
    licence = "internal"

    def recognises(self, source: Source) -> str | None:
        """Look for the collection's own name, in the file or in the file's name."""
        head = decoded_head(source)[:2000]
        if "FeatureCollection" in head and (NAMED.search(head) or NAMED.search(source.name)):
            return "the name deepstatemap_data_YYYYMMDD of the daily DeepState collection"
        return None

    def mapping(self, source: Source) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """The file has no properties: its name gives the date."""
        return {"name": "valid_on", "geometry": "areas"}

    def read(self, source: Source, context: Context) -> Iterator[Outcome]:
        """Yield the day's snapshot, or the one reason why there is none."""
        given = load_json(source)
        document: dict[str, Any] = given if isinstance(given, dict) else {}
        features = document.get("features", [])
        if not isinstance(features, list) or len(features) != 1:
            got = f"{len(features)} features" if isinstance(features, list) else "no list of them"
            raise InvalidFile(f"features of {source.name}", got, "exactly one MultiPolygon")
        valid_on = _date(source, str(document.get("name", "")))
        repaired: list[str] = []
        try:
            shape = shapely.geometry.shape(features[0]["geometry"])
            sha256, wkb = native.shape_hash(native.polygons(shape, repaired.append))
        except (BadFieldError, InputError) as wrong:
            yield native.bad(1, wrong)
            return
        except (
            shapely.errors.ShapelyError,
            ValueError,
            TypeError,
            AttributeError,
            KeyError,
        ) as wrong:
            raise InvalidFile(f"geometry of {source.name}", wrong, "one MultiPolygon") from wrong
        if repaired:
            yield Warned(f"{source.name}: {'; '.join(repaired)}.")
        controller = context.theatre.default_controller
        snapshot = ControlSnapshot(
            dataset=context.dataset,
            valid_on=valid_on,
            areas=(ControlArea(controller, shape=sha256, word="occupied"),),
            includes=(Baseline.main, Baseline.crimea, Baseline.pre2022),
            note="The date is the day the map was fetched, not the day of its assessment.",
            synthetic=context.synthetic,
        )
        yield Found(1, snapshot, 1, {sha256: wkb})


def _date(source: Source, name: str) -> date:
    found = NAMED.search(name) or NAMED.search(source.name)
    given = found[1] if found else "none"
    try:
        return native.day(f"{given[:4]}-{given[4:6]}-{given[6:]}", "date")
    except BadFieldError as wrong:
        allowed = f"deepstatemap_data_YYYYMMDD, {FIRST_DAY} to {LAST_DAY}"
        raise InvalidFile(f"date of {source.name}", given, allowed) from wrong
