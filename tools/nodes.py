"""Starts what compose.yaml starts, as plain processes: `python -m tools.nodes [FOLDER]`.

It needs the packages of tools/postgis.sh. Its record is gone when it ends.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

from tests.nodes.services import services


def main() -> None:
    """Run the services until Ctrl-C, and print their addresses."""
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else tempfile.mkdtemp(prefix="strikemap-"))
    folder.mkdir(parents=True, exist_ok=True)
    with services(folder) as running:
        print(f"nginx     {running.front_url}\nlog       {running.log}")
        for number, node in enumerate(running.nodes, start=1):
            print(f"node {number}    {node.url}")
        print(f"database  STRIKEMAP_STORE_URL={running.url}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


if __name__ == "__main__":
    main()
