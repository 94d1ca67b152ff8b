"""An import waits, is committed once, and can be taken back whole; the ledger only grows."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest

from app.domain.account import Holder, Role
from app.domain.control import ControlSnapshot
from app.domain.errors import (
    DoneBefore,
    InputError,
    InvalidFile,
    NotAllowed,
    NotFound,
    StoreBusy,
    TooLarge,
)
from app.domain.incident import Incident
from app.domain.revision import Action, Subject
from app.domain.store import verify
from app.editing.edits import Editor
from app.instance.workspace import Workspace
from app.intake.options import ImportOptions
from app.intake.planning import Planned
from app.intake.spool import Spool, SpooledImport, Upload
from app.intake.undo import undo_import
from app.intake.uploads import Imports
from tests.support import NOW, collection, feature, square

ADMIN, REVIEWER = Holder("ann", Role.admin), Holder("rae", Role.reviewer)
EDITOR, OTHER = Holder("ed", Role.editor), Holder("ola", Role.editor)
HEADER = "source_key,start,precision,lon,lat,killed_low,status\n"
OPTIONS = ImportOptions(dataset="mine", theatre="example")


def rows(*keys: str, killed: int = 1, status: str = "reported") -> str:
    lines = [
        f"{key},2024-03-10,exact,-124.5,-42.{10 + n},{killed},{status}\n"
        for n, key in enumerate(keys)
    ]
    return HEADER + "".join(lines)


@dataclass
class Bench:
    """An instance with a spool, and somebody who brings files."""

    imports: Imports

    @property
    def workspace(self) -> Workspace:
        return self.imports.workspace

    def bring(self, content: str, name: str = "events.csv") -> Upload:
        path = self.imports.spool.place()
        path.write_text(content, "utf-8")
        return Upload(path.stem, name)

    def plan(
        self, content: str, options: ImportOptions = OPTIONS, holder: Holder = EDITOR
    ) -> dict[str, Any]:
        dry_run = msgspec.structs.replace(options, dry_run=True)
        return self.imports.run(self.bring(content), dry_run, holder, NOW)

    def take(
        self, content: str, options: ImportOptions = OPTIONS, holder: Holder = EDITOR
    ) -> dict[str, Any]:
        told = self.plan(content, options, holder)
        return self.imports.commit(told["id"], holder, NOW)

    def standing(self) -> dict[str, tuple[str, int | None]]:
        found = {}
        for one in self.workspace.store.latest(Subject.incident):
            incident = msgspec.json.decode(one.payload or b"", type=Incident)
            if one.action is not Action.retract:
                killed = incident.killed.total.low
                found[incident.source_key or ""] = (incident.status.value, killed)
        return found

    def is_sound(self) -> None:
        verify(self.workspace.store)


@pytest.fixture
def bench(private_workspace: Workspace, tmp_path: Path) -> Bench:
    return Bench(Imports(private_workspace, Spool(tmp_path / "spool", 1 << 20)))


def test_a_dry_run_writes_nothing_and_shows_what_would_be(bench: Bench) -> None:
    record = bench.workspace.store._path  # type: ignore[attr-defined]
    before = record.read_bytes()
    told = bench.plan(rows("a", "b") + "c,soon,exact,1,2,1,reported\n")
    assert record.read_bytes() == before
    fates = {name: told[name] for name in ("rows", "added", "amended", "rejected")}
    assert fates == {"rows": 3, "added": 2, "amended": 0, "rejected": 1}
    assert [one["field"] for one in told["rejections"]] == ["start"]
    assert told["vanish"] == {"records": 0, "edits": 0}
    places = [one["geometry"]["coordinates"] for one in told["preview"]["features"]]
    assert places == [[-124.5, -42.1], [-124.5, -42.11]]
    assert told["preview"]["points"] == 2


def test_a_commit_imports_under_the_same_id_and_only_once(bench: Bench) -> None:
    told = bench.plan(rows("a", "b"))
    done = bench.imports.commit(told["id"], EDITOR, NOW)
    assert (done["id"], done["added"], done["planned_again"]) == (told["id"], 2, False)
    assert bench.standing() == {"a": ("reported", 1), "b": ("reported", 1)}
    with pytest.raises(DoneBefore):
        bench.imports.commit(told["id"], EDITOR, NOW)
    shutil.rmtree(bench.imports.spool.folder)
    with pytest.raises(DoneBefore):
        bench.imports.commit(told["id"], EDITOR, NOW)
    bench.is_sound()


def test_two_commits_at_once_import_once(bench: Bench) -> None:
    told = bench.plan(rows(*(f"k{n}" for n in range(300))))

    def commit(_n: int) -> str:
        try:
            bench.imports.commit(told["id"], EDITOR, NOW)
        except (DoneBefore, StoreBusy, NotFound) as wrong:
            return type(wrong).__name__
        return "done"

    with ThreadPoolExecutor(4) as many:
        ends = list(many.map(commit, range(4)))
    assert ends.count("done") == 1
    assert len(bench.standing()) == 300
    assert len(bench.workspace.store.history(Subject.report, told["id"])) == 1
    bench.is_sound()


def test_a_commit_after_the_record_moved_plans_again_and_says_so(bench: Bench) -> None:
    told = bench.plan(rows("a", "b"))
    bench.take(rows("a"), holder=OTHER)
    done = bench.imports.commit(told["id"], EDITOR, NOW)
    assert done["planned_again"] is True
    assert done["differs"] == {"added": [2, 1], "unchanged": [0, 1]}
    assert sorted(bench.standing()) == ["a", "b"]


def test_a_report_is_read_from_the_spool_and_later_from_the_record(bench: Bench) -> None:
    told = bench.plan(rows("a") + "c,soon,exact,1,2,1,reported\n")
    assert bench.imports.read(told["id"], EDITOR)["state"] == "waiting"
    bench.imports.commit(told["id"], EDITOR, NOW)
    assert len(bench.imports.read(told["id"], EDITOR)["rejections"]) == 1
    bench.imports.spool.sweep(datetime.now(UTC) + timedelta(days=2))
    later = bench.imports.read(told["id"], EDITOR)
    assert (later["state"], later["added"], later["rejected"]) == ("committed", 1, 1)
    with pytest.raises(NotFound):
        bench.imports.read("00000000-0000-7000-8000-000000000000", EDITOR)


def test_an_undo_retracts_what_was_added_and_restores_what_was_amended(bench: Bench) -> None:
    bench.take(rows("a", killed=1))
    second = bench.take(rows("a", "b", killed=5))
    undone = undo_import(bench.workspace, second["id"], EDITOR, now=NOW)
    assert (undone.retracted, undone.restored, undone.left) == (1, 1, [])
    assert bench.standing() == {"a": ("reported", 1)}
    last = bench.workspace.store.latest(Subject.incident)
    assert {one.reason for one in last} == {f"undo of import {second['id']}"}
    state = bench.workspace.state()
    assert sum(part.standing.get(0, 0) for part in state.segments) == 1
    assert bench.imports.read(second["id"], EDITOR)["state"] == "undone"
    with pytest.raises(DoneBefore):
        undo_import(bench.workspace, second["id"], EDITOR, now=NOW)
    bench.is_sound()


def test_to_undo_an_undo_is_to_import_again(bench: Bench) -> None:
    first = bench.take(rows("a", "b"))
    undo_import(bench.workspace, first["id"], EDITOR, now=NOW)
    assert bench.standing() == {}
    again = bench.take(rows("a", "b"))
    assert (again["amended"], again["unchanged"]) == (2, 0)
    assert sorted(bench.standing()) == ["a", "b"]
    undo_import(bench.workspace, again["id"], EDITOR, now=NOW)
    assert bench.standing() == {}
    bench.is_sound()


def areas(day: str, size: float) -> str:
    told = {"valid_on": day, "controller": "TL", "status": "assessed"}
    return collection([feature(told, square(-124, -43, size))])


def test_control_days_come_back_too(bench: Bench) -> None:
    party = bench.workspace.reference.theatres["example"].party[0].code
    options = msgspec.structs.replace(OPTIONS, dataset="ground", accept_shrink=True)
    make: Callable[[str, float], str] = lambda day, size: areas(day, size).replace("TL", party)  # noqa: E731
    bench.take(make("2024-03-10", 1.0), options)
    told = bench.plan(make("2024-03-10", 0.5), options)
    assert told["preview"]["day"] == "2024-03-10"
    assert told["preview"]["features"][0]["geometry"]["type"] in ("Polygon", "MultiPolygon")
    second = bench.imports.commit(told["id"], EDITOR, NOW)
    third = bench.take(make("2024-03-11", 0.5), options)
    for one in (third, second):
        undo_import(bench.workspace, one["id"], EDITOR, now=NOW)
    days = bench.workspace.state().control.days("ground", 10**9)
    assert [str(day) for day in days] == ["2024-03-10"]
    again = bench.take(make("2024-03-11", 0.5), options)
    assert again["amended"] == 1
    newest = bench.workspace.store.history(Subject.control, "ground/2024-03-11")[-1]
    assert newest.action is Action.amend
    assert msgspec.json.decode(newest.payload or b"", type=ControlSnapshot).areas
    bench.is_sound()


def edit(bench: Bench, key: str, holder: Holder = REVIEWER, **patch: Any) -> None:
    for one in bench.workspace.store.latest(Subject.incident):
        incident = msgspec.json.decode(one.payload or b"", type=Incident)
        if incident.source_key == key:
            editor = Editor(bench.workspace, holder, NOW)
            editor.amend(str(incident.id), patch, one.seq, "a better source")


def test_what_somebody_changed_since_is_left_and_named_unless_forced(bench: Bench) -> None:
    first = bench.take(rows("a", "b"))
    edit(bench, "a", place="Wending")
    undone = undo_import(bench.workspace, first["id"], EDITOR, now=NOW)
    assert (undone.retracted, undone.left_count) == (1, 1)
    left = undone.left[0]
    assert (left.by, left.why) == ("rae", "a better source")
    assert sorted(bench.standing()) == ["a"]
    second = bench.take(rows("c"))
    edit(bench, "c", place="Wending")
    with pytest.raises(NotAllowed):
        undo_import(bench.workspace, second["id"], REVIEWER, now=NOW, force=True)
    forced = undo_import(bench.workspace, second["id"], ADMIN, now=NOW, force=True)
    assert (forced.retracted, forced.left_count) == (1, 0)
    assert sorted(bench.standing()) == ["a"]
    bench.is_sound()


def test_an_editor_undoes_their_own_imports_and_a_reviewer_any(bench: Bench) -> None:
    first = bench.take(rows("a"))
    with pytest.raises(NotAllowed):
        undo_import(bench.workspace, first["id"], OTHER, now=NOW)
    with pytest.raises(NotAllowed):
        undo_import(
            bench.workspace, first["id"], Holder("rae", Role.reviewer, frozenset({"x"})), now=NOW
        )
    assert undo_import(bench.workspace, first["id"], REVIEWER, now=NOW).retracted == 1


def test_two_undos_at_once_undo_once(bench: Bench) -> None:
    first = bench.take(rows(*(f"k{n}" for n in range(200))))

    def undo(_n: int) -> str:
        try:
            undo_import(bench.workspace, first["id"], EDITOR, now=NOW)
        except (DoneBefore, StoreBusy) as wrong:
            return type(wrong).__name__
        return "done"

    with ThreadPoolExecutor(3) as many:
        assert list(many.map(undo, range(3))).count("done") == 1
    assert bench.standing() == {}
    assert len(bench.workspace.store.history(Subject.report, first["id"])) == 2
    bench.is_sound()


def test_an_import_that_breaks_half_way_leaves_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = bench.plan(rows(*(f"k{n}" for n in range(50))))
    seen: list[Planned] = []

    def breaks(_self: object, planned: Planned) -> None:
        seen.append(planned)
        if len(seen) == 30:
            raise KeyboardInterrupt

    monkeypatch.setattr("app.intake.uploads._RoleCheck.__call__", breaks)
    with pytest.raises(KeyboardInterrupt):
        bench.imports.commit(told["id"], EDITOR, NOW)
    monkeypatch.undo()
    assert bench.workspace.store.head().seq == 0
    assert bench.imports.commit(told["id"], EDITOR, NOW)["added"] == 50
    bench.is_sound()


@pytest.mark.parametrize("status", ["verified", "disputed", "retracted"])
def test_an_editor_cannot_import_a_standing_that_only_a_reviewer_gives(
    bench: Bench, status: str
) -> None:
    with pytest.raises(NotAllowed, match="reviewer"):
        bench.plan(rows("a", status=status))
    assert list(bench.imports.spool.folder.iterdir()) == []
    assert bench.plan(rows("a", status=status), holder=REVIEWER)["added"] == 1


def test_a_scoped_holder_imports_into_their_own_datasets_only(bench: Bench) -> None:
    scoped = Holder("sam", Role.editor, frozenset({"mine"}))
    assert bench.plan(rows("a"), ImportOptions(theatre="example"), scoped)["dataset"] == "mine"
    for options in (ImportOptions(theatre="example", dataset="other"),):
        with pytest.raises(NotAllowed):
            bench.plan(rows("a"), options, scoped)
    two = Holder("sam", Role.editor, frozenset({"mine", "ours"}))
    with pytest.raises(NotAllowed, match="mine, ours"):
        bench.plan(rows("a"), ImportOptions(theatre="example"), two)
    told = bench.plan(rows("a"))
    outside = Holder("sam", Role.editor, frozenset({"ours"}))
    for act in (bench.imports.commit, lambda n, h, _now: bench.imports.read(n, h)):
        with pytest.raises(NotAllowed):
            act(told["id"], outside, NOW)


def test_a_preview_is_an_even_sample_of_at_most_two_thousand(bench: Bench) -> None:
    told = bench.plan(rows(*(f"k{n}" for n in range(5000))))
    preview = told["preview"]
    assert preview["points"] == 5000
    assert 1000 < len(preview["features"]) <= 2000
    keys = [int(one["properties"]["source_key"][1:]) for one in preview["features"]]
    assert {b - a for a, b in pairwise(keys)} == {4}


def test_a_file_that_changed_in_the_spool_is_refused(bench: Bench) -> None:
    told = bench.plan(rows("a"))
    bench.imports.spool.file(told["id"]).write_text(rows("evil"), "utf-8")
    with pytest.raises(InvalidFile, match="the one planned"):
        bench.imports.commit(told["id"], EDITOR, NOW)
    assert bench.standing() == {}


def test_the_spool_is_swept_after_a_day_and_bounded(bench: Bench) -> None:
    told = bench.plan(rows("a"))
    spool = bench.imports.spool
    old = (NOW - timedelta(hours=25)).timestamp()
    for path in spool.folder.iterdir():
        os.utime(path, (old, old))
    spool.sweep(NOW)
    assert list(spool.folder.iterdir()) == []
    with pytest.raises(NotFound):
        bench.imports.commit(told["id"], EDITOR, NOW)
    full = Spool(spool.folder, 100)
    (spool.folder / "x.bin").write_bytes(b"x" * 1600)
    with pytest.raises(TooLarge):
        full.place()


@pytest.mark.parametrize("number", ["../../record", "x", "", "%2e%2e", "0" * 500])
def test_an_id_that_is_none_never_becomes_a_path(bench: Bench, number: str) -> None:
    with pytest.raises(NotFound):
        bench.imports.read(number, ADMIN)
    with pytest.raises(NotFound):
        bench.imports.forget_or_undo(number, ADMIN, NOW, force=False)


def test_a_dry_run_is_forgotten_on_request(bench: Bench) -> None:
    told = bench.plan(rows("a"))
    done = bench.imports.forget_or_undo(told["id"], EDITOR, NOW, force=False)
    assert done["state"] == "forgotten"
    assert list(bench.imports.spool.folder.iterdir()) == []


def test_what_was_said_wrongly_is_one_sentence_and_keeps_no_file(bench: Bench) -> None:
    for options in (
        ImportOptions(dataset="No Slug"),
        ImportOptions(dataset="mine", theatre="moon"),
        ImportOptions(dataset="mine", format="odd"),
    ):
        with pytest.raises(InputError):
            bench.plan(rows("a"), options)
    assert list(bench.imports.spool.folder.iterdir()) == []


def test_two_who_keep_the_facts_of_one_upload_do_not_stop_each_other(tmp_path: Path) -> None:
    spool = Spool(tmp_path, 1 << 20)
    facts = SpooledImport(str(UUID(int=1)), "a.csv", ImportOptions(), "", 1, "test", {})
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(spool.keep, [facts] * 200)) == [None] * 200
    assert [path.name for path in tmp_path.iterdir()] == [f"{facts.id}.json"]
