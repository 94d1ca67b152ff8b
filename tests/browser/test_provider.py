"""People sign in at a real identity provider, and do what the operator granted to their claims."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest
from playwright.sync_api import Page, expect

from app.store.sqlite import SqliteStore
from tests.browser.conftest import Watched
from tests.making import add, dataset, incident
from tests.providers import identity_provider
from tests.serving import Service, command, serving

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
GRANTS = (
    ("groups=editors", "editor", "--dataset", "invented"),
    ("groups=reviewers", "reviewer", "--dataset", "invented"),
    ("groups=admins", "admin"),
    ("email=dee@example.org", "admin"),  # the provider does not vouch for this address
)


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("provider") / "data"
    with closing(SqliteStore(folder / "record.sqlite")) as store:
        add(store, dataset(), incident("a"))
    for claim, role, *scope in GRANTS:
        assert command(folder, "token", "grant", claim, "--role", role, *scope).returncode == 0
    with (
        identity_provider() as provider,
        serving(folder, "--port", str(provider.port), **provider.settings) as it,
    ):
        yield it


def sign_in(page: Page, name: str) -> None:
    """Go by the provider's own pages: its name and password, and what it may tell."""
    page.locator("#provider").click()
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill("any")
    page.get_by_role("button").first.click()
    page.get_by_role("button", name="Continue").click()


def test_somebody_signs_in_at_the_provider_and_comes_back_to_their_page(
    public: Service, watch: Watch
) -> None:
    watched = watch()
    page = watched.page
    watched.open(f"{public.url}/audit?theatre=ukraine&lang=uk")
    expect(page).to_have_url(re.compile("/sign-in"))
    sign_in(page, "cho")
    expect(page).to_have_url(re.compile("/audit.*lang=uk"))
    expect(page.locator("#signed-in")).to_contain_text(
        re.compile(r"CHO \(person [0-9a-f]{12}\), admin")
    )
    expect(page.locator("#events tbody tr").first).to_be_visible()
    cookies = page.context.cookies(public.url)
    ours = [one for one in cookies if one["name"].startswith("strikemap")]
    facts = [(one["name"], one["httpOnly"], one["sameSite"]) for one in ours]
    assert facts == [("strikemap", True, "Strict")]  # that of the attempt is gone
    back = page.evaluate("performance.getEntriesByType('navigation')[0].name")
    assert "code=" not in back
    tokens = json.loads(command(public.data_dir, "token", "list", "--json").stdout)
    grant = next(one for one in tokens if one["claim"] == "groups=admins")
    assert command(public.data_dir, "token", "revoke", grant["id"]).returncode == 0
    page.locator("#open button[type=submit]").click()
    expect(page.locator("#problem")).to_contain_text("has ended")


def test_of_several_grants_the_highest_counts_and_the_ledger_names_the_person(
    public: Service, watch: Watch
) -> None:
    number = public.client.get("/api/collections/incidents/items").json()["features"][0]["id"]
    watched = watch()
    page = watched.page
    watched.open(f"{public.url}/edit/{number}?theatre=ukraine")
    expect(page).to_have_url(re.compile("/sign-in"))
    sign_in(page, "ben")
    expect(page.locator("#signed-in")).to_contain_text("reviewer")
    page.locator("#reason").fill("seen again")
    page.locator("#edit [name=place]").fill("Mill")
    page.locator("#edit button[type=submit]").click()
    expect(page.locator("#status")).to_contain_text("Saved as revision")
    with closing(SqliteStore(public.data_dir / "record.sqlite")) as store:
        newest = store.by_seq([store.head().seq])[0]
    assert re.fullmatch(r"BEN \(person [0-9a-f]{12}\)", newest.actor)


@pytest.mark.parametrize("name", ["dee", "nobody"])
def test_somebody_without_a_grant_is_refused_in_one_sentence(
    public: Service, watch: Watch, name: str
) -> None:
    page = watch().page
    page.goto(f"{public.url}/sign-in?theatre=ukraine")
    expect(page.locator("html")).to_have_attribute("data-ready", "1")
    sign_in(page, name)
    expect(page.locator("main p").first).to_contain_text("nobody gave you a role here")
    assert [one for one in page.context.cookies(public.url) if one["name"] == "strikemap"] == []


def test_an_answer_of_the_provider_opens_one_session_in_the_browser_that_began(
    public: Service, watch: Watch
) -> None:
    watched = watch()
    page = watched.page
    answers: list[str] = []
    page.on("request", lambda request: answers.append(request.url))
    page.goto(f"{public.url}/sign-in?theatre=ukraine")
    expect(page.locator("html")).to_have_attribute("data-ready", "1")
    sign_in(page, "ann")
    expect(page).to_have_url(re.compile(f"^{public.url}/[?]"))
    answer = next(url for url in answers if "/sign-in/return" in url)
    page.goto(answer)  # again, in the same browser
    expect(page.locator("main p").first).to_contain_text("did not begin in this browser")
    other = watch().page  # in another browser
    other.goto(answer)
    expect(other.locator("main p").first).to_contain_text("did not begin in this browser")
    log = next(public.data_dir.parent.glob("*.log")).read_text("utf-8")
    assert "sign-in refused" in log
    assert re.search("[?&]code=", answer)
    code = answer.partition("code=")[2].partition("&")[0]
    assert code not in log
