"""oEmbed 1.0 (oembed.com): a publishing system calls it when an editor pastes our link."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, urlencode, urlsplit
from xml.sax.saxutils import escape as escape_xml

import msgspec
from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from app.api import links, params
from app.api.lanes import Lane
from app.api.pages import without_tracking
from app.api.problems import problem
from app.api.respond import answer, etag
from app.api.writing import LANGUAGE, read_parameters
from app.domain.answer import JsonObject
from app.domain.errors import InputError, InvalidView, NotFound, NotKnown, Problem
from app.domain.terms import Audience
from app.instance.workspace import Workspace
from app.maps.embedding import EmbedOptions
from app.pictures.figures import FigureOptions, Figures
from app.publishing.publish import may_be_embedded, refuse_embedding
from app.publishing.query import Query
from app.queries.stories import find_story, read_steps, story_query

PATHS = ("/", "/embed")
STORY_PATH = re.compile(r"/story/([^/]+?)(?:/embed)?")
Pairs = Sequence[tuple[str, str]]
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
        target = _target(workspace, request, parameters.get("url", ""))
        most = _bounds(parameters)
        document = _document(figures, request, target, most)
        tag = etag(target.query, "oembed", document["html"], document["title"], most, form)
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


class _Target(NamedTuple):
    """What an address shows: a map or a story, its frame, and the figure that stands for it."""

    query: Query
    title: str
    frame: str
    """The address of the frame on this instance."""

    figure: str
    """The parameters of the figure; empty where there is none."""

    pictured: Query | None


def _target(workspace: Workspace, request: Request, url: str) -> _Target:
    """Read an address of this instance.

    Raises:
        NotFound: another site's address, another page, or parameters that fit no View.
        NotShared: no dataset of the View may be embedded.
    """
    try:
        parts = urlsplit(url)
    except ValueError as wrong:  # half of an IPv6 address
        raise NotFound(f"{url[:200]!r} is no address.") from wrong
    story = STORY_PATH.fullmatch(parts.path)
    is_ours = parts.scheme in ("http", "https") and parts.netloc == request.url.netloc
    if not is_ours or not (story or (parts.path or "/") in PATHS):
        detail = "is no map here: give url=, the address of /, /embed or a story."
        raise NotFound(f"{url[:200]!r} {detail}")
    pairs = parse_qsl(without_tracking(parts.query), keep_blank_values=True)
    try:
        if story:
            return _story(workspace, story[1], pairs)
        return _map(workspace, pairs, is_embed=parts.path == "/embed")
    except InvalidView as wrong:
        raise NotFound(f"The address shows no map: {wrong}") from wrong


def _map(workspace: Workspace, pairs: Pairs, *, is_embed: bool) -> _Target:
    """Read the View of a map, fixed at what is known now, and the choices of its frame."""
    readers = params.EMBED_READERS if is_embed else params.EMPTY
    query, own = params.read(workspace, pairs, readers)
    query = query.but(as_of=query.view.as_of or min(query.known_at or query.now, query.now))
    refuse_embedding(query)
    view, embed = query.view, EmbedOptions(**own)
    title = query.words["title"].format(theatre=query.theatre.title(view.lang))
    frame = f"/embed?{'&'.join(filter(None, [view.query(), urlencode(embed.pairs())]))}"
    return _Target(query, title, frame, view.query(), query)


def _story(workspace: Workspace, slug: str, pairs: Pairs) -> _Target:
    """Read a story; the picture of its first step that may be embedded stands for it."""
    language = read_parameters(pairs, LANGUAGE).get("lang")
    standing = find_story(workspace.store, slug)
    query = story_query(workspace, standing.story, language, datetime.now(UTC))
    own = f"?{urlencode({'lang': language})}" if language else ""
    frame = f"/story/{quote(slug)}/embed{own}"
    for step in read_steps(query, standing.story):
        if step.query is not None and may_be_embedded(step.query):
            return _Target(query, standing.story.title, frame, step.figure, step.query)
    return _Target(query, standing.story.title, frame, "", None)


def _document(
    figures: Figures, request: Request, target: _Target, most: tuple[int, int]
) -> JsonObject:
    base = links.base(request)
    width, height = (min(side, limit) for side, limit in zip(SIZE, most, strict=True))
    frame = (
        f'<iframe src="{escape(base + target.frame)}" width="{width}" height="{height}"'
        ' sandbox="allow-scripts allow-popups" loading="lazy"'
        f' title="{escape(target.title)}"></iframe>'
    )
    return {
        "type": "rich",
        "version": "1.0",
        "title": target.title,
        "provider_name": "Strikemap",
        "provider_url": f"{base}/",
        "html": frame,
        "width": width,
        "height": height,
        **_thumbnail(figures, target, base, most),
    }


def _thumbnail(figures: Figures, target: _Target, base: str, most: tuple[int, int]) -> JsonObject:
    """Link a figure within the bounds; give nothing where that size is too small to draw."""
    width, height = (min(side, limit) for side, limit in zip(THUMBNAIL, most, strict=True))
    options = FigureOptions(width=width, height=height)
    if target.pictured is None or not figures.fits(target.pictured, options):
        return {}
    size = urlencode({"width": width, "height": height})
    return {
        "thumbnail_url": f"{base}/figure.png?{target.figure}&{size}",
        "thumbnail_width": width,
        "thumbnail_height": height,
    }


def _xml(document: JsonObject) -> str:
    fields = "".join(
        f"<{name}>{escape_xml(str(value))}</{name}>" for name, value in document.items()
    )
    return f'<?xml version="1.0" encoding="utf-8" standalone="yes"?>\n<oembed>{fields}</oembed>\n'
