"""The page is light: what a reader on a slow line loads before any data."""

from __future__ import annotations

import gzip
import re

import httpx
import pyarrow as pa
import pytest

from app.settings import ROOT
from tests.serving import Service

MOST_BYTES = 138_000
ZIPPED = {"Accept-Encoding": "gzip"}


def travelled(client: httpx.Client, path: str) -> int:
    """Count the bytes of a body as they travel."""
    with client.stream("GET", path, headers=ZIPPED) as answer:
        assert answer.status_code == 200
        return sum(len(piece) for piece in answer.iter_raw())


def test_the_page_with_its_scripts_and_styles_travels_in_138_kb(service: Service) -> None:
    for query in ("theatre=ukraine", "theatre=example&lang=uk"):
        html = service.client.get(f"/?{query}").text
        linked = set(re.findall(r'(?:src|href)="(/static/[^"]+\.(?:js|css|svg))"', html))
        assert len(linked) > 20
        sizes = [travelled(service.client, path) for path in (f"/?{query}", *linked)]
        assert sum(sizes) <= MOST_BYTES


@pytest.mark.parametrize(
    ("accepted", "packing"),
    [
        ("gzip", "gzip"),
        ("gzip, deflate, br, zstd", "br"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("gzip;q=0.000", None),
        ("identity", None),
        ("brotli, x-gzip", None),
    ],
)
def test_a_packed_script_is_the_script_in_a_form_that_the_reader_understands(
    service: Service, accepted: str, packing: str | None
) -> None:
    plain = service.client.get("/static/js/boot.js", headers={"Accept-Encoding": "identity"})
    headers = {"Accept-Encoding": accepted}
    with service.client.stream("GET", "/static/js/boot.js", headers=headers) as answer:
        body = b"".join(answer.iter_raw())
    assert answer.headers.get("Content-Encoding") == packing
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["Content-Type"] == plain.headers["Content-Type"]
    assert (answer.headers["ETag"] == plain.headers["ETag"]) == (packing is None)
    if packing == "br":
        body = pa.Codec("brotli").decompress(body, len(plain.content), asbytes=True)
    elif packing == "gzip":
        body = gzip.decompress(body)
    assert body == plain.content


def test_scripts_travel_without_their_jsdoc_and_keep_their_lines(service: Service) -> None:
    for path in (ROOT / "static/js").glob("*.js"):
        source, script = path.read_text("utf-8"), service.client.get(f"/static/js/{path.name}").text
        assert ("/**" in source, "/**" in script) == (True, False)
        assert script.count("\n") == source.count("\n")
        assert script.replace("\n", "") == re.sub(r"(?s)/\*\*.*?\*/|\n", "", source)


def test_a_reader_who_has_the_script_gets_nothing_again(service: Service) -> None:
    for headers in (ZIPPED, {"Accept-Encoding": "br"}, {"Accept-Encoding": "identity"}):
        tag = service.client.get("/static/js/boot.js", headers=headers).headers["ETag"]
        again = service.client.get("/static/js/boot.js", headers={**headers, "If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
