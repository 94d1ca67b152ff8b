"""Importing over HTTP: an upload, its dry run, its commit, its report, and undoing it."""

from __future__ import annotations

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
from app.api.pages import HTML, Pages
from app.api.security import requester
from app.api.writing import documented_write, page_spec, read_parameters, refuse_parameters, written
from app.domain.account import Role
from app.domain.control import Baseline
from app.domain.errors import InputError
from app.domain.mapping import MAPPED_FIELDS, Notation
from app.domain.place import Precision
from app.domain.terms import LICENCES
from app.i18n import strings
from app.importers.formats import FORMATS
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.intake.spool import Spool, Upload, Wish
from app.intake.suggestion import mapping_from, suggest
from app.intake.uploads import Imports
from app.maps.page import LEAFLET, json_block

TEXT: dict[str, Any] = {"type": "string"}
FLAG: dict[str, Any] = {"type": "boolean"}

TOLD: dict[str, tuple[params.Reader, str, dict[str, Any]]] = {
    "format": (str, "auto, or a format's name", TEXT),
    "dataset": (str, "dataset to import into (a slug)", TEXT),
    "theatre": (str, "theatre the file belongs to", TEXT),
    "terms": (str, "licence id: what may leave", {"type": "string", "enum": list(LICENCES)}),
    "title": (str, "name of a new dataset", TEXT),
    "attribution": (str, "credit line of a new dataset", TEXT),
    "accessed": (str, "day the file was taken from its publisher", {**TEXT, "format": "date"}),
    "synthetic": (params.read_flag, "true: the data are invented", FLAG),
    "valid_on": (str, "control: day of areas that have no date", {**TEXT, "format": "date"}),
    "valid_on_field": (str, "control: the field that holds the day", TEXT),
    "status_field": (str, "control: the field that holds the status", TEXT),
    "controller": (str, "control: the party that holds all areas", TEXT),
    "controller_field": (str, "control: the field that holds the party", TEXT),
    "baseline": (str, f"control: parts covered, of {', '.join(Baseline)}", TEXT),
    "accept_shrink": (params.read_flag, "control: true takes areas that lost over a quarter", FLAG),
    "over_edits": (params.read_flag, "true takes the file's values over edits by hand", FLAG),
    "dry_run": (params.read_flag, "true plans, keeps the file for a day and writes nothing", FLAG),
}
THEATRE = {"theatre": TOLD["theatre"]}
FORCE = {"force": (params.read_flag, "true also takes back what was changed since (admin)", FLAG)}
FORM = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["file"],
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        }
    },
}
MAPPED_FORM = msgspec.json.decode(msgspec.json.encode(FORM))
MAPPED_FORM["content"]["multipart/form-data"]["schema"]["properties"]["mapping"] = {
    "type": "string",
    "description": "a mapping of the file's columns, as TOML or JSON",
}


@dataclass(frozen=True)
class _Answers:
    """What each address answers; the router only gives them their names."""

    imports: Imports

    async def upload(self, request: Request) -> Response:
        """Plan or import a file: multipart, one part named `file`."""
        holder = requester(request)
        allow(holder, Role.editor)
        told = dict(read_parameters(request.query_params.multi_items(), TOLD))
        dry_run = told.pop("dry_run", False)
        wish = Wish(**{name: value for name, value in told.items() if value != ""})
        spool, now = self.imports.spool, datetime.now(UTC)
        await run_in_threadpool(spool.sweep, now)
        path = await run_in_threadpool(spool.place)
        sent = await spooled(request, path, "mapping")
        if given := sent.parts.get("mapping"):
            wish = self._with_mapping(wish, given, path)
        upload = Upload(path.stem, sent.name)
        answer = await run_in_threadpool(
            self.imports.run, upload, wish, holder, now, dry_run=dry_run
        )
        return written(answer)

    @staticmethod
    def _with_mapping(wish: Wish, given: bytes, path: Path) -> Wish:
        try:
            return msgspec.structs.replace(wish, mapping=mapping_from(given))
        except InputError:
            path.unlink(missing_ok=True)
            raise

    async def suggestion(self, request: Request) -> Response:
        """Propose what a table's columns mean, with the reason for each; the file is not kept."""
        allow(requester(request), Role.editor)
        told = read_parameters(request.query_params.multi_items(), THEATRE)
        spool, workspace = self.imports.spool, self.imports.workspace
        path = await run_in_threadpool(spool.place)
        try:
            sent = await spooled(request, path)
            theatre = told.get("theatre") or workspace.default_theatre
            found = await run_in_threadpool(suggest, workspace, path, theatre, sent.name)
        finally:
            path.unlink(missing_ok=True)
        return written({**msgspec.to_builtins(found), "toml": found.toml()})

    def commit(self, request: Request, number: str) -> Response:
        """Import what a dry run planned; planned again when the record moved since."""
        refuse_parameters(request)
        return written(self.imports.commit(number, requester(request), datetime.now(UTC)))

    def report(self, request: Request, number: str) -> Response:
        """Read the report of an import or of a dry run."""
        refuse_parameters(request)
        return written(self.imports.read(number, requester(request)))

    def undo(self, request: Request, number: str) -> Response:
        """Undo a whole import in one transaction; forget a dry run."""
        told = read_parameters(request.query_params.multi_items(), FORCE)
        force, now = told.get("force", False), datetime.now(UTC)
        holder = requester(request)
        return written(self.imports.forget_or_undo(number, holder, now, force=force))


def routes(workspace: Workspace, spool: Spool) -> APIRouter:
    """Build the addresses of importing, and their page."""
    router, answers = APIRouter(), _Answers(Imports(workspace, spool))
    page, one = Pages(workspace), "/api/imports/{number}"
    router.post("/api/imports", openapi_extra=documented_write(TOLD, MAPPED_FORM))(answers.upload)
    router.post("/api/mappings", openapi_extra=documented_write(THEATRE, FORM))(answers.suggestion)
    router.post(f"{one}/commit", openapi_extra=documented_write({}))(answers.commit)
    router.get(one, openapi_extra=documented_write({}))(answers.report)
    router.delete(one, openapi_extra=documented_write(FORCE))(answers.undo)

    @router.get("/import", include_in_schema=False)
    def import_page(request: Request) -> Response:
        query = params.read_query(workspace, request.query_params.multi_items())
        words, theatre = strings(query.view.lang), query.view.theatre
        choices = {
            "formats": ["auto", *FORMATS],
            "theatres": [
                (slug, one.name[query.view.lang])
                for slug, one in workspace.reference.theatres.items()
            ],
            "licences": list(LICENCES),
            "notations": list(Notation),
            "precisions": list(Precision),
            "parties": [one.code for one in workspace.reference.theatres[theatre].party],
        }
        spec = {
            **page_spec(query),
            "bounds": list(workspace.reference.theatres[theatre].bounds),
            "fields": list(MAPPED_FIELDS),
            "codes": _codes(workspace, query.view.lang),
        }
        html = page(
            "import",
            query.view,
            words["import_title"],
            block=json_block(spec),
            leaflet=LEAFLET,
            **choices,
        )
        return Response(html, 200, {"Cache-Control": "no-cache"}, media_type=HTML)

    return router


def _codes(workspace: Workspace, lang: str) -> dict[str, list[tuple[str, str]]]:
    """List the codes of the fields whose words a mapping translates, with their names."""
    taxonomy = workspace.reference.taxonomy
    terms = {"weapons": taxonomy.weapons, "sector": taxonomy.sectors}
    return {
        field: [(code, listed.label(code, lang)) for code in listed.codes]
        for field, listed in terms.items()
    }
