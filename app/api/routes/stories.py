"""Stories: sequences of Views with an editor's words, read by all, written with a token."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.api import params
from app.api.bodies import small_json
from app.api.lanes import Lane
from app.api.pages import HTML, Pages
from app.api.respond import etag, hashed_answer, json_answer
from app.api.security import requester
from app.api.writing import (
    LANGUAGE,
    base_revision,
    documented_write,
    page_spec,
    read_parameters,
    refuse_parameters,
    written,
)
from app.domain.account import Role
from app.domain.answer import JsonObject
from app.domain.errors import InputError
from app.domain.languages import LANGUAGES
from app.domain.story import LONGEST_STORY_TITLE, MOST_STEPS, NoteSide
from app.domain.view import View
from app.editing.stories import SavedStory, StoryEditor
from app.i18n import LANGUAGE_NAMES
from app.instance.tokens import allow
from app.instance.workspace import Workspace
from app.maps.page import json_block
from app.publishing.defaults import with_defaults
from app.publishing.query import Query
from app.queries.stories import (
    find_story,
    standing_stories,
    story_document,
    story_line,
    story_query,
)

TEXT: JsonObject = {"type": "string"}
NOTE: JsonObject = {
    "type": "object",
    "required": ["text", "lon", "lat"],
    "properties": {
        "text": TEXT,
        "lon": {"type": "number"},
        "lat": {"type": "number"},
        "side": {"type": "string", "enum": list(NoteSide)},
    },
}
STEP: JsonObject = {
    "type": "object",
    "required": ["title"],
    "properties": {
        "title": TEXT,
        "text": {**TEXT, "description": "Markdown"},
        "view": {**TEXT, "description": "parameters of a View, or the address of a map"},
        "notes": {"type": "array", "items": NOTE},
    },
}
STORY: JsonObject = {
    "title": TEXT,
    "lang": {"type": "string", "enum": list(LANGUAGES)},
    "steps": {"type": "array", "minItems": 1, "maxItems": MOST_STEPS, "items": STEP},
    "reason": TEXT,
}


def _body(text: str, properties: JsonObject, *needed: str) -> JsonObject:
    schema = {"type": "object", "required": list(needed), "properties": properties}
    return {
        "required": True,
        "description": text,
        "content": {"application/json": {"schema": schema}},
    }


SAVE = _body("The whole story, and why it changes.", STORY, "title", "steps", "reason")
WITHDRAW = _body("Why it is withdrawn.", {"reason": TEXT}, "reason")


@dataclass(frozen=True)
class _StoryAnswers:
    """The answers of the addresses of stories.

    `record` is the record to write; `visible` is the part that this application's reader may see.
    """

    record: Workspace
    visible: Workspace
    lane: Lane

    def every(self, request: Request) -> Response:
        """List the stories, newest change first."""
        refuse_parameters(request)
        stories = standing_stories(self.visible.store)
        return json_answer(request, {"stories": [story_line(one) for one in stories]})

    def read(self, request: Request, slug: str) -> Response:
        """Give a story with its steps, and what was corrected since each step's `as_of`."""
        own = read_parameters(request.query_params.multi_items(), LANGUAGE)
        standing = find_story(self.visible.store, slug)
        query = story_query(self.visible, standing.story, own.get("lang"), datetime.now(UTC))
        tag = etag(query, "story", slug, standing.revision)
        return json_answer(request, story_document(query, standing), tag)

    async def save(self, request: Request, slug: str) -> Response:
        """Write a new story; with `If-Match`, change the one that is at that revision."""
        editor, fields = await self._change(request)
        reason, revision = fields.pop("reason", None), base_revision(request)
        return _saved(await self.lane.run(editor.save, slug, fields, revision, reason))

    async def withdraw(self, request: Request, slug: str) -> Response:
        """Withdraw a story: nobody reads it any more; it stays in the ledger."""
        editor, fields = await self._change(request)
        reason, revision = fields.pop("reason", None), base_revision(request)
        if fields:
            raise InputError("body", ", ".join(fields)[:80], "`reason` only")
        return _saved(await self.lane.run(editor.withdraw, slug, revision, reason))

    async def _change(self, request: Request) -> tuple[StoryEditor, dict[str, object]]:
        """Read a request that changes a story, after the check of its role."""
        refuse_parameters(request)
        now = datetime.now(UTC)

        def settle(view: View) -> View:
            # For the audience of the instance: a writer's token must not choose for its readers.
            return with_defaults(Query.of(self.record, view, now)).view

        editor = StoryEditor(self.record, requester(request), now, settle)
        allow(editor.holder, Role.editor)
        return editor, await small_json(request)


def _saved(saved: SavedStory) -> Response:
    document: Mapping[str, object] = {"slug": saved.story.slug, "revision": saved.revision}
    return written(document, {"ETag": f'"{saved.revision}"'})


def routes(record: Workspace, visible: Workspace, lane: Lane) -> APIRouter:
    """Build the addresses of stories."""
    router, answers, one = APIRouter(), _StoryAnswers(record, visible, lane), "/api/stories/{slug}"
    router.get("/api/stories", openapi_extra=documented_write({}))(answers.every)
    router.get(one, openapi_extra=documented_write(LANGUAGE))(answers.read)
    router.put(one, openapi_extra=documented_write({}, SAVE))(answers.save)
    router.post(f"{one}/withdraw", openapi_extra=documented_write({}, WITHDRAW))(answers.withdraw)

    @router.get("/edit/stories", include_in_schema=False)
    def edit_page(request: Request) -> Response:
        """Give the form, which reads a story as everybody does and saves it with a token."""
        query = params.read_query(visible, request.query_params.multi_items())
        html = Pages(visible)(
            "edit_stories",
            query.view,
            query.words["stories_edit"],
            block=json_block(page_spec(query)),
            story_languages=LANGUAGE_NAMES.items(),
            longest_title=LONGEST_STORY_TITLE,
        )
        return hashed_answer(request, html, HTML)

    return router
