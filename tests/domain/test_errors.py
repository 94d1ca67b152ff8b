"""Every error that a user can meet hangs on one tree, drawn where it is defined."""

from __future__ import annotations

import inspect
import re

from app.domain import errors
from app.domain.errors import InputError, InvalidView, Problem, StrikemapError


def drawn_tree() -> dict[str, str]:
    """Read name -> parent from the drawing in the module's docstring."""
    tree: dict[str, str] = {}
    way: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        if match := re.match(r"^(    [│ ├└─]*)([A-Z]\w+)(?:  |$)", line):
            depth = (len(match[1]) - 4) // 4
            way = [*way[:depth], match[2]]
            tree[match[2]] = way[-2] if depth else "Exception"
    return tree


def test_the_drawing_shows_every_error_under_its_parent() -> None:
    defined = {
        name: kind.__bases__[0].__name__
        for name, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, StrikemapError)
    }
    assert drawn_tree() == defined


def test_a_message_says_what_was_got_and_what_is_allowed() -> None:
    wrong = InputError("level", 7, "1 or 2")
    assert str(wrong) == "level: got '7', allowed: 1 or 2."
    assert wrong.problems == (wrong.problem,) == (Problem("level", "7", "1 or 2"),)


def test_a_message_cuts_an_overlong_value() -> None:
    sentence = Problem("name", "x" * 10_000, "less").sentence()
    assert sentence == f"name: got '{'x' * 77}…', allowed: less."


def test_a_view_carries_all_of_its_problems_and_speaks_of_the_first() -> None:
    problems = (Problem("query.a", "1", "0"), Problem("query.b", "2", "0"))
    wrong = InvalidView(problems)
    assert wrong.problems == problems
    assert str(wrong) == problems[0].sentence()
