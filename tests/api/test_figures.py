"""Figures and oEmbed over HTTP: types, validators, refusals, and links that lead somewhere."""

from __future__ import annotations

import io
import re
import shutil
import xml.etree.ElementTree as ET
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from PIL import Image
from typing_extensions import override

from tests.drawing import pdf_words
from tests.serving import Service, command, serving

TYPES = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
STARTS = {"png": b"\x89PNG", "svg": b"<svg xmlns=", "pdf": b"%PDF-"}


def is_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.parametrize("form", TYPES)
def test_a_figure_has_its_type_and_is_not_sent_twice(public_service: Service, form: str) -> None:
    first = public_service.client.get(f"/figure.{form}?lang=uk")
    assert first.status_code == 200
    assert first.headers["content-type"] == TYPES[form]
    assert first.content.startswith(STARTS[form])
    assert first.headers["access-control-allow-origin"] == "*"
    # Pictures and PDF are zipped inside: to zip them again costs time and saves nothing.
    assert (first.headers.get("content-encoding") == "gzip") == (form == "svg")
    again = public_service.client.get(
        f"/figure.{form}?lang=uk", headers={"If-None-Match": first.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    other = public_service.client.get(f"/figure.{form}?lang=uk&title=Other")
    assert other.headers["etag"] != first.headers["etag"]
    assert public_service.client.head(f"/figure.{form}?lang=uk").content == b""


def test_size_and_scale_are_those_asked_for(public_service: Service) -> None:
    body = public_service.client.get("/figure.png?width=900&height=700&scale=2").content
    assert Image.open(io.BytesIO(body)).size == (1800, 1400)
    svg = public_service.client.get("/figure.svg?width=900&height=700&scale=2").text
    assert 'width="900" height="700"' in svg


def test_an_svg_may_use_its_own_font_and_run_nothing(public_service: Service) -> None:
    policy = public_service.client.get("/figure.svg").headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "font-src data:" in policy
    assert "sandbox" in policy
    assert "script-src" not in policy


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("width=100000", "query.width"),
        ("height=0", "query.height"),
        ("scale=4", "query.scale"),
        ("width=240&height=200", "width, height"),
        (f"title={'x' * 201}", "title"),
        (f"subtitle={'x' * 301}", "subtitle"),
        ("width=600&width=700", "query.width"),
        ("sixe=3", "query.sixe"),
    ],
)
@pytest.mark.parametrize("form", TYPES)
def test_what_cannot_be_drawn_is_a_422(
    public_service: Service, form: str, query: str, where: str
) -> None:
    problem = is_problem(public_service.client.get(f"/figure.{form}?{query}"), 422)
    assert problem["errors"][0]["where"] == where
    assert problem["errors"][0]["allowed"]


def test_a_picture_of_too_many_px_is_a_422_and_a_vector_has_none(public_service: Service) -> None:
    query = "width=4000&height=4000&scale=2"
    problem = is_problem(public_service.client.get(f"/figure.png?{query}"), 422)
    assert problem["errors"][0]["where"] == "width, height, scale"
    assert public_service.client.get(f"/figure.svg?{query}").status_code == 200


def test_a_private_figure_is_marked_and_kept_by_nobody_else(service: Service) -> None:
    answer = service.client.get("/figure.pdf")
    assert "Private copy" in pdf_words(answer.content)
    assert answer.headers["cache-control"].startswith("private")
    assert "access-control-allow-origin" not in answer.headers


def ask(service: Service, path: str, **more: Any) -> httpx.Response:
    return service.client.get("/oembed", params={"url": f"{service.url}{path}", **more})


def test_oembed_gives_a_sandboxed_frame_pinned_to_what_is_known(public_service: Service) -> None:
    document = ask(public_service, "/?lang=uk&metric=killed").json()
    assert (document["type"], document["version"]) == ("rich", "1.0")
    assert document["title"] == "Удари та лінія фронту: Україна"
    assert (document["width"], document["height"]) == (800, 600)
    frame = re.fullmatch(r'<iframe src="([^"]+)"([^>]*)></iframe>', document["html"])
    assert frame
    assert 'sandbox="allow-scripts allow-popups"' in frame[2]
    assert 'title="Удари та лінія фронту: Україна"' in frame[2]
    address = urlsplit(unescape(frame[1]))
    parameters = parse_qs(address.query)
    assert address.path == "/embed"
    assert (parameters["lang"], parameters["metric"]) == (["uk"], ["killed"])
    summary = public_service.client.get("/api/summary").json()
    assert parameters["as_of"] == [summary["as_of"]]  # what is known now, for as long as it is so
    assert public_service.client.get(unescape(frame[1])).status_code == 200


def test_a_pinned_link_stays_pinned_as_it_was(public_service: Service) -> None:
    document = ask(public_service, "/embed?as_of=2026-01-01").json()
    assert "as_of=2026-01-01T21:59:59" in document["html"]


def test_the_thumbnail_is_a_figure_within_the_bounds(public_service: Service) -> None:
    for most in ({}, {"maxwidth": 600, "maxheight": 500}):
        document = ask(public_service, "/", **most).json()
        size = (document["thumbnail_width"], document["thumbnail_height"])
        assert size == (most.get("maxwidth", 1200), most.get("maxheight", 630))
        body = public_service.client.get(document["thumbnail_url"]).content
        assert Image.open(io.BytesIO(body)).size == size
    small = ask(public_service, "/", maxwidth=160, maxheight=90).json()
    assert (small["width"], small["height"]) == (160, 90)
    assert not [name for name in small if name.startswith("thumbnail")]


