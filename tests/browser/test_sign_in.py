"""Somebody signs in, works, loses the session, and signs out; other sites get nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from playwright.sync_api import Route, expect

from app.store.sqlite import SqliteStore
from tests.browser.conftest import PHONE, Watched, expect_no_axe_violations
from tests.making import add, dataset, incident
from tests.serving import Service, command, hosting, serving
from tests.waiting import until

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
FOREIGN = """<!doctype html><title>x</title><form method=post action="{url}/api/incidents"
 enctype="text/plain"><input name='{{"dataset":"invented","reason":"r","x":"' value='"}}'></form>
<script>
const asked = [["POST", "/api/incidents"], ["DELETE", "/api/session"], ["GET", "/api/audit"]];
const send = ([method, path], headers) => fetch("{url}" + path,
  {{ method, credentials: "include", headers, mode: headers ? "cors" : "no-cors" }})
  .then((answer) => answer.type === "opaque" ? "opaque" : answer.status, () => "refused");
Promise.all(asked.flatMap((one) => [send(one, {{ "X-Strikemap": "1" }}),
  one[0] === "DELETE" ? "refused" : send(one)])).then((all) => {{ window.answers = all; }});
</script>"""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sign-in") / "data"
    with closing(SqliteStore(folder / "record.sqlite")) as store:
        add(store, dataset(), incident("a"))
    return folder


@pytest.fixture(scope="module")
def public(data: Path) -> Iterator[Service]:
    with serving(data, STRIKEMAP_HEAVY_PROCESSES="0") as running:
        yield running


def token(data: Path, role: str) -> dict[str, str]:
    made: dict[str, str] = json.loads(
        command(data, "token", "create", role, "--role", role, "--json").stdout
    )
    return made


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_a_page_leads_to_sign_in_and_back_and_nothing_is_kept_in_the_browser(
    public: Service, data: Path, watch: Watch, lang: str
) -> None:
    watched = watch(PHONE)
    page = watched.page
    watched.open(f"{public.url}/audit?theatre=ukraine&lang={lang}")
    expect(page).to_have_url(re.compile(f"/sign-in.*lang={lang}"))
    expect_no_axe_violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#token").fill("strikemap_wrong")
    page.keyboard.press("Enter")
    expect(page.locator("#problem")).to_contain_text("not known here")
    expect(page.locator("#token")).to_have_value("")
    page.locator("#token").fill(token(data, "admin")["token"])
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/audit.*lang={lang}"))
    expect(page.locator("#signed-in")).to_contain_text("admin (token")
    expect(page.locator("#events tbody tr").first).to_be_visible()
    expect_no_axe_violations(page)
    assert page.evaluate("document.cookie") == ""
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0
    page.locator("#sign-out").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    assert page.context.cookies() == []
    watched.faults = [fault for fault in watched.faults if "401" not in fault]
    watched.is_clean()


def test_what_was_typed_stays_when_the_token_is_revoked_in_the_middle(
    public: Service, data: Path, watch: Watch
) -> None:
    made = token(data, "reviewer")
    number = public.client.get("/api/collections/incidents/items").json()["features"][0]["id"]
    watched = watch()
    watched.open(f"{public.url}/edit/{number}?theatre=ukraine")
    watched.sign_in(made["token"])
    page = watched.page
    page.locator("#reason").fill("a better source")
    page.locator("#edit [name=place]").fill("Mill")
    assert command(data, "token", "revoke", made["id"]).returncode == 0
    page.locator("#edit button[type=submit]").click()
    expect(page.locator("#problem")).to_contain_text("has ended: sign in again")
    link = page.locator("#problem a")
    expect(link).to_have_attribute("href", re.compile("^/sign-in"))
    expect(page.locator("#edit [name=place]")).to_have_value("Mill")
    with page.context.expect_page() as opened:
        link.click()
    beside = opened.value
    beside.get_by_label("Token").fill(token(data, "reviewer")["token"])
    beside.get_by_role("button", name="Sign in").click()
    expect(beside.locator("#signed-in")).to_be_visible()
    page.locator("#edit button[type=submit]").click()
    expect(page.locator("#status")).to_contain_text("Saved as revision")


@pytest.mark.parametrize(
    "goal",
    ["//elsewhere.example/x", "/.//elsewhere.example", "/\\elsewhere.example", "javascript:1"],
)
def test_sign_in_leads_to_no_other_site(
    public: Service, data: Path, watch: Watch, goal: str
) -> None:
    watched = watch()
    watched.open(f"{public.url}/sign-in#{goal}")
    watched.page.get_by_label("Token").fill(token(data, "viewer")["token"])
    watched.page.get_by_role("button", name="Sign in").click()
    expect(watched.page).to_have_url(re.compile(f"^{public.url}/[?]"))
    watched.is_clean()


def test_a_page_of_another_site_changes_and_reads_nothing_while_somebody_is_signed_in(
    public: Service, data: Path, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{public.url}/audit?theatre=ukraine")
    watched.sign_in(token(data, "admin")["token"])
    before = public.client.get("/readyz").json()["version"]
    # Another origin of the same site, so that SameSite alone would let the cookie through.
    with hosting(FOREIGN.format(url=public.url)) as foreign:
        page = watched.page.context.new_page()
        page.goto(foreign)
        page.wait_for_function("window.answers")
        assert set(page.evaluate("window.answers")) <= {"refused", "opaque"}
        with page.expect_navigation():
            page.evaluate("document.forms[0].submit()")
        expect(page.locator("body")).to_contain_text("needs a token")
    assert public.client.get("/readyz").json()["version"] == before
    watched.open(f"{public.url}/audit?theatre=ukraine")
    expect(watched.page.locator("#signed-in")).to_be_visible()  # still signed in


def test_a_form_takes_nothing_before_its_script_is_here(
    public: Service, data: Path, watch: Watch
) -> None:
    watched = watch()
    page = watched.page
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/signin.js", hold)
    page.goto(f"{public.url}/sign-in?theatre=ukraine#%2Faudit", wait_until="commit")
    expect(page.locator("form#sign-in")).to_have_js_property("inert", True)
    until(lambda: bool(page.evaluate("true") and held))
    held[0].continue_()
    watched.sign_in(token(data, "editor")["token"])
