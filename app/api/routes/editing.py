"""Editing over HTTP: records typed in, amended, retracted, and who changed what and when."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api import params
from app.api.bodies import small_json
from app.api.pages import HTML, Pages
from app.api.respond import etag, json_answer
from app.api.routes.imports import documented, page_block, read_own, written
from app.api.schemas import documented as documented_view
from app.api.security import requester
from app.domain.account import Role
from app.domain.errors import InputError
from app.domain.fields import incident_values
from app.domain.incident import Status
from app.domain.place import Precision
from app.domain.redaction import Reason, Text, hidden_parts
from app.domain.terms import Face
from app.editing.edits import Edited, Editor
from app.editing.redaction import Redactor
from app.i18n import strings
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.maps.page import json_block
from app.publishing.publish import publish
from app.queries.incidents import find_incident, history

REVISION = re.compile(r'(?:W/)?"?([0-9]{1,18})"?')
COUNTS = ("killed", "injured")
BOUNDS = ("low", "best", "high")


def _body(text: str, *needed: str) -> dict[str, Any]:
    schema = {
        "type": "object",
        "required": list(needed),
        "properties": {name: {"type": "string"} for name in needed},
    }
    return {
        "required": True,
        "description": text,
        "content": {"application/json": {"schema": schema}},
    }


FIELDS = "Fields of docs/formats.md by name, and `reason`."
NEW = _body(f"{FIELDS} `dataset` must exist.", "dataset", "reason")
PATCH = _body(f"{FIELDS} JSON Merge Patch (RFC 7396): null removes.", "reason")
REDACT = _body(
    f"`texts` of {', '.join(Text)}, none to show them again; `code`, one of {', '.join(Reason)}.",
    "texts",
    "code",
    "reason",
)
REASON = _body("Why it is taken back.", "reason")


@dataclass(frozen=True)
class _Answers:
    """What each address answers; the router only gives them their names.

    `record` is written to; `seen` is what this application's reader may see of it.
    """

    record: Workspace
    seen: Workspace

    def _desk(self, request: Request) -> Editor:
        read_own(request.query_params.multi_items(), {})
        return Editor(self.record, requester(request), datetime.now(UTC))

    async def create(self, request: Request) -> Response:
        """Write down a record that somebody typed in."""
        editor = self._desk(request)
        allow(editor.holder, Role.editor)
        told = await small_json(request)
        reason, dataset = told.pop("reason", None), told.pop("dataset", "")
        return _edited(editor, await run_in_threadpool(editor.create, told, str(dataset), reason))

    def read(self, request: Request, ref: str) -> Response:
        """Give a record whole, in the fields of docs/formats.md, with its revision as ETag."""
        editor = self._desk(request)
        return _edited(editor, editor.read(ref))

    async def amend(self, request: Request, ref: str) -> Response:
        """Change fields of a record as it was at the revision in `If-Match`."""
        editor = self._desk(request)
        allow(editor.holder, Role.editor)
        revision = meant(request)
        if revision is None:
            allowed = 'the revision that you read, such as "17"'
            raise InputError("header If-Match", "", allowed)
        told = await small_json(request)
        reason = told.pop("reason", None)
        return _edited(editor, await run_in_threadpool(editor.amend, ref, told, revision, reason))

    async def retract(self, request: Request, ref: str) -> Response:
        """Take a record back; it stays in the ledger and counts nowhere."""
        editor = self._desk(request)
        allow(editor.holder, Role.reviewer)
        told = await small_json(request)
        reason = told.pop("reason", None)
        if told:
            raise InputError("body", ", ".join(told)[:80], "`reason` only")
        return _edited(editor, await run_in_threadpool(editor.retract, ref, meant(request), reason))

    async def redact(self, request: Request, ref: str) -> Response:
        """Hide texts of a record from the public, or show them again with no `texts`."""
        editor = self._desk(request)
        allow(editor.holder, Role.reviewer)
        told = await small_json(request)
        reason, texts, code = (told.pop(name, None) for name in ("reason", "texts", "code"))
        if told or not isinstance(texts, list):
            raise InputError("body", ", ".join(told)[:80], "`texts` (a list), `code`, `reason`")
        redactor = Redactor(editor.workspace, editor.holder, editor.now)
        if texts:
            named = [str(one) for one in texts]
            await run_in_threadpool(redactor.redact, ref, named, str(code or ""), reason)
        else:
            await run_in_threadpool(redactor.lift, ref, reason)
        return written({"id": ref, "redacted": await run_in_threadpool(redactor.hidden, ref)})

    def history(self, request: Request, ref: str) -> Response:
        """List a record's revisions: when, in which fields, and who and why for a token."""
        query = params.read_query(self.seen, request.query_params.multi_items())
        published = publish(query, Face.points, in_all=True)
        found = find_incident(published, ref)
        told = {"id": found["id"], "revisions": history(published, found)}
        return json_answer(request, told, etag(query, "history", ref))


def meant(request: Request) -> int | None:
    """Read the revision that a change was made from; None when none is named.

    Raises:
        InputError: it is no revision number.
    """
    given = request.headers.get("if-match")
    if given is None:
        return None
    fits = REVISION.fullmatch(given.strip())
    if fits is None:
        raise InputError("header If-Match", given, 'one revision number, such as "17"')
    return int(fits[1])


def _edited(editor: Editor, edited: Edited) -> Response:
    incident, revision = edited
    redactions = editor.workspace.state().redactions
    told = {
        "id": str(incident.id),
        "dataset": incident.dataset,
        "source_key": incident.source_key,
        "synthetic": incident.synthetic,
        "revision": revision,
        "fields": incident_values(incident),
        "redacted": hidden_parts(redactions, f"{incident.dataset}/{incident.id}"),
    }
    return written(told, {"ETag": f'"{revision}"'})


def routes(record: Workspace, seen: Workspace) -> APIRouter:
    """Build the addresses of editing, and their page."""
    router, answers = APIRouter(), _Answers(record, seen)
    page, one = Pages(seen), "/api/incidents/{ref}"
    router.post("/api/incidents", openapi_extra=documented({}, NEW))(answers.create)
    router.get(one, openapi_extra=documented({}))(answers.read)
    router.patch(one, openapi_extra=documented({}, PATCH))(answers.amend)
    router.post(f"{one}/retract", openapi_extra=documented({}, REASON))(answers.retract)
    router.post(f"{one}/redact", openapi_extra=documented({}, REDACT))(answers.redact)
    router.get(f"{one}/history", openapi_extra=documented_view())(answers.history)

    @router.get("/edit/{ref}", include_in_schema=False)
    def edit_page(request: Request, ref: str) -> Response:
        """Give the form, which holds no data: it asks for the record with its holder's token."""
        query = params.read_query(seen, request.query_params.multi_items())
        lang, taxonomy = query.view.lang, seen.reference.taxonomy
        weapons = [(code, taxonomy.weapons.label(code, lang)) for code in taxonomy.weapons.codes]
        spec = {**page_block(seen, query)["spec"], "id": ref}
        html = page(
            "edit",
            query.view,
            strings(lang)["edit_title"],
            block=json_block(spec),
            weapons=weapons,
            precisions=[one.value for one in Precision],
            statuses=[one.value for one in Status],
            counts=[(name, bound) for name in COUNTS for bound in BOUNDS],
            texts=[one.value for one in Text],
            codes=[one.value for one in Reason],
        )
        return Response(html, 200, {"Cache-Control": "no-cache"}, media_type=HTML)

    return router
