"""Boundaries that operators load: what is recognised, what is told, what is refused."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio.raw
import pytest
import shapely
from pyproj import Transformer

from app.api.respond import etag
from app.domain.damage import Damage
from app.domain.errors import InputError, InvalidFile, InvalidView, TooLarge
from app.domain.period import When
from app.domain.place import LonLat, Place, Precision
from app.domain.region import Region
from app.domain.terms import Audience, Face
from app.domain.view import View
from app.index.groups import Grouping
from app.instance.workspace import Workspace
from app.intake.regions.importing import RegionReport, import_regions, list_regions
from app.intake.regions.layers import RegionOrder
from app.pictures.tiles import Tiler
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.group_sums import _cubed, scanned
from app.queries.region_sums import unmarked_by_region
from app.queries.sums import summarise
from app.reference.reference import Reference
from app.tiles.grid import Tile
from tests.making import GEODATA, NOON, ROOT, add, dataset, incident, open_workspace
from tests.support import feature, geojson, square, written

EXACT = Precision.exact
NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Workspace]:
    """An instance that may take boundaries."""
    workspace = opened(tmp_path)
    yield workspace
    workspace.store.close()


def opened(folder: Path) -> Workspace:
    """Open an instance as a new process does: it takes up the boundaries that serve now."""
    workspace = open_workspace(folder / "data", Reference(GEODATA, folder / "data" / "regions"))
    workspace.state()
    return workspace


def loaded(workspace: Workspace, path: Path, **order: Any) -> RegionReport:
    return import_regions(workspace, RegionOrder(path, **{"theatre": "ukraine", **order}), NOW)


def oblast(code: str, west: float, south: float = 49.0, **properties: object) -> dict[str, Any]:
    """Make a unit of level 1 one degree wide."""
    return feature({"iso2": code, "name_uk": code, **properties}, square(west, south, 1))


def raion(code: str, west: float, south: float = 49.0, **properties: object) -> dict[str, Any]:
    """Make a unit of level 2 half a degree wide, as the old edition of COD-AB names it."""
    told = {"ADM2_PCODE": code, "ADM2_EN": f"Raion {code}", "ADM2_UA": f"Район {code}"}
    return feature({**told, **properties}, square(west, south, 0.5))


def two_oblasts(folder: Path) -> Path:
    units = oblast("UA-63", 36, population=5), oblast("UA-14", 37, population=0)
    return geojson(folder, *units, name="oblasts.geojson")


def three_raions(folder: Path) -> Path:
    units = [
        raion("UA6302", 36, ADM1_PCODE="UA63"),
        raion("UA6304", 36.5, ADM1_PCODE="UA63"),
        raion("UA1402", 37, ADM1_PCODE="UA14"),
    ]
    return geojson(folder, *units, name="raions.geojson")


def regions(folder: Path, level: int) -> dict[str, Region]:
    reference = Reference(GEODATA, folder / "data" / "regions")
    return {one.code: one for one in reference.region_set("ukraine", level).regions}


def test_imported_boundaries_serve_from_the_next_start_and_name_themselves(
    home: Workspace, tmp_path: Path
) -> None:
    report = loaded(home, two_oblasts(tmp_path), id="small")
    assert (report.level, report.units, report.recognised) == (1, 2, "ISO 3166-2 codes")
    assert home.reference.region_set("ukraine").id == "natural-earth-10m"
    fresh = Reference(GEODATA, tmp_path / "data" / "regions")
    assert fresh.region_set("ukraine").identity() == {"id": "small", "hash": report.hash}
    assert fresh.region_hash != home.reference.region_hash
    assert fresh.region_set("example").id == "example"


def test_names_stay_the_shipped_ones_in_english_and_p_codes_come_with_them(
    home: Workspace, tmp_path: Path
) -> None:
    path = geojson(tmp_path, oblast("UA-14", 37, name="Donetskaya", name_uk="Донеччина"))
    loaded(home, path)
    one = regions(tmp_path, 1)["UA-14"]
    assert (one.name_en, one.names["uk"], one.pcode) == ("Donetsk Oblast", "Донеччина", "UA14")


def test_what_a_file_lacks_is_told(home: Workspace, tmp_path: Path) -> None:
    report = loaded(home, two_oblasts(tmp_path))
    (missing,) = [line for line in report.notes if line.startswith("not in the file")]
    assert "UA-05" in missing
    assert missing.endswith("and 15 more")
    assert "population not taken: give --population-year" in report.notes


def test_the_same_file_again_is_the_same_set_and_an_older_one_is_kept(
    home: Workspace, tmp_path: Path
) -> None:
    first = loaded(home, two_oblasts(tmp_path), id="first")
    other = loaded(home, geojson(tmp_path, oblast("UA-63", 36)), id="other")
    again = loaded(home, two_oblasts(tmp_path), id="first")
    assert again.hash == first.hash != other.hash
    listed = [(one.id, one.serves) for one in list_regions(home.reference) if one.level == 1]
    assert dict(listed) == {
        "example": True,
        "first": True,
        "natural-earth-10m": False,
        "other": False,
    }
    assert home.reference.imported_sets("ukraine").path(other.hash).exists()


@pytest.mark.parametrize("edition", ["old", "new", "told"])
def test_both_editions_of_cod_ab_are_keyed_by_iso_code(
    home: Workspace, tmp_path: Path, edition: str
) -> None:
    names = {
        "old": {"ADM1_PCODE": "UA44", "ADM1_EN": "Luhanska", "ADM1_UA": "Луганська"},
        "new": {"adm1_pcode": "UA44", "adm1_name": "Luhanska", "adm1_name1": "Луганська"},
        "told": {
            "adm1_pcode": "UA44",
            "adm1_name": "Луганська",
            "adm1_name1": "Luhanska",
            "lang": "uk",
            "lang1": "en",
        },
    }[edition]
    report = loaded(home, geojson(tmp_path, feature(names, square(38, 48, 1))))
    one = regions(tmp_path, 1)["UA-09"]
    assert (report.recognised, report.level) == ("OCHA COD-AB", 1)
    assert (one.name_en, one.names["uk"], one.pcode) == ("Luhansk Oblast", "Луганська", "UA44")


def test_each_language_of_the_theatre_gets_its_own_column_of_names(
    home: Workspace, tmp_path: Path
) -> None:
    names = {"ADM1_PCODE": "UA44", "ADM1_EN": "Luhanska", "ADM1_UA": "Луганська"}
    unit = feature({**names, "ADM1_AR": "لوهانسك"}, square(38, 48, 1))
    loaded(home, geojson(tmp_path, unit))
    one = regions(tmp_path, 1)["UA-09"]
    assert {language: one.name(language) for language in ("en", "uk", "ar", "fr")} == {
        "en": "Luhansk Oblast",
        "uk": "Луганська",
        "ar": "لوهانسك",
        "fr": "Luhansk Oblast",
    }


def test_raions_are_keyed_by_p_code_with_the_parent_that_is_stated(
    home: Workspace, tmp_path: Path
) -> None:
    report = loaded(home, three_raions(tmp_path), id="raions")
    found = regions(tmp_path, 2)
    assert report.level == 2
    assert {code: one.parent for code, one in found.items()} == {
        "UA6302": "UA-63",
        "UA6304": "UA-63",
        "UA1402": "UA-14",
    }
    assert found["UA6302"].name("uk") == "Район UA6302"
    assert found["UA6302"].pcode == "UA6302"


def test_a_parent_that_is_not_stated_is_found_by_place_and_told(
    home: Workspace, tmp_path: Path
) -> None:
    report = loaded(home, geojson(tmp_path, raion("UA8000", 30.4, 50.2)))
    assert "parent found by place: UA8000" in report.notes
    assert regions(tmp_path, 2)["UA8000"].parent in {"UA-30", "UA-32"}


def test_geoboundaries_of_level_2_without_codes_are_keyed_by_their_own_ids(
    home: Workspace, tmp_path: Path
) -> None:
    told = {"shapeName": "Chuhuiv", "shapeISO": "", "shapeID": "66186276B1", "shapeType": "ADM2"}
    path = geojson(tmp_path, feature({**told, "shapeGroup": "UKR"}, square(36.5, 49.5, 0.3)))
    report = loaded(home, path)
    assert (report.level, report.units) == (2, 1)
    assert any(line.startswith("no P-codes") for line in report.notes)
    one = regions(tmp_path, 2)["66186276B1"]
    assert (one.name_en, one.parent, one.pcode) == ("Chuhuiv", "UA-63", None)


def test_geoboundaries_of_level_1_use_their_iso_codes(home: Workspace, tmp_path: Path) -> None:
    told = {"shapeName": "Kharkiv", "shapeISO": "UA-63", "shapeID": "1", "shapeType": "ADM1"}
    assert loaded(home, geojson(tmp_path, feature(told, square(36, 49, 1)))).level == 1


def test_any_columns_can_be_named_by_hand(home: Workspace, tmp_path: Path) -> None:
    told = {"id": "UA6302", "title": "Chuhuiv", "назва": "Чугуїв", "of": "UA63"}
    report = loaded(
        home,
        geojson(tmp_path, feature(told, square(36, 49, 1))),
        level=2,
        code_field="id",
        name_en_field="title",
        name_uk_field="назва",
        parent_field="of",
    )
    one = regions(tmp_path, 2)["UA6302"]
    assert report.recognised == "columns named by hand"
    assert (one.name_en, one.names["uk"], one.parent) == ("Chuhuiv", "Чугуїв", "UA-63")


def test_a_bow_tie_is_repaired_and_told_and_lines_are_left_out(
    home: Workspace, tmp_path: Path
) -> None:
    ring = [[36, 49], [37, 50], [37, 49], [36, 50], [36, 49]]
    bow_tie = {"type": "Polygon", "coordinates": [ring]}
    line = {"type": "LineString", "coordinates": ring}
    report = loaded(
        home,
        geojson(
            tmp_path,
            feature({"iso2": "UA-63"}, bow_tie),
            feature({"iso2": "UA-14"}, line),
            feature({"iso2": None}, square(37, 49, 1)),
        ),
    )
    assert "shape repaired: UA-63" in report.notes
    assert "left out, without a polygon: UA-14" in report.notes
    assert "left out, without a code: 1 units" in report.notes
    assert regions(tmp_path, 1)["UA-63"].shape.is_valid


def test_population_is_taken_only_with_its_year(home: Workspace, tmp_path: Path) -> None:
    report = loaded(home, two_oblasts(tmp_path), population_year=2020)
    found = regions(tmp_path, 1)
    assert (report.with_population, report.population_year) == (1, 2020)
    assert (found["UA-63"].population, found["UA-63"].population_year) == (5, 2020)
    assert (found["UA-14"].population, found["UA-14"].population_year) == (None, None)
    assert "without population: UA-14" in report.notes


PEOPLE = """level,oblast_uk,raion_uk,population_2022_01_01,iso_3166_2
oblast,Харківська область,,2598961.0,UA-63
oblast,Донецька область,,4059372,UA-14
raion,Харківська область,Чугуївський район,100,UA-63
raion,Харківська область,Кам'янський район,200.0,UA-63
raion,Харківська область,Зниклий район,300,UA-63
"""


def test_a_table_gives_people_by_code_or_by_name_and_what_does_not_match_is_told(
    home: Workspace, tmp_path: Path
) -> None:
    table = written(tmp_path, "people.csv", PEOPLE)
    report = loaded(home, two_oblasts(tmp_path), population=table)
    assert (report.with_population, report.population_year) == (2, 2022)
    units = [
        raion("UA6302", 36, ADM2_UA="Чугуївський", ADM1_PCODE="UA63"),
        raion("UA6304", 36.5, ADM2_UA="Кам’янський район", ADM1_PCODE="UA63"),
        raion("UA6306", 36.0, 49.5, ADM2_UA="Новий", ADM1_PCODE="UA63"),
        raion("UA1400", 37, ADM2_UA="Донецьк", ADM1_PCODE="UA14"),
    ]
    report = loaded(home, geojson(tmp_path, *units), population=table)
    found = regions(tmp_path, 2)
    assert {code: one.population for code, one in found.items()} == {
        "UA6302": 100,
        "UA6304": 200,
        "UA6306": None,
        "UA1400": 4_059_372,  # the only unit of its parent has the parent's people
    }
    assert "without population: UA6306" in report.notes
    assert "population of no unit here: зниклий район UA-63" in report.notes


@pytest.mark.parametrize("kind", ["GPKG", "ESRI Shapefile"])
def test_other_formats_and_reference_systems_come_out_in_degrees(
    home: Workspace, tmp_path: Path, kind: str
) -> None:
    path = drawn(tmp_path, kind, "EPSG:32637")
    loaded(home, path)
    west, south, east, north = regions(tmp_path, 1)["UA-63"].shape.bounds
    assert (west, south, east, north) == pytest.approx((36, 49, 37, 50), abs=1e-6)


def drawn(folder: Path, kind: str, crs: str | None) -> Path:
    """Write one unit in metres (UTM zone 37) with GDAL; a Shapefile is zipped in a folder."""
    there = Transformer.from_crs("OGC:CRS84", "EPSG:32637", always_xy=True)
    ring = there.transform([36, 37, 37, 36], [49, 49, 50, 50])
    shape = shapely.Polygon(np.column_stack(ring))
    suffix = "gpkg" if kind == "GPKG" else "shp"
    path = folder / f"unit.{suffix}"
    pyogrio.raw.write(
        path,
        geometry=np.array([shapely.to_wkb(shape)], object),
        field_data=[np.array(["UA63"], object)],
        fields=np.array(["ADM1_PCODE"], object),
        geometry_type="Polygon",
        crs=crs,
        driver=kind,
    )
    if suffix == "gpkg":
        return path
    packed = folder / "unit.zip"
    with zipfile.ZipFile(packed, "w") as out:
        for part in sorted(folder.glob("unit.[!z]*")):
            out.write(part, f"some folder/{part.name}")
    return packed


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
def test_a_shapefile_without_its_prj_is_refused(home: Workspace, tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"needs its \.prj"):
        loaded(home, drawn(tmp_path, "ESRI Shapefile", None))


BAD: dict[str, tuple[list[Any], dict[str, Any], str]] = {
    "twice": ([oblast("UA-63", 36), oblast("UA-63", 37)], {}, "twice UA-63"),
    "abroad": ([oblast("UA-63", 36), oblast("PL-14", 20)], {}, "outside: PL-14"),
    "far off": ([oblast("UA-63", 49, 36)], {}, "outside: UA-63"),
    "no codes": ([feature({"iso2": ""}, square(36, 49, 1))], {}, "no codes"),
    "no columns": ([feature({"a": 1}, square(36, 49, 1))], {}, "or --code-field"),
    "odd codes": ([oblast("east", 36)], {}, "level 1"),
    "level 3": (
        [feature({"ADM3_PCODE": "UA6302001", "ADM2_PCODE": "UA6302"}, square(36, 49, 1))],
        {},
        "level 3",
    ),
    "finer than asked": ([raion("UA6302", 36)], {"level": 1}, "level 2"),
    "coarser than asked": ([oblast("UA-63", 36)], {"level": 2}, "level 1"),
    "coarse codes": (
        [feature({"c": "UA63"}, square(36, 49, 1))],
        {"level": 2, "code_field": "c"},
        "level 1 (UA63)",
    ),
    "raion abroad": ([raion("PL1402", 23.5, 51)], {}, "outside: PL1402"),
    "no polygons": ([feature({"iso2": "UA-63"}, None)], {}, "polygons with a code"),
    "no such column": ([oblast("UA-63", 36)], {"code_field": "x"}, "a column of the file"),
    "no such theatre": ([oblast("UA-63", 36)], {"theatre": "moon"}, "ukraine"),
    "odd id": ([oblast("UA-63", 36)], {"id": "No Slug"}, "a slug"),
    "no table": ([oblast("UA-63", 36)], {"population": Path("none.csv")}, "an existing file"),
    "no level": ([feature({"c": "a1"}, square(36, 49, 1))], {"code_field": "c"}, "not told"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_file_that_cannot_serve_is_refused_whole_in_one_sentence(
    home: Workspace, tmp_path: Path, case: str
) -> None:
    features, order, said = BAD[case]
    with pytest.raises(InputError) as refused:
        loaded(home, geojson(tmp_path, *features), **order)
    assert said in refused.value.problem.sentence()
    assert not (tmp_path / "data" / "regions").exists()


@pytest.mark.parametrize("content", [b"", b"no vector", b"PK\x03\x04 broken", b"{}"])
def test_what_is_no_vector_file_is_refused(home: Workspace, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(InvalidFile):
        loaded(home, written(tmp_path, "file.geojson", content))


def test_files_over_the_bound_packed_or_unpacked_are_refused(
    home: Workspace, tmp_path: Path
) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("a.geojson", " " * (2 << 20))
    for bound in (100, 1 << 20):
        with pytest.raises(TooLarge):
            loaded(replace(home, max_file_bytes=bound), path)


def test_a_package_of_several_levels_needs_the_level_that_is_meant(
    home: Workspace, tmp_path: Path
) -> None:
    one, two = two_oblasts(tmp_path), three_raions(tmp_path)
    path = tmp_path / "both.zip"
    with zipfile.ZipFile(path, "w") as packed:
        packed.write(one, "levels/oblasts.geojson")
        packed.write(two, "levels/raions.geojson")
    with pytest.raises(InvalidFile, match="--level"):
        loaded(home, path)
    assert loaded(home, path, level=2).units == 3


def test_a_set_whose_file_is_gone_says_how_to_bring_it_back(
    home: Workspace, tmp_path: Path
) -> None:
    report = loaded(home, two_oblasts(tmp_path))
    home.reference.imported_sets("ukraine").path(report.hash).unlink()
    with pytest.raises(InvalidFile, match="regions import"):
        _ = Reference(GEODATA, tmp_path / "data" / "regions").region_hash


# What is asked at level 2.


@pytest.fixture
def split(home: Workspace, tmp_path: Path) -> Iterator[Workspace]:
    """Two oblasts in three raions with people, and incidents that are known more or less finely."""
    table = written(tmp_path, "people.csv", PEOPLE)
    loaded(home, two_oblasts(tmp_path), id="oblasts", population=table)
    chuhuiv = raion("UA6302", 36, ADM2_UA="Чугуївський", ADM1_PCODE="UA63")
    others = raion("UA6304", 36.5, ADM1_PCODE="UA63"), raion("UA1402", 37, ADM1_PCODE="UA14")
    loaded(home, geojson(tmp_path, chuhuiv, *others), id="raions", population=table)
    workspace = opened(tmp_path)
    near = LonLat(36.2, 49.2)
    places = {
        "located": Place.at(near, Precision.exact),
        "stated": Place.at(near, Precision.settlement, admin2="UA6304"),
        "stated only": Place.at(None, Precision.admin2, admin2="UA1402"),
        "oblast only": Place.at(near, Precision.admin1, admin1="UA-63"),
        "country only": Place.at(near, Precision.country),
    }
    made = [incident(key, place=place) for key, place in places.items()]
    add(workspace.store, dataset(), *made)
    workspace.index.generations.rebuild()
    yield workspace
    workspace.store.close()


def by_region(workspace: Workspace, **view: Any) -> dict[str, Any]:
    asked = View(theatre="ukraine", datasets=("invented",), **view)
    published = publish(Query.of(workspace, asked, NOON), Face.aggregates)
    return summarise(published, "region")


def test_sums_by_raion_take_what_is_stated_then_what_is_located_and_share_nothing_out(
    split: Workspace,
) -> None:
    told = by_region(split, level=2)
    found = {row["key"]: row["incidents"] for row in told["rows"]}
    assert found == {"UA1402": 1, "UA6302": 1, "UA6304": 1}
    assert (told["elsewhere"]["incidents"], told["totals"]["incidents"]) == (2, 5)
    assert told["region_set"] == split.reference.region_set("ukraine", 2).identity()
    coarse = by_region(split)
    assert {row["key"]: row["incidents"] for row in coarse["rows"]} == {"UA-14": 1, "UA-63": 3}
    assert coarse["elsewhere"]["incidents"] == 1
    assert coarse["region_set"]["id"] == "oblasts"


def test_a_delta_is_located_at_level_2_like_a_generation(split: Workspace) -> None:
    place = Place.at(LonLat(37.2, 49.2), Precision.exact)
    add(split.store, incident("later", place=place))
    found = {row["key"]: row["incidents"] for row in by_region(split, level=2)["rows"]}
    assert found["UA1402"] == 2


def test_the_cube_of_raions_counts_what_a_scan_counts(split: Workspace) -> None:
    many = [
        incident(f"many {number}", place=Place.at(LonLat(36.2 + number % 2 / 2, 49.2), EXACT))
        for number in range(40)
    ]
    add(split.store, *many)
    split.index.generations.rebuild()
    asked = View(theatre="ukraine", datasets=("invented",), level=2)
    published = publish(Query.of(split, asked, NOON), Face.aggregates)
    cubed, by_scan = _cubed(published, Grouping.region), scanned(published, Grouping.region)
    assert cubed is not None
    assert np.array_equal(cubed.sums().table, by_scan.table)


@pytest.mark.parametrize("is_rebuilt", [True, False])
def test_the_public_finds_a_generalised_strike_in_its_oblast_and_in_no_raion(
    split: Workspace, *, is_rebuilt: bool
) -> None:
    place, damage = Place.at(LonLat(37.2, 49.2), EXACT), (Damage("energy"),)
    fresh = When.days((NOON - timedelta(days=5)).date())
    plants = [incident(f"p{n}", when=fresh, place=place, damage=damage) for n in range(240)]
    add(split.store, *plants)
    if is_rebuilt:
        split.index.generations.rebuild()
    public = replace(split, audience=Audience.public)
    for view in (
        View(theatre="ukraine", datasets=("invented",), level=2),
        View(theatre="ukraine", datasets=("invented",), level=2, regions=("UA1402",)),
    ):
        published = publish(Query.of(public, view, NOON), Face.aggregates)
        for by in Grouping:
            cubed = _cubed(published, by)
            assert cubed is not None
            assert np.array_equal(cubed.sums().table, scanned(published, by).table)
        sums = summarise(published, "region")
        assert next(row for row in sums["rows"] if row["key"] == "UA1402")["incidents"] == 1
        quiet = 0 if view.regions else 240
        assert sums["totals"]["incidents"] == (1 if view.regions else 5) + quiet
        assert unmarked_by_region(published) == {"UA1402": 1} | (
            {} if view.regions else {"": 2 + quiet}
        )
        assert len(published.select()) == sums["totals"]["incidents"]
    coarse = by_region(public)
    assert {row["key"]: row["incidents"] for row in coarse["rows"]} == {"UA-14": 241, "UA-63": 3}


def test_a_filter_by_raion_keeps_its_incidents(split: Workspace) -> None:
    told = by_region(split, level=2, regions=("UA6302", "UA1402"))
    assert told["totals"]["incidents"] == 2


def test_rates_are_told_where_people_are_known(split: Workspace) -> None:
    told = by_region(split, level=2, metric="killed_per_100k")
    rates = {row["key"]: row["killed_per_100k"] for row in told["rows"]}
    assert set(rates) == {"UA1402", "UA6302", "UA6304"}
    assert rates["UA6304"] is None
    years = {row["key"]: (row["population"], row["population_year"]) for row in told["rows"]}
    assert years["UA6302"] == (100, 2022)
    words = split.vocabularies(split.index.state())["ukraine"]
    assert "killed_per_100k" in words.metrics
    assert words.regions[2] == {"UA1402", "UA6302", "UA6304"}


def test_tiles_of_raions_are_drawn(split: Workspace) -> None:
    query = Query.of(split, View(theatre="ukraine", level=2), NOON)
    body = Tiler(ROOT / "static" / "vendor").tile(query, Tile("regions", 6, 38, 21, "mvt", 1))
    assert b"UA6302" in body


def test_level_2_without_boundaries_says_how_to_import_some(home: Workspace) -> None:
    words = home.vocabularies(home.index.state())
    with pytest.raises(InvalidView, match="strikemap regions import FILE"):
        View.parse([("level", "2")], words, "ukraine", NOON)


def test_a_server_on_old_boundaries_and_a_process_on_new_ones_leave_each_other_alone(
    home: Workspace, tmp_path: Path
) -> None:
    add(home.store, dataset(), incident("a", place=Place.at(LonLat(36.2, 49.2), Precision.exact)))
    home.index.generations.rebuild()
    loaded(home, two_oblasts(tmp_path), id="small")
    other = opened(tmp_path)
    assert by_region(other)["region_set"]["id"] == "small"
    before = generations(tmp_path)
    homes = {home.reference.region_hash, other.reference.region_hash}
    assert {path.parent.name for path in before} == homes
    for number in range(3):
        add(home.store, incident(f"more {number}"))
        assert by_region(home)["region_set"]["id"] == "natural-earth-10m"
        assert by_region(other)["region_set"]["id"] == "small"
        assert by_region(home)["totals"] == by_region(other)["totals"]
    assert generations(tmp_path) == before
    other.index.generations.sweep()
    assert {path.parent.name for path in generations(tmp_path)} == {other.reference.region_hash}
    assert by_region(home)["totals"]["incidents"] == 4  # the old server builds its own again
    other.store.close()


def generations(folder: Path) -> list[Path]:
    return sorted((folder / "data" / "index").glob("*/gen-*"))


def test_validators_of_answers_change_with_the_boundaries(home: Workspace, tmp_path: Path) -> None:
    loaded(home, two_oblasts(tmp_path))
    other = opened(tmp_path)
    view = View(theatre="ukraine")
    tags = {etag(Query.of(one, view, NOON), "x") for one in (home, other)}
    assert len(tags) == 2
    other.store.close()
