"""A generation is immutable: readers pin one, writers swap in the next, and nobody waits."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, Any

import numpy as np
import pytest

from app.domain.errors import StoreBusy
from app.domain.revision import Action, Head
from app.domain.view import View
from app.index import current
from app.index.current import CurrentGeneration, Opened
from app.index.live import Index
from app.index.state import State
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from tests.index.history import published
from tests.making import GEODATA, ROOT, add, change, dataset, incident, open_workspace, write

EVERYTHING = View(theatre="ukraine", datasets=("invented",))


def keys(count: int, prefix: str = "n") -> list[str]:
    return [f"{prefix}{number}" for number in range(count)]


@pytest.fixture
def filled(tmp_path: Path, reference: Reference) -> Iterator[Workspace]:
    """A dataset of 50 incidents in a built generation."""
    workspace = open_workspace(tmp_path / "data", reference, delta_rows=20)
    add(workspace.store, dataset(), *map(incident, keys(50)))
    workspace.index.generations.rebuild()
    yield workspace
    workspace.store.close()


def test_a_column_of_equal_values_takes_no_room_and_reads_as_before(filled: Workspace) -> None:
    generation = filled.index.generations.current.folder / folders(filled)[-1]
    sizes = {name: len(np.load(generation / f"{name}.npy")) for name in ("number", "error_m")}
    assert sizes == {"number": 50, "error_m": 1}
    (segment,) = filled.state().segments
    assert segment.rows["error_m"].shape == segment.rows["number"].shape
    assert segment.rows.take(np.array([3, 0]))["error_m"].tolist() == [100, 100]


def test_who_has_written_reads_it_also_while_another_reader_refreshes(filled: Workspace) -> None:
    filled.state()

    def written() -> int:
        filled.index.after_write()
        return filled.state().seq

    with ThreadPoolExecutor(1) as pool:
        with filled.index._lock:
            head = add(filled.store, incident("mine"))
            seq = pool.submit(written)
            wait([seq], timeout=0.3)
        assert seq.result(60) == head.seq


def folders(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in workspace.index.generations.current.folder.glob("gen-*"))


def beside(workspace: Workspace, delta_rows: int = 20) -> Workspace:
    """Open the same index once more, as another process would."""
    index = Index(
        workspace.index.generations.current.index_folder,
        workspace.store,
        workspace.reference,
        delta_rows,
    )
    return replace(workspace, index=index)


def count(workspace: Workspace, min_version: int = 0) -> int:
    state = workspace.state(min_version)
    return len(published(workspace, EVERYTHING, state).select())


def test_a_reader_keeps_its_generation_while_others_are_swapped_in(filled: Workspace) -> None:
    state = filled.state()
    before = published(filled, EVERYTHING, state).select().rows()
    whole = {name: before[name].tolist() for name in ("seq", "known_to", "morton", "day_first")}
    for turn in range(4):
        add(filled.store, *map(incident, keys(10, f"t{turn}-")))
        write(filled.store, [change(incident("n1", description=str(turn)), Action.amend)])
        filled.index.generations.rebuild()
    assert len(folders(filled)) == 2
    after = published(filled, EVERYTHING, state).select().rows()
    assert {name: after[name].tolist() for name in whole} == whole
    assert count(filled) == 90


def test_a_new_generation_stays_when_the_clock_was_set_back(filled: Workspace) -> None:
    filled.index.generations.rebuild()
    for folder in filled.index.generations.current.folder.glob("gen-*"):
        later = folder.stat().st_mtime + 86_400
        os.utime(folder, (later, later))
    filled.index.generations.rebuild()
    assert (filled.index.generations.current.folder / "CURRENT").read_text() in folders(filled)
    assert len(folders(filled)) == 2
    assert count(beside(filled)) == 50


def test_a_change_is_seen_at_once_without_a_new_generation(filled: Workspace) -> None:
    assert count(filled) == 50
    generations = folders(filled)
    head = add(filled.store, incident("one more"))
    assert count(filled, head.seq) == 51
    assert folders(filled) == generations


def test_a_large_delta_is_built_into_a_generation_by_whoever_wrote(filled: Workspace) -> None:
    generations = folders(filled)
    add(filled.store, *map(incident, keys(15, "few-")))
    filled.index.after_write()
    assert folders(filled) == generations
    add(filled.store, *map(incident, keys(30, "many-")))
    filled.index.after_write()
    assert folders(filled) != generations
    assert filled.state().segments[0].newest == filled.store.head().seq
    assert count(filled) == 95


def test_a_write_opens_no_file_of_the_index(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.state()

    def refuse(*_arguments: object) -> None:
        pytest.fail("a file of the index was opened")

    for name in ("open_generation", "read_meta", "check_sums"):
        monkeypatch.setattr(current, name, refuse)
    add(filled.store, incident("few"))
    filled.index.after_write()
    assert count(filled) == 51


def test_another_process_finds_the_new_generation_by_itself(filled: Workspace) -> None:
    other = beside(filled)
    assert count(other) == 50
    add(filled.store, *map(incident, keys(30, "many-")))
    filled.index.after_write()
    assert count(other) == 80
    assert len(other.index.state().segments) == 1


def test_a_generation_that_is_swapped_in_while_another_is_opened_is_found_by_the_next_reader(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = CurrentGeneration.open

    def overtaken(generation: CurrentGeneration) -> Opened:
        found = opened(generation)
        monkeypatch.undo()
        filled.index.generations.rebuild()
        return found

    monkeypatch.setattr(CurrentGeneration, "open", overtaken)
    other = beside(filled)
    other.state()
    other.state()
    assert other.index._generation is not None
    assert other.index._generation.folder.name == folders(filled)[-1]


def test_readers_who_wait_for_the_first_state_get_one_state(
    filled: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = beside(filled).index
    refresh, head, readers = index._refresh, index._store.head, threading.Barrier(4)
    begun = list[int]()

    def counted(*arguments: Any) -> State:
        begun.append(1)
        return refresh(*arguments)

    def together() -> Head:
        newest = head()
        if not begun:
            readers.wait(60)
        return newest

    monkeypatch.setattr(index, "_refresh", counted)
    monkeypatch.setattr(index._store, "head", together)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(index.state) for _ in range(4)]
        states = {id(one.result()) for one in asked}
    assert (len(states), len(begun)) == (1, 1)


def test_a_lost_index_is_rebuilt_from_the_record(filled: Workspace) -> None:
    expected = published(filled, EVERYTHING).select()["seq"].tolist()
    shutil.rmtree(filled.index.generations.current.index_folder)
    assert published(beside(filled), EVERYTHING).select()["seq"].tolist() == expected


@pytest.mark.parametrize("damage", ["missing", "empty", "format", "half"])
def test_an_index_that_cannot_be_used_is_built_anew(filled: Workspace, damage: str) -> None:
    name = filled.index.generations.current.folder / "CURRENT"
    meta = filled.index.generations.current.folder / name.read_text() / "meta.json"
    if damage == "missing":
        name.write_text("gen-nowhere")
    elif damage == "empty":
        meta.write_bytes(b"")
    elif damage == "half":
        (meta.parent / "morton.npy").unlink()
    else:
        meta.write_text(json.dumps({**json.loads(meta.read_text()), "format": 0}))
    assert count(beside(filled)) == 50


def test_an_index_that_is_ahead_of_a_restored_record_is_built_anew(
    filled: Workspace, tmp_path: Path, reference: Reference
) -> None:
    other = open_workspace(tmp_path / "restored", reference)
    add(other.store, dataset(), *map(incident, keys(7)))
    shutil.copytree(filled.index.generations.current.index_folder, tmp_path / "restored" / "index")
    assert count(other) == 7
    other.store.close()


def test_waiting_for_a_version_that_does_not_come_ends_in_a_sentence(filled: Workspace) -> None:
    with pytest.raises(StoreBusy, match="is at 51, not yet at 99"):
        filled.index.state(99, wait_s=0.05)


def test_a_state_for_a_version_arrives_with_the_write_that_makes_it(filled: Workspace) -> None:
    head = filled.store.head().seq
    writer = threading.Timer(0.2, lambda: add(filled.store, incident("awaited")))
    writer.start()
    assert filled.index.state(head + 1, wait_s=60).seq == head + 1
    writer.join()


def test_readers_never_wait_for_a_rebuild(filled: Workspace) -> None:
    count(filled)
    with filled.index.generations._lock():
        add(filled.store, incident("written meanwhile"))
        assert count(filled) == 51


def test_a_datasets_terms_are_those_of_its_newest_revision(filled: Workspace) -> None:
    write(filled.store, [change(dataset(name="Renamed"), Action.amend)])
    assert filled.state().datasets["invented"].name == "Renamed"


def test_an_erased_payload_leaves_the_index_with_its_revision(filled: Workspace) -> None:
    filled.store._reader.execute("UPDATE revision SET payload = NULL WHERE seq = 2")  # type: ignore[attr-defined]
    filled.index.generations.rebuild()
    assert count(filled) == 49


def test_rows_of_one_place_stay_in_the_order_of_the_ledger(filled: Workspace) -> None:
    seqs = published(filled, EVERYTHING).select()["seq"]
    assert np.array_equal(seqs, np.sort(seqs))


SERVER = """
import sys
from pathlib import Path
from app.reference.reference import Reference
from tests.index.history import published
from tests.index.test_generations import EVERYTHING
from tests.making import open_workspace