def test_oembed_as_xml_says_the_same(public_service: Service) -> None:
    answer = ask(public_service, "/?theatre=example", format="xml")
    assert answer.headers["content-type"] == "text/xml; charset=utf-8"
    root = ET.fromstring(answer.text)  # noqa: S314  our own bytes
    document = ask(public_service, "/?theatre=example").json()
    assert {one.tag: one.text for one in root} == {name: str(one) for name, one in document.items()}


@pytest.mark.parametrize("url", ["", "https://example.org/?lang=uk", "nonsense", "ftp:///x"])
def test_an_address_that_is_not_ours_is_a_404(public_service: Service, url: str) -> None:
    is_problem(public_service.client.get("/oembed", params={"url": url}), 404)


@pytest.mark.parametrize("path", ["/table", "/nowhere", "/?lang=xx", "/?unknown=1"])
def test_an_address_of_ours_without_a_map_is_a_404(public_service: Service, path: str) -> None:
    is_problem(ask(public_service, path), 404)


def test_another_format_is_a_501(public_service: Service) -> None:
    is_problem(ask(public_service, "/", format="yaml"), 501)


@pytest.mark.parametrize("most", ["0", "-1", "wide", "1e3"])
def test_a_bound_that_is_no_size_is_a_422(public_service: Service, most: str) -> None:
    problem = is_problem(ask(public_service, "/", maxwidth=most), 422)
    assert problem["errors"][0]["where"] == "query.maxwidth"


def test_a_consumers_own_parameters_are_left_aside(public_service: Service) -> None:
    assert ask(public_service, "/", dnt="1").status_code == 200


def test_a_private_instance_is_embedded_nowhere(service: Service) -> None:
    is_problem(ask(service, "/"), 401)
    head = Head(service.client.get("/").text)
    assert head.links == {}
    assert head.meta["og:image"].startswith(service.url)


class Head(HTMLParser):
    """Collects what a page's head tells other programs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.meta: dict[str, str] = {}
        self.links: dict[str, str] = {}
        self.feed(html.split("</head>", maxsplit=1)[0])

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        if tag == "meta" and "content" in attributes:
            self.meta[attributes.get("property") or attributes.get("name", "")] = attributes[
                "content"
            ]
        if tag == "link" and attributes["rel"] == "alternate":
            self.links[attributes["type"]] = attributes["href"]


@pytest.mark.parametrize("path", ["/?lang=uk&metric=killed", "/embed?theatre=example"])
def test_a_pages_head_leads_to_its_picture_and_to_how_it_is_embedded(
    public_service: Service, path: str
) -> None:
    html = public_service.client.get(path).text
    head = Head(html)
    assert head.meta["twitter:card"] == "summary_large_image"
    assert head.meta["og:title"] in html.split("<title>")[1]
    assert head.meta["og:image:alt"].startswith(head.meta["og:title"])
    assert head.meta["og:locale"] == ("uk_UA" if "lang=uk" in path else "en_GB")
    body = public_service.client.get(head.meta["og:image"]).content
    size = (int(head.meta["og:image:width"]), int(head.meta["og:image:height"]))
    assert Image.open(io.BytesIO(body)).size == size == (1200, 630)
    assert set(head.links) == {"application/json+oembed", "text/xml+oembed"}
    for kind, address in head.links.items():
        answer = public_service.client.get(address)
        assert answer.headers["content-type"].split(";")[0] == kind.removesuffix("+oembed")
    assert public_service.client.get(head.meta["og:url"]).status_code == 200


def test_without_scripts_the_picture_is_sharp_on_a_fine_screen(public_service: Service) -> None:
    still = public_service.client.get("/").text.split("<noscript>")[1].split("</noscript>")[0]
    address, fine = re.findall(r'src="([^"]+)" srcset="([^"]+) 2x"', still)[0]
    sizes = [
        Image.open(io.BytesIO(public_service.client.get(unescape(one)).content)).size
        for one in (address, fine)
    ]
    assert sizes == [(1200, 800), (2400, 1600)]
    assert 'alt="Strikes and front lines: Ukraine. 24 Oct 2025' in still


def test_tilejson_credits_every_dataset_of_a_layer(public_service: Service) -> None:
    attribution = public_service.client.get("/tiles/map.json").json()["attribution"]
    for part in ("Situation report", "UN General Assembly", "CC0-1.0", "GeoNames", "68/262"):
        assert part in attribution
    base = public_service.client.get("/tiles/basemap.json").json()["attribution"]
    assert "Situation report" not in base


def test_data_that_may_not_be_embedded_is_refused_with_a_sentence(
    tmp_path: Path, demo_data: Path
) -> None:
    shutil.copytree(demo_data, tmp_path / "data")
    for slug in ("demo", "example-incidents"):
        command(tmp_path / "data", "datasets", "set", slug, "--terms", "internal")
    with serving(tmp_path / "data") as service:
        problem = is_problem(ask(service, "/"), 403)
        assert "do not allow embedding" in problem["detail"]
        text = pdf_words(service.client.get("/figure.pdf").content)
        assert "Withheld from the public" in text
        assert "marked on the map" not in text


def test_a_named_size_is_its_width_height_and_scale(public_service: Service) -> None:
    def tag(query: str) -> str:
        answer = public_service.client.get(f"/figure.png?theatre=example&{query}")
        assert answer.status_code == 200
        return answer.headers["etag"]

    assert tag("size=slide") == tag("width=960&height=540&scale=2")
    assert tag("size=slide&scale=1") == tag("width=960&height=540")
    assert tag("size=card") == tag("")


def test_a_size_beside_a_width_is_refused(public_service: Service) -> None:
    for query, where in (("size=poster", "query.size"), ("size=a4&width=700", "size")):
        answer = public_service.client.get(f"/figure.png?{query}")
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["where"] == where
