"""Takes the files of one form, as ODK Central exports them in a zip, for one table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from app.domain.errors import InputError
from app.files.sheets import first_lines, is_workbook
from app.files.source import SourceFile, decoded_head
from app.importers.formats import recognised
from app.importers.members import PathContents, open_contents
from app.intake.survey_columns import REPEATED_ROWS, is_form


class FileOrder(NamedTuple):
    """A file to import: its path, what messages call it, and the bound on what it unpacks to."""

    path: Path
    label: str
    most_bytes: int
    folder: Path
    """Where unpacked files go; whoever orders removes it."""


def open_tables(order: FileOrder) -> PathContents:
    """Open a file, a folder or an archive; the tables of one form are one file of it.

    Raises:
        InvalidFile: as `open_contents`.
    """
    path, label, most_bytes, folder = order
    return main_table_of(open_contents(path, label, most_bytes, recognised, folder))


def main_table_of(files: PathContents) -> PathContents:
    """Return the main table of a form with all other files beside it.

    Files that are not those of one form stay as they are.
    """
    headers = {member.path: _header(member.source) for member in files.members}
    groups = [path for path, names in headers.items() if not REPEATED_ROWS.isdisjoint(names)]
    mains = [one for one in files.members if is_form(headers[one.path]) and one.path not in groups]
    if files.faults or not groups or len(mains) != 1:
        return files
    (main,) = mains
    beside = tuple(
        (PurePosixPath(one.path).name, one.source.path)
        for one in files.members
        if one.path != main.path
    )
    return PathContents([main._replace(source=replace(main.source, companions=beside))])


def _header(source: SourceFile) -> list[str]:
    """Return the first line of a table as text; nothing of any other file."""
    if is_workbook(source) or decoded_head(source).lstrip()[:1] in ("", "{", "[", "<"):
        return []
    try:
        return next(iter(first_lines(source, 1)), [])
    except InputError:
        return []
