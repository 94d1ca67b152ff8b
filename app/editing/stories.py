"""Writing stories: each change is a revision with a reason and a name; each step has an as-of."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from app.domain.account import Holder, Role
from app.domain.errors import (
    InputError,
    InvalidStory,
    InvalidView,
    NotFound,
    Outdated,
    Problem,
    StoreBusy,
)
from app.domain.languages import LANGUAGES
from app.domain.purges import UnlessPurged
from app.domain.revision import Action, Change, Revision, Subject, canonical, checked_reason
from app.domain.store import Entry
from app.domain.story import (
    LONGEST_STEP_TEXT,
    LONGEST_STORY_TITLE,
    MOST_NOTES,
    MOST_STEPS,
    Note,
    NoteSide,
    Step,
    Story,
    decode_story,
)
from app.domain.view import View
from app.instance.tokens import allow
from app.instance.workspace import Workspace

STORY_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
LONGEST_VIEW = 2_000
STORY_FIELDS = ("title", "lang", "steps")
STEP_FIELDS = ("title", "text", "view", "notes")
NOTE_FIELDS = ("text", "lon", "lat", "side")


class SavedStory(NamedTuple):
    """A story as it was written, with its revision."""

    story: Story
    revision: int


@dataclass(frozen=True)
class StoryEditor:
    """One holder who writes stories, at one time.

    `settle` fills in what a View does not say: a later import must not change what a step shows.
    """

    workspace: Workspace
    holder: Holder
    now: datetime
    settle: Callable[[View], View]
    _unless_purged: UnlessPurged = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_unless_purged", UnlessPurged(self.workspace.store))

    def save(
        self, slug: str, fields: Mapping[str, object], revision: int | None, reason: object
    ) -> SavedStory:
        """Write a new story, or change the one that is at a revision.

        A step without an `as_of` is pinned to now: what it shows then stays the same.

        Raises:
            InvalidStory: it names every fault, with its step.
            InputError: a slug that is in use or does not fit, or no reason.
            Outdated: somebody changed it since that revision; nothing was written.
            NotAllowed: the role is too small.
        """
        allow(self.holder, Role.editor)
        if not STORY_SLUG.fullmatch(slug):
            allowed = "lower-case letters, digits and hyphens, at most 60, a letter or digit first"
            raise InputError("slug", slug, allowed)
        newest = self._newest(slug)
        is_free = newest is None or newest.action is Action.retract or newest.payload is None
        if revision is None and not is_free:
            allowed = "one that no story has; to change that story, send its revision in If-Match"
            raise InputError("slug", slug, allowed)
        story = _StoryReader(self).story(slug, fields)
        action = Action.add if newest is None else Action.amend
        return self._write(story, action, newest, revision, reason)

    def withdraw(self, slug: str, revision: int | None, reason: object) -> SavedStory:
        """Withdraw a story: nobody reads it any more; it stays in the ledger.

        Raises:
            NotFound: there is none of this slug, or it was withdrawn.
            Outdated: somebody changed it since that revision.
        """
        allow(self.holder, Role.editor)
        newest = self._newest(slug)
        if newest is None or newest.action is Action.retract or newest.payload is None:
            raise NotFound(f"There is no story {slug[:60]!r}.")
        return self._write(decode_story(newest.payload), Action.retract, newest, revision, reason)

    def _newest(self, slug: str) -> Revision | None:
        past = self.workspace.store.history(Subject.story, slug)
        return past[-1] if past else None

    def _write(
        self,
        story: Story,
        action: Action,
        newest: Revision | None,
        revision: int | None,
        reason: object,
    ) -> SavedStory:
        text = checked_reason(reason)
        standing = None if newest is None else newest.seq
        if revision is not None and revision != standing:
            raise _outdated(standing, revision)
        change = Change(Subject.story, story.slug, action, canonical(story), standing)
        try:
            entry = Entry(self.now, self.holder.actor, text)
            head = self.workspace.store.write(self._unless_purged([change]), entry, {})
        except StoreBusy as wrong:
            later = self._newest(story.slug)
            if later is not None and later.seq != standing:
                raise _outdated(later.seq, standing) from wrong
            raise
        self.workspace.index.after_write()
        return SavedStory(story, head.seq)


def _outdated(newest: int | None, meant: int | None) -> Outdated:
    where = "not written yet" if newest is None else f"at revision {newest}"
    at = "unwritten" if meant is None else f"at {meant}"
    return Outdated(f"The story is {where}, not {at}: somebody was faster; read it anew.")


@dataclass
class _StoryReader:
    """Reads a story as somebody sent it, and collects its faults: all are reported at once."""

    editor: StoryEditor
    theatre: str = ""
    problems: list[Problem] = field(default_factory=list)

    def story(self, slug: str, fields: Mapping[str, object]) -> Story:
        """Read a whole story.

        Raises:
            InvalidStory: it has a fault.
        """
        self._names("story", fields, STORY_FIELDS)
        title = self._line("title", fields.get("title"), LONGEST_STORY_TITLE)
        lang = fields.get("lang", LANGUAGES[0])
        if lang not in LANGUAGES:
            self._wrong("lang", lang, ", ".join(LANGUAGES))
        parts = self._objects("steps", fields.get("steps"), MOST_STEPS, "steps")
        if not parts:
            self._wrong("steps", "none", f"1 to {MOST_STEPS} steps")
        steps = tuple(self._step(f"step {n}", part) for n, part in enumerate(parts, 1))
        if self.problems:
            raise InvalidStory(tuple(self.problems))
        return Story(slug=slug, title=title, lang=str(lang), theatre=self.theatre, steps=steps)

    def _step(self, where: str, part: Mapping[str, object]) -> Step:
        self._names(where, part, STEP_FIELDS)
        title = self._line(f"{where}, title", part.get("title"), LONGEST_STORY_TITLE)
        text = self._text(f"{where}, text", part.get("text", ""), LONGEST_STEP_TEXT)
        view = self._view(where, part.get("view", ""))
        parts = self._objects(f"{where}, notes", part.get("notes", []), MOST_NOTES, "notes")
        notes = [self._note(f"{where}, note {n}", note) for n, note in enumerate(parts, 1)]
        return Step(title, text, view, tuple(note for note in notes if note is not None))

    def _view(self, where: str, address: object) -> str:
        """Read a View from its parameters or a map's whole address, and write it for a step."""
        text = self._line(f"{where}, view", address, LONGEST_VIEW, is_needed=False)
        pairs = parse_qsl(text.partition("#")[0].rpartition("?")[2], keep_blank_values=True)
        workspace = self.editor.workspace
        words, now = workspace.vocabularies(workspace.state()), self.editor.now
        try:
            view = View.parse(pairs, words, workspace.default_theatre, now)
        except InvalidView as wrong:
            for problem in wrong.problems:
                name = problem.where.removeprefix("query.")
                self._wrong(f"{where}, view: {name}", problem.got, problem.allowed)
            return ""
        self.theatre = self.theatre or view.theatre
        if view.theatre != self.theatre:
            allowed = f"{self.theatre}: a story has one theatre"
            self._wrong(f"{where}, view: theatre", view.theatre, allowed)
        settled = self.editor.settle(view.but(as_of=view.as_of or now))
        # The reader chooses the language.
        return urlencode([pair for pair in settled.pairs() if pair[0] != "lang"], safe=",:")

    def _note(self, where: str, part: Mapping[str, object]) -> Note | None:
        self._names(where, part, NOTE_FIELDS)
        values = {name: part.get(name) for name in ("lon", "lat", "text")}
        try:
            return Note.checked(**values, side=part.get("side", NoteSide.ne.value))
        except InputError as wrong:
            problem = wrong.problem
            self._wrong(f"{where}, {problem.where}", problem.got, problem.allowed)
            return None

    def _names(self, where: str, part: Mapping[str, object], names: tuple[str, ...]) -> None:
        for name in part:
            if name not in names:
                self._wrong(where, name, ", ".join(names))

    def _objects(
        self, where: str, parts: object, most: int, noun: str
    ) -> list[Mapping[str, object]]:
        if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
            self._wrong(where, type(parts).__name__, "a list of objects")
            return []
        if len(parts) > most:
            self._wrong(where, len(parts), f"at most {most} {noun}")
        return parts[:most]

    def _line(self, where: str, text: object, most: int, *, is_needed: bool = True) -> str:
        line = text.strip() if isinstance(text, str) else ""
        is_line = isinstance(text, str) and line.isprintable()
        if not is_line or (is_needed and not line):
            self._wrong(where, text if isinstance(text, str) else type(text).__name__, "one line")
        return self._text(where, line, most)

    def _text(self, where: str, text: object, most: int) -> str:
        if not isinstance(text, str):
            self._wrong(where, type(text).__name__, "text")
            return ""
        if len(text) > most:
            self._wrong(where, f"{len(text):,} characters", f"at most {most:,} characters")
        elif "\0" in text or not _is_writable(text):
            self._wrong(where, "a character that is no text", "text")
        return text.replace("\r\n", "\n").strip()

    def _wrong(self, where: str, got: object, allowed: str) -> None:
        self.problems.append(Problem(where, str(got), allowed))


def _is_writable(text: str) -> bool:
    """Tell text from half characters, which no file can hold."""
    return not any("\ud800" <= one <= "\udfff" for one in text)
