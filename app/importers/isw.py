"""Control layers of ISW and CTP: shapefile zips and answers of their ArcGIS service.

A file is one layer of its day, and its name says which: layers of different certainty stay
separate. The licence requires written consent, so exports leave these areas out. See
`docs/formats.md`, section isw.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from app.domain.control import Baseline, ControlStatus
from app.domain.errors import InputError, InvalidFile
from app.files import parsing
from app.files.features import is_cut_off
from app.files.layers import Area, esri_areas, geojson_areas, shapefile_areas, zipped_names
from app.files.source import BadFieldError, SourceFile, decoded_head, load_json, rejection
from app.importers import events
from app.importers.base import Context, Dropped, Outcome
from app.importers.control_days import ControlDays

PARTISANS = "partisan_warfare"


class Tier(NamedTuple):
    """The meaning of a layer; `by_state`: the state to which the territory belongs controls it."""

    word: str
    status: ControlStatus
    part: Baseline = Baseline.main
    by_state: bool = False


TIERS: tuple[tuple[re.Pattern[str], Tier | None], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), tier)
    for pattern, tier in (
        (r"Partisan", None),
        (
            r"Counter-?offensive",
            Tier("claimed counter-offensive", ControlStatus.claimed, by_state=True),
        ),
        (r"Infiltration", Tier("assessed infiltration", ControlStatus.contested)),
        (r"Advance", Tier("assessed advance", ControlStatus.advance)),
        (r"Claimed", Tier("claimed control", ControlStatus.claimed)),
        (
            r"Pre-?(Feb|2022|24|invasion)|Before_?Feb",
            Tier("control before 24 February 2022", ControlStatus.assessed, Baseline.pre2022),
        ),
        (r"CoT|Control", Tier("assessed control", ControlStatus.assessed)),
    )
)
"""Layer names, the more specific first; None: out of scope."""

NAMED = re.compile(
    r"UkraineControlMap|AssessedRussian|ClaimedRussian|ClaimedUkrainian|ReportedUkrainian"
    r"|RussiaCoTinUkraine",
    re.IGNORECASE,
)
DATED = re.compile(
    rf"(?<!\d)(?P<day>\d{{2}})(?P<month>{'|'.join(events.MONTHS)})(?P<year>\d{{4}})(?!\d)"
    rf"|(?P<month2>{'|'.join(events.MONTHS)})(?P<day2>\d{{2}})(?P<year2>\d{{4}})(?!\d)",
    re.IGNORECASE,
)


class Isw:
    """Reads one layer into its part of a day's snapshot."""

    name = "isw"
    dataset = "isw"
    publisher = "ISW and CTP"
    licence = "ISW"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the names of the layers, in a zip with shapefiles or in an ArcGIS answer."""
        shapefiles = [name for name in zipped_names(source) if name.lower().endswith(".shp")]
        if any(NAMED.search(name) for name in (*shapefiles, source.name) if shapefiles):
            return "a shapefile under the name of an ISW layer"
        head = decoded_head(source)
        is_arcgis = '"OBJECTID"' in head and ('"rings"' in head or '"Polygon"' in head)
        if is_arcgis and (NAMED.search(source.name) or '"GlobalID' in head):
            return "polygons of an ArcGIS service as ISW publishes them"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """The name of the layer gives the status and the day of its areas."""
        return {"layer": "status, part, valid_on", "geometry": "areas"}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield the layer as a snapshot, and one outcome for each area that is not in it."""
        days = ControlDays(context, is_layer=True)
        for row, feature in enumerate(_areas(source), 1):
            tier = _tier(feature.layer, source)
            if tier is None:
                yield Dropped(row, PARTISANS)
                continue
            try:
                values = _values(tier, _day(feature, source, context), context)
                days.add(row, values, feature.required_shape())
            except InvalidFile:
                raise
            except (BadFieldError, InputError) as wrong:
                yield rejection(row, wrong)
        yield from days.outcomes()


def _areas(source: SourceFile) -> Iterable[Area]:
    if zipped_names(source):
        return shapefile_areas(source)
    document = load_json(source)
    whole: parsing.Values = document if isinstance(document, dict) else {}
    if is_cut_off(whole):
        raise InvalidFile(
            source.name,
            "exceededTransferLimit, which means that areas are missing",
            "all pages of the answer, or fewer fields",
        )
    if "rings" in decoded_head(source):
        return esri_areas(source)
    return geojson_areas(whole, source)


def _tier(layer: str, source: SourceFile) -> Tier | None:
    for name in (layer, source.name):
        for pattern, tier in TIERS:
            if pattern.search(name):
                return tier
    allowed = "the name of an ISW layer, such as AssessedRussianAdvancesinUkraineJAN012025"
    raise InvalidFile("layer", layer, allowed)


def _day(feature: Area, source: SourceFile, context: Context) -> date:
    """Return the day in the layer's name, else in the file's name, else in the choices."""
    for name in (feature.layer, source.name):
        if match := DATED.search(name):
            parts = {key.rstrip("2"): text for key, text in match.groupdict().items() if text}
            month = events.MONTHS.index(parts["month"].lower()) + 1
            return parsing.iso_day(f"{parts['year']}-{month:02}-{parts['day']}", "date")
    if context.choices.valid_on is None:
        allowed = "a day in the name as 01JAN2025 or JAN012025, or --valid-on DAY"
        raise InvalidFile(f"date of {source.name}", "none", allowed)
    return context.choices.valid_on


def _values(tier: Tier, valid_on: date, context: Context) -> dict[str, object]:
    theatre = context.theatre
    return {
        "valid_on": str(valid_on),
        "controller": theatre.state if tier.by_state else theatre.default_controller,
        "status": tier.status,
        "part": tier.part,
        "word": tier.word,
        "includes": [str(part) for part in context.choices.includes],
    }
