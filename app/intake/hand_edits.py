"""What a repeated import does with edits by hand: nothing that a person wrote is lost silently.

Three states of a record are compared part by part (its time, its place, its casualties, …): what
the file said when the edit was made, what the file says now, and what stands. An edited part stays
while the file still says what it said then. When the file's value changed as well, the two are in
conflict, and the row is not written unless the options say so.
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
from app.domain.incident import Incident, decode_incident
from app.domain.instants import rfc3339
from app.domain.revision import Action, Revision, Subject
from app.domain.store import Store

PARTS = tuple(
    name
    for name in Incident.__struct_fields__
    if name not in ("id", "dataset", "source_key", "synthetic")
)
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


class Combined(NamedTuple):
    """The file's record with the edits; `kept_parts` are edited and did not change in the file."""

    incident: Incident
    kept_parts: tuple[str, ...]
    conflicts: tuple[Conflict, ...]


@dataclass
class _State:
    """The value of each part in the file, and the person's revision that stands over it."""

    file_values: dict[str, object] = field(default_factory=dict)
    edited: dict[str, Revision] = field(default_factory=dict)

    def copy(self) -> _State:
        return _State(dict(self.file_values), dict(self.edited))


def writers(store: Store) -> Callable[[Revision], Writer]:
    """Tell who made a revision: a write of an import or an undo ends with a report."""
    writer_by_write: dict[int, Writer] = {}

    def writer(revision: Revision) -> Writer:
        _first, last = store.span(revision.seq)
        if last not in writer_by_write:
            (end,) = store.by_seq([last])
            by_undo = end.action is Action.retract
            by_report = Writer.undo if by_undo else Writer.file
            writer_by_write[last] = by_report if end.subject is Subject.report else Writer.person
        return writer_by_write[last]

    return writer


def combine(
    past: Sequence[Revision], theirs: Incident, writer: Callable[[Revision], Writer]
) -> Combined | None:
    """Combine the file's record with its edits by hand; None when a payload of its past was erased.

    `past` is the whole history of the record, oldest first.
    """
    if any(one.payload is None for one in past):
        return None
    state, standing = _state_after(past, writer), decode_incident(past[-1].payload or b"")
    kept_parts: dict[str, object] = {}
    conflicts: list[Conflict] = []
    for part, edit in state.edited.items():
        ours, new = getattr(standing, part), getattr(theirs, part)
        if ours == new:
            continue
        if state.file_values.get(part, _ABSENT) == new:
            kept_parts[part] = ours
        else:
            conflicts += _conflicts(
                part, (standing, theirs), edit, state.file_values.get(part, _ABSENT)
            )
    after = msgspec.structs.replace(theirs, **kept_parts)
    return Combined(after, tuple(kept_parts), tuple(conflicts))


def _state_after(past: Sequence[Revision], writer: Callable[[Revision], Writer]) -> _State:
    state, before = _State(), dict[str, object]()
    by_payload: dict[bytes, _State] = {}
    for revision in past:
        incident = decode_incident(revision.payload or b"")
        now = {part: getattr(incident, part) for part in PARTS}
        match writer(revision):
            case Writer.person:
                _edit(state, before, now, revision)
            case Writer.file:
                _import(state, before, now)
            case Writer.undo:
                # The content before the import came back; what the import added is gone, edits too.
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
        if value == state.file_values.get(part, _ABSENT):
            del state.edited[part]  # back to what the file says


def _import(state: _State, before: Mapping[str, object], now: Mapping[str, object]) -> None:
    for part, value in now.items():
        # When an import did not change an edited part, its value is the person's, not the file's.
        stayed = part in state.edited and part in state.file_values and value == before[part]
        if not stayed:
            state.file_values[part] = value
            state.edited.pop(part, None)


def _conflicts(
    part: str, two: tuple[Incident, Incident], edit: Revision, file_value: object
) -> Iterator[Conflict]:
    """Name each native field of a part on which a person and the file differ."""
    standing, theirs = two
    ours = incident_values(standing)
    new = incident_values(msgspec.structs.replace(standing, **{part: getattr(theirs, part)}))
    old = (
        {}
        if file_value is _ABSENT
        else incident_values(msgspec.structs.replace(standing, **{part: file_value}))
    )
    who = f"{edit.actor} on {rfc3339(edit.recorded_at)[:10]} ({edit.reason})"
    for name in sorted(ours.keys() | new.keys()):
        if ours.get(name) != new.get(name):
            then = (
                "no file said it"
                if file_value is _ABSENT
                else f"the file said {_text(old.get(name))}"
            )
            stands = f"{_text(ours.get(name))} stands, set by {who} when {then}"
            yield Conflict(name, _text(new.get(name)), f"{stands}; --over-edits takes the file's")


def _text(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict) and value.keys() <= BOUNDS:
        return Count(**value).text()
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
