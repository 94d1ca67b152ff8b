"""Reads the rows of a boundary file as regions with keys, names, parents and people."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import shapely
from shapely import MultiPolygon

from app.domain.errors import InvalidFile
from app.domain.region import Region, RegionSet
from app.instance.workspace import Workspace
from app.intake.regions.layers import RegionOrder, choose_layer
from app.reference.boundaries import read_layers
from app.reference.columns import ISO_CODE, OWN_IDS, text_of
from app.reference.population import People, PopulationRow, people_count, read_people

COUNTRY_CODE = re.compile(r"[A-Z]{2}-?\d")
OWN_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
MOST_UNITS = 10_000
"""Of one level: the index numbers regions with 16 bits."""

MARGIN_DEG = 1.0
"""How far beyond the shipped outline better boundaries may reach; swapped axes lie farther off."""

SHOWN_CODES = 10


@dataclass(frozen=True)
class _Unit:
    """One row of the file, with the values of its columns."""

    row: int
    code: str
    name_en: str | None
    names: Mapping[str, str]
    parent: str | None
    people: int | None
    shape: MultiPolygon

    def name_or(self, code: str) -> str:
        """Name the unit in English, else in any language, else by a code."""
        return self.name_en or next(iter(self.names.values()), code)


class RegionReading:
    """One file on its way to a region set; `notes` collects what a person should know."""

    def __init__(self, workspace: Workspace, order: RegionOrder) -> None:
        self._order, self._name = order, order.path.name
        self._reference = workspace.reference
        self._theatre = workspace.reference.theatres[order.theatre]
        self.notes: list[str] = []
        layers = read_layers(order.path, workspace.max_file_bytes)
        self._layer, self.columns, self.level = choose_layer(layers, order, self._theatre)

    @cached_property
    def _shipped(self) -> Mapping[str, Region]:
        """The shipped units of level 1 by ISO code; each has its P-code."""
        return {one.code: one for one in self._reference.shipped(self._order.theatre).regions}

    @cached_property
    def _iso_by_pcode(self) -> Mapping[str, str]:
        return {one.pcode: code for code, one in self._shipped.items() if one.pcode}

    def _iso(self, code: str | None) -> str | None:
        """Translate a code of level 1; ISO code and P-code of one unit may differ in digits."""
        if code is None or ISO_CODE.fullmatch(code):
            return code
        return self._iso_by_pcode.get(code)

    def regions(self) -> list[Region]:
        """Read the units, each with its key, names and parent, in the order of their codes.

        Raises:
            InvalidFile: no codes, codes twice, another level, or units of another country.
        """
        units = self._units()
        regions = self._first_level(units) if self.level == 1 else self._second_level(units)
        twice = [code for code, count in Counter(one.code for one in regions).items() if count > 1]
        if twice:
            raise InvalidFile(
                f"codes in {self._name}", f"twice {_code_list(twice)}", "each code once"
            )
        if len(regions) > MOST_UNITS:
            raise InvalidFile(
                f"units in {self._name}", f"{len(regions):,}", f"up to {MOST_UNITS:,}"
            )
        if not shapely.coverage_is_valid([one.shape for one in regions]):
            self.notes.append(
                "units overlap or do not share their edges exactly; areas may overlap"
            )
        return sorted(regions, key=lambda one: one.code)

    def _units(self) -> list[_Unit]:
        codes = self._codes()
        outlines = self._layer.shapes()
        names_en = self._texts(self.columns.name_en)
        others = {one: self._texts(column) for one, column in self.columns.names.items()}
        parents, people = self._texts(self.columns.parent), self._texts(self.columns.population)
        units = [
            _Unit(
                row,
                code,
                names_en[row],
                {one: name for one, names in others.items() if (name := names[row])},
                parents[row],
                people_count(people[row]),
                shape,
            )
            for row, (code, shape) in enumerate(zip(codes, outlines.shapes, strict=True))
            if code is not None and shape is not None
        ]
        nameless = sum(code is None for code in codes)
        if nameless:
            self.notes.append(f"left out, without a code: {nameless} units")
        flat = [code for code, shape in zip(codes, outlines.shapes, strict=True) if shape is None]
        self._note("left out, without a polygon", filter(None, flat))
        self._note("shape repaired", (codes[row] or "" for row in outlines.repaired))
        if not units:
            raise InvalidFile(f"units in {self._name}", "none", "polygons with a code each")
        return units

    def _texts(self, column: str | None) -> list[str | None]:
        if column is None:
            return [None] * len(self._layer.columns[self.columns.code or ""])
        return [text_of(cell) for cell in self._layer.columns[column]]

    def _codes(self) -> list[str | None]:
        codes = self._texts(self.columns.code)
        if not any(codes):
            raise InvalidFile(f"column {self.columns.code} of {self._name}", "no codes", "codes")
        if self.columns.country_from_parent:
            pairs = zip(codes, self._texts(self.columns.parent), strict=True)
            codes = [code and parent and parent[:2] + code for code, parent in pairs]
        return codes

    def _first_level(self, units: Sequence[_Unit]) -> list[Region]:
        keyed = [(self._iso(unit.code), unit) for unit in units]
        unknown = [unit.code for code, unit in keyed if code is None]
        countries = self._theatre.countries
        outside = [code for code, _ in keyed if code is not None and code[:2] not in countries]
        outside += [code for code in unknown if code[:2] not in countries]
        if unknown and len(unknown) == len(units):
            allowed = "ISO 3166-2 codes, or P-codes of this theatre's first level"
            raise InvalidFile(f"codes of level 1 in {self._name}", _code_list(unknown), allowed)
        self._refuse_outside(outside or self._far_off(units))
        self._note("left out, a code that no unit of level 1 has", unknown)
        codes = {code for code, _ in keyed}
        self._note("not in the file, so in no region", (c for c in self._shipped if c not in codes))
        self._note(
            "new, not among the shipped units", (c for c in codes if c and c not in self._shipped)
        )
        return [self._unit_region(code, unit) for code, unit in keyed if code is not None]

    def _unit_region(self, code: str, unit: _Unit) -> Region:
        shipped = self._shipped.get(code)
        pcode = shipped.pcode if shipped else None
        name = shipped.name_en if shipped else unit.name_or(code)
        names = {**(shipped.names if shipped else {}), **unit.names}
        return Region(code, code[:2], 1, name, names, pcode, code[:2], unit.shape, unit.people)

    def _far_off(self, units: Sequence[_Unit]) -> list[str]:
        """List units that lie nowhere near the theatre's land."""
        shipped = [region.shape for region in self._shipped.values()]
        near = shapely.box(*shapely.total_bounds(shipped)).buffer(MARGIN_DEG)
        return [
            unit.code for unit in units if not near.intersects(unit.shape.representative_point())
        ]

    def _refuse_outside(self, codes: Sequence[str]) -> None:
        if codes:
            allowed = f"units of {', '.join(self._theatre.countries)} only"
            raise InvalidFile(f"units in {self._name}", f"outside: {_code_list(codes)}", allowed)

    def _second_level(self, units: Sequence[_Unit]) -> list[Region]:
        first = [unit.code for unit in units if self._iso(unit.code) in self._shipped]
        if len(first) * 2 > len(units):
            raise InvalidFile(f"level of {self._name}", f"level 1 ({_code_list(first)})", "level 2")
        odd = [unit.code for unit in units if not OWN_CODE.fullmatch(unit.code)]
        if odd:
            raise InvalidFile(f"codes in {self._name}", _code_list(odd), "letters, digits, - and .")
        self._refuse_outside(self._far_off(units))
        level1 = self._reference.region_set(self._order.theatre)
        self._refuse_outside([unit.code for unit in units if self._is_foreign(unit)])
        parents = {unit.row: self._parent(unit, level1) for unit in units}
        self._refuse_outside([unit.code for unit in units if parents[unit.row] is None])
        self._note_parents(units, level1, parents)
        is_pcode = self.columns.source != OWN_IDS
        if not is_pcode:
            self.notes.append(
                "no P-codes: the file's own ids are the keys; stated P-codes do not match"
            )
        return [
            Region(
                code=unit.code,
                country=parent.country,
                level=2,
                name_en=unit.name_or(unit.code),
                names=unit.names,
                pcode=unit.code if is_pcode else None,
                parent=parent.code,
                shape=unit.shape,
                population=unit.people,
            )
            for unit in units
            if (parent := parents[unit.row]) is not None
        ]

    def _is_foreign(self, unit: _Unit) -> bool:
        """Tell whether a unit's own code or its parent's begins with another country's letters."""
        codes = [unit.parent or ""]
        codes += [] if self.columns.source == OWN_IDS else [unit.code]
        lettered = [code for code in codes if COUNTRY_CODE.match(code)]
        return any(code[:2] not in self._theatre.countries for code in lettered)

    def _parent(self, unit: _Unit, level1: RegionSet) -> Region | None:
        """Return the parent as stated, else the region around the unit's inner point."""
        stated = self._iso(unit.parent)
        parent = next((region for region in level1.regions if region.code == stated), None)
        return parent or _around(unit.shape, level1.regions)

    def _note_parents(
        self, units: Sequence[_Unit], level1: RegionSet, parents: Mapping[int, Region | None]
    ) -> None:
        def stated(unit: _Unit) -> bool:
            parent = parents[unit.row]
            return parent is not None and self._iso(unit.parent) == parent.code

        self._note("parent found by place", (u.code for u in units if not stated(u)))
        parent_codes = {parent.code for parent in parents.values() if parent}
        self._note(
            "without any unit", (one.code for one in level1.regions if one.code not in parent_codes)
        )
        placed = {unit.row: _holder(unit.shape, level1.regions) for unit in units if stated(unit)}
        apart = (
            u.code for u in units if u.row in placed and placed[u.row] not in (None, parents[u.row])
        )
        self._note("stated parent is not the region its middle lies in", apart)

    def populated(self, regions: list[Region]) -> tuple[list[Region], int | None]:
        """Set the regions' number of people, from a table or from the file, never without its year.

        Raises:
            InvalidFile: the table cannot be read.
        """
        if self._order.population is not None:
            people = read_people(self._order.population, self._order.population_year)
            return self._with_people(regions, people), people.year
        year = self._order.population_year
        if year is None:
            if any(region.population for region in regions):
                self.notes.append("population not taken: give --population-year")
            return [replace(region, population=None) for region in regions], None
        dated = [
            replace(region, population_year=year if region.population else None)
            for region in regions
        ]
        self._note("without population", (one.code for one in dated if one.population is None))
        return dated, year

    def _with_people(self, regions: Sequence[Region], people: People) -> list[Region]:
        own = [row for row in people.rows if row.level == self.level]
        rows_of = _rows_by_region(own, regions)
        # The only unit of its parent has the parent's people.
        siblings = Counter(region.parent for region in regions)
        whole_of = {row.parent: row for row in people.rows if row.level < self.level}
        for region in regions:
            is_open = not rows_of[region.code] and siblings[region.parent] == 1
            if is_open and region.parent in whole_of:
                rows_of[region.code] = [whole_of[region.parent]]
        self._note(
            "population told twice, not taken", (c for c, rows in rows_of.items() if len(rows) > 1)
        )
        self._note("without population", (c for c, rows in rows_of.items() if not rows))
        used = {id(row) for rows in rows_of.values() for row in rows}
        self._note(
            "population of no unit here", (row.label() for row in own if id(row) not in used)
        )
        return [
            replace(one, population=rows[0].people, population_year=people.year)
            if len(rows := rows_of[one.code]) == 1
            else replace(one, population=None)
            for one in regions
        ]

    def _note(self, what: str, codes: Iterable[str]) -> None:
        if text := _code_list(codes):
            self.notes.append(f"{what}: {text}")


