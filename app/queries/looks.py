"""How marks look: the class of each by what the View colours by, and its size by a figure.

Page, tiles, figures and their legends read it here, so that a colour means the same on all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from app.domain.view import COLOURS_BY, NOT_STATED, SIZES_BY
from app.index.columns import STATUSES
from app.index.joins import Joined
from app.index.select import Segment, Selection
from app.publishing.line_joins import line_join
from app.publishing.publish import joined_source
from app.publishing.query import Query
from app.publishing.sources import datasets_of_view
from app.render.classes import REST, ClassColumn, MarkClass, MarkStyle
from app.render.palette import (
    FAMILIES,
    NOT_STATED_MARK,
    OTHER_MARK,
    SECTOR_MARKS,
    SERIES,
    SEVERAL_MARK,
    SIDE_MARKS,
    SIZE_STEPS,
    STATUS_MARKS,
    UNKNOWN_MARK,
    Mark,
    family_of,
)
from app.rows import Table, least_known
from app.tiles.raster import Looks

SEVERAL, OTHER, UNKNOWN = "several", "other", "unknown"


def mark_classes(query: Query) -> tuple[MarkClass, ...]:
    """List the classes of a View's marks by its `colour_by`, in the order of a legend."""
    classes = {
        "weapon": _weapons,
        "sector": _sectors,
        "status": _statuses,
        "dataset": _datasets,
        "side": _sides,
    }
    return tuple(classes[query.view.colour_by](query))


FILE_COLUMNS = {
    "weapon": ClassColumn("weapons", "|"),
    "status": ClassColumn("status"),
    "dataset": ClassColumn("dataset"),
}
"""The columns of an exported table that say a mark's class, by `colour_by`."""


def file_style(query: Query) -> MarkStyle:
    """Return the look of marks in an exported table.

    A table has no column of its own for kinds of targets and for sides: there, weapons colour.
    """
    by = query.view.colour_by if query.view.colour_by in FILE_COLUMNS else COLOURS_BY[0]
    return MarkStyle(FILE_COLUMNS[by], mark_classes(query.but(colour_by=by)))


def tile_style(query: Query) -> MarkStyle:
    """Return the look of marks in vector tiles."""
    is_weapon = query.view.colour_by == COLOURS_BY[0]
    column = ClassColumn("weapon", ",") if is_weapon else ClassColumn("class")
    return MarkStyle(column, mark_classes(query))


def _weapons(query: Query) -> Iterable[MarkClass]:
    label, language = query.reference.taxonomy.weapons.label, query.view.lang
    return (MarkClass(code, label(code, language), mark) for code, mark in FAMILIES.items())


def _sectors(query: Query) -> Iterable[MarkClass]:
    words, sectors, language = query.words, query.reference.taxonomy.sectors, query.view.lang
    for code, mark in SECTOR_MARKS.items():
        yield MarkClass(code, sectors.label(code, language), mark)
    yield MarkClass(SEVERAL, words["several_sectors"], SEVERAL_MARK)
    yield MarkClass(OTHER, sectors.label(OTHER, language), OTHER_MARK)
    yield MarkClass(UNKNOWN, sectors.label(UNKNOWN, language), UNKNOWN_MARK)


def _statuses(query: Query) -> Iterable[MarkClass]:
    return (MarkClass(code, query.words[f"status_{code}"], STATUS_MARKS[code]) for code in STATUSES)


def _datasets(query: Query) -> Iterable[MarkClass]:
    """Give the first datasets a colour each; the others share one and are named together."""
    names = {dataset.slug: dataset.name for dataset in datasets_of_view(query)}
    return _series(names, SERIES, query.words["other_datasets"])


def _sides(query: Query) -> Iterable[MarkClass]:
    words, theatre = query.words, query.theatre
    names = {party.code: party.name(query.view.lang) for party in theatre.party}
    yield from _series(names, SIDE_MARKS, words["other_parties"])
    yield MarkClass(NOT_STATED, words["nobody_states"], NOT_STATED_MARK)
    yield MarkClass(UNKNOWN, words["side_unknown"], UNKNOWN_MARK)


