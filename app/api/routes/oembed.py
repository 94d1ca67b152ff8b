"""oEmbed 1.0 (oembed.com): a publishing system calls it when an editor pastes our link."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from urllib.parse import parse_qsl, urlencode, urlsplit
from xml.sax.saxutils import escape as escape_xml

import msgspec
from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from app.api import params
from app.api.lanes import Lane
from app.api.pages import without_tracking
from app.api.problems import problem
from app.api.respond import answer, etag
from app.domain.answer import JsonObject
from app.domain.errors import InputError, InvalidView, NotFound, NotKnown, Problem
from app.domain.terms import Audience
from app.i18n import strings
from app.instance.workspace import Workspace
from app.maps.embedding import EmbedOptions
from app.pictures.figures import FigureOptions, Figures
from app.publishing.publish import refuse_embedding
from app.publishing.query import Query

PATHS = ("/", "/embed")
SIZE, THUMBNAIL = (800, 600), (1200, 630)
LARGEST = 10_000
OEMBED_PARAMETERS = {
    "url": ("an address of our map", {"type": "string", "format": "uri"}),
    "maxwidth": ("px", {"type": "integer", "minimum": 1, "maximum": LARGEST}),
    "maxheight": ("px", {"type": "integer", "minimum": 1, "maximum": LARGEST}),
    "format": ("json or xml", {"type": "string", "enum": ["json", "xml"]}),
}


def routes(workspace: Workspace, figures: Figures, lane: Lane) -> APIRouter:
    """Build the oEmbed provider of one instance."""
    router = APIRouter()

    @router.get("/oembed", openapi_extra=_documented(), response_class=Response)
    @lane.endpoint
    def oembed(request: Request) -> Response:
        """Describe how to embed a map: a sandboxed frame of its View, with what is known now."""
        parameters = request.query_params
        _refuse_repeated(parameters)
        form = parameters.get("format", "json")
        if form not in ("json", "xml"):  # the status is the specification's (2.3.4.4)
            detail = f"There is no format {form!r}; there are json and xml."
            return problem(501, "format", "Not implemented", detail)
        if workspace.audience is Audience.private:
            raise NotKnown("This instance is private: its maps can be embedded nowhere.")
        query, embed = _query_of(workspace, request, parameters.get("url", ""))
        most = _bounds(parameters)
        document = _document(figures, request, query, embed, most)
        tag = etag(query, "oembed", document["html"], most, form)
        if form == "xml":
            return answer(request, _xml(document), "text/xml; charset=utf-8", tag)
        return answer(request, msgspec.json.encode(document), "application/json", tag)

    return router


def _documented() -> JsonObject:
    """Describe the address: it takes no View, and ignores parameters that it does not know.

    Consumers add parameters of their own; the specification lets a provider ignore them.
    """
    parameters = [
        {"name": name, "in": "query", "description": text, "schema": schema}
        for name, (text, schema) in OEMBED_PARAMETERS.items()
    ]
    parameters[0]["required"] = True
    answers = {
        "200": {"description": "How to embed it"},
        **{status: {"description": text} for status, text in OEMBED_REFUSALS.items()},
    }
    return {"parameters": parameters, "responses": answers}


OEMBED_REFUSALS = {
    "304": "Not changed since the given ETag",
    "401": "A private instance",
    "403": "The terms allow no embedding",
    "404": "Not an address of ours",
    "422": "A size that does not fit, or a parameter given twice",
    "501": "Another format",
}


def _refuse_repeated(parameters: QueryParams) -> None:
    """Refuse a parameter of the specification that is given twice.

    Raises:
        InvalidView: naming each of them.
    """
    faults = [
        Problem(f"query.{name}", ", ".join(texts), "to be given once")
        for name in OEMBED_PARAMETERS
        if len(texts := parameters.getlist(name)) > 1
    ]
    if faults:
        raise InvalidView(tuple(faults))


def _bounds(parameters: Mapping[str, str]) -> tuple[int, int]:
    sides = []
    for name, default in (("maxwidth", LARGEST), ("maxheight", LARGEST)):
        try:
            sides.append(params.whole_number(1, LARGEST)(parameters.get(name, str(default))))
        except InputError as wrong:
            allowed = wrong.problem.allowed
            raise InvalidView((Problem(f"query.{name}", parameters[name], allowed),)) from wrong
    return sides[0], sides[1]


def _query_of(workspace: Workspace, request: Request, url: str) -> tuple[Query, EmbedOptions]:
    """Read the View of an address of this instance, fixed at what is known now, and its frame.

    Raises:
        NotFound: another site's address, another page, or parameters that fit no View.
        NotShared: no dataset of the View may be embedded.
    """
    try:
        parts = urlsplit(url)
    except ValueError as wrong:  # half of an IPv6 address
        raise NotFound(f"{url[:200]!r} is no address.") from wrong
    is_ours = parts.scheme in ("http", "https") and parts.netloc == request.url.netloc
    if not is_ours or (parts.path or "/") not in PATHS:
        raise NotFound(f"{url[:200]!r} is no map here: give url=, the address of / or /embed.")
    pairs = parse_qsl(without_tracking(parts.query), keep_blank_values=True)
    try:
        readers = params.EMBED_READERS if parts.path == "/embed" else params.EMPTY
        query, own = params.read(workspace, pairs, readers)
    except InvalidView as wrong:
        raise NotFound(f"The address shows no map: {wrong}") from wrong
    known_at = workspace.store.head().recorded_at or query.now
    as_of = query.view.as_of or min(known_at, query.now)
    pinned = query.but(as_of=as_of)
    refuse_embedding(pinned)
    return pinned, EmbedOptions(**own)


def _document(
    figures: Figures, request: Request, query: Query, embed: EmbedOptions, most: tuple[int, int]
) -> JsonObject:
    view, base = query.view, str(request.base_url).rstrip("/")
    words = strings(view.lang)
    title = words["title"].format(theatre=query.theatre.title(view.lang))
    width, height = (min(side, limit) for side, limit in zip(SIZE, most, strict=True))
    address = f"{base}/embed?{'&'.join(filter(None, [view.query(), urlencode(embed.pairs())]))}"
    frame = (
        f'<iframe src="{escape(address)}" width="{width}" height="{height}"'
        ' sandbox="allow-scripts allow-popups" loading="lazy"'
        f' title="{escape(title)}"></iframe>'
    )
    return {
        "type": "rich",
        "version": "1.0",
        "title": title,
        "provider_name": "Strikemap",
        "provider_url": f"{base}/",
        "html": frame,
        "width": width,
        "height": height,
        **_thumbnail(figures, query, base, most),
    }


def _thumbnail(figures: Figures, query: Query, base: str, most: tuple[int, int]) -> JsonObject:
    """Link a figure within the bounds; give nothing where that size is too small to draw."""
    width, height = (min(side, limit) for side, limit in zip(THUMBNAIL, most, strict=True))
    if not figures.fits(query, FigureOptions(width=width, height=height)):
        return {}
    size = urlencode({"width": width, "height": height})
    return {
        "thumbnail_url": f"{base}/figure.png?{query.view.query()}&{size}",
        "thumbnail_width": width,
        "thumbnail_height": height,
    }


def _xml(document: JsonObject) -> str:
    fields = "".join(
        f"<{name}>{escape_xml(str(value))}</{name}>" for name, value in document.items()
    )
    return f'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<oembed>{fields}</oembed>\n'
