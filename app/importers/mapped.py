"""Tables and files of points of any schema, by a saved mapping of their columns to our fields."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from app.domain.count import TOLLS
from app.domain.errors import InputError, InvalidFile, NeedsMapping
from app.domain.mapping import DAYS, TOLL_PARTS, Notation, TableMapping, checked
from app.domain.place import LonLat
from app.files import parsing
from app.files.sheets import Cells, is_workbook, squeezed, table
from app.files.source import BadFieldError, Rejection, SourceFile, rejection
from app.importers import native
from app.importers.base import Context, Dropped, Outcome, ParsedRecord, Warned
from app.importers.geocoding import Geocoder
from app.importers.notation import WRITTEN, day_of
from app.importers.points import PointFeature, kind_of, point_features
from app.importers.words import Words

MAKE_ONE = (
    "--mapping M.toml, which says what its columns mean; `strikemap mapping suggest FILE "
    "--out M.toml` proposes one"
)
PARTS = {toll: [f"{toll}{part}" for part in TOLL_PARTS if part] for toll in TOLLS}
PAIR = re.compile(r"\s*(-?\d+(?:\.\d+)?)\s*[,;\s]\s*(-?\d+(?:\.\d+)?)\s*")
DAMAGE = {
    "object_kind": "object_kind",
    "object_name": "name",
    "grade": "grade",
    "damage_count": "count",
}


class Mapped:
    """Reads a table by a mapping, and warns of the columns that the mapping leaves out."""

    name = "mapped"
    dataset = None
    publisher = None
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise any workbook; only a mapping can give the meaning of its columns."""
        return "a workbook; a mapping says what its columns mean" if is_workbook(source) else None

    def mapping(self, source: SourceFile) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """The mapping file says which columns are read."""
        return {}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per row.

        Raises:
            NeedsMapping: there is no mapping.
            InvalidFile: the mapping is for another file.
        """
        return _outcomes(source, context)


class VectorPoints:
    """Reads points of any schema by the same kind of mapping."""

    name = "vector_points"
    dataset = None
    publisher = None
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise points in a GeoPackage, shapefile, geodatabase, GeoJSON or GeoParquet file."""
        return kind_of(source)

    def mapping(self, source: SourceFile) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """The mapping file says which fields are read."""
        return {}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one outcome per feature.

        Raises:
            NeedsMapping: there is no mapping.
            InvalidFile: the file cannot be read.
        """
        return _outcomes(source, context)


def _outcomes(source: SourceFile, context: Context) -> Iterator[Outcome]:
    if context.table is None:
        raise NeedsMapping(f"columns of {source.name}", "no mapping", MAKE_ONE)
    mapping = checked(context.table)
    reader, is_points = _RowReader(mapping, context, source), mapping.has_points or kind_of(source)
    yield from reader.of_points(point_features(source)) if is_points else reader.of_table()


class _RowReader:
    def __init__(self, mapping: TableMapping, context: Context, source: SourceFile) -> None:
        self.mapping, self.context, self.source = mapping, context, source
        self.words, self.geocoder = Words(context), Geocoder(context)

    def of_table(self) -> Iterator[Outcome]:
        """Read a table's rows."""
        body = table(self.source, header_row=self.mapping.header_row, sheet=self.mapping.sheet)
        yield from self._check_columns(body.names)
        for row in body.rows:
            yield (
                row
                if isinstance(row, Rejection)
                else self._outcome(row[0], PointFeature(row[1], None))
            )
        yield from self.words.warnings()
        yield from self.geocoder.warnings()

    def of_points(self, features: Iterator[PointFeature]) -> Iterator[Outcome]:
        """Read features; the columns are the fields of all features together."""
        names, missing = set[str](), set(self.mapping.columns)
        for row, feature in enumerate(features, 1):
            names |= feature.fields.keys()
            missing -= feature.fields.keys()
            yield self._outcome(row, feature)
        if missing:
            names_text = ", ".join(sorted(missing))
            yield Warned(f"Fields of the mapping that no feature fills: {names_text}.")
        yield from self._unmapped_warnings(sorted(names))
        yield from self.words.warnings()
        yield from self.geocoder.warnings()

    def _check_columns(self, names: list[str]) -> Iterator[Warned]:
        missing = [name for name in self.mapping.columns if name not in names]
        if missing:
            where = f"columns of {self.source.name}"
            raise InvalidFile(where, f"no {', '.join(missing)}", f"{', '.join(names)}")
        yield from self._unmapped_warnings(names)

    def _unmapped_warnings(self, names: list[str]) -> Iterator[Warned]:
        if others := [name for name in names if name not in self.mapping.columns]:
            yield Warned(f"Columns that the mapping leaves out: {', '.join(others)}.")

    def _outcome(self, row: int, feature: PointFeature) -> Outcome:
        try:
            point = feature.checked_point()
            values = self._values(feature.fields)
            if self.words.is_abroad(parsing.text(values, "country")):
                return Dropped(row, "other_country")
            point = self._point(values) or (point if self.mapping.has_points else None)
            if point is None and self.mapping.geocode:
                point = self.geocoder.placed(values)
            if point is None:
                values.update(precision=None, error_m=None)
            return ParsedRecord(row, native.incident_from(values, point, self.context))
        except (BadFieldError, InputError) as wrong:
            return rejection(row, wrong)

    def _values(self, cells: Cells) -> dict[str, object]:
        """Turn the cells of a row into the nested values of our own format."""
        texts_by_field: dict[str, list[str]] = {
            name: [text] for name, text in self.mapping.constants.items()
        }
        for column, to in self.mapping.columns.items():
            if column in cells:
                texts_by_field.setdefault(to, []).append(cells[column])
        values: dict[str, object] = {
            name: self._read(name, texts) for name, texts in texts_by_field.items()
        }
        if not values.get("start"):
            raise BadFieldError("start", "", WRITTEN[self.mapping.dates or Notation.ymd])
        for toll in TOLLS:
            values[toll] = _toll(values, toll)
        values["damage"] = _damage(values)
        values["sources"] = _sources(values, texts_by_field.get("source_url", []))
        return values

    def _read(self, name: str, texts: list[str]) -> object:
        """Read one field: days by the notation, words by their crosswalk, other text unchanged."""
        crosswalk = self.mapping.words.get(name, {})
        if name in DAYS:
            zone = self.mapping.constants.get("zone")
            return day_of(texts[0], self.mapping.dates or Notation.ymd, name, zone)
        if name == "weapons":
            terms = self.context.taxonomy.weapons
            codes = [self.words.codes(name, text, terms, crosswalk) for text in texts]
            return list(dict.fromkeys(code for group in codes for code in group))
        if name == "sector":
            return next(
                iter(self.words.codes(name, texts[0], self.context.taxonomy.sectors, crosswalk)),
                None,
            )
        if name == "admin1":
            return self.words.region(texts[0], crosswalk)
        word = crosswalk.get(squeezed(texts[0]), texts[0]) if crosswalk else "\n".join(texts)
        return (self.words.country(word) or word) if name == "country" else word

    def _point(self, values: Mapping[str, object]) -> LonLat | None:
        """Read the coordinates; None without them, never 0, 0; one of two alone is refused."""
        for name in ("lat_lon", "lon_lat"):
            if text := parsing.text(values, name):
                pair = PAIR.fullmatch(text)
                if pair is None:
                    raise BadFieldError(name, text, "two numbers in degrees")
                first, second = pair.groups()
                lon_first = name == "lon_lat"
                return parsing.point_from(*((first, second) if lon_first else (second, first)))
        lon, lat = values.get("lon"), values.get("lat")
        if self.mapping.decimal_comma:
            lon, lat = (None if one is None else str(one).replace(",", ".") for one in (lon, lat))
        return parsing.point_from(lon, lat)


