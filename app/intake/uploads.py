"""Imports over HTTP: a file waits in a spool between its dry run and its commit."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from app.domain.account import Holder, Role
from app.domain.errors import DoneBefore, InvalidFile, NotAllowed, NotFound, StoreBusy
from app.domain.revision import Action, Revision, Subject
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.intake.importing import Order, import_file
from app.intake.planning import Planned, Report
from app.intake.preview import Sketch
from app.intake.spool import Spool, Upload, Waiting, Wish, import_number
from app.intake.undo import undo_import

REVIEWED = tuple(f'"status":"{one}"'.encode() for one in ("verified", "disputed", "retracted"))
"""As canonical JSON writes them; inside a text the quotes would be escaped."""


@dataclass(frozen=True)
class Imports:
    """What somebody may do with uploads in one instance."""

    workspace: Workspace
    spool: Spool

    def run(
        self, upload: Upload, wish: Wish, holder: Holder, now: datetime, *, dry_run: bool
    ) -> dict[str, Any]:
        """Plan an upload and keep it, or import it at once.

        Raises:
            InputError: the file, or what was said of it, cannot be taken; nothing is kept.
            NotAllowed: the holder may not.
        """
        try:
            wish = self._in_scope(wish, holder)
            if not dry_run:
                return self._imported(upload, wish, holder, now)
            return self._planned(upload, wish, holder, now)
        except BaseException:
            self.spool.drop(upload.id)
            raise

    def _in_scope(self, wish: Wish, holder: Holder) -> Wish:
        """Let a scoped holder write into their own datasets only, named or the one there is."""
        allow(holder, Role.editor)
        if wish.dataset is None and holder.datasets:
            only, *others = sorted(holder.datasets)
            if others:
                scope = ", ".join((only, *others))
                raise NotAllowed(f"Name the dataset: {holder.actor} is for {scope}.")
            wish = msgspec.structs.replace(wish, dataset=only)
        if wish.dataset is not None:
            allow(holder, Role.editor, wish.dataset)
        return wish

    def _order(self, upload: Upload, wish: Wish, now: datetime) -> Order:
        path = self.spool.file(upload.id)
        order = wish.order(path, upload.name, self.workspace.default_theatre, now.date())
        return replace(order, id=upload.id)

    def _planned(self, upload: Upload, wish: Wish, holder: Holder, now: datetime) -> dict[str, Any]:
        sketch, version = Sketch(self.workspace.store), self.workspace.store.head().seq
        order = replace(self._order(upload, wish, now), dry_run=True)
        report = import_file(
            self.workspace, order, actor=holder.actor, now=now, watch=_Guarded(holder, sketch)
        )
        vanish = {"records": sketch.retracted, "edits": report.edits_replaced}
        answer = {**_told(report), "vanish": vanish, "preview": sketch.preview()}
        kept = (upload.id, upload.name, wish, report.sha256, version, holder.actor, answer)
        self.spool.keep(Waiting(*kept))
        return answer

    def _imported(
        self, upload: Upload, wish: Wish, holder: Holder, now: datetime
    ) -> dict[str, Any]:
        order, sketch = self._order(upload, wish, now), Sketch(self.workspace.store)
        report = import_file(
            self.workspace, order, actor=holder.actor, now=now, watch=_Guarded(holder, sketch)
        )
        self.spool.drop(upload.id)
        return _told(report)

    def commit(self, number: str, holder: Holder, now: datetime) -> dict[str, Any]:
        """Import what waits in the spool; it is planned anew, since the record may have moved.

        Raises:
            NotFound: nothing waits under this id.
            DoneBefore: it was committed already.
            InvalidFile: the file is no longer what its dry run read.
        """
        waiting = self._waiting(number, holder)
        if waiting.is_committed or self._in_record(waiting.id) is not None:
            raise DoneBefore(f"The import {waiting.id} was committed already.")
        _check_hash(self.spool.file(waiting.id), waiting)
        order = self._order(Upload(waiting.id, waiting.name), waiting.wish, now)
        before = self.workspace.store.head().seq
        watch = _Guarded(holder, Sketch(self.workspace.store))
        try:
            report = import_file(self.workspace, order, actor=holder.actor, now=now, watch=watch)
        except StoreBusy as wrong:
            if self._in_record(waiting.id) is not None:
                raise DoneBefore(f"The import {waiting.id} was committed already.") from wrong
            raise
        answer = {**_told(report), **_planned_again(waiting, report, before)}
        kept = msgspec.structs.replace(waiting, answer=answer, is_committed=True)
        self.spool.keep(kept)
        self.spool.file(waiting.id).unlink(missing_ok=True)
        return answer

    def _waiting(self, number: str, holder: Holder) -> Waiting:
        waiting = self.spool.find(number)
        if waiting is None:
            if self._in_record(import_number(number)) is not None:
                raise DoneBefore(f"The import {number} was committed already.")
            raise NotFound(f"No dry run {number!r} waits here; it is kept for a day.")
        allow(holder, Role.editor, waiting.answer["dataset"])
        return waiting

    def _in_record(self, number: str) -> Revision | None:
        past = self.workspace.store.history(Subject.report, number)
        return past[-1] if past else None

    def read(self, number: str, holder: Holder) -> dict[str, Any]:
        """Read a report: in full while it is in the spool, then as the record keeps it.

        Raises:
            NotFound: no import has the id.
        """
        waiting, last = self.spool.find(number), self._in_record(import_number(number))
        if waiting is None and (last is None or last.payload is None):
            raise NotFound(f"There is no import {number!r}.")
        kept = {} if last is None else msgspec.json.decode(last.payload or b"{}")
        told = {**kept, **({} if waiting is None else waiting.answer)}
        allow(holder, Role.viewer, told["dataset"])
        past = self.workspace.store.history(Subject.report, import_number(number))
        told["version"] = past[0].seq if past else None
        told["state"] = _state(waiting, last)
        return told

    def forget_or_undo(
        self, number: str, holder: Holder, now: datetime, *, force: bool
    ) -> dict[str, Any]:
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


def _told(report: Report) -> dict[str, Any]:
    told: dict[str, Any] = msgspec.to_builtins(report)
    return told


def _state(waiting: Waiting | None, last: Revision | None) -> str:
    if last is not None:
        return "undone" if last.action is Action.retract else "committed"
    return "committed" if waiting and waiting.is_committed else "waiting"


def _planned_again(waiting: Waiting, report: Report, version: int) -> dict[str, Any]:
    """Say whether the record moved since the dry run, and which counts that changed."""
    fresh = _told(report)
    names = ("added", "amended", "unchanged", "duplicates", "conflicts", "rejected")
    differs = {name: [waiting.answer[name], fresh[name]] for name in names}
    differs = {name: pair for name, pair in differs.items() if pair[0] != pair[1]}
    moved = version != waiting.version
    return {"planned_again": moved, "planned_at": waiting.version, "differs": differs}


def _check_hash(path: Path, waiting: Waiting) -> None:
    """Refuse a file that is not the one that was planned."""
    try:
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
    except FileNotFoundError as wrong:
        raise NotFound(f"The file of {waiting.id} is no longer in the spool.") from wrong
    if found != waiting.sha256:
        raise InvalidFile("file in the spool", found[:16], f"the one planned, {waiting.sha256}")


@dataclass(frozen=True)
class _Guarded:
    """Watches a plan: sketches it, and holds an editor to what an editor may set."""

    holder: Holder
    sketch: Sketch

    def __call__(self, planned: Planned) -> None:
        allow(self.holder, Role.editor, planned.report.dataset)
        # Other formats carry their publisher's own standing; ours says what its author typed.
        is_ours = planned.report.format.startswith("native")
        if is_ours and not self.holder.role.reaches(Role.reviewer):
            for status in REVIEWED:
                if status in planned.change.payload:
                    raise NotAllowed(
                        f"Row {planned.noted.row} sets {status.decode()}: that needs a reviewer."
                    )
        self.sketch.add(planned)
