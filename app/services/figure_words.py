"""Everything that is written on a figure, in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path

from app.domain.control import ControlStatus, Extent
from app.domain.revision import Revision
from app.domain.terms import Audience, Dataset
from app.domain.view import NOT_STATED, View, rfc3339
from app.i18n import strings
from app.reference.theatre import Theatre
from app.render.figure import Content, Row, Section, Swatch
from app.render.fonts import legible
from app.render.palette import (
    CITED,
    CLAIMED,
    CLASS_OPACITY,
    FAMILIES,
    LAND,
    NO_FIGURE_PATTERN,
    RAMPS,
    ground_pattern,
)
from app.services.figure_scene import Scene
from app.services.wording import age_text

TOLLS = {"killed": "killed", "injured": "injured", "killed_per_100k": "killed"}
HASH_LETTERS = 12
MOST_NAMED = 3
"""Regions that the alternative text names: the ones with the greatest values."""

MAP_CREDITS = "Natural Earth; GeoNames (CC BY 4.0)"


def number(language: str, value: float) -> str:
    """Write a number as a reader of the language expects: 1,234.5 or 1 234,5."""
    text = f"{value:,.0f}" if float(value).is_integer() else f"{value:,.6g}"
    if language == "uk":
        text = text.replace(",", "\u00a0").replace(".", ",")
    return text


def day_words(words: Mapping[str, str], day: date) -> str:
    """Write a day: 24 October 2025."""
    return f"{day.day}\u00a0{words[f'month_{day.month}']}\u00a0{day.year}"


@dataclass(frozen=True, eq=False)
class Writer:
    """Writes one figure's words; all of them in letters that the font has."""

    scene: Scene
    fonts: Path

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
            facts=self._legible([" · ".join(self._asked()), self.known()]),
            sections=[self._clean(one) for one in self._sections() if one.rows],
            notes=self._legible(self._notes()),
            scale_text=self._scale_text,
            notice=self._notice(),
            watermark=words["figure_watermark"] if view.synthetic else None,
            mark=words["figure_private"] if is_private else None,
        )

    def _legible(self, texts: Sequence[str]) -> list[str]:
        return [legible(self.fonts, text) for text in texts if text]

    def _clean(self, section: Section) -> Section:
        rows = tuple(row._replace(text=legible(self.fonts, row.text)) for row in section.rows)
        return Section(legible(self.fonts, section.title), rows)

    def _n(self, value: float) -> str:
        return number(self._view.lang, value)

    def _asked(self) -> list[str]:
        """Say what the View asks for: the period and every filter in force."""
        view, words = self._view, self._words
        taxonomy = self.scene.workspace.reference.taxonomy
        lists = [
            ("weapon", [taxonomy.weapons.label(one, view.lang) for one in view.weapons]),
            ("sector", [taxonomy.sectors.label(one, view.lang) for one in view.sectors]),
            ("status", [words[f"status_{one}"] for one in view.statuses]),
            ("region", self._region_names()),
            ("side", [self._party(side) for side in view.sides]),
        ]
        told = [self.period()]
        told += [f"{words[name]}: {', '.join(listed)}" for name, listed in lists if listed]
        if view.min_killed is not None:
            told.append(words["figure_min_killed"].format(n=self._n(view.min_killed)))
        if view.line_km is not None:
            near = words["within_km"].format(n=self._n(view.line_km))
            told.append(f"{words['line_km']}: {near}")
        if view.freeze is not None:
            told.append(words["frozen_line"].format(date=day_words(words, view.freeze)))
        if view.bbox is not None:
            west, south, east, north = (self._n(round(side, 3)) for side in view.bbox)
            told.append(words["figure_area"].format(box=f"{west}–{east}, {south}–{north}"))
        return told

    def _region_names(self) -> list[str]:
        found = self.scene.workspace.reference.region_set(self._view.theatre, self._view.level)
        return [r.name(self._view.lang) for r in found.regions if r.code in self._view.regions]

    def _party(self, code: str) -> str:
        if code == NOT_STATED:
            return self._words["nobody_states"]
        return self._theatre.party_name(code, self._view.lang)

    def period(self) -> str:
        """Say the period: a settled View has both days."""
        view, words = self._view, self._words
        first, last = view.first or date.min, view.last or date.max
        said = day_words(words, last)
        if first == last:
            return said
        if (first.year, first.month) == (last.year, last.month):
            return f"{first.day}–{said}"
        return f"{day_words(words, first)} – {said}"

    def known(self) -> str:
        """Say when what is shown was known, and which version of the record that is."""
        words, revision, known_at = self._words, self._revision, self._known_at
        if known_at is None:
            return ""
        said = f"{words['as_known_on']} {self._instant(known_at)}"
        if revision is not None:
            letters = revision.hash.hex()[:HASH_LETTERS]
            version = {"seq": self._n(revision.seq), "hash": letters}
            said += f" ({words['figure_version'].format(**version)})"
        return said

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
        there = instant.astimezone(UTC)
        return f"{day_words(self._words, there.date())}, {there:%H:%M}\u00a0UTC"

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
        counted = scene.counted
        if not counted.ledger.value("incidents", 0) + counted.marks + counted.region_only:
            return words["figure_none"]
        return None

    def _sections(self) -> list[Section]:
        return [self._regions(), self._incidents(), self._control()]

    def _regions(self) -> Section:
        view, words, values = self._view, self._words, self.scene.choropleth
        title = f"{words[view.metric]}: {words[f'level_{view.level}']}"
        if values is None:
            return Section(title, (Row(words["not_shared"]),))
        shown = [value for code, value in values.values.items() if self._is_shown(code)]
        rows = []
        if any(value for value in shown):
            colours = RAMPS[len(values.limits)]
            rows += [
                Row(text, Swatch("fill", colour, CLASS_OPACITY))
                for text, colour in zip(self.classes(values.limits), colours, strict=True)
            ]
        if any(value is None for value in shown):
            hatch = Swatch("hatch", opacity=0.9, pattern=NO_FIGURE_PATTERN)
            rows.append(Row(words["no_figure"], hatch))
        if any(value == 0 for value in shown):
            rows.append(Row(words["none_reported"], Swatch("fill", LAND)))
        return Section(title, (*rows, *map(Row, self._said_of_sums())))

    def _is_shown(self, code: str) -> bool:
        return not self._view.regions or code in self._view.regions

    def _said_of_sums(self) -> list[str]:
        """Say what a sum stands on: how many carry a figure, and whose figures they are."""
        view, words, counted = self._view, self._words, self.scene.counted
        told = []
        if view.metric in TOLLS:
            tally = counted.ledger.tally(TOLLS[view.metric], 0)
            known = {"known": self._n(tally.known), "of": self._n(tally.of)}
            told += [words["figure_lower"], words["known_of"].format(**known)]
        if not self.scene.sums.is_summed and counted.valued.primary is not None:
            told.append(words["figure_only_of"].format(dataset=counted.valued.primary.name))
        return told

    def classes(self, limits: Sequence[float]) -> list[str]:
        """Say the classes by their limits, as the page's legend does."""
        words, out = self._words, []
        for low, high in pairwise(limits):
            top = high if self._view.metric == "killed_per_100k" else high - 1
            said = words["class_range"].format(**{"from": self._n(low), "to": self._n(top)})
            out.append(self._n(low) if low == top else said)
        return [*out, words["class_from"].format(**{"from": self._n(limits[-1])})]

    def _incidents(self) -> Section:
        words, counted = self._words, self.scene.counted
        weapons = self.scene.workspace.reference.taxonomy.weapons
        rows: list[Row] = []
        if self.scene.is_dense:
            rows.append(Row(words["density"], Swatch("density")))
        else:
            rows += [
                Row(weapons.label(family, self._view.lang), Swatch("dot", colour))
                for family, colour in FAMILIES.items()
                if family in counted.families
            ]
            if counted.has_settlements:
                rows.append(Row(words["dot_settlement"], Swatch("soft", FAMILIES["unknown"])))
        if counted.region_only:
            rows.append(Row(words["figure_chip"], Swatch("chip")))
        return Section(words["layer_incidents"], (*rows, *map(Row, self._said_of_marks())))

    def _said_of_marks(self) -> list[str]:
        """Say how many stand on the map and what is left out of it, and why."""
        words, scene, counted = self._words, self.scene, self.scene.counted
        told = []
        if scene.marks.datasets:
            parts = [words["figure_marks"].format(n=self._n(counted.marks))]
            if counted.region_only:
                parts.append(words["figure_by_region"].format(n=self._n(counted.region_only)))
            if counted.elsewhere:
                parts.append(words["figure_elsewhere"].format(n=self._n(counted.elsewhere)))
            told.append("; ".join(parts))
        missing = [one.name for one in scene.sums.datasets if one not in scene.marks.datasets]
        if missing:
            told.append(words["figure_no_marks"].format(names=", ".join(missing)))
        withheld = sum(scene.sums.withheld.values()) if scene.choropleth is not None else 0
        if withheld:
            told.append(words["withheld"].format(n=self._n(withheld)))
        return told

    def _control(self) -> Section:
        words, held = self._words, self.scene.held
        title = words["layer_control"]
        if held.withheld is not None:
            said = words["figure_control_withheld"].format(source=held.withheld)
            return Section(title, (Row(said),))
        if held.source is None:
            return Section(title, (Row(words["figure_control_missing"]),))
        if held.snapshot is None:
            return Section(title, (Row(words["control_none"].format(source=held.source.name)),))
        day = day_words(words, held.snapshot.valid_on)
        told = [Row(words["control_of"].format(source=held.source.name, date=day))]
        told += [Row(self._age())]
        parts = ", ".join(words[f"includes_{part}"] for part in held.snapshot.includes)
        told.append(Row(words["includes"].format(parts=parts)))
        return Section(title, (*self._grounds(), *self._line(), *told))

    def _age(self) -> str:
        words, held, limit = self._words, self.scene.held, self._theatre.stale_after_days
        said = age_text(words, "control_age", held.age_days)
        old = words["control_stale"].format(n=limit)
        return f"{said} ({old})" if held.age_days > limit else said

    def _grounds(self) -> list[Row]:
        """Explain the hatches that occur."""
        words, held, theatre = self._words, self.scene.held, self._theatre
        areas = [] if held.snapshot is None else held.snapshot.areas
        ours = [area for area in areas if area.controller != theatre.state]
        others = [party.code for party in theatre.party if not party.state]
        drawn = [area for area in ours if area.extent is Extent.area]
        assessed = [one.controller for one in drawn if one.status is ControlStatus.assessed]
        rows = [
            Row(
                words["ground_of"].format(party=self._party(code)),
                Swatch("hatch", opacity=0.8, pattern=ground_pattern(code, others)),
            )
            for code in dict.fromkeys(assessed)
        ]
        if len(assessed) < len(drawn):
            rows.append(Row(words["claimed"], Swatch("hatch", opacity=0.8, pattern=CLAIMED)))
        if len(drawn) < len(ours):
            rows.append(Row(words["cited"], Swatch("hatch", opacity=0.8, pattern=CITED)))
        return rows

    def _line(self) -> list[Row]:
        words, held = self._words, self.scene.held
        if held.line is None or held.line.shape.is_empty:
            return []
        is_stale = held.age_days > self._theatre.stale_after_days
        length = words["line_length"].format(
            km=self._n(round(held.line.length_km)), tolerance=self._n(held.line.tolerance_km)
        )
        stale = words["stale_line"].format(n=self._theatre.stale_after_days)
        said = f"{words['front_line']}: {length}" + (f"; {stale}" if is_stale else "")
        return [Row(said, Swatch("line", is_dashed=is_stale))]

    def _notes(self) -> list[str]:
        """Write the credits and terms of everything shown, and whose borders these are."""
        words, view = self._words, self._view
        regions = self.scene.workspace.reference.region_set(view.theatre, view.level)
        told = [f"{words['figure_data']}: {', '.join(self._credits())}"]
        told.append(words["figure_boundaries"].format(set=f"{regions.id} ({regions.hash})"))
        told.append(words["figure_map"].format(credits=MAP_CREDITS))
        told.append(self._theatre.note[view.lang])
        told += [words["invented_long"]] if view.synthetic else []
        return [*told, "Strikemap"]

    def _credits(self) -> list[str]:
        """Credit each dataset with its licence, once."""
        held = self.scene.held
        shown: list[Dataset] = [*self.scene.sums.datasets]
        shown += [held.source] if held.source is not None else []
        credits = [self._credit(one) for one in shown]
        return list(dict.fromkeys(credits)) or [self._words["none"]]

    def _credit(self, dataset: Dataset) -> str:
        is_open = dataset.licence != "internal"
        licence = dataset.licence if is_open else self._words["figure_internal"]
        return f"{dataset.credit} ({licence})"

    def _scale_text(self, km: float, latitude: float) -> str:
        side = "N" if latitude >= 0 else "S"
        at = self._words[f"figure_at_{side.lower()}"].format(n=self._n(round(abs(latitude), 1)))
        return f"{self._n(km)}\u00a0{self._words['figure_km']} ({at})"

    def rights(self) -> str:
        """Write whose data these are, on one line."""
        return legible(self.fonts, " · ".join(self._notes()))

    def alternative(self, content: Content) -> str:
        """Say in words what the figure shows, for who cannot see it."""
        words = self._words
        sentences = [words["figure_alt"].format(title=content.title), content.subtitle]
        sentences += [*content.facts, content.notice or "", self._greatest()]
        sentences += [*self._said_of_marks(), *self._said_of_sums()]
        control = self._control()
        sentences.append(f"{control.title}: {'; '.join(row.text for row in control.rows)}")
        sentences += [words["invented_long"]] if self._view.synthetic else []
        return " ".join(text if text.endswith(".") else f"{text}." for text in sentences if text)

    def _greatest(self) -> str:
        """Name the regions with the greatest values."""
        values = self.scene.choropleth
        view = self._view
        regions = self.scene.workspace.reference.region_set(view.theatre, view.level).regions
        known = [
            (value, region.name(view.lang))
            for region in regions
            if values is not None
            and self._is_shown(region.code)
            and (value := values.values.get(region.code))
        ]
        known.sort(key=lambda pair: (-pair[0], pair[1]))
        told = ", ".join(f"{name} {self._n(value)}" for value, name in known[:MOST_NAMED])
        return f"{self._words[view.metric]}: {told}" if told else ""
