"""All theatres of an instance: those that ship, those of its record, and files beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from app.domain.errors import InvalidTheatre, Problem
from app.reference.opening import opening_path
from app.reference.recorded import RecordedTheatre, chosen_opening
from app.reference.theatre import Theatre
from app.reference.theatre_file import parse_theatre, read_theatre, theatre_text


class TheatreFault(NamedTuple):
    """A theatre that cannot be used, and what is wrong with it; `path` is None in the record."""

    slug: str
    path: Path | None
    problems: tuple[Problem, ...]

    def sentences(self) -> list[str]:
        """Write each problem in a sentence that begins with the name of the theatre."""
        return [f"theatre {self.slug}, {problem.sentence()}" for problem in self.problems]

    @property
    def command(self) -> str:
        """The command that lists the faults, or gives the file to mend."""
        if self.path is None:
            return f"strikemap theatre show {self.slug}"
        return f"strikemap theatre check {self.path}"


class Theatres(NamedTuple):
    """The theatres that can be used, by slug, and those that cannot."""

    by_slug: dict[str, Theatre]
    faults: tuple[TheatreFault, ...]


def read_theatres(
    geodata: Path, own: Path | None = None, recorded: Sequence[RecordedTheatre] = ()
) -> Theatres:
    """Read the theatres that ship, those of the record, and the files of the folder `own`.

    A theatre with faults does not stop the others. A later one cannot have the slug or a country
    of an earlier one: a row of the index has one region only. An opening that cannot be read is a
    fault, too; its theatre then opens as its file says.
    """
    collected = _Collected(geodata)
    texts = {one.slug: one.file for one in recorded if one.file}
    for path in sorted((geodata / "theatre").glob("*.toml")):
        collected.take(path.stem, path)
    for slug, text in sorted(texts.items()):
        collected.take(slug, None, text)
    for path in sorted(own.glob("*.toml")) if own else ():
        if path.stem in texts:
            collected.compare(path, texts[path.stem])
        else:
            collected.take(path.stem, path)
    chosen = _open_as_chosen(collected.theatres, own, recorded)
    return Theatres(collected.theatres, (*collected.faults, *chosen))


@dataclass
class _Collected:
    """The theatres that were read until now, and those with faults."""

    geodata: Path
    theatres: dict[str, Theatre] = field(default_factory=dict)
    faults: list[TheatreFault] = field(default_factory=list)

    def take(self, slug: str, path: Path | None, text: str = "") -> None:
        """Read a theatre from its file; without one, from the text that the record has."""
        try:
            if path is None:
                theatre = parse_theatre(text, slug, self.geodata)
            else:
                theatre = read_theatre(path, self.geodata)
        except InvalidTheatre as wrong:
            self.faults.append(TheatreFault(slug, path, wrong.problems))
            return
        if clashes := clashes_of(theatre, self.theatres):
            self.faults.append(TheatreFault(slug, path, clashes))
        else:
            self.theatres[slug] = theatre

    def compare(self, path: Path, text: str) -> None:
        """Name a file whose theatre the record has with another text: all nodes read the record."""
        try:
            is_same = theatre_text(path) == text
        except InvalidTheatre:
            is_same = False
        if not is_same:
            allowed = f"the text that the record has; `strikemap theatre put {path}` records this"
            problem = Problem("the file", "another text", allowed)
            self.faults.append(TheatreFault(path.stem, path, (problem,)))


def _open_as_chosen(
    theatres: dict[str, Theatre], own: Path | None, recorded: Sequence[RecordedTheatre]
) -> list[TheatreFault]:
    """Let each theatre open on what the operator chose; returns the choices with faults."""
    faults = []
    for slug, theatre in theatres.items():
        try:
            theatres[slug] = chosen_opening(slug, recorded, own).of(theatre)
        except InvalidTheatre as wrong:
            path = own and opening_path(own, slug)
            faults.append(TheatreFault(f"{slug}, opening", path, wrong.problems))
    return faults


def clashes_of(theatre: Theatre, others: Mapping[str, Theatre]) -> tuple[Problem, ...]:
    """List what a theatre has that another one has already: its slug, or a country."""
    if theatre.slug in others:
        allowed = f"a name that is not in use: {', '.join(others)}"
        return (Problem("name of the file", theatre.slug, allowed),)
    return tuple(
        Problem("countries", code, f"countries of no other theatre; {slug} has {code}")
        for slug, other in others.items()
        for code in theatre.countries
        if code in other.countries
    )
