"""What a second import of the same bytes would say, told without reading them again.

An import leaves its report in the record, with a mark of everything that the report follows from:
the file's bytes, what was ordered, our own code, the libraries that read, and the reference data.
While nothing of the dataset changed since, the same bytes give the same fates, and every record
that was added or amended then is unchanged now. Whatever differs, or is in doubt, is read in full.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from app.domain.revision import Action, Subject
from app.domain.store import Store
from app.reference.reference import Reference

LARGE_BYTES = 32 * 1024 * 1024
"""Smaller files are read in a moment, and are read."""

FROM_BYTES = frozenset({"acled", "cir", "native_csv", "native_geojson", "ucdp"})
"""Formats of incidents whose outcome follows from the one file: no other file is looked at, as the
neighbours of `viina` and `timemap` are, and no other day, as with control."""

APP = Path(__file__).resolve().parents[1]
READERS = ("msgspec", "numpy", "pyarrow", "pyogrio", "python-calamine", "shapely")


def reading_mark(told: Iterable[object], reference: Reference) -> str:
    """Hash all that a report follows from: what is told of file and order, code, reference data."""
    parts = [*map(repr, told), _code(), reference.region_hash, _words(reference.folder)]
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
    """Hash theatres and taxonomies: what a file's words are read as."""
    digest = hashlib.sha256()
    for room in ("theatre", "taxonomy"):
        for path in sorted((folder / room).rglob("*.toml")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def earlier_report(store: Store, dataset: str, mark: str) -> Mapping[str, Any] | None:
    """Find the report of an import with the same mark, if the dataset is still as it left it.

    Of rejected and conflicting rows the record keeps only the count: such a file is read again.
    """
    for revision in sorted(store.latest(Subject.report), key=lambda one: -one.seq):
        if revision.payload is None or revision.action is Action.retract:
            continue
        told = msgspec.json.decode(revision.payload)
        if told.get("reading") == mark:
            is_whole = not told["rejected"] and not told["conflicts"]
            return told if is_whole and _is_as_left(store, dataset, revision.seq) else None
    return None


def _is_as_left(store: Store, dataset: str, seq: int) -> bool:
    """Tell whether no record of a dataset was changed, undone or erased since a write's end."""
    erased = max((one.seq for one in store.latest(Subject.erasure)), default=0)
    return store.newest(Subject.incident, f"{dataset}/") <= seq and erased <= seq
