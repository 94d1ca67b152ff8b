"""Caches in memory: they keep the values that were used last, within the bytes of a process."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any, TypeVar
from weakref import WeakSet

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

T = TypeVar("T")
USUAL_BYTES = 256 << 20
LARGEST_SHARE = 3
"""No cache holds more than a third of the bytes: a flood of tiles leaves the sums where they are.
"""

ANY_OBJECT, A_PART = 500, 100
"""About the bytes of an object that cannot be weighed, and of a part of a collection."""

A_VERTEX = 48
"""About the bytes of a vertex, with its part of a prepared shape's tree."""


def bytes_of(value: object) -> int:
    """Estimate the memory of texts, arrays, shapes, and of the collections that hold them.

    An object with `nbytes` says it itself.
    """
    size = ANY_OBJECT
    match value:
        case bytes() | str():
            size = len(value)
        case None | int() | float():
            size = 0
        case BaseGeometry():
            size = ANY_OBJECT + A_VERTEX * int(shapely.get_num_coordinates(value))
        case np.ndarray() if value.dtype == object:
            size = sum(map(bytes_of, value.flat))
        case Mapping():
            size = sum(bytes_of(key) + bytes_of(part) for key, part in value.items())
        case _ if (nbytes := getattr(value, "nbytes", None)) is not None:
            size = int(nbytes)
        case Collection():
            size = sum(map(bytes_of, value))
    return A_PART + size


@dataclass(eq=False)
class Budget:
    """The bytes that some caches hold together at most.

    When they hold more, the value that was unused for longest goes, whichever cache has it.
    """

    most_bytes: int = USUAL_BYTES
    _caches: WeakSet[BoundedCache] = field(default_factory=WeakSet)
    _uses: count[int] = field(default_factory=count)
    _lock: Lock = field(default_factory=Lock)

    @property
    def bytes_kept(self) -> int:
        """The bytes that all caches hold now."""
        with self._lock:
            return self._sum()

    def _sum(self) -> int:
        return sum(cache.bytes_kept for cache in self._caches)

    def add(self, cache: BoundedCache) -> None:
        """Count another cache, for as long as it exists."""
        with self._lock:
            self._caches.add(cache)

    def next_use(self) -> int:
        """Number a use of any value: lower numbers are older."""
        return next(self._uses)

    def hold(self) -> None:
        """Drop the oldest values until the others fit."""
        with self._lock:
            while self._sum() > self.most_bytes:
                min(self._caches, key=lambda cache: cache.oldest_use).drop_oldest()


BUDGET = Budget()
"""That of this process; its start sets the size once, by what the machine allows it."""


@dataclass
class _Entry:
    value: Any
    size: int
    use: int


@dataclass(eq=False)
class BoundedCache:
    """A thread-safe cache of at most `most` values; the one unused for longest goes first.

    `weigh` returns the bytes of a value. One that is heavier than `largest` is made for whoever
    asks, and not kept.
    """

    most: int = 256
    weigh: Callable[[Any], int] = bytes_of
    budget: Budget = field(default_factory=lambda: BUDGET)
    bytes_kept: int = field(default=0, init=False)
    _entries: OrderedDict[Hashable, _Entry] = field(default_factory=OrderedDict, init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def __post_init__(self) -> None:
        self.budget.add(self)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of a key; when there is none, make it and store it.

        `make` runs outside the lock: two threads that ask at once may both make the value.
        """
        with self._lock:
            if (entry := self._entries.get(key)) is not None:
                self._entries.move_to_end(key)
                entry.use = self.budget.next_use()
                return entry.value  # type: ignore[no-any-return]
        value = make()
        self._keep(key, _Entry(value, self.weigh(value), self.budget.next_use()))
        return value

    def _keep(self, key: Hashable, entry: _Entry) -> None:
        if entry.size > self.largest:
            return
        with self._lock:
            if (same := self._entries.pop(key, None)) is not None:
                self.bytes_kept -= same.size
            self._entries[key] = entry
            self.bytes_kept += entry.size
            while len(self._entries) > self.most or self.bytes_kept > self.largest:
                self._drop_oldest()
        self.budget.hold()

    @property
    def largest(self) -> int:
        """The most bytes of this cache: its share of the budget."""
        return self.budget.most_bytes // LARGEST_SHARE

    @property
    def oldest_use(self) -> float:
        """The last use of the value that goes first; infinite without any."""
        with self._lock:
            return next((entry.use for entry in self._entries.values()), float("inf"))

    def drop_oldest(self) -> None:
        """Drop the value that was unused for longest, if there is one."""
        with self._lock:
            if self._entries:
                self._drop_oldest()

    def _drop_oldest(self) -> None:
        _key, entry = self._entries.popitem(last=False)
        self.bytes_kept -= entry.size

    def values(self) -> list[Any]:
        """List the values, the one unused for longest first."""
        with self._lock:
            return [entry.value for entry in self._entries.values()]

    def forget(self) -> None:
        """Drop every value."""
        with self._lock:
            self._entries.clear()
            self.bytes_kept = 0
