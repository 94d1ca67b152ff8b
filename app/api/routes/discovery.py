"""What visitors look for first: the API's documentation, an icon, and what robots may read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import FileResponse, Response

from app.api import params
from app.api.links import CATALOGUE, base
from app.api.pages import HTML, PageRoute, Pages
from app.api.respond import answer, etag, hashed_answer, json_answer
from app.api.services import XML, service_xml
from app.domain.answer import JsonObject
from app.domain.terms import Audience
from app.instance.workspace import Workspace
from app.queries.dcat import catalogue

OPEN_TO_ROBOTS = ("/", "/table", "/method", "/stories", "/changes")
WORK = ("/edit", "/import", "/review", "/api/", "/tiles/", "/columns", "/wms", "/wmts")
"""What robots leave alone: it is for editors or for programs, and its number has no end."""

METHODS = ("get", "post", "put", "patch", "delete")
DAY = {"Cache-Control": "public, max-age=86400"}


def routes(workspace: Workspace, static: Path) -> APIRouter:
    """Build these addresses of one instance."""
    router, page = APIRouter(route_class=PageRoute, include_in_schema=False), Pages(workspace)

    @router.get("/api/docs")
    def documentation(request: Request) -> Response:
        """Show every address with its parameters, and an example that runs."""
        query = params.read_query(workspace, request.query_params.multi_items())
        groups = _groups(request.app.openapi(), query.view.query())
        html = page("api_docs", query.view, query.words["api_docs"], groups=groups)
        return answer(request, html, HTML, etag(query, "api-docs"))

    @router.get("/catalog.jsonld")
    def catalog(request: Request) -> Response:
        """Describe the datasets of a theatre for other catalogues (DCAT-AP)."""
        query = params.read_query(workspace, request.query_params.multi_items())
        address = base(request)
        tag = etag(query, "catalogue", address)
        return json_answer(request, catalogue(query, address), tag, CATALOGUE)

    @router.get("/favicon.ico")
    def favicon() -> Response:
        """Give the icon to programs that look for it at its old address."""
        return FileResponse(static / "icon.svg", media_type="image/svg+xml", headers=DAY)

    @router.get("/robots.txt")
    def robots(request: Request) -> Response:
        """Say what robots may read; a private instance shows them nothing."""
        is_private = workspace.audience is Audience.private
        closed = ["/"] if is_private else WORK
        lines = ["User-agent: *", *(f"Disallow: {path}" for path in closed)]
        if not is_private:
            lines.append(f"Sitemap: {base(request)}/sitemap.xml")
        return hashed_answer(request, "\n".join(lines) + "\n", "text/plain; charset=utf-8", DAY)

    @router.get("/sitemap.xml")
    def sitemap(request: Request) -> Response:
        """List the pages of each theatre with real data, in each of its languages."""
        query = params.read_query(workspace, request.query_params.multi_items())
        theatres = [
            theatre for theatre in workspace.reference.theatres.values() if not theatre.synthetic
        ]
        addresses = [
            f"{base(request)}{path}?{urlencode({'theatre': theatre.slug, 'lang': language})}"
            for theatre in theatres
            for language in theatre.languages
            for path in OPEN_TO_ROBOTS
            if path != "/changes"
        ]
        body = service_xml("sitemap.xml", addresses=addresses)
        return answer(request, body, XML, etag(query, "sitemap", addresses), DAY)

    return router


def _groups(document: JsonObject, view: str) -> list[tuple[str, list[JsonObject]]]:
    """Group the operations of a description by the first words of their addresses."""
    operations = sorted(_operations(document, view), key=lambda one: (one["group"], one["path"]))
    return [
        (group, list(members)) for group, members in groupby(operations, lambda one: one["group"])
    ]


def _operations(document: JsonObject, view: str) -> Iterator[JsonObject]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method not in METHODS:
                continue
            is_plain = method == "get" and "{" not in path
            yield {
                "group": _group(path),
                "path": path,
                "method": method.upper(),
                "summary": operation.get("summary", ""),
                "description": operation.get("description", ""),
                "parameters": [_parameter(one) for one in operation.get("parameters", ())],
                "answers": sorted(operation["responses"].get("200", {}).get("content", {})),
                "example": f"{path}?{view}" if is_plain else "",
            }


def _group(path: str) -> str:
    words = path.strip("/").split("/")
    return "/" + "/".join(words[:2] if words[0] == "api" else words[:1]).partition(".")[0]


def _parameter(parameter: Mapping[str, Any]) -> JsonObject:
    schema = parameter.get("schema", {})
    allowed = schema.get("enum") or [schema.get("format") or schema.get("type", "")]
    return {
        "name": parameter["name"],
        "description": parameter.get("description", ""),
        "allowed": ", ".join(map(str, allowed)),
    }
