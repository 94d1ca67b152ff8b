"""Sets what a theatre opens on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec

from app.domain.errors import InputError, InvalidTheatre
from app.domain.terms import DatasetKind
from app.instance.workspace import Workspace
from app.reference.opening import Opening, opening_path, read_opening
from app.whole_files import write_whole


def set_opening(workspace: Workspace, slug: str, opening: Opening | None) -> Path:
    """Keep what a theatre opens on, or forget it; returns the file.

    Raises:
        InputError: no such theatre, a dataset or control source that it has not, a period without
            datasets, or one that ends before it begins.
    """
    theatres, folder = workspace.reference.theatres, workspace.reference.own_theatres
    if slug not in theatres:
        raise InputError("theatre", slug, ", ".join(theatres))
    if folder is None:
        raise InputError("folder of theatres", "none", "a data folder")
    path = opening_path(folder, slug)
    if opening is None:
        path.unlink(missing_ok=True)
        return path
    _check(workspace, slug, opening)
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(path, msgspec.json.encode(opening))
    return path


def missing_openings(workspace: Workspace) -> Iterator[str]:
    """Name what theatres are set to open on and the record does not have, a sentence each.

    Such a theatre opens as if that had not been set.
    """
    folder = workspace.reference.own_theatres
    if folder is None:
        return
    for slug in workspace.reference.theatres:
        with suppress(InvalidTheatre):  # an unreadable file is named elsewhere
            for missing in _missing(workspace, slug, read_opening(folder, slug)):
                again = f"set it anew with `strikemap theatre set {slug}`"
                yield f"theatre {slug} opens without what was set: {missing} {again}."


def _missing(workspace: Workspace, slug: str, opening: Opening) -> Iterator[InputError]:
    datasets = workspace.state().datasets.values()
    for option, chosen, kind in (
        ("--dataset", opening.datasets, DatasetKind.incidents),
        ("--control", (opening.control,) if opening.control else (), DatasetKind.control),
    ):
        there = [one.slug for one in datasets if one.theatre == slug and one.kind is kind]
        allowed = ", ".join(there) or f"nothing yet: import for {slug}"
        yield from (InputError(option, name, allowed) for name in chosen if name not in there)


def _check(workspace: Workspace, slug: str, opening: Opening) -> None:
    for missing in _missing(workspace, slug, opening):
        raise missing
    if opening.period is not None and not opening.datasets:
        raise InputError("--from and --to", "no --dataset", "a period of named datasets")
    if opening.period is not None and opening.period[0] > opening.period[1]:
        first, last = map(str, opening.period)
        raise InputError("--from and --to", f"{first}, {last}", "the first day before the last")
