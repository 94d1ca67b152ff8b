"""The faults of the chaos lane: each harms a copy of one instance and says whether a law broke.

Work that is killed runs in a forked child, which opens everything itself and reports through a pipe
what it was promised. So hundreds of kills fit into a minute, at any moment of the work.
"""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from app.backup.packing import back_up, parts_left
from app.backup.unpacking import check_backup
from app.domain.errors import ClockBehind, StoreError, StrikemapError
from app.domain.revision import Subject
from app.domain.store import Author, verify
from app.editing.erasure import purge
from app.instance.workspace import Workspace
from app.intake.importing import ImportedFile, import_file
from app.intake.options import ImportOptions
from app.reference.reference import Reference
from app.store.sqlite import SqliteStore
from tests.chaos.power import Act, Disk, lines_said, record
from tests.making import NOON, ROOT, add, dataset, incident, open_workspace
from tests.serving import START_S, environment, free_port
from tests.support import HEADER, ROW

BASE, ROWS, EDITS = 200, 150, 40
SECRET = "a text that a purge must erase"  # noqa: S105  the description of a record
NOBODY = 65_534
Say = Callable[[object], object]


class BrokenLaw(Exception):
    """What the product promises did not hold; the message says what."""


def promise(holds: bool, what: str) -> None:
    """Fail with a sentence when a law does not hold."""
    if not holds:
        raise BrokenLaw(what)


@dataclass
class Lab:
    """One instance that is copied for every round, and the moments of its kills."""

    folder: Path
    reference: Reference
    chance: random.Random

    acts: list[Act] = field(default_factory=list)
    """What a program did to its disk, recorded once."""

    def __post_init__(self) -> None:
        """Build the instance: a record, an index, and a table to import."""
        self.took: dict[str, float] = {}
        strikes = [incident(f"n{n}", description=f"{SECRET} {n}") for n in range(BASE)]
        with self.opened(self.folder / "base") as workspace:
            add(workspace.store, dataset(), *strikes)
            workspace.index.generations.rebuild()
            self.head = workspace.store.head()
        rows = "".join(ROW.format(key=f"k{n}") for n in range(ROWS))
        (self.folder / "rows.csv").write_text(HEADER + rows, "utf-8")

    @contextlib.contextmanager
    def opened(self, folder: Path) -> Iterator[Workspace]:
        """Open an instance, and close its record afterwards."""
        workspace = open_workspace(folder, self.reference)
        try:
            yield workspace
        finally:
            workspace.store.close()

    @contextlib.contextmanager
    def copy(self) -> Iterator[Path]:
        """Copy the instance for one round."""
        place = self.folder / "round"
        shutil.rmtree(place, ignore_errors=True)
        shutil.copytree(self.folder / "base", place)
        yield place
        shutil.rmtree(place)

    def killed(self, name: str, work: Callable[[Say], None]) -> list[str]:
        """Run work in a child and kill it at any moment; return what it said until then.

        The first round of a name is not killed: it shows how long the work takes.
        """
        ends, said = os.pipe()
        began, child = time.monotonic(), os.fork()
        if child == 0:
            os.close(ends)
            code = 1
            try:
                work(lambda what: os.write(said, f"{what}\n".encode()))
                code = 0
            finally:
                os._exit(code)
        os.close(said)
        if name in self.took:
            time.sleep(self.chance.random() * self.took[name])
            os.kill(child, signal.SIGKILL)
        _child, status = os.waitpid(child, 0)
        self.took.setdefault(name, time.monotonic() - began)
        with os.fdopen(ends) as lines:
            answers = lines.read().splitlines()
        promise(os.WIFSIGNALED(status) or os.WEXITSTATUS(status) == 0, f"{name} failed unkilled")
        return answers

    def check(self, place: Path) -> tuple[int, int]:
        """Check the chain and what the index answers; return the head and the incidents."""
        with self.opened(place) as workspace:
            head = verify(workspace.store, self.head)
            every = workspace.store.current(Subject.incident).values()
            current = [one for one in every if one.fingerprint]  # a purged one has none
            state = workspace.index.state()
            rows = sum(sum(part.standing.values()) for part in state.segments)
            promise(rows == len(current), f"the index has {rows} of {len(current)} incidents")
            return head.seq, len(current)


def _import(lab: Lab, place: Path, say: Say) -> None:
    with lab.opened(place) as workspace:
        options = ImportOptions(dataset="rows", theatre="example")
        import_file(workspace, ImportedFile(lab.folder / "rows.csv"), options, Author("x", NOON))
        say("done")


def kill_import(lab: Lab) -> None:
    """An import is there whole or not at all, and whole once it said so."""
    with lab.copy() as place:
        said = lab.killed("import", lambda say: _import(lab, place, say))
        _seq, count = lab.check(place)
        promise(count in (BASE, BASE + ROWS), f"{count - BASE} of {ROWS} rows of an import")
        promise(count > BASE or not said, "an import that said that it was done is lost")


