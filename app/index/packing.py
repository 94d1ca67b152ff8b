"""Packs the whole record, and links the revisions of an incident with each other."""

from __future__ import annotations

import contextlib
import gc
import multiprocessing
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

import numpy as np

from app.domain.revision import Revision, Subject
from app.domain.store import Store
from app.index.columns import Tables, pack
from app.index.control import DatedControl, pack_control
from app.index.merged import Decisions
from app.index.select import Segment
from app.reference.taxonomy import Taxonomy
from app.rows import Rows

BATCH = 100_000
PACKERS = 2

_Packed = tuple[Rows, list[str], list[Revision]]
"""Rows with their own table of datasets, and the revisions of other subjects."""


def pack_record(
    store: Store, upto: int, tables: Tables, taxonomy: Taxonomy
) -> tuple[Rows, list[DatedControl], Decisions]:
    """Pack every revision up to a number; two processes pack a large record."""
    spans = [(first, min(first + BATCH, upto)) for first in range(0, upto, BATCH)]
    work = partial(_pack_span, store, taxonomy, tables.regions)
    parts: list[Rows] = []
    control: list[DatedControl] = []
    decisions = Decisions()
    with contextlib.ExitStack() as stack:
        packed: Iterable[_Packed] = map(work, spans)
        if len(spans) > PACKERS:
            # New processes, never forks: a fork would copy a server's threads and open files.
            fresh = multiprocessing.get_context("spawn")
            packed = stack.enter_context(ProcessPoolExecutor(PACKERS, fresh, gc.disable)).map(
                work, spans
            )
        for rows, slugs, revisions in packed:
            numbers = np.array([tables.dataset(slug) for slug in slugs], np.int16)
            parts.append(rows.replace(dataset=numbers[rows["dataset"]]))
            of_control = [one for one in revisions if one.subject is Subject.control]
            control = pack_control(of_control, control)
            decisions = decisions.with_more(revisions)
    return Rows.concatenate(parts), control, decisions


def _pack_span(
    store: Store, taxonomy: Taxonomy, regions: dict[int, list[str]], span: tuple[int, int]
) -> _Packed:
    """Pack the incidents in (first, last], and list the revisions of control and of merges."""
    tables = Tables(regions)
    others: list[Revision] = []

    def incidents() -> Iterator[Revision]:
        for revision in store.revisions(*span):
            if revision.subject is Subject.incident:
                yield revision
            elif revision.subject in (Subject.control, Subject.merge, Subject.matching):
                others.append(revision)

    return pack(incidents(), tables, taxonomy), tables.datasets, others


def link_revisions(rows: Rows) -> Rows:
    """Set `known_to` of replaced revisions, and give each revision the number of its incident.

    Args:
        rows: in the order of the ledger.
    """
    known_to, number = rows["known_to"].copy(), rows["number"].copy()
    later = np.flatnonzero(rows["prior"])
    earlier = np.searchsorted(rows["seq"], rows["prior"][later])
    for new, old in zip(later.tolist(), earlier.tolist(), strict=True):
        if old < len(rows) and rows["seq"][old] == rows["prior"][new]:
            known_to[old], number[new] = rows["seq"][new], number[old]
    return rows.replace(known_to=known_to, number=number)


def override(segment: Segment, delta: Rows) -> tuple[Rows, np.ndarray, Rows]:
    """Link the revisions of a delta with each other and with a copy of its base.

    `segment` is the base; what is computed of it alone is computed once for all deltas. Returns
    the delta, the places of the base's rows that it replaces, and the base with those closed.
    """
    base = segment.rows
    later = np.flatnonzero(delta["prior"])
    if not len(later) or not len(base):
        return link_revisions(delta), np.empty(0, np.int64), base
    later = later[delta["prior"][later] <= segment.newest]
    places = segment.place_of[delta["prior"][later]]
    replaced, by = places[places >= 0], later[places >= 0]
    known_to, number = np.array(base["known_to"]), delta["number"].copy()
    known_to[replaced] = delta["seq"][by]
    number[by] = base["number"][replaced]
    linked = link_revisions(delta.replace(number=number))
    return linked, replaced, base.replace(known_to=known_to)
