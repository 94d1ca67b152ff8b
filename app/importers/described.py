"""Event tables of publishers whose columns say all: a format is a list of columns and a crosswalk.

Each is read as a table with a saved mapping is. See `docs/formats.md`, section gtd.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.domain.errors import InputError, InvalidFile
from app.domain.mapping import VERSION, Notation, TableMapping
from app.files.sheets import Cells, first_lines, is_workbook, squeezed
from app.files.source import SourceFile, decoded_head
from app.importers.base import Context, Outcome
from app.importers.by_mapping import outcomes_by
from app.importers.header import drift
from app.importers.points import kind_of, point_features

SCOPE = "scope"
"""The table of a crosswalk with the words that put a row out of scope, and why."""


@dataclass(frozen=True, kw_only=True)
class DescribedTable:
    """One publisher's table: what each of its columns is, and those that tell it from others.

    `scope_column` holds the words of the crosswalk's table `scope`. `is_points`: a file of points
    without any day, which `--valid-on` states: that of the image in which the damage is seen.
    """

    name: str
    publisher: str
    columns: Mapping[str, str]
    needed: tuple[str, ...]
    dates: Notation | None = None
    constants: Mapping[str, str] = field(default_factory=dict)
    scope_column: str = ""
    is_points: bool = False
    licence: str = "internal"

    @property
    def dataset(self) -> str:
        """The dataset has the name of the format, as an address writes it."""
        return self.name.replace("_", "-")

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise the columns that no other table has together."""
        if set(self.needed) <= set(self._names(source)):
            return f"columns {', '.join(self.needed)} of {self.publisher}"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:
        """Map the columns that the file has."""
        return {name: self.columns[name] for name in self._names(source) if name in self.columns}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row.

        Raises:
            InvalidFile: the file has no day, and none is stated.
        """
        crosswalk = context.taxonomy.crosswalk(self.name)
        reasons = crosswalk.get(SCOPE, {})

        def out_of_scope(cells: Cells) -> str | None:
            return reasons.get(squeezed(cells.get(self.scope_column, "")))

        words = {to: dict(by_word) for to, by_word in crosswalk.items() if to != SCOPE}
        mapping = TableMapping(
            version=VERSION,
            dates=self.dates,
            columns=self.mapping(source),
            constants={**self.constants, **self._day(source, context)},
            has_points=self.is_points,
            words=words,
        )
        lacking = [name for name in self.columns if name not in mapping.columns]
        yield from () if self.is_points else drift((), lacking)
        yield from outcomes_by(mapping, source, context, out_of_scope)

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
DESCRIBED = (GTD, AIRWARS, YEMEN, EMS)