def kill_edits(lab: Lab) -> None:
    """An edit that was acknowledged is there."""

    def work(say: Say) -> None:
        with lab.opened(place) as workspace:
            for number in range(EDITS):
                say(add(workspace.store, incident(f"e{number}")).seq)

    with lab.copy() as place:
        said = lab.killed("edits", work)
        seq, _count = lab.check(place)
        promise(seq >= max(map(int, said), default=0), "an acknowledged edit is lost")


def kill_index_build(lab: Lab) -> None:
    """A killed build leaves the old index or the new one."""

    def work(say: Say) -> None:
        with lab.opened(place) as workspace:
            say(workspace.index.generations.rebuild())

    with lab.copy() as place:
        lab.killed("index", work)
        lab.check(place)


def kill_backup(lab: Lab) -> None:
    """A killed backup leaves no file or a whole one, and the next one cleans up."""

    def work(say: Say) -> None:
        say(back_up(place, out, NOON, lambda _bytes: None).members)

    with lab.copy() as place:
        out = place / "out.tar.gz"
        lab.killed("backup", work)
        if out.exists():
            check_backup(out, lambda _bytes: None)
        back_up(place, out, NOON, lambda _bytes: None)
        promise(parts_left(place) == [], "a killed backup left a folder")
        check_backup(out, lambda _bytes: None)


def kill_purge(lab: Lab) -> None:
    """A killed purge has erased a record or has not; a second one erases the rest."""

    def work(say: Say) -> None:
        with lab.opened(place) as workspace:
            purge(workspace, number, "at the request of the family", Author("x", NOON))
            say("done")

    with lab.copy() as place:
        number = str(incident("n7").id)
        said = lab.killed("purge", work)
        with lab.opened(place) as workspace:
            (only,) = workspace.store.history(Subject.incident, f"invented/{number}")
            promise(only.payload is None or not said, "a purge that said that it was done is lost")
            with contextlib.suppress(StrikemapError):  # it may be erased already
                purge(workspace, number, "at the request of the family", Author("x", NOON))
            verify(workspace.store)
        left = [path for path in place.rglob("*") if path.is_file() and _has_secret(path)]
        promise(left == [], f"the purged text is still in {[path.name for path in left]}")


def _has_secret(path: Path) -> bool:
    return f'{SECRET} 7"'.encode() in path.read_bytes()


def full_disk(lab: Lab) -> None:
    """No file may grow beyond a random size: an import is whole or not there, and says why."""
    with lab.copy() as place:
        size = (place / "record.sqlite").stat().st_size
        most = lab.chance.randrange(4096, 2 * size)

        def work(say: Say) -> None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
            try:
                _import(lab, place, say)
            except (StrikemapError, OSError) as wrong:
                say(f"refused: {wrong}")

        lab.took.pop("full", None)  # never killed
        said = lab.killed("full", work)
        promise(len(said) == 1, f"a full disk had {len(said)} answers")
        _seq, count = lab.check(place)
        promise(count in (BASE, BASE + ROWS), f"{count - BASE} of {ROWS} rows on a full disk")
        promise(count > BASE or said != ["done"], "an import on a full disk is lost")


def read_only(lab: Lab) -> None:
    """A user who may not write gets a sentence, and nothing is changed."""
    if os.getuid() != 0:
        return
    with lab.copy() as place:
        before = (place / "record.sqlite").read_bytes()

        def work(say: Say) -> None:
            os.setuid(NOBODY)
            try:
                _import(lab, place, say)
            except (StrikemapError, OSError) as wrong:
                say(f"refused: {str(wrong)[:60]}")

        lab.took.pop("read-only", None)
        said = lab.killed("read-only", work)
        promise(said[:1] != ["done"] and len(said) == 1, f"a read-only folder: {said}")
        promise((place / "record.sqlite").read_bytes() == before, "a read-only record changed")


def harm_index(lab: Lab) -> None:
    """A flipped, cut, missing or exchanged file of the index never gives a wrong number."""
    with lab.copy() as place:
        files = sorted(path for path in place.glob("index/*/*/*") if path.is_file())
        target, other = lab.chance.sample(files, 2)
        _harm(lab.chance, target, other)
        lab.check(place)


def _harm(chance: random.Random, target: Path, other: Path) -> None:
    content = bytearray(target.read_bytes())
    kind = chance.choice(["flip", "cut", "missing", "exchange"])
    if kind == "missing":
        target.unlink()
    elif kind == "exchange":
        target.write_bytes(other.read_bytes())
    elif content:
        at = chance.randrange(len(content))
        if kind == "flip":
            content[at] ^= 1 << chance.randrange(8)
        target.write_bytes(content[:at] if kind == "cut" else content)


def flip_record(lab: Lab) -> None:
    """A flipped bit in the record is named, or lies where nothing is stored."""
    with lab.copy() as place:
        path = place / "record.sqlite"
        content = bytearray(path.read_bytes())
        content[lab.chance.randrange(len(content))] ^= 1 << lab.chance.randrange(8)
        path.write_bytes(content)
        try:
            store = SqliteStore(path)
        except StoreError:
            return
        with contextlib.closing(store), contextlib.suppress(StoreError):
            verify(store, lab.head)
            with contextlib.closing(SqliteStore(lab.folder / "base/record.sqlite")) as whole:
                same = list(store.revisions()) == list(whole.revisions())
            promise(same, "a changed record passes verify")


