"""A tile is one answer: its layers share what the audience gets of the View."""

from __future__ import annotations

from datetime import date

import pytest

from app.domain.mercator import BITS
from app.domain.terms import Face
from app.domain.view import View
from app.index.select import Selection
from app.instance.workspace import Workspace
from app.pictures import marks
from app.pictures import tiles as tiler
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


@pytest.mark.parametrize("zoom", [5, 9])
def test_a_tile_looks_as_if_all_marks_of_its_view_had_been_drawn(
    zoom: int, demos: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = Query.of(demos, EXAMPLE, NOON)
    rows = _all_marks(publishing.publish(query, Face.tiles))
    middle = len(rows) // 2
    x, y = (int(rows[axis][middle]) >> BITS - zoom for axis in ("mercator_x", "mercator_y"))
    around = [(x + dx, y + dy) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    layers = ("incidents", "map")
    tiles = [Tile(layer, zoom, *place, "png") for layer in layers for place in around]
    own = [Tiler(FONTS).tile(query, tile) for tile in tiles]
    monkeypatch.setattr(tiler, "marks_around", lambda published, *_: _all_marks(published))
    assert [Tiler(FONTS).tile(query, tile) for tile in tiles] == own
    assert len(set(own)) > 1


def _all_marks(published: Published) -> Selection:
    return published.select().drawable(published.filter)


def test_a_view_has_many_marks_where_its_rows_say_so(
    demos: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = publishing.publish(Query.of(demos, EXAMPLE, NOON), Face.tiles)
    number = len(_all_marks(published))
    monkeypatch.setattr(marks, "ROWS_A_STEP", 7)
    for most, has_many in ((number - 1, True), (number, False)):
        monkeypatch.setattr(marks, "DENSE_FROM", most)
        assert marks.has_many_marks(published) is has_many
