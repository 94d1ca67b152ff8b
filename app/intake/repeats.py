"""The report of a second import of the same bytes, without reading them again.

An import leaves its report in the record, with a mark of everything that the report follows from:
the file's bytes, the options, our own code, the libraries that read, and the reference data.
While nothing of the dataset changed since, the same bytes give the same fates, and every record
that was added or amended then is unchanged now. Whatever differs, or is in doubt, is read in full.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path

import msgspec

from app.domain.revision import Action, Subject
from app.domain.store import Store
from app.intake.planning import Report
from app.reference.reference import Reference

LARGE_BYTES = 32 * 1024 * 1024
"""Smaller files are read again: that takes a moment only."""

FROM_BYTES = frozenset({"acled", "cir", "native_csv", "native_geojson", "ucdp"})
"""Formats of incidents whose outcome follows from the one file: no other file is looked at, as the
neighbours of `viina` and `timemap` are, and no other day, as with control."""

APP = Path(__file__).resolve().parents[1]
READERS = ("msgspec", "numpy", "pyarrow", "pyogrio", "python-calamine", "shapely")


class _Marked(msgspec.Struct, frozen=True):
    """The mark in a report that the record holds."""

    reading: str = ""


def reading_mark(facts: Iterable[object], reference: Reference) -> str:
    """Hash all that a report follows from: facts of file and options, code, reference data."""
    parts = [*map(repr, facts), _code(), reference.region_hash, _words(reference.folder)]
    parts.append(repr(reference.theatres))
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


@cache
def _code() -> str:
    """Hash our own code and name the versions of what reads files."""
    digest = hashlib.sha256(sys.version.encode())
    for name in READERS:
        digest.update(f"{name} {version(name)}\n".encode())
    for path in sorted(APP.rglob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _words(folder: Path) -> str:
    """Hash the shipped theatres and the taxonomies: they say what a file's words mean."""
    digest = hashlib.sha256()
    for name in ("theatre", "taxonomy"):
        for path in sorted((folder / name).rglob("*.toml")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def earlier_report(store: Store, dataset: str, mark: str) -> Report | None:
    """Find the report of an import with the same mark, if the dataset did not change since.

    The record holds only the count of rejected and conflicting rows: such a file is read again.
    """
    for revision in sorted(store.latest(Subject.report), key=lambda one: -one.seq):
        if revision.payload is None or revision.action is Action.retract:
            continue
        if msgspec.json.decode(revision.payload, type=_Marked).reading == mark:
            report = msgspec.json.decode(revision.payload, type=Report)
            is_whole = not report.rejected and not report.conflicts
            return report if is_whole and _is_unchanged(store, dataset, revision.seq) else None
    return None


def _is_unchanged(store: Store, dataset: str, seq: int) -> bool:
    """Tell whether no record of a dataset was changed, undone or erased since a write's end."""
    erased = max((one.seq for one in store.latest(Subject.erasure)), default=0)
    return store.newest(Subject.incident, f"{dataset}/") <= seq and erased <= seq
