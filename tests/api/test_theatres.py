"""A theatre that an operator adds: from a command to its page; a broken one stops no other."""

from __future__ import annotations

import contextlib
import csv
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from app.domain.account import Role
from app.instance.theatre_changes import TheatreChanges
from app.instance.tokens import create_token
from app.instance.workspace import Workspace
from app.queries.audit import AuditAction, AuditFilter, audit
from app.reference.reference import Reference
from app.store.sqlite import SqliteStore
from tests.making import GEODATA
from tests.serving import Service, command, environment, serving

PARTIES = ("--party", "saf=Sudanese Armed Forces,state", "--party", "rsf=Rapid Support Forces")


def _rows(reference: Reference, path: Path) -> list[str]:
    """Write an incident in each region of a theatre; return the regions' codes."""
    regions = reference.region_set("sudan").regions
    with path.open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(
            ("source_key", "start", "lon", "lat", "precision", "weapons", "source1_publisher")
        )
        for number, region in enumerate(regions, 1):
            spot = region.shape.representative_point()
            day = f"2024-04-{number:02}"
            rows.writerow((f"k{number}", day, spot.x, spot.y, "exact", "unknown", "A village"))
    return [region.code for region in regions]


def test_a_country_opens_from_nothing_and_each_of_its_regions_has_its_point(tmp_path: Path) -> None:
    data = tmp_path / "data"
    done = command(data, "theatre", "add", "sudan", "--country", "SD", *PARTIES)
    assert (done.returncode, done.stderr) == (0, "")
    assert "/?theatre=sudan" in done.stdout
    codes = _rows(Workspace.open(data, GEODATA).reference, tmp_path / "rows.csv")
    words = ("--theatre", "sudan", "--dataset", "mine", "--terms", "CC0-1.0")
    imported = command(data, "import", str(tmp_path / "rows.csv"), *words)
    assert imported.returncode == 0, imported.stderr
    assert f"added {len(codes)}" in imported.stdout
    with serving(data, "--private") as service:
        summary = service.client.get("/api/summary?theatre=sudan&by=region").json()
        sums = {row["key"]: row["incidents"] for row in summary["rows"]}
        assert {code: sums[code] for code in codes} == dict.fromkeys(codes, 1)
        page = service.client.get("/?theatre=sudan").text
        assert "Sudan" in page
        assert "Rapid Support Forces" in page
        # From a Ukrainian page, the link leads to a language that the theatre has.
        assert "/?theatre=sudan&amp;lang=en" in service.client.get("/?lang=uk").text
        for path in (
            "/method",
            "/import",
            "/api",
            "/table",
            "/figure.png",
            "/api/tiles",
        ):
            answer = service.client.get(f"{path}?theatre=sudan", timeout=60)
            assert (path, answer.status_code) == (path, 200)


def test_a_file_with_faults_stops_nothing_and_a_file_by_hand_is_recorded(tmp_path: Path) -> None:
    data, own = tmp_path / "data", tmp_path / "data/theatres/sudan.toml"
    own.parent.mkdir(parents=True)
    own.write_text('zone = "Africa/Khartum"\ncountries = ["SD"]\n', "utf-8")
    with serving(data, "--private") as service:
        method = service.client.get("/method").text
        sentence = "theatre sudan, zone: got &#39;Africa/Khartum&#39;, allowed: an IANA time zone"
        assert sentence in method
        assert service.client.get("/api/summary").status_code == 200
        refused = service.client.get("/api/summary?theatre=sudan").json()
        assert "example, ukraine" in str(refused)
    logs = "".join(path.read_text("utf-8") for path in tmp_path.glob("data.*.log"))
    assert logs.count("theatre sudan, zone: got 'Africa/Khartum'") == 1
    assert "Traceback" not in logs
    done = command(data, "theatre", "list")
    assert "theatre sudan, zone: got 'Africa/Khartum'" in done.stdout
    assert command(data, "datasets").returncode == 0
    assert command(data, "theatre", "put", str(own)).returncode == 2
    own.write_text(own.read_text("utf-8").replace("Khartum", "Khartoum"), "utf-8")
    assert command(data, "theatre", "put", str(own)).returncode == 0
    text = own.read_text("utf-8")
    own.unlink()
    assert command(data, "theatre", "show", "sudan").stdout == text
    assert command(data, "summary", "theatre=sudan", "--json").returncode == 0
    shipped = (GEODATA / "theatre/example.toml").read_text("utf-8")
    assert command(data, "theatre", "show", "example").stdout == shipped


