"""Keeps what was purged from coming back with a write that read it before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.domain.errors import StoreBusy
from app.domain.revision import Change, Subject
from app.domain.store import Store

PURGED_MEANWHILE = (
    "A record was purged while this was read: nothing was written, so that it does not come back. "
    "Try again."
)


class UnlessPurged:
    """Lets changes through if nothing was purged since this was made: make it before reading."""

    def __init__(self, store: Store) -> None:
        self._store, self._since = store, store.newest(Subject.erasure)

    def __call__(self, changes: Iterable[Change]) -> Iterator[Change]:
        """Yield the changes to a write, and check at its end.

        A write reads its last change while it locks out all others. So a purge is over by then and
        is seen here, or it comes later and is refused, since its record has a newer revision.

        Raises:
            StoreBusy: a record was purged; the write that reads this writes nothing.
        """
        yield from changes
        if self._store.newest(Subject.erasure) > self._since:
            raise StoreBusy(PURGED_MEANWHILE)
