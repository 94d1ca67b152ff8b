"""Attaching a source file to an incident over HTTP, by the rules of `strikemap attach`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api.bodies import spooled
from app.api.lanes import Lane
from app.api.security import requester
from app.api.writing import documented_write, refuse_parameters, written
from app.domain.account import Holder, Role
from app.domain.answer import JsonObject
from app.domain.approval import Approval
from app.domain.attachment import Attachment
from app.domain.errors import InputError
from app.domain.instants import parse_day
from app.domain.store import Author
from app.editing.attaching import AttachedFile, Fact, attach_content
from app.editing.edits import Editor
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.intake.spool import Spool
from app.render.renditions import FORMATS


def _flag(text: str) -> bool:
    if text not in ("true", "false"):
        raise InputError("graphic", text, "true, false")
    return text == "true"


FACTS: Mapping[str, Callable[[str], str | bool | date]] = {
    "caption": str,
    "publisher": str,
    "url": str,
    "published": parse_day,
    "licence": str,
    "graphic": _flag,
    "method": str,
}
"""What may be said of a file beside it, each as a part of the form."""

BODY: JsonObject = {
    "required": True,
    "description": "The file, and what is said of it; the same file again corrects that.",
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {
                    "file": {"type": "string", "format": "binary"},
                    **{name: {"type": "string"} for name in FACTS},
                },
            }
        }
    },
}


@dataclass(frozen=True)
class _Answers:
    record: Workspace
    spool: Spool
    lane: Lane

    async def attach(self, request: Request, ref: str) -> Response:
        """Archive a source file of a record: multipart, one part named `file`."""
        refuse_parameters(request)
        holder, now = requester(request), datetime.now(UTC)
        allow(holder, Role.editor)
        incident, _revision = await self.lane.run(Editor(self.record, holder, now).read, ref)
        allow(holder, Role.editor, incident.dataset)
        path = await run_in_threadpool(self.spool.place)
        try:
            form = await spooled(request, path, *FACTS)
            facts = _facts(form.parts)
            source = (path, form.name)
            attached = await self.lane.run(self._write, str(incident.id), source, holder, facts)
        finally:
            path.unlink(missing_ok=True)
        if isinstance(attached, Approval):
            waiting = {"approval": attached.id, "detail": attached.summary}
            return written(waiting, status=HTTPStatus.ACCEPTED)
        return written(_described(attached), status=HTTPStatus.CREATED)

    def _write(
        self, incident: str, source: tuple[Path, str], holder: Holder, facts: dict[str, Fact]
    ) -> Attachment | Approval:
        path, name = source
        author = Author(holder.actor, datetime.now(UTC), holder.identity)
        file = AttachedFile(name, path.read_bytes())
        return attach_content(self.record, incident, file, author, facts)


def _facts(parts: Mapping[str, bytes]) -> dict[str, Fact]:
    """Read what is said of the file; an empty part says nothing.

    Raises:
        InputError: it is no text, or does not fit.
    """
    texts = {name: part.decode("utf-8", "replace").strip() for name, part in parts.items()}
    return {name: FACTS[name](text) for name, text in texts.items() if text}


def _described(attached: Attachment) -> JsonObject:
    return {
        "name": attached.name,
        "sha256": attached.sha256,
        "size": attached.size,
        "media_type": attached.media_type,
        "licence": attached.licence,
        "graphic": attached.graphic,
        "may_leave": attached.may_leave,
        "is_shown": attached.media_type in FORMATS,
    }


def routes(record: Workspace, spool: Spool, lane: Lane) -> APIRouter:
    """Build the address that takes a source file."""
    router, answers = APIRouter(), _Answers(record, spool, lane)
    router.post(
        "/api/incidents/{ref}/attachments",
        status_code=HTTPStatus.CREATED,
        openapi_extra=documented_write({}, BODY, HTTPStatus.CREATED),
    )(answers.attach)
    return router
