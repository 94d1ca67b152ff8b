"""Errors as RFC 9457 problem documents: one table gives every error its status."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence

import msgspec
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Mount
from starlette.types import Scope

from app.api.logs import REQUEST_ID_HEADER
from app.domain import errors
from app.domain.answer import JsonObject
from app.domain.tracing import REQUEST_ID

LOG = logging.getLogger("strikemap.api")
MEDIA_TYPE = "application/problem+json"
RETRY_AFTER_S = "30"
READING = ("GET", "HEAD")
METHODS = (*READING, "POST", "PUT", "PATCH", "DELETE")
METHOD_NOT_ALLOWED = 405
REFUSAL, OGC_REFUSAL = 422, 400
"""The status of input that does not fit: ours, and that of OGC 17-069r4 (7.5.1)."""

MOST_FAULTS = 20
"""Problems that one answer lists; the rest are only counted."""

ALLOWED_BY_CHECK = {
    "missing": "to be given",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of sensible length",
    "float_parsing": "a number",
    "bool_parsing": "true or false",
    "date_from_datetime_parsing": "a day as YYYY-MM-DD",
}
"""What is allowed where one of the framework's checks fails, in our words."""

STATUS: dict[type[Exception], tuple[int, str, str]] = {
    errors.TooLarge: (413, "too-large", "Too large"),
    errors.UnknownFormat: (422, "unknown-format", "No format has this"),
    errors.NeedsMapping: (422, "needs-mapping", "A mapping is needed"),
    errors.OtherTheatre: (422, "other-theatre", "The points lie elsewhere"),
    errors.WrongMedia: (415, "media-type", "Another media type is needed"),
    errors.InvalidView: (422, "invalid-parameters", "Parameters do not fit"),
    errors.InputError: (422, "invalid-input", "Input does not fit"),
    errors.NotFound: (404, "not-found", "Not found"),
    errors.NotShared: (403, "not-shared", "Withheld by the dataset's terms"),
    errors.NotKnown: (401, "not-known", "A token is needed"),
    errors.ProviderAway: (503, "provider-away", "The identity provider does not answer"),
    errors.NotAllowed: (403, "not-allowed", "Not allowed"),
    errors.DoneBefore: (409, "done-before", "Done before"),
    errors.Outdated: (412, "outdated", "Somebody was faster"),
    errors.TooMany: (429, "too-many", "Too many requests"),
    errors.CannotSign: (503, "cannot-sign", "Figures cannot be signed"),
    errors.Busy: (503, "busy", "Too much at once"),
    errors.ClockBehind: (409, "clock", "The clock is behind the record"),
    errors.StoreBusy: (503, "busy", "The record is busy"),
    errors.StoreAway: (503, "away", "The record does not answer"),
    errors.DamagedRecord: (503, "damaged", "The record is damaged"),
    errors.StoreFull: (507, "disk-full", "No room on the disk"),
    errors.StoreError: (500, "store", "The record is at fault"),
}


def problem(
    status: int, slug: str, title: str, detail: str, faults: Sequence[errors.Problem] = ()
) -> ProblemAnswer:
    """Write a problem document; `faults` lists what was wrong where."""
    more = max(len(faults) - MOST_FAULTS, 0)
    if more:
        detail = f"{detail} {more:,} more problems are not listed."
    body: JsonObject = {
        "type": f"/problems/{slug}",
        "title": title,
        "status": status,
        "detail": detail,
        "errors": [one.cut()._asdict() for one in faults[:MOST_FAULTS]],
    }
    return ProblemAnswer(body)


class ProblemAnswer(Response):
    """An answer that is a problem document, and the document itself."""

    def __init__(self, document: JsonObject) -> None:
        self.document = document
        headers = {"Cache-Control": "no-store"}
        body = msgspec.json.encode(document)
        super().__init__(body, document["status"], headers, media_type=MEDIA_TYPE)

    def sentences(self) -> list[str]:
        """Write one sentence for each problem."""
        sentences = [errors.Problem(**one).sentence() for one in self.document["errors"]]
        if len(sentences) < MOST_FAULTS:
            return sentences or [self.document["detail"]]
        more = self.document["detail"].removeprefix(sentences[0]).strip()
        return [*sentences, more] if more else sentences


