"""A field without words of its own is written by its kind."""

from __future__ import annotations

from typing import Any

import pytest

from app.queries.words.lines import plain_lines


@pytest.mark.parametrize(
    ("kind", "value", "texts"),
    [
        ("text", "a", ["a"]),
        ("text", None, []),
        ("whole", 1200, ["1,200"]),
        ("number", 0.5, ["0.5"]),
        ("flag", True, ["✓"]),
        ("flag", False, []),
        ("codes", ["a", "b"], ["a", "b"]),
        ("codes", [], []),
        ("items", [{"name": "a", "grade": "b"}], ["a, b"]),
        ("count", {"low": 2, "best": None, "high": None}, ["at least 2"]),
        ("day", "2025-10-24", ["24 Oct 2025"]),
    ],
)
def test_a_value_is_written_by_its_kind(kind: Any, value: object, texts: list[str]) -> None:
    assert [one["text"] for one in plain_lines("en", kind, value)] == texts
