"""Editing records one by one: typed in, amended, retracted; each change has a reason and a name."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from app.domain.account import Holder, Role
from app.domain.errors import InputError, NotAllowed, NotFound, Outdated, StoreBusy
from app.domain.fields import EDITABLE_FIELDS, incident_values
from app.domain.incident import Incident, Status, decode_incident
from app.domain.purges import UnlessPurged
from app.domain.revision import Action, Change, Revision, Subject, canonical, checked_reason
from app.domain.source import check_addresses
from app.domain.store import Entry
from app.domain.terms import Dataset, DatasetKind
from app.files import parsing
from app.files.source import BadFieldError
from app.importers import native
from app.importers.base import Context
from app.instance.tokens import allow
from app.instance.workspace import Workspace

FREE = frozenset({Status.reported, Status.corroborated})
"""A record of these statuses an editor may change; of any other, only a reviewer."""

FOR_REVIEWERS = frozenset({Status.verified, Status.disputed, Status.retracted})


class Edited(NamedTuple):
    """A record after a change, or as it stands."""

    incident: Incident
    revision: int


@dataclass(frozen=True)
class Editor:
    """One holder who edits, at one time."""

    workspace: Workspace
    holder: Holder
    now: datetime
    _unless_purged: UnlessPurged = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_unless_purged", UnlessPurged(self.workspace.store))

    def read(self, ref: str) -> Edited:
        """Read a record whole, as it stands.

        Raises:
            NotFound: there is none of this id, or none in the holder's scope.
        """
        allow(self.holder, Role.viewer)
        last = self._last(ref)
        assert last.payload is not None  # noqa: S101  _last checks it
        return Edited(decode_incident(last.payload), last.seq)

    def create(self, patch: Mapping[str, object], dataset: str, reason: str) -> Edited:
        """Write a record that somebody typed in, under a new id.

        Raises:
            InputError: no such dataset, a field that does not fit, or no reason.
            NotAllowed: the role or the scope is too small.
        """
        allow(self.holder, Role.editor, dataset)
        into = self._dataset(dataset)
        values = {**_checked_fields(patch), "id": str(typed_id(self.now))}
        incident = self._parsed(values, into)
        self._check_status(None, incident)
        return self._write(incident, Action.add, reason, None)

    def amend(self, ref: str, patch: Mapping[str, object], revision: int, reason: str) -> Edited:
        """Change fields of a record (JSON Merge Patch, RFC 7396), as it was at a revision.

        Raises:
            Outdated: somebody changed it since that revision; nothing was written.
            InputError: a field that does not fit, or no reason.
            NotAllowed: the role or the scope is too small.
        """
        before = self._standing(ref, revision)
        dataset = self._dataset(before.dataset)
        fields = incident_values(before)
        if "precision" in patch:  # a radius belongs to its precision
            fields.pop("error_m", None)
        values = merge_patch(fields, _checked_fields(patch))
        parsed = self._parsed({**values, "id": str(before.id)}, dataset)
        after = msgspec.structs.replace(
            parsed, source_key=before.source_key, synthetic=before.synthetic
        )
        self._check_status(before, after)
        if after == before:
            raise InputError("body", "no change", "at least one field with another value")
        gone = after.status is Status.retracted
        return self._write(after, Action.retract if gone else Action.amend, reason, revision)

    def retract(self, ref: str, revision: int | None, reason: str) -> Edited:
        """Retract a record; it stays in the ledger and counts nowhere.

        Raises:
            Outdated: somebody changed it since that revision.
            NotAllowed: only a reviewer retracts.
        """
        allow(self.holder, Role.reviewer)
        revision = self.read(ref).revision if revision is None else revision
        before = self._standing(ref, revision)
        after = msgspec.structs.replace(before, status=Status.retracted)
        if after == before:
            raise InputError("incident", "retracted already", "one that stands")
        return self._write(after, Action.retract, reason, revision)

    def _standing(self, ref: str, revision: int) -> Incident:
        """Read the record to change; refuse it when its revision is not the expected one."""
        allow(self.holder, Role.editor)
        incident, newest = self.read(ref)
        if newest != revision:
            raise Outdated(_faster(newest, revision))
        return incident

    def _last(self, ref: str) -> Revision:
        """Find a record's newest revision by its id, in any dataset of the scope."""
        try:
            number = str(UUID(ref))
        except ValueError as wrong:
            raise NotFound(f"There is no incident {ref[:60]!r}: an id is a UUID.") from wrong
        for slug in self._datasets():
            if self.holder.covers(slug):
                past = self.workspace.store.history(Subject.incident, f"{slug}/{number}")
                if past and past[-1].payload is not None:
                    return past[-1]
        raise NotFound(f"There is no incident {ref!r} in your scope.")

    def _datasets(self) -> Mapping[str, Dataset]:
        return self.workspace.state().datasets

    def _dataset(self, slug: str) -> Dataset:
        datasets = self._datasets()
        dataset = datasets.get(slug)
        if dataset is None or dataset.kind is not DatasetKind.incidents:
            slugs = sorted(s for s, d in datasets.items() if d.kind is DatasetKind.incidents)
            mine = [one for one in slugs if self.holder.covers(one)]
            raise InputError("dataset", slug, ", ".join(mine) or "none holds incidents yet")
        return dataset

    def _parsed(self, values: Mapping[str, object], dataset: Dataset) -> Incident:
        """Read values by the same parser as a file: the same faults give the same sentences."""
        reference = self.workspace.reference
        context = Context(
            dataset.slug,
            reference.theatres[dataset.theatre],
            reference.region_set(dataset.theatre).regions,
            reference.taxonomy,
            dataset.synthetic,
        )
        try:
            point = parsing.point_from(values.get("lon"), values.get("lat"))
            incident = native.incident_from(values, point, context)
        except BadFieldError as wrong:
            raise InputError(wrong.name, wrong.got, wrong.why) from wrong
        check_addresses(incident.sources, incident.claims)
        return incident

    def _check_status(self, before: Incident | None, after: Incident) -> None:
        """Refuse a status that an editor may not change or set."""
        if self.holder.role.reaches(Role.reviewer):
            return
        if before is not None and before.status not in FREE:
            raise NotAllowed(f"The record is {before.status.value}: a reviewer changes it.")
        if after.status in FOR_REVIEWERS:
            raise NotAllowed(f"Only a reviewer sets {after.status.value}.")

    def _write(
        self, incident: Incident, action: Action, reason: str, replaces: int | None
    ) -> Edited:
        text = checked_reason(reason)
        key = f"{incident.dataset}/{incident.id}"
        change = Change(Subject.incident, key, action, canonical(incident), replaces)
        store = self.workspace.store
        try:
            head = store.write(
                self._unless_purged([change]), Entry(self.now, self.holder.actor, text), {}
            )
        except StoreBusy as wrong:
            past = store.history(Subject.incident, key)
            if replaces is not None and past and past[-1].seq != replaces:
                raise Outdated(_faster(past[-1].seq, replaces)) from wrong
            raise
        self.workspace.index.after_write()
        return Edited(incident, head.seq)