workspace = open_workspace(Path(sys.argv[1]), Reference(Path(sys.argv[2])), delta_rows=20)
for line in sys.stdin:
    state = workspace.index.state(int(line), wait_s=60)
    found = published(workspace, EVERYTHING, state).select()
    print(state.seq, len(found), int(found["killed_total_low"].clip(0).sum()), flush=True)
"""


class Server:
    """A reading process that answers one line per question."""

    def __init__(self, folder: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(folder), str(GEODATA)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._in: IO[str] = self._process.stdin
        self._out: IO[str] = self._process.stdout

    def ask(self, min_version: int) -> None:
        self._in.write(f"{min_version}\n")
        self._in.flush()

    def answer(self) -> tuple[int, ...]:
        return tuple(map(int, self._out.readline().split()))

    def close(self) -> None:
        self._in.close()
        self._out.close()
        assert self._process.wait(60) == 0


@contextmanager
def servers(folder: Path, number: int) -> Iterator[list[Server]]:
    started = [Server(folder) for _ in range(number)]
    try:
        yield started
    finally:
        for server in started:
            server.close()


def test_two_servers_and_a_writer_share_one_built_index(filled: Workspace, tmp_path: Path) -> None:
    with servers(tmp_path / "data", 2) as (first, second):
        for turn in range(12):
            # Every third write is large enough that the writer builds a generation.
            more = 30 if turn % 3 == 2 else 3
            head = add(filled.store, *map(incident, keys(more, f"t{turn}-")))
            for server in (first, second):
                server.ask(head.seq)
            filled.index.after_write()
            expected = (head.seq, head.seq - 1, 0)
            assert [first.answer(), second.answer()] == [expected, expected]
    assert count(filled) == filled.store.head().seq - 1
    assert len(folders(filled)) == 2
