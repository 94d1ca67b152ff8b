"""The stories that the record holds, each as it stands now, and their steps as a reader may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from app.domain.answer import JsonObject
from app.domain.errors import InvalidView, NotFound
from app.domain.instants import rfc3339
from app.domain.revision import Action, Revision, Subject
from app.domain.store import Store
from app.domain.story import Note, Step, Story, decode_story
from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.query import Query
from app.queries.changes import corrections_since


class StandingStory(NamedTuple):
    """A story that was not withdrawn, with its newest revision."""

    story: Story
    revision: int
    changed_at: datetime


class ReadStep(NamedTuple):
    """A step as a reader may see it: the query goes through the reader's audience as any other.

    Without a query, `fault` says why the View can no longer be read.
    """

    step: Step
    query: Query | None
    fault: str = ""

    @property
    def figure(self) -> str:
        """The parameters of the step's picture; empty without a query."""
        if self.query is None:
            return ""
        own = {"title": self.step.title, "notes": "\n".join(map(Note.line, self.step.notes))}
        own = {name: text for name, text in own.items() if text}
        return f"{self.query.view.query()}&{urlencode(own)}"


def standing_stories(store: Store) -> list[StandingStory]:
    """List the stories, newest change first."""
    return sorted(_standing(store.latest(Subject.story)), key=lambda one: -one.revision)


def find_story(store: Store, slug: str) -> StandingStory:
    """Find a story by its slug.

    Raises:
        NotFound: there is none, or it was withdrawn.
    """
    for standing in _standing(store.history(Subject.story, slug)[-1:]):
        return standing
    raise NotFound(f"There is no story {slug[:60]!r}.")


def _standing(revisions: Iterable[Revision]) -> Iterator[StandingStory]:
    for one in revisions:
        if one.action is not Action.retract and one.payload is not None:
            yield StandingStory(decode_story(one.payload), one.seq, one.recorded_at)


def story_query(workspace: Workspace, story: Story, language: str | None, now: datetime) -> Query:
    """Return the plain View of a story's theatre, in a reader's language or the story's own.

    Raises:
        NotFound: the theatre is not open any more.
    """
    theatre = workspace.reference.theatres.get(story.theatre)
    if theatre is None:
        raise NotFound(f"The theatre {story.theatre!r} of this story is not open here.")
    lang = language or story.lang
    view = View(theatre=story.theatre, lang=lang, synthetic=theatre.synthetic)
    return Query.of(workspace, view, now)


def read_steps(query: Query, story: Story) -> list[ReadStep]:
    """Read the Views of a story, all of one state of the record and in one language."""
    vocabularies = query.workspace.vocabularies(query.state)

    def read(step: Step) -> ReadStep:
        pairs = [*step.parameters, ("lang", query.view.lang)]
        try:
            view = View.parse(pairs, vocabularies, story.theatre, query.now)
        except InvalidView as wrong:
            return ReadStep(step, None, str(wrong))
        return ReadStep(step, query.of_view(view))

    return [read(step) for step in story.steps]


def story_line(standing: StandingStory) -> JsonObject:
    """Describe a story in one object, without its steps."""
    story, revision, changed_at = standing
    return {
        "slug": story.slug,
        "title": story.title,
        "lang": story.lang,
        "theatre": story.theatre,
        "step_count": len(story.steps),
        "revision": revision,
        "changed_at": rfc3339(changed_at),
    }


def story_document(query: Query, standing: StandingStory) -> JsonObject:
    """Write a whole story, with what was corrected in each step's View since its as-of."""
    steps = [_step_document(one) for one in read_steps(query, standing.story)]
    return {**story_line(standing), "steps": steps}


def _step_document(read: ReadStep) -> JsonObject:
    step, query, fault = read
    notes = [
        {"text": note.text, "lon": note.point.lon, "lat": note.point.lat, "side": note.side}
        for note in step.notes
    ]
    document = {"title": step.title, "text": step.text, "view": step.view, "notes": notes}
    if query is None or query.view.as_of is None:
        return {**document, "fault": fault}
    since = query.view.as_of
    return {
        **document,
        "as_of": rfc3339(since),
        "corrections": corrections_since(query, since),
        "map": f"/?{query.view.query()}",
        "figure": f"/figure.png?{read.figure}",
    }
