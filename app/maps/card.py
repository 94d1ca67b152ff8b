"""What other programs read in a page's head: its title, its picture, how it is embedded."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode

LOCALES = {"en": "en_GB", "uk": "uk_UA"}
WIDTH, HEIGHT = 1200, 630
"""The size that readers of og:image show whole."""


@dataclass(frozen=True)
class Card:
    """A View for who reads only the head (Open Graph, oEmbed discovery); addresses are whole."""

    title: str
    description: str
    locale: str
    address: str
    picture: str
    oembed: str | None = None
    width: int = WIDTH
    height: int = HEIGHT

    @classmethod
    def of(  # noqa: PLR0913  what a head says, each by name
        cls,
        base: str,
        query: str,
        *,
        title: str,
        description: str,
        language: str,
        is_public: bool,
    ) -> Card:
        """Address a View's page and figure under a base such as https://host.

        Only the public's maps are offered for embedding: nobody else could open a private one.
        """
        size = urlencode({"width": WIDTH, "height": HEIGHT})
        address = f"{base}/?{query}"
        oembed = f"{base}/oembed?{urlencode({'url': address})}" if is_public else None
        picture = f"{base}/figure.png?{query}&{size}"
        locale = LOCALES.get(language, language)
        return cls(title, description, locale, address, picture, oembed)
