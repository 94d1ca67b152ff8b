"""The browser's columns as files with the hash of their content in their name."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from app.domain.errors import NotFound
from app.services.listing import COLUMN_ORDER, Month, month_columns
from app.services.publish import Published
from app.services.tiling import Kept

MOST_KEPT = 4
"""How many Views' columns stay in memory; each is 32 bytes an incident."""


@dataclass
class PageColumns:
    """Makes columns once per View and state; any process can make the same file again."""

    _kept: Kept = field(default_factory=lambda: Kept(MOST_KEPT))

    def listing(self, published: Published) -> dict[str, Any]:
        """List the files, and the columns in each, in order."""
        query = published.view.query()
        kinds = {np.uint32: "u4", np.uint16: "u2", np.uint8: "u1"}
        return {
            "columns": {name: kinds[kind] for name, kind in COLUMN_ORDER},
            "months": [
                {"month": month.name, "rows": month.rows, "url": f"/columns/{name}?{query}"}
                for name, month in self._files(published).items()
            ],
        }

    def content(self, published: Published, name: str) -> bytes:
        """Return one file.

        Raises:
            NotFound: the View has changed since the file was listed, or the audience has.
        """
        month = self._files(published).get(name)
        if month is None:
            raise NotFound(f"No column file {name!r} in this View now; read /columns.json again.")
        return month.content

    def _files(self, published: Published) -> dict[str, Month]:
        wanted = published.filter
        stamp = None if wanted.embargo_at is None else (wanted.embargo_at // 60, wanted.quiet_after)
        key = (published.view.query(), wanted.seq, published.snapshot.seq, stamp)
        return self._kept.get(key, lambda: _named(month_columns(published)))


def _named(months: list[Month]) -> dict[str, Month]:
    return {
        f"{month.name}-{hashlib.sha256(month.content).hexdigest()[:16]}.bin": month
        for month in months
    }
