"""The newest revision that was seen beside the index: it shows when the record lost its end.

The record's chain holds by itself when its last links are cut off. So each writer notes the head
in a file of the index, and a record that no longer contains that head was cut or exchanged.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from app.domain.revision import GENESIS, Head
from app.domain.store import Store
from app.whole_files import write_whole


def contains(store: Store, head: Head) -> bool:
    """Tell whether a record has this link of the chain; every record has the link 0."""
    if head.seq == 0:
        return head.hash == GENESIS
    return store.hash_of(head.seq) == head.hash


@dataclass(frozen=True)
class Witness:
    """The file `HEAD` in the index's folder, written as `verify` prints a head."""

    path: Path

    def head(self) -> Head | None:
        """Return the newest head that was noted; None without any, or when it is unreadable."""
        with contextlib.suppress(OSError, ValueError):
            number, _, digest = self.path.read_text("ascii").partition(":")
            return Head(int(number), bytes.fromhex(digest), None)
        return None

    def note(self, store: Store) -> None:
        """Note the head of a record, unless that record lost an earlier one."""
        earlier, head = self.head(), store.head()
        if earlier is None or contains(store, earlier):
            self.accept(head)

    def accept(self, head: Head) -> None:
        """Note a head whatever was noted before."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(self.path, f"{head.seq}:{head.hash.hex()}".encode())
