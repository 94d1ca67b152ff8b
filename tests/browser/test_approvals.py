"""One person asks to show a text again, another approves it; till then no address shows it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import expect

from app.domain.account import Holder, Role
from app.editing.redaction import Redactor
from app.reference.reference import Reference
from tests.browser.conftest import PHONE, Watched, expect_no_axe_violations
from tests.making import NOON, add, dataset, incident, open_workspace
from tests.serving import Service, command, serving

pytestmark = pytest.mark.browser
WITHHELD = "the house of somebody invented"
ID = str(incident("a").id)
FACES = (
    *("/table?", f"/incidents/{ID}?", "/changes?since=2020-01-01&", "/api/export.csv?"),
    *("/api/collections/incidents/items?lines=true&", "/api/changes?since=2020-01-01&"),
    *(f"/api/collections/incidents/items/{ID}?", f"/api/incidents/{ID}/history?"),
    *("/api/export.geojson?", "/api/changes?since=2020-01-01&format=atom&"),
)


@pytest.fixture
def public(tmp_path: Path, reference: Reference) -> Iterator[Service]:
    workspace = open_workspace(tmp_path / "data", reference)
    with closing(workspace.store):
        add(workspace.store, dataset(), incident("a", description=WITHHELD))
        somebody = Holder("somebody", Role.reviewer)
        Redactor(workspace, somebody, NOON).redact(
            ID, ["description"], "privacy_of_victim", "it names the house"
        )
    done = command(tmp_path / "data", "datasets", "set", "invented", "--two-persons")
    assert (done.returncode, "second person" in done.stdout) == (0, True), done.stderr
    with serving(tmp_path / "data", STRIKEMAP_HEAVY_PROCESSES="0") as running:
        yield running


def token(service: Service, name: str, role: str = "reviewer") -> str:
    made = command(service.data_dir, "token", "create", name, "--role", role, "--json")
    return str(json.loads(made.stdout)["token"])


def faces_with_the_text(service: Service) -> set[str]:
    """Read all faces as the public does."""
    answers = {face: service.client.get(f"{face}theatre=ukraine") for face in FACES}
    assert {face: one.status_code for face, one in answers.items() if one.is_error} == {}
    return {face for face, one in answers.items() if WITHHELD in one.text}


def test_a_text_is_shown_again_when_another_person_approves_it(
    public: Service, watch: Callable[..., Watched]
) -> None:
    ann, ben = watch(), watch(PHONE)
    ann.open(f"{public.url}/edit/{ID}?theatre=ukraine")
    ann.sign_in(token(public, "ann"))
    ann.page.locator("#reason").fill("the family agrees")
    ann.page.locator("#lift").click()
    expect(ann.page.locator("#status")).to_contain_text("a second person")
    assert faces_with_the_text(public) == set()
    ann.open(f"{public.url}/review?theatre=ukraine")
    own = ann.page.locator("#approvals > li")
    expect(own).to_contain_text(re.compile(r"ann \(token [0-9a-f]{12}\): the family agrees"))
    expect(own.get_by_role("button")).to_have_count(1)  # to refuse it, which takes it back
    ben.open(f"{public.url}/review?theatre=ukraine&lang=uk")
    ben.page.get_by_label("Токен").fill(token(public, "ben"))
    ben.page.locator("#sign-in button").click()
    expect(ben.page).to_have_url(re.compile("/review"))
    waiting = ben.page.locator("#approvals > li")
    expect(waiting).to_contain_text("invented")
    expect_no_axe_violations(ben.page)
    assert ben.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    approve = waiting.get_by_role("button").first
    approve.click()
    expect(ben.page.locator("#problem")).not_to_be_empty()  # a decision needs its reason
    ben.page.locator("#reason").fill("I spoke with them")
    approve.click()
    expect(ben.page.locator("#approvals-box")).to_be_hidden()
    assert faces_with_the_text(public) >= {f"/incidents/{ID}?", "/api/export.csv?"}


def test_over_http_and_on_the_command_line_a_request_waits_too(public: Service) -> None:
    ann, ben = ({"Authorization": f"Bearer {token(public, one, 'admin')}"} for one in ("a", "b"))
    lift = {"texts": [], "code": "", "reason": "the family agrees"}
    answer = public.client.post(f"/api/incidents/{ID}/redact", headers=ann, json=lift)
    assert (answer.status_code, set(answer.json()["redacted"])) == (202, {"description"})
    path = f"/api/approvals/{answer.json()['approval']}"
    body = {"approve": True, "reason": "I asked"}
    assert public.client.post(path, json=body).status_code == 401
    assert public.client.post(path, headers=ann, json=body).status_code == 403
    assert public.client.post(path, headers=ben, json={"approve": 1}).status_code == 422
    assert public.client.get("/api/approvals").status_code == 401
    assert faces_with_the_text(public) == set()
    done = command(public.data_dir, "purge", ID, "--reason", "the family's request")
    assert "Nothing has changed yet" in done.stdout
    waiting = public.client.get("/api/approvals", headers=ben).json()["waiting"]
    assert [one["kind"] for one in waiting] == ["purge", "lift"]
    number = waiting[0]["id"]
    same = command(public.data_dir, "approvals", "approve", number, "--reason", "so be it")
    assert same.returncode != 0
    assert "another person" in same.stderr
    assert public.client.get(f"/incidents/{ID}?theatre=ukraine").status_code == 200
    assert public.client.post(f"/api/approvals/{number}", headers=ben, json=body).is_success
    assert public.client.get(f"/incidents/{ID}?theatre=ukraine").status_code == 404
    assert (public.data_dir / "purged.json").exists()
    listed = command(public.data_dir, "approvals", "list", "--json")
    # The request to show a text of the record went with the record.
    assert [one.get("state", "waiting") for one in json.loads(listed.stdout)] == ["approved"]
