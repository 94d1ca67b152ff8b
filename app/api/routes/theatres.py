"""Theatres over HTTP: which are open, adding one for a country, and what one opens on."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus

import msgspec
from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.bodies import small_json
from app.api.lanes import Lane
from app.api.pages import HTML, Pages
from app.api.respond import hashed_answer
from app.api.security import requester
from app.api.writing import documented_write, page_spec, refuse_parameters, written
from app.domain.answer import JsonObject
from app.domain.errors import InputError, InvalidTheatre
from app.domain.instants import parse_day
from app.domain.languages import LANGUAGES
from app.domain.store import Author
from app.i18n import LANGUAGE_NAMES, strings
from app.instance.new_theatre import NewTheatre, add_theatre, preview_of
from app.instance.opening import set_opening
from app.instance.tokens import allow_everything
from app.instance.workspace import Workspace
from app.maps.page import json_block
from app.reference.opening import Opening
from app.reference.theatre import WORLD_REGIONS, Theatre
from app.reference.theatre_file import countries_with_regions

WHY = "it changes what everybody opens"
TEXT: JsonObject = {"type": "string"}
DAY: JsonObject = {"type": "string", "format": "date"}
OF_LANGUAGES: JsonObject = {"type": "array", "items": {"type": "string", "enum": list(LANGUAGES)}}
FIELDS: JsonObject = {
    "slug": {**TEXT, "description": "its name in addresses, such as south-sudan"},
    "country": {**TEXT, "description": "ISO 3166-1 code, such as SD"},
    "zone": {**TEXT, "description": "time zone of its days, where the country has several"},
    "languages": {**OF_LANGUAGES, "description": "the languages of its pages; English by default"},
}
NEEDED = ("slug", "country")
OPENS_ON: JsonObject = {
    "datasets": {"type": "array", "items": TEXT, "description": "slugs of datasets of incidents"},
    "control": {**TEXT, "description": "slug of a control source"},
    "from": {**DAY, "description": "first day, with datasets"},
    "to": {**DAY, "description": "last day, included"},
    "languages": {**OF_LANGUAGES, "description": "the languages of its pages, the first one first"},
}


def _body(text: str, fields: JsonObject, needed: tuple[str, ...] = ()) -> JsonObject:
    schema = {"type": "object", "properties": fields} | ({"required": needed} if needed else {})
    content = {"application/json": {"schema": schema}}
    return {"required": True, "description": text, "content": content}


@dataclass(frozen=True)
class _Answers:
    record: Workspace
    visible: Workspace
    lane: Lane

    def listed(self, request: Request) -> Response:
        """List the theatres that are open, with what each may open on and what it opens on."""
        refuse_parameters(request)
        theatres = self.visible.reference.theatres.values()
        return written({"theatres": [self._described(theatre) for theatre in theatres]})

    async def add(self, request: Request) -> Response:
        """Record the theatre of a country; every node opens it some seconds later."""
        order, author = _ordered(await self._body(request, FIELDS)), _author(request)
        theatre = await self.lane.run(add_theatre, order, self.record, author)
        where = {"Location": f"/?theatre={theatre.slug}"}
        return written(_facts(theatre), where, HTTPStatus.CREATED)

    async def set(self, request: Request, slug: str) -> Response:
        """Set what a theatre opens on; a field that is left out is what its file says."""
        opening = _opening(await self._body(request, OPENS_ON))
        revision = await self.lane.run(set_opening, self.record, slug, opening, _author(request))
        return written({"slug": slug, "opening": _written(opening), "revision": revision})

    async def _body(self, request: Request, fields: JsonObject) -> JsonObject:
        refuse_parameters(request)
        allow_everything(requester(request), WHY)
        body = await small_json(request)
        for name in body:
            if name not in fields:
                raise InputError("body", name[:80], ", ".join(fields))
        return body

    async def country(self, request: Request, code: str) -> Response:
        """Preview what the theatre of a country would be, from the world's reference data."""
        refuse_parameters(request)
        allow_everything(requester(request), WHY)
        preview = await self.lane.run(preview_of, code, self.record)
        return written(msgspec.to_builtins(preview))

    def _described(self, theatre: Theatre) -> JsonObject:
        words = self.visible.vocabularies(self.visible.state())[theatre.slug]
        try:
            opening = self.visible.reference.opening(theatre.slug)
        except InvalidTheatre:  # /method names the fault; it opens as its file says
            opening = Opening()
        return {
            **_facts(theatre),
            "datasets": sorted(words.datasets),
            "controls": sorted(words.controls),
            "opening": _written(opening),
        }


