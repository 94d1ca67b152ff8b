"""Takes the files of one form, as ODK Central exports them in a zip, for one table."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath

from app.domain.errors import InputError
from app.files.sheets import first_lines, is_workbook
from app.files.source import SourceFile, decoded_head
from app.importers.members import PathContents
from app.intake.survey_columns import REPEATED_ROWS, is_form


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
