"""Imports over HTTP: a file waits in a spool between its dry run and its commit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from app.domain.account import Holder, Role
from app.domain.errors import DoneBefore, InvalidFile, NotAllowed, NotFound, StoreBusy
from app.domain.revision import Action, Revision, Subject
from app.domain.store import Author
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.intake.importing import ImportedFile, Observers, import_file
from app.intake.options import ImportOptions
from app.intake.planning import Planned, Report
from app.intake.preview import PreviewBuilder
from app.intake.spool import Spool, SpooledImport, Upload, import_number
from app.intake.undo import undo_import

Answer = dict[str, Any]
"""A report as JSON, with what only an answer over HTTP adds to it."""

REVIEWED = tuple(f'"status":"{one}"'.encode() for one in ("verified", "disputed", "retracted"))
"""As canonical JSON writes them; inside a text the quotes would be escaped."""


@dataclass(frozen=True)
class Imports:
    """What a holder may do with uploads in one instance."""

    workspace: Workspace
    spool: Spool

    def run(self, upload: Upload, options: ImportOptions, holder: Holder, now: datetime) -> Answer:
        """Plan an upload and let it wait in the spool, or import it at once.

        Raises:
            InputError: the file or its options cannot be taken; nothing stays in the spool.
            NotAllowed: the holder may not.
        """
        try:
            options = self._in_scope(options, holder)
            if options.dry_run:
                return self._planned(upload, options, holder, now)
            answer = _fields(self._import(upload, options, holder, now)[0])
        except BaseException:
            self.spool.drop(upload.id)
            raise
        self.spool.drop(upload.id)
        return answer

    def _in_scope(self, options: ImportOptions, holder: Holder) -> ImportOptions:
        """Let a scoped holder write into their own datasets only: the named, or the only one."""
        allow(holder, Role.editor)
        if options.dataset is None and holder.datasets:
            only, *others = sorted(holder.datasets)
            if others:
                scope = ", ".join((only, *others))
                raise NotAllowed(f"Name the dataset: {holder.actor} is for {scope}.")
            options = msgspec.structs.replace(options, dataset=only)
        if options.dataset is not None:
            allow(holder, Role.editor, options.dataset)
        return options

    def _import(
        self, upload: Upload, options: ImportOptions, holder: Holder, now: datetime
    ) -> tuple[Report, PreviewBuilder]:
        """Import an upload under the holder's name, with the preview of what it changes."""
        preview = PreviewBuilder(self.workspace.store)
        file = ImportedFile(self.spool.file(upload.id), upload.name, upload.id)
        observers = Observers(watch=_RoleCheck(holder, preview))
        author = Author(holder.actor, now)
        return import_file(self.workspace, file, options, author, observers), preview

    def _planned(
        self, upload: Upload, options: ImportOptions, holder: Holder, now: datetime
    ) -> Answer:
        version = self.workspace.store.head().seq
        report, preview = self._import(upload, options, holder, now)
        vanish = {"records": preview.retracted, "edits": report.edits_replaced}
        answer = {**_fields(report), "vanish": vanish, "preview": preview.geojson()}
        facts = (upload.id, upload.name, options, report.sha256, version, holder.actor, answer)
        self.spool.keep(SpooledImport(*facts))
        return answer

    def commit(self, number: str, holder: Holder, now: datetime) -> Answer:
        """Import what waits in the spool; it is planned again, since the record may have changed.

        Raises:
            NotFound: nothing waits under this id.
            DoneBefore: it was committed already.
            InvalidFile: the file is no longer what its dry run read.
        """
        waiting = self._waiting(number, holder)
        if waiting.is_committed or self._in_record(waiting.id) is not None:
            raise DoneBefore(f"The import {waiting.id} was committed already.")
        _check_hash(self.spool.file(waiting.id), waiting)
        options = msgspec.structs.replace(waiting.options, dry_run=False)
        before = self.workspace.store.head().seq
        try:
            report, _ = self._import(Upload(waiting.id, waiting.name), options, holder, now)
        except StoreBusy as wrong:
            if self._in_record(waiting.id) is not None:
                raise DoneBefore(f"The import {waiting.id} was committed already.") from wrong
            raise
        answer = {**_fields(report), **_planned_again(waiting, report, before)}
        self.spool.keep(msgspec.structs.replace(waiting, answer=answer, is_committed=True))
        self.spool.file(waiting.id).unlink(missing_ok=True)
        return answer

    def _waiting(self, number: str, holder: Holder) -> SpooledImport:
        allow(holder, Role.editor)
        waiting = self.spool.find(number)
        if waiting is None:
            if (last := self._in_record(import_number(number))) is not None:
                report = msgspec.json.decode(last.payload or b"{}")
                allow(holder, Role.editor, report.get("dataset"))
                raise DoneBefore(f"The import {number} was committed already.")
            raise NotFound(f"No dry run {number!r} waits here; it is kept for a day.")
        allow(holder, Role.editor, waiting.answer["dataset"])
        return waiting

    def _in_record(self, number: str) -> Revision | None:
        past = self.workspace.store.history(Subject.report, number)
        return past[-1] if past else None

    def read(self, number: str, holder: Holder) -> Answer:
        """Read a report: whole while it is in the spool, then as the record holds it.

        Raises:
            NotFound: no import has the id.
        """
        waiting, last = self.spool.find(number), self._in_record(import_number(number))
        if waiting is None and (last is None or last.payload is None):
            raise NotFound(f"There is no import {number!r}.")
        recorded = {} if last is None else msgspec.json.decode(last.payload or b"{}")
        fields = {**recorded, **({} if waiting is None else waiting.answer)}
        allow(holder, Role.viewer, fields["dataset"])
        past = self.workspace.store.history(Subject.report, import_number(number))
        fields["version"] = past[0].seq if past else None
        fields["state"] = _state(waiting, last)
        return fields

    def forget_or_undo(self, number: str, holder: Holder, now: datetime, *, force: bool) -> Answer:
        """Undo an import; a dry run that was never committed is forgotten.

        Raises:
            NotFound: no import has the id.
            DoneBefore: it was undone already.
        """
        waiting = self.spool.find(number)
        if waiting is not None and self._in_record(waiting.id) is None:
            allow(holder, Role.editor, waiting.answer["dataset"])
            self.spool.drop(number)
            return {"id": waiting.id, "state": "forgotten"}
        undone = undo_import(self.workspace, number, holder, now=now, force=force)
        return {**msgspec.to_builtins(undone), "state": "undone"}


