"""A summary in sentences, for readers who cannot see the map."""

from __future__ import annotations

from collections.abc import Mapping

from app.domain.answer import JsonObject
from app.i18n import strings
from app.i18n.values import count_text, day_text, number
from app.publishing.publish import Published
from app.queries.words.filters import filter_texts

UNSTATED = "unknown"
_MOST_NAMED = 3
"""At most so many regions and sectors have their name in a sentence."""


def summary_sentences(published: Published, summary: JsonObject) -> list[str]:
    """Write a summary by region in sentences of the View's language, with unknowns and gaps.

    Of an empty period it says that nothing is recorded, never that there was no harm.
    """
    words, lang = published.words, published.view.lang
    totals, gaps = summary["totals"], summary["coverage"]
    if not published.datasets:
        withheld = gaps["withheld"]["terms"]
        all_withheld = words["withheld_all"].format(n=number(lang, withheld))
        return [all_withheld if withheld else words["text_no_data"]]
    if totals is None and published.has_small_cells and published.is_summed:
        return _small_cells(published)
    if totals is None:
        return [words["several_datasets"]]
    filters = words["semicolon"].join(one.text for one in filter_texts(published.query))
    only = [words["text_only"].format(filters=filters)] if filters else []
    names = _names(published)
    if not totals["incidents"]:
        # Incidents that the filters exclude are recorded all the same.
        return [*only, words["text_none_fits" if filters else "text_nothing"].format(**names)]
    incidents = words["text_incidents"].format(n=number(lang, totals["incidents"]), **names)
    regions = [(row["name"], row["incidents"]) for row in summary["rows"]]
    sectors = published.reference.taxonomy.sectors
    damage = [
        (sectors.label(code, lang), sector["damaged"])
        for code, sector in totals["damage"].items()
        if code != UNSTATED
    ]
    greatest = [*_most(lang, "text_regions", regions), *_most(lang, "text_sectors", damage)]
    return [*only, incidents, *_tolls(lang, totals), *greatest, *_gaps(published, summary)]


def _names(published: Published) -> dict[str, str]:
    """Return the theatre, the period and the sources, as the sentences name them."""
    view, words = published.view, published.words
    return {
        "theatre": published.theatre.title(view.lang),
        "from": day_text(view.lang, view.first) if view.first else words["beginning"],
        "to": day_text(view.lang, view.last) if view.last else words["today"],
        "sources": words["comma"].join(one.name for one in published.datasets),
    }


def _gaps(published: Published, summary: JsonObject) -> list[str]:
    """Write a sentence for each kind of incident that the map or the sums do not include."""
    words, lang, gaps = published.words, published.view.lang, summary["coverage"]
    counts = {"not_on_map": summary["not_on_map"], "undated": gaps["undated"]}
    counts |= {"spanning": gaps["spanning"], "contradictory": gaps["contradictory"]}
    counts |= {"withheld": _without_cells(gaps["withheld"])}
    sentences = [words[name].format(n=number(lang, n)) + "." for name, n in counts.items() if n]
    return sentences + _small_cells(published)


def _without_cells(withheld: Mapping[str, int]) -> int:
    return withheld["terms"] + withheld["embargo"]


def _small_cells(published: Published) -> list[str]:
    """Say how many records are in no sum, since too few of their kind stand together."""
    hidden = published.withheld.get("small_cells", 0)
    words, least = published.words, published.workspace.smallest_cell
    return [words["small_cells"].format(n=hidden, k=least) + "."] if hidden else []


def _tolls(lang: str, totals: JsonObject) -> list[str]:
    """Write the tolls, and the soldiers among the killed where a source counts them."""
    words, soldiers = strings(lang), totals["killed"]["by_kind"]["military"]
    text = words["text_toll"].format(
        killed=count_text(lang, totals["killed"]),
        killed_known=number(lang, totals["killed"]["known"]),
        injured=count_text(lang, totals["injured"]),
        injured_known=number(lang, totals["injured"]["known"]),
        of=number(lang, totals["incidents"]),
    )
    if not soldiers["best"] and not soldiers["low"]:
        return [text]
    return [text, words["text_killed_military"].format(n=count_text(lang, soldiers))]


def _most(lang: str, key: str, counts: list[tuple[str, int]]) -> list[str]:
    """Write the names with the greatest counts; empty if all counts are 0."""
    most = sorted((one for one in counts if one[1]), key=lambda one: (-one[1], one[0]))[
        :_MOST_NAMED
    ]
    names = strings(lang)["comma"].join(f"{name} ({number(lang, n)})" for name, n in most)
    return [strings(lang)[key].format(list=names)] if most else []
