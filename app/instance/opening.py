"""Sets what a theatre opens on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import msgspec

from app.domain.errors import InputError, InvalidTheatre
from app.domain.languages import LANGUAGES
from app.domain.store import Author
from app.domain.terms import DatasetKind
from app.instance.recorded_theatres import record_theatre, recorded_theatre, theatres_now
from app.instance.workspace import Workspace
from app.reference.opening import Opening


def set_opening(workspace: Workspace, slug: str, opening: Opening, author: Author) -> int:
    """Record what a theatre opens on; `Opening()` is what its file says. Returns the revision.

    Raises:
        InputError: no such theatre, a dataset, control source or language that it cannot have, a
            period without datasets, or one that ends before it begins.
        StoreBusy: somebody wrote the same theatre meanwhile; nothing was written.
    """
    theatres = theatres_now(workspace).by_slug
    if slug not in theatres:
        raise InputError("theatre", slug, ", ".join(theatres))
    _check(workspace, slug, opening)
    after = msgspec.structs.replace(recorded_theatre(workspace, slug), opening=opening)
    return record_theatre(workspace, after, author, _reason(opening))


def missing_openings(workspace: Workspace) -> Iterator[str]:
    """Name what theatres are set to open on and the record does not have, a sentence each.

    Such a theatre opens as if that had not been set.
    """
    for slug in workspace.reference.theatres:
        with suppress(InvalidTheatre):  # an unreadable file is named elsewhere
            for missing in _missing(workspace, slug, workspace.reference.opening(slug)):
                again = f"set it anew with `strikemap theatre set {slug}`"
                yield f"theatre {slug} opens without what was set: {missing} {again}."


def _reason(opening: Opening) -> str:
    parts = {
        "dataset": ",".join(opening.datasets),
        "control": opening.control,
        "period": "/".join(map(str, opening.period or ())),
        "languages": ",".join(opening.languages),
    }
    texts = [f"{name} {text}" for name, text in parts.items() if text]
    return f"opens on: {', '.join(texts)}" if texts else "opens on what its file says"


def _missing(workspace: Workspace, slug: str, opening: Opening) -> Iterator[InputError]:
    datasets = workspace.state().datasets.values()
    for option, chosen, kind in (
        ("dataset", opening.datasets, DatasetKind.incidents),
        ("control", (opening.control,) if opening.control else (), DatasetKind.control),
    ):
        there = [one.slug for one in datasets if one.theatre == slug and one.kind is kind]
        allowed = ", ".join(there) or f"nothing yet: import for {slug}"
        yield from (InputError(option, name, allowed) for name in chosen if name not in there)


def _check(workspace: Workspace, slug: str, opening: Opening) -> None:
    for missing in _missing(workspace, slug, opening):
        raise missing
    for language in opening.languages:
        if language not in LANGUAGES:
            raise InputError("languages", language, f"of {', '.join(LANGUAGES)}")
    if opening.period is not None and not opening.datasets:
        raise InputError("from and to", "no dataset", "a period of named datasets")
    if opening.period is not None and opening.period[0] > opening.period[1]:
        first, last = map(str, opening.period)
        raise InputError("from and to", f"{first}, {last}", "the first day before the last")
