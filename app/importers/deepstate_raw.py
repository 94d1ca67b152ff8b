"""One snapshot of DeepState's map: areas by status among hundreds of icons.

The `name` of an area has its status as a key: "… /// Occupied /// geoJSON.status.occupied". Older
files have no keys: there the status is read from the words of the name, else from the colour.
Areas outside Ukraine and all icons are dropped. See `docs/formats.md`, section deepstate_raw.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from app.domain.control import Baseline, ControlStatus
from app.domain.errors import InputError, InvalidFile
from app.files import parsing
from app.files.features import Feature, area, features_of, geometry_type
from app.files.source import BadFieldError, SourceFile, decoded_head, load_json, rejection
from app.importers.base import Context, Dropped, Outcome, Warned
from app.importers.control_days import ControlDays

OTHER = "other_territory"
NOT_AREAS = {
    "Point": "unit_or_attack_icon",
    "MultiPoint": "unit_or_attack_icon",
    "LineString": "line_or_arrow",
    "MultiLineString": "line_or_arrow",
}
"""Geometry types that are dropped, with the reason under which the report counts them."""


class Meaning(NamedTuple):
    """The status of an area; `by_state`: the state to which the territory belongs controls it."""

    status: ControlStatus
    part: Baseline = Baseline.main
    by_state: bool = False


OCCUPIED = Meaning(ControlStatus.assessed)
CRIMEA = Meaning(ControlStatus.assessed, Baseline.crimea)
PRE2022 = Meaning(ControlStatus.assessed, Baseline.pre2022)
REGAINED = Meaning(ControlStatus.regained, by_state=True)
UNKNOWN = Meaning(ControlStatus.unknown)

KEY = re.compile(r"geoJSON\.([\w.-]+)")
KEYS = {
    "status.occupied": OCCUPIED,
    "territories.crimea": CRIMEA,
    "territories.tuzla": CRIMEA,
    "territories.ordlo": PRE2022,
    "status.dismissed": REGAINED,
    "status.dismissed_at": REGAINED,
    "zmiinyi_island": REGAINED,
    "status.unknown": UNKNOWN,
}
WORDS: tuple[tuple[re.Pattern[str], Meaning | str], ...] = (
    (re.compile(r"Окупован\w+ Крим|Тузла"), CRIMEA),
    (re.compile(r"ОРДЛО"), PRE2022),
    (re.compile(r"Придністров"), OTHER),
    (re.compile(r"\bОкуповано\b"), OCCUPIED),
    (re.compile(r"\bЗвільнено\b|Під контролем ЗСУ"), REGAINED),
    (re.compile(r"Під питанням|Сіра зона|Статус невідомий|Ситуація невідома"), UNKNOWN),
)
"""Words in files without keys; other forms of the words name territory outside Ukraine."""

COLOURS: Mapping[str, Meaning | str] = {
    "#a52714": OCCUPIED,
    "#0f9d58": REGAINED,
    "#0288d1": REGAINED,
    "#01579b": REGAINED,
    "#bcaaa4": UNKNOWN,
    "#ff5252": OTHER,
}
"""Read only without key and word. Colours whose meaning changed over time are left out."""

STAMPED = re.compile(r"(?<!\d)(1[0-9]{9})(?!\d)")
"""Seconds since 1970, for the years 2001 to 2033."""


class DeepStateRaw:
    """Reads one raw snapshot."""

    name = "deepstate_raw"
    dataset = "deepstate-raw"
    publisher = "DeepState"
    licence = "DeepState"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the style properties that only this map has, or its keys."""
        head = decoded_head(source)
        if "FeatureCollection" not in head:
            return None
        if '"styleHash"' in head and '"styleMapHash"' in head:
            return "a feature collection with styleHash and styleMapHash, as DeepState's map has"
        return "keys of DeepState's map" if KEY.search(head) and '"name"' in head else None

    def mapping(self, source: SourceFile) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """The name of an area gives its status and part."""
        return {"name": "status, part", "id": "assessed_at, valid_on", "geometry": "areas"}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield the snapshot, and one outcome for each feature that is not in it."""
        document = load_json(source)
        whole: parsing.Values = document if isinstance(document, dict) else {}
        features = features_of(whole.get("map", whole), source)
        day_values = _day_values(source, whole.get("id"), context)
        days, tally = ControlDays(context), Counter[str]()
        for row, feature in enumerate(features, 1):
            try:
                meaning = _meaning(feature, tally)
                if isinstance(meaning, str):
                    yield Dropped(row, meaning)
                else:
                    values = {**day_values, **_values(feature, meaning, context)}
                    days.add(row, values, area(feature))
            except (BadFieldError, InputError) as wrong:
                yield rejection(row, wrong)
        if tally:
            yield Warned(_unkeyed_warning(tally))
        yield from days.outcomes()


def _day_values(source: SourceFile, snapshot_id: object, context: Context) -> dict[str, object]:
    """Read the time of the snapshot: from its id, its file name or the person's choices."""
    match = STAMPED.search(str(snapshot_id or "")) or STAMPED.search(source.name)
    values: dict[str, object] = {"includes": list(Baseline)}
    if match is not None:
        moment = datetime.fromtimestamp(int(match[1]), UTC)
        day = moment.astimezone(ZoneInfo(context.theatre.zone)).date()
        return {**values, "valid_on": str(day), "assessed_at": moment.isoformat()}
    if context.choices.valid_on is not None:
        return {**values, "valid_on": str(context.choices.valid_on)}
    raise InvalidFile(
        f"date of {source.name}",
        "none",
        "an `id` or a name in seconds since 1970, as in 1754077960.geojson, or --valid-on DAY",
    )


