"""Pages made on the server: the frame of each page, and the page of a problem."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

from fastapi import Request
from fastapi.routing import APIRoute
from jinja2 import Environment, FileSystemLoader, pass_context
from jinja2.runtime import Context
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response
from typing_extensions import override

from app.api.problems import REFUSAL, problem_of
from app.domain.errors import StrikemapError
from app.domain.languages import direction
from app.domain.terms import Audience
from app.domain.view import View
from app.i18n import LANGUAGE_NAMES, strings
from app.i18n.values import day_text, instant_text, number
from app.instance.workspace import Workspace

HTML = "text/html; charset=utf-8"
TRACKING = frozenset(
    {"fbclid", "gclid", "gbraid", "wbraid", "msclkid", "twclid", "yclid", "ttclid"}
    | {"igsh", "igshid", "mc_cid", "mc_eid"}
)
"""Parameters that networks and newsletters add to a shared link, beside utm_*."""


def without_tracking(query: str) -> str:
    """Remove what a network added to a query string; the rest is not changed."""

    def is_ours(part: str) -> bool:
        name = unquote_plus(part.partition("=")[0]).lower()
        return name not in TRACKING and not name.startswith("utm_")

    return "&".join(filter(is_ours, query.split("&")))


def prefers_html(accept: str) -> bool:
    """Tell a browser, which names text/html, from a program that accepts anything."""
    worth = {"text/html": 0.0, "json": 0.0}
    for choice in accept.lower().split(","):
        kind, *rest = (part.strip() for part in choice.split(";"))
        weights = [part.removeprefix("q=") for part in rest if part.startswith("q=")]
        try:
            weight = float(weights[0]) if weights else 1.0
        except ValueError:
            weight = 0.0
        key = "json" if kind.endswith("json") else kind
        if key in worth:
            worth[key] = max(worth[key], weight)
    return worth["text/html"] > worth["json"]


class PageRoute(APIRoute):
    """An address of a page: it opens from a shared link, and shows a browser errors as a page."""

    @override
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Add the redirect and the page of problems to the page's own handler."""
        handle = super().get_route_handler()

        async def open_page(request: Request) -> Response:
            query = request.url.query
            if (clean := without_tracking(query)) != query:
                address = f"{request.url.path}?{clean}" if clean else request.url.path
                return RedirectResponse(address, 302, {"Cache-Control": "no-store"})
            try:
                return await handle(request)
            except StrikemapError as wrong:
                if not prefers_html(request.headers.get("accept", "")):
                    raise
                return await run_in_threadpool(problem_page, request, wrong)

        return open_page


def view_of(request: Request, workspace: Workspace) -> View:
    """Return the theatre and the language of a request, for a page around its answer."""
    words = workspace.vocabularies(workspace.state())
    theatre = request.query_params.get("theatre", "")
    theatre = theatre if theatre in words else workspace.default_theatre
    lang = request.query_params.get("lang", "")
    lang = lang if lang in words[theatre].languages else words[theatre].languages[0]
    pairs = [("theatre", theatre), ("lang", lang)]
    return View.parse(pairs, words, workspace.default_theatre, datetime.now(UTC))


def problem_page(request: Request, wrong: StrikemapError, refusal: int = REFUSAL) -> Response:
    """Show a problem document as a page, in the language of the request."""
    answer, workspace = problem_of(wrong, refusal), request.app.state.workspace
    view = view_of(request, workspace)
    title = strings(view.lang)["problem_title"]
    html = Pages(workspace)("problem", view, title, sentences=answer.sentences())
    headers = {name: answer.headers[name] for name in PAGE_HEADERS if name in answer.headers}
    return Response(html, answer.status_code, {**headers, "Vary": "Accept"}, media_type=HTML)


PAGE_HEADERS = ("Cache-Control", "Retry-After", "WWW-Authenticate")
"""Headers that the page of a problem takes over from its problem document."""


class Pages:
    """Renders pages made on the server, with title, banners and languages around each."""

    def __init__(self, workspace: Workspace) -> None:
        folder = Path(__file__).resolve().parent / "templates"
        self._templates = Environment(loader=FileSystemLoader(folder), autoescape=True)
        self._templates.filters.update(n=_number, day=_day, instant=_instant)
        self._workspace = workspace

    def __call__(self, name: str, view: View, title: str, **values: Any) -> str:
        """Render a page of a View."""
        words = strings(view.lang)
        is_private = self._workspace.audience is Audience.private
        banners = [words["private"]] if is_private else []
        banners += [words["invented_long"]] if view.synthetic else []
        return self._templates.get_template(f"{name}.html").render(
            lang=view.lang,
            direction=direction(view.lang),
            language_name=LANGUAGE_NAMES[view.lang],
            theatre=view.theatre,
            title=title,
            words=words,
            query=view.query(),
            banners=banners,
            is_private=is_private,
            invented=view.synthetic,
            languages=[
                (code, LANGUAGE_NAMES[code], f"?{view.but(lang=code).query()}")
                for code in self._workspace.reference.theatres[view.theatre].languages
                if code != view.lang
            ],
            **values,
        )


@pass_context
def _number(page: Context, value: float) -> str:
    """Write a number in the page's language."""
    return number(page["lang"], value)


@pass_context
def _day(page: Context, day: str) -> Markup:
    """Write a day for people and for machines."""
    return _time(str(day), day_text(page["lang"], day))


@pass_context
def _instant(page: Context, instant: str) -> Markup:
    """Write an instant for people and for machines."""
    return _time(instant, instant_text(page["lang"], instant))


def _time(machine: str, text: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(machine, text)
