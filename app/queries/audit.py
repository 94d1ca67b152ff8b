"""Who did what and when, with which token: read from the record and the book of tokens."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from enum import StrEnum

import msgspec

from app.domain.account import Token
from app.domain.answer import JsonObject
from app.domain.instants import rfc3339
from app.domain.revision import Action, Revision, Subject
from app.domain.store import Store
from app.queries.summary_csv import neutral

MOST_WRITES = 20_000
"""Writes that one answer looks through; `next` is where another goes on."""

UNNOTED = "not noted"
"""Who made or revoked a token before releases noted it."""

COLUMNS = ("at", "actor", "action", "subject", "key", "revisions", "seq", "reason")


class AuditAction(StrEnum):
    """What somebody did, in one word."""

    imports = "import"
    undo = "undo"
    edit = "edit"
    retract = "retract"
    redact = "redact"
    purge = "purge"
    match = "match"
    dataset = "dataset"
    attach = "attach"
    story = "story"
    approval = "approval"
    theatre = "theatre"
    token_made = "token_made"  # noqa: S105  the name of an action
    token_revoked = "token_revoked"  # noqa: S105  likewise


BY_SUBJECT = {
    Subject.erasure: AuditAction.purge,
    Subject.redaction: AuditAction.redact,
    Subject.merge: AuditAction.match,
    Subject.matching: AuditAction.match,
    Subject.dataset: AuditAction.dataset,
    Subject.attachment: AuditAction.attach,
    Subject.story: AuditAction.story,
    Subject.approval: AuditAction.approval,
    Subject.theatre: AuditAction.theatre,
}


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which events are listed: days in UTC, both included; a part of the actor's name."""

    first: date | None = None
    last: date | None = None
    who: str = ""
    action: AuditAction | None = None
    before: int | None = None
    """Only writes that begin before this revision; tokens belong to the first answer."""

    limit: int = 100


class AuditEvent(msgspec.Struct, frozen=True):
    """One write of the record, or one token that was made or revoked."""

    at: datetime
    actor: str
    action: AuditAction
    subject: str
    key: str
    revisions: int
    seq: int | None
    reason: str


def audit(store: Store, criteria: AuditFilter) -> JsonObject:
    """List events, newest first; `next` is the `before` of the next answer, None at the end."""
    writes, following = _writes(store, criteria)
    tokens = [] if criteria.before else [event for one in store.tokens() for event in _token(one)]
    events = [*writes, *(event for event in tokens if _fits(event, criteria))]
    events.sort(key=lambda event: event.at, reverse=True)
    return {"events": events, "next": following}


def audit_csv(events: Sequence[AuditEvent]) -> str:
    """Write events as CSV (RFC 4180)."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for event in events:
        cells = {**msgspec.structs.asdict(event), "at": rfc3339(event.at)}
        writer.writerow([neutral(cells[name]) for name in COLUMNS])
    return out.getvalue()


def _writes(store: Store, criteria: AuditFilter) -> tuple[list[AuditEvent], int | None]:
    """Walk back from the newest write, or from `before`."""
    events, before = list[AuditEvent](), criteria.before or store.head().seq + 1
    for _write in range(MOST_WRITES):
        first, last = store.span(before - 1)
        if last < 1 or len(events) == criteria.limit:
            break
        event, before = _event(store, first, last), first
        if criteria.first is not None and event.at.date() < criteria.first:
            return events, None
        if _fits(event, criteria):
            events.append(event)
    return events, before if before > 1 else None


def _event(store: Store, first: int, last: int) -> AuditEvent:
    ends = store.by_seq([first, last])
    beginning, end = ends[0], ends[-1]
    what = beginning if end.subject is not Subject.report else end
    return AuditEvent(
        at=end.recorded_at,
        actor=end.actor,
        action=_action(end),
        subject=what.subject.value,
        key=what.key,
        revisions=last - first + 1,
        seq=last,
        reason=end.reason,
    )


def _action(end: Revision) -> AuditAction:
    """Tell an action by the last revision of its write: imports and undos end with a report."""
    if end.subject is Subject.report:
        return AuditAction.undo if end.action is Action.retract else AuditAction.imports
    if end.subject in BY_SUBJECT:
        return BY_SUBJECT[end.subject]
    return AuditAction.retract if end.action is Action.retract else AuditAction.edit


def _token(token: Token) -> Iterator[AuditEvent]:
    scope = ", ".join(token.datasets) or "all datasets"
    parts = (token.name, token.role.value, scope, *([token.claim] if token.claim else []))
    made = (token.created_at, token.made_by, AuditAction.token_made)
    revoked = (token.revoked_at, token.revoked_by, AuditAction.token_revoked)
    for at, actor, action in (made, revoked):
        if at is not None:
            reason = ", ".join(parts)
            yield AuditEvent(at, actor or UNNOTED, action, "token", token.id, 0, None, reason)


def _fits(event: AuditEvent, criteria: AuditFilter) -> bool:
    day = event.at.date()
    return (
        (criteria.first is None or day >= criteria.first)
        and (criteria.last is None or day <= criteria.last)
        and (criteria.action is None or event.action is criteria.action)
        and criteria.who.casefold() in event.actor.casefold()
    )
