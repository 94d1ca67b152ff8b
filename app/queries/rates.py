"""The killed per 100,000 people of regions."""

from __future__ import annotations

from app.domain.answer import JsonObject
from app.publishing.publish import Published

RATE = "killed_per_100k"
"""The metric with which rows have a rate of their own, too."""


def add_rates(published: Published, rows: list[JsonObject]) -> None:
    """Add to regions the killed per 100,000 people, where both numbers are known."""
    regions = published.query.regions.regions
    people = {region.code: (region.population, region.population_year) for region in regions}
    for row in rows:
        low, (population, year) = row["killed"]["low"], people.get(row["key"], (None, None))
        has_rate = low is not None and population
        row[RATE] = round(low / population * 1e5, 3) if has_rate else None
        row["population"], row["population_year"] = population, year
