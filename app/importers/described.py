"""Event tables of publishers whose columns say all: a format is a list of columns and a crosswalk.

Each is read as a table with a saved mapping is. See `docs/formats.md`, section gtd.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from app.domain.errors import InputError, InvalidFile
from app.domain.mapping import REPEATED, VERSION, Notation, TableMapping
from app.files.sheets import Cells, first_lines, is_workbook, squeezed
from app.files.source import SourceFile, decoded_head
from app.importers.base import Context, Outcome, Warned
from app.importers.by_mapping import outcomes_by
from app.importers.header import drift
from app.importers.points import kind_of, point_features
from app.importers.words import cell_words

SCOPE = "scope"
"""The table of a crosswalk with the words that put a row out of scope, and why."""


@dataclass(frozen=True, kw_only=True)
class DescribedTable:
    """One publisher's table: what each of its columns is, and those that tell it from others.

    Names of columns are compared without their case. `rare` columns are those of some releases or
    countries: read where they are, and not missed. `scope_column` holds the words of the
    crosswalk's table `scope`. `is_points`: a file of points without any day, which `--valid-on`
    states: that of the image in which the damage is seen. `note` is said with every import.
    """

    name: str
    publisher: str
    columns: Mapping[str, str]
    needed: tuple[str, ...]
    dates: Notation | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    rare: Mapping[str, str] = field(default_factory=dict)
    scope_column: str = ""
    incident_columns: tuple[str, ...] = ()
    note: str = ""
    is_points: bool = False
    licence: str = "internal"

    @property
    def dataset(self) -> str:
        """The dataset has the name of the format, as an address writes it."""
        return self.name.replace("_", "-")

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the columns that no other table has together."""
        if set(map(squeezed, self.needed)) <= set(map(squeezed, self._names(source))):
            return f"columns {', '.join(self.needed)} of {self.publisher}"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map the columns that the file has; of two names of one field the first counts."""
        fields = {squeezed(name): to for name, to in {**self.rare, **self.columns}.items()}
        mapped: dict[str, str] = {}
        for name in self._names(source):
            to = fields.get(squeezed(name))
            if to and (to in REPEATED or to not in mapped.values()):
                mapped[name] = to
        return mapped

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row.

        Raises:
            InvalidFile: the file has no day, and none is stated.
        """
        crosswalk = context.taxonomy.crosswalk(self.name)
        scope = _Scope(self.scope_column, crosswalk.get(SCOPE, {}))
        words = {to: dict(by_word) for to, by_word in crosswalk.items() if to != SCOPE}
        mapping = TableMapping(
            version=VERSION,
            dates=self.dates,
            columns=self.mapping(source),
            constants={**self.constants, **self._day(source, context)},
            has_points=self.is_points,
            same_incident=self._incident_column(source),
            words=words,
        )
        yield from () if self.is_points else drift((), self._lacking(mapping.columns))
        yield from [Warned(self.note)] if self.note and not mapping.same_incident else ()
        yield from outcomes_by(mapping, source, context, scope.reason)

    def _incident_column(self, source: SourceFile) -> str:
        """Return the name of the column that says which rows are of one incident; "" for none."""
        names = {squeezed(name): name for name in self._names(source)}
        return next((names[one] for one in self.incident_columns if one in names), "")

    def _lacking(self, columns: Mapping[str, str]) -> list[str]:
        """List the columns that the file lacks, and whose field no rare column fills."""
        names = set(map(squeezed, columns))
        by_rare = {to for name, to in self.rare.items() if squeezed(name) in names}
        return [
            name
            for name, to in self.columns.items()
            if squeezed(name) not in names and to not in by_rare
        ]

    def _names(self, source: SourceFile) -> list[str]:
        """List the columns of a table, or the fields of the first feature."""
        if not self.is_points:
            return _header(source)
        try:
            first = next(iter(point_features(source)), None) if kind_of(source) else None
        except InputError:
            return []
        return [] if first is None else list(first.fields)

    def _day(self, source: SourceFile, context: Context) -> Mapping[str, str]:
        if not self.is_points:
            return {}
        if context.choices.valid_on is None:
            allowed = "--valid-on DAY, the day of the image in which the damage is seen"
            raise InvalidFile(f"day of {source.name}", "none", allowed)
        return {"start": context.choices.valid_on.isoformat()}


class _Scope(NamedTuple):
    """The column that says what a row is of, and the words that put it out of scope, with why."""

    column: str
    reasons: Mapping[str, str]

    def reason(self, cells: Cells) -> str | None:
        """Say why a row is dropped: all that it is of is out of scope; None where it is kept."""
        text = next((text for name, text in cells.items() if squeezed(name) == self.column), "")
        words = cell_words(text, self.reasons)
        reasons = [self.reasons[word] for word in words if word in self.reasons]
        return reasons[0] if reasons and len(reasons) == len(words) else None


