"""From a file to noted records; a large file is read in a process of its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator, Mapping
from itertools import islice
from multiprocessing.connection import Connection
from typing import NamedTuple

from app.domain.errors import InputError
from app.domain.incident import Incident, Status
from app.domain.revision import Subject, canonical, fingerprint
from app.importers.base import Context, Found, Importer, Outcome, Source

LARGE_BYTES = 32 * 1024 * 1024
"""From here on a second process, which takes a second to start, is worth it."""

BATCH = 500


class Noted(NamedTuple):
    """What planning needs to know of a found record: its fate depends on no more than this."""

    row: int
    rows: int
    subject: Subject
    key: str
    name: str
    payload: bytes
    mark: bytes
    point: tuple[int, ...]
    is_invented: bool
    is_retracted: bool
    shapes: Mapping[str, bytes]


def noted(importer: Importer, source: Source, context: Context) -> Iterator[Noted | Outcome]:
    """Read a file outcome by outcome, with each record written down in its canonical form.

    Raises:
        InvalidFile: the file as a whole cannot be read.
    """
    if source.path.stat().st_size >= LARGE_BYTES:
        return _ahead(importer, source, context)
    return _here(importer, source, context)


def _here(importer: Importer, source: Source, context: Context) -> Iterator[Noted | Outcome]:
    for outcome in importer.read(source, context):
        yield _note(outcome) if isinstance(outcome, Found) else outcome


def _note(found: Found) -> Noted:
    record = found.record
    point: tuple[int, ...] = ()
    is_retracted = False
    if isinstance(record, Incident):
        subject, key = Subject.incident, f"{record.dataset}/{record.id}"
        name = record.source_key or str(record.id)
        place, is_retracted = record.place, record.status is Status.retracted
        if place.lon_e7 is not None and place.lat_e7 is not None:
            point = (place.lon_e7, place.lat_e7)
    else:
        subject, key, name = Subject.control, record.key, str(record.valid_on)
    payload = canonical(record)
    mark = fingerprint(payload)
    told = (subject, key, name, payload, mark, point, record.synthetic, is_retracted)
    return Noted(found.row, found.rows, *told, found.shapes)


def _ahead(importer: Importer, source: Source, context: Context) -> Iterator[Noted | Outcome]:
    # A fresh process, never a fork: a server's threads and its open record must not be copied.
    processes = multiprocessing.get_context("spawn")
    ours, theirs = processes.Pipe(duplex=False)
    reader = processes.Process(target=_send, args=(theirs, importer, source, context), daemon=True)
    reader.start()
    theirs.close()
    try:
        while batch := ours.recv():
            if isinstance(batch, Refused):
                raise batch.kind(*batch.problem)
            yield from batch
    except EOFError as wrong:
        raise RuntimeError(f"The process that read {source.name} ended before its time.") from wrong
    finally:
        ours.close()
        reader.kill()
        reader.join()


class Refused(NamedTuple):
    """A file that cannot be taken, told across processes."""

    kind: type[InputError]
    problem: tuple[str, str, str]


def _send(there: Connection, importer: Importer, source: Source, context: Context) -> None:
    """Send outcomes in batches; an empty one ends them."""
    outcomes = _here(importer, source, context)
    try:
        while batch := list(islice(outcomes, BATCH)):
            there.send(batch)
        there.send([])
    except InputError as wrong:
        there.send(Refused(type(wrong), tuple(wrong.problem)))
