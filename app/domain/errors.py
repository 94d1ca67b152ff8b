"""Every error that a user can meet, as one tree.

    StrikemapError
    ├── InputError                what, got, allowed: one clear sentence
    │   ├── InvalidPlace          coordinates, precision or error radius
    │   ├── InvalidWhen           days and instants
    │   ├── InvalidCount          casualty ranges
    │   ├── InvalidControl        control areas and their dates
    │   ├── InvalidView           one or more parameters of a request
    │   ├── InvalidTheatre        a theatre's file, with every fault of it
    │   ├── InvalidStory          a story, with every fault of it
    │   └── InvalidFile           a whole file that cannot be read
    │       ├── UnknownFormat     no importer recognises the content
    │       ├── NeedsMapping      only a mapping can say what its columns mean
    │       ├── WrongMedia        a body of another media type than the address takes
    │       ├── OtherTheatre      most points lie elsewhere, and nobody stated the theatre
    │       └── TooLarge          over a bound on bytes, rows or vertices
    ├── NotFound                  no such incident, dataset, tile or address
    ├── NotShared                 the terms or the audience withhold it
    ├── NotKnown                  no token, or one that is not valid
    ├── ProviderAway              the identity provider does not answer
    ├── NotAllowed                the role or the scope is too small, or another site sent it
    ├── TooMany                   one address or token sent more requests than a minute allows
    ├── CannotSign                a figure that has to be signed, without a usable certificate
    ├── Busy                      one process cannot do more of this at the same time
    ├── Outdated                  somebody else wrote first: the revision is no longer the newest
    │   └── DoneBefore            the same was committed or undone already
    ├── StorageAway               object storage, where copies lie, does not answer
    ├── ClockBehind               the clock is behind the time of the newest revision
    └── StoreError                the fault lies in the record, not in the request
        ├── StoreBusy             another writer locks the record for too long
        ├── StoreAway             the server of the record does not answer
        ├── StoreFull             the disk has no room for a change
        ├── StoreTooNew           written by a later release
        └── DamagedRecord         the record is not as it was written
            └── BrokenChain       the ledger was changed; names the first wrong link

The domain knows no status codes: `app.api.problems` holds the one table that gives them.
"""

from __future__ import annotations

import copyreg
import errno
from typing import NamedTuple

from typing_extensions import override

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
"""Errors of a disk that is full, or that cannot be written."""

LONGEST_GOT = 80
"""Characters of an offending value that a message repeats."""

LONGEST_PART = 2_000
"""Characters of the other parts: they can hold names from a file, with line ends."""


class Problem(NamedTuple):
    """One fault of an input: where it is, the value, and what is allowed."""

    where: str
    got: str
    allowed: str

    def sentence(self) -> str:
        """Write it in one line, with a long value cut."""
        where, got, allowed = self.cut()
        return f"{where}: got {got!r}, allowed: {allowed}."

    def cut(self) -> Problem:
        """Cut long parts: an answer must not grow with the size of a request."""
        fits = len(self.got) <= LONGEST_GOT
        got = self.got if fits else self.got[: LONGEST_GOT - 3] + "…"
        return Problem(_line(self.where), got, _line(self.allowed))


def _line(text: str) -> str:
    """Bring a part of a sentence to one line of sensible length."""
    return " ".join(text[: LONGEST_PART - 1].split()) + ("…" if len(text) >= LONGEST_PART else "")


class StrikemapError(Exception):
    """The root: anything that this project raises on purpose."""

    @override
    def __reduce__(self) -> tuple[object, ...]:
        """Travel between processes as what it holds, not by a constructor of fewer arguments."""
        return copyreg.__newobj__, (type(self), *self.args), vars(self)  # type: ignore[attr-defined]


class InputError(StrikemapError):
    """An input cannot be used; the message says what, got and allowed.

    `problems` lists what is wrong: one item, except for a View.
    """

    def __init__(self, what: str, got: object, allowed: str) -> None:
        self.problem = Problem(what, str(got), allowed)
        self.problems: tuple[Problem, ...] = (self.problem,)
        super().__init__(self.problem.sentence())


class InvalidPlace(InputError):
    """Coordinates, a precision class or an error radius that is impossible."""


class InvalidWhen(InputError):
    """A day, an instant or a span that is impossible."""


class InvalidCount(InputError):
    """A casualty range that is negative or out of order."""


class InvalidControl(InputError):
    """A control area without a date, a controller or a usable shape."""


class InvalidView(InputError):
    """A request whose parameters do not fit; carries every problem, not only the first."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(first.where, first.got, first.allowed)
        self.problems = problems


class InvalidTheatre(InputError):
    """A theatre's file with faults; carries every one of them."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(first.where, first.got, first.allowed)
        self.problems = problems


class InvalidStory(InputError):
    """A story with faults; carries every one of them, each with its step."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        first = problems[0]
        super().__init__(first.where, first.got, first.allowed)
        self.problems = problems


class InvalidFile(InputError):
    """A file that is refused as a whole: nothing of it was imported."""


class UnknownFormat(InvalidFile):
    """No importer recognises the content of the file."""


class WrongMedia(InvalidFile):
    """A body of another media type than the address takes."""


class NeedsMapping(InvalidFile):
    """A table or file of points of unknown columns, without a mapping that says what they mean."""


class OtherTheatre(InvalidFile):
    """A file most of whose points lie in another theatre, or in a country that has none.

    `theatre` is that theatre, "" where the points lie in several; `country` is stated where the
    theatre is still to be added, with the `zones` that its days can be of.
    """

    theatre, country = "", ""
    zones: tuple[str, ...] = ()


class TooLarge(InvalidFile):
    """The file or request body is over a limit; refused before it is read."""


class NotFound(StrikemapError):
    """There is no such thing at this address."""


class NotShared(StrikemapError):
    """The terms of the dataset, or the audience, do not allow this."""


class NotKnown(StrikemapError):
    """There is no token where one is needed, or it is wrong, expired or revoked."""


class ProviderAway(StrikemapError):
    """The identity provider does not answer; later it may."""


class NotAllowed(StrikemapError):
    """The role or scope is too small for this, or the page of another site sent the request."""


class Outdated(StrikemapError):
    """A change was made from a revision that is no longer the newest; nothing was written."""


class DoneBefore(Outdated):
    """The same was done already; nothing was written a second time."""


class ClockBehind(StrikemapError):
    """The newest revision lies in the future of the writer's clock; nothing was written."""


class StorageAway(StrikemapError):
    """Object storage does not answer; what an earlier command left there is as it was."""


class StoreError(StrikemapError):
    """The record could not be read or written."""


class Busy(StrikemapError):
    """One process cannot do more of this at the same time; the same request works later."""


class CannotSign(StrikemapError):
    """The operator wants signed figures, and their certificate or key cannot sign."""


class TooMany(StrikemapError):
    """One address or token sent too many requests; it may go on after `wait_s` seconds."""

    def __init__(self, detail: str, wait_s: int) -> None:
        self.wait_s = wait_s
        super().__init__(detail)


class StoreBusy(StoreError):
    """Another writer locked the record for longer than we wait; nothing was written."""


class StoreAway(StoreError):
    """The server that has the record does not answer, or takes no writes; later it may."""


class StoreFull(StoreError):
    """The disk has no room for a change; nothing was written."""


class StoreTooNew(StoreError):
    """A later release wrote this record; this one must not touch it."""


class DamagedRecord(StoreError):
    """The record is not as it was written; what is damaged gives no answer."""


class BrokenChain(DamagedRecord):
    """The ledger was changed from outside; the message names the first wrong link."""
