"""The review page and its addresses: side by side, decided with a reason, taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.serving import Service, command, token
from tests.support import table

OWN = {"X-Strikemap": "1"}
REASON = {"reason": "one crater, two posts"}
ROW = {"source_key": "1", "start": "2024-03-10", "precision": "exact", "lat": "-42.25"}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two invented datasets with one sure pair and one doubtful one."""
    folder = tmp_path_factory.mktemp("review")
    text = {"description": "Grain store burning beside the mill"}
    for name in ("one", "two"):
        rows = [
            {**ROW, **text, "lon": "-124.5"},
            {**ROW, "source_key": "2", "lon": "-124.1"},
        ]
        path = table(folder, *rows, name=f"{name}.csv")
        options = ("--theatre", "example", "--synthetic", "--dataset", name, "--terms", "CC0-1.0")
        done = command(folder / "data", "import", str(path), *options)
        assert done.returncode == 0, done.stderr
    done = command(folder / "data", "match", "one", "two", "--json")
    report = json.loads(done.stdout)
    assert (report["candidates"], report["merged"], report["pending"]) == (2, 1, 1)
    return folder / "data"


def reviews(service: Service, headers: dict[str, str] = OWN) -> dict[str, Any]:
    answer = service.client.get("/api/reviews", headers=headers)
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def test_a_pair_is_shown_side_by_side_decided_and_taken_back(private: Service) -> None:
    before = reviews(private)
    (pair,) = before["pairs"]
    assert [one["dataset"] for one in pair["records"]] == ["one", "two"]
    assert pair["records"][0]["fields"]["start"] == "2024-03-10"
    assert sum(one["points"] for one in pair["reasons"]) == pair["score"]

    address = f"/api/reviews/{pair['id']}"
    decided = private.client.post(address, headers=OWN, json={**REASON, "same": True})
    assert decided.json() == {"id": pair["id"], "is_same": True}
    assert (
        private.client.post(address, headers=OWN, json={**REASON, "same": True}).status_code == 409
    )
    after = reviews(private)
    assert (after["pending"], after["decided"][0]["id"]) == (0, pair["id"])
    assert (after["decided"][0]["how"], after["decided"][1]["how"]) == ("reviewed", "automatic")

    undone = private.client.post(f"{address}/undo", headers=OWN, json=REASON)
    assert undone.json() == {"id": pair["id"], "is_same": None}
    assert reviews(private) == before


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"same": True}, "reason"),
        ({"reason": "x"}, "same"),
        ({"reason": "x", "same": "yes"}, "same"),
        ({"reason": "x", "same": True, "who": "me"}, "body"),
    ],
)
def test_a_decision_says_what_it_is_and_why(
    private: Service, body: dict[str, Any], where: str
) -> None:
    address = f"/api/reviews/{reviews(private)['pairs'][0]['id']}"
    answer = private.client.post(address, headers=OWN, json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["where"].endswith(where)


def test_a_pair_that_nobody_knows_is_not_found(private: Service) -> None:
    body = {**REASON, "same": True}
    assert private.client.post("/api/reviews/none", headers=OWN, json=body).status_code == 404
    assert (
        private.client.post("/api/reviews/none/undo", headers=OWN, json=REASON).status_code == 404
    )


def test_only_a_reviewer_in_scope_reviews(public: Service, data: Path) -> None:
    assert public.client.get("/api/reviews").status_code == 401
    assert public.client.get("/api/reviews", headers=token(data, "editor")).status_code == 403
    narrow = token(data, "reviewer", "--dataset", "one")
    assert reviews(public, narrow) == {"pending": 0, "pairs": [], "decided": []}
    wide = token(data, "reviewer")
    (pair,) = reviews(public, wide)["pairs"]
    body = {**REASON, "same": True}
    refused = public.client.post(f"/api/reviews/{pair['id']}", headers=narrow, json=body)
    assert refused.status_code == 403


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_the_page_holds_no_record(public: Service, lang: str) -> None:
    answer = public.client.get("/review", params={"theatre": "example", "lang": lang})
    assert answer.status_code == 200
    assert "Grain store" not in answer.text
    assert "/static/js/review.js" in answer.text


def test_what_was_matched_is_summed_and_said_on_every_face(private: Service) -> None:
    view = {"theatre": "example", "dataset": "one,two"}
    answer = private.client.get("/api/summary", params=view).json()
    assert answer["rule"] == "range across independent sources"
    assert answer["totals"]["incidents"] == 3
    path = "/api/collections/incidents/items"
    items = private.client.get(path, params=view).json()
    assert items["numberMatched"] == 3
    merged = [one for one in items["features"] if one["properties"]["merged_with"]]
    assert len(merged) == 1
    page = private.client.get(f"/incidents/{merged[0]['id']}", params={"theatre": "example"})
    other = merged[0]["properties"]["merged_with"][0]
    assert f"/incidents/{other['id']}?" in page.text