def _faster(newest: int, meant: int) -> str:
    return f"The record is at revision {newest}, not at {meant}: somebody was faster; read it anew."


def _checked_fields(patch: Mapping[str, object]) -> Mapping[str, object]:
    """Return the patch when it names only fields that may change."""
    for name in patch:
        if name not in EDITABLE_FIELDS:
            raise InputError("field", name, ", ".join(EDITABLE_FIELDS))
    return patch


def merge_patch(target: object, patch: object) -> Any:
    """Apply a JSON Merge Patch (RFC 7396): null removes, objects merge, the rest replaces.

    >>> merge_patch({"a": 1, "b": {"c": 2, "d": 3}}, {"a": None, "b": {"c": 4}})
    {'b': {'c': 4, 'd': 3}}
    """
    if not isinstance(patch, Mapping):
        return patch
    out = dict(target) if isinstance(target, Mapping) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = merge_patch(out.get(name), value)
    return out


def typed_id(now: datetime) -> UUID:
    """Make an id for a record that was typed in: UUIDv7, ordered by time (RFC 9562 5.7).

    Python has `uuid.uuid7` from 3.14 on.
    """
    ms = int(now.timestamp() * 1000) & (2**48 - 1)
    random = secrets.randbits(74)
    return UUID(int=ms << 80 | 7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (2**62 - 1))
