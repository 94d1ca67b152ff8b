"""The sums by region as lines of text: the page of the table and a saved page show the same."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.answer import JsonObject
from app.i18n import strings
from app.i18n.values import count_text, number
from app.queries.sums import RATE


def region_rows(language: str, summary: JsonObject, sort: str = "name") -> list[JsonObject]:
    """Write the rows of a summary by region as text, sorted, elsewhere and the total last."""
    words = strings(language)
    regions = [row for row in summary["rows"] if row["incidents"]]
    if sort != "name":
        regions.sort(key=lambda row: -_worth(row.get(sort)))
    rows = [_region_row(language, row["name"], row) for row in regions]
    if summary["elsewhere"] and summary["elsewhere"]["incidents"]:
        rows.append(_region_row(language, words["elsewhere"], summary["elsewhere"]))
    if summary["totals"]:
        rows.append(_region_row(language, words["total"], summary["totals"]))
    return rows


def _worth(value: object) -> float:
    """Order counts by what is known at least; unknown comes last."""
    least = value
    if isinstance(value, Mapping):
        least = value["low"] if value["low"] is not None else value["best"]
    return float(least) if isinstance(least, int | float) else -1


def _region_row(language: str, name: str, row: JsonObject) -> JsonObject:
    killed = row["killed"]
    return {
        "name": name,
        "incidents": number(language, row["incidents"]),
        "killed": count_text(language, killed) if row["incidents"] else "–",
        "rate": _rate_text(language, row),
        "injured": count_text(language, row["injured"]) if row["incidents"] else "–",
        "damaged": number(language, row["damaged"]),
        "known": f"{number(language, killed['known'])} / {number(language, killed['of'])}",
    }


def _rate_text(language: str, row: JsonObject) -> str:
    """Say the dead of 100,000 people, at least; a sum of regions has no people of its own."""
    if RATE not in row:
        return "–"
    words = strings(language)
    if row[RATE] is None:
        return words["unknown"]
    rate, killed = number(language, row[RATE]), row["killed"]
    return rate if killed["low"] == killed["high"] else words["at_least"].format(n=rate)
