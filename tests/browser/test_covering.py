"""Parts of a picture are covered on the editing page: drawn with the mouse, or typed in."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE, WIDE, Watched, expect_no_axe_violations
from tests.photos import photo, scene
from tests.serving import Service

pytestmark = pytest.mark.browser
OWN = {"X-Strikemap": "1"}
NEW = {"dataset": "example-incidents", "reason": "x", "start": "2024-03-10"}


def attached(service: Service, content: bytes) -> str:
    """Attach a picture to a new record; returns the address of its pictures."""
    record = service.client.post("/api/incidents", headers=OWN, json=NEW).json()
    files = {"file": ("people.jpg", content)}
    path = f"/api/incidents/{record['id']}/attachments"
    assert service.client.post(path, headers=OWN, files=files).status_code == 201
    return path


@pytest.mark.parametrize(("width", "size", "lang"), [(800, WIDE, "en"), (900, PHONE, "ar")])
def test_a_part_is_drawn_another_is_typed_and_both_are_covered(
    private: Service,
    watch: Callable[..., Watched],
    width: int,
    size: dict[str, int],
    lang: str,
) -> None:
    address, watched = attached(private, photo(size=(width, 450))), watch(size)
    page = watched.page
    watched.open(f"{private.url}/edit/{address.split('/')[3]}?theatre=example&lang={lang}")
    frame = page.locator(".to-cover")
    expect(frame.locator("img")).to_have_js_property("complete", value=True)
    frame.scroll_into_view_if_needed()
    box = frame.bounding_box()
    assert box is not None
    assert box["width"] / box["height"] == pytest.approx(width / 450, rel=0.02)
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + box["height"] * 0.5)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.1, box["y"] + box["height"] * 0.2, steps=3)
    page.mouse.up()
    expect(frame.locator("span")).to_have_count(1)
    add = page.locator("#pictures .actions button").first
    add.press("Enter")
    for number in ("50", "10.5", "25", "80"):  # the first of the new part has the focus
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type(number)
        page.keyboard.press("Tab")
    expect_no_axe_violations(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    save = page.locator("#pictures .actions button").last
    save.press("Enter")
    assert page.evaluate("document.activeElement.id") == "reason"
    page.locator("#reason").fill("faces of children")
    save.press("Enter")
    expect(page.locator("#status")).to_have_text(re.compile("2"))
    (picture,) = private.client.get(address).json()["pictures"]
    drawn, typed = picture["covers"]
    assert drawn["x"] == pytest.approx(0.1, abs=0.02)
    assert drawn["y"] == pytest.approx(0.2, abs=0.02)
    assert drawn["width"] == pytest.approx(0.15, abs=0.02)
    assert drawn["height"] == pytest.approx(0.3, abs=0.02)
    assert typed == {"x": 0.5, "y": 0.105, "width": 0.25, "height": 0.8}
    page.locator("#pictures fieldset button").first.press("Enter")
    expect(frame.locator("span")).to_have_count(1)
    watched.is_clean()


def test_a_suggested_face_is_saved_only_when_a_person_saves_it(
    private: Service, watch: Callable[..., Watched]
) -> None:
    address, watched = attached(private, scene((300, 200, 200))), watch()
    page = watched.page
    watched.open(f"{private.url}/edit/{address.split('/')[3]}?theatre=example")
    for number in (1, 0):  # what is covered is not suggested again
        page.get_by_role("button", name="Suggest faces").click()
        expect(page.locator("#status")).to_contain_text(f"Suggested parts: {number}. Nothing")
        expect(page.locator(".to-cover span")).to_have_count(1)
    assert private.client.get(address).json()["pictures"][0]["covers"] == []
    page.locator("#reason").fill("a face")
    page.get_by_role("button", name="Save what is covered").click()
    expect(page.locator("#status")).to_contain_text("Parts covered: 1")
    (picture,) = private.client.get(address).json()["pictures"]
    assert len(picture["covers"]) == 1
    watched.is_clean()
