"""The same bytes a second time: told without reading them, in the words of reading them."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.account import Holder, Role
from app.domain.incident import Incident
from app.domain.revision import Subject
from app.domain.store import Author
from app.editing.edits import Editor
from app.editing.erasure import purge
from app.instance.workspace import Workspace
from app.intake import importing as ingest
from app.intake import inspection
from app.intake import repeats as remembered
from app.intake.options import ImportOptions
from app.intake.planning import Report
from app.intake.undo import undo_import
from app.reference.reference import Reference
from tests.making import GEODATA, open_workspace
from tests.support import NOW, imported, written

ANN = Holder("ann", Role.admin)
HEADER = (
    "event_id_cnty,event_date,time_precision,event_type,sub_event_type,actor1,actor2,interaction,"
    "country,admin1,location,latitude,longitude,geo_precision,source,notes,fatalities\n"
)
SORTS = {
    "strike": ("Explosions/Remote violence", "Air/drone strike"),
    "mine": ("Explosions/Remote violence", "Remote explosive/landmine/IED"),
    "protest": ("Protests", "Peaceful protest"),
}
Rows = list[tuple[int, str, int]]
SOME: Rows = [(1, "strike", 0), (2, "strike", 3), (2, "strike", 3), (3, "protest", 1)]


def table(folder: Path, rows: Rows, name: str = "events.csv", extra: str = "") -> Path:
    """Write events with a key, a sort and a figure."""
    lines = [
        f"K{key},2025-03-0{1 + key % 9},1,{','.join(SORTS[sort])},Someone,,,Ukraine,Kherson,"
        f"Inventown,46.6,32.6,1,Invented,said,{killed}\n"
        for key, sort, killed in rows
    ]
    return written(folder, name, HEADER + "".join(lines) + extra)


@pytest.fixture(autouse=True)
def _small_files_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "LARGE_BYTES", 0)


@pytest.fixture
def never_read(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Make a full read fail from now on."""

    def fail(*_args: object) -> NoReturn:
        pytest.fail("the file was read")

    return lambda: monkeypatch.setattr(ingest, "records_in", fail)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the files that are read in full."""
    names, read = list[str](), inspection.records_in

    def note(inspected: Any, context: Any) -> Any:
        names.extend(member.source.name for member in inspected.members)
        return read(inspected, context)

    monkeypatch.setattr(ingest, "records_in", note)
    return names


def take(workspace: Workspace, path: Path, **order: Any) -> Report:
    return imported(workspace, path, dataset="mine", **order)


def told(report: Report) -> bytes:
    return msgspec.json.encode(msgspec.structs.replace(report, id=""))


@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.sampled_from(sorted(SORTS)), st.integers(0, 2)),
        min_size=1,
        max_size=8,
    ),
    st.booleans(),
)
def test_the_quick_answer_is_the_full_one_byte_for_byte(
    reference: Reference, rows: Rows, dry_run: bool
) -> None:
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patched:
        workspace = open_workspace(Path(name) / "data", reference)
        path = table(Path(name), rows)
        first = take(workspace, path)
        quick = take(workspace, path, dry_run=dry_run)
        patched.setattr(ingest, "FROM_BYTES", frozenset())
        full = take(workspace, path, dry_run=dry_run)
        assert told(quick) == told(full)
        assert quick.rows == first.rows
        fates = quick.unchanged + quick.duplicates + sum(quick.dropped.values()) + quick.rejected
        assert fates == quick.rows
        workspace.store.close()


def test_a_second_import_reads_nothing_writes_nothing_and_tells_its_progress(
    private_workspace: Workspace, tmp_path: Path, never_read: Callable[[], None]
) -> None:
    path = table(tmp_path, SOME)
    take(private_workspace, path)
    never_read()
    head, seen = private_workspace.store.head(), list[int]()
    options, author = ImportOptions(dataset="mine"), Author("test", NOW)
    file, observers = ingest.ImportedFile(path), ingest.Observers(progress=seen.append)
    report = ingest.import_file(private_workspace, file, options, author, observers)
    assert (report.rows, report.unchanged, report.duplicates) == (4, 2, 1)
    assert report.dropped == {"protest": 1}
    assert seen == [4]
    assert private_workspace.store.head() == head


def edit(workspace: Workspace, _path: Path, _first: Report) -> None:
    one = workspace.store.latest(Subject.incident)[0]
    number = msgspec.json.decode(one.payload or b"", type=Incident).id
    Editor(workspace, ANN, NOW).amend(str(number), {"place": "Mill"}, one.seq, "a better source")


def undo(workspace: Workspace, _path: Path, first: Report) -> None:
    undo_import(workspace, first.id, ANN, now=NOW)


def erase(workspace: Workspace, _path: Path, _first: Report) -> None:
    payload = workspace.store.latest(Subject.incident)[0].payload or b""
    number = str(msgspec.json.decode(payload, type=Incident).id)
    purge(workspace, number, "a witness asked for it", Author("ann", NOW))


def bring_another(workspace: Workspace, path: Path, _first: Report) -> None:
    take(workspace, table(path.parent, [(1, "strike", 9)], "other.csv"))


def name_otherwise(_workspace: Workspace, path: Path, _first: Report) -> None:
    shutil.copy(path, path.with_name("second.csv"))
    path.unlink()
    shutil.move(path.with_name("second.csv"), path)
    with path.open("a", encoding="utf-8") as stream:
        stream.write("\n")  # a blank line is no row, but the bytes are others


@pytest.mark.parametrize("change", [edit, undo, erase, bring_another, name_otherwise])
def test_whatever_changed_since_is_read_in_full(
    change: Callable[[Workspace, Path, Report], None],
    private_workspace: Workspace,
    tmp_path: Path,
    reads: list[str],
) -> None:
    path = table(tmp_path, SOME)
    change(private_workspace, path, take(private_workspace, path))
    reads.clear()
    take(private_workspace, path)
    assert reads == ["events.csv"]


@pytest.mark.parametrize("order", [{"over_edits": True}, {"synthetic": True, "dataset": "other"}])
def test_another_order_is_another_question(
    order: dict[str, Any], private_workspace: Workspace, tmp_path: Path, reads: list[str]
) -> None:
    path = table(tmp_path, SOME)
    take(private_workspace, path)
    imported(private_workspace, path, **{"dataset": "mine", **order})
    assert reads == ["events.csv"] * 2


@pytest.mark.parametrize("part", ["_code", "_words"])
def test_new_code_and_new_words_read_anew(
    part: str,
    private_workspace: Workspace,
    tmp_path: Path,
    reads: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = table(tmp_path, SOME)
    take(private_workspace, path)
    monkeypatch.setattr(remembered, part, lambda *_: "another release")
    take(private_workspace, path)
    assert reads == ["events.csv"] * 2


def test_rejected_rows_are_named_again_since_the_record_keeps_their_number_only(
    private_workspace: Workspace, tmp_path: Path, reads: list[str]
) -> None:
    path = table(tmp_path, SOME, extra="K9,soon,1\n")
    assert take(private_workspace, path).rejected == 1
    assert len(take(private_workspace, path).rejections) == 1
    assert reads == ["events.csv"] * 2


def test_a_small_file_is_read(
    private_workspace: Workspace,
    tmp_path: Path,
    reads: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(remembered, "LARGE_BYTES", 1 << 20)
    path = table(tmp_path, SOME)
    take(private_workspace, path)
    take(private_workspace, path)
    assert reads == ["events.csv"] * 2


def test_the_mark_is_of_the_code_and_words_that_read() -> None:
    assert remembered._code() != remembered._words(remembered.APP.parent / "geodata")
    assert len(remembered._code()) == 64


def test_the_mark_is_of_the_instance_s_own_theatres_as_well(tmp_path: Path) -> None:
    marks = []
    for zone in ("Africa/Khartoum", "UTC"):
        text = f'zone = "{zone}"\ncountries = ["SD"]\n'
        (tmp_path / "sudan.toml").write_text(text, "utf-8")
        own = Reference(GEODATA, own_theatres=tmp_path)
        marks.append(remembered.reading_mark((), own))
    assert marks[0] != marks[1]
