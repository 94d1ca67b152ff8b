"""What a person says of a control file that does not say it of itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.domain.control import Baseline


@dataclass(frozen=True, slots=True)
class ControlChoices:
    """Answers to what a file of areas leaves open; nothing here overrules what a file states.

    `includes` names the parts of the ground that the source covers at all.
    """

    valid_on: date | None = None
    valid_on_field: str | None = None
    status_field: str | None = None
    controller: str | None = None
    controller_field: str | None = None
    includes: tuple[Baseline, ...] = ()


NO_CHOICES = ControlChoices()
