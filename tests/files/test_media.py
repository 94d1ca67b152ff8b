"""A file is what its content says; a name that says otherwise is refused in one sentence."""

from __future__ import annotations

import pytest

from app.domain.errors import InvalidFile
from app.files.media import checked_media_type
from tests.photos import photo

SVG = b'<?xml version="1.0"?><!-- drawn --><svg xmlns="x"><script>alert(1)</script></svg>'
HTML = b"<!DOCTYPE html><title>as it was</title>"


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("photo.jpg", photo("JPEG"), "image/jpeg"),
        ("PHOTO.JPEG", photo("JPEG"), "image/jpeg"),
        ("photo.png", photo("PNG"), "image/png"),
        ("photo.webp", photo("WEBP"), "image/webp"),
        ("drawing.svg", SVG, "image/svg+xml"),
        ("clip.mp4", b"\0\0\0\x18ftypmp42", "video/mp4"),
        ("phone.heic", b"\0\0\0\x18ftypheic", "image/heic"),
        ("page.html", HTML, None),
        ("notes", b"as heard", None),
        ("page.wacz", b"PK\x03\x04", None),
    ],
)
def test_content_that_fits_its_name_has_its_kind(
    name: str, content: bytes, media_type: str | None
) -> None:
    assert checked_media_type(name, content) == media_type


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        (
            "photo.jpg",
            photo("PNG"),
            "type of photo.jpg: got 'image/png', allowed: image/jpeg, as its name says.",
        ),
        (
            "photo.png",
            HTML,
            "type of photo.png: got 'another content', allowed: image/png, as its name says.",
        ),
        (
            "photo.jpg",
            SVG,
            "type of photo.jpg: got 'image/svg+xml', allowed: image/jpeg, as its name says.",
        ),
        (
            "page.html",
            photo("WEBP"),
            "type of page.html: got 'image/webp', allowed: a name that ends with .webp.",
        ),
    ],
)
def test_another_type_than_the_name_says_is_one_sentence(
    name: str, content: bytes, sentence: str
) -> None:
    with pytest.raises(InvalidFile) as refused:
        checked_media_type(name, content)
    assert str(refused.value) == sentence
