"""The page docs/benchmarks.md, from what `benchmarks.peers` measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from typing_extensions import override

from benchmarks.figures import machine

CLIENTS, ROUNDS = (1, 16), 3
OURS, TIPG, ASYNCPG = "Strikemap", "tipg", "asyncpg"
FACES = {
    "tiles": "vector tile, cold and filtered",
    "sums": "sums by region, filtered",
    "items": "100 items of a box, filtered",
}
BUSY = 1.5
"""With more load than this before it begins, a run says that other programs were running."""

BEFORE = """# Beside others

How fast Strikemap answers beside two services on PostGIS: the same rows, on the same machine.
`make bench-peers` measures it again, and writes this page anew.

- Measured on {day} with {rows:,} invented incidents, in {seconds:.0f} s.
- {processor}, {memory}.
- Python {python}, PostgreSQL 15 with PostGIS.
- Load of the machine before it began: {busy:.1f}.
{others}- Each service has {cores} workers under uvicorn, one service at a time.
  `wrk` runs on the same cores.
- Every request is of a period of its own, so that no answer is in any memory.
- A cell has the answers a second, and the time of an answer: the median, and 99 of 100.
  It is the middle of {rounds} rounds.

"""
OTHERS = """  **Other programs ran beside it**: what has more processes then gets more of the
  machine, and the database has one for each connection.
  So do not compare the lines of 16 clients; measure again on a quiet machine.
"""
AFTER = """
The rivals:

- **tipg**: an OGC API on PostGIS, as it is; its filters are in CQL2.
- **asyncpg**: `benchmarks/peer_app.py`, eighty lines with nothing between HTTP and `ST_AsMVT`.
  It checks no input, and does not count the items of a box.
- Their table has its points in Web Mercator, and indexes on place, days and status.

What differs:

- Of more than 10,000 marks in a tile, ours has cells, tipg leaves out the rest, asyncpg sends all.
- Our sums say what is unknown, and our items have all fields that the public may see.
- The rivals know nothing of terms, redactions, embargoes or `as_of`.
"""


@dataclass(frozen=True)
class Speed:
    """Answers a second, and the time of an answer in ms: the median, and 99 of 100."""

    per_s: float
    p50: float
    p99: float

    @override
    def __str__(self) -> str:
        number = f"{self.per_s:,.0f}" if self.per_s >= 10 else f"{self.per_s:.2g}"
        return f"{number}/s; {_ms(self.p50)}, {_ms(self.p99)} ms"


@dataclass(frozen=True)
class Run:
    """How a run was made: its rows, the cores, the load before it, and how long it took."""

    rows: int
    cores: int
    busy: float
    seconds: float


Measured = Mapping[str, Mapping[tuple[str, int], Speed]]


def page(run: Run, measured: Measured) -> str:
    """Write the page."""
    before = BEFORE.format(
        day=datetime.now(UTC).date(),
        others=OTHERS if run.busy > BUSY else "",
        rounds=ROUNDS,
        **{**machine(), **vars(run)},
    )
    return "\n".join((before + "\n".join(_speeds(measured)), "", *_ratios(measured), AFTER))


def _speeds(measured: Measured) -> Iterator[str]:
    yield f"| work | clients | {OURS} | {TIPG} | {ASYNCPG} |"
    yield "| --- | --- | --- | --- | --- |"
    for face, name in FACES.items():
        for clients in CLIENTS:
            cells = (measured[who].get((face, clients)) for who in (OURS, TIPG, ASYNCPG))
            shown = " | ".join(str(speed or "has none") for speed in cells)
            yield f"| {name} | {clients} | {shown} |"


def _ratios(measured: Measured) -> Iterator[str]:
    yield "How many times as many answers a second:"
    yield ""
    yield f"| work | clients | against {TIPG} | against {ASYNCPG} | against our own one client |"
    yield "| --- | --- | --- | --- | --- |"
    for face, name in FACES.items():
        for clients in CLIENTS:
            own = measured[OURS][face, clients].per_s
            rivals = [measured[who].get((face, clients)) for who in (TIPG, ASYNCPG)]
            rivals.append(measured[OURS][face, 1])
            times = " | ".join(f"{own / one.per_s:.2g}x" if one else "" for one in rivals)
            yield f"| {name} | {clients} | {times} |"


def _ms(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.2g}"
