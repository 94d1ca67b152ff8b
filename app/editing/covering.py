"""Cover parts of an archived picture: faces and other marks of a person that nobody is shown."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from app.domain.account import Holder, Role
from app.domain.answer import JsonObject
from app.domain.approval import Approval, ApprovalKind
from app.domain.attachment import MOST_COVERS, Attachment, Cover, uncovers
from app.domain.errors import InputError, NotFound, Outdated
from app.domain.incident import Incident
from app.domain.revision import Action, Change, Subject, canonical, checked_reason
from app.domain.store import Author
from app.editing.approvals import Request, write_or_ask
from app.editing.attaching import RecordedFile, archive_file, dataset_of, same_file
from app.editing.edits import Editor
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.render.renditions import FORMATS, covered_copy, outside_image

UNCOVER = "uncover"
"""What a request for a second person says that it does, beside the picture's name."""


def picture_facts(ref: str, picture: RecordedFile) -> JsonObject:
    """Write a picture of a record for who covers parts of it."""
    attachment, revision = picture
    return {
        "name": attachment.name,
        "caption": attachment.caption,
        "sha256": attachment.sha256,
        "copy": attachment.copy,
        "covers": [one.shares for one in attachment.covers],
        "revision": revision,
        "original": f"/api/incidents/{ref}/attachments/{attachment.sha256}/original.jpg",
    }


@dataclass(frozen=True)
class PictureEditor:
    """One editor who covers parts of pictures, and shows them again, at one time."""

    workspace: Workspace
    holder: Holder
    now: datetime

    def pictures(self, ref: str) -> list[RecordedFile]:
        """List the pictures of a record, the one archived first before.

        Raises:
            NotFound: there is no such record in the holder's scope.
            NotAllowed: only an editor sees what is covered.
        """
        return list(self._pictures(self._incident(ref)))

    def original(self, ref: str, sha256: str) -> tuple[bytes, str]:
        """Return a picture without its covers, and its media type: to see what is covered.

        Raises:
            NotFound: the record has no such picture, or the archive lacks its file.
            NotAllowed: as `pictures`.
        """
        attachment, _revision = self._picture(self._incident(ref), sha256)
        return self._original(attachment)

    def cover(
        self,
        ref: str,
        sha256: str,
        covers: Sequence[Cover],
        reason: object,
        revision: int | None = None,
    ) -> Attachment | Approval:
        """Cover these parts of a picture and no others, on every face and for every `as_of`.

        To show what was covered takes a reviewer, and a second person where the dataset wants two;
        until they agree, what was covered stays so, and what is new is covered at once.

        Raises:
            NotFound: the record has no such picture.
            NotAllowed: only a reviewer shows what was covered.
            Outdated: it was changed since `revision`.
            InputError: too many covers, no change, or no reason.
        """
        incident, why = self._incident(ref), checked_reason(reason)
        standing = self._picture(incident, sha256)
        before, wanted = standing.attachment.covers, tuple(sorted(set(covers)))
        if revision is not None and revision != standing.revision:
            raise Outdated(f"The picture is at revision {standing.revision}: read it anew.")
        if len(wanted) > MOST_COVERS:
            raise InputError("covers", len(wanted), f"at most {MOST_COVERS}")
        if wanted == before:
            raise InputError("covers", "no change", "at least one other part")
        dataset = self.workspace.state().datasets[incident.dataset]
        opens = uncovers(before, wanted)
        if opens and not dataset.two_persons:
            allow(self.holder, Role.reviewer, dataset.slug)
        needs_two = opens and dataset.two_persons
        text = f"covers of {standing.attachment.name}: {why}"
        author = Author(self.holder.actor, self.now)
        self._cover_beside(standing.attachment, wanted, author, text)
        if needs_two and uncovers(wanted, before):
            change = self._change(standing, (*before, *wanted))
            head = self.workspace.store.write([change], author.entry(text), {})
            standing = RecordedFile(standing.attachment, head.seq)
        change = self._change(standing, wanted)
        summary = f"{standing.attachment.name}, {UNCOVER}"
        request = Request(
            ApprovalKind.lift, dataset.slug, str(incident.id), summary, needs_two, change
        )
        asked = write_or_ask(self.workspace, request, author, self.holder.identity, text)
        return asked or msgspec.json.decode(change.payload, type=Attachment)

    def _cover_beside(
        self, attachment: Attachment, covers: tuple[Cover, ...], author: Author, text: str
    ) -> None:
        """Cover the same file beside other records of the holder's scope, in one write."""
        same = [
            one
            for one in same_file(self.workspace, attachment.sha256)
            if one.attachment.incident != attachment.incident
            and uncovers(covers, one.attachment.covers)
            and self._is_in_scope(one.attachment.incident)
        ]
        changes = [self._change(one, (*one.attachment.covers, *covers)) for one in same]
        if changes:
            self.workspace.store.write(changes, author.entry(text), {})

    def _is_in_scope(self, incident: str) -> bool:
        dataset = dataset_of(self.workspace, incident)
        return dataset is not None and self.holder.covers(dataset.slug)

    def _change(self, standing: RecordedFile, covers: Sequence[Cover]) -> Change:
        """Write the copy to the archive before the record names it."""
        attachment, copy, covers = standing.attachment, None, tuple(sorted(set(covers)))
        if covers:
            content, media_type = self._original(attachment)
            run, file = self.workspace.readings.run, outside_image(content)
            covered = run(file, covered_copy, content, media_type, covers)
            copy = archive_file(self.workspace, covered)
        changed = msgspec.structs.replace(attachment, covers=covers, copy=copy)
        return Change(
            Subject.attachment, attachment.key, Action.amend, canonical(changed), standing.revision
        )

    def _incident(self, ref: str) -> Incident:
        incident, _revision = Editor(self.workspace, self.holder, self.now).read(ref)
        allow(self.holder, Role.editor, incident.dataset)
        return incident

    def _picture(self, incident: Incident, sha256: str) -> RecordedFile:
        for picture in self._pictures(incident):
            if picture.attachment.sha256 == sha256:
                return picture
        raise NotFound(f"The record has no picture {sha256[:64]!r}.")

    def _pictures(self, incident: Incident) -> Iterator[RecordedFile]:
        store = self.workspace.store
        rows = store.by_seq(
            [one.seq for one in store.current(Subject.attachment, f"{incident.id}/").values()]
        )
        for row in rows:
            if row.payload is not None:
                attachment = msgspec.json.decode(row.payload, type=Attachment)
                if attachment.media_type in FORMATS:
                    yield RecordedFile(attachment, row.seq)

    def _original(self, attachment: Attachment) -> tuple[bytes, str]:
        stored = self.workspace.archive / attachment.sha256
        content = stored.read_bytes() if stored.is_file() else b""
        is_as_archived = hashlib.sha256(content).hexdigest() == attachment.sha256
        if attachment.media_type is None or not is_as_archived:
            raise NotFound(f"The archive has no file {attachment.sha256!r} as it was archived.")
        return content, attachment.media_type
