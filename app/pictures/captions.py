"""Everything that is written on a figure, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

from app.domain.instants import rfc3339
from app.domain.revision import Revision
from app.domain.terms import Audience, Dataset
from app.domain.view import View
from app.i18n import WATERMARK, strings
from app.i18n.values import day_words, number
from app.pictures.legend import Legend
from app.pictures.scene import Scene
from app.pictures.tiles import BASEMAP_CREDITS
from app.queries.words.filters import filter_texts
from app.reference.theatre import Theatre
from app.render.fonts import legible
from app.render.layout import Content, Section

HASH_LETTERS = 12
MOST_NAMED = 3
"""Regions that the alternative text names: the ones with the greatest values."""


@dataclass(frozen=True, eq=False)
class Writer:
    """Writes one figure's words; all of them in letters that the font has."""

    scene: Scene
    fonts: Path

    @cached_property
    def _legend(self) -> Legend:
        return Legend(self.scene)

    @cached_property
    def _words(self) -> Mapping[str, str]:
        return strings(self._view.lang)

    @property
    def _view(self) -> View:
        return self.scene.view

    @property
    def _theatre(self) -> Theatre:
        return self.scene.theatre

    def content(self, title: str, subtitle: str) -> Content:
        """Write the whole figure; a title of the reader's own replaces ours."""
        words, view = self._words, self._view
        is_private = self.scene.workspace.audience is Audience.private
        default = words["title"].format(theatre=self._theatre.name[view.lang])
        own = legible(self.fonts, " ".join(title.split())) or default
        below = legible(self.fonts, " ".join(subtitle.split()))
        return Content(
            title=own,
            subtitle=below,
            facts=self._legible([" · ".join(self._filters()), self.known()]),
            sections=[self._clean(one) for one in self._legend.sections() if one.rows],
            notes=self._legible(self._notes()),
            scale_text=self._scale_text,
            notice=self._notice(),
            watermark=WATERMARK[view.lang] if view.synthetic else None,
            marks=self._legible(
                [
                    words["invented_long"] if view.synthetic else "",
                    words["figure_private"] if is_private else "",
                ]
            ),
        )

    def _legible(self, texts: Sequence[str]) -> list[str]:
        return [legible(self.fonts, text) for text in texts if text]

    def _clean(self, section: Section) -> Section:
        rows = tuple(row._replace(text=legible(self.fonts, row.text)) for row in section.rows)
        return Section(legible(self.fonts, section.title), rows)

    def _n(self, value: float) -> str:
        return number(self._view.lang, value)

    def _filters(self) -> list[str]:
        """Say what the View asks for: the period and every filter in force."""
        filters = filter_texts(self.scene.workspace.reference, self._view)
        return [self.period(), *(one.text for one in filters)]

    def period(self) -> str:
        """Say the period: a settled View has both days."""
        view, words = self._view, self._words
        first, last = view.first or date.min, view.last or date.max
        end = day_words(words, last)
        if first == last:
            return end
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{end}"
        return f"{day_words(words, first)} – {end}"

    def known(self) -> str:
        """Say when what is shown was known, and which version of the record that is."""
        words, revision, known_at = self._words, self._revision, self._known_at
        if known_at is None:
            return ""
        text = f"{words['as_known_on']} {self._instant(known_at)}"
        if revision is not None:
            letters = revision.hash.hex()[:HASH_LETTERS]
            version = {"seq": self._n(revision.seq), "hash": letters}
            text += f" ({words['figure_version'].format(**version)})"
        return text

    @cached_property
    def _revision(self) -> Revision | None:
        """The newest revision that the figure stands on."""
        seq = self.scene.sums.filter.seq
        return next(iter(self.scene.workspace.store.by_seq([seq])), None) if seq else None

    @property
    def _known_at(self) -> datetime | None:
        if self._view.as_of is not None:
            return self._view.as_of
        return None if self._revision is None else self._revision.recorded_at

    @property
    def instant(self) -> str:
        """Write the instant of `known` for machines; empty for an empty record."""
        return "" if self._known_at is None else rfc3339(self._known_at)

    def _instant(self, instant: datetime) -> str:
        utc = instant.astimezone(UTC)
        return f"{day_words(self._words, utc.date())}, {utc:%H:%M}\u00a0UTC"

    def _notice(self) -> str | None:
        """Say what a picture with nothing on it means; None when there is something."""
        words, scene = self._words, self.scene
        if scene.choropleth is None:
            return words["withheld_all"].format(n=self._n(scene.sums.withheld["terms"]))
        if not scene.is_known:
            first = scene.workspace.store.by_seq([1])
            if self._view.as_of is None or not first:
                return words["figure_no_record"]
            day = day_words(words, first[0].recorded_at.astimezone(UTC).date())
            return words["figure_nothing_known"].format(date=day)
        counts = scene.counts
        if not counts.ledger.value("incidents", 0) + counts.marks + counts.region_only:
            return words["figure_none"]
        return None

    def _notes(self) -> list[str]:
        """Write the credits and terms of everything shown, and whose borders these are."""
        words, view = self._words, self._view
        regions = self.scene.workspace.reference.region_set(view.theatre, view.level)
        notes = [f"{words['figure_data']}: {', '.join(self._credits())}"]
        notes.append(words["figure_boundaries"].format(set=f"{regions.id} ({regions.hash})"))
        notes.append(words["figure_map"].format(credits=BASEMAP_CREDITS))
        notes.append(self._theatre.note[view.lang])
        return [*notes, "Strikemap"]

    def _credits(self) -> list[str]:
        """Credit each dataset with its licence, once."""
        control = self.scene.control
        datasets: list[Dataset] = [*self.scene.sums.datasets]
        datasets += [control.source] if control.source is not None else []
        credits = [self._credit(one) for one in datasets]
        return list(dict.fromkeys(credits)) or [self._words["none"]]

    def _credit(self, dataset: Dataset) -> str:
        is_open = dataset.licence != "internal"
        licence = dataset.licence if is_open else self._words["figure_internal"]
        return f"{dataset.credit} ({licence})"

    def _scale_text(self, km: float, latitude: float) -> str:
        side = "N" if latitude >= 0 else "S"
        at = self._words[f"figure_at_{side.lower()}"].format(n=self._n(round(abs(latitude), 1)))
        return f"{self._n(km)}\u00a0{self._words['unit_km']} ({at})"

    def rights(self) -> str:
        """Write whose data these are, on one line."""
        return legible(self.fonts, " · ".join(self._notes()))

    def alternative(self, content: Content) -> str:
        """Say in words what the figure shows, for who cannot see it."""
        words = self._words
        sentences = [words["figure_alt"].format(title=content.title), content.subtitle]
        sentences += [*content.facts, content.notice or "", self._greatest()]
        sentences += [*self._legend.marks_lines(), *self._legend.sums_lines()]
        control = self._legend.control()
        sentences.append(f"{control.title}: {'; '.join(row.text for row in control.rows)}")
        sentences += [words["invented_long"]] if self._view.synthetic else []
        return " ".join(text if text.endswith(".") else f"{text}." for text in sentences if text)

    def _greatest(self) -> str:
        """Name the regions with the greatest values."""
        values = self.scene.choropleth
        view = self._view
        regions = self.scene.workspace.reference.region_set(view.theatre, view.level).regions
        ranked = [
            (value, region.name(view.lang))
            for region in regions
            if values is not None
            and self._legend.is_shown(region.code)
            and (value := values.values.get(region.code))
        ]
        ranked.sort(key=lambda pair: (-pair[0], pair[1]))
        names = ", ".join(f"{name} {self._n(value)}" for value, name in ranked[:MOST_NAMED])
        return f"{self._words[view.metric]}: {names}" if names else ""
