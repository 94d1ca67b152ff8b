"""Pages of stories: their list, and each as a page that is read from top to bottom."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import links, params
from app.api.lanes import Lane
from app.api.pages import HTML, PageRoute, Pages
from app.api.respond import answer, etag, unchanged
from app.api.writing import LANGUAGE, read_parameters
from app.i18n.values import day_text, number
from app.instance.workspace import Workspace
from app.maps.page import LEAFLET, json_block
from app.pages.story import FIGURE_PX, StoryPage
from app.pictures.figures import FigureOptions, Figures
from app.publishing.query import Query
from app.queries.stories import (
    StandingStory,
    find_story,
    standing_stories,
    story_line,
    story_query,
)

STYLES = ("page.css", "story.css")
SHARP = 2
"""Scale of the pictures in a saved story: they are printed, and enlarged on a phone."""


def routes(workspace: Workspace, figures: Figures, lane: Lane, static: Path) -> APIRouter:
    """Build the pages of the stories of one instance."""
    router = APIRouter(include_in_schema=False, route_class=PageRoute)
    page = Pages(workspace)

    def opened(request: Request, slug: str) -> tuple[StandingStory, Query]:
        own = read_parameters(request.query_params.multi_items(), LANGUAGE)
        standing = find_story(workspace.store, slug)
        now = datetime.now(UTC)
        return standing, story_query(workspace, standing.story, own.get("lang"), now)

    @router.get("/stories")
    def every_story(request: Request) -> Response:
        read_parameters(request.query_params.multi_items(), LANGUAGE)
        query = params.read_query(workspace, request.query_params.multi_items())
        stories = [story_line(one) for one in standing_stories(workspace.store)]
        html = page("stories", query.view, query.words["stories"], stories=stories)
        return answer(request, html, HTML, etag(query, "stories"))

    @router.get("/story/{slug}")
    @router.get("/story/{slug}/embed")
    def story_page(request: Request, slug: str) -> Response:
        is_embed = request.url.path.endswith("/embed")
        standing, query = opened(request, slug)
        story, revision, changed_at = standing
        base = links.known_base(request) if query.is_public else ""
        tag = etag(query, "story-page", slug, revision, is_embed, base)
        if (same := unchanged(request, tag)) is not None:
            return same
        lang, content = query.view.lang, StoryPage.of(query, standing, is_embed=is_embed)
        block = content.block()
        html = page(
            "story",
            query.view,
            story.title,
            kind="story",
            title_lang=story.lang,
            story=story,
            steps=content.parts,
            changed=query.words["story_changed"].format(
                date=day_text(lang, changed_at.date()), n=number(lang, revision)
            ),
            is_embed=is_embed,
            base=base,
            leaflet=LEAFLET,
            block=None if block is None else json_block(block),
        )
        return answer(request, html, HTML, tag)

    def story_file(request: Request, slug: str) -> Response:
        """Give a story as one file that needs no service: its maps are pictures inside."""
        standing, query = opened(request, slug)
        tag = etag(query, "story-file", slug, standing.revision, links.base(request))
        if (same := unchanged(request, tag)) is not None:
            return same
        content = StoryPage.of(query, standing)
        words, day = query.words, day_text(query.view.lang, query.today)
        html = page(
            "story_saved",
            query.view,
            standing.story.title,
            story=standing.story,
            style="\n".join((static / name).read_text("utf-8") for name in STYLES),
            steps=zip(content.parts, _pictures(figures, content), strict=True),
            count=len(content.parts),
            about=words["story_file_note"].format(date=day),
            base=links.base(request) if query.is_public else "",
            private_note="" if query.is_public else words["private_file"],
        )
        headers = {"Content-Disposition": f'attachment; filename="{slug}.html"'}
        return answer(request, html, HTML, tag, headers)

    router.get("/story/{slug}/file")(lane.endpoint(story_file))
    return router


def _pictures(figures: Figures, content: StoryPage) -> Iterator[str]:
    """Draw the picture of each step as a data URL; empty where there is none."""
    width, height = FIGURE_PX
    for part, query, notes in zip(content.parts, content.queries, content.notes, strict=True):
        order = FigureOptions("png", width, height, SHARP, title=part.title, notes=notes)
        if query is None or not figures.fits(query, order):
            yield ""
        else:
            picture = base64.b64encode(figures.figure(query, order)).decode()
            yield f"data:image/png;base64,{picture}"
