"""A file is imported again after people edited its records: nothing they wrote is lost silently."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.account import Holder, Role
from app.domain.errors import StoreBusy
from app.domain.fields import incident_values
from app.domain.incident import Incident
from app.domain.revision import Subject
from app.domain.store import Author, verify
from app.editing.edits import Editor
from app.editing.erasure import purge
from app.instance.workspace import Workspace
from app.intake.options import ImportOptions
from app.intake.planning import Report
from app.intake.spool import Spool, Upload
from app.intake.undo import undo_import
from app.intake.uploads import Imports
from app.reference.reference import Reference
from tests.making import open_workspace
from tests.support import NOW, imported, table

ANN = Holder("ann", Role.admin)


class Case:
    """One record, in a file and in the record."""

    def __init__(self, workspace: Workspace, folder: Path) -> None:
        self.workspace, self.folder = workspace, folder

    def take(self, **row: Any) -> Report:
        """Import a file of one row."""
        order = {name: row.pop(name) for name in ("over_edits", "dry_run") if name in row}
        plain = {"source_key": "a", "start": "2024-03-10", "precision": "exact"}
        row = {**plain, "lon": -124.5, "lat": -42.1, "place": "Wend", "killed": 1, **row}
        path = table(self.folder, row)
        return imported(self.workspace, path, dataset="mine", theatre="example", **order)

    def edit(self, reason: str = "a better source", **patch: Any) -> None:
        past = self.past()
        incident = msgspec.json.decode(past[-1].payload or b"", type=Incident)
        editor = Editor(self.workspace, ANN, NOW + timedelta(days=1))
        editor.amend(str(incident.id), patch, past[-1].seq, reason)

    def past(self) -> list[Any]:
        (one,) = self.workspace.store.latest(Subject.incident)
        return self.workspace.store.history(Subject.incident, one.key)

    def stands(self) -> dict[str, Any]:
        return incident_values(msgspec.json.decode(self.past()[-1].payload or b"", type=Incident))


@pytest.fixture
def case(private_workspace: Workspace, tmp_path: Path) -> Case:
    return Case(private_workspace, tmp_path)


def fates(report: Report) -> tuple[int, int, int, int]:
    return (report.amended, report.unchanged, report.conflicts, report.edits_kept)


def test_an_edit_stays_when_the_same_file_comes_again_and_nothing_is_written(case: Case) -> None:
    case.take()
    case.edit(place="Wending Mill")
    head = case.workspace.store.head()
    report = case.take()
    assert fates(report) == (0, 1, 0, 1)
    assert "edited by hand stays as it is in 1 records" in report.warnings[-1]
    assert case.workspace.store.head() == head
    assert case.stands()["place"] == "Wending Mill"


def test_what_the_file_changed_elsewhere_is_taken_beside_the_edit(case: Case) -> None:
    case.take()
    case.edit(place="Wending Mill")
    assert fates(case.take(killed=4)) == (1, 0, 0, 1)
    assert case.stands()["place"] == "Wending Mill"
    assert case.stands()["killed"] == {"low": 4, "best": 4, "high": 4}
    # The edit outlives this import as well, and the file is then told to bring nothing new.
    assert fates(case.take(killed=4)) == (0, 1, 0, 1)


def test_a_value_that_both_changed_is_a_conflict_that_says_who_and_why(case: Case) -> None:
    case.take()
    case.edit(killed={"low": 2, "best": 2, "high": 2}, reason="the hospital's list")
    head = case.workspace.store.head()
    report = case.take(killed=7, place="Elsewhere")
    assert fates(report) == (0, 0, 1, 0)
    assert report.rows == 1
    (one,) = report.conflicting
    assert (one.row, one.field, one.got) == (1, "killed", "7")
    assert one.why == (
        "2 stands, set by ann on 2026-09-02 (the hospital's list) when the file said 1; "
        "--over-edits takes the file's"
    )
    assert "1 rows were left out" in report.warnings[-1]
    assert case.workspace.store.head() == head
    assert case.stands()["place"] == "Wend"


def test_the_same_correction_by_a_person_and_the_file_is_no_conflict(case: Case) -> None:
    case.take()
    case.edit(place="Wending Mill")
    assert fates(case.take(place="Wending Mill")) == (0, 1, 0, 0)


def test_an_order_that_says_so_puts_the_file_over_the_edit(case: Case) -> None:
    case.take()
    case.edit(killed={"low": 2, "best": 2, "high": 2})
    planned = case.take(killed=7, over_edits=True, dry_run=True)
    assert planned.edits_replaced == 1
    report = case.take(killed=7, over_edits=True)
    assert fates(report) == (1, 0, 0, 0)
    assert "goes over what people edited by hand in 1 records" in report.warnings[-1]
    assert case.stands()["killed"] == {"low": 7, "best": 7, "high": 7}
    # What was replaced is no edit any more: the file moves on alone.
    assert fates(case.take(killed=8)) == (1, 0, 0, 0)


def test_an_edit_that_was_taken_back_leaves_the_field_to_the_file(case: Case) -> None:
    case.take()
    case.edit(place="Wending Mill")
    case.edit(place="Wend")
    assert fates(case.take(place="Elsewhere")) == (1, 0, 0, 0)


def test_a_record_that_a_person_retracted_does_not_come_back_with_the_file(case: Case) -> None:
    case.take()
    case.edit(status="retracted", reason="it never happened")
    assert fates(case.take()) == (0, 1, 0, 1)
    assert fates(case.take(killed=3)) == (1, 0, 0, 1)
    assert case.stands()["status"] == "retracted"
    assert case.workspace.store.current(Subject.incident)[case.past()[-1].key].is_retracted
    verify(case.workspace.store)


def test_an_undone_import_is_no_edit(case: Case) -> None:
    first = case.take()
    undo_import(case.workspace, first.id, ANN, now=NOW)
    assert fates(case.take()) == (1, 0, 0, 0)
    case.edit(place="Wending Mill")
    second = case.take(killed=4)
    undo_import(case.workspace, second.id, ANN, now=NOW)
    assert fates(case.take()) == (0, 1, 0, 1)
    assert fates(case.take(killed=5)) == (1, 0, 0, 1)
    assert case.stands()["place"] == "Wending Mill"


def test_a_record_typed_in_is_not_changed_by_a_file_that_carries_its_id(case: Case) -> None:
    case.take(source_key="other")
    editor = Editor(case.workspace, ANN, NOW)
    values = {"start": "2024-03-10", "lon": -124.5, "lat": -42.1, "precision": "exact"}
    made = editor.create(values, "mine", "seen in the bulletin")
    row = {**values, "id": str(made.incident.id), "source_key": ""}
    path = table(case.folder, {**row, "place": "Wend"})
    report = imported(case.workspace, path, dataset="mine", theatre="example")
    assert fates(report) == (0, 0, 1, 0)
    assert "when no file said it" in report.conflicting[0].why
    path = table(case.folder, row)
    again = imported(case.workspace, path, dataset="mine", theatre="example")
    assert fates(again) == (0, 1, 0, 0)


def test_what_was_erased_is_not_compared(case: Case) -> None:
    case.take()
    case.edit(place="Wending Mill")
    number = msgspec.json.decode(case.past()[-1].payload)["id"]
    purge(case.workspace, number, "a witness asked for it", Author("ann", NOW))
    assert fates(case.take()) == (1, 0, 0, 0)


def test_a_person_who_edits_while_a_file_is_planned_is_not_overwritten(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    case.take()
    store = case.workspace.store
    known = store.edited

    def edited(subject: Subject, prefix: str) -> set[str]:
        case.edit(place="Mill")
        return known(subject, prefix)

    monkeypatch.setattr(store, "edited", edited)
    with pytest.raises(StoreBusy):
        case.take(place="Elsewhere", over_edits=True)
    assert case.stands()["place"] == "Mill"


def test_the_import_page_is_told_what_an_order_would_replace(case: Case, tmp_path: Path) -> None:
    case.take()
    case.edit(place="Wending Mill")
    imports = Imports(case.workspace, Spool(tmp_path / "spool", 1 << 20))

    def plan(**values: Any) -> dict[str, Any]:
        path = imports.spool.place()
        row = "source_key,start,precision,lon,lat,place,killed\n"
        path.write_text(row + "a,2024-03-10,exact,-124.5,-42.1,Elsewhere,1\n")
        options = ImportOptions(dataset="mine", theatre="example", dry_run=True, **values)
        return imports.run(Upload(path.stem, "file.csv"), options, ANN, NOW)

    assert (plan()["vanish"]["edits"], plan()["conflicts"]) == (0, 1)
    told = plan(over_edits=True)
    assert (told["vanish"]["edits"], told["conflicts"], told["amended"]) == (1, 0, 1)


VALUES = st.sampled_from(["Wend", "Mill", "Ford"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["file", "person"]), st.sampled_from(["place", "wave"]), VALUES),
    max_size=6,
)


@given(STEPS)
def test_whatever_happens_a_file_alone_never_replaces_what_a_person_set(
    reference: Reference, steps: list[tuple[str, str, str]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        case = Case(open_workspace(Path(folder) / "data", reference), Path(folder))
        file = {"place": "Wend", "wave": "Wend"}
        case.take(**file)
        said, stands, by_hand = dict(file), dict(file), set[str]()
        for who, part, value in steps:
            if who == "person" and stands[part] != value:
                case.edit(**{part: value})
                stands[part] = value
                by_hand = by_hand - {part} if value == said[part] else by_hand | {part}
            elif who == "file":
                file[part] = value
                report = case.take(**file)
                assert report.rows == 1
                if not report.conflicts:
                    free = file.keys() - by_hand
                    said.update({name: file[name] for name in free})
                    stands.update({name: file[name] for name in free})
            assert {name: case.stands()[name] for name in file} == stands
        verify(case.workspace.store)
        case.workspace.store.close()
