"""Names for addresses: lower-case Latin letters, digits and hyphens."""

from __future__ import annotations

import hashlib
import re
import unicodedata

LONGEST_STEM = 51
"""So that a slug with its mark has at most 60 characters."""


def slug_of(name: str, otherwise: str) -> str:
    """Make a slug from a name; `otherwise` stands where it has no Latin letter and no digit.

    Letters of other alphabets have no place in a slug. A mark of the whole name stands for them,
    since two files must not become one dataset because of their alphabet.

    >>> slug_of("Strikes, März 2024", "dataset")
    'strikes-marz-2024'
    >>> slug_of("Події 2024", "dataset") == slug_of("Втрати 2024", "dataset")
    False
    """
    letters = unicodedata.normalize("NFKD", name.lower())
    plain = "".join(one for one in letters if not unicodedata.combining(one))
    stem = re.sub(r"[^a-z0-9]+", "-", plain).strip("-") or otherwise
    if not any(one.isalnum() and not one.isascii() for one in plain):
        return stem[:60]
    return f"{stem[:LONGEST_STEM]}-{hashlib.sha256(letters.encode()).hexdigest()[:8]}"
