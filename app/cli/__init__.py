"""The same services from a terminal. Exit 2: your input; exit 3: our record."""

from app.cli.program import main

__all__ = ["main"]