def problem_of(error: errors.StrikemapError, refusal: int = REFUSAL) -> ProblemAnswer:
    """Turn one of our errors into its problem document; `refusal` is the status of bad input."""
    row = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    status, slug, title = row
    status = refusal if status == REFUSAL else status
    faults = error.problems if isinstance(error, errors.InputError) else ()
    if status >= 500:  # noqa: PLR2004
        LOG.error("answered %s: %s", status, error)
    answer = problem(status, slug, title, str(error), faults)
    if isinstance(error, errors.OtherTheatre):
        where = {"theatre": error.theatre, "country": error.country, "zones": error.zones}
        advice = {name: value for name, value in where.items() if value}
        answer = ProblemAnswer({**answer.document, "advice": advice})
    if status == 503:  # noqa: PLR2004
        answer.headers["Retry-After"] = RETRY_AFTER_S
    if isinstance(error, errors.TooMany):
        answer.headers["Retry-After"] = str(error.wait_s)
    if isinstance(error, errors.NotKnown):
        answer.headers["WWW-Authenticate"] = 'Bearer realm="strikemap"'
    return answer


def _of_framework(fault: JsonObject) -> errors.Problem:
    allowed = str(ALLOWED_BY_CHECK.get(fault["type"], fault["msg"]))
    return errors.Problem(".".join(map(str, fault["loc"])), str(fault.get("input", "")), allowed)


def takes(scope: Scope, method: str) -> bool:
    """Tell whether the application has an address of this path that takes the method.

    What is mounted (tiles, the page's files) is not asked: it refuses methods by itself.
    """
    probe = {**scope, "method": method}
    routes = (route for route in scope["app"].routes if not isinstance(route, Mount))
    return any(route.matches(probe)[0] is Match.FULL for route in routes)


def _methods(request: Request) -> list[str]:
    """List the methods that an address takes; the routes of a group say it one at a time."""
    scope = {**request.scope, "root_path": request.scope.get("app_root_path", "")}

    def is_taken_by(route: BaseRoute, method: str) -> bool:
        if isinstance(route, Mount) and method not in READING:
            return False  # tiles and files are only read
        return route.matches({**scope, "method": method})[0] is Match.FULL

    methods = [
        one for one in METHODS if any(is_taken_by(route, one) for route in request.app.routes)
    ]
    reading = ["HEAD"] if "GET" in methods and "HEAD" not in methods else []
    return [*methods, *reading, "OPTIONS"] if methods else []


def _posted_media(request: Request) -> dict[str, str]:
    """Say which media types a POST to this address takes, as its description does."""
    for path, operations in request.app.openapi()["paths"].items():
        pattern = re.sub(r"\{\w+\}", "[^/]+", path)
        if "post" in operations and re.fullmatch(pattern, request.url.path):
            content = operations["post"].get("requestBody", {}).get("content", {})
            return {"Accept-Post": ", ".join(content)} if content else {}
    return {}


def _refusal(request: Request) -> int:
    """Return the status of bad input at an address: an address of OGC describes a 400."""
    described = getattr(request.scope.get("route"), "responses", {})
    return OGC_REFUSAL if OGC_REFUSAL in described else REFUSAL


async def _http(request: Request, error: HTTPException) -> Response:
    methods = _methods(request) if error.status_code == METHOD_NOT_ALLOWED else ()
    allow = {"Allow": ", ".join(methods)} if methods else {}
    if methods and request.method == "OPTIONS":
        posted = _posted_media(request) if "POST" in methods else {}
        return Response(None, 204, {**allow, **posted, "Cache-Control": "no-store"})
    slug = "not-found" if error.status_code == 404 else "refused"  # noqa: PLR2004
    detail = f"{request.method} {request.url.path}: {error.detail}."
    answer = problem(error.status_code, slug, str(error.detail), detail)
    for name, value in {**(error.headers or {}), **allow}.items():
        answer.headers[name] = value
    return answer


def install(app: FastAPI) -> None:
    """Answer every error, ours or not, with a problem document; never a traceback."""

    @app.exception_handler(errors.StrikemapError)
    async def ours(request: Request, error: errors.StrikemapError) -> Response:
        answer = problem_of(error, _refusal(request))
        if isinstance(error, errors.WrongMedia):
            answer.headers.update(_posted_media(request))
        return answer

    @app.exception_handler(RequestValidationError)
    async def framework(request: Request, error: RequestValidationError) -> Response:
        faults = [_of_framework(one) for one in error.errors()]
        _, slug, title = STATUS[errors.InvalidView]
        return problem(_refusal(request), slug, title, faults[0].sentence(), faults)

    app.exception_handler(HTTPException)(_http)

    @app.exception_handler(OSError)
    async def disk(request: Request, error: OSError) -> Response:
        if error.errno not in errors.NO_SPACE:
            return await unexpected(request, error)
        return problem_of(errors.StoreFull(f"The disk cannot take this: {error.strerror}."))

    @app.exception_handler(Exception)
    async def unexpected(request: Request, error: Exception) -> Response:
        LOG.error("unexpected error at %s", request.url.path, exc_info=error)
        detail = "The fault is ours; it was logged."
        answer = problem(500, "unexpected", "Something went wrong here", detail)
        answer.headers[REQUEST_ID_HEADER] = REQUEST_ID.get()  # sent from outside all middleware
        return answer
