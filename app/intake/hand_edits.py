"""What a re-import does with edits by hand: nothing that a person wrote is lost silently.

Three states of a record are compared part by part (its time, its place, its casualties, …): what
the file said when the edit was made, what the file says now, and what stands. An edited part stays
while the file still says what it said then. When the file's value changed as well, the two are in
conflict, and the row is not written unless the order says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

import msgspec

from app.domain.count import Count
from app.domain.fields import incident_values
from app.domain.incident import Incident
from app.domain.instants import rfc3339
from app.domain.revision import Action, Revision, Subject
from app.domain.store import Store

PARTS = tuple(
    name
    for name in Incident.__struct_fields__
    if name not in ("id", "dataset", "source_key", "synthetic")
)
_INCIDENT = msgspec.json.Decoder(Incident)
_ABSENT = object()
BOUNDS = {"low", "best", "high"}


class Writer(Enum):
    """Who made a revision."""

    person = auto()
    file = auto()
    undo = auto()


class Conflict(NamedTuple):
    """A native field that a person edited and that the file changed as well."""

    field: str
    got: str
    why: str


class Settled(NamedTuple):
    """A record after both were heard; `kept` are edited parts on which the file has not moved."""

    incident: Incident
    kept: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


@dataclass
class _State:
    """What files said of each part, and which revision of a person's stands over it."""

    said: dict[str, object] = field(default_factory=dict)
    edited: dict[str, Revision] = field(default_factory=dict)

    def copy(self) -> _State:
        return _State(dict(self.said), dict(self.edited))


def writers(store: Store) -> Callable[[Revision], Writer]:
    """Tell who made a revision: an import and its undo end with a report, a person's edit not."""
    known: dict[int, Writer] = {}

    def writer(revision: Revision) -> Writer:
        _first, last = store.span(revision.seq)
        if last not in known:
            (end,) = store.by_seq([last])
            by_undo = end.action is Action.retract
            by_report = Writer.undo if by_undo else Writer.file
            known[last] = by_report if end.subject is Subject.report else Writer.person
        return known[last]

    return writer


def settled(
    past: Sequence[Revision], theirs: Incident, writer: Callable[[Revision], Writer]
) -> Settled | None:
    """Hear the file and the edits of one record; None where a payload of its past was erased."""
    if any(one.payload is None for one in past):
        return None
    state, standing = _walked(past, writer), _INCIDENT.decode(past[-1].payload or b"")
    kept: dict[str, object] = {}
    conflicts: list[Conflict] = []
    for part, edit in state.edited.items():
        ours, new = getattr(standing, part), getattr(theirs, part)
        if ours == new:
            continue
        if state.said.get(part, _ABSENT) == new:
            kept[part] = ours
        else:
            conflicts += _told(part, (standing, theirs), edit, state.said.get(part, _ABSENT))
    return Settled(msgspec.structs.replace(theirs, **kept), tuple(kept), tuple(conflicts))


def _walked(past: Sequence[Revision], writer: Callable[[Revision], Writer]) -> _State:
    state, before = _State(), dict[str, object]()
    by_payload: dict[bytes, _State] = {}
    for revision in past:
        incident = _INCIDENT.decode(revision.payload or b"")
        now = {part: getattr(incident, part) for part in PARTS}
        match writer(revision):
            case Writer.person:
                _edit(state, before, now, revision)
            case Writer.file:
                _import(state, before, now)
            case Writer.undo:
                # What stood before came back; what the import added is gone, edits and all.
                state = by_payload.get(revision.payload or b"", _State()).copy()
        by_payload[revision.payload or b""] = state.copy()
        before = now
    return state


def _edit(
    state: _State, before: Mapping[str, object], now: Mapping[str, object], by: Revision
) -> None:
    for part, value in now.items():
        if value == before.get(part, _ABSENT):
            continue
        state.edited[part] = by
        if value == state.said.get(part, _ABSENT):
            del state.edited[part]  # back to what the file says


def _import(state: _State, before: Mapping[str, object], now: Mapping[str, object]) -> None:
    for part, value in now.items():
        # An edited part that an import left as it was is what a person says, not the file.
        stayed = part in state.edited and part in state.said and value == before[part]
        if not stayed:
            state.said[part] = value
            state.edited.pop(part, None)


def _told(
    part: str, two: tuple[Incident, Incident], edit: Revision, said: object
) -> Iterator[Conflict]:
    """Name each native field of a part on which a person and the file differ."""
    standing, theirs = two
    ours = incident_values(standing)
    new = incident_values(msgspec.structs.replace(standing, **{part: getattr(theirs, part)}))
    old = (
        {}
        if said is _ABSENT
        else incident_values(msgspec.structs.replace(standing, **{part: said}))
    )
    who = f"{edit.actor} on {rfc3339(edit.recorded_at)[:10]} ({edit.reason})"
    for name in sorted(ours.keys() | new.keys()):
        if ours.get(name) != new.get(name):
            then = "no file said it" if said is _ABSENT else f"the file said {_text(old.get(name))}"
            stands = f"{_text(ours.get(name))} stands, set by {who} when {then}"
            yield Conflict(name, _text(new.get(name)), f"{stands}; --over-edits takes the file's")


def _text(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict) and value.keys() <= BOUNDS:
        return Count(**value).text()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
