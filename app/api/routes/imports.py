"""Importing over HTTP: an upload, its dry run, its commit, its report, and undoing it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.api import params
from app.api.bodies import spooled
from app.api.import_options import (
    Parameter,
    file_parts,
    form_body,
    form_fields,
    query_parameters,
)
from app.api.pages import HTML, Pages
from app.api.schemas import PROBLEM
from app.api.security import OWN_HEADER, requester
from app.domain.account import Role
from app.domain.errors import InputError, InvalidView, Problem
from app.domain.mapping import FIELDS, Notation
from app.domain.place import Precision
from app.domain.terms import LICENCES, Audience
from app.i18n import strings
from app.importers.formats import FORMATS
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.intake.options import ImportOptions
from app.intake.spool import Spool, Upload
from app.intake.suggestion import suggest
from app.intake.uploads import Imports
from app.maps.page import LEAFLET, json_block
from app.publishing.query import Query

NO_STORE = {"Cache-Control": "no-store"}
JSON = "application/json"
OPTIONS, PARTS = query_parameters(), file_parts()
THEATRE = {"theatre": OPTIONS["theatre"]}
FLAG = {"type": "boolean"}
FORCE: Mapping[str, Parameter] = {
    "force": (params.flag, "true also takes back what was changed since (admin)", FLAG)
}
Own = Mapping[str, Parameter]


def documented(own: Own, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """Describe an address that changes something: its parameters, its body, its refusals."""
    parameters = [
        {"name": name, "in": "query", "description": text, "schema": schema}
        for name, (_reader, text, schema) in own.items()
    ]
    refusals = ("401", "403", "404", "409", "412", "413", "422", "503")
    answers = {"200": {"description": "What was done", "content": {JSON: {"schema": {}}}}}
    document = {"parameters": parameters, "responses": answers | dict.fromkeys(refusals, PROBLEM)}
    return {**document, "requestBody": body} if body else document


def read_own(pairs: Iterable[tuple[str, str]], own: Own) -> dict[str, Any]:
    """Read an address's own parameters; all problems are reported at once.

    Raises:
        InvalidView: naming every parameter that does not fit.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, text in pairs:
        if name not in own:
            problems.append(Problem(f"query.{name}", text, ", ".join(own) or "none"))
        elif name in values:
            problems.append(Problem(f"query.{name}", text, "to be given once"))
        else:
            try:
                values[name] = own[name][0](text)
            except InputError as wrong:
                problems.append(Problem(f"query.{name}", text, wrong.problem.allowed))
    if problems:
        raise InvalidView(tuple(problems))
    return values


