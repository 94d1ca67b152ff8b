"""The command line. Exit code 2: wrong input; exit code 3: the record or the disk failed."""

from app.cli.program import main

__all__ = ["main"]
