"""Control areas of any source: GeoPackage, zipped shapefile or GeoJSON, with named fields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from app.domain.control import ControlStatus
from app.domain.errors import InputError, InvalidFile
from app.files import parsing
from app.files.layers import (
    Area,
    geojson_areas,
    geopackage_areas,
    has_shapefile,
    is_geopackage,
    shapefile_areas,
    stated_crs,
)
from app.files.source import BadFieldError, SourceFile, decoded_head, load_json, rejection
from app.importers.base import Context, Outcome
from app.importers.control_days import ControlDays

WORDS = {
    "occupied": ControlStatus.assessed,
    "controlled": ControlStatus.assessed,
    "control": ControlStatus.assessed,
    "liberated": ControlStatus.regained,
    "advances": ControlStatus.advance,
    "infiltration": ControlStatus.contested,
    "grey": ControlStatus.unknown,
    "gray": ControlStatus.unknown,
}
"""Words of other sources beside our own, in lower case."""


class VectorControl:
    """Reads every polygon of a file; the choices name the fields to read."""

    name = "vector_control"
    dataset = None
    publisher = None
    licence = "internal"

    def recognises(self, source: SourceFile) -> str | None:
        """Recognise a GeoPackage, a zipped shapefile, or polygons in GeoJSON."""
        if is_geopackage(source):
            return "a GeoPackage"
        if has_shapefile(source):
            return "a zip with a shapefile"
        head = decoded_head(source)
        if head.lstrip().startswith("{") and "FeatureCollection" in head and 'Polygon"' in head:
            return "a feature collection with polygons"
        return None

    def mapping(self, source: SourceFile) -> dict[str, str]:  # noqa: ARG002  every importer takes it
        """The choices name the other fields that are read."""
        return {"geometry": "areas"}

    def read(self, source: SourceFile, context: Context) -> Iterator[Outcome]:
        """Yield one snapshot per day, and one rejection for each faulty area."""
        _check(source, context)
        days = ControlDays(context)
        for row, feature in enumerate(_areas(source), 1):
            try:
                days.add(row, _values(feature.fields, context), feature.required_shape())
            except (BadFieldError, InputError) as wrong:
                yield rejection(row, wrong)
        yield from days.outcomes()


def _check(source: SourceFile, context: Context) -> None:
    """Refuse a file of which neither fields nor choices give the day and the party.

    Raises:
        InvalidFile: no day, or no party that controls the areas.
    """
    choices = context.choices
    if choices.valid_on is None and choices.valid_on_field is None:
        raise InvalidFile(
            f"date of {source.name}", "none", "--valid-on DAY or --valid-on-field NAME"
        )
    if choices.controller is None and choices.controller_field is None:
        allowed = "--controller PARTY or --controller-field NAME"
        raise InvalidFile(f"controller of {source.name}", "none", allowed)


def _areas(source: SourceFile) -> Iterable[Area]:
    if is_geopackage(source):
        return geopackage_areas(source)
    if has_shapefile(source):
        return shapefile_areas(source)
    document = load_json(source)
    return geojson_areas(document, source, stated_crs(document))


def _values(fields: Mapping[str, object], context: Context) -> dict[str, object]:
    choices = context.choices
    word = _text(fields, choices.status_field, "status-field")
    day_text = _text(fields, choices.valid_on_field, "valid-on-field")[: parsing.DAY_LENGTH]
    controller = _text(fields, choices.controller_field, "controller-field")
    return {
        "valid_on": day_text or ("" if choices.valid_on is None else str(choices.valid_on)),
        "controller": controller.lower() or choices.controller,
        "status": WORDS.get(word.lower(), word.lower()),
        "word": word or None,
        "includes": [str(part) for part in choices.includes],
    }


def _text(fields: Mapping[str, object], name: str | None, option: str) -> str:
    """Read the field `name`; "" if `name` is None or the field is empty."""
    if name is None:
        return ""
    if name not in fields:
        raise BadFieldError(option, name, f"one of {', '.join(fields) or 'no field at all'}")
    value = fields[name]
    return "" if value is None else str(value).strip()