def written(document: Any, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON that no cache stores."""
    body = msgspec.json.encode(document)
    return Response(body, 200, {**NO_STORE, **(headers or {})}, media_type=JSON)


@dataclass(frozen=True)
class _Answers:
    """What each address answers; the router only adds the addresses."""

    imports: Imports

    async def upload(self, request: Request) -> Response:
        """Plan or import a file: multipart, one part named `file`."""
        holder = requester(request)
        allow(holder, Role.editor)
        values = read_own(request.query_params.multi_items(), OPTIONS)
        spool, now = self.imports.spool, datetime.now(UTC)
        await run_in_threadpool(spool.sweep, now)
        path = await run_in_threadpool(spool.place)
        form = await spooled(request, path, *(part.name for part in PARTS))
        options = _options({**values, **form.parts}, path, now)
        upload = Upload(path.stem, form.name)
        answer = await run_in_threadpool(self.imports.run, upload, options, holder, now)
        return written(answer)

    async def suggestion(self, request: Request) -> Response:
        """Propose what a table's columns mean, with the reason for each; the file is not kept."""
        allow(requester(request), Role.editor)
        values = read_own(request.query_params.multi_items(), THEATRE)
        spool, workspace = self.imports.spool, self.imports.workspace
        path = await run_in_threadpool(spool.place)
        try:
            form = await spooled(request, path)
            theatre = values.get("theatre") or workspace.default_theatre
            suggestion = await run_in_threadpool(suggest, workspace, path, theatre, form.name)
        finally:
            path.unlink(missing_ok=True)
        return written({**msgspec.to_builtins(suggestion), "toml": suggestion.toml()})

    def commit(self, request: Request, number: str) -> Response:
        """Import what a dry run planned; it is planned again, since the record may have changed."""
        read_own(request.query_params.multi_items(), {})
        return written(self.imports.commit(number, requester(request), datetime.now(UTC)))

    def report(self, request: Request, number: str) -> Response:
        """Read the report of an import or of a dry run."""
        read_own(request.query_params.multi_items(), {})
        return written(self.imports.read(number, requester(request)))

    def undo(self, request: Request, number: str) -> Response:
        """Undo a whole import in one transaction; forget a dry run."""
        values = read_own(request.query_params.multi_items(), FORCE)
        force, now = values.get("force", False), datetime.now(UTC)
        holder = requester(request)
        return written(self.imports.forget_or_undo(number, holder, now, force=force))


def routes(workspace: Workspace, spool: Spool) -> APIRouter:
    """Build the addresses of importing, and their page."""
    router, answers = APIRouter(), _Answers(Imports(workspace, spool))
    page, address = Pages(workspace), "/api/imports/{number}"
    router.post("/api/imports", openapi_extra=documented(OPTIONS, form_body(PARTS)))(answers.upload)
    router.post("/api/mappings", openapi_extra=documented(THEATRE, form_body()))(answers.suggestion)
    router.post(f"{address}/commit", openapi_extra=documented({}))(answers.commit)
    router.get(address, openapi_extra=documented({}))(answers.report)
    router.delete(address, openapi_extra=documented(FORCE))(answers.undo)

    @router.get("/import", include_in_schema=False)
    def import_page(request: Request) -> Response:
        query = params.read_query(workspace, request.query_params.multi_items())
        lang, theatre = query.view.lang, workspace.reference.theatres[query.view.theatre]
        spec = {
            **page_block(workspace, query)["spec"],
            "bounds": list(theatre.bounds),
            "fields": list(FIELDS),
            "codes": _codes(workspace, lang),
        }
        html = page(
            "import",
            query.view,
            strings(lang)["import_title"],
            block=json_block(spec),
            leaflet=LEAFLET,
            choices=_choices(workspace, query),
            notations=list(Notation),
            precisions=list(Precision),
            **form_fields(),
        )
        return Response(html, 200, {"Cache-Control": "no-cache"}, media_type=HTML)

    return router


def _choices(workspace: Workspace, query: Query) -> dict[str, list[tuple[str, str]]]:
    """List, by option, the values among which the form lets a person choose, with their labels."""
    lang, theatres = query.view.lang, workspace.reference.theatres
    words, parties = strings(lang), theatres[query.view.theatre].party
    return {
        "format": [("auto", words["import_auto"]), *((name, name) for name in FORMATS)],
        "theatre": [(slug, theatre.name[lang]) for slug, theatre in theatres.items()],
        "terms": [("", words["import_terms_unsaid"]), *((name, name) for name in LICENCES)],
        "controller": [("", "–"), *((party.code, party.code) for party in parties)],
    }


def _options(values: Mapping[str, object], path: Path, now: datetime) -> ImportOptions:
    """Read the options of an upload; when one is refused, the upload at `path` is removed."""
    stated = {name: value for name, value in values.items() if value not in ("", b"")}
    try:
        return ImportOptions.parse(stated, now.date())
    except InputError:
        path.unlink(missing_ok=True)
        raise


def _codes(workspace: Workspace, lang: str) -> dict[str, list[tuple[str, str]]]:
    """List the codes of the fields whose words a mapping translates, with their names."""
    taxonomy = workspace.reference.taxonomy
    terms = {"weapons": taxonomy.weapons, "sector": taxonomy.sectors}
    return {
        field: [(code, codes.label(code, lang)) for code in codes.codes]
        for field, codes in terms.items()
    }


def page_block(workspace: Workspace, query: Query) -> dict[str, Any]:
    """Gather what a page that changes something needs before its first request."""
    words = strings(query.view.lang)
    spec = {
        "lang": query.view.lang,
        "theatre": query.view.theatre,
        "query": query.view.query(),
        "strings": words,
        "header": OWN_HEADER,
        "isPrivate": workspace.audience is Audience.private,
    }
    return {"spec": spec, "theatres": list(workspace.reference.theatres.items())}
