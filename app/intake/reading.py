"""Reads a file, or several of one format, to records."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
from msgspec.structs import replace as replace_fields

from app.domain.control import ControlSnapshot
from app.domain.errors import InputError, UnknownFormat
from app.domain.incident import Incident, Status, decode_incident, incident_id
from app.domain.revision import Subject, canonical, fingerprint
from app.domain.source import check_addresses
from app.domain.wave import Wave
from app.files.source import Rejection, SourceFile, rejection
from app.importers.base import Context, Importer, Outcome, ParsedRecord, Warned
from app.importers.formats import FORMATS, choose
from app.importers.members import MemberFile, PathContents
from app.limited.readings import LARGE_BYTES

INCIDENT, CONTROL, RETRACTED = Subject.incident, Subject.control, Status.retracted


class RowRecord(msgspec.Struct, frozen=True, gc=False):
    """What planning needs of a record in a file: its fate depends on no more than this.

    `first_day` is the first day that an incident or a day of control is of.
    `payload` is the record in its canonical form, `mark` the payload's fingerprint, `point` its
    longitude and latitude in 1e-7 degrees, or nothing.
    """

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
    first_day: date | None = None


def choose_format(
    files: PathContents, name: str, label: str
) -> tuple[Importer, str, list[MemberFile], list[Rejection]]:
    """Choose one format for all files of a collection: the one that most of them have.

    `name` is a format's name or "auto"; `label` is how messages call the collection. Returns the
    importer, why it was chosen, the files of its format, and a rejection for each other file.

    Raises:
        InvalidFile: no file has a known format.
    """
    if not files.is_many and files.members:
        return *choose(files.members[0].source, name), files.members, []
    if name not in ("auto", *FORMATS) and files.members:
        choose(files.members[0].source, name)
    faults, choices = list(files.faults), list[tuple[MemberFile, Importer, str]]()
    for member in files.members:
        try:
            choices.append((member, *choose(member.source, name)))
        except InputError as wrong:
            faults.append(rejection(0, wrong, member.path))
    if not choices:
        got = f"{len(faults)} files of no known format"
        allowed = f"one of {', '.join(FORMATS)}; --mapping M.toml reads tables of other columns"
        raise UnknownFormat(f"files of {label}", got, allowed)
    most = Counter(importer.name for _, importer, _ in choices).most_common(1)[0][0]
    allowed = f"{most}: all files of one import have one format"
    strays = [
        Rejection(0, "format", importer.name, allowed, member.path)
        for member, importer, _ in choices
        if importer.name != most
    ]
    members = [member for member, importer, _ in choices if importer.name == most]
    why = next(why for _, importer, why in choices if importer.name == most)
    return FORMATS[most], f"{why}; {len(members):,} files", members, [*faults, *strays]


def read_records(
    name: str, members: Sequence[MemberFile], context: Context, *, is_many: bool
) -> Iterator[RowRecord | Outcome]:
    """Read files of the format `name`, outcome by outcome, each record in its canonical form.

    Of a collection each outcome has its file's name, and a file that cannot be read is one
    rejection. The records of a large file go on before its end is read: when reading fails then,
    the import as a whole is refused.

    Raises:
        InvalidFile: a file that is not one of many cannot be read.
    """
    importer = FORMATS[name]
    if not is_many:
        return _records(importer, members[0].source, context)
    return _records_of_many(importer, members, context)


def _records_of_many(
    importer: Importer, members: Sequence[MemberFile], context: Context
) -> Iterator[RowRecord | Outcome]:
    companions = tuple((Path(member.path).name, member.source.path) for member in members)
    for member in members:
        outcomes = _records(importer, replace(member.source, companions=companions), context)
        if member.source.path.stat().st_size < LARGE_BYTES:
            try:
                outcomes = iter(list(outcomes))
            except InputError as wrong:
                outcomes = iter([rejection(0, wrong, member.path)])
        for outcome in outcomes:
            yield _with_member(outcome, member.path)


def _with_member(outcome: RowRecord | Outcome, path: str) -> RowRecord | Outcome:
    match outcome:
        case RowRecord() | Rejection():
            return msgspec.structs.replace(outcome, member=path)
        case Warned():
            return outcome._replace(member=path)
        case _:
            return outcome


def _records(
    importer: Importer, source: SourceFile, context: Context
) -> Iterator[RowRecord | Outcome]:
    for outcome in importer.read(source, context):
        yield _checked(outcome) if isinstance(outcome, ParsedRecord) else outcome


def _checked(outcome: ParsedRecord) -> RowRecord | Rejection:
    """Reject a record with an address that no browser should follow, whatever the format."""
    try:
        match outcome.record:
            case Incident(sources=sources, claims=claims):
                check_addresses(sources, claims)
            case Wave(sources=sources):
                check_addresses(sources)
    except InputError as wrong:
        return rejection(outcome.row, wrong)
    return _record(outcome)


def _record(outcome: ParsedRecord) -> RowRecord:
    row, record, rows, shapes, is_layer = outcome
    payload = canonical(record)
    mark, is_invented = fingerprint(payload), record.synthetic
    if isinstance(record, ControlSnapshot):
        key, name = record.key, str(record.valid_on)
        sort = (is_invented, False, shapes, is_layer, None, record.valid_on)
        return RowRecord(row, rows, CONTROL, key, name, payload, mark, (), *sort)
    if isinstance(record, Wave):
        key, name = record.subject, record.key
        return RowRecord(
            row, rows, Subject.wave, key, name, payload, mark, (), is_invented, False, {}
        )
    key, name = f"{record.dataset}/{record.id}", record.source_key or str(record.id)
    lon, lat = record.place.lon_e7, record.place.lat_e7
    point = () if lon is None or lat is None else (lon, lat)
    gone = record.status is RETRACTED
    own = (is_invented, gone, shapes, False, None, record.when.first)
    return RowRecord(row, rows, INCIDENT, key, name, payload, mark, point, *own)


def keyed_by_id(record: RowRecord) -> RowRecord:
    """Take the id that a file gives an incident as its source's key, and derive another id from it.

    A key that another instance withholds made such an id. The key that made it stays free to bring
    the record of that id.
    """
    incident = decode_incident(record.payload)
    key = str(incident.id)
    own = replace_fields(incident, id=incident_id(incident.dataset, key), source_key=key)
    payload = canonical(own)
    return replace_fields(
        record,
        key=f"{own.dataset}/{own.id}",
        name=key,
        payload=payload,
        mark=fingerprint(payload),
    )
