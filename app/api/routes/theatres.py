"""Theatres over HTTP: which are open, and adding one for a country."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api.bodies import small_json
from app.api.lanes import Lane
from app.api.security import requester
from app.api.writing import documented_write, refuse_parameters, written
from app.domain.account import Role
from app.domain.answer import JsonObject
from app.domain.errors import InputError
from app.domain.languages import LANGUAGES
from app.instance.new_theatre import NewTheatre, add_theatre
from app.instance.tokens import allow
from app.reference.reference import Reference
from app.reference.theatre import Theatre
from app.reference.theatre_file import read_theatre

LOG = logging.getLogger("strikemap.theatres")
TEXT: JsonObject = {"type": "string"}
FIELDS: JsonObject = {
    "slug": {**TEXT, "description": "its name in addresses, such as south-sudan"},
    "country": {**TEXT, "description": "ISO 3166-1 code, such as SD"},
    "zone": {**TEXT, "description": "time zone of its days, where the country has several"},
    "languages": {
        "type": "array",
        "items": {"type": "string", "enum": list(LANGUAGES)},
        "description": "the languages of its pages; English by default",
    },
}
NEEDED = ("slug", "country")
BODY: JsonObject = {
    "required": True,
    "description": "The theatre of a country.",
    "content": {
        "application/json": {
            "schema": {"type": "object", "required": list(NEEDED), "properties": FIELDS}
        }
    },
}


@dataclass(frozen=True)
class _Answers:
    reference: Reference
    own: Path
    lane: Lane

    def listed(self, request: Request) -> Response:
        """List the theatres that are open."""
        refuse_parameters(request)
        return written({"theatres": [_described(one) for one in self.reference.theatres.values()]})

    async def add(self, request: Request) -> Response:
        """Write the theatre of a country; the service opens it some seconds later."""
        refuse_parameters(request)
        holder = requester(request)
        allow(holder, Role.admin)
        order = _ordered(await small_json(request))
        geodata = self.reference.folder
        path = await self.lane.run(add_theatre, order, geodata, self.own)
        LOG.info("%s added the theatre %s.", holder.actor, order.slug)
        theatre = read_theatre(path, geodata)
        where = {"Location": f"/?theatre={theatre.slug}"}
        return written(_described(theatre), where, HTTPStatus.CREATED)


def _described(theatre: Theatre) -> JsonObject:
    return {
        "slug": theatre.slug,
        "name": theatre.name,
        "countries": theatre.countries,
        "zone": theatre.zone,
        "languages": theatre.languages,
    }


def _ordered(fields: JsonObject) -> NewTheatre:
    """Read what the body says.

    Raises:
        InputError: a field is unknown, missing, or no text.
    """
    for name, value in fields.items():
        if name not in FIELDS:
            raise InputError("body", name[:80], ", ".join(FIELDS))
        texts = value if name == "languages" and isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            raise InputError(name, str(value), "a list of texts" if value is texts else "a text")
    for name in NEEDED:
        if not fields.get(name):
            raise InputError(name, "nothing", FIELDS[name]["description"])
    languages = tuple(fields.get("languages") or LANGUAGES[:1])
    zone = fields.get("zone") or None
    return NewTheatre(fields["slug"], (fields["country"],), zone=zone, languages=languages)


def routes(reference: Reference, own: Path, lane: Lane) -> APIRouter:
    """Build the two addresses; `own` is the folder of the instance's own theatres."""
    router, answers = APIRouter(), _Answers(reference, own, lane)
    new = documented_write({}, BODY, status=HTTPStatus.CREATED)
    router.get("/api/theatres", openapi_extra=documented_write({}))(answers.listed)
    router.post("/api/theatres", openapi_extra=new, status_code=HTTPStatus.CREATED)(answers.add)
    return router
