"""Every address answers OPTIONS and HEAD as GET promises; known pages are not sent again."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.serving import Service

PAGES = (
    *("/", "/embed", "/table", "/method", "/compare", "/stories", "/import", "/edit/stories"),
    *("/review", "/audit", "/robots.txt", "/sitemap.xml", "/favicon.ico", "/api/docs"),
    *("/static/page.css", "/static/js/boot.js"),
)


@pytest.fixture(scope="module")
def paths(public_service: Service) -> dict[str, dict[str, Any]]:
    document: dict[str, Any] = public_service.client.get("/api/openapi.json").json()
    return dict(document["paths"])


def test_every_address_says_by_options_what_it_takes(
    public_service: Service, paths: dict[str, dict[str, Any]]
) -> None:
    assert len(paths) > 60
    for path, operations in paths.items():
        address = re.sub(r"\{\w+\}", "1", path)
        answer = public_service.client.options(address)
        allow = set(answer.headers.get("allow", "").split(", "))
        wanted = {method.upper() for method in operations} | {"OPTIONS"}
        wanted |= {"HEAD"} if "get" in operations else set()
        assert (path, answer.status_code, wanted - allow) == (path, 204, set())
        body = operations.get("post", {}).get("requestBody", {}).get("content", {})
        assert answer.headers.get("accept-post", "") == ", ".join(body), path


def test_head_is_get_without_the_body(
    public_service: Service, paths: dict[str, dict[str, Any]]
) -> None:
    whole = [path for path, one in paths.items() if "get" in one and "{" not in path]
    for path in (*whole, *PAGES):
        get, head = public_service.client.get(path), public_service.client.head(path)
        assert (path, head.status_code, head.content) == (path, get.status_code, b"")
        for name in ("content-type", "etag", "cache-control"):
            if not path.startswith("/metrics"):
                assert head.headers.get(name) == get.headers.get(name), (path, name)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_is_known_is_not_sent_again(public_service: Service, page: str) -> None:
    first = public_service.client.get(page)
    again = public_service.client.get(page, headers={"If-None-Match": first.headers["etag"]})
    assert (first.status_code, again.status_code, again.content) == (200, 304, b"")


def test_a_body_of_another_media_type_is_refused_with_the_right_one(service: Service) -> None:
    answer = service.client.post(
        "/api/imports", content=b"a,b", headers={"Content-Type": "text/csv", "X-Strikemap": "1"}
    )
    assert (answer.status_code, answer.headers["accept-post"]) == (415, "multipart/form-data")
    assert "allowed: multipart/form-data" in answer.json()["detail"]
