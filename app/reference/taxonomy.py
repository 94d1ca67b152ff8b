"""Weapon classes and sectors, with labels by language and a bit for each in the index."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from app.domain.languages import LANGUAGES


@dataclass(frozen=True)
class CodeList:
    """One taxonomy: codes in file order, each with labels; the order gives the bit."""

    entries: tuple[Mapping[str, object], ...]

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """List the codes in file order."""
        return tuple(str(entry["code"]) for entry in self.entries)

    @cached_property
    def bit(self) -> Mapping[str, int]:
        """Map each code to its own bit (1, 2, 4…)."""
        return {code: 1 << place for place, code in enumerate(self.codes)}

    def label(self, code: str, language: str) -> str:
        """Name a code in a language, else in English; the code itself when it has no label."""
        entry = self.entries[self.codes.index(code)]
        return str(entry.get(language) or entry.get(LANGUAGES[0]) or code)

    def bits(self, codes: Iterable[str]) -> int:
        """Combine codes into a mask; nothing for none."""
        mask = 0
        for code in codes:
            mask |= self.bit[code]
        return mask

    def family_bits(self, codes: Iterable[str]) -> int:
        """Combine codes into a mask in which a class includes its members ("missile.cruise")."""
        names = tuple(codes)
        members = [code for code in self.codes if code in names or code.split(".")[0] in names]
        return self.bits(members)

    @cached_property
    def may_be(self) -> Mapping[str, tuple[str, ...]]:
        """The classes that a weapon known only coarsely can be, by its code."""
        return {
            str(entry["code"]): tuple(map(str, codes))
            for entry in self.entries
            if isinstance(codes := entry.get("may_be"), list)
        }

    def unpack(self, mask: int) -> tuple[str, ...]:
        """List the codes of a mask, in file order."""
        return tuple(code for code in self.codes if mask & self.bit[code])

    @cached_property
    def delayed_bits(self) -> int:
        """The bits of codes that the public sees only by region during the theatre's delay."""
        return self.bits(str(entry["code"]) for entry in self.entries if entry.get("delayed"))


@dataclass(frozen=True)
class ColumnNames:
    """Names of columns as lower-case words: the field of each, and those of names of people."""

    field_of: Mapping[str, str]
    people: frozenset[str]


@dataclass(frozen=True)
class Taxonomy:
    """All taxonomies and the crosswalks from the words of import formats."""

    folder: Path

    @cached_property
    def weapons(self) -> CodeList:
        """Weapon classes in two levels."""
        return CodeList(tuple(_toml(self.folder / "weapons.toml")["weapon"]))

    @cached_property
    def sectors(self) -> CodeList:
        """Sectors of what was hit."""
        return CodeList(tuple(_toml(self.folder / "sectors.toml")["sector"]))

    @cached_property
    def columns(self) -> ColumnNames:
        """Names of columns that people give the fields of an incident, in both languages."""
        content = _toml(self.folder / "columns.toml")
        field_of = {name: field for field, names in content["fields"].items() for name in names}
        return ColumnNames(field_of, frozenset(content["people"]["names"]))

    def crosswalk(self, importer: str) -> Mapping[str, Mapping[str, str]]:
        """Read the codes of one format's words, by field."""
        return _toml(self.folder / "crosswalks" / f"{importer}.toml")


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text("utf-8"))
