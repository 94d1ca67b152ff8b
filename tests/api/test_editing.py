"""Editing over HTTP: the right person, the right revision, and a history that says what it may."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Service, command, token

OWN = {"X-Strikemap": "1"}
NEW = {
    "dataset": "example-incidents",
    "reason": "typed in from a bulletin",
    "start": "2024-03-10",
    "precision": "exact",
    "lon": -124.5,
    "lat": -42.25,
    "killed": {"low": 2},
}


def create(service: Service, headers: dict[str, str] = OWN, **more: Any) -> httpx.Response:
    return service.client.post("/api/incidents", headers=headers, json={**NEW, **more})


def patch(
    service: Service, document: dict[str, Any], headers: dict[str, str] = OWN, **fields: Any
) -> httpx.Response:
    match = {"If-Match": f'"{document["revision"]}"'}
    path = f"/api/incidents/{document['id']}"
    return service.client.patch(path, headers={**headers, **match}, json=fields)


def is_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    return document


def test_a_record_is_typed_in_read_changed_and_taken_back(private: Service, data: Path) -> None:
    answer = create(private)
    document = answer.json()
    assert (answer.status_code, answer.headers["etag"]) == (201, f'"{document["revision"]}"')
    assert answer.headers["location"] == f"/api/incidents/{document['id']}"
    assert document["fields"]["killed"] == {"low": 2}
    path = f"/api/incidents/{document['id']}"
    assert private.client.get(path).json() == document
    changed = patch(private, document, killed={"low": 3}, reason="recount").json()
    assert changed["fields"]["killed"] == {"low": 3}
    items = private.client.get(f"/api/collections/incidents/items/{document['id']}?theatre=example")
    assert items.json()["properties"]["killed"]["low"] == 3
    gone = private.client.post(f"{path}/retract", headers=OWN, json={"reason": "a drill"})
    assert gone.json()["fields"]["status"] == "retracted"
    revisions = private.client.get(f"{path}/history?theatre=example").json()["revisions"]
    steps = [(step["action"], step["changed"], step["reason"]) for step in revisions]
    assert steps == [
        ("add", "", "typed in from a bulletin"),
        ("amend", "killed", "recount"),
        ("retract", "status", "a drill"),
    ]
    assert all(step["actor"] for step in revisions)
    page = private.client.get(f"/incidents/{document['id']}?theatre=example").text
    assert "recount" in page
    assert f"/edit/{document['id']}" in page
    assert command(data, "verify").returncode == 0


def test_the_public_reads_the_history_without_names_and_reasons(
    private: Service, public: Service
) -> None:
    document = create(private).json()
    patch(private, document, place="Wending", reason="a secret source said so")
    answer = public.client.get(f"/api/incidents/{document['id']}/history?theatre=example")
    assert answer.headers["cache-control"].startswith("public")
    steps = answer.json()["revisions"]
    assert [(s["actor"], s["reason"], s["changed"]) for s in steps] == [
        ("", "", ""),
        ("", "", "place"),
    ]
    page = public.client.get(f"/incidents/{document['id']}?theatre=example").text
    assert "secret source" not in page
    assert "/edit/" not in page


def test_who_comes_second_gets_a_412(private: Service) -> None:
    document = create(private).json()
    assert patch(private, document, place="First", reason="why").status_code == 200
    problem = is_problem(patch(private, document, place="Second", reason="why"), 412)
    assert "somebody was faster" in problem["detail"]


def test_of_many_patches_at_once_one_is_taken(private: Service) -> None:
    document = create(private).json()

    def change(n: int) -> int:
        url = f"{private.url}/api/incidents/{document['id']}"
        match = {**OWN, "If-Match": f'"{document["revision"]}"'}
        body = {"place": f"Wending {n}", "reason": "at once"}
        return httpx.patch(url, headers=match, json=body, timeout=60).status_code

    with ThreadPoolExecutor(8) as many:
        statuses = sorted(many.map(change, range(8)))
    assert statuses == [200] + [412] * 7
    path = f"/api/incidents/{document['id']}/history?theatre=example"
    assert len(private.client.get(path).json()["revisions"]) == 2


@pytest.mark.parametrize("match", [None, "", "x", "*", '"1", "2"', "-1"])
def test_a_patch_must_say_which_revision_it_means(private: Service, match: str | None) -> None:
    document = create(private).json()
    headers = OWN if match is None else {**OWN, "If-Match": match}
    answer = private.client.patch(
        f"/api/incidents/{document['id']}", headers=headers, json={"place": "x", "reason": "y"}
    )
    assert is_problem(answer, 422)["errors"][0]["where"] == "header If-Match"


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b"[]", b"1", b"{", b'{"a":', b"\xff\xfe", b'{"a":NaN}', b"[" * 100_000),
        *(b'{"reason":"x"}', b'{"reason":7,"place":"x"}', b'{"place":"x"}'),
    ],
)
def test_a_body_that_is_no_change_is_a_422(private: Service, body: bytes) -> None:
    document = create(private).json()
    headers = {**OWN, "If-Match": f'"{document["revision"]}"'}
    answer = private.client.patch(f"/api/incidents/{document['id']}", headers=headers, content=body)
    is_problem(answer, 422)


def test_a_body_of_many_megabytes_is_refused(private: Service) -> None:
    body = b'{"description":"' + b"x" * (3 << 20) + b'"}'
    answer = private.client.post("/api/incidents", headers=OWN, content=body)
    is_problem(answer, 413)


def test_a_field_that_does_not_fit_is_named_as_in_an_import(private: Service) -> None:
    problem = is_problem(create(private, start="10.03.2024"), 422)
    assert problem["errors"][0]["where"] == "start"
    assert problem["errors"][0]["allowed"].startswith("a day as YYYY-MM-DD")
    assert is_problem(create(private, dataset="nowhere"), 422)
    assert is_problem(create(private, dataset="example-control"), 422)
    assert is_problem(create(private, id="00000000-0000-7000-8000-000000000000"), 422)


def test_roles_and_scopes_hold_over_http(public: Service, data: Path) -> None:
    viewer, editor = token(data, "viewer"), token(data, "editor")
    reviewer = token(data, "reviewer")
    scoped = token(data, "admin", "--dataset", "theirs")
    is_problem(create(public, {}), 401)
    is_problem(create(public, viewer), 403)
    is_problem(create(public, scoped), 403)
    document = create(public, editor).json()
    path = f"/api/incidents/{document['id']}"
    is_problem(public.client.get(path), 401)
    is_problem(public.client.get(path, headers=scoped), 404)
    answer = public.client.get(path, headers=viewer)
    assert answer.headers["cache-control"] == "private, no-store"
    assert answer.headers["etag"] == f'"{document["revision"]}"'
    is_problem(patch(public, document, viewer, place="x", reason="y"), 403)
    is_problem(patch(public, document, scoped, place="x", reason="y"), 404)
    is_problem(patch(public, document, editor, status="verified", reason="y"), 403)
    verified = patch(public, document, reviewer, status="verified", reason="checked").json()
    is_problem(patch(public, verified, editor, place="x", reason="y"), 403)
    body = {"reason": "y"}
    is_problem(public.client.post(f"{path}/retract", headers=editor, json=body), 403)
    gone = public.client.post(f"{path}/retract", headers=reviewer, json=body)
    assert gone.status_code == 200
    history = public.client.get(f"{path}/history?theatre=example", headers=viewer).json()
    assert ["editor (token " in history["revisions"][0]["actor"], len(history["revisions"])] == [
        True,
        3,
    ]


def test_the_form_holds_no_data_of_its_record(public: Service, private: Service) -> None:
    document = create(private, description="not for everybody").json()
    page = public.client.get(f"/edit/{document['id']}?theatre=example&lang=uk")
    assert page.status_code == 200
    assert "not for everybody" not in page.text


def test_a_hostile_id_in_the_form_stays_text(public: Service) -> None:
    page = public.client.get("/edit/%3Cscript%3Ealert(1)%22%27%3E?theatre=example")
    assert page.status_code == 200
    assert "<script>alert" not in page.text


def test_a_reviewer_hides_a_text_from_the_public_and_shows_it_again(
    public: Service, data: Path
) -> None:
    reviewer, editor = token(data, "reviewer"), token(data, "editor")
    fields = {"description": "names somebody", "place": "Wending", "status": "reported"}
    document = create(public, reviewer, **fields).json()
    path = f"/api/incidents/{document['id']}"
    assert document["redacted"] == {}
    body = {"texts": ["description"], "code": "privacy_of_victim", "reason": "names somebody"}

    def post(headers: dict[str, str], **changes: Any) -> httpx.Response:
        answer: httpx.Response = public.client.post(
            f"{path}/redact", headers=headers, json={**body, **changes}
        )
        return answer

    is_problem(post({}), 401)
    is_problem(post(editor), 403)
    for changes in ({"texts": "description"}, {"texts": ["x"]}, {"code": "x"}, {"more": 1}):
        is_problem(post(reviewer, **changes), 422)
    answer = post(reviewer)
    assert answer.json()["redacted"] == {"description": "privacy_of_victim"}
    item = f"/api/collections/incidents/items/{document['id']}?theatre=example"
    shown_to_public = public.client.get(item).json()["properties"]
    assert (shown_to_public["description"], shown_to_public["place"]) == (
        "redacted: privacy_of_victim",
        "Wending",
    )
    whole = public.client.get(item, headers=reviewer).json()["properties"]
    assert whole["description"] == "names somebody"
    edited = public.client.get(path, headers=editor).json()
    assert edited["fields"]["description"] == "names somebody"
    assert edited["redacted"] == {"description": "privacy_of_victim"}
    assert post(reviewer, texts=[]).json()["redacted"] == {}
    assert public.client.get(item).json()["properties"]["description"] == "names somebody"


def test_the_command_redacts_and_lifts(data: Path, private: Service) -> None:
    document = create(private, description="names somebody").json()
    words = ("redact", document["id"], "--reason", "names somebody")
    done = command(data, *words, "--text", "description", "--code", "safety_of_person")
    assert done.returncode == 0, done.stderr
    assert "redacted: safety_of_person" in done.stdout
    edited = private.client.get(f"/api/incidents/{document['id']}").json()
    assert edited["redacted"] == {"description": "safety_of_person"}
    assert command(data, *words, "--lift").returncode == 0
    assert command(data, *words, "--lift").returncode == 2
