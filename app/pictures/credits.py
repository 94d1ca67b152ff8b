"""Credits of pictures: each with its licence, and the source of the borders."""

from __future__ import annotations

from app.domain.terms import Dataset, Face
from app.publishing.publish import control_dataset, publish
from app.publishing.query import Query

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
