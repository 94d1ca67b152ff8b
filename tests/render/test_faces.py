"""Faces are suggested where a drawn one is, and the sentence says how to install what looks."""

from __future__ import annotations

import sys

import pytest

from app.domain.attachment import STEPS, Cover
from app.domain.errors import InputError
from app.render.faces import suggested_faces
from tests.photos import scene


def holds(cover: Cover, x: int, y: int, size: int) -> bool:
    """Tell whether eyes, nose and mouth of a face in a scene are under a cover."""
    left, right = (x + 0.28 * size) / 800 * STEPS, (x + 0.72 * size) / 800 * STEPS
    top, bottom = (y + 0.37 * size) / 600 * STEPS, (y + 0.80 * size) / 600 * STEPS
    is_around = cover.left <= left and cover.top <= top
    return is_around and right <= cover.right and bottom <= cover.bottom


@pytest.mark.parametrize("turned", [False, True])
def test_each_drawn_face_has_one_suggestion_that_holds_it_the_largest_first(turned: bool) -> None:
    large, small = (100, 150, 200), (500, 300, 120)
    covers = suggested_faces(scene(small, large, turned=turned), "image/jpeg")
    assert len(covers) == 2
    assert holds(covers[0], *large)
    assert holds(covers[1], *small)


def test_a_wall_has_none() -> None:
    assert suggested_faces(scene(), "image/jpeg") == []


def test_without_the_extra_the_sentence_says_how_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    with pytest.raises(InputError, match=r'after `pip install "strikemap\[faces\]"`'):
        suggested_faces(scene(), "image/jpeg")
