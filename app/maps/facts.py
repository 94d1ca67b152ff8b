"""What the scripts of the map's page must know before they ask the service for anything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec


class ControlFacts(msgspec.Struct, frozen=True, rename="camel"):
    """A source of control that the page may show, with the days of its snapshots."""

    slug: str
    name: str
    credit: str
    shares_points: bool
    """Whether its terms let marks be coloured by its sides."""

    days: Sequence[str]


class Histogram(msgspec.Struct, frozen=True):
    """Incidents per day, from a first day on, without gaps."""

    first: str
    counts: Sequence[int]


class PageFacts(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """A View as its page opens; the names in the page are these in camel case.

    Days are ISO, instants RFC 3339 in UTC.
    """

    view: Mapping[str, str]
    datasets: Sequence[tuple[str, str]]
    """Slug and name of each dataset that the View can choose."""

    shown_datasets: Sequence[str]
    controls: Sequence[ControlFacts]
    controller: str
    """The party whose ground is summed when nobody chooses."""

    waves: str | None
    head: str
    """The first letters of the record's newest hash."""

    regions: Sequence[tuple[str, str]]
    may_embed: bool
    is_private: bool
    as_of: str | None
    as_of_day: str | None
    yesterday: str
    columns_url: str
    has_population: bool
    levels: Sequence[int]
    looks: Mapping[str, Sequence[tuple[str, str, str, str]]]
    """The classes of marks by each `colour_by`: code, name, colour and shape."""

    has_settlements: bool
    is_saved: bool
    embed: Mapping[str, str]
    """The parameters of a frame beside its View."""

    archive: str | None
    """The PMTiles file beside a saved page, as a reference; None where marks are inside."""

    @property
    def language(self) -> str:
        """The language of the View."""
        return self.view["lang"]
