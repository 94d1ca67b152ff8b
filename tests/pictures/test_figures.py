"""A figure says everything that a reader needs to judge it, and nothing that may not leave."""

from __future__ import annotations

import io
import json
import logging
import re
import xml.etree.ElementTree as ET
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pypdfium2
import pypdfium2.raw as pdfium
import pytest
from PIL import Image
from pytest_regressions.image_regression import ImageRegressionFixture

from app.domain.damage import Damage
from app.domain.errors import InputError
from app.domain.period import When
from app.domain.place import Place, Precision
from app.domain.terms import Audience, DatasetKind, Face, Terms
from app.domain.view import COLOURS_BY, View
from app.i18n.values import number
from app.instance.workspace import Workspace
from app.pages.map import page_html
from app.pictures import captions as figure_words
from app.pictures.figures import MOST_AREA
from app.pictures.legend import FigureLegend
from app.pictures.scene import Scene
from app.pictures.tiles import Tiler
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.choropleth import Choropleths
from app.reference.reference import Reference
from app.render.palette import CLASS_OPACITY, LINE_FIXED, RAMPS, rgb
from app.tiles.grid import Tile
from tests.drawing import FONTS, apart, colours_in, drawn, pdf_picture, pdf_words, picture, words
from tests.making import KYIV, NOON, add, dataset, incident, open_workspace
from tests.support import imported, real, roomy

UKRAINE = View(theatre="ukraine", first=date(2025, 10, 24), last=date(2025, 10, 25))
EXAMPLE = View(theatre="example", synthetic=True)
TITLE = "Удари: їжа, ґанок, єдність, об’єкт"
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize(
    ("name", "view", "options"),
    [
        ("en", UKRAINE.but(metric="killed"), {}),
        ("uk", EXAMPLE.but(lang="uk", metric="killed"), {"title": TITLE}),
        ("tall", EXAMPLE.but(regions=("XE-01",)), {"width": 800, "height": 1000, "scale": 2}),
    ],
)
def test_a_figure_looks_as_it_was_looked_at(  # noqa: PLR0913, PLR0917  a case and what draws it
    demos: Workspace,
    image_regression: ImageRegressionFixture,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    view: View,
    options: dict[str, Any],
) -> None:
    monkeypatch.setattr(figure_words, "HASH_LETTERS", 0)  # a record's salts are never the same
    body = drawn(demos, view, **options)
    image_regression.check(body, diff_threshold=0.3, basename=f"figure_{name}")


def test_a_figure_says_when_what_whose_and_how_sure(demos: Workspace) -> None:
    text = words(demos, UKRAINE.but(metric="killed"), title=TITLE, subtitle="За тиждень")
    head = demos.store.head()
    for part in (
        *(TITLE, "За тиждень", "24–25 October 2025", "As known on 1 January 2026, 12:00 UTC"),
        f"version {head.seq}, {head.hash.hex()[:12]}",
        "4 incidents in Ukraine, 1 of them with damage; at least 2 killed",
        *("Killed, by region", "incidents, but no figure known", "nothing reported"),
        *("Total: at least 2", "1 of 4 incidents carry a figure"),
        *("Missile", "only the settlement is known", "known only to the region"),
        *("named by a resolution; extent not given", "UN General Assembly 68/262 and ES-11/4"),
        *("older than 7 days", "covers: areas held since 2022, Crimea"),
        *("200 km", "° N)", "(CC0-1.0)", "Boundaries: natural-earth-10m", "GeoNames (CC BY 4.0)"),
        "Borders as recognised by UN General Assembly resolution 68/262.",
    ):
        assert part in text
    assert "Private" not in text


