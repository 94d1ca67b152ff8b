"""A damaged index gives no answer: it is noticed, dropped and built anew from the record."""

from __future__ import annotations

import errno
import io
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typing_extensions import override

from app import whole_files
from app.domain.count import Count, Toll
from app.domain.errors import StoreBusy
from app.domain.revision import Action
from app.index import generation, sums
from app.index.live import Index
from app.index.state import State
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from app.rows import COLUMNS
from app.whole_files import write_whole
from tests.making import add, change, dataset, incident, open_workspace, write


@pytest.fixture
def built(tmp_path: Path, reference: Reference) -> Iterator[Workspace]:
    """Two generations of one record: the older one has 40 incidents, the newer one 44."""
    workspace = open_workspace(tmp_path / "data", reference, delta_rows=20)
    strikes = [incident(f"n{n}", killed=Toll(Count.exactly(n))) for n in range(40)]
    add(workspace.store, dataset(), *strikes)
    workspace.index.generations.rebuild()
    more = [incident(f"m{n}", killed=Toll(Count.exactly(n)), weapons=("drone",)) for n in range(4)]
    add(workspace.store, *more)
    write(workspace.store, [change(incident("n1", description="new"), Action.amend)])
    workspace.index.generations.rebuild()
    yield workspace
    workspace.store.close()


def beside(workspace: Workspace) -> Index:
    """Open the same index once more, as another process would."""
    return Index(
        workspace.index.generations.current.index_folder, workspace.store, workspace.reference, 20
    )


def current(workspace: Workspace) -> Path:
    folder = workspace.index.generations.current.folder
    return folder / (folder / "CURRENT").read_text()


def content(state: State) -> dict[str, bytes]:
    """All columns and running sums of a state without a delta."""
    (segment,) = state.segments
    columns = {name: segment.rows[name][:].tobytes() for name in COLUMNS}
    cubes = {f"{key}": cube.begun.tobytes() for key, cube in state.cubes.plain.items()}
    return columns | cubes


