"""Pages open from links that others shared, and tell a browser what is wrong as a page."""

from __future__ import annotations

import re

import pytest

from app.domain.terms import Face
from app.i18n import strings
from tests.serving import Service

BROWSER = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
PAGES = ("/", "/embed", "/table", "/method", "/changes", "/incidents/1", "/compare")


@pytest.mark.parametrize("path", PAGES)
def test_a_shared_link_opens_without_what_a_network_added(service: Service, path: str) -> None:
    added = "utm_source=a%20b&fbclid=x&UTM_Medium=y&gclid=z&mc_cid=q&igshid=w"
    answer = service.client.get(f"{path}?{added}")
    assert (answer.status_code, answer.headers["location"]) == (302, path)
    own = "from=2025-10-24&bbox=30%2C50,31,51"
    answer = service.client.get(f"{path}?utm_id=1&{own}&fbclid=x")
    assert (answer.status_code, answer.headers["location"]) == (302, f"{path}?{own}")
    assert service.client.get(f"{path}?fbclid2=x").status_code == 422


def test_a_shared_link_of_a_record_previews_its_headline(service: Service) -> None:
    number = "4"
    headline = service.client.get(f"/api/collections/incidents/items/{number}").json()["headline"]
    html = service.client.get(f"/incidents/{number}").text
    assert f'<meta property="og:title" content="{headline}">' in html
    assert f"<h1>{headline}</h1>" in html


def test_figures_and_numbers_take_no_parameter_of_a_network(service: Service) -> None:
    for path in ("/api/summary", "/tiles/map/5/18/10.png", "/figure.png"):
        answer = service.client.get(f"{path}?fbclid=x", headers=BROWSER)
        assert (path, answer.status_code) == (path, 422)
        assert answer.headers["content-type"] == "application/problem+json"


def test_an_address_with_what_a_network_added_can_be_embedded(public_service: Service) -> None:
    answers = [
        public_service.client.get("/oembed", params={"url": f"{public_service.url}/?{query}"})
        for query in ("theatre=example", "utm_source=x&theatre=example&fbclid=y")
    ]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()


@pytest.mark.parametrize("lang", ["en", "uk"])
@pytest.mark.parametrize("path", PAGES)
def test_a_browser_reads_a_problem_as_a_page(service: Service, path: str, lang: str) -> None:
    answer = service.client.get(f"{path}?lang={lang}&to=<b>&colour=red", headers=BROWSER)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in answer.headers["content-security-policy"]
    html, words = answer.text, strings(lang)
    assert f'<html lang="{lang}"' in html
    assert f"<h1>{words['problem_title']}</h1>" in html
    assert '<p lang="en">query.to: got &#39;&lt;b&gt;&#39;, allowed: ' in html
    assert '<p lang="en">query.colour: got ' in html
    assert "<script" not in html
    href = re.search(rf'<a href="([^"]*)">{words["problem_open"]}', html)
    assert href is not None
    assert f"lang={lang}" in href[1]
    assert service.client.get(href[1].replace("&amp;", "&")).status_code == 200


@pytest.mark.parametrize("accept", ["", "*/*", "application/json", "text/html;q=0.5,text/json"])
def test_a_program_reads_a_problem_of_a_page_as_a_document(service: Service, accept: str) -> None:
    answer = service.client.get("/?colour=red", headers={"Accept": accept})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_browser_reads_that_an_incident_is_missing(service: Service) -> None:
    answer = service.client.get("/incidents/999999999?lang=uk", headers=BROWSER)
    assert answer.status_code == 404
    assert strings("uk")["problem_title"] in answer.text


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_what_leaves_is_said_in_the_language_of_the_page(service: Service, lang: str) -> None:
    html = service.client.get(f"/method?theatre=example&lang={lang}").text
    faces = ", ".join(strings(lang)[f"face_{face}"] for face in Face)
    assert f"<td>{faces}</td>" in html
