"""The options of an import, in one table.

A field of `ImportOptions` is an option of `strikemap import`, a parameter of `POST /api/imports`
and a field of the page `/import`: all three are made from the fields, with the same text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum, auto
from typing import Annotated, Any, Self, get_type_hints

import msgspec

from app.domain.control import Baseline
from app.domain.errors import InputError
from app.domain.mapping import TableMapping
from app.domain.terms import LICENCES
from app.files.parsing import iso_day
from app.files.source import BadFieldError
from app.i18n import strings
from app.importers.choices import ControlChoices
from app.intake.saved_mapping import mapping_from


class ShownIn(Enum):
    """Where a person sets an option."""

    command = auto()
    http = auto()
    form = auto()


class OptionKind(Enum):
    """How an option is written: a file is a path in a command, and a part of a form over HTTP."""

    text = auto()
    day = auto()
    flag = auto()
    file = auto()


def _day_of_areas(text: str) -> date | None:
    return _day(text, "valid-on")


def _day_of_access(text: str) -> date | None:
    return _day(text, "accessed")


def _day(text: str, name: str) -> date | None:
    try:
        return iso_day(text, name) if text else None
    except BadFieldError as wrong:
        raise InputError(wrong.name, wrong.got, wrong.why) from wrong


def _parts(text: str) -> tuple[Baseline, ...]:
    try:
        return tuple(Baseline(part.strip()) for part in text.split(",") if part)
    except ValueError as wrong:
        raise InputError("baseline", text, f"any of {', '.join(Baseline)}") from wrong


@dataclass(frozen=True)
class Option:
    """One option: how it is written and read, and where it is set.

    `name` and `default` are those of the field that the option annotates; its text is the string
    `option_NAME`.
    """

    kind: OptionKind = OptionKind.text
    read: Callable[[str], object] = str
    values: tuple[str, ...] = ()
    """All that it may be; empty where that depends on the instance or is any text."""

    pattern: str = ""
    """A regular expression of HTML that the text fits."""

    is_for_control: bool = False
    faces: frozenset[ShownIn] = frozenset(ShownIn)
    name: str = ""
    default: object = None

    def text(self, language: str) -> str:
        """Return what the option sets, as a label and as help; without a full stop."""
        words = strings(language)
        return words.get(f"option_{self.name}", self.name)


class ImportOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a person states of a file to import.

    A new field, annotated with an `Option`, is offered everywhere that the option names.
    """

    format: Annotated[
        str,
        Option(),
    ] = "auto"
    dataset: Annotated[
        str | None,
        Option(
            pattern=r"[a-z0-9][a-z0-9\-]{0,62}",
        ),
    ] = None
    theatre: Annotated[
        str | None,
        Option(),
    ] = None
    terms: Annotated[
        str | None,
        Option(
            values=tuple(LICENCES),
        ),
    ] = None
    title: Annotated[str | None, Option()] = None
    attribution: Annotated[str | None, Option()] = None
    accessed: Annotated[
        date | None,
        Option(
            kind=OptionKind.day,
            read=_day_of_access,
        ),
    ] = None
    synthetic: Annotated[bool, Option(kind=OptionKind.flag)] = False
    valid_on: Annotated[
        date | None,
        Option(
            kind=OptionKind.day,
            read=_day_of_areas,
            is_for_control=True,
        ),
    ] = None
    valid_on_field: Annotated[
        str | None,
        Option(
            is_for_control=True,
        ),
    ] = None
    status_field: Annotated[
        str | None,
        Option(
            is_for_control=True,
        ),
    ] = None
    controller: Annotated[
        str | None,
        Option(
            is_for_control=True,
        ),
    ] = None
    controller_field: Annotated[
        str | None,
        Option(
            is_for_control=True,
        ),
    ] = None
    baseline: Annotated[
        tuple[Baseline, ...],
        Option(
            read=_parts,
            is_for_control=True,
        ),
    ] = ()
    mapping: Annotated[
        TableMapping | None,
        Option(
            kind=OptionKind.file,
        ),
    ] = None
    sheet: Annotated[
        str | None,
        Option(),
    ] = None
    accept_shrink: Annotated[
        bool,
        Option(
            kind=OptionKind.flag,
            is_for_control=True,
        ),
    ] = False
    over_edits: Annotated[
        bool,
        Option(
            kind=OptionKind.flag,
        ),
    ] = False
    dry_run: Annotated[
        bool,
        Option(
            kind=OptionKind.flag,
            # The page always plans first.
            faces=frozenset({ShownIn.command, ShownIn.http}),
        ),
    ] = False

    @classmethod
    def parse(cls, values: Mapping[str, object], today: date) -> Self:
        """Read options as they come from a command or a URL: texts and flags by name.

        A saved mapping may come as the bytes of its file. None stands for "not stated".

        Raises:
            InputError: a day or a part that does not exist, or a mapping of no use.
        """
        options = cls(**_read(values, options_of(cls)))
        if options.accessed is not None:
            _check_past(options.accessed, str(values["accessed"]), today)
        return options

    @property
    def format_name(self) -> str:
        """The format to read; a mapping names its own, where nothing else does."""
        is_mapped = self.mapping is not None and self.format == "auto"
        return self.mapping.format if self.mapping and is_mapped else self.format

    @property
    def choices(self) -> ControlChoices:
        """What a person states of a control file."""
        return ControlChoices(
            valid_on=self.valid_on,
            valid_on_field=self.valid_on_field,
            status_field=self.status_field,
            controller=self.controller,
            controller_field=self.controller_field,
            includes=self.baseline,
        )


def options_of(
    table: type[ImportOptions] = ImportOptions, face: ShownIn | None = None
) -> tuple[Option, ...]:
    """List the options of a table, in the order of its fields; with `face`, those set there."""
    hints = get_type_hints(table, include_extras=True)
    options = (
        replace(hints[field.name].__metadata__[0], name=field.name, default=field.default)
        for field in msgspec.structs.fields(table)
    )
    return tuple(option for option in options if face is None or face in option.faces)


def _read(values: Mapping[str, object], options: tuple[Option, ...]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for option in options:
        value = values.get(option.name)
        if isinstance(value, bytes):
            fields[option.name] = mapping_from(value)
        elif isinstance(value, str):
            fields[option.name] = option.read(value)
        elif value is not None:
            fields[option.name] = value
    return fields


def access_day(text: str | None, today: date) -> date | None:
    """Read the day on which a file was taken from its publisher; None when no day is stated.

    Raises:
        InputError: no day, or one that is still to come.
    """
    accessed = _day_of_access(text or "")
    if accessed is not None:
        _check_past(accessed, text, today)
    return accessed


def _check_past(accessed: date, text: str | None, today: date) -> None:
    if accessed > today:
        raise InputError("accessed", text, f"a day up to today, {today}")
