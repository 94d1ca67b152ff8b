"""Stable element ids: an equal page has equal bytes, so its ETag can be a hash of it.

Branca names elements by random UUIDs. Its one function for that is replaced by a counter in a
ContextVar, so that pages built at the same time in several threads have a counter each.
"""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator
from contextvars import ContextVar

from branca.element import Element

_counter: ContextVar[Iterator[int] | None] = ContextVar("strikemap_ids", default=None)
_random_id = Element._generate_id.__func__  # type: ignore[attr-defined]  # noqa: SLF001


def _generate_id(cls: type[Element]) -> str:
    counter = _counter.get()
    return str(_random_id(cls)) if counter is None else f"m{next(counter)}"


@contextlib.contextmanager
def stable_ids() -> Iterator[None]:
    """Name all elements that are built and rendered inside m0, m1, m2 and so on."""
    Element._generate_id = classmethod(_generate_id)  # type: ignore[assignment,method-assign]  # noqa: SLF001
    token = _counter.set(itertools.count())
    try:
        yield
    finally:
        _counter.reset(token)
