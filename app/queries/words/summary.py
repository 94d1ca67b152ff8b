"""A summary in plain words: what somebody who cannot see the map is told first."""

from __future__ import annotations

from app.domain.answer import JsonObject
from app.i18n import strings
from app.i18n.values import count_text, day_text, number
from app.publishing.publish import Published
from app.queries.words.filters import filter_texts

UNSTATED = "unknown"
NAMED = 3
"""How many regions and sectors are named."""


def summary_sentences(published: Published, summary: JsonObject) -> list[str]:
    """Say a summary by region in sentences of the View's language, unknowns and gaps included.

    An empty period is said to be one in which nothing is recorded, never one without harm.
    """
    view, words = published.view, strings(published.view.lang)
    view_texts = {
        "theatre": published.theatre.name[view.lang],
        "from": day_text(view.lang, view.first) if view.first else words["beginning"],
        "to": day_text(view.lang, view.last) if view.last else words["today"],
        "sources": ", ".join(one.name for one in published.datasets),
    }
    sum_, gaps = summary["totals"], summary["coverage"]
    if not published.datasets:
        withheld = gaps["withheld"]["terms"]
        return (
            [words["withheld_all"].format(n=number(view.lang, withheld))]
            if withheld
            else [words["text_no_data"]]
        )
    if sum_ is None:
        return [words["several_datasets"]]
    filters = "; ".join(one.text for one in filter_texts(published.reference, view))
    only = [words["text_only"].format(filters=filters)] if filters else []
    if not sum_["incidents"]:
        # What is filtered away is recorded all the same.
        return [*only, words["text_none_fits" if filters else "text_nothing"].format(**view_texts)]
    incidents = words["text_incidents"].format(n=number(view.lang, sum_["incidents"]), **view_texts)
    sentences = [*only, incidents, _toll(view.lang, sum_)]
    sentences += _most(
        view.lang, "text_regions", [(row["name"], row["incidents"]) for row in summary["rows"]]
    )
    sectors = published.reference.taxonomy.sectors
    hit = [
        (sectors.label(code, view.lang), one["damaged"])
        for code, one in sum_["damage"].items()
        if code != UNSTATED
    ]
    sentences += _most(view.lang, "text_sectors", hit)
    left_out = {"not_on_map": summary["not_on_map"], "undated": gaps["undated"]}
    left_out |= {"spanning": gaps["spanning"], "withheld": sum(gaps["withheld"].values())}
    sentences += [
        words[name].format(n=number(view.lang, n)) + "." for name, n in left_out.items() if n
    ]
    return sentences


def _toll(lang: str, sum_: JsonObject) -> str:
    return strings(lang)["text_toll"].format(
        killed=count_text(lang, sum_["killed"]),
        killed_known=number(lang, sum_["killed"]["known"]),
        injured=count_text(lang, sum_["injured"]),
        injured_known=number(lang, sum_["injured"]["known"]),
        of=number(lang, sum_["incidents"]),
    )


def _most(lang: str, key: str, counts: list[tuple[str, int]]) -> list[str]:
    """Name the greatest of some counts; nothing where there is none."""
    most = sorted((one for one in counts if one[1]), key=lambda one: (-one[1], one[0]))[:NAMED]
    names = ", ".join(f"{name} ({number(lang, n)})" for name, n in most)
    return [strings(lang)[key].format(list=names)] if most else []
