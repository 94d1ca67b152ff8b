"""Forms with repeated groups, as Kobo (sheets) and ODK Central (files of a zip) export them.

The files are invented. A golden has the proposed mapping, the report and what became of the rows.
"""

from __future__ import annotations

import csv
import re
import shutil
import zipfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
import xlsxwriter
from pytest_regressions.data_regression import DataRegressionFixture

from app.domain.count import Count
from app.domain.errors import InvalidFile, NeedsMapping
from app.domain.incident import Incident, decode_incident
from app.domain.mapping import Group, Precedence, checked
from app.domain.revision import Subject
from app.instance.workspace import Workspace
from app.intake.saved_mapping import mapping_from
from app.intake.suggestion import suggest
from tests.support import FILES, fates, imported, stable
from tests.tables import mapping

KOBO, ODK = (FILES / "tables" / name for name in ("kobo_form", "odk_form"))
Change = tuple[str, str, str]
"""The name of a sheet, what stands in it, and what is to stand there."""

SHOWN = ("source_key", "when", "place", "weapons", "killed", "injured", "damage", "sources")


def _workbook(folder: Path, sheets: dict[str, str]) -> Path:
    """Write a workbook with the text of each sheet."""
    path = folder / "form.xlsx"
    with xlsxwriter.Workbook(path) as book:
        for name, text in sheets.items():
            page = book.add_worksheet(name)
            for number, cells in enumerate(csv.reader(text.splitlines(), delimiter=";")):
                page.write_row(number, 0, cells)
    return path


def _kobo(folder: Path, *names: str, changes: Sequence[Change] = ()) -> Path:
    """Write sheets of the form as a workbook, after changes of their texts."""
    sheets = {name: (KOBO / f"{name}.csv").read_text("utf-8") for name in names}
    for name, before, after in changes:
        assert before in sheets[name]
        sheets[name] = sheets[name].replace(before, after)
    return _workbook(folder, sheets)


def _zip(folder: Path) -> Path:
    """Pack the files of a form as ODK Central does, with a picture beside them."""
    path = folder / "form.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in sorted(ODK.glob("*.csv")):
            archive.write(file, file.name)
        archive.writestr("media/1.jpg", b"\xff\xd8\xff invented")
    return path


def _incidents(workspace: Workspace) -> list[Incident]:
    revisions = workspace.store.latest(Subject.incident)
    incidents = [decode_incident(one.payload) for one in revisions if one.payload]
    return sorted(incidents, key=lambda one: one.source_key or "")


@pytest.mark.parametrize("form", ["kobo", "odk"])
def test_the_groups_of_a_form_are_read_with_the_rows_they_belong_to(
    form: str,
    private_workspace: Workspace,
    tmp_path: Path,
    data_regression: DataRegressionFixture,
) -> None:
    path = _kobo(tmp_path, "strikes", "victims", "sites") if form == "kobo" else _zip(tmp_path)
    toml = suggest(private_workspace, path, "ukraine").toml()
    report = imported(private_workspace, path)
    assert report.rows == fates(report)
    fields = [msgspec.to_builtins(one) for one in _incidents(private_workspace)]
    shown = [{to: one.get(to) for to in (*SHOWN, "description")} for one in fields]
    data_regression.check({"toml": toml.splitlines(), "report": stable(report), "incidents": shown})
    again = imported(private_workspace, path, mapping=mapping_from(toml.encode()))
    assert (again.unchanged, again.added) == (report.added, 0)


def test_a_folder_of_a_form_is_read_as_its_zip_is(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    folder = tmp_path / "form"
    shutil.copytree(ODK, folder)
    first = imported(private_workspace, folder)
    again = imported(private_workspace, _zip(tmp_path))
    assert (first.added, again.added, again.unchanged) == (2, 0, 2)
    (folder / "Strikes-person.csv").write_text("age,outcome,PARENT_KEY,KEY\n", "utf-8")
    assert imported(private_workspace, folder).sha256 != first.sha256


def test_a_number_that_differs_from_the_list_of_persons_is_asked_about(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = _kobo(tmp_path, "strikes", "victims", changes=[("strikes", ";drone;2;", ";drone;3;")])
    with pytest.raises(NeedsMapping, match="row 1 states killed 3, allowed is the number that"):
        imported(private_workspace, path)
    proposed = suggest(private_workspace, path, "ukraine").mapping
    counted = []
    for numbers in Precedence:
        group = msgspec.structs.replace(proposed.groups["victims"], numbers=numbers)
        own = msgspec.structs.replace(proposed, groups={"victims": group})
        report = imported(private_workspace, path, mapping=own, dataset=f"d-{numbers}")
        first = next(one for one in _incidents(private_workspace) if one.dataset == report.dataset)
        counted.append((report.rejected, first.source_key, first.killed.total))
    assert counted == [
        (2, "7b0e-2", Count.unknown()),  # the other rejection is of a person of no row
        (1, "7b0e-1", Count.exactly(3)),
        (1, "7b0e-1", Count.exactly(2)),
    ]


@pytest.mark.parametrize(
    ("changes", "question"),
    [
        (
            [("victims", ";killed;", ";taken away;"), ("victims", ";injured;", ";taken away;")],
            "rows of 'victims' are persons, and no column says what became of them",
        ),
        (
            [
                ("victims", "_submission__id;_submission__uuid", "_s_id;_s_uuid"),
                ("strikes", "_submission_time;_index", "_submission_time;_number"),
            ],
            "rows of 'victims' belong to rows of the main table, and no column says to which",
        ),
        (
            [("sites", "sites/number", "sites/killed")],
            "rows of 'sites' state numbers of people in 'sites/killed'",
        ),
        (
            [
                ("strikes", "incident/settlement;incident/region", "incident/lat;incident/lon"),
                ("strikes", "Inventown;Харківська область", "49.99;36.23"),
                ("strikes", "Otherville;Донецька область", "48.46;37.08"),
            ],
            "the main table and 'sites' both say where",
        ),
    ],
    ids=["what became of persons", "to which row", "whether numbers are parts", "where it was"],
)
def test_what_a_group_leaves_open_is_asked(
    changes: list[Change], question: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    path = _kobo(tmp_path, "strikes", "victims", "sites", changes=changes)
    with pytest.raises(NeedsMapping) as asked:
        imported(private_workspace, path)
    assert question in str(asked.value)


@pytest.mark.parametrize(
    ("group", "sentence"),
    [
        (Group(key="_uuid", parent="x"), "got 'nothing to read', allowed: `fate` or `every`"),
        (Group(key="", parent="x", every="killed"), "got 'no key or no parent'"),
        (Group(key="_uuid", parent="x", columns={"a": "killed"}), "got 'killed', allowed: one of"),
        (Group(key="_uuid", parent="x", every="dead"), "got 'dead', allowed: one of killed"),
    ],
)
def test_a_group_of_no_use_is_refused(group: Group, sentence: str) -> None:
    with pytest.raises(InvalidFile, match=re.escape(sentence)):
        checked(mapping({"date": "start", "place": "place"}, constants={}, groups={"g": group}))


def test_a_group_that_no_sheet_or_file_holds_is_named(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    path = _kobo(tmp_path, "strikes", "victims")
    own = suggest(private_workspace, path, "ukraine").mapping
    other = msgspec.structs.replace(own, groups={"people": own.groups["victims"]})
    with pytest.raises(InvalidFile, match="got 'people', allowed: one of strikes, victims"):
        imported(private_workspace, path, mapping=other)
