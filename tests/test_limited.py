"""A file that loops, fills the memory or crashes its decoder ends its own reading, and no more."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from typing_extensions import override

from app.domain.errors import InvalidFile, OtherTheatre
from app.domain.place import LonLat
from app.limited.orders import Limits, OutsideFile
from app.limited.readings import LimitedReadings
from tests.waiting import until

MB, STANDARD = 1 << 20, 2
SOON_S = 1.0
FILE = OutsideFile("a.csv", 10)
LIMITS = Limits(SOON_S, 0, 256 * MB, MB)


@pytest.fixture(scope="module")
def readings() -> Iterator[LimitedReadings]:
    with contextlib.closing(LimitedReadings.forked(LIMITS)) as readings:
        yield readings


def spin() -> None:
    """Do as a view does that has no end."""
    while True:
        pass


def wait() -> None:
    """Do as a decoder does that waits for what never comes."""
    time.sleep(600)


def fill() -> int:
    """Do as a header does that promises gigabytes."""
    return len(bytearray(3 << 30))


def crash() -> None:
    """Do as a decoder does that writes where it may not."""
    os.kill(os.getpid(), signal.SIGSEGV)


def write_much() -> None:
    """Do as an archive does that unpacks to a disk."""
    Path(os.environ["TMPDIR"], "much").write_bytes(bytes(8 * MB))


class _Command:
    @override
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, ("touch taken-over",)


def take_over() -> _Command:
    """Do as a decoder does that a file took over: answer with a command."""
    return _Command()


@pytest.mark.parametrize(
    ("work", "sentence"),
    [
        (spin, "time to read a.csv: got 'more than 1 s', allowed: at most 1 s for a file"),
        (wait, "time to read a.csv: got 'more than 1 s'"),
        (fill, "memory to read a.csv: got 'more than 256 MB', allowed: at most 256 MB."),
        (crash, "reading of a.csv: got 'a crash', allowed: a file that can be read within 1 s"),
        (take_over, "reading of a.csv: got 'a crash'"),
    ],
)
def test_what_a_file_does_to_its_reader_is_one_sentence(
    readings: LimitedReadings, work: Callable[[], object], sentence: str
) -> None:
    began = time.monotonic()
    with pytest.raises(InvalidFile) as refusal:
        readings.run(FILE, work)
    assert str(refusal.value).startswith(sentence)
    assert time.monotonic() - began < 20
    assert not Path("taken-over").exists()
    assert readings.run(FILE, int, "7") == 7


def test_a_reading_that_writes_too_much_is_refused_and_leaves_nothing(
    readings: LimitedReadings,
) -> None:
    with pytest.raises(OSError, match="too large"):
        readings.run(FILE, write_much)


def refuse() -> None:
    """Refuse a file for its content, with an error that holds more than its sentence."""
    refusal = OtherTheatre("points of a.csv", "the theatre x", "--theatre y")
    refusal.theatre, refusal.country = "y", "SD"
    raise refusal


def fail() -> None:
    """Meet a fault of our own."""
    raise KeyError("a fault of ours")


def test_an_error_of_the_work_is_what_it_would_be_here(readings: LimitedReadings) -> None:
    with pytest.raises(OtherTheatre) as refusal:
        readings.run(FILE, refuse)
    assert (refusal.value.theatre, refusal.value.country) == ("y", "SD")
    assert refusal.value.problem.sentence() == str(refusal.value)
    with pytest.raises(RuntimeError, match="KeyError: 'a fault of ours'"):
        readings.run(FILE, fail)


def facts() -> tuple[int, str, list[str], date, LonLat]:
    """Say which process this is, where it may write, and what it has open."""
    files = [path for path in Path("/proc/self/fd").iterdir() if int(path.name) > STANDARD]
    kinds = [str(path.readlink()).partition(":")[0] for path in files if path.is_symlink()]
    return os.getpid(), os.environ["TMPDIR"], kinds, date(2026, 3, 1), LonLat(36.0, 50.0)


def test_a_reading_has_nothing_open_but_its_pipe(readings: LimitedReadings, tmp_path: Path) -> None:
    with (tmp_path / "record").open("w"):
        number, folder, kinds, day, point = readings.run(FILE, facts)
    assert number != os.getpid()
    assert kinds == ["socket"]
    assert not Path(folder).exists()
    assert (day, point) == (date(2026, 3, 1), LonLat(36.0, 50.0))


def numbers() -> Iterator[int]:
    """Yield the number of the process, and then others without end."""
    yield os.getpid()
    yield from iter(int, 1)


def is_gone(number: int) -> bool:
    return not Path(f"/proc/{number}").exists()


def test_a_reading_ends_when_nobody_takes_its_rows_any_more(readings: LimitedReadings) -> None:
    rows = readings.stream(FILE, numbers)
    number = next(rows)
    assert not is_gone(number)
    rows.close()  # type: ignore[attr-defined]
    until(lambda: is_gone(number))


def test_the_time_of_who_takes_the_rows_is_not_that_of_the_file(readings: LimitedReadings) -> None:
    rows = readings.stream(FILE, numbers)
    next(rows)
    time.sleep(SOON_S)
    assert [next(rows) for _ in range(2_000)][-1] == 0
    rows.close()  # type: ignore[attr-defined]


def test_when_what_forks_has_ended_the_next_reading_starts_it_anew() -> None:
    with contextlib.closing(LimitedReadings()) as readings:
        first = readings.run(FILE, os.getppid)
        assert readings.run(FILE, os.getppid) == first
        os.kill(first, signal.SIGKILL)
        os.waitpid(first, 0)
        assert readings.run(FILE, os.getppid) != first
