"""The legend of a figure: every symbol that occurs, and the source of each layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from app.domain.control import ControlStatus, Extent
from app.domain.view import COLOURS_BY, NOT_STATED
from app.i18n.values import day_words
from app.pictures.scene import Scene
from app.queries.choropleth import without_value
from app.render.layout import LegendRow, Section, Swatch
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
    PAPER,
    RAMPS,
    SIZE_STEPS,
    ground_pattern,
)

_TOLL_OF_METRIC = {"killed": "killed", "injured": "injured", "killed_per_100k": "killed"}


@dataclass(frozen=True, eq=False)
class FigureLegend:
    """Writes one figure's legend in the View's language."""

    scene: Scene

    def party(self, code: str) -> str:
        """Return the name of the party that holds ground."""
        if code == NOT_STATED:
            return self.scene.words["nobody_states"]
        return self.scene.theatre.party_name(code, self.scene.view.lang)

    def sections(self) -> list[Section]:
        """Write a section for each layer."""
        return [self._regions(), self._incidents(), self.control()]

    def _regions(self) -> Section:
        view, words, values = self.scene.view, self.scene.words, self.scene.choropleth
        title = words["comma"].join([words[view.metric], words[f"level_{view.level}"]])
        if values is None:
            return Section(title, (LegendRow(words["not_shared"]),))
        figures = [value for code, value in values.values.items() if self.is_shown(code)]
        rows = []
        if any(value for value in figures) and values.limits:
            colours = RAMPS[view.palette][len(values.limits)]
            texts = self.classes(values.limits, is_whole=view.metric != "killed_per_100k")
            rows += [
                LegendRow(text, Swatch("fill", colour, CLASS_OPACITY))
                for text, colour in zip(texts, colours, strict=True)
            ]
        if any(value is None for value in figures):
            hatch = Swatch("hatch", opacity=0.9, pattern=NO_FIGURE_PATTERN)
            rows.append(LegendRow(without_value(self.scene.sums), hatch))
        if self.scene.is_known and any(value == 0 for value in figures):
            rows.append(LegendRow(words["none_reported"], Swatch("fill", LAND)))
        return Section(title, (*rows, *map(LegendRow, self.sums_lines())))

    def is_shown(self, code: str) -> bool:
        """Tell whether a region is one of the View's."""
        return not self.scene.view.regions or code in self.scene.view.regions

    def sums_lines(self) -> list[str]:
        """Explain a sum: of how many incidents the toll is known, and which dataset it is of."""
        view, words, counts = self.scene.view, self.scene.words, self.scene.counts
        if self.scene.choropleth is None or not self.scene.is_known:
            return []
        lines = [f"{words['total']}: {self._total()}"]
        if view.metric in _TOLL_OF_METRIC:
            tally = counts.ledger.tally(_TOLL_OF_METRIC[view.metric], 0)
            shares = {"known": self.scene.number(tally.known), "of": self.scene.number(tally.of)}
            lines += [words["figure_lower"], words["known_of"].format(**shares)]
        if not self.scene.sums.is_summed and counts.valued.primary is not None:
            lines.append(words["figure_only_of"].format(dataset=counts.valued.primary.name))
        return lines

    def _total(self) -> str:
        """Write the sum of the View: a toll is a lower bound, and unknown is never 0."""
        words, ledger, metric = self.scene.words, self.scene.counts.ledger, self.scene.view.metric
        if metric not in _TOLL_OF_METRIC:
            return self.scene.number(ledger.value(metric, 0))
        toll = _TOLL_OF_METRIC[metric]
        tally = ledger.tally(toll, 0)
        low = tally.low if tally.low is not None else tally.best
        if not tally.of:
            return self.scene.number(0)
        least = words["unknown"]
        if low is not None:
            least = words["at_least"].format(n=self.scene.number(low))
        return least if metric == toll else f"{least} ({words[toll].lower()})"

    def classes(self, limits: Sequence[float], *, is_whole: bool) -> list[str]:
        """Write the classes by their limits, as the page's legend does."""
        words, number, texts = self.scene.words, self.scene.number, list[str]()
        for low, high in pairwise(limits):
            top = high - 1 if is_whole else high
            text = words["class_range"].format(**{"from": number(low), "to": number(top)})
            texts.append(number(low) if low == top else text)
        return [*texts, words["class_from"].format(**{"from": number(limits[-1])})]

    def _incidents(self) -> Section:
        words, counts = self.scene.words, self.scene.counts
        rows: list[LegendRow] = []
        if self.scene.view.within is not None:
            rows.append(LegendRow(words["drawn_area"], Swatch("area", PAPER)))
        if self.scene.is_dense:
            scale = {"px": DENSITY_PX, "most": self.scene.number(DENSITY_MOST)}
            rows.append(LegendRow(words["density"], Swatch("density")))
            rows.append(LegendRow(words["density_cell_more"].format(**scale)))
        else:
            rows += map(LegendRow, filter(None, [self.colour_line()]))
            rows += [
                LegendRow(one.label, Swatch("dot", one.mark.colour, shape=one.mark.shape))
                for one in self.scene.used_classes
            ]
            rows += map(LegendRow, filter(None, [self.size_line()]))
            rows += self._sizes()
            if counts.has_settlements:
                soft = Swatch("soft", FAMILIES["unknown"].colour)
                rows.append(LegendRow(words["dot_settlement"], soft))
            if self.scene.has_crowds:
                rows.append(LegendRow(words["spot_badge"], Swatch("badge")))
        if counts.region_only:
            rows.append(LegendRow(words["figure_chip"], Swatch("chip")))
        return Section(words["layer_incidents"], (*rows, *map(LegendRow, self.marks_lines())))

    def colour_line(self) -> str:
        """Write what marks are coloured by, and by whose word; empty for the weapon."""
        words, by = self.scene.words, self.scene.view.colour_by
        if by == COLOURS_BY[0]:
            return ""
        line = f"{words['colour_by']}: {words[by].lower()}"
        source = self.scene.control.source
        if by == "side" and source is not None:
            line = words["by_source"].format(text=line, source=source.name)
        return line

    def size_line(self) -> str:
        """Write which figure sets the size of marks; empty where none does."""
        words, by = self.scene.words, self.scene.view.size_by
        return f"{words['size_by']}: {words[by].lower()}" if self.scene.used_steps else ""

    def _sizes(self) -> list[LegendRow]:
        """Show each size that occurs; a mark without a figure has the usual one."""
        scene, words, rows = self.scene, self.scene.words, list[LegendRow]()
        limits = [least for least, _factor in SIZE_STEPS]
        texts = self.classes(limits, is_whole=True)
        for step, (_least, factor) in enumerate(SIZE_STEPS):
            if step in scene.used_steps:
                dot = Swatch("dot", PAPER, radius=scene.dot_px * factor)
                rows.append(LegendRow(texts[step], dot))
        if -1 in scene.used_steps:
            dot = Swatch("dot", PAPER, radius=scene.dot_px)
            rows.append(LegendRow(words["size_unknown"], dot))
        return rows

    def marks_lines(self) -> list[str]:
        """Write how many incidents have a mark, and how many do not, and why."""
        words, scene, counts = self.scene.words, self.scene, self.scene.counts
        lines = []
        if scene.marks.datasets and scene.is_known:
            parts = [words["figure_marks"].format(n=self.scene.number(counts.marks))]
            if counts.region_only:
                parts.append(
                    words["figure_by_region"].format(n=self.scene.number(counts.region_only))
                )
            if counts.elsewhere:
                parts.append(
                    words["figure_elsewhere"].format(n=self.scene.number(counts.elsewhere))
                )
            lines.append(words["semicolon"].join(parts))
        missing = [one.name for one in scene.sums.datasets if one not in scene.marks.datasets]
        if missing:
            lines.append(words["figure_no_marks"].format(names=", ".join(missing)))
        hidden = scene.sums.withheld
        withheld = hidden["terms"] + hidden["embargo"] if scene.choropleth is not None else 0
        if withheld:
            lines.append(words["withheld"].format(n=self.scene.number(withheld)))
        if scene.sums.has_small_cells:
            text = words["small_cells"]
            least = scene.workspace.smallest_cell
            lines.append(text.format(n=hidden["small_cells"], k=least))
        return lines

    def control(self) -> Section:
        """Write the source of control, its day, and its age."""
        words, control = self.scene.words, self.scene.control
        title = words["layer_control"]
        if control.withheld is not None:
            text = words["figure_control_withheld"].format(source=control.withheld)
            return Section(title, (LegendRow(text),))
        if control.source is None:
            return Section(title, (LegendRow(words["figure_control_missing"]),))
        if control.snapshot is None:
            return Section(
                title, (LegendRow(words["control_none"].format(source=control.source.name)),)
            )
        day = day_words(words, control.snapshot.valid_on)
        rows = [LegendRow(words["control_of"].format(source=control.source.name, date=day))]
        rows += [LegendRow(self._age())]
        parts = words["comma"].join(words[f"includes_{part}"] for part in control.snapshot.includes)
        rows.append(LegendRow(words["includes"].format(parts=parts)))
        return Section(title, (*self._grounds(), *self._line(), *rows))

    def _age(self) -> str:
        words, control, limit = (
            self.scene.words,
            self.scene.control,
            self.scene.theatre.stale_after_days,
        )
        key = {0: "control_today", 1: "control_age_one"}.get(control.age_days, "control_age")
        text = words[key].format(n=self.scene.number(control.age_days))
        old = words["control_stale"].format(n=limit)
        return f"{text} ({old})" if control.age_days > limit else text

    def _grounds(self) -> list[LegendRow]:
        """Write a row for each hatch that occurs."""
        words, control, theatre = self.scene.words, self.scene.control, self.scene.theatre
        areas = [] if control.snapshot is None else control.snapshot.areas
        ours = [area for area in areas if area.controller != theatre.state]
        others = [party.code for party in theatre.party if not party.state]
        outlined = [area for area in ours if area.extent is Extent.area]
        assessed = [one.controller for one in outlined if one.status is ControlStatus.assessed]
        rows = [
            LegendRow(
                words["ground_of"].format(party=self.party(code)),
                Swatch("hatch", opacity=0.8, pattern=ground_pattern(code, others)),
            )
            for code in dict.fromkeys(assessed)
        ]
        if len(assessed) < len(outlined):
            rows.append(LegendRow(words["claimed"], Swatch("hatch", opacity=0.8, pattern=CLAIMED)))
        if len(outlined) < len(ours):
            rows.append(LegendRow(words["cited"], Swatch("hatch", opacity=0.8, pattern=CITED)))
        return rows

    def _line(self) -> list[LegendRow]:
        words, control = self.scene.words, self.scene.control
        if control.line is None or control.line.shape.is_empty:
            return []
        is_stale = control.age_days > self.scene.theatre.stale_after_days
        length = words["line_length"].format(
            km=self.scene.number(round(control.line.length_km)),
            tolerance=self.scene.number(control.line.tolerance_km),
        )
        stale = words["stale_line"].format(n=self.scene.theatre.stale_after_days)
        text = f"{words['front_line']}: {length}" + (f"; {stale}" if is_stale else "")
        rows = [LegendRow(text, Swatch("line", LINE, dashes=DASHES["stale"] if is_stale else None))]
        if self.scene.frozen is not None and self.scene.view.freeze is not None:
            frozen = words["frozen_line"].format(date=day_words(words, self.scene.view.freeze))
            rows.append(LegendRow(frozen, Swatch("line", LINE_FIXED, dashes=DASHES["fixed"])))
        return rows
