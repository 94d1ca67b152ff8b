"""Tiles of a View: every mark once, nothing finer than the public may see, edges that fit."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import mercantile
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from app.domain.errors import NotShared
from app.domain.incident import Incident
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.terms import DatasetKind, Face, Terms
from app.domain.view import View
from app.instance.workspace import Workspace
from app.pictures.tiles import Tiler
from app.publishing.publish import publish
from app.publishing.query import Query
from app.reference.reference import Reference
from app.render.frame import Frame
from app.render.hatches import HATCH, hatch_mask
from app.render.painter import Painter
from app.render.palette import GROUND, Pattern
from app.tiles import points
from app.tiles.grid import EXTENT, RASTER_LAYERS, Tile
from tests.making import DAY, NOON, ROOT, add, dataset, incident, open_workspace

FONTS = ROOT / "static" / "vendor" / "noto-sans-5.3.0"
UKRAINE = View(theatre="ukraine", first=date(2025, 10, 24), last=date(2025, 10, 25))
EXAMPLE = View(theatre="example", synthetic=True, last=date(2024, 4, 29))
OCEAN = (6, 2, 40)  # South Pacific, far from either theatre
KINDS = ("rising", "falling", "cross", "level", "wide", "dots")


@dataclass(frozen=True)
class Tiles:
    """Tiles of one instance."""

    workspace: Workspace
    tiler: Tiler = field(default_factory=lambda: Tiler(FONTS))

    def tile(self, view: View, tile: Tile) -> bytes:
        return self.tiler.tile(Query.of(self.workspace, view, NOON), tile)


@pytest.fixture(scope="module")
def tiler(demos: Workspace) -> Tiles:
    """Tiles of the demos for the public."""
    return Tiles(demos)


def _features(tiler: Tiles, view: View, tile: Tile) -> list[dict[str, Any]]:
    content = tiler.tile(view, tile)
    layers = mapbox_vector_tile.decode(content, default_options={"y_coord_down": True})
    return list(layers[tile.layer]["features"]) if layers else []


def _picture(
    tiler: Tiles, view: View, layer: str, place: tuple[int, int, int], scale: int = 1
) -> np.ndarray:
    tile = Tile(layer, *place, "png", scale)
    content = tiler.tile(view, tile)
    image = Image.open(io.BytesIO(content))
    assert image.format == "PNG"
    return np.asarray(image.convert("RGBA"))


@pytest.mark.parametrize("z", range(6))
def test_the_sum_over_a_level_is_the_number_of_drawable_incidents(z: int, tiler: Tiles) -> None:
    state = tiler.workspace.state()
    published = publish(Query(tiler.workspace, state, EXAMPLE, NOON), Face.tiles)
    drawable = len(published.select().drawable(published.filter))
    assert drawable > 200
    n = 1 << z
    tiles = (Tile("incidents", z, x, y, "mvt") for x in range(n) for y in range(n))
    total = sum(
        feature["properties"]["n"] for tile in tiles for feature in _features(tiler, EXAMPLE, tile)
    )
    assert total == drawable


def test_no_mark_is_coarser_than_a_settlement(tiler: Tiles) -> None:
    features = _features(tiler, EXAMPLE, Tile("incidents", 0, 0, 0, "mvt"))
    assert {feature["properties"]["precision"] for feature in features} <= {
        *("exact", "street", "settlement")
    }
    assert all("day" in feature["properties"] for feature in features)


def test_many_reports_of_a_town_stay_as_soft_as_one(tmp_path: Path, reference: Reference) -> None:
    """Each has the town's middle as its place: a disc for each would hide the streets."""
    workspace = open_workspace(tmp_path, reference)
    town = (30.5, 50.45, Precision.settlement, True)
    view = View(theatre="ukraine", datasets=("invented",))
    tile = mercantile.tile(30.5, 50.45, 12)
    pictures = []
    for records in ([dataset(), _at(0, *town)], [_at(key, *town) for key in range(1, 40)]):
        add(workspace.store, *records)
        picture = _picture(Tiles(workspace), view, "incidents", (tile.z, tile.x, tile.y))
        pictures.append(picture[..., 3])
    soft = (pictures[0] > 0) & (pictures[0] < 100)
    assert soft.sum() > 1_000
    changed = pictures[0][soft] != pictures[1][soft]
    assert changed.sum() < 20 * 20  # the number that says how many there are


