"""Importing over HTTP: an upload, its dry run, its commit, its report, and undoing it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

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
from app.api.lanes import Lane
from app.api.metrics import IMPORT_OUTCOME
from app.api.pages import HTML, Pages
from app.api.respond import hashed_answer
from app.api.security import requester
from app.api.writing import documented_write, page_spec, read_parameters, refuse_parameters, written
from app.domain.account import Role
from app.domain.damage import Grade
from app.domain.mapping import MAPPED_FIELDS, Notation
from app.domain.place import Precision
from app.domain.terms import LICENCES
from app.i18n import strings
from app.importers.formats import FORMATS
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.intake.options import ImportOptions
from app.intake.spool import Spool, Upload
from app.intake.suggestion import suggest
from app.intake.uploads import Answer, Imports
from app.maps.page import LEAFLET, json_block
from app.publishing.query import Query

OPTIONS, PARTS = query_parameters(), file_parts()
THEATRE = {"theatre": OPTIONS["theatre"]}
FLAG = {"type": "boolean"}
FORCE: Mapping[str, Parameter] = {
    "force": (params.read_flag, "true also takes back what was changed since (admin)", FLAG)
}


@dataclass(frozen=True)
class _Answers:
    """What each address answers; the router only adds the addresses."""

    imports: Imports
    lane: Lane

    async def upload(self, request: Request) -> Response:
        """Plan or import a file: multipart, one part named `file`."""
        holder = requester(request)
        allow(holder, Role.editor)
        values = read_parameters(request.query_params.multi_items(), OPTIONS)
        spool, now = self.imports.spool, datetime.now(UTC)
        await run_in_threadpool(spool.sweep, now)
        path = await run_in_threadpool(spool.place)
        form = await spooled(request, path, *(part.name for part in PARTS))
        upload = Upload(path.stem, form.name)
        try:
            options = _options({**values, **form.parts}, now)
            answer = await self.lane.run(self.imports.run, upload, options, holder, now)
        except BaseException:  # nobody knows the number of what was refused
            spool.drop(path.stem)
            raise
        return _written(answer, "planned" if options.dry_run else "imported")

    async def suggestion(self, request: Request) -> Response:
        """Propose what a table's columns mean, with the reason for each; the file is not kept."""
        allow(requester(request), Role.editor)
        values = read_parameters(request.query_params.multi_items(), THEATRE)
        spool, workspace = self.imports.spool, self.imports.workspace
        path = await run_in_threadpool(spool.place)
        try:
            form = await spooled(request, path)
            theatre = values.get("theatre") or workspace.default_theatre
            suggestion = await self.lane.run(suggest, workspace, path, theatre, form.name)
        finally:
            path.unlink(missing_ok=True)
        return written({**msgspec.to_builtins(suggestion), "toml": suggestion.toml()})

    def commit(self, request: Request, number: str) -> Response:
        """Import what a dry run planned; it is planned again, since the record may have changed."""
        refuse_parameters(request)
        answer = self.imports.commit(number, requester(request), datetime.now(UTC))
        return _written(answer, "imported")

    def report(self, request: Request, number: str) -> Response:
        """Read the report of an import or of a dry run."""
        refuse_parameters(request)
        return written(self.imports.read(number, requester(request)))

    def undo(self, request: Request, number: str) -> Response:
        """Undo a whole import in one transaction; forget a dry run."""
        values = read_parameters(request.query_params.multi_items(), FORCE)
        force, now = values.get("force", False), datetime.now(UTC)
        holder = requester(request)
        answer = self.imports.forget_or_undo(number, holder, now, force=force)
        return _written(answer, answer["state"])


def _written(answer: Answer, outcome: str) -> Response:
    return written(answer, {IMPORT_OUTCOME: outcome})


def routes(workspace: Workspace, spool: Spool, lane: Lane) -> APIRouter:
    """Build the addresses of importing, and their page."""
    router, answers = APIRouter(), _Answers(Imports(workspace, spool), lane)
    page, address = Pages(workspace), "/api/imports/{number}"
    router.post("/api/imports", openapi_extra=documented_write(OPTIONS, form_body(PARTS)))(
        answers.upload
    )
    router.post("/api/mappings", openapi_extra=documented_write(THEATRE, form_body()))(
        answers.suggestion
    )
    router.post(f"{address}/commit", openapi_extra=documented_write({}))(
        lane.endpoint(answers.commit)
    )
    router.get(address, openapi_extra=documented_write({}))(answers.report)
    router.delete(address, openapi_extra=documented_write(FORCE))(lane.endpoint(answers.undo))

    @router.get("/import", include_in_schema=False)
    def import_page(request: Request) -> Response:
        query = params.read_query(workspace, request.query_params.multi_items())
        lang, theatre = query.view.lang, workspace.reference.theatres[query.view.theatre]
        spec = {
            **page_spec(query),
            "bounds": list(theatre.bounds),
            "fields": list(MAPPED_FIELDS),
            "codes": _codes(workspace, lang),
            "languages": {
                slug: one.language_for(lang) for slug, one in workspace.reference.theatres.items()
            },
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
        return hashed_answer(request, html, HTML)

    return router


def _choices(workspace: Workspace, query: Query) -> dict[str, list[tuple[str, str]]]:
    """List, by option, the values among which the form lets a person choose, with their labels."""
    lang, theatres = query.view.lang, workspace.reference.theatres
    words, parties = strings(lang), theatres[query.view.theatre].party
    return {
        "format": [("auto", words["import_auto"]), *((name, name) for name in FORMATS)],
        "theatre": [(slug, theatre.title(lang)) for slug, theatre in theatres.items()],
        "terms": [("", words["import_terms_unsaid"]), *((name, name) for name in LICENCES)],
        "controller": [("", "–"), *((party.code, party.code) for party in parties)],
    }


def _options(values: Mapping[str, object], now: datetime) -> ImportOptions:
    """Read the options of an upload."""
    stated = {name: value for name, value in values.items() if value not in ("", b"")}
    return ImportOptions.parse(stated, now.date())


def _codes(workspace: Workspace, lang: str) -> dict[str, list[tuple[str, str]]]:
    """List the codes of the fields whose words a mapping translates, with their names."""
    taxonomy = workspace.reference.taxonomy
    terms = {"weapons": taxonomy.weapons, "sector": taxonomy.sectors}
    grades = [(grade.value, strings(lang)[f"grade_{grade}"]) for grade in Grade]
    return {
        **{
            field: [(code, codes.label(code, lang)) for code in codes.codes]
            for field, codes in terms.items()
        },
        "grade": grades,
    }