def test_every_filter_of_a_view_stands_on_its_figure(demos: Workspace) -> None:
    view = EXAMPLE.but(
        first=date(2024, 3, 1),
        last=date(2024, 4, 29),
        weapons=("drone",),
        sectors=("residential",),
        statuses=("verified",),
        min_killed=1,
        line_km=80.0,
        sides=("orra", "not_stated"),
        regions=("XE-01", "XE-02"),
        bbox=None,
    )
    text = words(demos, view)
    for part in ("Drone", "Homes", "verified", "at least 1 killed", "within 80 km"):
        assert part.lower() in text.lower()
    assert "1 March – 29 April 2024" in text
    assert "INVENTED DATA" in text


def test_a_line_taken_as_fixed_is_drawn_beside_the_days_own(demos: Workspace) -> None:
    view = EXAMPLE.but(first=date(2024, 4, 29), last=date(2024, 4, 29))
    frozen = view.but(freeze=date(2024, 3, 1))
    assert "line of 1 March 2024, taken as fixed" in words(demos, frozen)
    colours = [colours_in(picture(drawn(demos, one, scale=2))) for one in (view, frozen)]
    assert [rgb(LINE_FIXED) in strokes for strokes in colours] == [False, True]


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
@pytest.mark.parametrize("view", [UKRAINE, EXAMPLE.but(lang="uk")])
def test_the_same_view_and_version_give_the_same_bytes(
    demos: Workspace, form: str, view: View
) -> None:
    first = drawn(demos, view, form)
    assert first == drawn(demos, view, form, now=NOON + timedelta(minutes=5))


def test_a_pdf_has_vectors_selectable_ukrainian_and_its_fonts_inside(demos: Workspace) -> None:
    body = drawn(demos, EXAMPLE.but(lang="uk"), "pdf", title=TITLE)
    assert TITLE in pdf_words(body)
    document = pypdfium2.PdfDocument(body)
    metadata = document.get_metadata_dict()
    assert (metadata["Title"], metadata["Author"]) == (TITLE, "Strikemap")
    assert "Позначено на мапі: 322" in metadata["Subject"]
    assert "CC0-1.0" in metadata["Keywords"]
    assert metadata["CreationDate"] == "D:20260101120000Z"  # as known then, not when it was drawn
    page = document[0]
    kinds = [one.type for one in page.get_objects(max_depth=5)]
    texts = [one for one in page.get_objects(max_depth=5) if one.type == pdfium.FPDF_PAGEOBJ_TEXT]
    fonts = [pdfium.FPDFTextObj_GetFont(one.raw) for one in texts]
    assert len(texts) > 40
    assert all(pdfium.FPDFFont_GetIsEmbedded(font) == 1 for font in fonts)
    assert kinds.count(pdfium.FPDF_PAGEOBJ_PATH) > 300
    assert pdfium.FPDF_PAGEOBJ_IMAGE not in kinds
    page.close()
    document.close()


def test_the_pdf_shows_what_the_png_shows(demos: Workspace) -> None:
    for view in (UKRAINE, EXAMPLE):
        png, pdf = picture(drawn(demos, view)), pdf_picture(drawn(demos, view, "pdf"))
        assert png.shape == pdf.shape == (630, 1200, 3)
        assert apart(png, pdf) < 2.5
        assert apart(png, np.flipud(png)) > 10  # the measure tells pictures apart


def test_an_svg_names_and_describes_itself_and_asks_nobody(demos: Workspace) -> None:
    body = drawn(demos, EXAMPLE.but(lang="uk"), "svg", title=TITLE).decode()
    root = ET.fromstring(body)  # noqa: S314  our own bytes
    assert (root.get("width"), root.get("height")) == ("1200", "630")
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == TITLE
    assert "Позначено на мапі: 322" in (root.findtext(f"{SVG}desc") or "")
    addresses = set(re.findall(r"https?://[^\"'<) ]+", body))
    assert addresses == {"http://www.w3.org/2000/svg", "http://purl.org/dc/elements/1.1/"}
    assert "<script" not in body
    lines = ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]
    assert TITLE in lines
    assert body.count("font/ttf;base64,") == 2


