"""A summary in plain words: what somebody who cannot see the map is told first."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.i18n import strings
from app.services.asking import narrowings
from app.services.publish import Published
from app.services.wording import count_text
from app.services.workspace import Workspace

UNSTATED = "unknown"
NAMED = 3
"""How many regions and sectors are named."""


def in_words(workspace: Workspace, published: Published, summary: Mapping[str, Any]) -> list[str]:
    """Say a summary by region in sentences of the View's language, unknowns and gaps included.

    An empty period is said to be one in which nothing is recorded, never one without harm.
    """
    view, words = published.view, strings(published.view.lang)
    told = {
        "theatre": published.theatre.name[view.lang],
        "from": view.first or words["beginning"],
        "to": view.last or words["today"],
        "sources": ", ".join(one.name for one in published.datasets),
    }
    sum_, covered = summary["totals"], summary["coverage"]
    if not published.datasets:
        withheld = covered["withheld"]["terms"]
        return [words["withheld_all"].format(n=withheld)] if withheld else [words["text_no_data"]]
    if sum_ is None:
        return [words["several_datasets"]]
    asked = "; ".join(one.text for one in narrowings(workspace.reference, view))
    only = [words["text_only"].format(filters=asked)] if asked else []
    if not sum_["incidents"]:
        # What is filtered away is recorded all the same.
        return [*only, words["text_none_fits" if asked else "text_nothing"].format(**told)]
    counted = words["text_incidents"].format(n=sum_["incidents"], **told)
    said = [*only, counted, _toll(words, sum_)]
    said += _most(
        words, "text_regions", [(row["name"], row["incidents"]) for row in summary["rows"]]
    )
    sectors = workspace.reference.taxonomy.sectors
    hit = [
        (sectors.label(code, view.lang), one["damaged"])
        for code, one in sum_["damage"].items()
        if code != UNSTATED
    ]
    said += _most(words, "text_sectors", hit)
    gaps = {"not_on_map": summary["not_on_map"], "undated": covered["undated"]}
    gaps |= {"spanning": covered["spanning"], "withheld": sum(covered["withheld"].values())}
    said += [words[name].format(n=n) + "." for name, n in gaps.items() if n]
    return said


def _toll(words: Mapping[str, str], sum_: Mapping[str, Any]) -> str:
    return words["text_toll"].format(
        killed=count_text(words, sum_["killed"]),
        killed_known=sum_["killed"]["known"],
        injured=count_text(words, sum_["injured"]),
        injured_known=sum_["injured"]["known"],
        of=sum_["incidents"],
    )


def _most(words: Mapping[str, str], key: str, counted: list[tuple[str, int]]) -> list[str]:
    """Name the greatest of some counts; nothing where there is none."""
    most = sorted((one for one in counted if one[1]), key=lambda one: (-one[1], one[0]))[:NAMED]
    return [words[key].format(list=", ".join(f"{name} ({n})" for name, n in most))] if most else []
