"""Starting the service."""

from __future__ import annotations

import os
from typing import Annotated

import typer
import uvicorn

from app.api.app import create_app
from app.api.connections import BoundedConnection
from app.api.logs import log_as_json
from app.cli.base import cli, open_workspace
from app.domain.errors import InputError
from app.settings import Settings, read_settings

LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1")


@cli.command()
def serve(
    *,
    private: Annotated[
        bool, typer.Option("--private", help="Serve everything, to this machine only.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes, all on one index.")] = 1,
) -> None:
    """Start the service.

    Example: strikemap serve --private --port 8000
    """
    settings = read_settings().model_copy(update={"private": private or read_settings().private})
    if settings.private and host not in LOOPBACK_HOSTS:
        allowed = f"{', '.join(LOOPBACK_HOSTS)}; leave --private away to serve the public"
        raise InputError("host of a private instance", host, allowed)
    log_as_json(settings.log_level)
    open_workspace(settings).index.state()
    audience = "private, this computer only" if settings.private else "public audience"
    typer.echo(f"Strikemap ({audience}): http://{host}:{port}")
    common = {
        "host": host,
        "port": port,
        "log_level": settings.log_level.lower(),
        "server_header": False,
        "access_log": False,
        "log_config": None,
        "http": BoundedConnection,
    }
    if workers == 1:
        uvicorn.run(create_app(settings), **common)  # type: ignore[arg-type]
        return
    _export(settings)
    entry = "app.main:create"
    uvicorn.run(entry, factory=True, workers=workers, **common)  # type: ignore[arg-type]


def _export(settings: Settings) -> None:
    """Give this process's settings to its workers, which read the environment."""
    for name, value in settings.model_dump().items():
        os.environ[f"STRIKEMAP_{name.upper()}"] = str(value)
