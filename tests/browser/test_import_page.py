"""People bring a file, see what it would do, commit, edit and undo, by mouse or by keyboard."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, Watched, expect_no_axe_violations
from tests.making import ROOT
from tests.serving import Service, command

pytestmark = pytest.mark.browser
Watch = Callable[..., Watched]
FORM = ROOT / "tests" / "data" / "tables" / "odk_form"
HEADER = "source_key,start,precision,lon,lat,place\n"
HOSTILE = "<img src=x onerror=window.ran=1>"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Three rows: two that can be taken, with hostile text, and one that cannot."""
    path = tmp_path / "events.csv"
    rows = [
        f"a,2024-03-10,exact,-124.5,-42.25,{HOSTILE}",
        "b,2024-03-11,exact,-124.4,-42.2,Wending",
        f"c,{HOSTILE},exact,-124.4,-42.2,Wending",
    ]
    path.write_text(HEADER + "\n".join(rows) + "\n", "utf-8")
    return path


def choose(page: Page, file: Path, dataset: str) -> None:
    page.set_input_files("#file", str(file))
    page.locator("input[name=dataset]").fill(dataset)


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_a_file_is_looked_at_committed_and_undone(
    private: Service, watch: Watch, file: Path, lang: str
) -> None:
    watched = watch()
    watched.open(f"{private.url}/import?theatre=example&lang={lang}")
    page = watched.page
    choose(page, file, f"mine-{lang}")
    page.locator("#upload button[type=submit]").click()
    report = page.locator("#report")
    expect(report).to_be_visible()
    expect(report).to_be_focused()
    expect(page.locator("#about")).to_contain_text("native_csv")
    expect(page.locator("#about")).to_contain_text(f"mine-{lang}")
    expect(page.locator("#told table").nth(1)).to_contain_text(HOSTILE)
    expect(page.locator("#preview .leaflet-tile-loaded").first).to_be_attached()
    expect(page.locator("#preview-note")).to_contain_text("2")
    expect_no_axe_violations(page)
    commit, undo = page.locator("#actions button").first, page.locator("#actions button").first
    commit.click()
    seen = page.locator("#actions a")
    expect(seen).to_have_attribute("href", re.compile(f"dataset=mine-{lang}"))
    expect_no_axe_violations(page)
    count = f"/api/collections/incidents/items?theatre=example&dataset=mine-{lang}"
    assert private.client.get(count).json()["numberMatched"] == 2
    undo.click()
    expect(page.locator("#actions button")).to_have_count(0)
    expect(page.locator("#status")).to_contain_text("2")
    assert page.evaluate("window.ran") is None
    watched.is_clean()


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_a_file_that_comes_again_after_an_edit_shows_what_stands_and_takes_an_order(
    private: Service, watch: Watch, tmp_path: Path, lang: str
) -> None:
    path, slug, own = tmp_path / "events.csv", f"again-{lang}", {"X-Strikemap": "1"}
    path.write_text(f"{HEADER}a,2024-03-10,exact,-124.5,-42.25,Wending\n", "utf-8")
    with path.open("rb") as stream:
        where = f"/api/imports?theatre=example&dataset={slug}"
        private.client.post(where, headers=own, files={"file": stream})
    items = f"/api/collections/incidents/items?theatre=example&dataset={slug}"
    one = private.client.get(items).json()["features"][0]
    edit = {"place": HOSTILE, "reason": "the mayor says so"}
    match = {**own, "If-Match": f'"{one["properties"]["revision"]}"'}
    done = private.client.patch(f"/api/incidents/{one['id']}", headers=match, json=edit)
    assert done.status_code == 200
    path.write_text(f"{HEADER}a,2024-03-10,exact,-124.5,-42.25,Elsewhere\n", "utf-8")
    watched = watch()
    watched.open(f"{private.url}/import?theatre=example&lang={lang}")
    page = watched.page
    choose(page, path, slug)
    page.locator("#upload button[type=submit]").click()
    conflicts = page.locator("#told table").nth(1)
    for said in ("place", "Elsewhere", HOSTILE, "the mayor says so", "Wending"):
        expect(conflicts).to_contain_text(said)
    expect_no_axe_violations(page)
    page.locator("input[name=over_edits]").check()
    page.locator("#upload button[type=submit]").click()
    expect(conflicts).not_to_contain_text("the mayor says so")
    page.locator("#actions button").first.click()
    expect(page.locator("#actions a")).to_have_attribute("href", re.compile(f"dataset={slug}"))
    fields = private.client.get(f"/api/incidents/{one['id']}").json()["fields"]
    assert fields["place"] == "Elsewhere"
    assert page.evaluate("window.ran") is None
    watched.is_clean()


