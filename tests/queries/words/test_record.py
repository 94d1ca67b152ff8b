"""Facts as sentences: what stands in a source is shown as the text that it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.terms import Face
from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.incidents import list_incidents
from app.queries.words.record import _source, incident_fields
from tests.support import NOW, feature, geojson, imported, square, table


@pytest.mark.parametrize(
    ("url", "href"),
    [
        ("https://example.org/a", "https://example.org/a"),
        ("javascript:alert(1)", None),
        ("http://[x/", None),
        ("no address", None),
    ],
)
def test_only_an_address_of_the_web_becomes_a_link(url: str, href: str | None) -> None:
    line = _source("en", {"url": url, "publisher": None})
    assert (line["text"], line["href"]) == (url, href)


def test_ground_older_than_the_theatres_limit_is_folded_and_comes_last(
    workspace: Workspace, tmp_path: Path
) -> None:
    for slug, day in (("near", "2022-03-09"), ("old", "2022-01-01")):
        properties = {"valid_on": day, "controller": "ru", "status": "assessed"}
        path = geojson(tmp_path, feature(properties, square(37, 48, 1)), name=f"{slug}.geojson")
        imported(workspace, path, dataset=slug, theatre="ukraine", terms="CC0-1.0", at=NOW)
    row = {"source_key": "a", "start": "2022-03-10", "precision": "exact", "lon": "37.5"}
    path = table(tmp_path, {**row, "lat": "48.5", "description": "A report."})
    imported(workspace, path, dataset="mine", theatre="ukraine", terms="CC0-1.0", at=NOW)
    query = Query.of(workspace, View(theatre="ukraine", datasets=("mine",)), NOW)
    page = list_incidents(publish(query, Face.points), 1)
    fields = incident_fields(query, page.features[0])
    assert fields[0]["name"] == "description"
    ground = [(one["name"], len(one["lines"]), one["fold"]) for one in fields][-2:]
    assert ground == [("ground_here", 1, None), ("ground_older", 1, "1 older than 7 days")]
