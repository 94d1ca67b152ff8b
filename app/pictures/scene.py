"""The content of a figure: a View published for each layer, with its counts."""

from __future__ import annotations

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from app.domain.control import ControlSnapshot, FrontLine
from app.domain.errors import NotShared
from app.domain.place import Bounds
from app.domain.terms import Dataset, Face
from app.i18n.values import number
from app.index.columns import PRECISIONS
from app.index.select import RETRACTED, Filter, Selection, is_quiet, regions_of
from app.index.summary import Ledger
from app.pictures.marks import ROWS_A_STEP
from app.publishing.publish import Published, control_dataset, publish, summable
from app.publishing.query import OfQuery, Query
from app.publishing.sources import control_source
from app.queries.choropleth import Choropleth, Choropleths
from app.queries.looks import mark_classes, mark_looks, size_steps
from app.queries.region_sums import by_region
from app.render.badges import crowded
from app.render.classes import MarkClass
from app.render.palette import DENSE_FROM
from app.rows import Rows
from app.tiles.raster import Looks

PAD_SHARE = 0.03
DOTS_PX = ((150, 4.2), (1_000, 3.4), (float("inf"), 2.7))
"""A number of dots, and the radius up to it: many large dots would become one dark spot."""


@dataclass(frozen=True)
class FigureControl:
    """The control on a figure, and its age; `withheld` names a source that is not shared."""

    source: Dataset | None = None
    snapshot: ControlSnapshot | None = None
    line: FrontLine | None = None
    age_days: int = 0
    withheld: str | None = None


@dataclass(frozen=True)
class FigureCounts:
    """The counts in a figure's text: marks, incidents without a mark, and the sums of the View."""

    marks: int
    has_settlements: bool
    region_only: int
    elsewhere: int
    ledger: Ledger
    valued: Published


