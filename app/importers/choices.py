"""What a person states about a control file that does not state it itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from app.domain.control import Baseline


@dataclass(frozen=True, slots=True)
class ControlChoices:
    """What a file of areas does not state; a value in the file itself has precedence.

    `includes` names the parts of the territory that the source covers.
    """

    valid_on: date | None = None
    valid_on_field: str | None = None
    status_field: str | None = None
    controller: str | None = None
    controller_field: str | None = None
    includes: tuple[Baseline, ...] = ()


NO_CHOICES = ControlChoices()
