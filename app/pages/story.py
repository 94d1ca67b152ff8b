"""The page of a story: each step as its reader may see it, with its picture and its map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup

from app.domain.answer import JsonObject
from app.domain.errors import NotShared
from app.domain.story import Note
from app.domain.terms import Face
from app.i18n.values import days_text
from app.maps.page import Anchor
from app.pages.map import corrections, day_known, map_block
from app.pages.markdown import html_of
from app.publishing.defaults import with_defaults
from app.publishing.publish import may_be_embedded, publish
from app.publishing.query import Query
from app.queries.stories import ReadStep, StandingStory, read_steps

STEP_FACTS = ("view", "columnsUrl", "looks", "hasSettlements")
"""What the map of a step has of its own; all else is the same in the whole story."""

FIGURE_PX = (960, 640)


class StepPart(NamedTuple):
    """A step as its page writes it; `fault` stands in place of a map that cannot be shown."""

    number: int
    title: str
    html: Markup
    fault: str = ""
    when: str = ""
    figure: str = ""
    description: str = ""
    map: str = ""
    credits: str = ""
    corrections: Anchor | None = None


@dataclass(frozen=True)
class StoryPage:
    """A story as one reader may see it."""

    parts: list[StepPart]
    queries: list[Query | None]
    notes: list[tuple[Note, ...]]

    @classmethod
    def of(cls, query: Query, standing: StandingStory, *, is_embed: bool = False) -> StoryPage:
        """Read a story; in a frame of another site without maps that must not be there."""
        reads = read_steps(query, standing.story)
        queries = [None if is_embed and _is_refused(one) else one.query for one in reads]
        steps = zip(reads, queries, strict=True)
        parts = [_part(query, number, *step) for number, step in enumerate(steps, 1)]
        return cls(parts, queries, [one.step.notes for one in reads])

    def block(self) -> JsonObject | None:
        """Describe the moving map for its script; None for a story without any map.

        A step that has no map is null: the map stays as it is.
        """
        first = next((query for query in self.queries if query is not None), None)
        if first is None:
            return None
        steps = [
            None if query is None else _step_block(query, notes)
            for query, notes in zip(self.queries, self.notes, strict=True)
        ]
        return {**map_block(first), "controls": [], "steps": steps}


def _is_refused(read: ReadStep) -> bool:
    try:
        return read.query is not None and not may_be_embedded(read.query)
    except NotShared:
        return True


def _part(story_query: Query, number: int, read: ReadStep, query: Query | None) -> StepPart:
    step, words = read.step, story_query.words
    html = html_of(step.text)
    if query is None:
        text = words["story_fault"].format(why=read.fault)
        is_refused = read.query is not None
        return StepPart(
            number, step.title, html, words["story_not_embedded"] if is_refused else text
        )
    settled = with_defaults(query)
    view, sums = settled.view, publish(settled, Face.aggregates)
    days = days_text(view.lang, str(view.first), str(view.last))
    width, height = FIGURE_PX
    return StepPart(
        number,
        step.title,
        html,
        when=_when(query, days),
        figure=f"/figure.png?{read.figure}&width={width}&height={height}",
        description=words["story_figure"].format(title=step.title, days=days),
        map=f"/?{query.view.query()}",
        credits=f"{words['credits']}: {' · '.join(sums.credits) or '–'}",
        corrections=corrections(query),
    )


def _when(query: Query, days: str) -> str:
    """Write a step's period, and the day up to which its records are read."""
    as_of = query.view.as_of
    if as_of is None:
        return days
    return f"{days}, {query.words['story_known'].format(date=day_known(query, as_of))}"


def _step_block(query: Query, notes: tuple[Note, ...]) -> JsonObject:
    """Describe what a step changes on the map, with the days of control that it shows."""
    spec = map_block(query)
    view = spec["view"]
    controls = [
        {**source, "days": _shown_days(source["days"], view.get("freeze", ""), view["to"])}
        for source in spec["controls"]
        if source["slug"] == view.get("control")
    ]
    return {
        **{name: spec[name] for name in STEP_FACTS},
        "options": spec["options"],
        "controls": controls,
        "notes": [{"text": one.text, "at": one.point, "side": one.side} for one in notes],
    }


def _shown_days(days: Sequence[str], *shown: str) -> list[str]:
    """Return the snapshots that some days show, of all that a source has."""
    return sorted({day for last in shown for day in [one for one in days if one <= last][-1:]})