def test_the_whole_way_by_keyboard(private: Service, watch: Watch, file: Path) -> None:
    watched = watch()
    watched.open(f"{private.url}/import?theatre=example")
    page = watched.page
    choose(page, file, "by-keys")
    page.locator("input[name=dataset]").press("Enter")
    expect(page.locator("#report")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Commit")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text("Imported, version")
    expect(page.locator("#report")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#status")).to_contain_text("Undone: 2 retracted")


def test_a_dropped_file_is_taken_and_one_that_misses_does_not_replace_the_page(
    private: Service, watch: Watch
) -> None:
    watched = watch()
    watched.open(f"{private.url}/import?theatre=example")
    page = watched.page
    drop = """(selector) => {
      const data = new DataTransfer();
      data.items.add(new File(["source_key,start,precision\\nx,2024-03-10,admin1\\n"], "d.csv"));
      const event = new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
      document.querySelector(selector).dispatchEvent(event);
      return event.defaultPrevented;
    }"""
    assert page.evaluate(drop, "main") is True
    assert page.evaluate("document.getElementById('file').files.length") == 0
    assert page.evaluate(drop, "#drop") is True
    assert page.evaluate("document.getElementById('file').files[0].name") == "d.csv"
    page.get_by_role("button", name="See what would change").click()
    expect(page.locator("#preview-note")).to_have_text("No place to show")
    page.get_by_role("button", name="Forget it").click()
    expect(page.locator("#report")).to_be_hidden()
    watched.is_clean()


TABLE = (
    f"День;Місто;Широта;Довгота;Зброя;Примітка\n"
    f"04.03.2024;Wending;-42,25;-124,5;дрон;{HOSTILE}\n"
    "11.03.2024;Tarn;-42,2;-124,4;пращу;x\n"
)


@pytest.mark.parametrize(("lang", "scheme"), [("en", "light"), ("uk", "dark")])
def test_the_columns_of_an_unknown_table_are_proposed_corrected_tried_and_saved(
    private: Service, watch: Watch, tmp_path: Path, lang: str, scheme: str
) -> None:
    path = tmp_path / "odd.csv"
    path.write_text(TABLE, "utf-8")
    watched = watch(scheme=scheme)
    watched.open(f"{private.url}/import?theatre=example&lang={lang}")
    page = watched.page
    choose(page, path, f"mapped-{lang}")
    page.locator("#upload button[type=submit]").click()
    mapping = page.locator("#mapping")
    expect(mapping).to_be_focused()
    question = "'04.03.2024' is 2024-03-04 or 2024-04-03"
    expect(page.locator("#problem")).to_contain_text(question)
    columns = page.locator("#mapping-columns select")
    expect(columns).to_have_count(6)
    fields = columns.evaluate_all("all => all.map((one) => one.value)")
    assert fields == ["start", "place", "lat", "lon", "weapons", "description"]
    expect(page.locator("#mapping-columns")).to_contain_text(HOSTILE)
    page.locator("#mapping-dates").select_option("dmy")
    expect(page.locator("#mapping-comma")).to_be_checked()
    expect_no_axe_violations(page)
    columns.nth(5).select_option("")
    page.locator("#mapping-words select[data-word='пращу']").select_option("other")
    page.locator("#mapping-precision").select_option("exact")
    with page.expect_download() as saving:
        page.locator("#mapping-save").click()
    saved = tmp_path / "mapping.json"
    saving.value.save_as(saved)
    page.locator("#mapping-try").click()
    expect(page.locator("#report")).to_be_focused()
    expect(page.locator("#about")).to_contain_text("mapped")
    expect(page.locator("#told")).to_contain_text("Примітка")
    page.locator("#actions button").first.click()
    expect(page.locator("#actions a")).to_be_attached()
    items = f"/api/collections/incidents/items?theatre=example&dataset=mapped-{lang}"
    found = [one["properties"] for one in private.client.get(items).json()["features"]]
    assert {one["place"]: (one["precision"], one["weapons"]) for one in found} == {
        "Wending": ("exact", ["drone"]),
        "Tarn": ("exact", ["other"]),
    }
    assert page.evaluate("window.ran") is None
    # The saved mapping reads the file at once, without asking again.
    watched.open(f"{private.url}/import?theatre=example&lang={lang}")
    choose(page, path, f"mapped-{lang}")
    page.set_input_files("#saved", str(saved))
    page.locator("#upload button[type=submit]").click()
    expect(page.locator("#report")).to_be_focused()
    expect(mapping).to_be_hidden()
    told = page.locator("#told table").first.inner_text()
    assert re.search(r"(unchanged|без змін)\s+2", told), told
    watched.faults = [one for one in watched.faults if "422" not in one]  # the refusal, as meant
    watched.is_clean()


OFFERS = {
    "en": ("Most points lie in Sudan, ", "Add the theatre Sudan"),
    "uk": ("Більшість точок лежить тут: Судан.", "Додати територію: Судан"),
    "ar": ("تقع معظم النقاط في السودان،", "إضافة الإقليم السودان"),
    "es": ("La mayoría de los puntos está en Sudán,", "Añadir el territorio Sudán"),
    "fr": (
        "La plupart des points se trouvent dans ce pays\u00a0: Soudan.",
        "Ajouter le territoire",
    ),
}


@pytest.fixture
def sudan(tmp_path: Path) -> Path:
    """Two incidents in Khartoum."""
    path = tmp_path / "sudan.csv"
    rows = "a,2024-03-10,exact,32.5,15.55,Khartoum\nb,2024-03-11,exact,32.6,15.6,Bahri\n"
    path.write_text(HEADER + rows, "utf-8")
    return path


def test_how_the_persons_of_a_form_count_is_asked_and_chosen(
    private: Service, watch: Watch, tmp_path: Path
) -> None:
    path = tmp_path / "form.zip"
    main = (FORM / "Strikes.csv").read_text("utf-8").replace("weapon,", "killed,")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "Strikes.csv", main.replace(",artillery,", ",3,").replace(",drone,", ",0,")
        )
        archive.write(FORM / "Strikes-person.csv", "Strikes-person.csv")
    watched = watch()
    watched.open(f"{private.url}/import?theatre=ukraine")
    page = watched.page
    choose(page, path, "forms")
    page.locator("#upload button[type=submit]").click()
    expect(page.locator("#mapping-missing")).to_contain_text("row 1 states killed 3")
    choice = page.get_by_label("Rows of the group Strikes-person.csv")
    expect(choice).to_have_value("agree")
    choice.select_option("listed")
    expect_no_axe_violations(page)
    page.locator("#mapping-try").click()
    expect(page.locator("#report")).to_be_visible()
    expect(page.locator("#told")).to_contain_text("counted as persons: 2")
    watched.faults = [one for one in watched.faults if "422" not in one]  # the question, as meant
    watched.is_clean()


def test_an_admin_adds_the_theatre_in_which_the_points_lie_with_one_button(
    private: Service, watch: Watch, sudan: Path
) -> None:
    watched = watch()
    page = watched.page
    for lang, (sentence, button) in OFFERS.items():
        watched.open(f"{private.url}/import?theatre=ukraine&lang={lang}")
        choose(page, sudan, "khartoum")
        page.locator("#upload button[type=submit]").click()
        expect(page.locator("#actions")).to_contain_text(sentence)
        expect(page.locator("#actions button").first).to_contain_text(button)
    expect_no_axe_violations(page)
    page.locator("#actions button").first.click()
    expect(page.locator("select[name=theatre]")).to_have_value("sudan", timeout=90_000)
    expect(page.locator("#report")).to_be_focused()
    expect(page.locator("#actions button")).to_have_count(2)  # commit and forget: all is well
    page.locator("#actions button").first.click()
    seen = page.locator("#actions a")
    expect(seen).to_have_attribute("href", "/?theatre=sudan&lang=fr&dataset=khartoum")
    address = "/api/summary?theatre=sudan&dataset=khartoum"
    assert private.client.get(address).json()["totals"]["incidents"] == 2
    watched.is_clean()


def test_a_plain_table_of_another_theatre_is_offered_that_one(
    private: Service, watch: Watch, tmp_path: Path
) -> None:
    path = tmp_path / "plain.csv"
    rows = "".join(f"2024-03-1{day},-42.2{day},-124.{day}\n" for day in range(1, 7))
    path.write_text("date,latitude,longitude\n" + rows, "utf-8")
    watched = watch()
    watched.open(f"{private.url}/import?theatre=ukraine")
    page = watched.page
    choose(page, path, "plain")
    page.locator("#upload button[type=submit]").click()
    expect(page.locator("#problem")).to_contain_text("lie in Example (invented land)")
    expect_no_axe_violations(page)
    page.locator("#elsewhere button").click()
    expect(page.locator("#report")).to_be_focused()
    expect(page.locator("select[name=theatre]")).to_have_value("example")
    expect(page.locator("#elsewhere button")).to_have_count(0)
    expect(page.locator("#actions button")).to_have_count(2)
    watched.faults = [one for one in watched.faults if "422" not in one]  # the refusal, as meant
    watched.is_clean()


def test_a_country_of_several_zones_is_asked_about_and_an_editor_reads_whom_to_ask(
    public: Service, private: Service, data: Path, watch: Watch, tmp_path: Path
) -> None:
    path = tmp_path / "brazil.csv"
    path.write_text(f"{HEADER}a,2024-03-10,exact,-47.9,-15.8,Brasilia\n", "utf-8")
    watched = watch(PHONE)
    watched.open(f"{private.url}/import?theatre=ukraine")
    page = watched.page
    choose(page, path, "brasilia")
    page.locator("#upload button[type=submit]").click()
    page.get_by_role("button", name="Add the theatre Brazil").click()
    expect(page.locator("#problem")).to_contain_text("zone: nothing → one of America/Araguaina")
    assert page.get_by_label("Time zone of its days").input_value() == ""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect_no_axe_violations(page)

    made = command(data, "token", "create", "desk", "--role", "editor", "--json")
    watched.open(f"{public.url}/import?theatre=ukraine")
    watched.sign_in(json.loads(made.stdout)["token"])
    choose(page, path, "brasilia")
    page.locator("#upload button[type=submit]").click()
    expect(page.locator("#actions")).to_contain_text("Ask an admin of this service to add it.")
    expect(page.locator("#actions button")).to_have_count(2)
    page.locator("main a[href^='/theatres']").click()
    expect(page.locator("#no-admin")).to_be_visible()
    expect(page.locator("#adding")).to_be_hidden()
    expect(page.locator("#open button")).to_have_count(0)


def test_a_refusal_is_said_on_the_page(private: Service, watch: Watch, tmp_path: Path) -> None:
    watched = watch()
    watched.open(f"{private.url}/import?theatre=example")
    page = watched.page
    path = tmp_path / "odd.bin"
    path.write_bytes(b"\x00\x01\x02 nothing that anybody knows")
    choose(page, path, "odd")
    page.get_by_role("button", name="See what would change").click()
    expect(page.locator("#problem")).to_contain_text("one of the formats")
    expect(page.locator("#report")).to_be_hidden()


def test_the_public_instance_takes_a_file_of_whoever_signed_in_with_a_token(
    public: Service, data: Path, watch: Watch, file: Path
) -> None:
    made = command(data, "token", "create", "desk", "--role", "editor", "--json")
    watched = watch()
    watched.open(f"{public.url}/import?theatre=example")
    page = watched.page
    watched.sign_in(json.loads(made.stdout)["token"])
    choose(page, file, "by-token")
    page.get_by_role("button", name="See what would change").click()
    expect(page.get_by_role("button", name="Commit")).to_be_visible()
    expect_no_axe_violations(page)
    assert "strikemap_" not in page.url
    assert page.evaluate("localStorage.length + sessionStorage.length") == 0


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_a_record_is_corrected_and_its_history_says_so(
    private: Service, watch: Watch, lang: str
) -> None:
    told = {
        "dataset": "example-incidents",
        "reason": "typed in",
        "start": "2024-03-10",
        "precision": "exact",
        "lon": -124.5,
        "lat": -42.25,
        "killed": {"low": 2, "best": 2, "high": 2},
        "weapons": ["drone"],
    }
    own = {"X-Strikemap": "1"}
    one = private.client.post("/api/incidents", headers=own, json=told).json()
    watched = watch()
    watched.open(f"{private.url}/edit/{one['id']}?theatre=example&lang={lang}")
    page = watched.page
    expect(page.locator("input[name='killed.low']")).to_have_value("2")
    expect_no_axe_violations(page)
    page.locator("input[name='killed.low']").fill("3")
    page.locator("input[name='killed.best']").fill("")
    page.locator("input[name='killed.high']").fill("")
    page.locator("input[name=place]").fill(HOSTILE)
    page.locator("#reason").fill("recount by the hospital")
    page.locator("#reason").press("Enter")
    expect(page.locator("html")).not_to_have_attribute("data-revision", str(one["revision"]))
    fields = private.client.get(f"/api/incidents/{one['id']}").json()["fields"]
    assert (fields["killed"], fields["place"], fields["weapons"]) == (
        {"low": 3},
        HOSTILE,
        ["drone"],
    )
    page.locator("#back").click()
    expect(page.locator("table")).to_contain_text("recount by the hospital")
    expect(page.locator("table")).to_contain_text("place, killed")
    expect_no_axe_violations(page)
    assert page.evaluate("window.ran") is None
    watched.is_clean()


def test_who_is_second_reads_that_somebody_was_faster(private: Service, watch: Watch) -> None:
    told = {"dataset": "example-incidents", "reason": "x", "start": "2024-03-10"}
    own = {"X-Strikemap": "1"}
    one = private.client.post("/api/incidents", headers=own, json=told).json()
    watched = watch(PHONE)
    watched.open(f"{private.url}/edit/{one['id']}?theatre=example")
    page = watched.page
    match = {**own, "If-Match": f'"{one["revision"]}"'}
    faster = {"place": "Elsewhere", "reason": "first"}
    private.client.patch(f"/api/incidents/{one['id']}", headers=match, json=faster)
    page.locator("input[name=place]").fill("Here")
    page.locator("#reason").fill("second")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#problem")).to_contain_text("somebody was faster")
    assert page.locator("input[name=place]").input_value() == "Here"


def test_a_record_is_taken_back_and_saving_it_again_does_not_bring_it_back(
    private: Service, watch: Watch
) -> None:
    told = {"dataset": "example-incidents", "reason": "x", "start": "2024-03-10"}
    one = private.client.post("/api/incidents", headers={"X-Strikemap": "1"}, json=told).json()
    watched = watch()
    watched.open(f"{private.url}/edit/{one['id']}?theatre=example")
    page = watched.page
    page.get_by_role("button", name="Retract the record").click()
    assert page.evaluate("document.activeElement.id") == "reason"
    page.locator("#reason").fill("it was a drill")
    page.get_by_role("button", name="Retract the record").click()
    expect(page.locator("#status")).to_contain_text("Retracted as revision")
    page.locator("input[name=place]").fill("Wending")
    page.locator("#reason").fill("named")
    page.get_by_role("button", name="Save").click()
    expect(page.locator("#status")).to_contain_text("Saved as revision")
    fields = private.client.get(f"/api/incidents/{one['id']}").json()["fields"]
    assert (fields["status"], fields["place"]) == ("retracted", "Wending")
    watched.is_clean()


@pytest.mark.parametrize("path", ["/import", "/edit/00000000-0000-7000-8000-000000000000"])
def test_the_pages_fit_a_phone(public: Service, watch: Watch, path: str) -> None:
    watched = watch(PHONE)
    watched.open(f"{public.url}{path}?theatre=example")
    page = watched.page
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    expect_no_axe_violations(page)