def _toll(values: Mapping[str, object], toll: str) -> object:
    """Return the parts of one toll, nested as in our own GeoJSON."""
    if not any(name in values for name in PARTS[toll]):
        return values.get(toll)
    bounds = {part: values.get(f"{toll}_{part}") for part in ("low", "best", "high")}
    kinds = {part: values.get(f"{toll}_{part}") for part in ("civilian", "military", "unknown")}
    by_kind = {part: text for part, text in kinds.items() if text}
    child = values.get(f"{toll}_child")
    if total := values.get(toll):
        bounds = dict.fromkeys(bounds, total)
    return {
        **bounds,
        **({"by_kind": by_kind} if by_kind else {}),
        **({"child": child} if child else {}),
    }


def _damage(values: Mapping[str, object]) -> list[dict[str, object]]:
    details = {to: values.get(name) for name, to in DAMAGE.items() if values.get(name)}
    sector = values.get("sector")
    return [{"sector": sector or "unknown", **details}] if sector or details else []


def _sources(values: Mapping[str, object], urls: list[str]) -> list[dict[str, object]]:
    about = {
        name: values.get(f"source_{name}")
        for name in ("publisher", "published")
        if values.get(f"source_{name}")
    }
    links = [link for text in urls for link in text.split()]
    return [{"url": link, **about} for link in links] or ([about] if about else [])
