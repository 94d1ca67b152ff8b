"""A theatre: the area of a map, its countries, parties, languages and first datasets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

import msgspec

from app.domain.languages import LANGUAGES, in_language
from app.domain.place import Bounds


class Party(msgspec.Struct, frozen=True):
    """A party: strikes may be attributed to it, and it may hold ground."""

    code: str
    names: Mapping[str, str] = {}
    """Its name by language; a party without any is shown by its code."""

    state: bool = False

    def name(self, language: str) -> str:
        """Name the party in a language, else in English, else in any, else by its code."""
        return in_language(self.names, language, self.code)


class RegionFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The boundaries of a theatre: the id that answers state, and the file under geodata/."""

    id: str
    file: str


WORLD_REGIONS = RegionFile("natural-earth-10m", "regions/admin1.parquet")
"""The first-level regions of every country."""


class Theatre(msgspec.Struct, frozen=True):
    """One theatre's file; the code has no facts about any country."""

    zone: str
    countries: tuple[str, ...]
    bounds: Bounds
    languages: tuple[str, ...] = LANGUAGES[:1]
    synthetic: bool = False
    first_period: tuple[date, date] | None = None
    """The days on which its own default datasets open; None: chosen by the data."""

    region_set: RegionFile = WORLD_REGIONS
    basemap: tuple[str, ...] = ("basemap",)
    default_datasets: tuple[str, ...] = ()
    """What a View without datasets shows; empty: the dataset that was added last."""

    default_control: str = ""
    """The control source of a View without one; empty: the closest one to its last day."""

    demo_datasets: tuple[str, ...] = ()
    """The data that ship with the project: shown until other data of the theatre are there."""

    default_controller: str = ""
    """The party whose ground is measured when a request names none; empty without parties."""

    front_line_tolerance_km: float = 3
    stale_after_days: int = 7
    embargo_hours: Mapping[str, int] = msgspec.field(
        default_factory=lambda: {"civilian": 3, "military": 12}
    )
    generalise_days: int = 30
    name: Mapping[str, str] = {}
    note: Mapping[str, str] = {}
    party: tuple[Party, ...] = ()
    baseline: Mapping[str, tuple[str, ...]] = {}
    """Regions of a part of the baseline, by part: sources may leave this part out."""

    settlements: str | None = None
    """The file under geodata/ with the settlements; None: no settlement is found by its name."""

    slug: str = ""

    def title(self, language: str) -> str:
        """Name the theatre in a language, else in English, else in any, else by its slug."""
        return in_language(self.name, language, self.slug)

    def remark(self, language: str) -> str:
        """Return the note of the theatre in a language, else in another; empty without any."""
        return in_language(self.note, language, "")

    def language_for(self, language: str) -> str:
        """Return the language of its pages for a reader of another one: the same, else its first.

        >>> Theatre("UTC", ("SD",), Bounds(21, 8, 39, 23)).language_for("uk")
        'en'
        """
        return language if language in self.languages else self.languages[0]

    @property
    def state(self) -> str:
        """The party that is the state; empty without one. Ground of any other is occupied."""
        return next((party.code for party in self.party if party.state), "")

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