def _series(names: dict[str, str], marks: Sequence[Mark], others: str) -> Iterable[MarkClass]:
    pairs = list(names.items())
    for (code, name), mark in zip(pairs, marks, strict=False):
        yield MarkClass(code, name, mark)
    rest = [name for _code, name in pairs[len(marks) :]]
    if rest:
        yield MarkClass(REST, others.format(names=", ".join(rest)), OTHER_MARK)


def class_numbers(query: Query, marks: Selection) -> np.ndarray:
    """Return the class of each mark, as its place in `mark_classes`.

    Raises:
        InvalidView, NotShared: the View colours by side, and `side_join` cannot tell it.
    """
    codes, which = _codes(query, marks)
    places = {one.code: place for place, one in enumerate(mark_classes(query))}
    of_code = [places.get(code, places.get(REST, 0)) for code in codes]
    return np.asarray(np.array(of_code, np.uint8)[which])


def _codes(query: Query, marks: Selection) -> tuple[Sequence[str], np.ndarray]:
    """Return some codes of classes, and the place of each mark's own among them."""
    by, taxonomy = query.view.colour_by, query.reference.taxonomy
    if by == "status":
        return STATUSES, marks["status"]
    if by == "dataset":
        return query.state.tables.datasets, marks["dataset"]
    if by == "side":
        parties = [party.code for party in query.theatre.party]
        return [UNKNOWN, NOT_STATED, *parties], _holders(query, marks)
    masks, which = np.unique(marks[f"{by}s"], return_inverse=True)
    if by == "weapon":
        return [family_of(mask, taxonomy.weapons.codes) for mask in masks.tolist()], which
    return [_sector_class(taxonomy.sectors.unpack(mask)) for mask in masks.tolist()], which


def _sector_class(sectors: Iterable[str]) -> str:
    classes = {code if code in SECTOR_MARKS else OTHER for code in sectors if code != UNKNOWN}
    return SEVERAL if len(classes) > 1 else next(iter(classes), UNKNOWN)


def side_join(query: Query) -> Callable[[Segment], Joined]:
    """Return the join of marks with the ground of their day.

    Raises:
        InvalidView: no source of control is loaded, or it has no snapshot for the frozen day.
        NotShared: the source's terms do not let points leave.
    """
    return line_join(query, joined_source(query))


def _holders(query: Query, marks: Selection) -> np.ndarray:
    """Return who held the ground of each mark on its day: 0 unknown, 1 not stated, then parties."""
    join = side_join(query)
    parts = [join(segment).at(places) for segment, places in marks.parts]
    return np.concatenate(
        [np.where(joined.mark == 0, 0, joined.holder.astype(np.int64) + 1) for joined in parts]
    )


def mark_looks(query: Query, marks: Selection) -> Looks:
    """Return the look of each mark.

    Raises:
        InvalidView, NotShared: as `class_numbers`.
    """
    kinds = [one.mark for one in mark_classes(query)]
    return Looks(kinds, class_numbers(query, marks), size_factors(marks, query.view.size_by))


def size_steps(marks: Table, by: str) -> np.ndarray:
    """Return the step of each mark's toll (`by`) in `SIZE_STEPS`; -1 where none is known."""
    limits = [least for least, _factor in SIZE_STEPS]
    return np.searchsorted(limits, least_known(marks, by), "right") - 1


def size_factors(marks: Table, by: str) -> np.ndarray:
    """Return the radius of each mark as a factor of the usual one; 1 where no figure is known."""
    if by == SIZES_BY[0]:
        return np.ones(len(marks))
    factors = [factor for _least, factor in SIZE_STEPS]
    return np.asarray(np.array([*factors, 1.0])[size_steps(marks, by)])
