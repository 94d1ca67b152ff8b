"""The ASGI entry: `uvicorn --factory app.main:create`."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from starlette.types import ASGIApp

from app.api.app import create_app
from app.api.kept import KeptAnswers
from app.api.lanes import take_short_turns
from app.api.logs import log_as_json
from app.api.metrics import Measured, Metrics
from app.api.processes import GivingBack, HeavyProcesses
from app.api.turns import TurnsLoop
from app.instance.allowance import MemoryPart, allowed_bytes, bound, give_back, most_heavy
from app.instance.memory import collect_seldom, keep_for_good
from app.limited.orders import Limits
from app.limited.readings import LimitedReadings
from app.settings import Settings, read_settings

READING_S_A_MB = 3.0
"""A million rows of 250 MB take a minute and a half on a quiet core; a busy one is slower."""

LEAST_READING, MOST_READING = 512 << 20, 4 << 30
"""A photograph of 52 million pixels needs half a gigabyte."""

ROOMY = 2 << 30
"""What reads files keeps about 100 MB beside the process that it was forked from."""

WRITTEN = 2
"""Text becomes longer in UTF-8."""


def create() -> ASGIApp:
    """Build the application from the environment; a public one keeps what it answered."""
    collect_seldom()
    take_short_turns()
    settings = read_settings()
    log_as_json(settings.log_level)
    # A private instance has one reader.
    allowed = allowed_bytes(settings.memory_mb)
    number = 0 if settings.private else min(settings.heavy_processes, most_heavy(allowed))
    part = MemoryPart.of(allowed, 1 + number)
    bound(part)
    make = partial(create_heavy, settings, part, allowed)
    heavy = HeavyProcesses.of(number, make, part.growth)
    application = create_app(
        settings, heavy, _readings(settings.reading_s, settings.max_file_bytes, allowed)
    )
    metrics: Metrics = application.state.metrics
    metrics.watch_heavy(heavy)
    measured = Measured(application, metrics)
    keep_for_good()
    if settings.private:
        return measured
    kept = KeptAnswers(
        measured, application.state.workspace, metrics.add_answer, most_bytes=part.kept
    )
    metrics.watch_kept(kept)
    return kept


def turns_loop() -> TurnsLoop:
    """Make the event loop of a worker that has others beside it."""
    return TurnsLoop(Path(read_settings().workers_dir))


def create_heavy(settings: Settings, part: MemoryPart, allowed: int) -> ASGIApp:
    """Build the application of a process for heavy work.

    The serving process counts the requests of each address, and writes the lines of the log.
    """
    collect_seldom()
    bound(part)
    quiet: dict[str, int | str] = {"rate": 0, "rate_heavy": 0, "workers_dir": ""}
    quiet["trusted_proxies"] = "*"  # only the serving process reaches the socket
    if settings.log_level == "INFO":
        quiet["log_level"] = "WARNING"
    own = settings.model_copy(update=quiet)
    log_as_json(own.log_level)
    application = create_app(own, readings=_readings(own.reading_s, own.max_file_bytes, allowed))
    application.state.workspace.index.state()
    keep_for_good()
    return GivingBack(application)


@cache
def _readings(reading_s: float, max_file_bytes: int, allowed: int) -> LimitedReadings:
    """Fork what reads files from outside, once, before this process opens its record.

    On a small machine it is started when there is a file to read, and ends after a minute.
    """
    memory = min(max(allowed // 2, LEAST_READING), MOST_READING)
    limits = Limits(reading_s, READING_S_A_MB, memory, WRITTEN * max_file_bytes)
    if allowed < ROOMY:
        return LimitedReadings(limits)
    give_back()
    return LimitedReadings.forked(limits)
