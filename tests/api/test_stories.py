"""Stories over HTTP: written with a token, read by all, and nothing withheld is in them."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.serving import Service, command, serving, token
from tests.support import table

OWN = {"X-Strikemap": "1"}
HIDDEN = "Quarry of nobody"
VIEW = "theatre=example&from=2024-03-01&to=2024-03-31"
STORY: dict[str, Any] = {
    "title": "March in the invented land",
    "lang": "en",
    "reason": "first draft",
    "steps": [
        {
            "title": "The first days",
            "text": "What **one** document says, and [the method](/method).",
            "view": VIEW,
            "notes": [{"text": "Wending", "lon": -124.5, "lat": -42.25, "side": "ne"}],
        },
        {"title": "Killed", "text": "At least.", "view": f"{VIEW}&metric=killed"},
    ],
}


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


def put(
    service: Service, slug: str, headers: dict[str, str] = OWN, **changes: Any
) -> httpx.Response:
    return service.client.put(f"/api/stories/{slug}", headers=headers, json={**STORY, **changes})


def is_problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    return document


def test_a_story_is_written_read_changed_and_withdrawn(private: Service, data: Path) -> None:
    saved = put(private, "march")
    assert saved.status_code == 200, saved.text
    path, revision = "/api/stories/march", saved.json()["revision"]
    assert saved.headers["etag"] == f'"{revision}"'
    story = private.client.get(path).json()
    assert (story["title"], story["revision"]) == (STORY["title"], revision)
    first = story["steps"][0]
    assert first["text"] == STORY["steps"][0]["text"]
    assert first["notes"] == STORY["steps"][0]["notes"]
    assert first["corrections"] == 0
    assert first["as_of"] in first["view"]
    assert private.client.get(first["map"]).status_code == 200
    assert private.client.get(first["figure"]).headers["content-type"] == "image/png"
    listed = private.client.get("/api/stories").json()["stories"]
    assert listed[0]["slug"] == "march"  # the newest change first
    match = {**OWN, "If-Match": f'"{revision}"'}
    changed = put(private, "march", match, title="March", reason="a shorter title")
    assert private.client.get(path).json()["title"] == "March"
    is_problem(put(private, "march", match), 412)
    match["If-Match"] = changed.headers["etag"]
    gone = private.client.post(f"{path}/withdraw", headers=match, json={"reason": "a mistake"})
    assert gone.status_code == 200
    is_problem(private.client.get(path), 404)
    listed = private.client.get("/api/stories").json()["stories"]
    assert "march" not in [one["slug"] for one in listed]
    assert command(data, "verify").returncode == 0


def test_only_an_editor_writes_on_a_public_instance(public: Service, data: Path) -> None:
    is_problem(put(public, "by-token", {}), 401)
    is_problem(put(public, "by-token", token(data, "viewer")), 403)
    saved = put(public, "by-token", token(data, "editor"))
    assert saved.status_code == 200
    answer = public.client.get("/api/stories/by-token")
    assert answer.headers["cache-control"].startswith("public")
    body = {"reason": "over"}
    is_problem(public.client.post("/api/stories/by-token/withdraw", json=body), 401)


def test_a_step_shows_the_public_nothing_that_is_withheld(
    public: Service, private: Service
) -> None:
    steps = [{"title": "Closed", "view": f"{VIEW}&dataset=closed"}]
    assert put(private, "closed", steps=steps).status_code == 200
    shown = {}
    for service in (public, private):
        story = service.client.get("/api/stories/closed").json()
        (step,) = story["steps"]
        items = f"/api/collections/incidents/items?{step['map'].partition('?')[2]}"
        answer = service.client.get(items)
        shown[service] = answer.text
        assert HIDDEN not in json.dumps(story)
    assert HIDDEN in shown[private]
    assert HIDDEN not in shown[public]


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"steps": [{"title": "a", "view": "from=x"}]}, "step 1, view: from"),
        (
            {"steps": [{"title": "a", "notes": [{"lon": 999, "lat": 0}]}]},
            "step 1, note 1, lon, lat",
        ),
        ({"steps": "none"}, "steps"),
        ({"reason": ""}, "reason"),
    ],
)
def test_a_story_that_does_not_fit_is_a_422(
    private: Service, changes: dict[str, Any], where: str
) -> None:
    problem = is_problem(put(private, "wrong", **changes), 422)
    assert where in [one["where"] for one in problem["errors"]]
    assert problem["errors"][0]["allowed"]
    is_problem(private.client.get("/api/stories/wrong"), 404)


def test_a_slug_in_use_is_a_422(private: Service) -> None:
    assert put(private, "twice").status_code == 200
    assert is_problem(put(private, "twice"), 422)["errors"][0]["where"] == "slug"


@pytest.mark.parametrize(
    "notes",
    ["x", "1,2", "181,0,ne,a", "1,2,up,a", "1,2,ne,", "\n".join(["1,2,ne,a"] * 7)],
)
def test_a_note_of_a_figure_that_does_not_fit_is_a_422(private: Service, notes: str) -> None:
    answer = private.client.get("/figure.png", params={"theatre": "example", "notes": notes})
    assert is_problem(answer, 422)["errors"][0]["where"] == "query.notes"


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_a_figure_has_the_notes_of_an_editor(private: Service, form: str) -> None:
    plain = {"theatre": "example", "lang": "en"}
    notes = {"notes": "-124.5, -42.25, ne, The bridge & the mill\n-122, -41, sw, Outside"}
    with_notes = private.client.get(f"/figure.{form}", params={**plain, **notes})
    assert with_notes.status_code == 200, with_notes.text
    assert with_notes.content != private.client.get(f"/figure.{form}", params=plain).content
    if form == "svg":
        assert "The bridge &amp; the mill" in with_notes.text


def test_a_backup_holds_the_stories(private: Service, data: Path, tmp_path: Path) -> None:
    assert put(private, "kept").status_code == 200
    packed = tmp_path / "all.tar.gz"
    assert command(data, "backup", str(packed)).returncode == 0
    done = command(tmp_path / "restored", "restore", str(packed))
    assert done.returncode == 0, done.stderr
    with serving(tmp_path / "restored", "--private") as restored:
        story = restored.client.get("/api/stories/kept").json()
    assert story["title"] == STORY["title"]


def test_a_link_to_a_story_brings_its_title_and_picture(public: Service, data: Path) -> None:
    assert put(public, "shared", token(data, "editor")).status_code == 200
    page = public.client.get("/story/shared?utm_source=x", follow_redirects=True)
    address = re.search(r'property="og:image" content="([^"]+)"', page.text)
    assert address is not None
    picture = public.client.get(html.unescape(address[1]))
    assert picture.headers["content-type"] == "image/png"
    assert f'content="{STORY["title"]}"' in page.text


def test_a_publishing_system_gets_the_frame_and_the_picture_of_a_story(
    public: Service, data: Path
) -> None:
    assert put(public, "pasted", token(data, "editor")).status_code == 200
    url = f"{public.url}/story/pasted?lang=uk"
    page = public.client.get("/story/pasted", params={"lang": "uk"}).text
    (link,) = re.findall(r'json\+oembed" href="([^"]+)"', page)
    document = public.client.get(html.unescape(link)).json()
    assert document == public.client.get("/oembed", params={"url": url}).json()
    assert document["title"] == STORY["title"]
    assert f'src="{public.url}/story/pasted/embed?lang=uk"' in document["html"]
    picture = public.client.get(document["thumbnail_url"])
    assert picture.headers["content-type"] == "image/png"
    for wrong in ("/story/none", "/story/pasted?lang=de", "/story/pasted/file", "/stories"):
        answer = public.client.get("/oembed", params={"url": f"{public.url}{wrong}"})
        is_problem(answer, 404)


def test_an_unknown_parameter_or_story_is_a_page_that_says_so(private: Service) -> None:
    browser = {"Accept": "text/html"}
    for address, status in (("/story/none", 404), ("/story/none?from=x", 422)):
        page = private.client.get(address, headers=browser)
        assert (page.status_code, "<h1>" in page.text) == (status, True)


def test_the_form_of_stories_is_a_page_of_its_own(public: Service) -> None:
    page = public.client.get("/edit/stories?theatre=example&lang=uk")
    assert (page.status_code, 'id="steps"' in page.text) == (200, True)
