"""What all addresses share that change something: their description, parameters, answers, pages."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from app.api.links import JSON
from app.api.params import Own, Reader, choice_of
from app.api.schemas import PROBLEM
from app.api.sessions import OWN_HEADER
from app.domain.answer import JsonObject
from app.domain.errors import InputError, InvalidView, Problem
from app.domain.languages import LANGUAGES
from app.domain.terms import Audience
from app.publishing.query import Query

NO_STORE = {"Cache-Control": "no-store"}
REFUSALS = ("401", "403", "404", "409", "412", "413", "422", "429", "503", "507")

REVISION = re.compile(r'(?:W/)?"?([0-9]{1,18})"?')

WriteParameters = Mapping[str, tuple[Reader, str, JsonObject]]
"""What reads a parameter, what it means, and its JSON schema, by the parameter's name."""

LANGUAGE: WriteParameters = {
    "lang": (
        choice_of(*LANGUAGES),
        "language of names; the story's own by default",
        {"type": "string", "enum": list(LANGUAGES)},
    )
}
"""The parameter of a page or a document that has no View of its own."""


def documented_write(
    parameters: WriteParameters, body: JsonObject | None = None, status: int = 200
) -> JsonObject:
    """Describe an address that changes something: its parameters, its body, its refusals."""
    described = [
        {"name": name, "in": "query", "description": text, "schema": schema}
        for name, (_read, text, schema) in parameters.items()
    ]
    answers = {str(status): {"description": "What was done", "content": {JSON: {"schema": {}}}}}
    document: JsonObject = {
        "parameters": described,
        "responses": answers | dict.fromkeys(REFUSALS, PROBLEM),
    }
    return {**document, "requestBody": body} if body else document


def read_parameters(pairs: Iterable[tuple[str, str]], parameters: WriteParameters) -> Own:
    """Read an address's own parameters; all problems are reported at once.

    Raises:
        InvalidView: naming every parameter that does not fit.
    """
    values: dict[str, object] = {}
    problems: list[Problem] = []
    for name, text in pairs:
        if name not in parameters:
            problems.append(Problem(f"query.{name}", text, ", ".join(parameters) or "none"))
        elif name in values:
            problems.append(Problem(f"query.{name}", text, "to be given once"))
        else:
            try:
                values[name] = parameters[name][0](text)
            except InputError as wrong:
                problems.append(Problem(f"query.{name}", text, wrong.problem.allowed))
    if problems:
        raise InvalidView(tuple(problems))
    return values


def refuse_parameters(request: Request) -> None:
    """Refuse a request with parameters: the address has none.

    Raises:
        InvalidView: naming every parameter.
    """
    read_parameters(request.query_params.multi_items(), {})


def base_revision(request: Request) -> int | None:
    """Read the revision that a change is based on, from `If-Match`; None without the header.

    Raises:
        InputError: the header is no revision number.
    """
    header = request.headers.get("if-match")
    if header is None:
        return None
    fits = REVISION.fullmatch(header.strip())
    if fits is None:
        raise InputError("header If-Match", header, 'one revision number, such as "17"')
    return int(fits[1])


def written(
    document: object, headers: Mapping[str, str] | None = None, status: int = 200
) -> Response:
    """Answer with JSON that no cache keeps."""
    body = msgspec.json.encode(document)
    return Response(body, status, {**NO_STORE, **(headers or {})}, media_type=JSON)


def page_spec(query: Query) -> JsonObject:
    """Gather what a page that changes something must know before its first request."""
    return {
        "lang": query.view.lang,
        "theatre": query.view.theatre,
        "query": query.view.query(),
        "strings": query.words,
        "header": OWN_HEADER,
        "isPrivate": query.workspace.audience is Audience.private,
    }
