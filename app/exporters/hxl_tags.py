"""Hashtags of the Humanitarian Exchange Language (HXL 1.1) for the columns of a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

BOUND_TAGS = {"low": "min", "best": "best", "high": "max"}
TAGS: Mapping[str, str] = {
    "id": "#event+id",
    "dataset": "#meta+dataset",
    "first_day": "#date+start",
    "last_day": "#date+end",
    "place": "#loc+name",
    "region": "#adm1+code",
    "region_name": "#adm1+name",
    "lat": "#geo+lat",
    "lon": "#geo+lon",
    "precision": "#geo+precision",
    "weapons": "#event+weapon+list",
    "sectors": "#sector+list",
    "status": "#status",
    "description": "#description",
    "source_urls": "#meta+source+url+list",
    "recorded_at": "#date+recorded",
    "licence": "#meta+licence",
    "citation": "#meta+citation",
    **{
        f"{toll}_{bound}": f"#affected+{toll}+{tag}"
        for toll in ("killed", "injured")
        for bound, tag in BOUND_TAGS.items()
    },
    **{
        f"{toll}_{kind}_{bound}": f"#affected+{toll}+{attribute}+{tag}"
        for toll in ("killed", "injured")
        for kind, attribute in (("civilian", "civilians"), ("military", "military"))
        for bound, tag in BOUND_TAGS.items()
    },
}


def tags_of(columns: Iterable[str]) -> list[str]:
    """Return the hashtag of each column; a column without one has an empty cell, as HXL allows."""
    return [TAGS.get(name, "") for name in columns]