MEREFA = (36.0566, 49.8194)


@pytest.mark.parametrize("scale", [1, 2])
def test_a_name_stands_beside_marks_never_on_one(
    scale: int, tmp_path: Path, reference: Reference
) -> None:
    workspace = open_workspace(tmp_path, reference)
    lon, lat = MEREFA
    exact = (Precision.exact, True)
    beside = [_at(key, lon + 0.01 * key, lat, *exact) for key in range(1, 8)]
    add(workspace.store, dataset(), _at(0, lon, lat, *exact), *beside)
    tiles, tile = Tiles(workspace), mercantile.tile(lon, lat, 10)
    at = (tile.z, tile.x, tile.y)
    marked = View(theatre="ukraine", datasets=("invented",))
    whole = _picture(tiles, marked, "map", at, scale).astype(int)
    marks = _picture(tiles, marked, "incidents", at, scale).astype(int)
    names = _picture(tiles, marked, "labels", at, scale).astype(int)
    solid = marks[..., 3] == 255
    assert solid.sum() > 8 * 40 * scale
    assert ((names[..., 3] == 255) & solid).sum() > 40 * scale  # on its usual side it would cover
    assert np.array_equal(whole[solid], marks[solid])
    dark = (whole[..., :3].max(axis=2) < 80) & ~solid
    assert dark.sum() > 40 * scale  # its letters stand elsewhere


@pytest.mark.parametrize("x", [615, 616])
def test_the_names_beside_marks_go_on_from_tile_to_tile(
    x: int, tmp_path: Path, reference: Reference
) -> None:
    workspace = open_workspace(tmp_path, reference)
    frame = Frame(10, x, 344, across=512)
    lon, lat = frame.degrees(*np.random.default_rng(x).uniform(0, (512, 256), (60, 2)).T)
    exact = (Precision.exact, True)
    spots = enumerate(zip(lon.tolist(), lat.tolist(), strict=True))
    add(workspace.store, dataset(), *(_at(key, *spot, *exact) for key, spot in spots))
    query = Query.of(workspace, View(theatre="ukraine", datasets=("invented",)), NOON)
    tiler = Tiler(FONTS)
    both, *parts = (
        np.asarray(tiler.painted(query, ("map",), one).image).astype(int)
        for one in (frame, Frame(10, x, 344), Frame(10, x + 1, 344))
    )
    seam = slice(256 - 60, 256 + 60)
    differences = np.abs(both - np.hstack(parts)).max(axis=2)[:, seam]
    assert np.count_nonzero(differences > 40) <= 60


SOME_PLACES = st.lists(
    st.tuples(
        st.floats(-180, 179.999),
        st.floats(-85, 85),
        st.sampled_from(list(Precision)),
        st.booleans(),
    ),
    max_size=12,
)


@settings(max_examples=15)
@given(SOME_PLACES, st.integers(0, 14))
def test_every_mark_lies_in_exactly_one_tile_of_a_level(
    tmp_path_factory: pytest.TempPathFactory,
    reference: Reference,
    places: list[tuple[float, float, Precision, bool]],
    z: int,
) -> None:
    workspace = open_workspace(tmp_path_factory.mktemp("marks"), reference)
    records = [_at(key, *place) for key, place in enumerate(places)]
    add(workspace.store, dataset(), *records)
    view = View(theatre="ukraine", datasets=("invented",))
    around = {
        near
        for lon, lat, _, _ in places
        for tile in [mercantile.tile(lon, lat, z)]
        for near in [tile, *mercantile.neighbors(tile)]
    }
    tiler = Tiles(workspace)
    total = sum(
        feature["properties"]["n"]
        for tile in around
        for feature in _features(tiler, view, Tile("incidents", z, tile.x, tile.y, "mvt"))
    )
    assert total == sum(record.place.is_drawable for record in records)
    workspace.store.close()


