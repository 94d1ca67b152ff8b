"""What OpenAPI says of the shared parameters and of problem documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app.domain.answer import JsonObject
from app.domain.drawn_area import MOST_CORNERS
from app.domain.field import Field
from app.domain.fields import FIELDS
from app.domain.languages import LANGUAGES
from app.domain.view import COLOURS_BY, METRICS, PALETTES, SIZES_BY
from app.queries.attributes import KIND_SCHEMAS

Described = tuple[str, JsonObject]
"""What a parameter means, and its JSON schema."""

VIEW_PARAMETERS: dict[str, Described] = {
    "from": ("first day, included, in the theatre's zone", {"type": "string", "format": "date"}),
    "to": ("last day, included", {"type": "string", "format": "date"}),
    "as_of": ("what was known then: an instant, or a past date for its end", {"type": "string"}),
    "bbox": ("west,south,east,north in degrees", {"type": "string"}),
    "within": (
        f"an area: longitude,latitude of 3 to {MOST_CORNERS} corners in degrees",
        {"type": "string"},
    ),
    "region": ("ISO 3166-2 codes, comma separated", {"type": "string"}),
    "level": ("administrative level", {"type": "integer", "enum": [1, 2]}),
    "weapon": ("weapon classes; a class includes its members", {"type": "string"}),
    "sector": ("sectors with damage", {"type": "string"}),
    "status": ("how far records were checked", {"type": "string"}),
    "kind": ("kinds of event: strike, battle, other_harm; all but battles", {"type": "string"}),
    "dataset": (
        "datasets; several are added up only where each two were compared",
        {"type": "string"},
    ),
    "min_killed": ("at least so many killed", {"type": "integer", "minimum": 0}),
    "metric": ("what regions are coloured by", {"type": "string", "enum": list(METRICS)}),
    "lang": ("language of names", {"type": "string", "enum": list(LANGUAGES)}),
    "theatre": ("theatre", {"type": "string"}),
    "control": ("dataset of the control layer", {"type": "string"}),
    "freeze": (
        "a day whose line is taken as fixed, in place of each day's own",
        {"type": "string", "format": "date"},
    ),
    "line_km": (
        "at most so many km from the front line of the incident's day",
        {"type": "number", "minimum": 0, "exclusiveMinimum": True},
    ),
    "side": ("who held the ground that day: parties, or not_stated", {"type": "string"}),
    "colour_by": (
        "what marks are coloured by; side follows `control` and `freeze`",
        {"type": "string", "enum": list(COLOURS_BY)},
    ),
    "size_by": ("which figure sets the size of marks", {"type": "string", "enum": list(SIZES_BY)}),
    "palette": ("the colours of regions", {"type": "string", "enum": list(PALETTES)}),
    "synthetic": (
        "1 shows invented data, 0 real data; never both",
        {"type": "integer", "enum": [0, 1]},
    ),
}

PROBLEM = {
    "description": "Problem document (RFC 9457): what was wrong, got and allowed",
    "content": {
        "application/problem+json": {
            "schema": {
                "type": "object",
                "required": ["type", "title", "status", "detail", "errors"],
                "properties": {
                    "type": {"type": "string"},
                    "title": {"type": "string"},
                    "status": {"type": "integer"},
                    "detail": {"type": "string"},
                    "errors": {
                        "type": "array",
                        "items": {
                            "type": "object",
                            "properties": {
                                "where": {"type": "string"},
                                "got": {"type": "string"},
                                "allowed": {"type": "string"},
                            },
                        },
                    },
                },
            }
        }
    },
}


def documented(media: str = "application/json", /, **own: Described) -> JsonObject:
    """Describe an address that takes a View and some parameters of its own."""
    parameters = [
        {"name": name, "in": "query", "description": text, "schema": schema}
        for name, (text, schema) in {**VIEW_PARAMETERS, **own}.items()
    ]
    answers = {
        "200": {"description": "The answer", "content": {media: {"schema": {}}}},
        "304": {"description": "Not changed since the given ETag"},
        "403": PROBLEM,
        "404": PROBLEM,
        "422": PROBLEM,
        "429": PROBLEM,
        "503": PROBLEM,
    }
    return {"parameters": parameters, "responses": answers}


STANDARD_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: PROBLEM,
    "4XX": {**PROBLEM, "description": "Another refusal, as a problem document"},
}
"""What the addresses of OGC answer to bad input; `app.api.problems` takes the status from here."""


def standard(
    media: str = "application/json", form: str = "json", /, **own: Described
) -> JsonObject:
    """Describe an address of OGC: it takes `f` too, and bad input is a 400."""
    described = documented(
        media, f=("the form of the answer", {"type": "string", "enum": [form]}), **own
    )
    described["responses"].pop("422")
    return described


def standard_page(media: str = "application/json", /, **own: Described) -> JsonObject:
    """Describe an address of OGC that people can read as a page, too."""
    described = standard(media, "json", **own)
    form = next(one for one in described["parameters"] if one["name"] == "f")
    form["schema"] = {"type": "string", "enum": ["json", "html"]}
    described["responses"]["200"]["content"]["text/html"] = {"schema": {}}
    return described


TYPES: Mapping[str, JsonObject] = {
    **KIND_SCHEMAS,
    "count": {"oneOf": [{"type": "integer", "minimum": 0}, {"type": "object"}]},
}


def field_schemas(fields: Sequence[Field] = FIELDS, *, is_nullable: bool = False) -> JsonObject:
    """Describe the editable fields of an incident as properties of a body, by name."""
    return {
        one.name: {
            "description": one.meaning + (f" ({one.unit})" if one.unit else ""),
            **TYPES[one.kind],
            **({"nullable": True} if is_nullable else {}),
        }
        for one in fields
        if one.role == "editable"
    }
