"""Finds the point of a settlement by its name, where its first-level unit has one of that name.

Of several settlements with the same name none is chosen: the row's rejection lists them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.domain.place import LonLat, Precision
from app.files import parsing
from app.files.sheets import squeezed
from app.files.source import BadFieldError
from app.importers.base import Context, Warned
from app.importers.header import listing
from app.reference.settlements import Settlement, Settlements

ERROR_M = {"city": 15_000, "town": 5_000, "village": 3_000}
"""Greatest distance from the listed point of a settlement to its edge, in metres."""

MOST_NAMED = 12
RAION = (" район", " raion", " р-н")


@dataclass
class Geocoder:
    """Looks up settlements for one import, and counts the names without a point."""

    context: Context
    unknown: Counter[str] = field(default_factory=Counter)
    unplaced: Counter[str] = field(default_factory=Counter)
    elsewhere: Counter[str] = field(default_factory=Counter)

    def placed(self, values: dict[str, object]) -> LonLat | None:
        """Return the point of a row's settlement; write precision, radius and raion into `values`.

        Raises:
            BadFieldError: several settlements fit, or no first-level unit is stated.
        """
        name, settlements = parsing.text(values, "place"), self.context.settlements
        if not name or settlements is None:
            return None
        settlement = self._settlement(name, values, settlements)
        if settlement is None:
            self.unknown[name] += 1
            return None
        values["admin2"] = settlement.admin2
        if settlement.point is None:
            self.unplaced[name] += 1
            return None
        values.update(precision=Precision.settlement.value, error_m=ERROR_M[settlement.kind])
        return settlement.point

    def _settlement(
        self, name: str, values: Mapping[str, object], settlements: Settlements
    ) -> Settlement | None:
        admin1, admin2 = parsing.text(values, "admin1"), parsing.text(values, "admin2")
        namesakes = settlements.called(name, admin1)
        if namesakes and not admin1:
            allowed = f"the first-level unit in which {name} lies: {_listing(namesakes)}"
            raise BadFieldError("admin1", "", allowed)
        if admin2:
            namesakes = [one for one in namesakes if _lies_in(one, admin2)] or namesakes
        if len(namesakes) > 1:
            why = (
                f"one settlement; {len(namesakes)} have this name in {admin1}: "
                f"{_listing(namesakes)}. Say the raion in `admin2`, or give coordinates"
            )
            raise BadFieldError("place", name, why)
        if namesakes and admin2 and not _lies_in(namesakes[0], admin2):
            self.elsewhere[f"{name}, {admin2}"] += 1
        return namesakes[0] if namesakes else None

    def warnings(self) -> Iterator[Warned]:
        """Warn of the names without a point, the most frequent first."""
        known = "known to their region only"
        for tally, why in (
            (self.unknown, f"Places that the list of settlements has not in their unit, {known}"),
            (self.unplaced, f"Places of which the list has no position, {known}"),
            (self.elsewhere, "Places that their unit has once, not in the raion that is stated"),
        ):
            if tally:
                yield Warned(f"{why}: {listing(tally)}.")


def _lies_in(settlement: Settlement, admin2: str) -> bool:
    """Tell whether a settlement lies in a raion, by its P-code or by its name."""
    raion = squeezed(admin2)
    for word in RAION:
        raion = raion.removesuffix(word)
    return admin2 == settlement.admin2 or raion == (settlement.raion or "").lower()


def _listing(namesakes: list[Settlement]) -> str:
    listing = "; ".join(one.label() for one in namesakes[:MOST_NAMED])
    more = len(namesakes) - MOST_NAMED
    return f"{listing}; and {more:,} more" if more > 0 else listing
