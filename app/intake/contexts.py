"""What an importer gets beside a file: a theatre with its regions, or the whole world."""

from __future__ import annotations

from app.domain.errors import InputError
from app.domain.place import WORLD
from app.importers.base import Context
from app.reference.reference import Reference
from app.reference.theatre import Theatre


def context_in(reference: Reference, theatre: str, dataset: str = "suggested") -> Context:
    """Make the context of a theatre.

    Raises:
        InputError: no such theatre.
    """
    if theatre not in reference.theatres:
        raise InputError("theatre", theatre, ", ".join(reference.theatres))
    place = reference.theatres[theatre]
    return Context(
        dataset,
        place,
        reference.region_set(theatre).regions,
        reference.taxonomy,
        place.synthetic,
        settlements=reference.settlements(theatre),
    )


def context_of_world(reference: Reference) -> Context:
    """Make a context in which no country is abroad: for where a file's points lie, and no more."""
    world = Theatre("UTC", reference.countries.codes, WORLD, slug="world")
    return Context("world", world, (), reference.taxonomy)
