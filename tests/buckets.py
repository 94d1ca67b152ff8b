"""Object storage for tests: a server that speaks S3 over HTTP on this machine (moto)."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from moto.server import ThreadedMotoServer

from tests.serving import free_port

BUCKET = "strikes"
KEY = "a-key-that-nobody-prints"


@dataclass
class ObjectStorage:
    """A server with one bucket; what lies in it survives `stop` and `start`."""

    port: int = field(default_factory=free_port)
    _server: ThreadedMotoServer | None = None

    @property
    def url(self) -> str:
        """The endpoint, as an operator writes it."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """The variables with which programs reach it."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ALLOW_HTTP": "true",
            "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "AKIAINVENTED",
            "AWS_SECRET_ACCESS_KEY": KEY,
        }

    def start(self) -> None:
        """Answer from now on."""
        self._server = ThreadedMotoServer("127.0.0.1", self.port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        """Be away."""
        if self._server is not None:
            self._server.stop()
        self._server = None

    def check_keys(self, *, are_checked: bool) -> None:
        """Refuse keys that it does not know, which are all, or take any."""
        count = "0" if are_checked else "inf"
        httpx.post(f"{self.url}/moto-api/reset-auth", content=count).raise_for_status()

    def empty(self) -> None:
        """Forget everything, and have an empty bucket again."""
        httpx.post(f"{self.url}/moto-api/reset").raise_for_status()
        httpx.put(f"{self.url}/{BUCKET}").raise_for_status()


@contextlib.contextmanager
def object_storage() -> Iterator[ObjectStorage]:
    """Run object storage with an empty bucket until the block ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    storage = ObjectStorage()
    storage.start()
    try:
        storage.empty()
        yield storage
    finally:
        storage.stop()


@contextlib.contextmanager
def reached(storage: ObjectStorage) -> Iterator[None]:
    """Let this process reach it by the environment."""
    with pytest.MonkeyPatch.context() as patch:
        for name, text in storage.environment.items():
            patch.setenv(name, text)
        yield
