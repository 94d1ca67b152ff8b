"""The same services from a terminal. Exit 2: your input; exit 3: our record."""

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
