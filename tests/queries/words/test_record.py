"""Facts as sentences: what stands in a source is shown as the text that it is."""

from __future__ import annotations

import pytest

from app.queries.words.record import _source


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("https://example.org/a", "https://example.org/a"),
        ("javascript:alert(1)", None),
        ("http://[x/", None),
        ("no address", None),
    ],
)
def test_only_an_address_of_the_web_becomes_a_link(url: str, href: str | None) -> None:
    line = _source("en", {"url": url, "publisher": None})
    assert (line["text"], line["href"]) == (url, href)
