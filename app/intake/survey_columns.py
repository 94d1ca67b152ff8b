"""What the columns of a survey's export are called: tables that ODK and Kobo write from a form.

Such a table has the answers under the names of the form's groups (`casualties/killed`), the parts
of a point in columns of their own, a column for each choice, and columns about the survey itself.
Those hold days and places of the interview, which are not those of the incident.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from app.domain.count import TOLLS

REPEATED_ROWS = frozenset(("_parent_index", "PARENT_KEY"))
"""The column of a repeated group: its rows belong to rows of the form's main table."""

OF_KOBO = frozenset(
    ("_submission_time", "_submission__submission_time", "formhub/uuid", "_parent_index")
)
OF_CENTRAL = frozenset(("SubmissionDate", "KEY"))
ABOUT_SURVEY = re.compile(
    r"start|end|today|audit|deviceid|phonenumber|subscriberid|simserial|username|"
    r"(?:formhub|meta)[/-].*|_(?:id|index|notes|tags|status|attachments|submission_.*|"
    r"validation_status|submitted_by|parent_.*)|__version__|"
    r"SubmissionDate|Submitter.*|Attachments.*|Status|ReviewState|DeviceID|Edits|FormVersion|"
    r"PARENT_KEY|instance(?:ID|Name)"
)
KEYS = ("_uuid", "KEY", "_id")
"""Names of the answers of one form, the best one first."""

POINT = re.compile(
    r"_?(?P<point>.+)[_-](?P<part>latitude|longitude|altitude|precision|accuracy)", re.IGNORECASE
)
COORDINATES = ("longitude", "latitude")
NEUTRAL = re.compile(
    r"attack|casualties|consequences|details|event|group(?:_[a-z0-9]+)?|harm|human|impact|incident|"
    r"info|information|people|strike|victims"
)
"""Names of groups that say nothing of who is counted: another one may be of soldiers only."""

NOT_OF_INCIDENT = "not mapped: the survey says it of itself"


@dataclass
class Survey:
    """What each column is called without its groups, and why some are left out.

    `choices`: columns of several answers in one cell, with a space between.
    """

    called: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    choices: list[str] = field(default_factory=list)
    is_repeated: bool = False

    def take(self, name: str, names: Collection[str], between: str) -> None:
        """Say what a column is called, or why it is left out."""
        question = name.rpartition("/")[0]
        if ABOUT_SURVEY.fullmatch(name):
            self.left_out[name] = NOT_OF_INCIDENT
        elif question in names:
            self.left_out[name] = f"not mapped: it is an answer of {question!r}"
            self.choices.append(question)
        else:
            self.called[name] = name.rpartition(between)[2]

    def take_part(self, name: str, part: str) -> None:
        """Take one of the columns of a point: a coordinate, or what the device says of it."""
        self.called[name] = part
        self.left_out.pop(name, None)
        if part not in COORDINATES:
            self.left_out[name] = "not mapped: it is of the device that measured the point"

    def apart(self, columns: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
        """Put commas between several answers of one cell."""
        return {
            name: [text.replace(" ", ", ") for text in values] if name in self.choices else values
            for name, values in columns.items()
        }


def is_form(names: Collection[str]) -> bool:
    """Tell whether a table has the answers of a form, by what Kobo or ODK Central adds to them."""
    return not OF_KOBO.isdisjoint(names) or set(names) >= OF_CENTRAL


def survey_of(names: Collection[str]) -> Survey:
    """Read the names of a table's columns; of a table of another kind it says nothing."""
    survey = Survey(is_repeated=not REPEATED_ROWS.isdisjoint(names))
    between = "/" if OF_KOBO.intersection(names) else "-"
    if not (is_form(names) or survey.is_repeated):
        return survey
    keys = [key for key in KEYS if key in names]
    survey.called = dict.fromkeys(keys[:1], "uuid")
    survey.left_out = dict.fromkeys(keys[1:], NOT_OF_INCIDENT)
    for name in names:
        if name not in keys:
            survey.take(name, names, between)
    for point, part, name in _parts_of_points(names):
        survey.take_part(name, part)
        if point in names:
            survey.left_out[point] = "not mapped: the point is read from its parts"
    return survey


def narrowed(name: str, to: str) -> str | None:
    """Say why a number of people may be of some of them only: the group of its question says so."""
    groups = re.split("[/-]", name)[:-1]
    if not to.startswith(TOLLS) or all(NEUTRAL.fullmatch(one.lower()) for one in groups):
        return None
    return f"{' / '.join(groups)!r} may say whose number it is"


def _parts_of_points(names: Collection[str]) -> Iterator[tuple[str, str, str]]:
    """List the parts of points that have both coordinates: point, part, and the column's name."""
    parts = [
        (match["point"], match["part"].lower(), name)
        for name in names
        if (match := POINT.fullmatch(name))
    ]
    whole = {point for point, part, _ in parts if part == "latitude"}
    whole &= {point for point, part, _ in parts if part == "longitude"}
    yield from (one for one in parts if one[0] in whole)
