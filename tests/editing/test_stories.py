"""A story is written, changed and withdrawn by revisions, and each step keeps its as-of."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.account import Holder, Role
from app.domain.errors import InputError, InvalidStory, NotAllowed, NotFound, Outdated
from app.domain.incident import Status
from app.domain.instants import rfc3339
from app.domain.revision import Action, Subject, canonical
from app.domain.store import Author, verify
from app.domain.story import (
    LONGEST_NOTE,
    LONGEST_STEP_TEXT,
    MOST_NOTES,
    MOST_STEPS,
    Note,
    NoteSide,
    Step,
    Story,
    decode_story,
)
from app.domain.terms import Audience, Terms
from app.domain.view import View
from app.editing.erasure import purge, purge_again
from app.editing.purged import purges_of
from app.editing.stories import StoryEditor
from app.instance.workspace import Workspace
from app.publishing.defaults import with_defaults
from app.publishing.query import Query
from app.queries.stories import (
    find_story,
    read_steps,
    standing_stories,
    story_document,
    story_query,
)
from app.store.copying import copy_record
from app.store.sqlite import SqliteStore
from tests.making import NOON, change, dataset, incident, write

LATER, TODAY = NOON + timedelta(days=1), NOON + timedelta(days=2)
EDITOR = Holder("Editor", Role.editor)
STEP = {"title": "One night", "text": "**Two** schools", "view": "from=2025-10-24&to=2025-10-24"}
FIELDS = {"title": "A night in Kyiv", "steps": [STEP]}
LINES = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=LONGEST_NOTE)
E7 = 10_000_000
NOTES = st.builds(
    Note,
    LINES,
    st.integers(-180 * E7, 180 * E7),
    st.integers(-90 * E7, 90 * E7),
    st.sampled_from(NoteSide),
)


@pytest.fixture
def recorded(workspace: Workspace) -> Workspace:
    """A public record of one strike in Kyiv."""
    write(workspace.store, [change(dataset()), change(incident("a"))])
    return workspace


def editor(workspace: Workspace, now: datetime = LATER, holder: Holder = EDITOR) -> StoryEditor:
    def settle(view: View) -> View:
        return with_defaults(Query.of(workspace, view, now)).view

    return StoryEditor(workspace, holder, now, settle)


def faults(workspace: Workspace, fields: Mapping[str, Any]) -> list[str]:
    """Return the places of all faults of a story."""
    with pytest.raises(InvalidStory) as refused:
        editor(workspace).save("night", fields, None, "why")
    return [problem.where for problem in refused.value.problems]


def step(**changes: Any) -> dict[str, Any]:
    return {"title": "A title", "steps": [{**STEP, **changes}]}


@given(NOTES)
def test_a_note_reads_what_it_writes(note: Note) -> None:
    assert Note.read(note.line()) == note


@given(
    st.lists(st.builds(Step, LINES, st.text(), LINES, st.lists(NOTES).map(tuple)), min_size=1),
    st.sampled_from(["en", "uk"]),
)
def test_a_story_reads_as_it_was_written(steps: list[Step], lang: str) -> None:
    story = Story(slug="a", title="t", lang=lang, theatre="ukraine", steps=tuple(steps))
    assert decode_story(canonical(story)) == story


def test_a_story_is_written_changed_and_withdrawn_by_revisions(recorded: Workspace) -> None:
    first = editor(recorded).save("night", FIELDS, None, "first draft")
    longer = {**FIELDS, "steps": [STEP, {**STEP, "title": "The day after"}]}
    second = editor(recorded, TODAY).save("night", longer, first.revision, "a second step")
    assert find_story(recorded.store, "night").story == second.story
    editor(recorded, TODAY).withdraw("night", second.revision, "wrong place")
    with pytest.raises(NotFound):
        find_story(recorded.store, "night")
    assert standing_stories(recorded.store) == []
    past = recorded.store.history(Subject.story, "night")
    assert [(one.action, one.reason, one.actor) for one in past] == [
        (Action.add, "first draft", "Editor"),
        (Action.amend, "a second step", "Editor"),
        (Action.retract, "wrong place", "Editor"),
    ]
    assert verify(recorded.store).seq == past[-1].seq
    again = editor(recorded, TODAY).save("night", FIELDS, None, "told anew")
    assert find_story(recorded.store, "night").revision == again.revision
    assert verify(recorded.store).seq == again.revision


def test_a_step_keeps_what_was_known_when_it_was_written(recorded: Workspace) -> None:
    saved = editor(recorded).save("night", FIELDS, None, "why")
    gone = incident("a", status=Status.retracted)
    write(recorded.store, [change(gone, Action.amend)], TODAY)
    write(recorded.store, [change(dataset("newer")), change(incident("b", dataset="newer"))], TODAY)
    now = TODAY + timedelta(hours=1)
    query = story_query(recorded, saved.story, None, now)
    (read,) = read_steps(query, saved.story)
    assert read.query is not None
    assert read.query.view.as_of == LATER
    assert read.query.view.datasets == ("invented",)
    (document,) = story_document(query, find_story(recorded.store, "night"))["steps"]
    assert (document["as_of"], document["corrections"]) == (rfc3339(LATER), 1)
    changed = editor(recorded, now).save("night", document_fields(saved.story), saved.revision, "x")
    assert changed.story == saved.story  # a step that is pinned stays so


def document_fields(story: Story) -> dict[str, Any]:
    steps = [{"title": one.title, "text": one.text, "view": one.view} for one in story.steps]
    return {"title": story.title, "lang": story.lang, "steps": steps}


def test_a_step_takes_the_whole_address_of_a_map(recorded: Workspace) -> None:
    address = "https://strikes.example/?from=2025-10-24&lang=uk&metric=killed#at=9/50.1/30.2"
    saved = editor(recorded).save("night", step(view=address), None, "why")
    parameters = dict(saved.story.steps[0].parameters)
    assert (parameters["from"], parameters["metric"]) == ("2025-10-24", "killed")
    assert "lang" not in parameters  # the reader chooses it


@pytest.mark.parametrize(
    ("fields", "where"),
    [
        (step(view="from=tomorrow"), "step 1, view: from"),
        (step(view="colour=red"), "step 1, view: colour"),
        (step(view="as_of=2999-01-01"), "step 1, view: as_of"),
        (step(view="region=XX-1"), "step 1, view: region"),
        (step(view="dataset=nothing"), "step 1, view: dataset"),
        (step(view=7), "step 1, view"),
        (step(text="x" * (LONGEST_STEP_TEXT + 1)), "step 1, text"),
        (step(text=None), "step 1, text"),
        (step(title=" "), "step 1, title"),
        (step(title="two\nlines"), "step 1, title"),
        (step(colour="red"), "step 1"),
        (step(notes=[{"text": "a", "lon": 181, "lat": 0}]), "step 1, note 1, lon, lat"),
        (step(notes=[{"text": "a", "lon": "x", "lat": 0}]), "step 1, note 1, lon, lat"),
        (step(notes=[{"text": "a", "lon": True, "lat": 0}]), "step 1, note 1, lon, lat"),
        (step(notes=[{"text": "", "lon": 1, "lat": 0}]), "step 1, note 1, text"),
        (step(notes=[{"text": "a", "lon": 1, "lat": 0, "side": "up"}]), "step 1, note 1, side"),
        (step(notes=[{}] * (MOST_NOTES + 1)), "step 1, notes"),
        ({**FIELDS, "steps": [STEP] * (MOST_STEPS + 1)}, "steps"),
        ({**FIELDS, "steps": []}, "steps"),
        ({**FIELDS, "steps": ["a"]}, "steps"),
        ({"steps": [STEP]}, "title"),
        ({**FIELDS, "lang": "xx"}, "lang"),
        ({**FIELDS, "colour": "red"}, "story"),
        ({**FIELDS, "steps": [STEP, {**STEP, "view": "theatre=example"}]}, "step 2, view: theatre"),
    ],
)
def test_a_fault_is_named_with_its_step(
    recorded: Workspace, fields: Mapping[str, Any], where: str
) -> None:
    head = recorded.store.head()
    assert where in faults(recorded, fields)
    assert recorded.store.head() == head


def test_all_faults_are_named_at_once(recorded: Workspace) -> None:
    wrong = {**STEP, "view": "from=x&to=y", "title": ""}
    places = ["step 2, title", "step 2, view: from", "step 2, view: to"]
    assert faults(recorded, {**FIELDS, "steps": [STEP, wrong]}) == places


@pytest.mark.parametrize("slug", ["", "A", "-a", "a b", "a/b", "п", "a" * 61])
def test_a_slug_has_its_letters(recorded: Workspace, slug: str) -> None:
    with pytest.raises(InputError, match=r"^slug"):
        editor(recorded).save(slug, FIELDS, None, "why")


def test_a_slug_in_use_and_a_late_change_are_refused(recorded: Workspace) -> None:
    saved = editor(recorded).save("night", FIELDS, None, "why")
    with pytest.raises(InputError, match="one that no story has"):
        editor(recorded).save("night", FIELDS, None, "why")
    for revision in (saved.revision - 1, saved.revision + 1):
        with pytest.raises(Outdated):
            editor(recorded).save("night", FIELDS, revision, "why")
        with pytest.raises(Outdated):
            editor(recorded).withdraw("night", revision, "why")
    with pytest.raises(Outdated, match="not written yet"):
        editor(recorded).save("day", FIELDS, saved.revision, "why")
    with pytest.raises(NotFound):
        editor(recorded).withdraw("day", None, "why")
    with pytest.raises(InputError, match=r"^reason"):
        editor(recorded).withdraw("night", saved.revision, "")


def test_a_purged_story_is_gone_from_every_file_and_from_a_record_from_before(
    recorded: Workspace, tmp_path: Path
) -> None:
    named = step(text="a name that must not survive")
    first = editor(recorded).save("night", named, None, "first draft")
    editor(recorded).save("night", named | {"title": "Again"}, first.revision, "a title")
    copy_record(tmp_path / "data" / "record.sqlite", tmp_path / "before.sqlite")
    head = purge(recorded, "story/night", "a court's order", Author("admin", TODAY))
    assert verify(recorded.store) == head
    assert standing_stories(recorded.store) == []
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    assert [path for path in files if b"must not survive" in path.read_bytes()] == []
    with pytest.raises(NotFound):
        editor(recorded).withdraw("night", None, "why")
    with pytest.raises(InputError, match="not erased before"):
        purge(recorded, "story/night", "a court's order", Author("admin", TODAY))
    with pytest.raises(NotFound):
        purge(recorded, "story/day", "a court's order", Author("admin", TODAY))
    with contextlib.closing(SqliteStore(tmp_path / "before.sqlite")) as store:
        assert len(standing_stories(store)) == 1
        assert purge_again(store, purges_of(recorded.store, TODAY), Author("admin", TODAY)) == 1
        assert standing_stories(store) == []
        verify(store)
    editor(recorded, TODAY).save("night", FIELDS, None, "without the name")
    assert find_story(recorded.store, "night").story.title == FIELDS["title"]
    verify(recorded.store)


def test_a_viewer_writes_no_story(recorded: Workspace) -> None:
    viewer = editor(recorded, holder=Holder("Viewer", Role.viewer))
    with pytest.raises(NotAllowed):
        viewer.save("night", FIELDS, None, "why")
    with pytest.raises(NotAllowed):
        viewer.withdraw("night", None, "why")


def test_of_withheld_records_no_correction_is_told_or_denied(workspace: Workspace) -> None:
    closed = dataset(licence="internal", terms=Terms())
    write(workspace.store, [change(closed), change(incident("a"))])
    editor(workspace).save("night", FIELDS, None, "why")
    write(workspace.store, [change(incident("a", status=Status.verified), Action.amend)], TODAY)
    standing = find_story(workspace.store, "night")
    query = story_query(workspace, standing.story, None, TODAY)
    assert workspace.audience is Audience.public
    (document,) = story_document(query, standing)["steps"]
    assert document["corrections"] is None


def test_a_step_whose_region_is_gone_says_so_and_the_others_are_read(recorded: Workspace) -> None:
    saved = editor(recorded).save("night", FIELDS, None, "why")
    gone = Step("Gone", "", "theatre=ukraine&region=UA-999&as_of=2026-01-01T00:00:00Z")
    story = Story(
        slug="night",
        title="t",
        lang="en",
        theatre="ukraine",
        steps=(gone, *saved.story.steps),
    )
    first, second = read_steps(story_query(recorded, story, "uk", TODAY), story)
    assert first.query is None
    assert "UA-999" in first.fault
    assert second.query is not None
    assert second.query.view.lang == "uk"
