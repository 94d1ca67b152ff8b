"""Pages of stories: their list, and each as a page that is read from top to bottom."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.pages import HTML, PageRoute, Pages
from app.api.respond import answer, etag, unchanged
from app.api.writing import LANGUAGE, read_parameters
from app.i18n.values import day_text, number
from app.instance.workspace import Workspace
from app.maps.page import LEAFLET, json_block
from app.pages.story import StoryPage
from app.queries.stories import find_story, standing_stories, story_line, story_query


def routes(workspace: Workspace) -> APIRouter:
    """Build the pages of the stories of one instance."""
    router = APIRouter(include_in_schema=False, route_class=PageRoute)
    page = Pages(workspace)

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
        own = read_parameters(request.query_params.multi_items(), LANGUAGE)
        standing = find_story(workspace.store, slug)
        story, revision, changed_at = standing
        query = story_query(workspace, story, own.get("lang"), datetime.now(UTC))
        tag = etag(query, "story-page", slug, revision, is_embed)
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
            leaflet=LEAFLET,
            block=None if block is None else json_block(block),
        )
        return answer(request, html, HTML, tag)

    return router
