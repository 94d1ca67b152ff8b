"""Styles travel: other programs draw our tiles and tables in the colours of our own maps."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from app.domain.errors import NotShared
from app.domain.terms import Terms
from app.domain.view import COLOURS_BY, View
from app.instance.workspace import Workspace
from app.pictures.sprite import sprite
from app.pictures.styles import STYLE_NAMES, TileStyles
from app.publishing.query import Query
from app.queries.choropleth import Choropleths
from app.queries.looks import file_style, mark_classes, tile_style
from app.render.classes import ClassColumn
from app.render.palette import FAMILIES
from app.render.qml import marks_qml
from app.render.sld import marks_sld
from tests.drawing import FONTS
from tests.exporters.exporting import EXAMPLE, cells, exported
from tests.making import add, dataset
from tests.support import NOW

BASE = "http://127.0.0.1:1"


def styles(workspace: Workspace, view: View = EXAMPLE) -> TileStyles:
    return TileStyles(Query.of(workspace, view, NOW), Choropleths(), BASE)


def texts(value: object) -> Iterator[str]:
    """Yield every text inside a document."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from texts(part)
    elif isinstance(value, list | tuple):
        for part in value:
            yield from texts(part)


@pytest.mark.parametrize("by", COLOURS_BY)
def test_every_picture_that_a_style_names_is_in_the_sprite(demos: Workspace, by: str) -> None:
    pictures, _sheet = sprite(1, FONTS)
    style = styles(demos, EXAMPLE.but(colour_by=by, size_by="killed")).maplibre("map")
    named = {
        text for text in texts(style["layers"]) if re.fullmatch(r"[a-z]+-([0-9a-f]{6}|en)", text)
    }
    looks = mark_classes(Query.of(demos, EXAMPLE.but(colour_by=by), NOW))
    assert len(named) >= len({one.mark for one in looks})
    assert named <= set(pictures)


@pytest.mark.parametrize("name", STYLE_NAMES)
def test_a_style_names_no_address_but_the_services_own(demos: Workspace, name: str) -> None:
    document = json.dumps(styles(demos).maplibre(name)) + styles(demos).qgis(name)
    assert set(re.findall(r"https?://[^/\"]+", document)) <= {BASE, "http://mrcc.com"}


def test_a_style_leaves_out_control_that_may_not_be_shown(workspace: Workspace) -> None:
    from app.domain.terms import DatasetKind  # noqa: PLC0415

    closed = dataset("closed", kind=DatasetKind.control, licence="internal", terms=Terms())
    add(workspace.store, dataset(), closed)
    view = View(theatre="ukraine", control="closed")
    shown = {layer.get("source") for layer in styles(workspace, view).maplibre("map")["layers"]}
    assert {"regions", "incidents"} <= shown
    assert "control" not in shown
    with pytest.raises(NotShared):
        styles(workspace, view).maplibre("control")


def test_qgis_and_geoserver_get_the_colours_of_the_palette(demos: Workspace) -> None:
    style = file_style(Query.of(demos, EXAMPLE, NOW))
    written = ET.fromstring(marks_qml(style).partition("\n")[2])  # noqa: S314  our own
    pictures = [
        base64.b64decode(option.attrib["value"].removeprefix("base64:")).decode()
        for option in written.iter("Option")
        if option.get("value", "").startswith("base64:")
    ]
    assert [
        f'fill="{mark.colour}"' in one
        for mark, one in zip(FAMILIES.values(), pictures, strict=True)
    ] == [True] * len(FAMILIES)
    sld = ET.fromstring(marks_sld(style).partition("\n")[2])  # noqa: S314  our own
    rules = [one.findtext("{*}Name") for one in sld.iter("{http://www.opengis.net/se}Rule")]
    assert rules == ["settlement", *FAMILIES]


@pytest.mark.parametrize("by", ["sector", "side"])
def test_a_table_without_a_column_for_a_class_is_coloured_by_weapon(
    demos: Workspace, by: str
) -> None:
    query = Query.of(demos, EXAMPLE.but(colour_by=by), NOW)
    assert file_style(query).column == ClassColumn("weapons", "|")
    assert tile_style(query).column == ClassColumn("class")


def test_a_geopackage_carries_its_style_as_qgis_looks_for_it(
    demos: Workspace, tmp_path: Path
) -> None:
    path = exported(demos, tmp_path, "gpkg")
    style = cells(path, "layer_styles")
    assert (style["f_table_name"], style["useAsDefault"]) == (["incidents"], [True])
    assert "categorizedSymbol" in style["styleQML"][0]


def test_each_placemark_of_a_kml_has_the_colour_of_its_weapon(
    demos: Workspace, tmp_path: Path
) -> None:
    document = ET.parse(exported(demos, tmp_path, "kml")).getroot()  # noqa: S314  our own
    colours = {
        style.attrib["id"]: style.findtext("{*}IconStyle/{*}color")
        for style in document.iter("{http://www.opengis.net/kml/2.2}Style")
    }
    red, green, blue = re.findall("..", FAMILIES["drone"].colour[1:].lower())
    assert colours["class-drone"] == f"ff{blue}{green}{red}"
    marks = list(document.iter("{http://www.opengis.net/kml/2.2}Placemark"))
    assert len(marks) > 300
    for mark in marks:
        weapons = [
            one.text or ""
            for one in mark.iter("{http://www.opengis.net/kml/2.2}SimpleData")
            if one.attrib["name"] == "weapons"
        ]
        family = weapons[0].split("|")[0].split(".")[0] if weapons else "unknown"
        assert mark.findtext("{*}styleUrl") == f"#class-{family}"


@pytest.mark.parametrize(
    ("weapons", "code"),
    [
        ([], "unknown"),
        (["unknown"], "unknown"),
        (["unknown", "air_strike"], "air_strike"),
        (["drone.fpv", "missile"], "drone"),
    ],
)
def test_what_is_known_gives_a_mark_its_class(weapons: list[str], code: str) -> None:
    properties: dict[str, Any] = {"weapons": weapons}
    assert ClassColumn("weapons", "|").code_of(properties) == code
