"""People review pairs, redact texts and read histories; every such page is accessible."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import LOOKS, PHONE, Watched, expect_no_axe_violations
from tests.photos import photo
from tests.serving import Service, command
from tests.support import table

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
OWN = {"X-Strikemap": "1"}
HOSTILE = "<img src=x onerror=window.ran=1>"
ROW = {"source_key": "1", "start": "2024-03-10", "precision": "exact", "lat": "-42.25"}
VIEW = "theatre=example&dataset=one,two"
SINCE = "2020-01-01"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two invented datasets with one sure pair, which is merged, and one that waits."""
    folder = tmp_path_factory.mktemp("working")
    text = {"description": f"Grain store burning {HOSTILE}", "place": f"Mill {HOSTILE}"}
    for name in ("one", "two"):
        rows = [
            {**ROW, **text, "lon": "-124.5"},
            {**ROW, "source_key": "2", "lon": "-124.1", "claim1_by": "A", "claim1_text": HOSTILE},
        ]
        path = table(folder, *rows, name=f"{name}.csv")
        told = ("--theatre", "example", "--synthetic", "--dataset", name, "--terms", "CC0-1.0")
        done = command(folder / "data", "import", str(path), *told)
        assert done.returncode == 0, done.stderr
    done = command(folder / "data", "match", "one", "two", "--json")
    assert json.loads(done.stdout)["pending"] == 1
    return folder / "data"


def opened(watch: Watch, url: str, *, scheme: str = "light", ready: bool = True) -> Watched:
    """Open a page; those without a program of their own are ready when they are loaded."""
    watched = watch(scheme=scheme)
    if ready:
        watched.open(url)
    else:
        watched.page.goto(url)
    return watched


def reviews(service: Service) -> dict[str, Any]:
    told: dict[str, Any] = service.client.get("/api/reviews", headers=OWN).json()
    return told


def incidents(service: Service, dataset: str) -> list[dict[str, Any]]:
    path = f"/api/collections/incidents/items?theatre=example&dataset={dataset}"
    told: list[dict[str, Any]] = service.client.get(path).json()["features"]
    return told


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_a_pair_is_read_side_by_side_decided_and_taken_back(
    private: Service, watch: Watch, lang: str
) -> None:
    watched = opened(watch, f"{private.url}/review?theatre=example&lang={lang}")
    page = watched.page
    waiting, decided = page.locator("#waiting > li"), page.locator("#decided > li")
    expect(waiting).to_have_count(1)
    expect(decided).to_have_count(1)
    head = waiting.locator("thead th")
    assert head.all_inner_texts()[1:] == ["one", "two"]
    expect(waiting.locator("table")).to_contain_text("2024-03-10")
    expect(waiting.locator("ul li").first).to_be_visible()
    merge, part = (waiting.locator(".actions button").nth(place) for place in (0, 1))
    merge.click()
    expect(page.locator("#problem")).not_to_be_empty()
    expect(page.locator("#reason")).to_be_focused()  # a decision needs its reason
    page.locator("#reason").fill("two posts of one fire")
    part.focus()
    page.keyboard.press("Enter")
    expect(waiting).to_have_count(0)
    expect(decided).to_have_count(2)
    expect(page.locator("#waiting-title")).to_be_focused()
    newest = reviews(private)["decided"][0]
    assert (newest["is_same"], newest["how"]) == (False, "reviewed")
    page.locator("#reason").fill("too early to say")
    decided.filter(has_text=newest["by"]).first.locator(".actions button").click()
    expect(waiting).to_have_count(1)
    assert reviews(private)["pending"] == 1
    assert page.evaluate("window.ran") is None
    watched.faults = [one for one in watched.faults if "422" not in one]  # the reason that lacked
    watched.is_clean()


