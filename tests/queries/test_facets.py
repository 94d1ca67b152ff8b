"""Counts beside the choices of a filter are what choosing would give."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from app.domain.place import Bounds
from app.domain.terms import Face
from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.publish import counted_rows, publish
from app.publishing.query import Query
from app.queries.facets import facets, line_facets
from app.queries.places import PlaceFinder
from app.queries.region_sums import unmarked_by_region
from app.queries.sums import summarise
from app.queries.words.summary import summary_sentences
from tests.making import NOON
from tests.support import imported, table

NOWHERE = {"source_key": "1", "start": "2024-03-10", "precision": "country", "lon": "", "lat": ""}
EXAMPLE = View(theatre="example", synthetic=True)


def count(workspace: Workspace, view: View, face: Face = Face.aggregates) -> int:
    return len(counted_rows(publish(Query.of(workspace, view, NOON), face)))


def facets_of(workspace: Workspace, view: View = EXAMPLE) -> Mapping[str, Any]:
    return facets(Query.of(workspace, view, NOON))


@pytest.mark.parametrize(
    "view",
    [
        EXAMPLE,
        EXAMPLE.but(weapons=("drone",)),
        EXAMPLE.but(sectors=("energy",), statuses=("reported", "verified")),
        EXAMPLE.but(min_killed=2, weapons=("artillery", "missile")),
    ],
)
def test_every_count_is_what_the_choice_alone_would_leave(demos: Workspace, view: View) -> None:
    counts = facets_of(demos, view)
    fields = {"weapon": "weapons", "sector": "sectors", "status": "statuses"}
    for name, field in fields.items():
        assert counts[name] == {
            code: count(demos, view.but(**{field: (code,)})) for code in counts[name]
        }
    assert counts["min_killed"] == {
        least: count(demos, view.but(min_killed=int(least))) for least in counts["min_killed"]
    }


def test_a_choice_that_leaves_nothing_is_not_listed(demos: Workspace) -> None:
    counts = facets_of(demos)
    missing = set(demos.reference.taxonomy.weapons.codes) - set(counts["weapon"])
    assert all(count(demos, EXAMPLE.but(weapons=(code,))) == 0 for code in missing)


def test_distances_are_counted_as_the_filter_would_narrow(demos: Workspace) -> None:
    counts = line_facets(Query.of(demos, EXAMPLE, NOON))
    assert counts["line_km"] == {
        km: count(demos, EXAMPLE.but(line_km=float(km)), Face.points) for km in counts["line_km"]
    }


def test_data_that_leaves_only_as_sums_has_no_counts_by_casualties(
    workspace: Workspace, tmp_path: Any
) -> None:
    rows = [{**NOWHERE, "source_key": key, "killed_low": "3"} for key in "abc"]
    imported(workspace, table(tmp_path, *rows), dataset="held", theatre="ukraine")
    counts = facets_of(workspace, View(theatre="ukraine", datasets=("held",)))
    assert counts["status"] == {"reported": 3}
    assert counts["min_killed"] is None
    lines = line_facets(Query.of(workspace, View(theatre="ukraine"), NOON))
    assert lines["line_km"] is None


def test_what_is_known_only_to_a_region_is_counted_there(demos: Workspace) -> None:
    published = publish(Query.of(demos, EXAMPLE, NOON), Face.aggregates)
    counts = unmarked_by_region(published)
    assert sum(counts.values()) == len(published.unmarked()) > 0
    assert set(counts) <= {one.code for one in demos.reference.region_set("example").regions} | {""}


def said(workspace: Workspace, view: View) -> list[str]:
    published = publish(Query.of(workspace, view, NOON), Face.aggregates)
    summary = summarise(published, "region")
    summary["not_on_map"] = len(published.unmarked())
    return summary_sentences(published, summary)


def test_a_summary_in_words_says_numbers_gaps_and_sources(demos: Workspace) -> None:
    text = " ".join(said(demos, EXAMPLE))
    assert "Incidents reported: 361 (source: Invented strikes)" in text
    assert "Killed: at least 259 (a figure in 203 of 361 incidents)" in text
    assert "39 known or shown only by region" in text


def test_a_summary_in_words_speaks_ukrainian(demos: Workspace) -> None:
    assert "Повідомлено про випадки: 361" in said(demos, EXAMPLE.but(lang="uk"))[0]


def test_an_empty_period_is_not_said_to_be_one_without_harm(demos: Workspace) -> None:
    text = said(demos, EXAMPLE.but(first=date(1999, 1, 1), last=date(1999, 1, 2)))
    assert text[0].endswith("That does not mean that nothing happened.")


def test_what_filters_hide_is_not_said_to_be_unrecorded(demos: Workspace) -> None:
    view = EXAMPLE.but(weapons=("mine",), regions=("XE-01",), min_killed=50)
    only, none = said(demos, view)
    assert only.startswith("Filters: Weapon: Mine")
    assert "at least 50 killed" in only
    assert "no recorded incident fits" in none
    assert "nothing is recorded" not in none


def test_words_of_a_narrowed_view_begin_with_what_narrows_it(demos: Workspace) -> None:
    text = said(demos, EXAMPLE.but(weapons=("drone",), bbox=Bounds(-132, -46, -120, -40)))
    assert text[0] == "Filters: Weapon: Drone; only within -132–-120, -46–-40 degrees."
    assert "Incidents reported: " in text[1]


def test_withheld_data_is_said_to_be_withheld(workspace: Workspace, tmp_path: Any) -> None:
    rows = [NOWHERE]
    imported(workspace, table(tmp_path, *rows), dataset="held", theatre="ukraine")
    view = View(theatre="ukraine", datasets=("held",), first=date(2024, 3, 10))
    assert said(workspace, view)[0].startswith("Withheld from the public")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("харків", "UA-63"),
        ("Kharkiv Ob", "UA-63"),
        ("Slov'yansk", None),
        ("авдіївка", None),
        ("   ", None),
        ("%_", None),
    ],
)
def test_names_are_found_in_any_language_and_apostrophe(
    demos: Workspace, text: str, first: str | None
) -> None:
    matches = PlaceFinder(demos.reference).find(View(theatre="ukraine"), text, 5)
    assert (matches[0].get("key") if matches else None) == first


def test_a_place_of_the_theatre_comes_before_one_abroad(demos: Workspace) -> None:
    matches = PlaceFinder(demos.reference).find(View(theatre="ukraine"), "odes", 20)
    countries = [one["country"] for one in matches if one["kind"] == "place"]
    assert countries == sorted(countries, key=lambda code: code != "UA")
