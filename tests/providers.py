"""A real identity provider for tests: the npm package oidc-provider, which is certified."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass

from tests.making import ROOT
from tests.needs import need
from tests.serving import free_port

PROGRAM = ROOT / "tests" / "oidc" / "provider.mjs"
PACKAGE = ROOT / "node_modules" / "oidc-provider"
NODE = shutil.which("node") or "node"
CLIENT, SECRET = "strikemap", "a secret of this test: +/%"


@dataclass(frozen=True)
class RunningProvider:
    """A provider's address, and the settings of a service that lets people sign in there."""

    issuer: str
    port: int
    """The port on which that service has to listen: the provider knows its address."""

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings by name."""
        return {
            "STRIKEMAP_OIDC_ISSUER": self.issuer,
            "STRIKEMAP_OIDC_CLIENT_ID": CLIENT,
            "STRIKEMAP_OIDC_CLIENT_SECRET": SECRET,
            "STRIKEMAP_OIDC_SCOPE": "openid profile email groups",
        }


@contextlib.contextmanager
def identity_provider() -> Iterator[RunningProvider]:
    """Run a provider until the block ends."""
    need("oidc-provider", "tools/node.sh", is_here=PACKAGE.is_dir())
    issuer, port = f"http://127.0.0.1:{free_port()}", free_port()
    process = subprocess.Popen(
        [NODE, str(PROGRAM), issuer, CLIENT, SECRET, f"http://127.0.0.1:{port}/sign-in/return"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        yield RunningProvider(issuer, port)
    finally:
        process.terminate()
        process.wait(timeout=60)
        assert process.stdout is not None
        process.stdout.close()
