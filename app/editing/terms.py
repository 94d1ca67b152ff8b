"""What may leave of a dataset; a change is a revision, in force from the next request."""

from __future__ import annotations

from datetime import date

import msgspec

from app.domain.approval import Approval, ApprovalKind
from app.domain.errors import InputError
from app.domain.revision import Action, Change, Subject, canonical
from app.domain.store import Author
from app.domain.terms import Dataset, terms_of
from app.editing.approvals import Request, write_or_ask
from app.instance.workspace import Workspace


def set_terms(
    workspace: Workspace,
    slug: str,
    licence: str | None,
    author: Author,
    *,
    accessed: date | None = None,
) -> Dataset | Approval:
    """Change a dataset's licence, and so what leaves of it, or the day of access.

    Where the dataset wants two persons, wider terms wait for the second one.

    Raises:
        InputError: no such dataset or licence, or nothing to change.
        StoreBusy: somebody changed the dataset meanwhile; nothing was written.
    """
    if licence is None and accessed is None:
        raise InputError("terms", "nothing", "--terms, --accessed or both")
    newest, before = _newest(workspace, slug)
    changed, reasons = before, list[str]()
    if licence is not None:
        changed = msgspec.structs.replace(changed, licence=licence, terms=terms_of(licence))
        reasons.append(f"terms set to {licence}")
    if accessed is not None:
        changed = msgspec.structs.replace(changed, accessed=accessed)
        reasons.append(f"accessed {accessed}")
    needs_two = before.two_persons and changed.terms.widen(before.terms)
    change = Change(Subject.dataset, slug, Action.amend, canonical(changed), newest)
    text = ", ".join(reasons)
    request = Request(ApprovalKind.terms, slug, slug, text, needs_two, change)
    return write_or_ask(workspace, request, author, author.actor, text) or changed


def set_persons(
    workspace: Workspace, slug: str, author: Author, *, two: bool
) -> Dataset | Approval:
    """Say whether a second person approves what shows more of a dataset, or erases of it.

    To want only one again needs two.

    Raises:
        InputError: no such dataset, or it is so already.
        StoreBusy: somebody changed the dataset meanwhile; nothing was written.
    """
    newest, before = _newest(workspace, slug)
    if before.two_persons is two:
        raise InputError("persons", "two" if two else "one", "the other: it is so already")
    changed = msgspec.structs.replace(before, two_persons=two)
    change = Change(Subject.dataset, slug, Action.amend, canonical(changed), newest)
    text = "two persons approve" if two else "one person approves"
    request = Request(ApprovalKind.terms, slug, slug, text, before.two_persons, change)
    return write_or_ask(workspace, request, author, author.actor, text) or changed


def _newest(workspace: Workspace, slug: str) -> tuple[int, Dataset]:
    """Return a dataset as it stands, with the number of its newest revision."""
    datasets = workspace.state().datasets
    if slug not in datasets:
        raise InputError("dataset", slug, ", ".join(sorted(datasets)) or "none is loaded")
    newest = workspace.store.history(Subject.dataset, slug)[-1]
    return newest.seq, msgspec.json.decode(newest.payload or b"", type=Dataset)
