"""nginx before two nodes, with the file that compose.yaml uses."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import pytest

from app.domain.account import Role
from app.instance.tokens import create_token
from app.store.postgis import PostgisStore
from tests.clusters import need_postgis
from tests.making import ROOT, add, dataset, incident
from tests.nodes.services import NEW, SUMS, Services, services
from tests.serving import Service
from tests.waiting import until

WAIT_S = 60.0
"""For what a moment is enough: a machine with other work is slow."""

SPOKEN = ("-c log_line_prefix='%a| '", "-c log_statement=mod")
"""PostgreSQL writes each change, with the name that the session has for it."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Services]:
    need_postgis()
    with services(tmp_path_factory.mktemp("services"), *SPOKEN) as running:
        with closing(PostgisStore(running.url)) as store:
            head = add(store, dataset(), incident("a"))

        def has_heard(node: Service) -> bool:
            return bool(node.client.get("/readyz").json()["version"] >= head.seq)

        until(lambda: all(map(has_heard, running.nodes)))
        yield running


@pytest.fixture(scope="module")
def editor(running: Services) -> dict[str, str]:
    with closing(PostgisStore(running.url)) as store:
        _token, text = create_token(store, "me", Role.editor, now=datetime.now(UTC))
    return {"Authorization": f"Bearer {text}"}


def test_a_write_is_followed_through_nginx_node_and_database_by_its_id(
    running: Services, editor: dict[str, str]
) -> None:
    answer = running.front.post("/api/incidents", headers=editor, json=NEW)
    assert answer.status_code == 201, answer.text
    number = answer.headers["x-request-id"]

    def of_front() -> list[dict[str, str]]:
        whole, _end, _begun = running.log.read_text().rpartition("\n")
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if line["request_id"] == number]

    until(lambda: len(of_front()) == 1)
    (of_nginx,) = of_front()
    node = next(one for one in running.nodes if one.url.endswith(of_nginx["node"]))
    log = next(node.data_dir.parent.glob(f"{node.data_dir.name}.*.log"))

    def of_node() -> list[str]:
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        return [line["path"] for line in lines if line.get("request_id") == number]

    until(lambda: of_node() == ["/api/incidents"])  # it is written after the answer is sent
    of_database = (running.server.folder / "server.log").read_text()
    assert re.search(rf"^strikemap {number}\| .*INSERT INTO entry", of_database, re.MULTILINE)


def test_a_copy_is_kept_for_a_moment_and_a_write_reaches_every_reader(
    running: Services, editor: dict[str, str]
) -> None:
    first = running.front.get(SUMS)
    again = running.front.get(SUMS)
    assert (first.headers["x-cache"], again.headers["x-cache"]) == ("MISS", "HIT")
    assert again.headers["x-request-id"] != first.headers["x-request-id"]
    before = first.json()["totals"]["incidents"]
    assert running.front.post("/api/incidents", headers=editor, json=NEW).status_code == 201
    until(lambda: running.front.get(SUMS).json()["totals"]["incidents"] == before + 1)
    until(lambda: running.front.get(SUMS).headers["x-cache"] == "REVALIDATED")


AGE = re.compile(r"max-age=(\d+)")
TILE = "/tiles/incidents/8/149/86.mvt?dataset=invented"
NGINX_S, NODE_S = 2.0, 1.0
"""How long nginx keeps a copy, and how long a node may not know of a write of another."""


def test_a_copy_outlives_a_redaction_no_longer_than_its_printed_age(running: Services) -> None:
    with closing(PostgisStore(running.url)) as store:
        _token, text = create_token(store, "reviewer", Role.reviewer, now=datetime.now(UTC))
    reviewer = {"Authorization": f"Bearer {text}"}

    def sent(path: str, **values: Any) -> str:
        answer = running.front.post(path, headers=reviewer, json={"reason": "a test", **values})
        assert answer.is_success, answer.text
        return str(answer.json()["id"])

    named, wrong = (sent("/api/incidents", **(NEW | {"place": "House 7"})) for _ in range(2))
    item = f"/api/collections/incidents/items/{named}?dataset=invented"
    time.sleep(NGINX_S + NODE_S)
    before, tile = (running.front.get(address) for address in (item, TILE))
    assert "House 7" in before.text
    sent(f"/api/incidents/{named}/redact", texts=["place"], code="privacy_of_victim")
    sent(f"/api/incidents/{wrong}/retract")
    ages = [AGE.search(one.headers["cache-control"]) for one in (before, tile)]
    most = max(int(age[1]) for age in ages if age) + NGINX_S + NODE_S
    until(lambda: running.front.get(TILE).content != tile.content, most)
    until(lambda: "House 7" not in running.front.get(item).text, most)
    assert running.front.get(item).status_code == 200


def test_what_somebody_sees_by_a_token_is_never_given_to_another(
    running: Services, editor: dict[str, str]
) -> None:
    address = f"{SUMS}&by=region"
    assert running.front.get(address, headers=editor).headers["x-cache"] == "BYPASS"
    public = running.front.get(address)
    assert (public.headers["x-cache"], public.headers["x-strikemap-audience"]) == ("MISS", "public")


def test_the_numbers_of_a_node_are_not_for_the_world(running: Services) -> None:
    assert running.front.get("/metrics").status_code == 404


def test_compose_names_the_files_that_are_there_and_the_nodes_of_nginx() -> None:
    compose = (ROOT / "compose.yaml").read_text("utf-8")
    files = re.findall(r"[ \"]\./([^:]+):", compose)
    assert len(files) == 5
    assert [file for file in files if not (ROOT / file).is_file()] == []
    conf = (ROOT / "deploy" / "nginx.conf").read_text("utf-8")
    nodes = re.findall(r"^  (node-\d):$", compose, re.MULTILINE)
    assert nodes == ["node-1", "node-2"]
    assert set(re.findall(r"server (node-\d):8000", conf)) == set(nodes)


def test_every_number_of_the_dashboard_is_documented() -> None:
    board = json.loads((ROOT / "deploy" / "dashboards" / "strikemap.json").read_text("utf-8"))
    asked = re.findall(r"strikemap_\w+", json.dumps([one["targets"] for one in board["panels"]]))
    documented = (ROOT / "docs" / "operating.md").read_text("utf-8")
    names = {re.sub(r"_(bucket|count)$", "", name) for name in asked}
    assert len(names) > 3
    assert {name for name in names if f"`{name}`" not in documented} == set()
