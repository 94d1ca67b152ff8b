"""What is recorded for the loss of power: python -m tests.chaos.writing FOLDER CSV.

It says each thing once it is safe.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from app.domain.store import Author
from app.editing.erasure import purge
from app.intake.importing import ImportedFile, import_file
from app.intake.options import ImportOptions
from app.reference.reference import Reference
from tests.making import GEODATA, NOON, add, incident, open_workspace

EDITS = 12


def say(what: str) -> None:
    """Write a line at once."""
    os.write(1, f"{what}\n".encode())


def main(folder: Path, table: Path) -> None:
    """Edit, import, build the index, edit again, and purge."""
    workspace = open_workspace(folder, Reference(GEODATA))
    author = Author("x", NOON)
    for number in range(EDITS):
        say(f"edit {add(workspace.store, incident(f'e{number}')).seq}")
    options = ImportOptions(dataset="rows", theatre="example")
    import_file(workspace, ImportedFile(table), options, author)
    say(f"import {workspace.store.head().seq}")
    workspace.index.generations.rebuild()
    for number in range(EDITS):
        say(f"edit {add(workspace.store, incident(f'f{number}')).seq}")
    purge(workspace, str(incident("n7").id), "at the request of the family", author)
    say(f"purge {workspace.store.head().seq}")
    workspace.store.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
