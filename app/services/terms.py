"""What may leave of a dataset; a change is a revision, in force from the next request."""

from __future__ import annotations

from datetime import datetime

import msgspec

from app.domain.errors import InputError
from app.domain.revision import Action, Change, Subject, canonical
from app.domain.store import Entry
from app.domain.terms import LICENCES, Dataset, Terms
from app.services.workspace import Workspace


def terms_of(licence: str) -> Terms:
    """Look up what a licence lets out.

    Raises:
        InputError: a licence nobody listed; it is refused rather than guessed.
    """
    if licence not in LICENCES:
        raise InputError("terms", licence, ", ".join(LICENCES))
    return LICENCES[licence]


def set_terms(
    workspace: Workspace, slug: str, licence: str, *, actor: str, now: datetime
) -> Dataset:
    """Change a dataset's licence and so what leaves of it; the change stands in the ledger.

    Raises:
        InputError: no such dataset or licence.
    """
    datasets = workspace.index.snapshot().datasets
    if slug not in datasets:
        raise InputError("dataset", slug, ", ".join(sorted(datasets)) or "none is loaded")
    changed = msgspec.structs.replace(datasets[slug], licence=licence, terms=terms_of(licence))
    change = Change(Subject.dataset, slug, Action.amend, canonical(changed))
    workspace.store.write([change], Entry(now, actor, f"terms set to {licence}"), {})
    return changed
