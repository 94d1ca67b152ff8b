"""What other programs read in the head of a page: title, picture, and how to embed it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

LOCALES = {"en": "en_GB", "uk": "uk_UA", "ar": "ar_AR", "es": "es_ES", "fr": "fr_FR"}
WIDTH, HEIGHT = 1200, 630
"""The size of og:image that other sites show without a cut."""


@dataclass(frozen=True)
class Card:
    """A View for programs that read only the head (Open Graph, oEmbed); addresses are absolute."""

    title: str
    description: str
    locale: str
    address: str
    picture: str
    oembed: str | None = None
    width: int = WIDTH
    height: int = HEIGHT

    @classmethod
    def of(cls, base: str, query: str, *, title: str, description: str, language: str) -> Card:
        """Make a card with the addresses of a View's page and figure under a base (https://host)."""
        size = urlencode({"width": WIDTH, "height": HEIGHT})
        address = f"{base}/?{query}"
        oembed = f"{base}/oembed?{urlencode({'url': address})}"
        picture = f"{base}/figure.png?{query}&{size}"
        locale = LOCALES.get(language, language)
        return cls(title, description, locale, address, picture, oembed)
