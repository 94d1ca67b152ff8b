"""Pages for people at the addresses of OGC: what a program gets as JSON, as a page to read."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from typing_extensions import override

from app.api.pages import HTML, Pages, prefers_html, problem_page, view_of
from app.api.respond import answer
from app.domain.answer import JsonObject
from app.domain.errors import StrikemapError
from app.i18n import strings
from app.i18n.values import count_text

HTML_FORM = "html"
SHOWN = ("title", "description", "attribution", "numberMatched", "numberReturned", "timeStamp")
"""Members of a document that a page shows as lines."""

MOST_COLUMNS, MOST_LETTERS = 12, 300
PREFERRED = (
    "number",
    "start",
    "place",
    "region",
    "weapons",
    "killed",
    "injured",
    "status",
    "dataset",
)
"""The properties of incidents that a list shows; the page of one record has all."""

COLLECTION = re.compile(r"/api/collections/(?P<name>[a-z]+)(?P<items>/items)?")


class PeopleRoute(APIRoute):
    """An address of OGC that also answers with a page: for `f=html`, or for a browser."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Ask for the JSON, and write it as a page where a person asks."""
        handle = super().get_route_handler()

        async def answered(request: Request) -> Response:
            form = request.query_params.get("f")
            is_page = form == HTML_FORM or (
                form is None and prefers_html(request.headers.get("accept", ""))
            )
            if not is_page:
                return await handle(request)
            try:
                document = await handle(_for_program(request))
            except StrikemapError as wrong:
                return await run_in_threadpool(problem_page, request, wrong, refusal=400)
            if not document.headers["content-type"].partition(";")[0].endswith("json"):
                return document
            return await run_in_threadpool(_page, request, document)

        return answered


def _for_program(request: Request) -> Request:
    """Ask for the same as whole JSON: without `f`, packing and validators."""
    pairs = [pair for pair in request.query_params.multi_items() if pair != ("f", HTML_FORM)]
    headers = [
        pair
        for pair in request.headers.raw
        if pair[0] not in (b"accept-encoding", b"if-none-match")
    ]
    scope = {**request.scope, "query_string": urlencode(pairs).encode(), "headers": headers}
    return Request(scope, request.receive)


def _page(request: Request, program: Response) -> Response:
    document = json.loads(bytes(program.body))
    workspace = request.app.state.workspace
    view = view_of(request, workspace)
    features = document.get("features", [document] if "geometry" in document else [])
    path = COLLECTION.match(request.url.path)
    of_path = strings(view.lang)[f"collection_{path['name']}"] if path else request.url.path
    title = str(document.get("title") or of_path)
    html = Pages(workspace)(
        "document",
        view,
        title,
        path=request.url.path,
        facts=[(name, document[name]) for name in SHOWN if document.get(name) not in (None, "")],
        links=_links(document.get("links", [])),
        collections=[
            {**one, "links": _links(one["links"])} for one in document.get("collections", [])
        ],
        classes=document.get("conformsTo", []),
        table=_table(features, view.lang) if "features" in document else None,
        properties=_cells(document, view.lang) if "geometry" in document else None,
        schema=[
            (name, one.get("title", ""), one.get("description", ""), one.get("type", ""))
            for name, one in document.get("properties", {}).items()
        ]
        if document.get("$schema")
        else [],
    )
    tag = program.headers.get("etag")
    tag = None if tag is None else f'{tag.rstrip(chr(34))}-html"'
    return answer(request, html, HTML, tag)


def _links(references: Sequence[Mapping[str, str]]) -> list[JsonObject]:
    """Take the links that a person can follow, each address once."""
    return list(
        {
            one["href"]: {
                "href": one["href"],
                "name": one.get("title") or one["rel"].rpartition("/")[2],
                "kind": one.get("type", ""),
            }
            for one in references
            if one.get("rel") != "alternate" and "{" not in one["href"]
        }.values()
    )


def _text(value: object, lang: str) -> str:
    match value:
        case None | [] | {}:
            return "–"
        case dict() if {"low", "best", "high"} <= value.keys():
            return count_text(lang, value)
        case {"name": str(name)}:
            return name
        case list() if all(isinstance(one, str) for one in value):
            return ", ".join(value)
        case str():
            text = value
        case _:
            text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_LETTERS else text[: MOST_LETTERS - 1] + "…"


def _cells(feature: JsonObject, lang: str) -> list[tuple[str, str]]:
    return [(name, _text(value, lang)) for name, value in feature["properties"].items()]


def _table(features: Sequence[JsonObject], lang: str) -> JsonObject:
    """Write features as rows of their main properties; each leads to its own page."""
    names = list(features[0]["properties"]) if features else []
    names = [name for name in PREFERRED if name in names] if "killed" in names else names
    names = names[:MOST_COLUMNS]
    rows = [
        (str(one.get("id", "")), [_text(one["properties"].get(name), lang) for name in names])
        for one in features
    ]
    return {"names": names, "rows": rows}
