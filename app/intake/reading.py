"""From a file, or several, to noted records; a large file is read in a process of its own."""

from __future__ import annotations

import gc
import multiprocessing
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import msgspec

from app.domain.control import ControlSnapshot
from app.domain.errors import InputError, Problem, UnknownFormat
from app.domain.incident import Status
from app.domain.revision import Subject, canonical, fingerprint
from app.domain.wave import Wave
from app.files.source import Rejection, SourceFile, rejection
from app.importers.base import Context, Importer, Outcome, ParsedRecord, Warned
from app.importers.formats import FORMATS, choose
from app.importers.members import MemberFile, PathContents

LARGE_BYTES = 32 * 1024 * 1024
"""From here on a second process, which takes a second to start, is worth it."""

BATCH = 500
INCIDENT, CONTROL, RETRACTED = Subject.incident, Subject.control, Status.retracted


class Noted(msgspec.Struct, frozen=True, gc=False):
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
    is_layer: bool = False
    member: str | None = None


def noted(importer: Importer, source: SourceFile, context: Context) -> Iterator[Noted | Outcome]:
    """Read a file outcome by outcome, with each record written down in its canonical form.

    Raises:
        InvalidFile: the file as a whole cannot be read.
    """
    if source.path.stat().st_size >= LARGE_BYTES:
        return _ahead(importer, source, context)
    return _here(importer, source, context)


def agreed(
    contents: PathContents, wanted: str, name: str
) -> tuple[Importer, str, list[MemberFile], list[Rejection]]:
    """Agree on one format for all files of a collection: the one that most of them have.

    Returns the importer, why, the files that have it, and the fate of those that have not.

    Raises:
        InvalidFile: no file has a known format.
    """
    if not contents.is_many and contents.members:
        return *choose(contents.members[0].source, wanted), contents.members, []
    if wanted not in ("auto", *FORMATS) and contents.members:
        choose(contents.members[0].source, wanted)
    faults, chosen = list(contents.faults), list[tuple[MemberFile, Importer, str]]()
    for member in contents.members:
        try:
            chosen.append((member, *choose(member.source, wanted)))
        except InputError as wrong:
            faults.append(rejection(0, wrong, member.path))
    if not chosen:
        got = f"{len(faults)} files of no known format"
        raise UnknownFormat(f"files of {name}", got, f"one of {', '.join(FORMATS)}")
    most = Counter(importer.name for _, importer, _ in chosen).most_common(1)[0][0]
    allowed = f"{most}: all files of one import have one format"
    strays = [
        Rejection(0, "format", importer.name, allowed, member.path)
        for member, importer, _ in chosen
        if importer.name != most
    ]
    taken = [member for member, importer, _ in chosen if importer.name == most]
    why = next(why for _, importer, why in chosen if importer.name == most)
    return FORMATS[most], f"{why}; {len(taken):,} files", taken, [*faults, *strays]


def noted_members(
    importer: Importer, members: Sequence[MemberFile], context: Context
) -> Iterator[Noted | Outcome]:
    """Read the files of a collection one after another, each outcome with its file's name.

    A file that cannot be read is one rejection and the rest goes on. A large one is not held back
    until it was read to its end: when that fails, the import as a whole is refused.
    """
    companions = tuple((Path(member.path).name, member.source.path) for member in members)
    for member in members:
        found = noted(importer, replace(member.source, companions=companions), context)
        if member.source.path.stat().st_size < LARGE_BYTES:
            try:
                found = iter(list(found))
            except InputError as wrong:
                found = iter([rejection(0, wrong, member.path)])
        for outcome in found:
            yield _named(outcome, member.path)


def _named(outcome: Noted | Outcome, path: str) -> Noted | Outcome:
    match outcome:
        case Noted() | Rejection():
            return msgspec.structs.replace(outcome, member=path)
        case Warned():
            return Warned(outcome.text, path)
        case _:
            return outcome


def _here(importer: Importer, source: SourceFile, context: Context) -> Iterator[Noted | Outcome]:
    for outcome in importer.read(source, context):
        yield _note(outcome) if isinstance(outcome, ParsedRecord) else outcome


def _note(parsed: ParsedRecord) -> Noted:
    row, record, rows, shapes, is_layer = parsed
    payload = canonical(record)
    mark, is_invented = fingerprint(payload), record.synthetic
    if isinstance(record, ControlSnapshot):
        key, name = record.key, str(record.valid_on)
        sort = (is_invented, False, shapes, is_layer)
        return Noted(row, rows, CONTROL, key, name, payload, mark, (), *sort)
    if isinstance(record, Wave):
        key, name = record.subject, record.key
        return Noted(row, rows, Subject.wave, key, name, payload, mark, (), is_invented, False, {})
    key, name = f"{record.dataset}/{record.id}", record.source_key or str(record.id)
    lon, lat = record.place.lon_e7, record.place.lat_e7
    point = () if lon is None or lat is None else (lon, lat)
    gone = record.status is RETRACTED
    return Noted(row, rows, INCIDENT, key, name, payload, mark, point, is_invented, gone, shapes)


def _ahead(importer: Importer, source: SourceFile, context: Context) -> Iterator[Noted | Outcome]:
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
    problem: Problem


def _send(there: Connection, importer: Importer, source: SourceFile, context: Context) -> None:
    """Send outcomes in batches; an empty one ends them."""
    gc.disable()  # records hold no cycles, and looking for some takes a tenth of the time
    outcomes = _here(importer, source, context)
    try:
        while batch := list(islice(outcomes, BATCH)):
            there.send(batch)
        there.send([])
    except InputError as wrong:
        there.send(Refused(type(wrong), wrong.problem))
