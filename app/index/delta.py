"""The revisions after a generation, packed, and the state that both make together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgspec

from app.domain.redaction import Redaction
from app.domain.revision import Action, Revision, Subject
from app.domain.store import Store
from app.domain.terms import Dataset
from app.index.build import Builder
from app.index.columns import Tables, pack
from app.index.control import ControlIndex, DatedControl, ShapeFiles, pack_control
from app.index.generation import Generation
from app.index.merged import Decisions, Merged
from app.index.packing import override
from app.index.select import Segment
from app.index.state import State
from app.reference.reference import Reference
from app.rows import Rows

_REDACTION = msgspec.json.Decoder(Redaction)
_DATASET = msgspec.json.Decoder(Dataset)


@dataclass(frozen=True, eq=False)
class Delta:
    """The revisions after a generation, up to the one with this number and hash."""

    seq: int
    hash: bytes
    tables: Tables
    rows: Rows
    control: list[DatedControl]
    decisions: Decisions
    purged: int = 0
    """The newest purge among its revisions; 0 without any."""

    @classmethod
    def after(cls, generation: Generation) -> Delta:
        """Begin with no revision."""
        meta, nothing = generation.meta, Rows.concatenate([])
        return cls(meta.seq, meta.hash, generation.tables, nothing, meta.control, meta.decisions)


@dataclass(frozen=True, eq=False)
class DeltaReader:
    """Reads from the record what a generation does not hold."""

    store: Store
    reference: Reference
    builder: Builder
    shapes: ShapeFiles

    def extend(self, delta: Delta) -> Delta:
        """Pack the revisions after a delta; the same one comes back when there are none."""
        revisions = list(self.store.revisions(delta.seq))
        if not revisions:
            return delta
        tables = delta.tables.copy()
        purges = [one.seq for one in revisions if one.subject is Subject.erasure]
        incidents = [one for one in revisions if one.subject is Subject.incident]
        rows = self.builder.located(pack(incidents, tables, self.reference.taxonomy))
        control = [one for one in revisions if one.subject is Subject.control]
        entries = pack_control(control, delta.control)
        self.shapes.copy(entry.snapshot for entry in entries if entry.seq > delta.seq)
        return Delta(
            revisions[-1].seq,
            revisions[-1].hash,
            tables,
            Rows.concatenate([delta.rows, rows]),
            entries,
            delta.decisions.with_more(revisions),
            max(delta.purged, *purges, 0),
        )

    def state(self, generation: Generation, delta: Delta, mended: str) -> State:
        """Put a generation and its delta together; `mended` is that of `State`."""
        base = generation.segment
        rows, replaced, base_rows = override(base, delta.rows)
        if len(replaced):
            base = Segment(base_rows, base.marks, base.newest, base.joined)
        segments = [base, Segment.sort(rows)] if len(rows) else [base]
        revisions = self.store.latest(Subject.dataset)
        datasets = [_DATASET.decode(one.payload) for one in revisions if one.payload is not None]
        # A theatre whose file has faults is not open: its records stay, and nothing shows them.
        datasets = [one for one in datasets if one.theatre in self.reference.theatres]
        return State(
            delta.seq,
            segments,
            replaced,
            generation.cubes,
            delta.tables,
            {dataset.slug: dataset for dataset in datasets},
            ControlIndex(delta.control, self.shapes),
            Merged(delta.decisions, segments, tuple(delta.tables.datasets)),
            {one.key: self._added(one) for one in revisions},
            {one.key: one for one in self._redactions()},
            delta.hash,
            next((one.recorded_at for one in self.store.by_seq([delta.seq])), None),
            mended,
        )

    def _added(self, newest: Revision) -> int:
        """Return the number of the first revision of a subject."""
        if newest.prior is None:
            return newest.seq
        return self.store.history(newest.subject, newest.key)[0].seq

    def _redactions(self) -> Iterator[Redaction]:
        """Read the redactions of now: they apply to every View, whatever its `as_of`."""
        for revision in self.store.latest(Subject.redaction):
            if revision.action is not Action.retract and revision.payload is not None:
                yield _REDACTION.decode(revision.payload)
