"""All text on a figure, in the reader's language."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from pathlib import Path

import msgspec

from app.domain.answer import JsonObject
from app.domain.instants import rfc3339
from app.domain.languages import RIGHT_TO_LEFT
from app.domain.revision import Revision
from app.domain.terms import Dataset
from app.i18n import WATERMARK
from app.i18n.values import day_words
from app.pictures.credits import basemap_credits
from app.pictures.legend import FigureLegend
from app.pictures.scene import Scene
from app.queries.sums import summarise
from app.queries.words.filters import filter_texts
from app.queries.words.headline import summary_headline
from app.render.fonts import legible
from app.render.layout import Content, Section

HASH_LETTERS = 12
_MOST_NAMED = 3
"""At most so many regions are in the alternative text: those with the greatest values."""


@dataclass(frozen=True, eq=False)
class FigureText:
    """Writes the text of one figure, in characters that the font has."""

    scene: Scene
    fonts: Path

    @cached_property
    def _legend(self) -> FigureLegend:
        return FigureLegend(self.scene)

    def content(self, title: str, subtitle: str) -> Content:
        """Write the text of the whole figure; a title of the reader replaces the default."""
        words, view = self.scene.words, self.scene.view
        is_private = not self.scene.is_public
        default = words["title"].format(theatre=self.scene.theatre.title(view.lang))
        own = legible(self.fonts, " ".join(title.split())) or default
        below = legible(self.fonts, " ".join(subtitle.split()))
        filters = " · ".join(self._filters())
        return Content(
            title=own,
            subtitle=below,
            facts=self._legible([self._headline() or filters, self.version_text()]),
            brief=self._legible([filters, self.version_text()]),
            sections=[self._clean(one) for one in self._legend.sections() if one.rows],
            notes=self._legible(self._notes()),
            scale_text=self._scale_text,
            notice=self._notice(),
            watermark=WATERMARK[view.lang] if view.synthetic else None,
            is_rtl=view.lang in RIGHT_TO_LEFT,
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

    def _headline(self) -> str:
        """Write the View as the page's sentence, with its period, figures and filters."""
        sums = self.scene.sums
        return summary_headline(sums, summarise(sums, "region")) or ""

    def _filters(self) -> list[str]:
        """Write the period and every filter of the View."""
        filters = filter_texts(self.scene.query)
        return [self.period(), *(one.text for one in filters)]

    def period(self) -> str:
        """Write the period: the View of a figure has both days."""
        view, words = self.scene.view, self.scene.words
        first, last = view.first or date.min, view.last or date.max
        end = day_words(words, last)
        if first == last:
            return end
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{end}"
        return f"{day_words(words, first)} – {end}"

    def version_text(self) -> str:
        """Write the instant of the record that the figure shows, and its version."""
        words, revision, known_at = self.scene.words, self._revision, self._known_at
        if known_at is None:
            return ""
        text = f"{words['as_known_on']} {self._instant(known_at)}"
        if revision is not None:
            letters = revision.hash.hex()[:HASH_LETTERS]
            version = {"seq": self.scene.number(revision.seq), "hash": letters}
            text += f" ({words['figure_version'].format(**version)})"
        return text

    @cached_property
    def _revision(self) -> Revision | None:
        """The newest revision that the figure shows."""
        seq = self.scene.sums.filter.seq
        return next(iter(self.scene.workspace.store.by_seq([seq])), None) if seq else None

    @property
    def _known_at(self) -> datetime | None:
        if self.scene.view.as_of is not None:
            return self.scene.view.as_of
        return None if self._revision is None else self._revision.recorded_at

    @property
    def instant(self) -> str:
        """Write the instant of the record in RFC 3339; empty for an empty record."""
        return "" if self._known_at is None else rfc3339(self._known_at)

    @property
    def head(self) -> str:
        """Write the newest revision of the figure with its whole hash, signed if there is a key."""
        revision = self._revision
        if revision is None:
            return ""
        signed = self.scene.workspace.signer.sign(revision.head)
        whole = f"{revision.seq}:{revision.hash.hex()}"
        return whole if signed is None else msgspec.json.encode(signed).decode()

    def _instant(self, instant: datetime) -> str:
        utc = instant.astimezone(UTC)
        return f"{day_words(self.scene.words, utc.date())}, {utc:%H:%M}\u00a0UTC"

    def _notice(self) -> str | None:
        """Explain an empty figure; None if it shows an incident."""
        words, scene = self.scene.words, self.scene
        if scene.choropleth is None:
            return words["withheld_all"].format(n=self.scene.number(scene.sums.withheld["terms"]))
        if not scene.is_known:
            first = scene.workspace.store.by_seq([1])
            if self.scene.view.as_of is None or not first:
                return words["figure_no_record"]
            day = day_words(words, first[0].recorded_at.astimezone(UTC).date())
            return words["figure_nothing_known"].format(date=day)
        counts = scene.counts
        if not counts.ledger.value("incidents", 0) + counts.marks + counts.region_only:
            hidden, least = scene.sums.withheld, scene.workspace.smallest_cell
            if scene.sums.has_small_cells:
                return words["small_cells"].format(n=hidden["small_cells"], k=least)
            return words["figure_none"]
        return None

    def _notes(self) -> list[str]:
        """Write the credits and terms of the data, and the source of the borders."""
        words, regions = self.scene.words, self.scene.query.regions
        notes = [f"{words['figure_data']}: {', '.join(self._credits())}"]
        notes.append(words["figure_boundaries"].format(set=f"{regions.id} ({regions.hash})"))
        notes.append(
            words["figure_map"].format(credits="; ".join(basemap_credits(self.scene.query)))
        )
        notes.append(self.scene.theatre.remark(self.scene.view.lang))
        return [*filter(None, notes), "Strikemap"]

    def _credits(self) -> list[str]:
        """Credit each dataset with its licence, once."""
        control = self.scene.control
        datasets: list[Dataset] = [*self.scene.sums.datasets]
        datasets += [control.source] if control.source is not None else []
        credits = [self._credit(one) for one in datasets]
        return list(dict.fromkeys(credits)) or [self.scene.words["none"]]

    def _credit(self, dataset: Dataset) -> str:
        is_open = dataset.licence != "internal"
        licence = dataset.licence if is_open else self.scene.words["figure_internal"]
        return f"{dataset.credit} ({licence})"

    def _scale_text(self, km: float, latitude: float) -> str:
        side = "N" if latitude >= 0 else "S"
        at = self.scene.words[f"figure_at_{side.lower()}"].format(
            n=self.scene.number(round(abs(latitude), 1))
        )
        return f"{self.scene.number(km)}\u00a0{self.scene.words['unit_km']} ({at})"

    def rights(self) -> str:
        """Write the notes on one line, for the metadata of the file."""
        return legible(self.fonts, " · ".join(self._notes()))

    def statement(self, content: Content) -> JsonObject:
        """Write what the figure shows, for whoever signs it."""
        scene, head = self.scene, self._revision
        return {
            "title": content.title,
            "description": self.alternative_text(content),
            "address": f"{scene.workspace.picture_signer.origin}/?{scene.view.query()}",
            "known_at": self.instant or None,
            "revision": None if head is None else {"seq": head.seq, "hash": head.hash.hex()},
            "head": self.head or None,
            "sources": self._notes(),
            "audience": scene.workspace.audience.value,
            "invented": scene.view.synthetic,
        }

    def alternative_text(self, content: Content) -> str:
        """Describe the figure in words, for readers who cannot see it."""
        words = self.scene.words
        sentences = [words["figure_alt"].format(title=content.title), content.subtitle]
        sentences += [*content.facts, content.notice or "", self._greatest()]
        sentences += [*self._legend.marks_lines(), *self._legend.sums_lines()]
        control = self._legend.control()
        sentences.append(f"{control.title}: {'; '.join(row.text for row in control.rows)}")
        sentences += [words["invented_long"]] if self.scene.view.synthetic else []
        return " ".join(text if text.endswith(".") else f"{text}." for text in sentences if text)

    def _greatest(self) -> str:
        """Write the regions with the greatest values."""
        values = self.scene.choropleth
        view, regions = self.scene.view, self.scene.query.regions.regions
        ranked = [
            (value, region.name(view.lang))
            for region in regions
            if values is not None
            and self._legend.is_shown(region.code)
            and (value := values.values.get(region.code))
        ]
        ranked.sort(key=lambda pair: (-pair[0], pair[1]))
        names = ", ".join(
            f"{name} {self.scene.number(value)}" for value, name in ranked[:_MOST_NAMED]
        )
        return f"{self.scene.words[view.metric]}: {names}" if names else ""
