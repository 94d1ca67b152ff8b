"""Editing over HTTP: create, amend, retract and redact records; list who changed what and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.bodies import small_json
from app.api.lanes import Lane
from app.api.pages import HTML, Pages
from app.api.respond import etag, hashed_answer, json_answer
from app.api.schemas import documented, field_schemas
from app.api.security import requester
from app.api.writing import (
    base_revision,
    documented_write,
    page_spec,
    refuse_parameters,
    written,
)
from app.domain.account import Role
from app.domain.answer import JsonObject
from app.domain.approval import Approval
from app.domain.errors import InputError
from app.domain.fields import incident_values
from app.domain.redaction import Reason, Redaction, TextPart, hidden_parts
from app.domain.terms import Face
from app.editing.edits import Edited, Editor
from app.editing.redaction import Redactor
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.maps.page import json_block
from app.pages.edit_form import edit_form
from app.publishing.publish import publish
from app.queries.incidents import find_incident, history


def _body(text: str, *needed: str, properties: JsonObject | None = None) -> JsonObject:
    schema = {
        "type": "object",
        "required": list(needed),
        "properties": {name: {"type": "string"} for name in needed} | (properties or {}),
    }
    return {
        "required": True,
        "description": text,
        "content": {"application/json": {"schema": schema}},
    }


FIELDS_TEXT = "Fields of docs/formats.md by name, and `reason`."
NEW = _body(f"{FIELDS_TEXT} `dataset` must exist.", "dataset", "reason", properties=field_schemas())
PATCH = _body(
    f"{FIELDS_TEXT} JSON Merge Patch (RFC 7396): null removes.",
    "reason",
    properties=field_schemas(is_nullable=True),
)
REDACT = _body(
    f"`texts` of {', '.join(TextPart)}, none to show them again; "
    f"`code`, one of {', '.join(Reason)}.",
    "texts",
    "code",
    "reason",
)
REASON = _body("Why it is taken back.", "reason")


@dataclass(frozen=True)
class _Answers:
    """The answers of all addresses; the router gives them their paths.

    `record` is the record to write; `visible` is the part that this application's reader may see.
    """

    record: Workspace
    visible: Workspace
    lane: Lane

    def _editor(self, request: Request) -> Editor:
        refuse_parameters(request)
        return Editor(self.record, requester(request), datetime.now(UTC))

    async def create(self, request: Request) -> Response:
        """Create a record that a person typed in."""
        editor = self._editor(request)
        allow(editor.holder, Role.editor)
        fields = await small_json(request)
        reason, dataset = fields.pop("reason", None), fields.pop("dataset", "")

        def create() -> Response:
            edited = editor.create(fields, str(dataset), reason)
            answer = _edited(editor, edited, HTTPStatus.CREATED)
            answer.headers["Location"] = f"/api/incidents/{edited.incident.id}"
            return answer

        return await self.lane.run(create)

    def read(self, request: Request, ref: str) -> Response:
        """Give a whole record, in the fields of docs/formats.md, with its revision as ETag."""
        editor = self._editor(request)
        return _edited(editor, editor.read(ref))

    async def amend(self, request: Request, ref: str) -> Response:
        """Change fields of a record, based on the revision in `If-Match`."""
        editor = self._editor(request)
        allow(editor.holder, Role.editor)
        revision = base_revision(request)
        if revision is None:
            allowed = 'the revision that you read, such as "17"'
            raise InputError("header If-Match", "", allowed)
        fields = await small_json(request)
        reason = fields.pop("reason", None)
        return await self.lane.run(
            lambda: _edited(editor, editor.amend(ref, fields, revision, reason))
        )

    async def retract(self, request: Request, ref: str) -> Response:
        """Retract a record; it stays in the ledger and is counted nowhere."""
        editor = self._editor(request)
        allow(editor.holder, Role.reviewer)
        fields = await small_json(request)
        reason = fields.pop("reason", None)
        if fields:
            raise InputError("body", ", ".join(fields)[:80], "`reason` only")
        revision = base_revision(request)
        return await self.lane.run(lambda: _edited(editor, editor.retract(ref, revision, reason)))

    async def redact(self, request: Request, ref: str) -> Response:
        """Hide texts of a record from the public, or show them again with no `texts`.

        Where the dataset wants two persons, showing more waits for the second: 202, `approval`.
        """
        editor = self._editor(request)
        allow(editor.holder, Role.reviewer)
        fields = await small_json(request)
        reason, texts, code = (fields.pop(name, None) for name in ("reason", "texts", "code"))
        if fields or not isinstance(texts, list):
            raise InputError("body", ", ".join(fields)[:80], "`texts` (a list), `code`, `reason`")
        redactor = Redactor(editor.workspace, editor.holder, editor.now)
        done: Redaction | Approval | None
        if texts:
            names = [str(one) for one in texts]
            done = await self.lane.run(redactor.redact, ref, names, str(code or ""), reason)
        else:
            done = await self.lane.run(redactor.lift, ref, reason)
        asked = done.id if isinstance(done, Approval) else None
        hidden = await self.lane.run(redactor.hidden, ref)
        status = HTTPStatus.OK if asked is None else HTTPStatus.ACCEPTED
        return written({"id": ref, "redacted": hidden, "approval": asked}, status=status)

    def history(self, request: Request, ref: str) -> Response:
        """List a record's revisions: time and fields; person and reason only for a token."""
        query = params.read_query(self.visible, request.query_params.multi_items())
        published = publish(query, Face.points, in_all=True)
        feature = find_incident(published, ref)
        document = {"id": feature["id"], "revisions": history(published, feature)}
        return json_answer(request, document, etag(query, "history", ref))


def _edited(editor: Editor, edited: Edited, status: int = HTTPStatus.OK) -> Response:
    incident, revision = edited
    redactions = editor.workspace.state().redactions
    document = {
        "id": str(incident.id),
        "dataset": incident.dataset,
        "source_key": incident.source_key,
        "synthetic": incident.synthetic,
        "revision": revision,
        "fields": incident_values(incident),
        "redacted": hidden_parts(redactions, f"{incident.dataset}/{incident.id}"),
    }
    return written(document, {"ETag": f'"{revision}"'}, status)


def routes(record: Workspace, visible: Workspace, lane: Lane) -> APIRouter:
    """Build the addresses of editing, and their page."""
    router, answers = APIRouter(), _Answers(record, visible, lane)
    page, one = Pages(visible), "/api/incidents/{ref}"
    new = documented_write({}, NEW, HTTPStatus.CREATED)
    router.post("/api/incidents", openapi_extra=new, status_code=HTTPStatus.CREATED)(answers.create)
    router.get(one, openapi_extra=documented_write({}))(answers.read)
    router.patch(one, openapi_extra=documented_write({}, PATCH))(answers.amend)
    router.post(f"{one}/retract", openapi_extra=documented_write({}, REASON))(answers.retract)
    router.post(f"{one}/redact", openapi_extra=documented_write({}, REDACT))(answers.redact)
    router.get(f"{one}/history", openapi_extra=documented())(answers.history)

    @router.get("/edit/{ref}", include_in_schema=False)
    def edit_page(request: Request, ref: str) -> Response:
        """Give the form, which holds no data: it asks for the record with its holder's token."""
        query = params.read_query(visible, request.query_params.multi_items())
        spec = {**page_spec(query), "id": ref}
        title = query.words["edit_title"]
        html = page("edit", query.view, title, block=json_block(spec), **edit_form(query))
        return hashed_answer(request, html, HTML)

    return router