def _rows_by_region(
    rows: Iterable[PopulationRow], regions: Iterable[Region]
) -> dict[str, list[PopulationRow]]:
    """List the rows about each region; it is compared only with rows of its code or its parent."""
    rows_of = dict[str | None, list[PopulationRow]]()
    for row in rows:
        rows_of.setdefault(row.code or row.parent, []).append(row)
    return {
        one.code: [
            row
            for key in dict.fromkeys((one.code, one.pcode, one.parent))
            for row in rows_of.get(key, ())
            if row.means(one)
        ]
        for one in regions
    }


def _code_list(codes: Iterable[str]) -> str:
    """List the first codes, and the number of the others; nothing for none."""
    ordered = sorted(codes)
    more = len(ordered) - SHOWN_CODES
    return ", ".join(ordered[:SHOWN_CODES]) + (f" and {more} more" if more > 0 else "")


def _holder(shape: MultiPolygon, regions: Iterable[Region]) -> Region | None:
    inner = shape.representative_point()
    return next((region for region in regions if region.shape.contains(inner)), None)


def _around(shape: MultiPolygon, regions: Iterable[Region]) -> Region | None:
    """Find the region around a shape's inner point; a coarse coast may leave that in the sea."""
    candidates = list(regions)
    holder = _holder(shape, candidates)
    touched = [region for region in candidates if region.shape.intersects(shape)]
    if holder is not None or not touched:
        return holder
    return max(touched, key=lambda region: region.shape.intersection(shape).area)
