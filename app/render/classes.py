"""The classes of marks, and how another program reads a mark's class from a feature's text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from app.render.palette import Mark

REST = "*"
"""The class of the datasets or parties that get no colour of their own; no slug is like it."""


class MarkClass(NamedTuple):
    """A class of marks: its code, its name in the View's language, and its look."""

    code: str
    label: str
    mark: Mark


class ClassColumn(NamedTuple):
    """The column with the class of each feature; `separator` is between the codes of weapons.

    Without a separator the column has the code of the class itself.
    """

    name: str
    separator: str = ""

    def qgis(self) -> str:
        """Write the expression of QGIS that gives the code of a feature's class.

        >>> ClassColumn("class").qgis()
        '"class"'
        """
        if not self.separator:
            return f'"{self.name}"'
        # The first weapon gives the class, and "unknown" goes behind what is known.
        family = rf"'^(?:unknown[{self.separator}])?([a-z_]+)'"
        return f"coalesce(regexp_substr(\"{self.name}\", {family}), 'unknown')"

    def code_of(self, properties: Mapping[str, Any]) -> str:
        """Return the code of an incident's class, from its properties as the API writes them."""
        codes = properties[self.name]
        if not self.separator:
            return str(codes)
        known = (code for code in codes if code != "unknown")
        return str(next(known, "unknown")).split(".")[0]

    def patterns(self, code: str) -> Iterator[str]:
        """Yield the texts of a class's features, with `*` for any other text.

        >>> list(ClassColumn("weapons", "|").patterns("drone"))
        ['drone', 'drone.*', 'drone|*', 'unknown|drone', 'unknown|drone|*']
        """
        yield code
        if self.separator and code != "unknown":
            yield f"{code}.*"
            yield f"{code}{self.separator}*"
            yield f"unknown{self.separator}{code}"
            yield f"unknown{self.separator}{code}{self.separator}*"


class MarkStyle(NamedTuple):
    """The classes of marks, and the column that tells them apart."""

    column: ClassColumn
    classes: tuple[MarkClass, ...]
