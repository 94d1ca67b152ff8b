"""What a token's holder sees of an instance that shows the public less."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import msgspec

from app.domain.kept import Kept
from app.domain.terms import OPEN, Audience
from app.index.build import Index, State
from app.instance.workspace import Workspace


def widened(workspace: Workspace, datasets: frozenset[str]) -> Workspace:
    """Open a workspace for a holder: whole without a scope, else the scope's datasets only.

    To a scoped holder the terms of their own datasets withhold nothing; embargo and
    generalisation stay, since an answer may stand on several datasets at once. Their records are
    whole at `/api/incidents/{id}`.
    """
    if not datasets:
        return replace(workspace, audience=Audience.private)
    return replace(workspace, index=cast("Index", _Opened(workspace.index, datasets)))


@dataclass(frozen=True)
class _Opened:
    """An index whose snapshots have the terms of some datasets opened."""

    index: Index
    datasets: frozenset[str]
    _kept: Kept = field(default_factory=lambda: Kept(1))

    def state(self, *given: Any, **named: Any) -> State:
        """Return the newest state, as `Index.snapshot` does."""
        found = self.index.state(*given, **named)
        kept = self._kept.get(id(found), lambda: (found, self._opened(found)))
        return kept[1]  # with its origin beside it, so that no other takes the same address

    def _opened(self, found: State) -> State:
        opened = {
            slug: msgspec.structs.replace(one, terms=OPEN) if slug in self.datasets else one
            for slug, one in found.datasets.items()
        }
        return replace(found, datasets=opened)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.index, name)