def test_only_a_broken_default_theatre_refuses_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tmp_path / "data"
    (data / "theatres").mkdir(parents=True)
    (data / "theatres" / "mali.toml").write_text('countries = ["ML"]\nbasemap = 1\n', "utf-8")
    variables = {**environment(data), "STRIKEMAP_THEATRE": "mali"}
    monkeypatch.setattr("tests.serving.environment", lambda _: variables)
    done = command(data, "serve", "--port", "0")
    assert done.returncode == 2
    (sentence,) = done.stderr.splitlines()
    assert sentence.startswith("default theatre mali: got 'zone: nothing', allowed: an IANA time")
    assert "fault 1 of 2" in sentence


def test_a_file_is_checked_before_it_is_used(tmp_path: Path) -> None:
    file = tmp_path / "mali.toml"
    file.write_text('countries = ["ML"]\nbasemap = 1\nzones = "x"\n', "utf-8")
    done = command(tmp_path / "data", "theatre", "check", str(file))
    assert done.returncode == 2
    assert [line.split(":")[0] for line in done.stderr.splitlines()] == ["zones", "zone", "basemap"]
    file.write_text('countries = ["ML"]\nzone = "Africa/Bamako"\n', "utf-8")
    done = command(tmp_path / "data", "theatre", "check", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert "no faults" in done.stdout
    shipped = command(tmp_path / "data", "theatre", "check", str(GEODATA / "theatre/ukraine.toml"))
    assert shipped.returncode == 0
    file.write_text('countries = ["UA"]\nzone = "UTC"\n', "utf-8")
    done = command(tmp_path / "data", "theatre", "check", str(file))
    assert "ukraine has UA" in done.stderr
    missing = command(tmp_path / "data", "theatre", "check", str(tmp_path / "no.toml"))
    assert missing.returncode == 2
    assert "a file that can be read" in missing.stderr


def test_a_theatre_and_what_it_opens_on_are_in_a_backup_and_come_back(tmp_path: Path) -> None:
    data, file = tmp_path / "data", tmp_path / "all.backup"
    for words in (
        ("theatre", "add", "sudan", "--country", "SD"),
        ("theatre", "languages", "sudan", "ar,en"),
        ("backup", str(file)),
    ):
        done = command(data, *words)
        assert done.returncode == 0, done.stderr
    done = command(tmp_path / "again", "restore", str(file))
    assert done.returncode == 0, done.stderr
    sudan = Workspace.open(tmp_path / "again", GEODATA).reference.theatres["sudan"]
    assert (sudan.zone, sudan.languages) == ("Africa/Khartoum", ("ar", "en"))


def _tokens(data: Path, *roles: Role) -> Iterator[dict[str, str]]:
    """Make a token of each role, and yield the headers that send them."""
    data.mkdir()
    store = SqliteStore(data / "record.sqlite")
    for role in roles:
        _token, text = create_token(store, role.value, role, now=datetime.now(UTC))
        yield {"Authorization": f"Bearer {text}"}
    store.close()


def _wait_for(service: Service, theatre: str) -> None:
    """Ask until a theatre is open; every answer until then must be right."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        with (
            contextlib.suppress(httpx.TransportError),  # a browser sends it again, too
            httpx.Client(base_url=service.url, timeout=60) as reader,
        ):
            assert reader.get("/api/summary?theatre=example").status_code == 200
            if reader.get(f"/method?theatre={theatre}").status_code == 200:
                return
    raise AssertionError(theatre)


def _set_opening(service: Service, admin: dict[str, str], editor: dict[str, str]) -> None:
    """Set what a theatre opens on, as an admin; nobody else can, and nothing that it has not."""
    put, where = service.client.put, "/api/theatres/example/opening"
    body = {"languages": ["ar", "en"]}
    assert put(where, json=body).status_code == 401
    assert put(where, json=body, headers=editor).status_code == 403
    refused = put(where, json={"datasets": ["none-such"]}, headers=admin)
    assert (refused.status_code, refused.json()["errors"][0]["where"]) == (422, "dataset")
    assert service.client.get("/api/countries/SD", headers=editor).status_code == 403
    assert service.client.get("/api/countries/SD", headers=admin).json()["theatre"] == "sudan"
    assert put(where, json=body, headers=admin).status_code == 200


def test_an_admin_adds_a_theatre_and_the_service_opens_it_while_it_runs(tmp_path: Path) -> None:
    data, sudan = tmp_path / "data", {"slug": "sudan", "country": "SD"}
    admin, editor = _tokens(data, Role.admin, Role.editor)
    with serving(data, STRIKEMAP_HEAVY_PROCESSES="0") as service:
        assert service.client.post("/api/theatres", json=sudan).status_code == 401
        refused = service.client.post("/api/theatres", json=sudan, headers=editor)
        assert (refused.status_code, refused.json()["type"]) == (403, "/problems/not-allowed")
        added = service.client.post("/api/theatres", json=sudan, headers=admin)
        assert (added.status_code, added.headers["Location"]) == (201, "/?theatre=sudan")
        assert added.json()["zone"] == "Africa/Khartoum"
        _wait_for(service, "sudan")
        listed = service.client.get("/api/theatres").json()["theatres"]
        assert {one["slug"]: one["countries"] for one in listed}["sudan"] == ["SD"]
        _set_opening(service, admin, editor)
    store = SqliteStore(data / "record.sqlite")
    events = audit(store, AuditFilter(action=AuditAction.theatre))["events"]
    store.close()
    assert [(one.key, one.reason) for one in events] == [
        ("example", "opens on: languages ar,en"),
        ("sudan", "added: SD"),
    ]
    assert all("admin" in one.actor for one in events)


def test_a_running_service_notices_what_was_added_or_changed_and_can_be_opened(
    tmp_path: Path,
) -> None:
    own, store = tmp_path / "theatres", SqliteStore(tmp_path / "record.sqlite")
    changes = TheatreChanges(GEODATA, own, store, "ukraine")
    assert not changes.any()
    own.mkdir()
    file = own / "mali.toml"
    file.write_text('countries = ["ML"]\n', "utf-8")  # without a zone
    assert not changes.any()
    file.write_text('countries = ["ML"]\nzone = "Africa/Bamako"\n', "utf-8")
    assert changes.any()
    assert not changes.any()  # it is told once
    file.unlink()
    assert not changes.any()
    words = ("theatre", "add", "sudan", "--country", "SD")
    assert command(tmp_path, *words).returncode == 0
    assert changes.any()
    assert command(tmp_path, "theatre", "languages", "sudan", "ar,en").returncode == 0
    assert changes.any()
    assert not changes.any()
    without_default = TheatreChanges(GEODATA, own, store, "chad")
    file.write_text('countries = ["ML"]\nzone = "Africa/Bamako"\n', "utf-8")
    assert not without_default.any()
    store.close()


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        ({"slug": "sudan"}, "country: got 'nothing', allowed: ISO 3166-1 code, such as SD."),
        ({"country": "SD"}, "slug: got 'nothing', allowed: its name in addresses, such as"),
        ({"slug": "../x", "country": "SD"}, "slug: got '../x', allowed: small letters, digits"),
        ({"slug": "x", "country": "ZZ"}, "country: got 'ZZ', allowed: one of AD, AE"),
        ({"slug": "x", "country": ["SD"]}, "country: got \"['SD']\", allowed: a text."),
        ({"slug": "x", "country": "UA"}, "countries of no other theatre; ukraine has UA"),
        ({"slug": "x", "country": "BR"}, "zone: got 'nothing', allowed: one of America/Araguaina"),
        ({"slug": "x", "country": "BR", "zone": "Mars"}, "zone: got 'Mars', allowed: an IANA"),
        ({"slug": "x", "country": "SD", "languages": ["xx"]}, "allowed: one of en, uk, ar, es, fr"),
        ({"slug": "x", "country": "SD", "party": "a"}, "body: got 'party', allowed: slug, country"),
    ],
)
def test_a_theatre_that_cannot_be_added_is_refused_in_one_sentence(
    body: dict[str, object], sentence: str, service: Service
) -> None:
    own = {"X-Strikemap": "1"}
    refused = service.client.post("/api/theatres", json=body, headers=own)
    assert refused.status_code == 422
    assert sentence in refused.json()["detail"]
