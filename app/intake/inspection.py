"""What a file is, before its records are read: what is in it, its format, its columns."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from app.domain.errors import InputError
from app.files.source import Rejection
from app.importers.base import Context, Importer, Outcome
from app.importers.members import MemberFile
from app.intake.form_files import FileOrder, open_tables
from app.intake.options import ImportOptions
from app.intake.reading import RowRecord, choose_format, read_records
from app.intake.understanding import understand
from app.reference.reference import Reference


class InspectedFile(NamedTuple):
    """What is known of a file before its records are read; nothing of it is a record yet."""

    options: ImportOptions
    """With the mapping that a plain table suggests."""

    format_name: str
    why: str
    """Why this format was chosen."""

    members: list[MemberFile]
    """The files of this format: one, or those of a folder or an archive."""

    faults: list[Rejection]
    is_many: bool
    columns: dict[str, str]
    """The fields of its columns."""

    understood: str | None = None
    """What the columns of a table without a mapping were taken for."""

    @property
    def size_bytes(self) -> int:
        """The bytes of all its files, unpacked."""
        sources = [member.source for member in self.members]
        beside = [path for source in sources for _name, path in source.companions]
        return sum(path.stat().st_size for path in [*(one.path for one in sources), *beside])


def inspect_file(reference: Reference, order: FileOrder, options: ImportOptions) -> InspectedFile:
    """Open a file, choose its format, and read a table's header; unpacked files stay.

    Raises:
        InvalidFile: the file as a whole cannot be taken.
    """
    files = open_tables(order)
    options, understood = understand(reference, files, options, order.label)
    importer, why, members, faults = choose_format(files, options.format_name, order.label)
    return InspectedFile(
        options,
        importer.name,
        "its columns are plain" if understood else why,
        members,
        faults,
        files.is_many,
        _columns(importer, members),
        understood,
    )


def records_in(inspected: InspectedFile, context: Context) -> Iterator[RowRecord | Outcome]:
    """Read the records of a file that was inspected.

    Raises:
        InvalidFile: as `read_records`.
    """
    name, members = inspected.format_name, inspected.members
    return read_records(name, members, context, is_many=inspected.is_many)


def _columns(importer: Importer, members: Sequence[MemberFile]) -> dict[str, str]:
    """Map the columns of the first file that can be read; the others are of the same format."""
    for member in members[:-1]:
        with contextlib.suppress(InputError):
            return importer.mapping(member.source)
    return importer.mapping(members[-1].source)
