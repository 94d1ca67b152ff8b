"""CIR Eyes on Russia: the map's CSV export of 2022, 15 columns (FORMATS B9).

The event group decides scope: damage, explosions and casualties become incidents; military
presence, losses, firing positions and the like are dropped by purpose and counted so. The month
in a group's name is not the date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from app.domain.damage import Damage
from app.domain.errors import InputError, InvalidFile
from app.domain.incident import Incident, Status, incident_id
from app.domain.period import When
from app.domain.place import Place, Precision
from app.domain.source import SourceRef
from app.importers import native
from app.importers.base import (
    BadFieldError,
    Context,
    Dropped,
    Found,
    Outcome,
    Rejection,
    Source,
    Warned,
    header_of,
    table_rows,
)

COLUMNS = {
    "entry": "source_key",
    "date": "start",
    "event_group": "(scope and damage)",
    "title": "when_text",
    "brief description": "description",
    "lat": "lat",
    "lon": "lon",
    "country": "country",
    "province": "admin1",
    "district": "(kept in no field)",
    "town/city": "place",
    "arms/munition": "weapons",
    "violence level": "graphic",
    "link": "sources[0].url",
    "geolocation": "sources[1].url",
}


class Cir:
    """Reads the 2022 export."""

    name = "cir"
    dataset = "cir"
    publisher = "CIR, Eyes on Russia"
    licence = "internal"

    def recognises(self, source: Source) -> str | None:
        """Look for the columns that only this export has together."""
        names = set(header_of(source)[0])
        if {"entry", "event_group", "violence level", "geolocation"} <= names:
            return "columns entry, event_group, violence level and geolocation of CIR's export"
        return None

    def mapping(self, source: Source) -> dict[str, str]:
        """Map the 15 columns."""
        return {name: COLUMNS[name] for name in header_of(source)[0] if name in COLUMNS}

    def read(self, source: Source, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row.

        Raises:
            InvalidFile: columns are missing; new ones only warn.
        """
        names = header_of(source)[0]
        missing = [name for name in COLUMNS if name not in names]
        if missing:
            raise InvalidFile(
                f"header of {source.name}",
                f"no {', '.join(missing)}",
                f"the columns {', '.join(COLUMNS)}",
            )
        if new := [name for name in names if name not in COLUMNS]:
            yield Warned(f"New columns that this importer does not know: {', '.join(new)}.")
        words = _Words(context)
        for row in table_rows(source):
            if isinstance(row, Rejection):
                yield row
            else:
                yield self._outcome(*row, context, words)

    def _outcome(self, row: int, cells: dict[str, str], context: Context, words: _Words) -> Outcome:
        group = words.group(cells.get("event_group", ""))
        scope = words.scope.get(group)
        if scope is None:
            allowed = f"a group beginning with {', '.join(words.scope)}"
            return Rejection(row, "event_group", cells.get("event_group", ""), allowed)
        if scope != "incident":
            return Dropped(row, scope)
        try:
            return Found(row, _incident(cells, group, context, words))
        except (BadFieldError, InputError) as wrong:
            return native.bad(row, wrong)


class _Words:
    """The crosswalk from this export's words, with the theatre's own region names added."""

    def __init__(self, context: Context) -> None:
        crosswalk = context.taxonomy.crosswalk("cir")
        self.scope, self.damage = crosswalk["scope"], crosswalk["damage"]
        self.countries, self._weapons = crosswalk["countries"], crosswalk["weapons"]
        self._given, self._regions = crosswalk["provinces"], context.regions

    def group(self, given: str) -> str:
        """Find the group that a group's name begins with; the name itself when none."""
        return next((group for group in self.scope if given.startswith(group)), given)

    @cached_property
    def provinces(self) -> Mapping[str, str]:
        """Province names in lower case to ISO codes."""
        own = {region.name_en.lower(): region.code for region in self._regions}
        return {**own, **self._given}

    def weapons(self, given: str) -> tuple[str, ...]:
        """Find the weapon class of a munition's name: the longest listed word that begins in it.

        A word begins where no letter stands before it: "undetermined" names no mine.
        """
        found = [
            word
            for word in self._weapons
            if re.search(rf"(?<![^\W\d_]){re.escape(word)}", given, re.IGNORECASE)
        ]
        return (self._weapons[max(found, key=len)],) if found else ()


def _incident(cells: dict[str, str], group: str, context: Context, words: _Words) -> Incident:
    point = native.point_from(cells.get("lon"), cells.get("lat"))
    key = cells.get("entry") or native.content_key(cells, point)
    given = cells.get("date")
    arms = cells.get("arms/munition", "")
    sector = words.damage.get(group)
    country = cells.get("country", "").lower()
    place = Place.at(
        point,
        Precision.exact if point else Precision.country,
        name=cells.get("town/city"),
        country=words.countries.get(country),
        admin1=words.provinces.get(cells.get("province", "").lower()),
    )
    return Incident(
        id=incident_id(context.dataset, key),
        dataset=context.dataset,
        source_key=key,
        when=When.days(
            native.day(given, "date") if given else None,
            text=cells.get("title"),
            zone=context.theatre.zone,
        ),
        place=place,
        weapons=words.weapons(arms),
        damage=(Damage(sector),) if sector else (),
        sources=tuple(
            SourceRef(url=url) for name in ("link", "geolocation") if (url := cells.get(name))
        ),
        status=Status.geolocated,
        description=cells.get("brief description"),
        graphic=cells.get("violence level", "").lower() == "graphic",
        synthetic=context.synthetic,
    )