@dataclass(frozen=True, eq=False)
class Scene(OfQuery):
    """The content of a figure: a View published for each layer, with its counts."""

    query: Query
    choropleths: Choropleths

    def number(self, value: float) -> str:
        """Write a number in the View's language."""
        return number(self.view.lang, value)

    @cached_property
    def sums(self) -> Published:
        """The View as its sums may be shown."""
        return publish(self.query, Face.aggregates)

    @cached_property
    def marks(self) -> Published:
        """The View as its marks may be shown, by the same terms as on tiles."""
        return publish(self.query, Face.tiles)

    @cached_property
    def rows(self) -> Selection:
        """The marks of the View."""
        return self._matching.drawable(self.marks.filter)

    @cached_property
    def _matching(self) -> Selection:
        """The incidents of the View, with and without a mark."""
        return self.marks.select()

    @cached_property
    def is_dense(self) -> bool:
        """Tell whether there are too many marks to distinguish: the figure shows their density."""
        return len(self.rows) > DENSE_FROM

    @cached_property
    def has_crowds(self) -> bool:
        """Tell whether several marks lie on one place: a number beside it says how many."""
        return len(crowded(self.rows)[0]) > 0

    @cached_property
    def looks(self) -> Looks:
        """The look of each mark."""
        return mark_looks(self.query, self.rows)

    @cached_property
    def used_classes(self) -> Sequence[MarkClass]:
        """The classes of colour that occur, in the order of the legend."""
        used = set(self.looks.kind.tolist())
        classes = mark_classes(self.query)
        return [one for place, one in enumerate(classes) if place in used]

    @cached_property
    def used_steps(self) -> AbstractSet[int]:
        """The steps of size that occur, -1 for no known figure; none for a View of one size."""
        if self.view.size_by == "none":
            return frozenset()
        return frozenset(size_steps(self.rows, self.view.size_by).tolist())

    @property
    def dot_px(self) -> float:
        """The usual radius of a mark at 1x."""
        return next(px for most, px in DOTS_PX if len(self.rows) <= most)

    @cached_property
    def choropleth(self) -> Choropleth | None:
        """The regions' values; None if the terms withhold all sums of this View."""
        if self.sums.is_withheld:
            return None
        return self.choropleths.of(self.sums)

    @cached_property
    def region_only(self) -> tuple[dict[str, int], int]:
        """Count incidents without a mark by region, and those in no region of this level."""
        regions = self.query.reference.regions(self.view.level)
        counts = np.zeros(len(regions) + 1, np.int64)
        for segment, places in self._matching.parts:
            unmarked = places >= segment.marks
            if self.marks.filter.has_quiet:
                unmarked |= is_quiet(segment.rows, places, self.marks.filter)
            unmarked &= segment.rows["status"][places] != RETRACTED  # it never counts
            numbers = regions_of(segment.rows, places[unmarked], self.marks.filter).astype(np.int64)
            counts += np.bincount(numbers % (len(regions) + 1), minlength=len(regions) + 1)
        own = {
            region.code: int(count)
            for (theatre, region), count in zip(regions, counts, strict=False)
            if theatre == self.view.theatre and count
        }
        return own, int(counts.sum()) - sum(own.values())

    @cached_property
    def control(self) -> FigureControl:
        """The control of the View's last day, or why there is none."""
        try:
            source = control_dataset(self.query, Face.tiles)
        except NotShared:
            source = control_source(self.query)
            return FigureControl(withheld=source.name if source else "")
        day = self.query.control_day
        snapshot = None if source is None else self.query.control_on(source, day)
        if source is None or snapshot is None:
            return FigureControl(source)
        line = self.query.front_line(snapshot)
        return FigureControl(source, snapshot, line, (day - snapshot.valid_on).days)

    @cached_property
    def frozen(self) -> FrontLine | None:
        """The line of the View's frozen day; None without one."""
        source = self.control.source
        if self.view.freeze is None or source is None:
            return None
        snapshot = self.query.control_on(source, self.view.freeze)
        if snapshot is None:
            return None
        return self.query.front_line(snapshot)

    @cached_property
    def counts(self) -> FigureCounts:
        """Count what the figure shows, for its text."""
        own, elsewhere = self.region_only
        single = summable(self.sums, Face.aggregates)
        whole = by_region(single).whole()
        ledger = Ledger(whole, self.query.reference.taxonomy.sectors.codes)
        settlement = PRECISIONS.index("settlement")
        return FigureCounts(
            marks=len(self.rows),
            has_settlements=bool((self.rows["precision"] == settlement).any()),
            region_only=sum(own.values()),
            elsewhere=elsewhere,
            ledger=ledger,
            valued=single,
        )

    @cached_property
    def is_known(self) -> bool:
        """Tell whether the View's datasets had any record at its as-of, whatever the filters."""
        criteria = self.sums.filter
        return any(
            _has_any(part.rows, criteria, low)
            for part in self.sums.segments
            for low in range(0, len(part.rows), ROWS_A_STEP)
        )

    def box(self) -> Bounds:
        """Return the bounds of the map: the View's box, area or regions, or the whole theatre."""
        if self.view.bbox is not None:
            box = self.view.bbox
            if len(box.parts) == 1:
                return box
            return box._replace(west=-180.0, east=180.0)  # a figure ends at 180°
        regions = self.query.regions
        shapes = [one.shape for one in regions.regions if one.code in self.view.regions]
        if self.view.within is not None:
            west, south, east, north = self.view.within.bounds
        elif shapes:
            west, south, east, north = shapely.total_bounds(np.array(shapes, object)).tolist()
        else:
            return Bounds(*self.theatre.bounds)
        dx, dy = (east - west) * PAD_SHARE, (north - south) * PAD_SHARE
        south, north = max(south - dy, -85.0), min(north + dy, 85.0)
        return Bounds(max(west - dx, -180.0), south, min(east + dx, 180.0), north)


def _has_any(rows: Rows, criteria: Filter, low: int) -> bool:
    """Tell whether a step of rows has one of the datasets, recorded before the as-of."""
    step = slice(low, low + ROWS_A_STEP)
    is_known = criteria.datasets[rows["dataset"][step]] & (rows["seq"][step] <= criteria.seq)
    return bool(is_known.any())