def _facts(theatre: Theatre) -> JsonObject:
    return {
        "slug": theatre.slug,
        "name": theatre.name,
        "countries": theatre.countries,
        "zone": theatre.zone,
        "languages": theatre.languages,
    }


def _written(opening: Opening) -> JsonObject:
    first, last = opening.period or (None, None)
    return {
        "datasets": opening.datasets,
        "control": opening.control,
        "from": first,
        "to": last,
        "languages": opening.languages,
    }


def _author(request: Request) -> Author:
    return Author(requester(request).actor, datetime.now(UTC))


def _ordered(fields: JsonObject) -> NewTheatre:
    """Read what the body says of a new theatre.

    Raises:
        InputError: a field is missing, or no text.
    """
    for name in NEEDED:
        if not fields.get(name):
            raise InputError(name, "nothing", FIELDS[name]["description"])
    slug, country, zone = (_text(fields, name) for name in ("slug", "country", "zone"))
    languages = _texts(fields, "languages") or LANGUAGES[:1]
    return NewTheatre(slug, (country,), zone=zone or None, languages=languages)


def _opening(fields: JsonObject) -> Opening:
    """Read what the body says that a theatre opens on.

    Raises:
        InputError: a field is no text or no day, or there is one day of two.
    """
    first, last = _text(fields, "from"), _text(fields, "to")
    if bool(first) != bool(last):
        raise InputError("from and to", first or last, "both days, or none")
    period: tuple[date, date] | None = (parse_day(first), parse_day(last)) if first else None
    datasets, languages = _texts(fields, "datasets"), _texts(fields, "languages")
    return Opening(datasets, _text(fields, "control"), period, languages)


def _text(fields: JsonObject, name: str) -> str:
    text = fields.get(name)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise InputError(name, str(text), "a text")
    return text.strip()


def _texts(fields: JsonObject, name: str) -> tuple[str, ...]:
    texts = fields.get(name) or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise InputError(name, str(texts), "a list of texts")
    return tuple(dict.fromkeys(texts))


def _countries(workspace: Workspace, lang: str) -> list[tuple[str, str, str, str]]:
    """List the countries by their names: code, name, English name, and the theatre that has it."""
    reference = workspace.reference
    theatres = {code: slug for slug, one in reference.theatres.items() for code in one.countries}
    names = reference.countries.names
    return [
        (code, names[code][lang], names[code][LANGUAGES[0]], theatres.get(code, ""))
        for code in countries_with_regions(reference.folder / WORLD_REGIONS.file)
    ]


def routes(record: Workspace, visible: Workspace, lane: Lane) -> APIRouter:
    """Build the addresses of theatres and of countries, and their page."""
    router, page = APIRouter(), Pages(visible)
    answers = _Answers(record, visible, lane)
    new = _body("The theatre of a country.", FIELDS, NEEDED)
    opens = _body("What it opens on.", OPENS_ON)
    created = documented_write({}, new, status=HTTPStatus.CREATED)
    router.get("/api/theatres", openapi_extra=documented_write({}))(answers.listed)
    router.post("/api/theatres", openapi_extra=created, status_code=HTTPStatus.CREATED)(answers.add)
    router.put("/api/theatres/{slug}/opening", openapi_extra=documented_write({}, opens))(
        answers.set
    )
    router.get("/api/countries/{code}", openapi_extra=documented_write({}))(answers.country)

    @router.get("/theatres", include_in_schema=False)
    def theatres_page(request: Request) -> Response:
        """Give the page on which an admin adds a country and sets what a theatre opens on."""
        query = params.read_query(visible, request.query_params.multi_items())
        lang = query.view.lang
        block = json_block(
            {
                **page_spec(query),
                "countries": _countries(visible, lang),
                "languages": [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
            }
        )
        title = strings(lang)["theatres_title"]
        return hashed_answer(request, page("theatres", query.view, title, block=block), HTML)

    return router
