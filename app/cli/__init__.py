"""The command line. Exit code 2: wrong input; exit code 3: the record or the disk failed."""

from app.cli import (
    archiving,
    datasets,
    exporting,
    figure,
    loading,
    matches,
    record,
    regions,
    serving,
    summary,
    tokens,
)
from app.cli.base import cli, main

__all__ = [
    "archiving",
    "cli",
    "datasets",
    "exporting",
    "figure",
    "loading",
    "main",
    "matches",
    "record",
    "regions",
    "serving",
    "summary",
    "tokens",
]