def _at(key: int, lon: float, lat: float, precision: Precision, has_point: bool) -> Incident:
    point = LonLat(lon, lat) if has_point else None
    return incident(str(key), place=Place.at(point, precision))


def test_cells_carry_the_same_sum_as_single_marks(
    tiler: Tiles, monkeypatch: pytest.MonkeyPatch
) -> None:
    tile = Tile("incidents", 3, 1, 5, "mvt")
    single = _features(tiler, EXAMPLE, tile)
    monkeypatch.setattr(points, "MOST_MARKS", 10)
    cells = _features(tiler, EXAMPLE, tile)
    assert len(cells) < len(single)
    for name in ("n", "killed_low", "injured_low"):
        assert sum(one["properties"].get(name, 0) for one in cells) == sum(
            one["properties"].get(name, 0) for one in single
        )
    assert all(0 <= axis < EXTENT for one in cells for axis in one["geometry"]["coordinates"])


def test_an_internal_dataset_gives_no_tile_content(workspace: Workspace) -> None:
    add(workspace.store, dataset(terms=Terms()), incident("a", when=When.days(DAY)))
    tiler = Tiles(workspace)
    assert _features(tiler, UKRAINE, Tile("incidents", 0, 0, 0, "mvt")) == []
    assert not _picture(tiler, UKRAINE, "incidents", (6, 37, 21))[..., 3].any()


def test_control_that_may_not_be_shown_is_refused(workspace: Workspace) -> None:
    add(workspace.store, dataset("lines", kind=DatasetKind.control, terms=Terms()))
    with pytest.raises(NotShared):
        _features(Tiles(workspace), UKRAINE, Tile("control", 0, 0, 0, "mvt"))


@pytest.mark.parametrize(
    ("view", "place"), [(UKRAINE, (5, 18, 10)), (UKRAINE, (6, 37, 22)), (EXAMPLE, (6, 9, 40))]
)
def test_regions_of_a_tile_share_edges_without_slivers(
    view: View, place: tuple[int, int, int], tiler: Tiles
) -> None:
    features = _features(tiler, view, Tile("regions", *place, "mvt"))
    shapes = [shapely.make_valid(shapely.geometry.shape(one["geometry"])) for one in features]
    assert len(shapes) > 2
    together = shapely.union_all(shapes)
    overlap = sum(shape.area for shape in shapes) - together.area
    holes = [shapely.Polygon(ring) for part in shapely.get_parts(together) for ring in _holes(part)]
    slivers = [hole for hole in holes if hole.area < 100]
    perimeter = sum(shape.length for shape in shapes)
    assert overlap <= perimeter * 0.01  # rounding to 1/4096 of a tile, not a visible strip
    assert sum(sliver.area for sliver in slivers) <= perimeter * 0.01


def _holes(part: shapely.Geometry) -> list[shapely.LinearRing]:
    return list(part.interiors) if isinstance(part, shapely.Polygon) else []


def test_regions_meet_at_the_seam_of_two_tiles(tiler: Tiles) -> None:
    west = _seam(_features(tiler, UKRAINE, Tile("regions", 6, 36, 21, "mvt")), EXTENT)
    east = _seam(_features(tiler, UKRAINE, Tile("regions", 6, 37, 21, "mvt")), 0)
    assert west.keys() == east.keys()
    assert west.keys()
    for key, spans in west.items():
        assert spans.symmetric_difference(east[key]).length <= 8, key


def _seam(features: list[dict[str, Any]], x: int) -> dict[str, Any]:
    line = shapely.LineString([(x, 0), (x, EXTENT)])
    cut = {
        one["properties"]["key"]: shapely.make_valid(
            shapely.geometry.shape(one["geometry"])
        ).intersection(line)
        for one in features
    }
    return {
        key: shapely.transform(spans, lambda xy: xy * [0, 1])
        for key, spans in cut.items()
        if spans.length > 8
    }