def _meaning(feature: Feature, tally: Counter[str]) -> Meaning | str:
    """Return the meaning of a feature, or the reason to drop it.

    Raises:
        BadFieldError: key, words and colour are all unknown.
    """
    if reason := NOT_AREAS.get(geometry_type(feature)):
        return reason
    properties = feature["properties"]
    name = _name(feature)
    if match := KEY.search(name):
        return _meaning_of_key(match[1], name)
    for pattern, meaning in WORDS:
        if pattern.search(name):
            tally["words"] += 1
            return meaning
    colour = str(properties.get("fill", "")).lower()
    if colour in COLOURS:
        tally["colour"] += 1
        return COLOURS[colour]
    raise BadFieldError("name", name, "a key, word or colour that docs/formats.md lists")


def _meaning_of_key(key: str, name: str) -> Meaning | str:
    if key in KEYS:
        return KEYS[key]
    if key.startswith("territories."):
        return OTHER
    raise BadFieldError("name", name, "a key that docs/formats.md lists")


def _name(feature: Feature) -> str:
    return " ".join(str(feature["properties"].get("name") or "").split())


def _values(feature: Feature, meaning: Meaning, context: Context) -> dict[str, object]:
    theatre = context.theatre
    return {
        "controller": theatre.state if meaning.by_state else theatre.default_controller,
        "status": meaning.status,
        "part": meaning.part,
        "word": _word(_name(feature)),
    }


def _word(name: str) -> str | None:
    """Return the source's word for the status: in English where there is one, else the known word.

    Other text of the name is left out: in the first months some of it is abuse.
    """
    _own, *rest = (part.strip() for part in name.split("///"))
    if rest and rest[0] and not KEY.search(rest[0]):
        return rest[0]
    match = next((match for pattern, _ in WORDS if (match := pattern.search(name))), None)
    return match[0] if match else None


def _unkeyed_warning(tally: Counter[str]) -> str:
    return (
        f"{tally.total()} areas carry no key: {tally['words']} were read by their words and "
        f"{tally['colour']} by their colour alone."
    )
