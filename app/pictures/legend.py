"""The legend of a figure: every swatch that occurs, and what each layer stands on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from app.domain.control import ControlStatus, Extent
from app.domain.view import NOT_STATED, View
from app.i18n import strings
from app.i18n.values import day_words, number
from app.pictures.scene import Scene
from app.reference.theatre import Theatre
from app.render.layout import Row, Section, Swatch
from app.render.palette import (
    CITED,
    CLAIMED,
    CLASS_OPACITY,
    DASHES,
    DENSITY_MOST,
    DENSITY_PX,
    FAMILIES,
    LAND,
    LINE,
    LINE_FIXED,
    NO_FIGURE_PATTERN,
    RAMPS,
    ground_pattern,
)

TOLLS = {"killed": "killed", "injured": "injured", "killed_per_100k": "killed"}


@dataclass(frozen=True, eq=False)
class Legend:
    """Writes one figure's legend in the View's language."""

    scene: Scene

    @cached_property
    def _words(self) -> Mapping[str, str]:
        return strings(self._view.lang)

    @property
    def _view(self) -> View:
        return self.scene.view

    @property
    def _theatre(self) -> Theatre:
        return self.scene.theatre

    def _n(self, value: float) -> str:
        return number(self._view.lang, value)

    def party(self, code: str) -> str:
        """Name who holds ground."""
        if code == NOT_STATED:
            return self._words["nobody_states"]
        return self._theatre.party_name(code, self._view.lang)

    def sections(self) -> list[Section]:
        """Explain every layer."""
        return [self._regions(), self._incidents(), self.control()]

    def _regions(self) -> Section:
        view, words, values = self._view, self._words, self.scene.choropleth
        title = f"{words[view.metric]}: {words[f'level_{view.level}']}"
        if values is None:
            return Section(title, (Row(words["not_shared"]),))
        shown = [value for code, value in values.values.items() if self.is_shown(code)]
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
        if self.scene.is_known and any(value == 0 for value in shown):
            rows.append(Row(words["none_reported"], Swatch("fill", LAND)))
        return Section(title, (*rows, *map(Row, self.said_of_sums())))

    def is_shown(self, code: str) -> bool:
        """Tell whether a region is one of the View's."""
        return not self._view.regions or code in self._view.regions

    def said_of_sums(self) -> list[str]:
        """Say what a sum stands on: how many carry a figure, and whose figures they are."""
        view, words, counted = self._view, self._words, self.scene.counted
        if self.scene.choropleth is None or not self.scene.is_known:
            return []
        told = [f"{words['total']}: {self._total()}"]
        if view.metric in TOLLS:
            tally = counted.ledger.tally(TOLLS[view.metric], 0)
            known = {"known": self._n(tally.known), "of": self._n(tally.of)}
            told += [words["figure_lower"], words["known_of"].format(**known)]
        if not self.scene.sums.is_summed and counted.valued.primary is not None:
            told.append(words["figure_only_of"].format(dataset=counted.valued.primary.name))
        return told

    def _total(self) -> str:
        """Sum the View: a toll is what is known at least, and unknown is never 0."""
        words, ledger, metric = self._words, self.scene.counted.ledger, self._view.metric
        if metric not in TOLLS:
            return self._n(ledger.value(metric, 0))
        tally = ledger.tally(TOLLS[metric], 0)
        low = tally.low if tally.low is not None else tally.best
        if not tally.of:
            return self._n(0)
        known = words["unknown"] if low is None else words["at_least"].format(n=self._n(low))
        return f"{known} ({words[TOLLS[metric]].lower()})" if metric != TOLLS[metric] else known

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
            scale = {"px": DENSITY_PX, "most": self._n(DENSITY_MOST)}
            rows.append(Row(words["density"], Swatch("density")))
            rows.append(Row(words["density_cell_more"].format(**scale)))
        else:
            rows += [
                Row(
                    weapons.label(family, self._view.lang),
                    Swatch("dot", mark.colour, shape=mark.shape),
                )
                for family, mark in FAMILIES.items()
                if family in counted.families
            ]
            if counted.has_settlements:
                soft = Swatch("soft", FAMILIES["unknown"].colour)
                rows.append(Row(words["dot_settlement"], soft))
        if counted.region_only:
            rows.append(Row(words["figure_chip"], Swatch("chip")))
        return Section(words["layer_incidents"], (*rows, *map(Row, self.said_of_marks())))

    def said_of_marks(self) -> list[str]:
        """Say how many stand on the map and what is left out of it, and why."""
        words, scene, counted = self._words, self.scene, self.scene.counted
        told = []
        if scene.marks.datasets and scene.is_known:
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

    def control(self) -> Section:
        """Explain whose control is shown, of which day, and how old it is."""
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
        key = {0: "control_today", 1: "control_age_one"}.get(held.age_days, "control_age")
        said = words[key].format(n=self._n(held.age_days))
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
                words["ground_of"].format(party=self.party(code)),
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
        rows = [Row(said, Swatch("line", LINE, dashes=DASHES["stale"] if is_stale else None))]
        if self.scene.frozen is not None and self._view.freeze is not None:
            frozen = words["frozen_line"].format(date=day_words(words, self._view.freeze))
            rows.append(Row(frozen, Swatch("line", LINE_FIXED, dashes=DASHES["fixed"])))
        return rows
