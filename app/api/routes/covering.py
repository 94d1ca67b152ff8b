"""Pictures of a record over HTTP, for who covers parts of them: faces and marks of a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.bodies import small_json
from app.api.lanes import Lane
from app.api.security import requester
from app.api.writing import (
    NO_STORE,
    base_revision,
    documented_write,
    refuse_parameters,
    written,
)
from app.domain.answer import JsonObject
from app.domain.approval import Approval
from app.domain.attachment import COVER_TEXT, MOST_COVERS, Cover
from app.domain.errors import InputError
from app.editing.covering import PictureEditor, picture_facts
from app.instance.workspace import Workspace
from app.render.faces import suggested_faces
from app.render.renditions import COPY_TYPE, Rendition, outside_image, render_image


class Shares(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a picture by shares of its width and height, 0 to 1."""

    x: float
    y: float
    width: float
    height: float


_SHARE: JsonObject = {"type": "number", "minimum": 0, "maximum": 1}
_PART: JsonObject = {
    "type": "object",
    "required": list(Shares.__struct_fields__),
    "additionalProperties": False,
    "properties": dict.fromkeys(Shares.__struct_fields__, _SHARE),
}
BODY: JsonObject = {
    "required": True,
    "description": "All parts that are covered from now on, and why; none shows the whole picture.",
    "content": {
        "application/json": {
            "schema": {
                "type": "object",
                "required": ["covers", "reason"],
                "additionalProperties": False,
                "properties": {
                    "covers": {"type": "array", "maxItems": MOST_COVERS, "items": _PART},
                    "reason": {"type": "string"},
                },
            }
        }
    },
}


@dataclass(frozen=True)
class _Answers:
    record: Workspace
    lane: Lane

    def _editor(self, request: Request) -> PictureEditor:
        refuse_parameters(request)
        return PictureEditor(self.record, requester(request), datetime.now(UTC))

    def pictures(self, request: Request, ref: str) -> Response:
        """List the pictures of a record with what is covered of each; role editor."""
        pictures = self._editor(request).pictures(ref)
        return written({"id": ref, "pictures": [picture_facts(ref, one) for one in pictures]})

    def original(self, request: Request, ref: str, sha256: str) -> Response:
        """Give a picture without its covers, as JPEG without its metadata; role editor."""
        content, media_type = self._editor(request).original(ref, sha256)
        run, file = self.record.readings.run, outside_image(content)
        body = run(file, render_image, content, media_type, Rendition.large)
        return Response(body, headers=NO_STORE, media_type=COPY_TYPE)

    def faces(self, request: Request, ref: str, sha256: str) -> Response:
        """Suggest parts of a picture that may show a face; nothing is stored, nobody recognised."""
        content, media_type = self._editor(request).original(ref, sha256)
        run, file = self.record.readings.run, outside_image(content)
        covers = run(file, suggested_faces, content, media_type)
        return written({"suggestions": [one.shares for one in covers]})

    async def cover(self, request: Request, ref: str, sha256: str) -> Response:
        """Cover these parts of a picture and no others, based on the revision in `If-Match`.

        Where the dataset wants two persons, showing more waits for the second: 202, `approval`.
        """
        editor, revision = self._editor(request), base_revision(request)
        fields = await small_json(request)
        covers, reason = _parts(fields.pop("covers", None)), fields.pop("reason", None)
        if fields:
            raise InputError("body", ", ".join(fields)[:80], "`covers` and `reason`")
        done = await self.lane.run(editor.cover, ref, sha256, covers, reason, revision)
        asked = done.id if isinstance(done, Approval) else None
        (standing,) = (
            one
            for one in await self.lane.run(editor.pictures, ref)
            if one.attachment.sha256 == sha256
        )
        status = HTTPStatus.OK if asked is None else HTTPStatus.ACCEPTED
        return written({**picture_facts(ref, standing), "approval": asked}, status=status)


def _parts(parts: object) -> list[Cover]:
    """Read the parts to cover.

    Raises:
        InputError: they are no list of parts inside the picture.
    """
    try:
        shares = msgspec.convert(parts, list[Shares])
    except msgspec.ValidationError as wrong:
        raise InputError("covers", str(wrong), f"a list of {COVER_TEXT}") from wrong
    return [Cover.checked(*msgspec.structs.astuple(one)) for one in shares]


def routes(record: Workspace, lane: Lane, faces_lane: Lane) -> APIRouter:
    """Build the addresses of covering; to look for faces takes long, and makes nobody else wait."""
    router, answers = APIRouter(), _Answers(record, lane)
    all_pictures = "/api/incidents/{ref}/attachments"
    picture = f"{all_pictures}/{{sha256}}"
    router.get(all_pictures, openapi_extra=documented_write({}))(answers.pictures)
    original = lane.endpoint(answers.original)
    router.get(f"{picture}/original.jpg", openapi_extra=documented_write({}))(original)
    faces = faces_lane.endpoint(answers.faces)
    router.get(f"{picture}/faces", openapi_extra=documented_write({}))(faces)
    router.put(f"{picture}/covers", openapi_extra=documented_write({}, BODY))(answers.cover)
    return router
