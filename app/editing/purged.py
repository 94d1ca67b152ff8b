"""The list of what was purged: it is kept beside backups, which a purge cannot reach.

It names what was erased by its key, and holds nothing of its content. Revoked tokens are in it for
the same reason: a backup from before would open them again.
"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Literal, cast

import msgspec

from app.domain.errors import InvalidFile
from app.domain.revision import Erasure, Subject
from app.domain.store import Store
from app.whole_files import write_whole

PURGED = "purged.json"
LARGEST_LIST = 256 * 1024 * 1024
Purgeable = Literal["incident", "story", "attachment", "approval"]
_ERASURE = msgspec.json.Decoder(Erasure)


class Purge(msgspec.Struct, frozen=True):
    """One purge: the key of its mark in the chain, what it erased, why and when."""

    id: str
    subject: Purgeable
    key: str
    reason: str
    at: datetime


class PurgeList(msgspec.Struct, frozen=True):
    """All purges of an instance up to a time, and the tokens that were revoked, by number."""

    made_at: datetime
    purges: tuple[Purge, ...] = ()
    revoked: dict[str, datetime] = {}

    def joined(self, other: PurgeList) -> PurgeList:
        """Return the list of both, of the later time."""
        purges = {one.id: one for one in (*self.purges, *other.purges)}
        return PurgeList(
            max(self.made_at, other.made_at),
            tuple(sorted(purges.values(), key=lambda one: (one.at, one.id))),
            {**other.revoked, **self.revoked},
        )


def purges_of(store: Store, now: datetime) -> PurgeList:
    """List what a record says was purged, and which of its tokens are revoked."""
    purges = []
    for mark in store.latest(Subject.erasure):
        if mark.payload is not None:
            erasure = _ERASURE.decode(mark.payload)
            subject = cast("Purgeable", erasure.subject.value)
            purges.append(Purge(mark.key, subject, erasure.key, erasure.reason, mark.recorded_at))
    revoked = {one.id: one.revoked_at for one in store.tokens() if one.revoked_at is not None}
    return PurgeList(now, tuple(purges), revoked)


def read_purged(path: Path) -> PurgeList:
    """Read a purge list.

    Raises:
        InvalidFile: there is no such file, or it is no purge list.
    """
    try:
        with path.open("rb") as file:
            return msgspec.json.decode(file.read(LARGEST_LIST), type=PurgeList)
    except OSError as wrong:
        raise InvalidFile(f"purge list {path}", wrong.strerror, "a file to read") from wrong
    except msgspec.MsgspecError as wrong:
        allowed = f"a {PURGED} as `strikemap purge` and `strikemap backup` write it"
        raise InvalidFile(f"purge list {path}", str(wrong), allowed) from wrong


def write_purged(folder: Path, purged: PurgeList) -> PurgeList:
    """Add to the purge list of a data folder, and return it whole; what was in it stays.

    An older record that was put back knows less than the list beside it.

    Raises:
        InvalidFile: what lies there is no purge list; it is left as it is.
    """
    path = folder / PURGED
    if path.exists():
        purged = purged.joined(read_purged(path))
    write_whole(path, msgspec.json.format(msgspec.json.encode(purged), indent=1), is_durable=True)
    return purged
