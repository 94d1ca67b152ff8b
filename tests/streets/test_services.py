"""Tile services of others: each that can be used is offered, and a page allows no other origin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.streets.services import read_tile_services

XYZ = "https://tiles.example.org/{z}/{x}/{y}.png"
ORIGIN = r"https?://[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?(:[0-9]{1,5})?"


def test_without_the_setting_nothing_is_offered() -> None:
    assert read_tile_services("") == ((), ())


def test_one_template_is_a_service_that_is_credited_to_its_host() -> None:
    (service,), faults = read_tile_services(XYZ)
    assert faults == ()
    assert (service.name, service.attribution) == ("tiles.example.org", "tiles.example.org")
    assert (service.template, service.shown) == (XYZ, False)
    assert service.origins == ("https://tiles.example.org",)


@pytest.mark.parametrize(
    ("template", "as_leaflet_reads_it", "origins"),
    [
        (
            "https://a.org/wmts/aerial/GoogleMapsCompatible/{TileMatrix}/{TileRow}/{TileCol}.jpg",
            "https://a.org/wmts/aerial/GoogleMapsCompatible/{z}/{y}/{x}.jpg",
            ("https://a.org",),
        ),
        (
            "https://{s}.a.org:8443/{z}/{x}/{-y}{r}.png?key=a%20b",
            "https://{s}.a.org:8443/{z}/{x}/{-y}{r}.png?key=a%20b",
            ("https://a.a.org:8443", "https://b.a.org:8443", "https://c.a.org:8443"),
        ),
    ],
)
def test_templates_of_wmts_and_subdomains_are_understood(
    template: str, as_leaflet_reads_it: str, origins: tuple[str, ...]
) -> None:
    (service,), _faults = read_tile_services(template)
    assert (service.template, service.origins) == (as_leaflet_reads_it, origins)


@pytest.mark.parametrize(
    "template",
    [
        "https://a.org/{x}/{y}.png",
        "https://a.org/{z}/{x}.png",
        "https://a.org/{z}/{x}/{y}/{-y}.png",
        "https://a.org/{q}.png",
        "https://a.org/{Style}/{TileMatrix}/{TileRow}/{TileCol}.png",
        "https://a.org/{z}/{x}/{y}.png?key={apikey}",
        "https://a.org/{z}/{x}/{y}}.png",
        "https://{z}.a.org/{x}/{y}.png",
        "https://a.{s}.org/{z}/{x}/{y}.png",
        "https://*.org/{z}/{x}/{y}.png",
        "https://a.org;script-src/{z}/{x}/{y}.png",
        "https://a.org https://b.org/{z}/{x}/{y}.png",
        "https://user:word@a.org/{z}/{x}/{y}.png",
        "https://a.org:99999/{z}/{x}/{y}.png",
        "https://[::1]/{z}/{x}/{y}.png",
        "https://[::1/{z}/{x}/{y}.png",
        "https:///{z}/{x}/{y}.png",
        "ftp://a.org/{z}/{x}/{y}.png",
        "javascript://a.org/{z}/{x}/{y}.png",
        "https://a.org/{z}/{x}/{y}.png#top",
        "https://a.org/{z}/{x}/{y}.png?a='b'",
        f"https://a.org/{'a' * 2_000}/{{z}}/{{x}}/{{y}}.png",
    ],
)
def test_a_template_that_cannot_be_used_is_one_sentence(template: str) -> None:
    services, (wrong,) = read_tile_services(template)
    assert services == ()
    assert "allowed: " in str(wrong)
    assert "\n" not in str(wrong)


@given(st.text() | st.from_regex(r"https?://[^{}]*/\{z\}/\{x\}/\{y\}[^{}]*", fullmatch=True))
def test_no_text_opens_more_than_an_origin(text: str) -> None:
    services, faults = read_tile_services(f"https://{text}" if "://" not in text else text)
    assert len(services) + len(faults) == 1
    for service in services:
        for origin in service.origins:
            assert re.fullmatch(ORIGIN, origin)


def written(folder: Path, text: str) -> str:
    path = folder / "services.toml"
    path.write_text(text, "utf-8")
    return str(path)


def test_a_file_names_several_and_a_bad_one_leaves_the_rest(tmp_path: Path) -> None:
    tables = f"""
        [[service]]
        name = "Streets"
        url = "{XYZ}"
        attribution = "© OpenStreetMap contributors"

        [[service]]
        name = "No zoom"
        url = "https://a.org/{{x}}/{{y}}.png"
        attribution = "Somebody"

        [[service]]
        name = "Aerial"
        url = "https://b.org/{{TileMatrix}}/{{TileRow}}/{{TileCol}}"
        attribution = "Survey of the land"
        max_zoom = 17
        imagery = true
        shown = true
    """
    services, faults = read_tile_services(written(tmp_path, tables))
    assert [one.name for one in services] == ["Streets", "Aerial"]
    assert [one.shown for one in services] == [False, True]
    assert [str(one).split(":")[0] for one in faults] == ["service 2"]
    assert "{z}" in str(faults[0])


@pytest.mark.parametrize(
    ("fields", "part"),
    [
        ('attribution = "a"', "url"),
        (f'url = "{XYZ}"', "attribution"),
        (f'url = "{XYZ}"\nattribution = " "', "attribution"),
        (f'url = "{XYZ}"\nattribution = "a"\nmax_zoom = 40', "max_zoom"),
        (f'url = "{XYZ}"\nattribution = "a"\nmax_zoom = "19"', "max_zoom"),
        (f'url = "{XYZ}"\nattribution = "a"\nsubdomains = ""', "subdomains"),
        (f'url = "{XYZ}"\nattribution = "a"\nminzoom = 3', "minzoom"),
    ],
)
def test_a_field_that_cannot_be_used_is_named(tmp_path: Path, fields: str, part: str) -> None:
    setting = written(tmp_path, f'[[service]]\nname = "a"\n{fields}')
    services, (wrong,) = read_tile_services(setting)
    assert services == ()
    assert part in str(wrong)


def test_two_services_share_no_name_and_one_opens_the_page(tmp_path: Path) -> None:
    table = '[[service]]\nname = "{}"\nurl = "' + XYZ + '"\nattribution = "a"\nshown = true\n'
    services, faults = read_tile_services(
        written(tmp_path, table.replace("{}", "a") * 2 + table.replace("{}", "b"))
    )
    assert [one.name for one in services] == ["a"]
    assert ["name" in str(faults[0]), "shown" in str(faults[1])] == [True, True]


@pytest.mark.parametrize("text", ["", "service = 1", "[service]", "other = [1]", "= =", "[[a]]\n"])
def test_a_file_without_services_is_one_sentence(tmp_path: Path, text: str) -> None:
    services, (wrong,) = read_tile_services(written(tmp_path, text))
    assert services == ()
    assert "services.toml" in str(wrong)
    assert str(tmp_path) not in str(wrong)


def test_a_file_that_is_not_there_says_so(tmp_path: Path) -> None:
    _services, (wrong,) = read_tile_services(str(tmp_path / "none.toml"))
    assert "No such file" in str(wrong)
