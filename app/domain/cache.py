"""A small cache in memory: it keeps the values that were used last and drops the others."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass
class BoundedCache:
    """A thread-safe cache of at most `most` values; the one unused for longest goes first.

    With `weigh`, their weights add up to at most `most`; the newest value stays in any case.
    """

    most: int = 256
    weigh: Callable[[Any], int] | None = None
    _values: OrderedDict[Hashable, Any] = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return the value of a key; when there is none, make it and store it.

        `make` runs outside the lock: two threads that ask at once may both make the value.
        """
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]  # type: ignore[no-any-return]
        value = make()
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > 1 and self._weight() > self.most:
                self._values.popitem(last=False)
        return value

    def _weight(self) -> int:
        values = self._values.values()
        return len(values) if self.weigh is None else sum(map(self.weigh, values))

    def values(self) -> list[Any]:
        """List the values, the one unused for longest first."""
        with self._lock:
            return list(self._values.values())

    def forget(self) -> None:
        """Drop every value."""
        with self._lock:
            self._values.clear()