def test_a_region_without_a_figure_carries_no_figure(tiler: Tiles) -> None:
    tile = Tile("regions", 4, 9, 5, "mvt")
    regions = {
        one["properties"]["key"]: one["properties"]
        for one in _features(tiler, UKRAINE.but(metric="killed"), tile)
    }
    assert regions["UA-30"]["killed"] == 2
    assert "killed" not in regions["UA-63"]
    assert regions["UA-46"]["killed"] == 0  # Lviv: no incident is reported, so nobody is


def test_control_tiles_name_source_day_and_status(tiler: Tiles) -> None:
    tile = Tile("control", 5, 4, 20, "mvt")
    features = [one["properties"] for one in _features(tiler, EXAMPLE, tile)]
    assert {one["kind"] for one in features} == {"area", "front_line"}
    assert {one["source"] for one in features} == {"example-control"}
    parties = {one["controller"] for one in features if one["kind"] == "area"}
    assert parties == {"orra", "tarn", "mirel"}


@pytest.mark.parametrize("layer", RASTER_LAYERS)
@pytest.mark.parametrize(("view", "place"), [(UKRAINE, (5, 18, 10)), (EXAMPLE, (5, 4, 20))])
def test_pictures_open_in_both_sizes(
    layer: str, view: View, place: tuple[int, int, int], tiler: Tiles
) -> None:
    assert _picture(tiler, view, layer, place).shape == (256, 256, 4)
    assert _picture(tiler, view, layer, place, 2).shape == (512, 512, 4)


@pytest.mark.parametrize("layer", ["labels", "regions", "control", "incidents"])
def test_overlays_are_transparent_where_nothing_is(layer: str, tiler: Tiles) -> None:
    assert not _picture(tiler, UKRAINE, layer, OCEAN)[..., 3].any()


@pytest.mark.parametrize("layer", ["basemap", "map"])
def test_base_layers_are_opaque(layer: str, tiler: Tiles) -> None:
    assert (_picture(tiler, UKRAINE, layer, OCEAN)[..., 3] == 255).all()


@pytest.mark.parametrize("layer", ["regions", "control", "incidents", "map"])
@pytest.mark.parametrize("scale", [1, 2])
def test_invented_tiles_are_watermarked_even_where_nothing_is(
    layer: str, scale: int, tiler: Tiles
) -> None:
    marked = _picture(tiler, EXAMPLE, layer, OCEAN, scale)
    plain = _picture(tiler, UKRAINE, layer, OCEAN, scale)
    assert (marked != plain).any(axis=2).sum() > 400 * scale


def test_the_kyiv_mark_stands_where_kyiv_is(tiler: Tiles) -> None:
    z = 8
    tile = mercantile.tile(30.5238, 50.4547, z)
    picture = _picture(tiler, UKRAINE, "incidents", (z, tile.x, tile.y))
    x, y = Frame(z, tile.x, tile.y).pixels(np.array(30.5238), np.array(50.4547))
    assert picture[int(y), int(x), 3] > 200


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scale", [1, 2])
def test_a_hatch_runs_on_across_tiles(kind: str, scale: int) -> None:
    mask = hatch_mask((256 * scale, 256 * scale), scale, kind)
    period = HATCH * scale
    beside, below = np.hstack([mask, mask]), np.vstack([mask, mask])
    assert (beside[:, period:] == beside[:, :-period]).all()
    assert (below[period:] == below[:-period]).all()
    assert 0 < mask.mean() < 0.6


@pytest.mark.parametrize("pattern", GROUND)
def test_hatched_ground_meets_at_the_edge_of_two_pictures(pattern: Pattern) -> None:
    ground = [shapely.box(-20, -20, 20, 20)]
    pictures = []
    for x in (31, 32):
        painter = Painter(Frame(6, x, 31), None, FONTS)
        painter.hatch(ground, pattern)
        pictures.append(np.asarray(painter.image)[..., 3].astype(int))
    both = np.hstack(pictures)
    assert (both[:, 256 - HATCH : 256] == both[:, 256 : 256 + HATCH]).all()
    assert both[:, 250:262].any()
