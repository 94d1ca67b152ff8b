"""Credits of pictures: each with its licence, and the source of the borders."""

from __future__ import annotations

from collections.abc import Sequence

from app.domain.instants import rfc3339
from app.domain.terms import Dataset, Face
from app.i18n import WATERMARK
from app.i18n.values import day_text
from app.publishing.publish import control_dataset, publish
from app.publishing.query import Query
from app.queries.words.filters import filter_texts

BASEMAP_CREDITS = "Natural Earth; GeoNames (CC BY 4.0)"


def basemap_credits(query: Query) -> list[str]:
    """Credit the ground under the marks."""
    streets = query.streets
    return [BASEMAP_CREDITS] if streets is None else [BASEMAP_CREDITS, streets.credit]


def layer_credits(query: Query, layer: str) -> tuple[str, ...]:
    """Credit the data of a layer, and the source of the borders."""
    datasets: list[Dataset] = []
    for name, face in (("regions", Face.aggregates), ("incidents", Face.tiles)):
        if layer in (name, "map"):
            datasets += publish(query, face).datasets
    if layer in ("control", "map"):
        source = control_dataset(query, Face.tiles)
        datasets += [] if source is None else [source]
    lines = [f"{dataset.credit} ({dataset.licence})" for dataset in datasets]
    if layer in ("basemap", "labels", "map"):
        lines += basemap_credits(query)
    return tuple(filter(None, (*dict.fromkeys(lines), query.theatre.remark(query.view.lang))))


def tile_metadata(query: Query, layer: str, credits: Sequence[str]) -> dict[str, str]:
    """Write credits and a description for a picture's metadata: a tile has no room for them."""
    view, words = query.view, query.words
    ends = (("tile_from", view.first), ("tile_to", view.last))
    days = [words[name].format(day=day_text(view.lang, day)) for name, day in ends if day]
    period = " ".join(days) or words["export_all_days"]
    version = words["tile_version"].format(seq=query.state.seq)
    as_of = rfc3339(view.as_of) if view.as_of else version
    description = words["tile_told"].format(layer=layer, days=period, known=as_of)
    invented = f"; {WATERMARK[view.lang]}" if view.synthetic else ""
    filters = "".join(f"; {one.text}" for one in filter_texts(query))
    return {
        "Description": f"{description}{filters}{invented}",
        "Copyright": " · ".join(credits),
    }