def _header(source: SourceFile) -> list[str]:
    head = decoded_head(source)
    if not is_workbook(source) and (not head or head.lstrip().startswith(("<", "{", "["))):
        return []
    try:
        return next(iter(first_lines(source, 1)), [])
    except InputError:
        return []


GTD = DescribedTable(
    name="gtd",
    publisher="the Global Terrorism Database",
    needed=("eventid", "iyear", "imonth", "iday", "attacktype1_txt"),
    columns={
        "eventid": "source_key",
        "iyear": "year",
        "imonth": "month",
        "iday": "day",
        "approxdate": "when_text",
        "longitude": "lon",
        "latitude": "lat",
        "specificity": "precision",
        "country_txt": "country",
        "provstate": "admin1",
        "city": "place",
        "attacktype1_txt": "kind",
        "weaptype1_txt": "weapons",
        "weapsubtype1_txt": "weapons",
        "targtype1_txt": "sector",
        "nkill": "killed",
        "nwound": "injured",
        "summary": "description",
    },
    scope_column="attacktype1_txt",
)
AIRWARS = DescribedTable(
    name="airwars",
    publisher="Airwars",
    needed=("Unique Reference Code", "Civilians Reported Killed Min", "Location Accuracy"),
    columns={
        "Unique Reference Code": "source_key",
        "Date": "start",
        "Permalink": "source_url",
        "Civilians Reported Killed Min": "killed_civilian_low",
        "Civilians Reported Killed Max": "killed_civilian_high",
        "Longitude": "lon",
        "Latitude": "lat",
        "Location Accuracy": "precision",
        "Location": "place",
    },
    rare={"Strike Type": "weapons", "Type of Strike": "weapons", "Munition": "weapons"},
    dates=Notation.ymd,
    constants={"source_publisher": "Airwars"},
)
YEMEN = DescribedTable(
    name="yemen_data",
    publisher="the Yemen Data Project",
    needed=("Incident ID", "Governorate", "Main category", "Sub-category", "Min Air Raids"),
    columns={
        "Incident ID": "source_key",
        "Date": "start",
        "Governorate": "admin1",
        "Area": "place",
        "Sub-category": "sector",
        "Main category": "object_kind",
        "Target": "object_name",
        "Fatalities": "killed_civilian",
        "Injured": "injured_civilian",
        "Child fatalities": "killed_child",
        "Child injured": "injured_child",
        "Time of Day": "when_text",
    },
    dates=Notation.dmy,
    constants={"country": "YE", "weapons": "air_strike"},
)
EMS = DescribedTable(
    name="copernicus_ems",
    publisher="Copernicus EMS, grading of damage",
    needed=("damage_gra", "det_method"),
    columns={
        "damage_gra": "grade",
        "obj_type": "sector",
        "info": "object_kind",
        "name": "object_name",
        "notation": "description",
    },
    constants={
        "precision": "exact",
        "error_m": "50",
        "when_precision": "unknown",
        "source_publisher": "Copernicus EMS",
        "when_text": "seen in an image of this day",
    },
    scope_column="damage_gra",
    is_points=True,
)
IMSMA = DescribedTable(
    name="imsma",
    publisher="IMSMA, accidents with mines and explosive remnants",
    needed=("Accident ID", "Accident Type"),
    columns={
        "Accident ID": "source_key",
        "Accident Date": "start",
        "Accident Type": "weapons",
        "Device Type": "weapons",
        "Killed": "killed",
        "Injured": "injured",
        "Longitude": "lon",
        "Latitude": "lat",
        "Province": "admin1",
        "Town": "place",
    },
    rare={
        "Date of Accident": "start",
        "Device Category": "weapons",
        "Ordnance Category": "weapons",
        "Number Killed": "killed",
        "Number Injured": "injured",
        "Country": "country",
        "Governorate": "admin1",
        "Village": "place",
        "Description": "description",
    },
    dates=Notation.ymd,
    constants={"kind": "other_harm", "precision": "settlement"},
)
MNEMONIC = DescribedTable(
    name="mnemonic",
    publisher="Mnemonic, such as the Syrian Archive",
    needed=("reference_code", "type_of_violation", "online_link"),
    columns={
        "reference_code": "source_key",
        "incident_date_time": "start",
        "type_of_violation": "kind",
        "weapons_used": "weapons",
        "lon": "lon",
        "lat": "lat",
        "location": "place",
        "online_link": "source_url",
        "description": "description",
    },
    rare={
        "incident_date": "start",
        "longitude": "lon",
        "latitude": "lat",
        "summary_en": "description",
        "graphic_content": "graphic",
    },
    dates=Notation.ymd,
    constants={"precision": "settlement"},
    scope_column="type_of_violation",
    incident_columns=("incident_code", "incident_id", "incident code", "incident id", "incident"),
    note="Each row is a video or a picture, several may show one strike, and no column says which "
    "do: numbers of incidents of this dataset are numbers of its rows.",
)
DESCRIBED = (GTD, AIRWARS, YEMEN, EMS, IMSMA, MNEMONIC)
