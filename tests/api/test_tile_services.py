"""A tile service that the operator names opens the map's pages to its origin, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.serving import Service, command, serving

TEMPLATE = "https://tiles.example.org/{z}/{x}/{y}.png"
HEADER = "content-security-policy"
OTHERS = (
    "/table",
    "/method",
    "/figure.svg",
    "/tiles/map/6/37/21.png",
    "/import",
    "/static/page.css",
)


@pytest.mark.parametrize("path", ["/", "/embed"])
def test_the_policy_of_a_map_opens_for_that_origin_and_not_without_the_setting(
    demo_data: Path, public_service: Service, path: str
) -> None:
    strict = public_service.client.get(path).headers[HEADER]
    assert "img-src 'self' data:;" in strict
    with serving(demo_data, STRIKEMAP_BASEMAP_URL=TEMPLATE) as service:
        policy = service.client.get(path).headers[HEADER]
        opened = strict.replace(
            "img-src 'self' data:", "img-src 'self' data: https://tiles.example.org"
        )
        assert policy == opened
        for other in OTHERS:
            assert "example.org" not in service.client.get(other).headers[HEADER]


def test_a_page_that_a_reader_has_is_sent_again_when_its_services_change(
    demo_data: Path, public_service: Service
) -> None:
    tag = public_service.client.get("/").headers["etag"]
    with serving(demo_data, STRIKEMAP_BASEMAP_URL=TEMPLATE) as service:
        answer = service.client.get("/", headers={"If-None-Match": tag})
        assert (answer.status_code, "tiles.example.org" in answer.text) == (200, True)


def test_text_of_a_service_runs_nothing(demo_data: Path, tmp_path: Path) -> None:
    text = "<img src=x onerror=alert(1)></script>"
    file = tmp_path / "services.toml"
    table = f'[[service]]\nname = "{text}"\nurl = "{TEMPLATE}"\nattribution = "{text}"\n'
    file.write_text(table, "utf-8")
    with serving(demo_data, STRIKEMAP_BASEMAP_URL=str(file)) as service:
        html = service.client.get("/").text
        assert "onerror" in html
        assert "<img src=x" not in html
        assert "&lt;img" not in html.replace("\\u0026lt;img", "")


def test_a_service_that_cannot_be_used_is_said_once_and_the_rest_goes_on(
    demo_data: Path, tmp_path: Path
) -> None:
    template = "https://tiles.example.org/{x}/{y}.png"
    with serving(demo_data, STRIKEMAP_BASEMAP_URL=template) as service:
        page = service.client.get("/")
        assert page.status_code == 200
        assert "example.org" not in page.headers[HEADER] + page.text
    (log,) = (path for path in demo_data.parent.glob("*.log") if "not offered" in path.read_text())
    assert log.read_text("utf-8").count("is not offered") == 1
    assert command(tmp_path / "data", "basemap", "show").returncode == 0
