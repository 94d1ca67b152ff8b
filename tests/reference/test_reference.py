"""The reference data that is shipped: regions, taxonomies, theatres; hashes of what is vendored."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pyarrow.parquet as pq
import pytest
import shapely
from shapely.geometry.base import BaseGeometry

from app.cli.program import COMMANDS
from app.domain.languages import LANGUAGES
from app.domain.place import area_km2
from app.domain.region import Region
from app.reference.reference import Reference
from tests.making import GEODATA, ROOT

# ISO 3166-2 -> OCHA P-code, where the two differ (docs/formats.md, "Codes of regions");
# the other 22 share their digits.
DIFFERING = {
    "UA-09": "UA44",
    "UA-30": "UA80",
    "UA-40": "UA85",
    "UA-43": "UA01",
    "UA-77": "UA73",
}
SECTORS = [
    "residential",
    "energy",
    "oil_gas",
    "heat",
    "water",
    "health",
    "education",
    "transport",
    "port",
    "rail",
    "telecom",
    "industry",
    "food",
    "agriculture",
    "culture",
    "religion",
    "government",
    "aid",
    "military",
    "other",
    "unknown",
]
WEAPONS = [
    "missile",
    "missile.ballistic",
    "missile.cruise",
    "missile.air_defence_as_ballistic",
    "missile.unknown",
    "drone",
    "drone.one_way",
    "drone.fpv",
    "drone.dropped",
    "bomb",
    "bomb.glide",
    "bomb.unguided",
    "artillery",
    "artillery.tube",
    "artillery.mlrs",
    "artillery.mortar",
    "mine",
    "small_arms",
    "other",
    "unknown",
    "air_strike",
    "shelling",
    "drone_or_missile",
]
RUSSIAN_ERA = [
    "Kiev",
    "Odessa",
    "Kharkov",
    "Lvov",
    "Nikolaev",
    "Nikolayev",
    "Chernigov",
    "Vinnitsa",
    "Zhitomir",
    "Rovno",
    "Ternopol",
    "Chernovtsy",
    "Lugansk",
    "Zaporozhye",
    "Dnepropetrovsk",
    "Krivoy",
    "Kremenchug",
    "Kirovograd",
    "Dneprodzerzhinsk",
    "Artyomovsk",
    "Artemovsk",
    "Gorlovka",
    "Slavyansk",
    "Mariupol'",
    "Chernobyl",
]


def _ukraine(reference: Reference) -> dict[str, Region]:
    return {region.code: region for region in reference.region_set("ukraine").regions}


def test_ukraine_has_27_regions_with_iso_codes_and_p_codes(reference: Reference) -> None:
    regions = _ukraine(reference)
    assert len(regions) == 27
    differing = {
        code: region.pcode for code, region in regions.items() if region.pcode != "UA" + code[3:]
    }
    assert differing == DIFFERING


def test_crimea_and_sevastopol_are_in_ukraine(reference: Reference) -> None:
    regions = _ukraine(reference)
    assert {"UA-43", "UA-40"} <= set(regions)
    assert regions["UA-43"].shape.contains(shapely.Point(34.1, 45.0))  # Simferopol
    assert {region.country for region in regions.values()} == {"UA"}


def test_regions_cover_the_land_once(reference: Reference) -> None:
    shapes = [region.shape for region in reference.region_set("ukraine").regions]
    assert shapely.coverage_is_valid(shapes)
    apart = sum(area_km2(shape) for shape in shapes)
    assert apart == pytest.approx(area_km2(shapely.coverage_union_all(shapes)), abs=0.1)


def test_names_of_regions_are_ukrainian_in_both_languages(reference: Reference) -> None:
    for region in _ukraine(reference).values():
        assert not re.search("[ЁёЪъЫыЭэ]", region.names["uk"])
        assert not set(re.findall(r"\w+", region.name_en)) & set(RUSSIAN_ERA)


def test_no_ukrainian_place_has_a_russian_era_name(reference: Reference) -> None:
    places = reference.basemap("ukraine").places
    in_ukraine = [n for n, country in enumerate(places.country) if country == "UA"]
    names = {places.names[n]["en"] for n in in_ukraine}
    assert len(in_ukraine) > 3000
    assert {"Kyiv", "Odesa", "Kharkiv", "Lviv", "Dnipro", "Zaporizhzhia", "Bakhmut"} <= names
    assert not names & set(RUSSIAN_ERA)
    assert not [name for n in in_ukraine if re.search("[ЁёЪъЫыЭэ]", name := places.names[n]["uk"])]


def test_sectors_and_weapons_are_those_of_the_design(reference: Reference) -> None:
    assert sorted(reference.taxonomy.sectors.codes) == sorted(SECTORS)
    assert sorted(reference.taxonomy.weapons.codes) == sorted(WEAPONS)


def test_every_code_has_a_bit_of_its_own_and_a_label_in_both_languages(
    reference: Reference,
) -> None:
    for terms in (reference.taxonomy.sectors, reference.taxonomy.weapons):
        assert len(terms.codes) <= 32
        assert terms.unpack(terms.bits(terms.codes)) == terms.codes
        for code in terms.codes:
            assert terms.label(code, "en")
            assert re.search("[а-яіїєґ]", terms.label(code, "uk"))


def test_a_weapon_class_includes_its_members(reference: Reference) -> None:
    weapons = reference.taxonomy.weapons
    assert weapons.unpack(weapons.family_bits(["bomb"])) == ("bomb", "bomb.glide", "bomb.unguided")
    assert weapons.unpack(weapons.family_bits(["bomb.glide"])) == ("bomb.glide",)


def test_the_sectors_that_the_public_sees_late_are_those_of_the_design(
    reference: Reference,
) -> None:
    sectors = reference.taxonomy.sectors
    delayed = {"energy", "oil_gas", "heat", "water", "rail", "port", "telecom", "military"}
    assert set(sectors.unpack(sectors.delayed_bits)) == delayed


@pytest.mark.parametrize("path", sorted((GEODATA / "taxonomy" / "crosswalks").glob("*.toml")))
def test_a_crosswalk_leads_to_codes_that_exist(path: Path, reference: Reference) -> None:
    crosswalk = reference.taxonomy.crosswalk(path.stem)
    regions = set(_ukraine(reference))
    # An empty code: the word is known, and states nothing.
    weapons = set(crosswalk.get("weapons", {}).values()) - {""}
    assert weapons <= set(reference.taxonomy.weapons.codes)
    assert set(crosswalk.get("damage", {}).values()) <= set(reference.taxonomy.sectors.codes)
    if "scope" in crosswalk:  # the format has one word for both
        assert set(crosswalk.get("damage", {})) <= set(crosswalk["scope"])
    assert set(crosswalk.get("provinces", {}).values()) - {""} <= regions
    assert all(name == name.lower() for name in crosswalk.get("provinces", {}))


@pytest.mark.parametrize("slug", ["ukraine", "example"])
def test_a_theatre_names_what_exists(slug: str, reference: Reference) -> None:
    theatre = reference.theatres[slug]
    ZoneInfo(theatre.zone)
    assert theatre.state in {party.code for party in theatre.party}
    assert theatre.default_controller in {party.code for party in theatre.party}
    assert theatre.default_controller != theatre.state
    assert set(theatre.languages) == set(theatre.name) == set(theatre.note) == set(LANGUAGES)
    west, south, east, north = theatre.bounds
    assert west < east
    assert south < north
    for region in reference.region_set(slug).regions:
        assert region.shape.intersects(shapely.box(*theatre.bounds))


def test_the_example_land_is_invented_southern_and_on_open_ocean(reference: Reference) -> None:
    theatre = reference.theatres["example"]
    assert theatre.synthetic
    assert len(theatre.party) == 3
    assert theatre.bounds.north < 0
    box = shapely.box(*theatre.bounds)
    world = tuple(_countries())
    assert not [code for code, shape in world if shape.intersects(box)]


def _countries() -> list[tuple[str, BaseGeometry]]:
    table = pq.read_table(GEODATA / "regions" / "admin0.parquet", columns=["code", "geometry"])
    shapes = shapely.from_wkb(table["geometry"].to_numpy())
    return list(zip(table["code"].to_pylist(), shapes, strict=True))


def test_nothing_about_a_country_stands_in_code() -> None:
    words = re.compile(r"\b(UA|RU|ukrain\w*|kyiv|crimean?|donetsk|russian?)\b", re.IGNORECASE)
    texts = {
        (path.relative_to(ROOT / "app").as_posix(), text)
        for path in (ROOT / "app").rglob("*.py")
        for text in _texts(ast.parse(path.read_text("utf-8")))
        if words.search(re.sub(r"\\\.[a-z]{2,}", "", text))  # the end of a host is no country
    }
    formats = {(name, text) for name, text in texts if name.startswith("importers/")}
    help_of_demo = COMMANDS["demo"].help  # it names what ships, as the command's docstring does
    allowed = {"ukraine", "uk", "crimea", "Europe/Kyiv", help_of_demo}
    assert {text for _, text in texts - formats} <= allowed
    # A format may say its publisher's own words; which country is meant is the theatre's to say.
    own_words = re.compile(
        r"Europe/Kyiv|CIR, Eyes on Russia|ControlMap|territories\.|CoTin|Texty|Massive Missile"
    )
    assert [text for _, text in formats if not own_words.search(text)] == []


def _texts(tree: ast.AST) -> Iterator[str]:
    """List the texts of a module, without those that only explain it."""
    docstrings = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in docstrings
        ):
            yield node.value


def test_what_is_vendored_has_the_hashes_of_its_manifest() -> None:
    vendor = ROOT / "static" / "vendor"
    manifest = json.loads((vendor / "manifest.json").read_text("utf-8"))
    assert manifest
    for name, entry in manifest.items():
        kind, _, expected = entry.partition("-")
        digest = hashlib.new(kind, (vendor / name).read_bytes()).digest()
        assert base64.b64encode(digest).decode() == expected, name


@pytest.mark.parametrize(
    "folder", ["basemap", "demo", "example", "gazetteer", "regions", "taxonomy", "theatre"]
)
def test_every_folder_of_geodata_says_where_it_comes_from(folder: str) -> None:
    text = (GEODATA / folder / "SOURCE.md").read_text("utf-8")
    assert "Licence" in text or "licence" in text
    assert "Rebuild" in text or "rebuilds" in text or "no build script" in text


def test_toml_files_hold_each_code_once() -> None:
    for name, key in (("sectors", "sector"), ("weapons", "weapon")):
        entries = tomllib.loads((GEODATA / "taxonomy" / f"{name}.toml").read_text("utf-8"))[key]
        codes = [entry["code"] for entry in entries]
        assert len(codes) == len(set(codes))