def move_clock(lab: Lab) -> None:
    """Whatever the clock does, times never go back, and what was written is known from then on."""
    with lab.copy() as place:
        now = datetime(2026, 6, 1, tzinfo=UTC)
        store = SqliteStore(place / "record.sqlite", lambda: now)
        with contextlib.closing(store):
            for number in range(12):
                now += timedelta(hours=lab.chance.uniform(-24, 24))
                before = store.head()
                try:
                    head = add(store, incident(f"c{number}"), at=now)
                except ClockBehind:
                    promise(store.head() == before, "a refused write was written")
                    continue
                promise((head.recorded_at or now) >= (before.recorded_at or now), "time went back")
                promise(store.seq_at(head.recorded_at or now) == head.seq, "a write is not known")
            verify(store, lab.head)


def cut_power(lab: Lab) -> None:
    """After a loss of power at any moment, what was acknowledged is there, and nothing by half."""
    if not lab.acts:
        place = lab.folder / "recorded"
        shutil.copytree(lab.folder / "base", place)
        program = ["-m", "tests.chaos.writing", str(place), str(lab.folder / "rows.csv")]
        lab.acts = record(program, place, lab.folder / "trace")
        shutil.rmtree(place)
    moment = lab.chance.randrange(len(lab.acts))
    shutil.copytree(lab.folder / "base", lab.folder / "recorded")
    disk = Disk(lab.folder / "recorded")
    for act in lab.acts[:moment]:
        disk.act(act)
    shutil.rmtree(lab.folder / "recorded")
    with lab.copy() as place:
        shutil.rmtree(place)
        disk.lose_power(place, lab.chance)
        seq, count = lab.check(place)
        said = lines_said(lab.acts[:moment])
        safe = max((int(line.split()[1]) for line in said), default=0)
        promise(seq >= safe, f"revision {safe} was acknowledged, the record ends with {seq}")
        rows = (seq - lab.head.seq) - (count - BASE)  # revisions that are no incidents
        promise(rows in (0, 2, 4), f"{rows} revisions are no incidents: a write is there by half")
        if any(line.startswith("purge") for line in said):
            with lab.opened(place) as workspace:
                key = f"invented/{incident('n7').id}"
                (only,) = workspace.store.history(Subject.incident, key)
                promise(only.payload is None, "a purge that was acknowledged is undone")


def kill_server(lab: Lab) -> None:
    """A service that is killed while four clients write has every edit that it acknowledged."""
    with lab.copy() as place:
        port, typed = free_port(), dict[str, int]()
        service = subprocess.Popen(
            [sys.executable, "-m", "app.cli", "serve", "--private", "--port", str(port)],
            cwd=ROOT,
            env=environment(place),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            _wait_for(port, service)
            with ThreadPoolExecutor(4) as clients:
                for _client in range(4):
                    clients.submit(_type_in, port, typed)
                deadline = time.monotonic() + START_S
                while not typed and time.monotonic() < deadline:
                    time.sleep(0.01)
                time.sleep(lab.chance.random())
                service.kill()
        finally:
            service.kill()
            service.wait()
        lab.check(place)
        with lab.opened(place) as workspace:
            store = workspace.store
            keys = {row.key: row.seq for row in store.latest(Subject.incident)}
            lost = [number for number in typed if f"invented/{number}" not in keys]
            promise(lost == [], f"{len(lost)} of {len(typed)} acknowledged edits are lost")
            promise(bool(typed), "the service took no edit before it was killed")


def _wait_for(port: int, service: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and service.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            if httpx.get(f"http://127.0.0.1:{port}/readyz").is_success:
                return
        time.sleep(0.2)
    raise BrokenLaw("the service did not start")


def _type_in(port: int, typed: dict[str, int]) -> None:
    """Type in records until the service is gone; keep the ids of those that it took."""
    record = {"dataset": "invented", "reason": "typed in", "precision": "exact"}
    spot = {"start": "2024-03-10", "lon": 30.5, "lat": 50.4}
    address = f"http://127.0.0.1:{port}/api/incidents"
    with contextlib.suppress(httpx.TransportError), httpx.Client() as client:
        while True:
            answer = client.post(address, json={**record, **spot}, headers={"X-Strikemap": "1"})
            if answer.is_success:
                typed[answer.json()["id"]] = answer.json()["revision"]


SLOW: Callable[[Lab], None] = kill_server
"""It starts a whole service, so it has a turn after many of the others."""

FAULTS: tuple[Callable[[Lab], None], ...] = (
    kill_import,
    kill_edits,
    kill_index_build,
    kill_backup,
    kill_purge,
    full_disk,
    read_only,
    harm_index,
    flip_record,
    move_clock,
    cut_power,
)