def test_the_public_instance_shows_no_pair_without_a_reviewers_token(
    public: Service, data: Path, watch: Watch
) -> None:
    watched = opened(watch, f"{public.url}/review?theatre=example")
    page = watched.page
    for role, pairs in (("editor", 0), ("reviewer", 1)):
        expect(page).to_have_url(re.compile("/sign-in"))
        made = command(data, "token", "create", role, "--role", role, "--json")
        watched.sign_in(json.loads(made.stdout)["token"])
        if not pairs:
            expect(page.locator("#problem")).to_contain_text("reviewer")
        expect(page.locator("#waiting > li")).to_have_count(pairs)
        page.get_by_role("button", name="Sign out").click()
    assert "strikemap_" not in page.url


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_a_text_is_hidden_from_the_public_and_the_history_keeps_its_silence(
    private: Service, public: Service, watch: Watch, lang: str
) -> None:
    number = incidents(private, "one")[-1]["id"]
    watched = opened(watch, f"{private.url}/edit/{number}?theatre=example&lang={lang}")
    page, form = watched.page, watched.page.locator("#redact")
    expect(form).to_be_visible()
    expect(form.locator("#lift")).to_be_disabled()
    form.locator("input[value=description]").check()
    form.locator("#code").select_option("privacy_of_victim")
    form.locator("button[type=submit]").click()
    assert page.evaluate("document.activeElement.id") == "reason"
    page.locator("#reason").fill("the text names somebody")
    form.locator("button[type=submit]").click()
    expect(form.locator("#lift")).to_be_enabled()
    expect(page.locator("#redacted")).not_to_be_empty()
    expect_no_axe_violations(page)
    seen = opened(
        watch, f"{public.url}/incidents/{number}?theatre=example&lang={lang}", ready=False
    ).page
    words = {"en": "redacted: privacy of a victim", "uk": "вилучено: приватність постраждалих"}
    expect(seen.locator("dl.record")).to_contain_text(words[lang])
    expect(seen.locator("dl.record")).not_to_contain_text("Grain store")
    expect_no_axe_violations(seen)
    own = opened(
        watch, f"{private.url}/incidents/{number}?theatre=example&lang={lang}", ready=False
    ).page
    expect(own.locator("dl.record")).to_contain_text("Grain store")
    form.locator("#lift").click()
    expect(form.locator("#lift")).to_be_disabled()
    seen.reload()
    expect(seen.locator("dl.record")).to_contain_text("Grain store")
    assert page.evaluate("window.ran") is None
    watched.is_clean()


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_an_editor_attaches_a_picture_and_a_wrong_one_gets_a_sentence(
    private: Service, watch: Watch, tmp_path: Path, lang: str
) -> None:
    number = incidents(private, "two")[-1]["id"]
    watched = opened(watch, f"{private.url}/edit/{number}?theatre=example&lang={lang}")
    page, form = watched.page, watched.page.locator("#attach")
    picture, wrong = tmp_path / f"mill-{lang}.jpg", tmp_path / "mill.png"
    for path in (picture, wrong):
        path.write_bytes(photo(size=(400, {"en": 300, "uk": 310}[lang])))
    form.locator("[name=file]").set_input_files(wrong)
    form.locator("button").click()
    expect(page.locator("#problem")).to_contain_text("image/png")
    form.locator("[name=file]").set_input_files(picture)
    form.locator("[name=caption]").fill(f"A mill {HOSTILE}")
    form.locator("[name=publisher]").fill("City council")
    form.locator("[name=graphic]").check()
    expect_no_axe_violations(page)
    form.locator("button").click()
    expect(page.locator("#status")).to_contain_text(picture.name)
    expect(page.locator("#status")).to_contain_text("internal")
    record = f"{private.url}/incidents/{number}?theatre=example&lang={lang}"
    seen = opened(watch, record, ready=False).page
    expect(seen.locator("dl.record figure").first).to_contain_text("City council")
    assert page.evaluate("window.ran") is None