def test_a_title_with_markup_stays_text(demos: Workspace) -> None:
    title = "<b>Bold</b> & \"quoted\" <script>alert('1')</script>"
    root = ET.fromstring(drawn(demos, UKRAINE, "svg", title=title))  # noqa: S314  our own bytes
    assert root.findtext(f"{SVG}title") == title
    assert title in ["".join(one.itertext()) for one in root.iter(f"{SVG}text")]
    assert [one for one in root.iter() if one.tag.endswith(("}b", "}script"))] == []
    assert title in words(demos, UKRAINE, title=title)
    assert Image.open(io.BytesIO(drawn(demos, UKRAINE, title=title))).text["Title"] == title  # type: ignore[attr-defined]


def test_a_letter_that_the_font_lacks_is_seen_and_logged(
    demos: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        text = words(demos, UKRAINE, title="Ω и\u0306 \u2603 ok")
    assert "\ufffd й \ufffd ok" in text
    assert "U+03A9, U+2603" in caplog.text


def test_a_title_of_many_lines_and_words_without_a_space_has_room(demos: Workspace) -> None:
    title = "Ш" * 200
    text = words(demos, UKRAINE, title=title)
    assert text.replace(" ", "").count("Ш") == 200


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"title": "x" * 201}, "title: got '201 characters', allowed: at most 200 characters."),
        ({"subtitle": "x" * 301}, "subtitle: got '301 characters', allowed: at most 300"),
        ({"width": 4000, "height": 4000, "scale": 3}, f"at most {MOST_AREA:,} px in all"),
        ({"width": 200, "height": 200}, "width, height: got '200 x 200', allowed: more px"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_a_sentence(
    demos: Workspace, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(InputError) as refused:
        drawn(demos, UKRAINE, **options)
    assert sentence in str(refused.value)


@pytest.mark.parametrize("size", [(360, 640), (560, 400), (630, 1200), (4000, 900)])
def test_nothing_is_left_out_of_a_figure_of_another_size(
    demos: Workspace, size: tuple[int, int]
) -> None:
    width, height = size
    text = words(demos, UKRAINE.but(metric="killed"), width=width, height=height)
    for part in ("As known on", "(CC0-1.0)", "known only to the region", "resolution 68/262"):
        assert part in text
    png = picture(drawn(demos, UKRAINE, width=width, height=height))
    assert png.shape == (height, width, 3)


def test_text_and_alternative_are_in_the_png(demos: Workspace) -> None:
    image = Image.open(io.BytesIO(drawn(demos, UKRAINE, title=TITLE)))
    metadata: dict[str, str] = image.text  # type: ignore[attr-defined]
    assert metadata["Title"] == TITLE
    assert "24–25 October 2025" in metadata["Description"].replace("\u00a0", " ")
    assert "1 marked on the map; 3 only as a number in their region" in metadata["Description"]
    assert "UN General Assembly 68/262 and ES-11/4 (CC0-1.0)" in metadata["Copyright"]
    assert metadata["Creation Time"] == "2026-01-01T12:00:00Z"


def test_what_is_known_only_to_a_region_is_a_number_and_never_a_dot(
    private_workspace: Workspace,
) -> None:
    somewhere = Place.at(KYIV, Precision.admin1, country="UA", admin1="UA-30")
    records = [incident(str(n), place=somewhere) for n in range(7)]
    add(private_workspace.store, dataset(), *records)
    view = UKRAINE.but(datasets=("invented",))
    scene = Scene(Query.of(private_workspace, view, NOON), Choropleths())
    assert len(scene.rows) == 0
    assert scene.region_only == ({"UA-30": 7}, 0)
    text = words(private_workspace, view)
    assert "0 marked on the map; 7 only as a number in their region" in text
    assert "Weapon unknown" not in text  # no key for dots that are not there


def test_a_sensitive_site_is_a_number_for_the_public(workspace: Workspace) -> None:
    fresh = (NOON - timedelta(days=3)).date()
    hit = incident("a", when=When.days(fresh), damage=(Damage("energy"),))
    add(workspace.store, dataset(), hit)
    view = View(theatre="ukraine", first=fresh, last=fresh, datasets=("invented",))
    scene = Scene(Query.of(workspace, view, NOON), Choropleths())
    assert len(scene.rows) == 0
    assert scene.region_only[0] == {"UA-30": 1}


def test_internal_data_give_sums_only_and_the_figure_says_so(workspace: Workspace) -> None:
    records = [incident(key) for key in "abc"]
    add(workspace.store, dataset(terms=Terms(), licence="internal"), *records)
    week = View(theatre="ukraine", first=date(2025, 10, 20), last=date(2025, 10, 26))
    text = words(workspace, week)
    assert "No marks: the terms of Invented allow sums only" in text
    assert "marked on the map" not in text
    assert "Total: 3" in text
    narrow = words(workspace, UKRAINE)
    assert "Withheld from the public by the dataset's terms (3 records)" in narrow
    assert "Total" not in narrow
    assert "nothing reported" not in narrow


def test_control_that_may_not_be_shown_is_left_out_by_name(workspace: Workspace) -> None:
    lines = dataset("lines", kind=DatasetKind.control, terms=Terms())
    add(workspace.store, dataset(), lines, incident("a"))
    text = words(workspace, UKRAINE.but(control="lines"))
    assert "Left out: the terms of Lines do not allow it to be shown" in text
    assert "1 marked on the map" in text


def test_a_private_figure_is_marked(private_workspace: Workspace) -> None:
    add(private_workspace.store, dataset(terms=Terms(), licence="internal"), incident("a"))
    text = words(private_workspace, UKRAINE)
    assert "Private copy" in text
    assert "Invented (internal: not for publication)" in text


def test_before_the_first_record_a_figure_says_that_nothing_was_known(demos: Workspace) -> None:
    text = words(demos, UKRAINE.but(as_of=NOON - timedelta(days=400)))
    assert "Nothing of this was known here then. The record begins on 1 January 2026." in text
    for claim in ("nothing reported", "Total", "marked on the map", "version"):
        assert claim not in text


def test_an_empty_record_and_an_empty_view_are_told_apart(
    tmp_path: Path, reference: Reference, demos: Workspace
) -> None:
    empty = open_workspace(tmp_path, reference, audience=Audience.public)
    assert "No record of this View is loaded" in words(empty, UKRAINE)
    empty.store.close()
    quiet = UKRAINE.but(first=date(2025, 10, 1), last=date(2025, 10, 1))
    assert "No reported incident fits this View" in words(demos, quiet)


@pytest.mark.parametrize(
    ("by", "palette"), [*((by, "orange") for by in COLOURS_BY), ("weapon", "purple")]
)
def test_page_tile_and_figure_show_the_same_colours(
    demos: Workspace, by: str, palette: str
) -> None:
    days = EXAMPLE.but(first=date(2024, 3, 1), last=date(2024, 4, 29))
    view = days.but(metric="killed", colour_by=by, palette=palette)
    tiler, query = Tiler(FONTS), Query.of(demos, view, NOON)
    scene = Scene(query, tiler.choropleths)
    regions, marks, control = FigureLegend(scene).sections()
    ramp = RAMPS[palette][len(tiler.choropleths.of(scene.sums).limits)]
    swatches = [row.swatch.colour for row in regions.rows if row.swatch]
    assert swatches[: len(ramp)] == list(ramp)
    dots = [
        (row.swatch.colour, row.swatch.shape)
        for row in marks.rows
        if row.swatch and row.swatch.kind == "dot"
    ]
    page = page_html(query)
    block = page.split('<script type="application/json" id="spec">')[1].split("</script>")[0]
    spec = json.loads(block)
    layers = {one["factory"]: one["options"] for one in spec["layers"]}
    assert layers["regions"]["ramps"][palette][len(ramp)] == list(ramp)
    assert layers["regions"]["opacity"] == CLASS_OPACITY
    classes = {(colour, shape) for _code, _label, colour, shape in spec["looks"][by]}
    assert all(len(layers["incidents"]["shapes"][shape]) > 2 for _colour, shape in classes)
    hatches = [party["pattern"] for party in layers["control"]["parties"] if party["pattern"]]
    colours = [
        row.swatch.pattern._asdict() for row in control.rows if row.swatch and row.swatch.pattern
    ]
    assert all(one in colours for one in hatches)
    assert layers["control"]["claimed"] in colours
    tile = tiler.tile(query, Tile("regions", 5, 4, 20, "png"))
    pixels = np.asarray(Image.open(io.BytesIO(tile))).reshape(-1, 4)
    strong = pixels[pixels[:, 3] == round(255 * CLASS_OPACITY)][:, :3]
    assert len(strong) > 1000
    assert {tuple(one) for one in strong.tolist()} <= {rgb(colour) for colour in ramp}
    figure = {tuple(one) for one in picture(drawn(demos, view)).reshape(-1, 3).tolist()}
    for colour in ramp:  # a swatch on paper: the class as strong as on the map
        mixed = tuple(
            round(CLASS_OPACITY * part + (1 - CLASS_OPACITY) * 255) for part in rgb(colour)
        )
        assert any(max(abs(a - b) for a, b in zip(mixed, one, strict=True)) <= 1 for one in figure)
    for dot in dots:
        assert dot in classes
        assert rgb(dot[0]) in figure


def test_a_figure_of_regions_shades_no_other(demos: Workspace) -> None:
    view = EXAMPLE.but(regions=("XE-01",))
    scene = Scene(Query.of(demos, view, NOON), Choropleths())
    own = next(one for one in demos.reference.region_set("example").regions if one.code == "XE-01")
    west, south, east, north = own.shape.bounds
    box = scene.box()
    assert box.west <= west < east <= box.east
    assert box.south <= south < north <= box.north
    assert east - west > (box.east - box.west) * 0.9


def test_numbers_are_written_as_readers_of_the_language_expect() -> None:
    assert (number("en", 1234567), number("uk", 1234567)) == ("1,234,567", "1\u00a0234\u00a0567")
    assert (number("en", 0.25), number("uk", 0.25)) == ("0.25", "0,25")


@pytest.mark.parametrize(
    ("view", "text"),
    [
        (UKRAINE, "from 24 Oct 2025 to 25 Oct 2025"),
        (UKRAINE.but(first=None), "to 25 Oct 2025"),
        (UKRAINE.but(first=None, last=None), "all days"),
    ],
)
def test_every_tile_says_whose_it_is_and_of_which_days(
    demos: Workspace, view: View, text: str
) -> None:
    body = Tiler(FONTS).tile(Query.of(demos, view, NOON), Tile("map", 5, 18, 10, "png"))
    metadata: dict[str, str] = Image.open(io.BytesIO(body)).text  # type: ignore[attr-defined]
    assert "CC0-1.0" in metadata["Copyright"]
    assert "GeoNames" in metadata["Copyright"]
    assert f"map: {text};" in metadata["Description"]


@pytest.mark.slow
def test_real_strikes_and_control_fill_a_figure(private_workspace: Workspace) -> None:
    workspace = roomy(private_workspace)
    imported(workspace, real("cir/events_2022.csv"), dataset="cir")
    view = View(
        theatre="ukraine", first=date(2022, 3, 1), last=date(2022, 3, 31), datasets=("cir",)
    )
    text = words(workspace, view)
    assert "1,194 marked on the map" in text
    assert "Total: 1,194" in text
    published = publish(Query.of(workspace, view, NOON), Face.tiles)
    assert len(published.select().drawable(published.filter)) == 1194