def flip(path: Path, _older: Path) -> bool:
    raw = bytearray(path.read_bytes())
    raw[len(raw) * 2 // 3] ^= 0x10
    path.write_bytes(raw)
    return True


def flip_at_start(path: Path, _older: Path) -> bool:
    raw = bytearray(path.read_bytes())
    raw[0] ^= 0x01
    path.write_bytes(raw)
    return True


def cut(path: Path, _older: Path) -> bool:
    path.write_bytes(path.read_bytes()[:-3])
    return True


def lengthen(path: Path, _older: Path) -> bool:
    path.write_bytes(path.read_bytes() + bytes(8))
    return True


def remove(path: Path, _older: Path) -> bool:
    path.unlink()
    return True


def swap(path: Path, older: Path) -> bool:
    before = path.read_bytes()
    if not (older / path.name).exists():  # it has no rare numbers
        return False
    shutil.copyfile(older / path.name, path)
    return path.read_bytes() != before


Damage = Callable[[Path, Path], bool]


@pytest.mark.parametrize("damage", [flip, flip_at_start, cut, lengthen, remove, swap])
def test_every_damaged_file_is_noticed_and_the_sums_stay_the_same(
    built: Workspace, tmp_path: Path, damage: Damage, caplog: pytest.LogCaptureFixture
) -> None:
    expected = content(built.state())
    older = tmp_path / "older"
    (before,) = [
        one for one in built.index.generations.current.folder.glob("gen-*") if one != current(built)
    ]
    shutil.copytree(before, older)
    names = sorted(path.name for path in current(built).iterdir())
    assert len(names) > len(COLUMNS) + 1
    noticed = 0
    for name in names:
        caplog.clear()
        folder = current(built)
        if damage(folder / name, older):
            noticed += 1
            assert content(beside(built).state()) == expected
            assert current(built) != folder
            assert [record.levelname for record in caplog.records] == ["ERROR"]
            assert name in caplog.text
    assert noticed == len(names) if damage is not swap else noticed > 5


@pytest.mark.parametrize(
    "text",
    [b"\xff\xfe\x00\x80", b"", b"gen-nowhere", b"../../etc", b"gen-0000000001-1-" + b"0" * 16],
)
def test_a_damaged_current_is_no_traceback(built: Workspace, text: bytes) -> None:
    expected = content(built.state())
    (built.index.generations.current.folder / "CURRENT").write_bytes(text)
    assert content(beside(built).state()) == expected


def test_an_index_of_another_record_with_as_many_revisions_is_built_anew(
    built: Workspace, tmp_path: Path, reference: Reference
) -> None:
    other = open_workspace(tmp_path / "restored", reference)
    strikes = [incident(f"x{n}", killed=Toll(Count.exactly(1))) for n in range(45)]
    add(other.store, dataset(), *strikes)
    assert other.store.head().seq == built.store.head().seq
    expected = content(other.state())
    shutil.rmtree(other.index.generations.current.index_folder)
    shutil.copytree(
        built.index.generations.current.index_folder, other.index.generations.current.index_folder
    )
    restored = replace(other, index=beside(other))
    assert content(restored.state()) == expected
    assert restored.state().mark != built.state().mark
    other.store.close()


def test_a_running_service_notices_damage_and_answers_busy_until_it_is_mended(
    built: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = built.state()
    expected = content(before)
    expected_mark = before.mark
    flip(current(built) / "killed_total_best.npy", Path())
    refused = []
    build = built.index.generations._build

    def observed() -> int:
        with pytest.raises(StoreBusy, match="being built anew"):
            built.state()
        refused.append(built.index.is_mending)
        return build()

    monkeypatch.setattr(built.index.generations, "_build", observed)
    assert built.index.mend() == built.store.head().seq
    assert refused == [True]
    assert content(built.state()) == expected
    assert built.state().mark != expected_mark  # what was cached from damaged files is not used
    assert not built.index.is_mending
    assert built.index.mend() is None


def test_what_was_computed_from_damaged_files_is_forgotten_when_another_process_mends_them(
    built: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, forgotten = beside(built), list[int]()
    monkeypatch.setattr(other.joins, "forget", lambda: forgotten.append(1))
    other.state()
    built.index.generations.rebuild()
    other.state()
    assert forgotten == []
    flip(current(built) / "killed_total_best.npy", Path())
    built.index.mend()
    other.state()
    assert forgotten == [1]
    other = beside(built)
    monkeypatch.setattr(other.joins, "forget", lambda: forgotten.append(2))
    other.state()
    assert forgotten == [1]


def test_large_files_are_checked_in_the_background(
    built: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = content(built.state())
    monkeypatch.setattr(generation, "MOST_CHECKED_AT_OPENING", 0)
    monkeypatch.setattr(sums, "SMALL_BYTES", 0)
    monkeypatch.setattr(sums, "BEGINNING_BYTES", 16)
    built.index.generations.rebuild()
    flip(current(built) / "number.npy", Path())
    index = beside(built)
    assert content(index.state()) != expected
    stop = threading.Event()
    watcher = threading.Thread(target=index.watch, args=(stop, 0.01))
    watcher.start()
    try:
        for _ in range(600):
            if built.index.generations.current.fault() is None and not index.is_mending:
                break
            stop.wait(0.05)
        assert content(index.state(wait_s=60)) == expected
    finally:
        stop.set()
        watcher.join()


def test_answers_of_joins_are_of_one_record_only(built: Workspace) -> None:
    index = built.index
    index.joins.keep(built.store.head())
    index.joins.folder.mkdir(exist_ok=True)
    (index.joins.folder / "ukraine-lines.npz").write_bytes(b"\x00" * 64)
    assert np.array_equal(built.state().segments[0].rows["seq"], np.sort(np.arange(2, 47)))
    index.joins.forget()
    assert not list(index.joins.folder.iterdir())


def test_two_threads_may_write_one_file_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both, write = threading.Barrier(2), Path.write_bytes

    def together(path: Path, content: bytes) -> int:
        size = write(path, content)
        both.wait(60)
        return size

    monkeypatch.setattr(Path, "write_bytes", together)
    path = tmp_path / "HEAD"
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda content: write_whole(path, content), [b"one", b"two"]))
    assert path.read_bytes() in (b"one", b"two")
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_written_whole_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(io.FileIO):
        @override
        def write(self, content: Any) -> int:
            super().write(content[:1])
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(
        whole_files, "open", lambda name, mode, **_: Full(name, mode), raising=False
    )
    with pytest.raises(OSError, match="No space"):
        write_whole(tmp_path / "HEAD", b"one")
    assert list(tmp_path.iterdir()) == []


def test_an_older_layout_is_built_anew_without_an_alarm(
    built: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    folder = current(built)
    older = folder.with_name(folder.name.rsplit("-", 1)[0])
    folder.rename(older)
    (folder.parent / "CURRENT").write_text(older.name)
    with caplog.at_level(logging.INFO, "strikemap.index"):
        assert len(beside(built).state().segments[0].rows) == 45
    assert not caplog.records