def test_the_map_says_why_a_text_is_missing(
    private: Service, public: Service, watch: Watch
) -> None:
    one = next(item for item in incidents(private, "two") if item["properties"]["description"])
    body = {"texts": ["description", "place"], "code": "graphic", "reason": "too much"}
    address = f"/api/incidents/{one['id']}/redact"
    assert private.client.post(address, headers=OWN, json=body).status_code == 200
    watched = watch()
    watched.open(f"{public.url}/?theatre=example&dataset=two&from=2024-03-01&to=2024-03-31")
    page = watched.page
    page.locator("#map canvas, .leaflet-container canvas").first.wait_for()
    told = page.evaluate(
        """async (url) => {
          const { incidentBody } = await import("/static/js/record.js");
          const feature = await (await fetch(url)).json();
          const block = document.querySelector("script[type='application/json']");
          const spec = JSON.parse(block.textContent);
          const state = { query: () => "" };
          const context = { words: spec.strings, language: "en", spec, state };
          return incidentBody(feature, context).textContent;
        }""",
        f"/api/collections/incidents/items/{one['id']}?theatre=example",
    )
    assert told.count("redacted: graphic content") == 2
    assert "Grain store" not in told
    lifted = private.client.post(address, headers=OWN, json={**body, "texts": []})
    assert lifted.status_code == 200


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_the_history_says_what_changed_and_to_whom_it_says_who(
    private: Service, public: Service, watch: Watch, lang: str
) -> None:
    told = {
        "dataset": "one",
        "start": "2024-03-12",
        "precision": "admin1",
        "reason": "typed in",
    }
    one = private.client.post("/api/incidents", headers=OWN, json=told).json()
    for number, why in enumerate(("recount by the hospital", HOSTILE)):
        match = {**OWN, "If-Match": f'"{one["revision"]}"'}
        fields = {"killed": {"low": number + 1}, "place": f"Place {number}", "reason": why}
        path = f"/api/incidents/{one['id']}"
        one = private.client.patch(path, headers=match, json=fields).json()
    query = f"theatre=example&lang={lang}"
    for service, says_who in ((private, True), (public, False)):
        watched = opened(watch, f"{service.url}/incidents/{one['id']}?{query}", ready=False)
        page = watched.page
        history = page.locator(".wide table tbody tr")
        expect(history).to_have_count(3)
        cells = history.nth(1).locator("td").all_inner_texts()
        assert cells[2] == "place, killed"
        assert bool(cells[3]) is says_who
        assert ("recount by the hospital" in cells[4]) is says_who
        assert len(cells[5]) == 64
        assert (HOSTILE in history.nth(2).inner_text()) is says_who
        expect_no_axe_violations(page)
        assert page.evaluate("window.ran") is None
        watched.is_clean()


@pytest.mark.parametrize(("lang", "scheme"), LOOKS)
def test_the_working_pages_have_no_axe_violation(
    private: Service, watch: Watch, lang: str, scheme: str
) -> None:
    number = incidents(private, "two")[0]["id"]
    pages = {
        f"/import?theatre=example&lang={lang}": True,
        f"/review?theatre=example&lang={lang}": True,
        f"/audit?theatre=example&lang={lang}": True,
        f"/edit/{number}?theatre=example&lang={lang}": True,
        f"/incidents/{number}?theatre=example&lang={lang}": False,
        f"/changes?{VIEW}&lang={lang}&since={SINCE}": False,
        f"/method?theatre=example&lang={lang}": False,
    }
    watched = watch(scheme=scheme)
    page = watched.page
    for address, is_program in pages.items():
        if is_program:
            watched.open(f"{private.url}{address}")
        else:
            page.goto(f"{private.url}{address}")
        if address.startswith("/review"):
            expect(page.locator("#waiting > li")).to_have_count(1)
        if address.startswith("/audit"):
            expect(page.locator("#events tbody tr").first).to_be_visible()
        if address.startswith("/edit"):
            expect(page.locator("#redact")).to_be_visible()
        expect_no_axe_violations(page)
        assert page.evaluate("window.ran") is None
    watched.is_clean()


@pytest.mark.parametrize(
    "path", ["/review?theatre=example", "/audit?theatre=example", f"/changes?{VIEW}&since={SINCE}"]
)
def test_the_working_pages_fit_a_phone(private: Service, watch: Watch, path: str) -> None:
    watched = watch(PHONE)
    watched.page.goto(f"{private.url}{path}")
    watched.page.wait_for_load_state("networkidle")
    assert watched.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect_no_axe_violations(watched.page)


@pytest.mark.parametrize(("lang", "scheme"), LOOKS)
def test_the_page_of_a_problem_has_no_axe_violation_and_leads_to_the_map(
    private: Service, watch: Watch, lang: str, scheme: str
) -> None:
    page = watch(scheme=scheme).page
    page.goto(f"{private.url}/table?theatre=example&lang={lang}&from=x&colour=red")
    expect(page.locator("main p[lang=en]")).to_have_count(2)
    expect_no_axe_violations(page)
    page.locator("main a").click()
    expect(page.locator(".leaflet-container").first).to_be_visible()
