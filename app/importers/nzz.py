"""The daily control files of the newspaper NZZ: areas unchanged, gained and lost on one day.

`nochange` and `gains` together are the occupied territory of the day, `losses` are regained
territory; the three do not overlap. Crimea is never included. The other territory occupied before
24 February 2022 is in the files of 2022 and early 2023 and not in later ones, so this is read from
each file. See `docs/formats.md`, section nzz.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import shapely

from app.domain.control import Baseline, ControlStatus
from app.domain.errors import InputError, InvalidFile
from app.files import parsing
from app.files.features import Feature, area, features_of
from app.files.source import BadFieldError, SourceFile, decoded_head, load_json, rejection
from app.importers.base import Context, Outcome
from app.importers.control_days import ControlDays

HELD_SINCE_2014 = shapely.MultiPoint([(37.8, 48.0), (39.3, 48.57)])
"""Points in the cities of Donetsk and Luhansk, one of which a file with older areas covers."""

HELD, LOST = ("nochange", "gains"), "losses"
DATES = ("_dateto", "date")
"""The last day that a file compares; `date` repeats it. The file name has the day after."""


class Nzz:
    """Reads one daily file into one snapshot."""

    name = "nzz"
    dataset = "nzz"
    publisher = "NZZ"
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the collection under `value` and the type of its first feature."""
        head = decoded_head(source)
        if not re.match(r'\s*\{\s*"value"\s*:\s*\{\s*"type"\s*:\s*"FeatureCollection"', head):
            return None
        if re.search(rf'"type"\s*:\s*"({"|".join((*HELD, LOST))})"', head):
            return "a feature collection under `value` with the types nochange, gains and losses"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """Two properties give the status and the day of an area."""
        return {"type": "status", DATES[0]: "valid_on", "geometry": "areas"}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield the day's snapshot, and one outcome for each feature that is not in it."""
        document = load_json(source)
        inner = document.get("value") if isinstance(document, Mapping) else None
        features = features_of(inner, source)
        days, includes = ControlDays(context), _includes(features, context)
        for row, feature in enumerate(features, 1):
            try:
                values = _values(feature, source, context)
                days.add(row, {**values, "includes": includes}, area(feature))
            except InvalidFile:
                raise
            except (BadFieldError, InputError) as wrong:
                yield rejection(row, wrong)
        yield from days.outcomes()


def _includes(features: list[Feature], context: Context) -> list[Baseline]:
    """Return the parts that the file covers: as the choices state, else as its areas show."""
    if context.choices.includes:
        return list(context.choices.includes)
    for feature in features:
        try:
            covers = shapely.make_valid(area(feature)).intersects(HELD_SINCE_2014)
        except (BadFieldError, shapely.errors.ShapelyError):
            continue  # it is rejected where its row is read
        if covers:
            return [Baseline.main, Baseline.pre2022]
    return [Baseline.main]


def _values(feature: Feature, source: SourceFile, context: Context) -> dict[str, object]:
    properties, theatre = feature["properties"], context.theatre
    kind = properties.get("type")
    if kind not in (*HELD, LOST):
        raise BadFieldError("type", kind, f"one of {', '.join((*HELD, LOST))}")
    is_lost = kind == LOST
    return {
        "valid_on": _day(properties, source, context),
        "controller": theatre.state if is_lost else theatre.default_controller,
        "status": ControlStatus.regained if is_lost else ControlStatus.assessed,
        "word": kind,
    }


def _day(properties: parsing.Values, source: SourceFile, context: Context) -> str:
    """Return the day of the file, else the one in the choices.

    Raises:
        InvalidFile: there is neither.
    """
    day_text = next((str(properties[name]) for name in DATES if properties.get(name)), None)
    if day_text is None and context.choices.valid_on is None:
        allowed = f"{' or '.join(DATES)} on each feature, or --valid-on DAY"
        raise InvalidFile(f"date of {source.name}", "none", allowed)
    return day_text or str(context.choices.valid_on)
