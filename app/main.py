"""The ASGI entry: `uvicorn --factory app.main:create`."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from starlette.types import ASGIApp

from app.api.app import create_app
from app.api.kept import KeptAnswers
from app.api.lanes import take_short_turns
from app.api.logs import log_as_json
from app.api.metrics import Measured, Metrics
from app.api.processes import GivingBack, HeavyProcesses
from app.api.turns import TurnsLoop
from app.instance.allowance import MemoryPart, allowed_bytes, bound, most_heavy
from app.instance.memory import collect_seldom, keep_for_good
from app.settings import Settings, read_settings


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
    heavy = HeavyProcesses.of(number, partial(create_heavy, settings, part), part.growth)
    application = create_app(settings, heavy)
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


def create_heavy(settings: Settings, part: MemoryPart) -> ASGIApp:
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
    application = create_app(own)
    application.state.workspace.index.state()
    keep_for_good()
    return GivingBack(application)
