"""A theatre: the area of a map, its countries, parties, languages and first datasets."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from app.domain.place import Bounds


class Party(msgspec.Struct, frozen=True):
    """A party: strikes may be attributed to it, and it may hold ground."""

    code: str
    en: str
    uk: str
    state: bool = False

    def name(self, language: str) -> str:
        """Name the party in a language."""
        return self.uk if language == "uk" else self.en


class RegionFile(msgspec.Struct, frozen=True):
    """The boundaries of a theatre: the id that answers state, and the file under geodata/."""

    id: str
    file: str


class Theatre(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file under geodata/theatre/; the code has no facts about any country."""

    zone: str
    countries: tuple[str, ...]
    languages: tuple[str, ...]
    synthetic: bool
    bounds: Bounds
    first_period: tuple[date, date]
    region_set: RegionFile
    basemap: tuple[str, ...]
    default_controller: str
    front_line_tolerance_km: float
    stale_after_days: int
    embargo_hours: Mapping[str, int]
    generalise_days: int
    name: Mapping[str, str]
    note: Mapping[str, str]
    party: tuple[Party, ...]
    default_datasets: tuple[str, ...] = ()
    """What a View without datasets shows; empty: the dataset that was added last."""

    default_control: str = ""
    """The control source of a View without one; empty: the closest one to its last day."""

    demo_datasets: tuple[str, ...] = ()
    """The data that ship with the project: shown until other data of the theatre are there."""

    baseline: Mapping[str, tuple[str, ...]] = {}
    """Regions of a part of the baseline, by part: sources may leave this part out."""

    settlements: str | None = None
    """The file under geodata/ with the settlements; None: no settlement is found by its name."""

    slug: str = ""

    @property
    def state(self) -> str:
        """The party that is the state; ground of any other controller is occupied."""
        return next(party.code for party in self.party if party.state)

    def embargo_s(self, kind: str) -> int:
        """Return how long strikes at a kind of place stay hidden from the public, in seconds."""
        return self.embargo_hours.get(kind, 0) * 3_600

    def today(self, now: datetime) -> date:
        """Return the day of an instant in the theatre's zone."""
        return now.astimezone(ZoneInfo(self.zone)).date()

    def party_name(self, code: str, language: str) -> str:
        """Name a party; an unknown code is returned as it is."""
        names = [party.name(language) for party in self.party if party.code == code]
        return names[0] if names else code


def read_theatres(folder: Path) -> dict[str, Theatre]:
    """Read all theatre files, by slug."""
    theatres = {}
    for path in sorted(folder.glob("*.toml")):
        values = {**tomllib.loads(path.read_text("utf-8")), "slug": path.stem}
        theatres[path.stem] = msgspec.convert(values, Theatre)
    return theatres
