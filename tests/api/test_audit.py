"""An admin reads who did what, when and with which token; nobody else does."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from app.instance.operator import operator_name
from tests.serving import Service, command, serving, token
from tests.support import HEADER, ROW, written

OWN = {"X-Strikemap": "1"}


def prepared(folder: Path) -> Path:
    """An instance with an import and a change of its dataset's terms."""
    rows = "".join(ROW.format(key=key) for key in "abc")
    path = written(folder, "events.csv", HEADER + rows)
    data = folder / "data"
    for words in (
        ["import", str(path), "--dataset", "mine", "--theatre", "example", "--terms", "CC0-1.0"],
        ["datasets", "set", "mine", "--terms", "internal"],
    ):
        done = command(data, *words)
        assert done.returncode == 0, done.stderr
    return data


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return prepared(tmp_path_factory.mktemp("audit"))


def events(service: Service, query: str = "", **headers: str) -> list[dict[str, Any]]:
    answer = service.client.get(f"/api/audit?{query}", headers={**OWN, **headers})
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["events"]
    return rows


def test_each_write_is_an_event_with_its_person_action_and_reason(private: Service) -> None:
    newest, first = events(private)
    assert (newest["action"], newest["key"], newest["revisions"]) == ("dataset", "mine", 1)
    assert (first["action"], first["revisions"]) == ("import", 5)
    assert first["reason"] == "import of events.csv"
    assert first["actor"]


def test_events_are_filtered_by_day_person_and_action_and_read_page_by_page(
    private: Service,
) -> None:
    assert [one["action"] for one in events(private, "action=import")] == ["import"]
    assert events(private, "to=2020-01-01") == []
    assert events(private, "who=nobody-of-this-name") == []
    assert events(private, f"who={events(private)[0]['actor'][:4].upper()}") == events(private)
    page = private.client.get("/api/audit?limit=1", headers=OWN).json()
    rest = private.client.get(f"/api/audit?limit=1&before={page['next']}", headers=OWN).json()
    both = (*page["events"], *rest["events"])
    assert ([one["action"] for one in both], rest["next"]) == (["dataset", "import"], None)


def test_the_csv_has_the_same_events(private: Service) -> None:
    answer = private.client.get("/api/audit?format=csv", headers=OWN)
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["action"] for row in rows] == [one["action"] for one in events(private)]
    assert "attachment" in answer.headers["content-disposition"]


@pytest.mark.parametrize("query", ["from=yesterday", "action=read", "limit=0", "colour=red"])
def test_a_wrong_parameter_is_one_sentence(private: Service, query: str) -> None:
    answer = private.client.get(f"/api/audit?{query}", headers=OWN)
    assert (answer.status_code, len(answer.json()["errors"])) == (422, 1)


def test_only_an_admin_of_everything_reads_it_and_tokens_are_in_it(tmp_path: Path) -> None:
    # Its own instance: tokens are events, too.
    data = prepared(tmp_path)
    admin, reviewer = (token(data, role) for role in ("admin", "reviewer"))
    scoped = token(data, "admin", "--dataset", "mine")
    with serving(data) as public:
        get = public.client.get
        assert get("/api/audit").status_code == 401
        assert get("/api/audit", headers=reviewer).status_code == 403
        assert get("/api/audit", headers=scoped).status_code == 403
        made = [one for one in events(public, **admin) if one["action"] == "token_made"]
        number = next(one["key"] for one in made if "reviewer" in one["reason"])
        assert command(data, "token", "revoke", number).returncode == 0
        revoked = events(public, "action=token_revoked", **admin)
        assert [one["key"] for one in revoked] == [number]
        assert {one["actor"] for one in (*made, *revoked)} == {operator_name()}
        text = get("/api/audit", headers=admin).text
        assert "127.0.0.1" not in text
        assert admin["Authorization"].rpartition("_")[2] not in text
