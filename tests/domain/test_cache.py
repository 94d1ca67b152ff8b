"""Caches: they never hold more than their bytes, and what was used last stays."""

from __future__ import annotations

import gc
import threading

import numpy as np
import shapely
from hypothesis import given
from hypothesis import strategies as st

from app.domain.cache import BoundedCache, Budget, bytes_of

USES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 8), st.integers(0, 900)), min_size=1, max_size=60
)
"""Which cache is asked for which key, and the bytes of what it makes."""


@given(USES, st.integers(900, 3_000))
def test_caches_never_hold_more_bytes_than_their_budget(
    uses: list[tuple[int, int, int]], most_bytes: int
) -> None:
    budget = Budget(most_bytes)
    caches = [BoundedCache(most=5, weigh=len, budget=budget) for _ in range(3)]
    for number, key, size in uses:
        content = caches[number].get((key, size), lambda size=size: b"x" * size)  # type: ignore[misc]
        assert len(content) == size
        held = [sum(map(len, cache.values())) for cache in caches]
        assert held == [cache.bytes_kept for cache in caches]
        assert sum(held) == budget.bytes_kept <= most_bytes
        assert all(size <= cache.largest for size, cache in zip(held, caches, strict=True))
        assert all(len(cache.values()) <= 5 for cache in caches)


def test_the_value_unused_for_longest_goes_whichever_cache_has_it() -> None:
    budget = Budget(30)
    first, second, third = (BoundedCache(weigh=len, budget=budget) for _ in range(3))
    first.get("a", lambda: b"a" * 10)
    second.get("b", lambda: b"b" * 10)
    third.get("c", lambda: b"c" * 6)
    first.get("a", lambda: b"never made")
    third.get("d", lambda: b"d" * 4)
    third.get("e", lambda: b"e")
    assert [cache.values() for cache in (first, second, third)] == [
        [b"a" * 10],
        [b"b" * 10],
        [b"d" * 4, b"e"],
    ]
    BoundedCache(weigh=len, budget=budget).get("f", lambda: b"f" * 10)
    assert second.values() == []  # b was used before a, d and e


def test_a_cache_that_is_gone_gives_its_bytes_back() -> None:
    budget = Budget(3_000)
    cache = BoundedCache(weigh=len, budget=budget)
    cache.get("a", lambda: b"a" * 900)
    assert budget.bytes_kept == 900
    del cache
    gc.collect()
    assert budget.bytes_kept == 0


def test_threads_that_share_a_budget_stay_within_it_and_wait_for_nobody() -> None:
    budget = Budget(5_000)
    caches = [BoundedCache(weigh=len, budget=budget) for _ in range(4)]

    def use(number: int) -> None:
        for turn in range(500):
            caches[(number + turn) % 4].get(turn % 37, lambda: b"x" * 400)

    threads = [threading.Thread(target=use, args=(number,), daemon=True) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert 0 < budget.bytes_kept <= 5_000


@given(st.lists(st.integers(0, 5_000), max_size=4))
def test_the_weight_of_a_collection_is_at_least_that_of_its_arrays(sizes: list[int]) -> None:
    arrays = [np.zeros(size, np.uint8) for size in sizes]
    for whole in (arrays, tuple(arrays), dict(enumerate(arrays)), {"nested": (arrays, None)}):
        assert sum(sizes) <= bytes_of(whole) <= sum(sizes) + 1_000 * (len(sizes) + 1)


def test_a_shape_weighs_as_much_as_its_vertices() -> None:
    circle = shapely.Point(0, 0).buffer(1, 1_000)
    vertices = shapely.get_num_coordinates(circle)
    assert bytes_of(circle) >= 16 * vertices
    assert bytes_of(np.array([circle, circle], object)) >= 32 * vertices
