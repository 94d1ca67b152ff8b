"""What may leave of a dataset; a change is a revision, in force from the next request."""

from __future__ import annotations

from datetime import date

import msgspec

from app.domain.errors import InputError
from app.domain.revision import Action, Change, Subject, canonical
from app.domain.store import Author
from app.domain.terms import Dataset, terms_of
from app.instance.workspace import Workspace


def set_terms(
    workspace: Workspace,
    slug: str,
    licence: str | None,
    author: Author,
    *,
    accessed: date | None = None,
) -> Dataset:
    """Change a dataset's licence, and so what leaves of it, or the day of access.

    Raises:
        InputError: no such dataset or licence, or nothing to change.
        StoreBusy: somebody changed the dataset meanwhile; nothing was written.
    """
    if licence is None and accessed is None:
        raise InputError("terms", "nothing", "--terms, --accessed or both")
    datasets = workspace.state().datasets
    if slug not in datasets:
        raise InputError("dataset", slug, ", ".join(sorted(datasets)) or "none is loaded")
    newest = workspace.store.history(Subject.dataset, slug)[-1]
    changed, reasons = msgspec.json.decode(newest.payload or b"", type=Dataset), list[str]()
    if licence is not None:
        changed = msgspec.structs.replace(changed, licence=licence, terms=terms_of(licence))
        reasons.append(f"terms set to {licence}")
    if accessed is not None:
        changed = msgspec.structs.replace(changed, accessed=accessed)
        reasons.append(f"accessed {accessed}")
    change = Change(Subject.dataset, slug, Action.amend, canonical(changed), newest.seq)
    workspace.store.write([change], author.entry(", ".join(reasons)), {})
    workspace.index.after_write()
    return changed
