"""Which basemap file an instance uses: the operator's choice, kept in the data folder."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from threading import Lock

import msgspec

from app.domain.errors import InputError
from app.streets.ground import StreetMap
from app.streets.tileset import LONGEST_CREDIT, open_tileset
from app.whole_files import write_whole

LOG = logging.getLogger("strikemap.basemap")
Stamp = tuple[int, int, int]


class Choice(msgspec.Struct, frozen=True):
    """The file that an operator chose; it stays where it is."""

    file: str
    credit: str | None = None


@dataclass
class ChosenBasemap:
    """The basemap of an instance; another choice or another file is seen at the next request.

    `path` is where the choice is kept.
    """

    path: Path
    fault: str | None = None
    _choice: tuple[Stamp | None, Choice | None] = (None, None)
    _opened: tuple[object, StreetMap | None] = (None, None)
    _lock: Lock = field(default_factory=Lock, repr=False)

    @cached_property
    def _name(self) -> str:
        return str(self.path)

    @property
    def choice(self) -> Choice | None:
        """The operator's choice; None without one."""
        stamp = _stamp(self._name)
        if stamp != self._choice[0]:
            self._choice = stamp, _read(self.path)
        return self._choice[1]

    def current(self) -> StreetMap | None:
        """Return the operator's basemap; None without one, and when it cannot be read."""
        choice = self.choice
        seen = None if choice is None else (choice, _stamp(choice.file))
        if seen != self._opened[0]:
            with self._lock:
                if seen != self._opened[0]:
                    self._opened = seen, self._open(choice)
        return self._opened[1]

    @property
    def mark(self) -> str:
        """A text that changes with what is drawn; it is part of the key of every picture."""
        streets = self.current()
        return "" if streets is None else f"{streets.tileset.facts.mark} {streets.credit}"

    def choose(self, file: Path, credit: str | None = None) -> StreetMap:
        """Use a basemap file from now on.

        Raises:
            InputError: it cannot be used; what was used before stays.
        """
        if credit is not None and not 0 < len(credit) <= LONGEST_CREDIT:
            allowed = f"1 to {LONGEST_CREDIT} characters"
            raise InputError("credit", f"{len(credit)} characters", allowed)
        choice = Choice(str(file.resolve()), credit)
        streets = _street_map(choice)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, msgspec.json.encode(choice))
        return streets

    def forget(self) -> bool:
        """Draw the shipped ground again; tell whether there was a choice."""
        was_chosen = self.path.exists()
        self.path.unlink(missing_ok=True)
        return was_chosen

    def _open(self, choice: Choice | None) -> StreetMap | None:
        self.fault = None
        if choice is None:
            return None
        try:
            return _street_map(choice)
        except InputError as wrong:
            self.fault = f"The basemap {Path(choice.file).name} is not drawn. {wrong}"
            LOG.warning("%s", self.fault)
            return None


def _street_map(choice: Choice) -> StreetMap:
    return StreetMap(open_tileset(Path(choice.file)), choice.credit)


def _read(path: Path) -> Choice | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Choice)
    except FileNotFoundError:
        return None
    except (OSError, msgspec.DecodeError) as wrong:
        LOG.warning("%s cannot be read (%s): the shipped basemap is drawn", path, wrong)
        return None


def _stamp(path: str) -> Stamp | None:
    try:
        found = os.stat(path)  # noqa: PTH116  several times faster, and for every request
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns
