"""A tile is one answer: its layers share what the audience gets of the View."""

from __future__ import annotations

from datetime import date

import pytest

from app.domain.terms import Face
from app.domain.view import View
from app.instance.workspace import Workspace
from app.pictures.tiles import Tiler
from app.publishing import publish as publishing
from app.publishing.publish import Published
from app.publishing.query import Query
from app.tiles.grid import Tile
from tests.making import NOON, ROOT

FONTS = ROOT / "static" / "vendor" / "noto-sans-5.3.0"
EXAMPLE = View(theatre="example", synthetic=True, last=date(2024, 4, 29))
MAP = Tile("map", 5, 4, 20, "png")


def test_a_map_tile_publishes_once(demos: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Published] = []
    narrow = publishing._published

    def counting(*args: object, **kwargs: object) -> Published:
        made.append(narrow(*args, **kwargs))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(publishing, "_published", counting)
    body = Tiler(FONTS).tile(Query.of(demos, EXAMPLE, NOON), MAP)
    assert body.startswith(b"\x89PNG")
    assert len(made) == 1


def test_a_view_whose_faces_show_other_datasets_is_published_for_each_of_them(
    workspace: Workspace,
) -> None:
    query = Query.of(workspace, View(theatre="ukraine"), NOON)
    first = publishing.publish(query, Face.tiles)
    assert publishing.publish(query, Face.tiles) is first
    assert publishing.publish(query.but(lang="uk"), Face.tiles) is not first
