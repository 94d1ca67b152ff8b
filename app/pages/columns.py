"""The browser's columns as files with the hash of their content in their name."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from isal import igzip

from app.domain.cache import BoundedCache
from app.domain.errors import NotFound
from app.publishing.publish import Published
from app.queries.incidents import COLUMN_ORDER, Month, month_columns

MOST_KEPT = 4
"""How many Views' columns stay in memory; each is about 14 bytes an incident."""


@dataclass
class PageColumns:
    """Makes columns once per View and state; any process can make the same file again."""

    _kept: BoundedCache = field(default_factory=lambda: BoundedCache(MOST_KEPT))

    def listing(self, published: Published) -> dict[str, Any]:
        """List the files, and the columns in each, in order."""
        query = published.view.query()
        kinds = {np.uint32: "u4", np.uint16: "u2", np.uint8: "u1"}
        return {
            "columns": {name: kinds[kind] for name, kind in COLUMN_ORDER},
            "months": [
                {"month": file.month, "rows": file.rows, "url": f"/columns/{name}?{query}"}
                for name, file in self._files(published).items()
            ],
        }

    def zipped(self, published: Published, name: str) -> bytes:
        """Return one file as gzip: it is kept so, since every reader asks for the same ones.

        Raises:
            NotFound: the View has changed since the file was listed, or the audience has.
        """
        file = self._files(published).get(name)
        if file is None:
            raise NotFound(f"No column file {name!r} in this View now; read /columns.json again.")
        return file.zipped

    def _files(self, published: Published) -> dict[str, Zipped]:
        wanted = published.filter
        stamp = None if wanted.embargo_at is None else (wanted.embargo_at // 60, wanted.quiet_after)
        key = (published.view.query(), wanted.seq, published.state.seq, stamp)
        return self._kept.get(key, lambda: _zipped(month_columns(published)))


class Zipped(NamedTuple):
    """A month's file as it travels."""

    month: str
    rows: int
    zipped: bytes


def _zipped(months: Iterable[Month]) -> dict[str, Zipped]:
    return {
        f"{month.name}-{hashlib.sha256(month.content).hexdigest()[:16]}.bin": Zipped(
            month.name, month.rows, igzip.compress(month.content, compresslevel=1)
        )
        for month in months
    }