def _fields(report: Report) -> Answer:
    fields: Answer = msgspec.to_builtins(report)
    return fields


def _state(waiting: SpooledImport | None, last: Revision | None) -> str:
    if last is not None:
        return "undone" if last.action is Action.retract else "committed"
    return "committed" if waiting and waiting.is_committed else "waiting"


def _planned_again(waiting: SpooledImport, report: Report, version: int) -> Answer:
    """Tell whether the record changed since the dry run, and which counts did."""
    fresh = _fields(report)
    names = ("added", "amended", "unchanged", "duplicates", "conflicts", "rejected")
    differs = {name: [waiting.answer[name], fresh[name]] for name in names}
    differs = {name: pair for name, pair in differs.items() if pair[0] != pair[1]}
    is_newer = version != waiting.version
    return {"planned_again": is_newer, "planned_at": waiting.version, "differs": differs}


def _check_hash(path: Path, waiting: SpooledImport) -> None:
    """Refuse a file that is not the one that was planned."""
    try:
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError as wrong:
        raise NotFound(f"The file of {waiting.id} is no longer in the spool.") from wrong
    if sha256 != waiting.sha256:
        raise InvalidFile("file in the spool", sha256[:16], f"the one planned, {waiting.sha256}")


@dataclass(frozen=True)
class _RoleCheck:
    """Watches a plan: adds each change to the preview, and refuses what an editor may not set."""

    holder: Holder
    preview: PreviewBuilder

    def __call__(self, planned: Planned) -> None:
        allow(self.holder, Role.editor, planned.report.dataset)
        # In other formats a publisher states the status of a record; in ours its author does.
        is_ours = planned.report.format.startswith("native")
        if is_ours and not self.holder.role.reaches(Role.reviewer):
            for status in REVIEWED:
                if status in planned.change.payload:
                    row = planned.record.row
                    raise NotAllowed(f"Row {row} sets {status.decode()}: that needs a reviewer.")
        self.preview.add(planned)
