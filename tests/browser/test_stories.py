"""A story is read by mouse, by keyboard, on a phone, on paper, in a frame and without scripts."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import PHONE, WIDE, Watched, expect_no_axe_violations
from tests.serving import Service, command, hosting, serving
from tests.support import table

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
OWN = {"X-Strikemap": "1"}
HIDDEN = "Quarry of nobody"
VIEW = "theatre=example&from=2024-03-01&to=2024-04-29"
HOSTILE = (
    "<script>window.ran=1</script> <img src=x onerror=window.ran=1> "
    "[a](javascript:window.ran=1) ![b](https://outside.example/p.png) "
    '<a href="x" onmouseover="window.ran=1">c</a> **bold**'
)
STEPS: list[dict[str, Any]] = [
    {"title": "The whole land", "text": HOSTILE, "view": VIEW},
    {
        "title": "One region",
        "text": "Where it began.",
        "view": f"{VIEW}&region=XE-03&metric=killed",
        "notes": [{"text": "<b>The mill</b>", "lon": -124.5, "lat": -42.25, "side": "sw"}],
    },
    {"title": "Drones only", "text": "Later.", "view": f"{VIEW}&weapon=drone"},
    {"title": "Closed", "text": "Not for all.", "view": f"{VIEW}&dataset=closed"},
]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, demo_data: Path) -> Path:
    """A copy of the demos, with a dataset whose records stay here."""
    folder = tmp_path_factory.mktemp("stories")
    shutil.copytree(demo_data, folder / "data")
    row = {"source_key": "1", "start": "2024-03-10", "precision": "exact", "lon": "-124.5"}
    path = table(folder, {**row, "lat": "-42.25", "place": HIDDEN, "description": HIDDEN})
    words = ("--theatre", "example", "--synthetic", "--dataset", "closed", "--terms", "internal")
    done = command(folder / "data", "import", str(path), *words)
    assert done.returncode == 0, done.stderr
    return folder / "data"


@pytest.fixture(scope="module")
def private(data: Path) -> Iterator[Service]:
    """The service of the person who writes, with one story."""
    with serving(data, "--private") as running:
        story = {"title": "An invented spring", "reason": "draft", "steps": STEPS}
        saved = running.client.put("/api/stories/spring", headers=OWN, json=story)
        assert saved.status_code == 200, saved.text
        yield running


@pytest.fixture(scope="module")
def public(data: Path, private: Service) -> Iterator[Service]:
    """The service of the readers, after the story was written."""
    assert private.data_dir == data
    with serving(data) as running:
        yield running


def expect_step(page: Page, number: int) -> None:
    expect(page.locator("html")).to_have_attribute("data-step", str(number))


def shown_view(page: Page) -> str:
    """Return the part of the headline that says which records the map shows."""
    return page.locator("#headline").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_map_follows_the_reader_and_no_script_of_a_text_runs(
    public: Service, watch: Watch, scheme: str
) -> None:
    watched = watch(scheme=scheme)
    watched.open(f"{public.url}/story/spring")
    page = watched.page
    expect_step(page, 1)
    assert "Example" in shown_view(page)
    page.mouse.move(200, 400)
    for number in (2, 3):
        while page.locator(".step.current").get_attribute("id") != f"step-{number}":
            page.mouse.wheel(0, 100)
            page.wait_for_timeout(100)
        expect_step(page, number)
    expect(page.locator("#headline")).to_contain_text("Drone")
    page.evaluate("location.hash = 'step-2'")
    expect_step(page, 2)
    expect(page.locator(".map-note")).to_have_text("<b>The mill</b>")
    expect(page.locator("#step-1 strong")).to_have_text("bold")
    expect(page.locator("#step-1 .step-text")).to_contain_text("<script>")
    assert page.locator(".step-text :is(script, img, [onmouseover])").count() == 0
    assert page.locator("a[href^=javascript]").count() == 0
    assert page.evaluate("window.ran") is None
    expect_no_axe_violations(page)
    watched.is_clean()


def test_a_story_is_read_by_keyboard(public: Service, watch: Watch) -> None:
    watched = watch()
    watched.open(f"{public.url}/story/spring?lang=uk")
    page = watched.page
    for number in (2, 3, 4):
        page.locator(f"#step-{number - 1} .next").focus()
        page.keyboard.press("Enter")
        expect_step(page, number)
        expect(page.locator(f"#step-{number}")).to_have_class("step current")
    page.keyboard.press("Home")
    expect_step(page, 1)
    assert page.locator("html").get_attribute("lang") == "uk"
    expect(page.locator("#title-1")).to_have_attribute("lang", "en")
    expect_no_axe_violations(page)
    watched.is_clean()


def test_a_story_fits_a_phone(public: Service, watch: Watch) -> None:
    watched = watch(PHONE)
    watched.open(f"{public.url}/story/spring")
    page = watched.page
    page.locator(".contents a").nth(1).click()
    expect_step(page, 2)
    box, title = page.locator("#story-map").bounding_box(), page.locator("#title-2").bounding_box()
    assert box is not None
    assert title is not None
    assert box["height"] > PHONE["height"] * 0.25
    assert box["y"] + box["height"] <= title["y"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect_no_axe_violations(page)
    watched.is_clean()


def test_a_withheld_record_is_in_no_step_for_the_public(
    public: Service, private: Service, watch: Watch
) -> None:
    def columns_asked(service: Service) -> tuple[int, str]:
        """Open the last step; count the files of marks that it got, and return its text."""
        watched, urls = watch(), list[str]()
        watched.page.on("request", lambda request: urls.append(request.url))
        watched.open(f"{service.url}/story/spring#step-4")
        expect_step(watched.page, 4)
        watched.page.wait_for_load_state("networkidle")
        assert HIDDEN not in watched.page.content()
        watched.is_clean()
        files = [url for url in urls if "/columns/" in url and "dataset=closed" in url]
        return len(files), watched.page.locator("#step-4").inner_text()

    marks, text = columns_asked(private)
    assert (marks, "No correction" in text) == (1, True)
    marks, text = columns_asked(public)
    assert (marks, "orrection" in text) == (0, False)


def test_without_scripts_each_step_has_its_picture(public: Service, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=WIDE)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{public.url}/story/spring")
    expect(page.locator(".step figure img")).to_have_count(len(STEPS))
    page.locator("#step-3 img").scroll_into_view_if_needed()
    expect(page.locator("#step-3 img")).to_have_js_property("complete", value=True)
    assert page.locator("#step-3 img").evaluate("image => image.naturalWidth") == 960
    expect(page.locator("#stage")).to_be_hidden()
    context.close()


def test_a_story_is_printed_as_pages_with_the_picture_of_each_step(
    public: Service, watch: Watch, tmp_path: Path
) -> None:
    watched = watch()
    watched.open(f"{public.url}/story/spring")
    watched.page.emulate_media(media="print")
    # A browser asks for pictures out of sight when it prints, and may not wait for slow ones.
    for picture in watched.page.locator(".step figure img").all():
        picture.scroll_into_view_if_needed()
        expect(picture).to_have_js_property("complete", value=True)
    watched.page.pdf(path=tmp_path / "story.pdf", format="A4")
    printed = pypdfium2.PdfDocument(tmp_path / "story.pdf")
    image = pypdfium2.raw.FPDF_PAGEOBJ_IMAGE
    pictures = [len(list(page.get_objects([image]))) for page in printed]
    texts = [page.get_textpage().get_text_range() for page in printed]
    assert sum(pictures) == len(STEPS)
    for step, text in zip(STEPS, texts, strict=True):
        assert step["title"] in text
    printed.close()
    watched.is_clean()


def test_a_story_is_embedded_in_a_sandboxed_frame(public: Service, watch: Watch) -> None:
    address = f"{public.url}/story/spring/embed"
    frame = f'<iframe src="{address}" width="900" height="600" sandbox="allow-scripts allow-popups"'
    watched = watch()
    with hosting(f"<!doctype html><title>Report</title>{frame} title='Story'></iframe>") as url:
        page = watched.page
        page.goto(url)
        story = page.frame_locator("iframe")
        expect(story.locator("html")).to_have_attribute("data-ready", "1")
        story.locator(".next").first.click()
        expect(story.locator("html")).to_have_attribute("data-step", "2")
        expect(story.locator("#step-4 .banner")).to_contain_text("do not allow it")
        assert story.locator("#step-4 figure").count() == 0
    watched.is_clean()


def test_a_story_is_saved_as_one_file_that_asks_nobody(
    public: Service, watch: Watch, tmp_path: Path
) -> None:
    answer = public.client.get("/story/spring/file?lang=uk")
    assert answer.headers["content-disposition"] == 'attachment; filename="spring.html"'
    (tmp_path / "spring.html").write_bytes(answer.content)
    watched, urls = watch(PHONE), list[str]()
    page = watched.page
    page.on("request", lambda request: urls.append(request.url))
    page.goto((tmp_path / "spring.html").as_uri())
    expect(page.locator(".step img")).to_have_count(len(STEPS))
    assert page.locator("#title-3").inner_text() == "Drones only"
    widths = page.locator(".step img").evaluate_all("all => all.map((one) => one.naturalWidth)")
    assert widths == [1920] * len(STEPS)
    assert [url for url in urls if not url.startswith(("file:", "data:"))] == []
    link = page.locator("#title-1 ~ .step-links a").first
    assert str(link.evaluate("link => link.href")).startswith(f"{public.url}/?")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.evaluate("window.ran") is None
    expect_no_axe_violations(page)


def test_the_list_of_stories_leads_to_each(public: Service, watch: Watch) -> None:
    watched = watch()
    page = watched.page
    watched.open(f"{public.url}/?theatre=example")
    page.get_by_role("link", name="Stories").click()
    expect_no_axe_violations(page)
    page.get_by_role("link", name="An invented spring").click()
    expect(page.locator("h1")).to_have_text("An invented spring")
    expect_step(page, 1)
    watched.is_clean()


def field(page: Page, step: int, name: str) -> Locator:
    return page.locator(f"#steps > li:nth-child({step}) [data-field={name}]")


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_a_story_is_written_read_changed_and_withdrawn(
    private: Service, watch: Watch, lang: str
) -> None:
    watched = watch()
    watched.open(f"{private.url}/edit/stories?theatre=example&lang={lang}")
    page = watched.page
    page.locator("#slug").fill(f"winter-{lang}")
    page.locator("#title").fill("A winter")
    field(page, 1, "title").fill("Around the mill")
    field(page, 1, "text").fill("One **source** says so.")
    field(page, 1, "view").fill(f"{private.url}/?{VIEW}&lang=uk#at=9/-42.25/-124.5&tab=list")
    field(page, 1, "notes").fill("-124.5, -42.25, ne, The mill, by the river")
    expect(field(page, 1, "view")).to_have_value(
        re.compile(r"from=.*&bbox=-125\.\d+,-42\.\d+,-123")
    )
    page.locator("#add").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#steps > li:nth-child(2) h2")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("Wrong first")
    field(page, 2, "view").fill("theatre=example&from=soon")
    page.locator("#reason").fill("first draft")
    expect_no_axe_violations(page)
    page.locator("#edit button[type=submit]").click()
    expect(page.locator("#problem")).to_contain_text("step 2, view: from: soon")
    field(page, 2, "view").fill(VIEW)
    page.locator("#steps > li:nth-child(2) .actions button").nth(1).click()  # up
    expect(field(page, 1, "title")).to_have_value("Wrong first")
    field(page, 1, "title").fill("The whole land")
    page.locator("#edit button[type=submit]").click()
    expect(page.locator("#withdraw")).to_be_enabled()
    expect(field(page, 2, "view")).to_have_value(re.compile("as_of=20.*dataset="))
    expect(page.locator("#steps img").nth(1)).to_have_js_property("naturalWidth", 960)
    watched.faults = [one for one in watched.faults if "422" not in one]  # the wrong day
    page.locator("#read").click()
    expect_step(page, 1)
    page.locator(".next").first.click()
    expect_step(page, 2)
    expect(page.locator(".map-note")).to_have_text("The mill, by the river")
    page.get_by_role("link", name={"en": "Write a story", "uk": "Написати історію"}[lang]).click()
    expect(page.locator("#title")).to_have_value("A winter")
    page.locator("#reason").fill("a mistake")
    page.locator("#withdraw").click()
    expect(page.locator("#withdraw")).to_be_disabled()
    assert private.client.get(f"/api/stories/winter-{lang}").status_code == 404
    watched.is_clean()


def test_a_public_instance_takes_a_story_with_an_editors_token_only(
    public: Service, data: Path, watch: Watch
) -> None:
    watched = watch(PHONE)
    watched.open(f"{public.url}/edit/stories?theatre=example")
    page = watched.page
    made = command(data, "token", "create", "editor", "--role", "editor", "--json")
    watched.sign_in(json.loads(made.stdout)["token"])
    page.locator("#slug").fill("by-token")
    page.locator("#title").fill("By token")
    field(page, 1, "title").fill("One step")
    page.locator("#reason").fill("why")
    page.locator("#edit button[type=submit]").click()
    expect(page.locator("#withdraw")).to_be_enabled()
    assert "strikemap_" not in page.url
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect_no_axe_violations(page)
    assert public.client.get("/story/by-token").status_code == 200
    watched.is_clean()


def test_a_note_of_a_step_is_placed_by_a_click_on_its_map(private: Service, watch: Watch) -> None:
    page = (watched := watch()).page
    page.goto(f"{private.url}/edit/stories#spring")
    expect(page.locator("html")).to_have_attribute("data-ready", "1")
    step = page.locator("#steps > li").first
    step.get_by_role("button", name="Point at a place").click()
    frame = page.frame_locator(".pointing-dialog iframe")
    expect(frame.locator("html[data-ready='1']")).to_be_attached()
    expect(frame.locator(".pointing")).to_be_attached()
    frame.locator(".map").click(position={"x": 200, "y": 150})
    expect(page.locator(".pointing-dialog")).to_have_count(0)
    notes = step.locator("[data-field=notes]")
    expect(notes).to_be_focused()
    page.keyboard.type("Here, by hand")
    lon, lat, side, text = (part.strip() for part in notes.input_value().split(",", 3))
    assert -135 < float(lon) < -110
    assert -50 < float(lat) < -35
    assert (side, text) == ("ne", "Here, by hand")
    watched.is_clean()
