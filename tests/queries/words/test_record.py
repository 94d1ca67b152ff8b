"""Facts as sentences: what stands in a source is shown as the text that it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.terms import Face
from app.domain.view import View
from app.i18n import strings
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.incidents import list_incidents
from app.queries.words.record import _source, incident_fields
from tests.support import NOW, feature, geojson, imported, square, table


@pytest.mark.parametrize(
    ("url", "text"),
    [
        ("https://example.org/a", "example.org/a"),
        ("http://www.example.org/a?b=c/", "example.org/a?b=c"),
        ("javascript:alert(1)", None),
        ("http://[x/", None),
        ("no address", None),
    ],
)
def test_only_an_address_of_the_web_becomes_a_link_with_its_telling_part(
    url: str, text: str | None
) -> None:
    line = _source("en", {"url": url, "publisher": None})
    assert (line["text"], line["href"]) == (text or url, None if text is None else url)


def test_a_record_says_what_happened_who_says_so_whose_ground_it_was_and_then_its_facts(
    workspace: Workspace, tmp_path: Path
) -> None:
    for slug, day in (("near", "2022-03-09"), ("old", "2022-01-01")):
        properties = {"valid_on": day, "controller": "ru", "status": "assessed"}
        path = geojson(tmp_path, feature(properties, square(37, 48, 1)), name=f"{slug}.geojson")
        imported(workspace, path, dataset=slug, theatre="ukraine", terms="CC0-1.0", at=NOW)
    row = {"source_key": "a", "start": "2022-03-10", "precision": "exact", "lon": "37.5"}
    row |= {"lat": "48.5", "description": "A report.", "claim1_by": "A", "claim1_text": "B"}
    path = table(tmp_path, row)
    imported(workspace, path, dataset="mine", theatre="ukraine", terms="CC0-1.0", at=NOW)
    query = Query.of(workspace, View(theatre="ukraine", datasets=("mine",)), NOW)
    page = list_incidents(publish(query, Face.points), 1)
    fields = incident_fields(query, page.features[0])
    names = [one["name"] for one in fields]
    first = ["description", "sources", "claims", "ground_here", "ground_older", "date"]
    assert names[: len(first)] == first
    folds = {one["name"]: one["fold"] for one in fields if one["fold"]}
    assert folds == {"ground_older": "1 older than 7 days"}


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_each_term_that_a_reader_may_not_know_is_explained_in_one_line(lang: str) -> None:
    words = strings(lang)
    for name in ("status", "precision", "claims", "sources", "ground_here"):
        hint = words[f"hint_{name}"]
        assert (hint.count("\n"), hint[-1], len(hint) < 110) == (0, ".", True)
