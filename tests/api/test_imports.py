"""Imports over HTTP: who may, what a body may be, and that nothing is half written."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.making import ROOT
from tests.serving import Service, command, environment, serving

HEADER = "source_key,start,precision,lon,lat\n"
OWN = {"X-Strikemap": "1"}
QUERY = "theatre=example&dataset=mine"


def rows(*keys: str) -> bytes:
    lines = (f"{key},2024-03-10,exact,-124.5,-42.25\n" for key in keys)
    return (HEADER + "".join(lines)).encode()


def token(data: Path, role: str, *words: str) -> dict[str, str]:
    done = command(data, "token", "create", role, "--role", role, "--json", *words)
    assert done.returncode == 0, done.stderr
    return {"Authorization": f"Bearer {json.loads(done.stdout)['token']}"}


def plan(service: Service, headers: dict[str, str], content: bytes, query: str = QUERY) -> Any:
    return post(service, headers, content, f"{query}&dry_run=true")


def post(service: Service, headers: dict[str, str], content: bytes, query: str = QUERY) -> Any:
    files = {"file": ("events.csv", content)}
    return service.client.post(f"/api/imports?{query}", headers=headers, files=files)


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["detail"].count("\n") == 0
    return document


def spool(data: Path) -> set[str]:
    folder = data / "spool"
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


TABLE = "День;Місто;Широта;Довгота;Загинули\n14.03.2024;Wending;-42,25;-124,5;2\n"
MAPPING = """version = 1
dates = "dmy"
decimal_comma = true
[columns]
"День" = "start"
"Місто" = "place"
"Широта" = "lat"
"Довгота" = "lon"
"Загинули" = "killed"
[constants]
precision = "settlement"
"""


def mapped(service: Service, mapping: str | bytes, query: str = QUERY) -> Any:
    files = {"mapping": (None, mapping), "file": ("odd.csv", TABLE.encode())}
    return service.client.post(f"/api/imports?{query}&dry_run=true", headers=OWN, files=files)


def test_any_table_is_read_through_a_mapping_that_comes_with_it(private: Service) -> None:
    query = "theatre=example&dataset=by-mapping"
    report = mapped(private, MAPPING, query).json()
    assert (report["format"], report["added"], report["rejected"]) == ("mapped", 1, 0)
    (feature,) = report["preview"]["features"]
    assert feature["geometry"]["coordinates"] == [-124.5, -42.25]
    done = private.client.post(f"/api/imports/{report['id']}/commit", headers=OWN).json()
    assert (done["added"], done["differs"]) == (1, {})
    address = f"/api/collections/incidents/items?{query}"
    (item,) = private.client.get(address).json()["features"]
    assert item["properties"]["place"] == "Wending"
    assert item["properties"]["killed"]["best"] == 2


def test_a_table_of_no_format_is_told_apart_and_a_mapping_is_proposed(private: Service) -> None:
    files = {"file": ("odd.csv", TABLE.encode())}
    address = f"/api/imports?{QUERY}&dry_run=true"
    doubtful = {"file": ("odd.csv", TABLE.replace("14.03", "04.03").encode())}
    refused = private.client.post(address, headers=OWN, files=doubtful)
    assert problem(refused, 422)["type"] == "/problems/needs-mapping"
    planned = private.client.post(address, headers=OWN, files=files).json()
    assert (planned["format"], planned["added"]) == ("mapped", 1)
    refused = private.client.post(f"{address}&format=mapped", headers=OWN, files=files)
    assert problem(refused, 422)["type"] == "/problems/needs-mapping"
    proposed = private.client.post("/api/mappings?theatre=example", headers=OWN, files=files).json()
    assert proposed["mapping"]["columns"] == {
        "День": "start",
        "Місто": "place",
        "Широта": "lat",
        "Довгота": "lon",
        "Загинули": "killed",
    }
    assert proposed["samples"]["Широта"] == ["-42,25"]
    assert proposed["why"]["День"].startswith("start: called 'День'")
    for mapping in (proposed["toml"], json.dumps(proposed["mapping"])):
        answer = mapped(private, mapping)
        assert (answer.status_code, answer.json()["added"]) == (200, 1), answer.text


@pytest.mark.parametrize(
    ("mapping", "got"),
    [
        ("columns = [", "mapping mapping: got"),
        ('version = 1\n[columns]\n"a" = "b"\n', "field in mapping: got 'b'"),
        ("version = 1\n", "date in mapping: got 'none'"),
        (b"\xff\xfe", "mapping mapping: got"),
        (b"{" * 1_000, "mapping mapping: got"),
        ("#" * (1 << 20) + "#", "form: got 'a longer part'"),
    ],
)
def test_a_mapping_of_no_use_is_refused_and_nothing_is_kept(
    mapping: str | bytes, got: str, private: Service, data: Path
) -> None:
    before = spool(data)
    answer = mapped(private, mapping)
    assert answer.status_code in (413, 422), answer.text
    assert answer.json()["detail"].startswith(got)
    assert spool(data) == before


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("valid_on=today", "valid-on: got 'today', allowed: a day as YYYY-MM-DD"),
        ("baseline=moon", "baseline: got 'moon', allowed: any of main, crimea, pre2022"),
        ("accessed=2099-01-01", "accessed: got '2099-01-01', allowed: a day up to today"),
    ],
)
def test_an_option_that_cannot_be_read_is_refused_and_no_file_stays(
    query: str, sentence: str, private: Service, data: Path
) -> None:
    before = spool(data)
    answer = post(private, OWN, b"a\n1\n", query)
    assert (answer.status_code, answer.json()["detail"][: len(sentence)]) == (422, sentence)
    assert spool(data) == before


def test_a_proposal_keeps_no_file_and_needs_an_editor(
    private: Service, public: Service, data: Path
) -> None:
    files = {"file": ("odd.bin", b"<kml>")}
    before = spool(data)
    answer = private.client.post("/api/mappings", headers=OWN, files=files)
    assert "XML or JSON of another kind" in problem(answer, 422)["detail"]
    answer = private.client.post("/api/mappings?theatre=moon", headers=OWN, files=files)
    assert "example, ukraine" in problem(answer, 422)["detail"]
    problem(public.client.post("/api/mappings", headers=OWN, files=files), 401)
    viewer = token(data, "viewer")
    problem(public.client.post("/api/mappings", headers=viewer, files=files), 403)
    assert spool(data) == before


def test_a_form_brings_a_file_and_a_mapping_once_each(private: Service) -> None:
    twice = [("file", ("a.csv", rows("a"))), ("file", ("b.csv", rows("b")))]
    answer = private.client.post(f"/api/imports?{QUERY}", headers=OWN, files=twice)
    assert problem(answer, 422)["detail"] == (
        "form: got \"a part named 'file'\", allowed: multipart/form-data with one part named "
        "`file`, and perhaps `mapping`."
    )
    alone = {"mapping": (None, MAPPING)}
    answer = private.client.post(f"/api/imports?{QUERY}", headers=OWN, files=alone)
    assert "no part named `file`" in problem(answer, 422)["detail"]


def test_a_file_is_planned_committed_read_and_undone(private: Service, data: Path) -> None:
    query = "theatre=example&dataset=planned"  # of this test alone
    report = plan(private, OWN, rows("a", "b"), query).json()
    assert (report["dry_run"], report["rows"], report["added"]) == (True, 2, 2)
    assert report["why"]
    address = f"/api/imports/{report['id']}"
    done = private.client.post(f"{address}/commit", headers=OWN)
    assert (done.status_code, done.json()["added"]) == (200, 2)
    assert done.headers["cache-control"] == "no-store"
    page = private.client.get(f"/api/collections/incidents/items?{query}").json()
    assert page["numberMatched"] == 2
    assert private.client.get(address).json()["state"] == "committed"
    assert problem(private.client.post(f"{address}/commit", headers=OWN), 409)
    undone = private.client.delete(address, headers=OWN).json()
    assert (undone["retracted"], undone["left_count"], undone["state"]) == (2, 0, "undone")
    summary = private.client.get(f"/api/summary?{query}").json()
    assert summary["totals"] is None or summary["totals"]["incidents"] == 0
    assert problem(private.client.delete(address, headers=OWN), 409)
    assert command(data, "verify").returncode == 0


def test_an_import_without_a_dry_run_is_committed_at_once(private: Service, data: Path) -> None:
    before = spool(data)
    report = post(private, OWN, rows("at-once"), "theatre=example&dataset=once").json()
    assert (report["dry_run"], report["added"]) == (False, 1)
    assert spool(data) == before
    done = command(data, "undo", report["id"], "--json")
    assert json.loads(done.stdout)["retracted"] == 1
    again = command(data, "undo", report["id"])
    assert again.returncode == 2
    assert "undone already" in again.stderr


def test_nobody_without_a_token_changes_a_public_instance(public: Service, data: Path) -> None:
    before = spool(data)
    for headers in ({}, OWN, {"Sec-Fetch-Site": "same-origin"}):
        answer = plan(public, headers, rows("a"))
        problem(answer, 401)
        assert answer.headers["www-authenticate"].startswith("Bearer")
    for method, path in (("DELETE", "/api/imports/x"), ("POST", "/api/incidents")):
        problem(public.client.request(method, path), 401)
    problem(public.client.get("/api/imports/00000000-0000-7000-8000-000000000000"), 401)
    assert spool(data) == before


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/", "GET, HEAD, OPTIONS"),
        ("PUT", "/api/summary", "GET, HEAD, OPTIONS"),
        ("PROPFIND", "/api/summary", "GET, HEAD, OPTIONS"),
        ("GET", "/api/imports/x/commit", "OPTIONS, POST"),
        ("DELETE", "/api/incidents/x", "GET, HEAD, OPTIONS, PATCH"),
        ("POST", "/tiles/map/5/18/10.png", "GET, HEAD, OPTIONS"),
        ("DELETE", "/static/page.css", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_method_that_no_address_takes_is_a_405_with_those_it_takes(
    public: Service, method: str, path: str, allow: str
) -> None:
    answer = public.client.request(method, path)
    problem(answer, 405)
    assert sorted(answer.headers["allow"].split(", ")) == allow.split(", ")


def test_who_may_not_commit_learns_nothing_of_the_imports_state(
    public: Service, data: Path
) -> None:
    editor = token(data, "editor")
    done = post(public, editor, rows("committed"), QUERY).json()
    address = f"/api/imports/{done['id']}/commit"
    problem(public.client.post(address, headers=editor), 409)
    problem(public.client.post(address, headers=token(data, "viewer")), 403)
    other = token(data, "editor", "--dataset", "theirs")
    problem(public.client.post(address, headers=other), 403)


def test_a_wrong_or_closed_token_is_a_401_everywhere(public: Service, data: Path) -> None:
    good = token(data, "editor")
    wrong = {"Authorization": good["Authorization"][:-2] + "AA"}
    for headers in (wrong, {"Authorization": "Bearer x"}, {"Authorization": "Basic eDp5"}):
        problem(plan(public, headers, rows("a")), 401)
        problem(public.client.get("/api/summary", headers=headers), 401)
    assert plan(public, good, rows("a")).status_code == 200
    number = good["Authorization"].split("_")[1]
    assert command(data, "token", "revoke", number).returncode == 0
    assert "revoked" in problem(plan(public, good, rows("a")), 401)["detail"]
    assert number in command(data, "token", "list", "--json").stdout


def test_an_expired_token_is_a_401(public: Service, data: Path) -> None:
    import sqlite3  # noqa: PLC0415  the clock cannot be turned, so the token is

    ended = token(data, "admin", "--days", "1")
    with sqlite3.connect(data / "record.sqlite") as record:
        number = ended["Authorization"].split("_")[1]
        record.execute("UPDATE token SET expires_at = 1 WHERE id = ?", (number,))
    record.close()
    assert "1970-01-01" in problem(plan(public, ended, rows("a")), 401)["detail"]


def test_too_small_a_role_or_scope_is_a_403(public: Service, data: Path) -> None:
    viewer, scoped = token(data, "viewer"), token(data, "editor", "--dataset", "theirs")
    assert "needs the role editor" in problem(plan(public, viewer, rows("a")), 403)["detail"]
    assert "theirs" in problem(plan(public, scoped, rows("a")), 403)["detail"]
    report = plan(public, scoped, rows("a"), "theatre=example").json()
    assert report["dataset"] == "theirs"
    other = plan(public, token(data, "editor"), rows("a")).json()
    address = f"/api/imports/{other['id']}"
    problem(public.client.get(address, headers=scoped), 403)
    problem(public.client.post(f"{address}/commit", headers=scoped), 403)
    problem(public.client.delete(address, headers=scoped), 403)
    problem(public.client.post(f"{address}/commit", headers=viewer), 403)


def test_a_token_widens_what_its_holder_sees_and_nobody_else(public: Service, data: Path) -> None:
    editor, scoped = token(data, "editor"), token(data, "editor", "--dataset", "closed")
    post(public, editor, rows("secret"), "theatre=example&dataset=closed")
    path = "/api/collections/incidents/items?theatre=example&dataset=closed"
    plain = public.client.get(path)
    assert plain.json()["numberMatched"] == 0
    for headers in (editor, scoped):
        widened = public.client.get(path, headers=headers)
        assert widened.json()["numberMatched"] == 1
        assert widened.headers["cache-control"] == "private, no-store"
        assert "Authorization" in widened.headers["vary"]
        assert (
            widened.headers["access-control-allow-origin"] == "*"
        )  # the token opens it, no cookie
        assert "etag" not in widened.headers
    other = token(data, "editor", "--dataset", "other")
    assert public.client.get(path, headers=other).json()["numberMatched"] == 0
    assert public.client.get(path).json()["numberMatched"] == 0


def test_a_validator_of_the_public_answer_is_not_taken_from_a_holder(
    public: Service, data: Path
) -> None:
    path = "/api/summary?theatre=example"
    tag = public.client.get(path).headers["etag"]
    headers = {**token(data, "viewer"), "If-None-Match": tag}
    assert public.client.get(path, headers=headers).status_code == 200


FOREIGN = [
    {},
    {"Origin": "https://other.example"},
    {"Origin": "null", **OWN},
    {"Origin": "https://other.example", **OWN},
    {"Sec-Fetch-Site": "cross-site", **OWN},
    {"Sec-Fetch-Site": "same-site", **OWN},
    {"Sec-Fetch-Site": "none"},
    {"X-Strikemap": "0"},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_page_of_another_site_changes_nothing_here(
    private: Service, headers: dict[str, str]
) -> None:
    problem(plan(private, headers, rows("a")), 403)
    for method, path in (
        ("DELETE", "/api/imports/00000000-0000-7000-8000-000000000000"),
        ("POST", "/api/incidents"),
        ("PATCH", "/api/incidents/00000000-0000-7000-8000-000000000000"),
    ):
        problem(private.client.request(method, path, headers=headers, content=b"{}"), 403)


PREFLIGHT = {
    "Origin": "https://other.example",
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "x-strikemap, authorization",
}


def test_no_preflight_of_another_site_is_granted_on_a_private_instance(private: Service) -> None:
    for path in ("/api/imports", "/api/summary", "/tiles/map/6/37/21.png"):
        answer = private.client.options(path, headers=PREFLIGHT)
        assert [name for name in answer.headers if name.startswith("access-control")] == []


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/api/summary", "GET, HEAD, OPTIONS"),
        ("/api/imports", "POST, OPTIONS"),
        ("/api/imports/00000000-0000-7000-8000-000000000000", "GET, DELETE, HEAD, OPTIONS"),
        ("/api/incidents/1", "GET, PATCH, HEAD, OPTIONS"),
        ("/tiles/map/6/37/21.png", "GET, HEAD, OPTIONS"),
        ("/static/js/page.js", "GET, HEAD, OPTIONS"),
    ],
)
def test_a_page_of_another_site_may_send_a_token_to_a_public_instance(
    public: Service, data: Path, path: str, methods: str
) -> None:
    answer = public.client.options(path, headers=PREFLIGHT)
    assert answer.status_code == 204
    assert set(answer.headers["allow"].split(", ")) == set(methods.split(", "))
    assert answer.headers["access-control-allow-methods"] == answer.headers["allow"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "Authorization" in answer.headers["access-control-allow-headers"]
    assert "strikemap" not in answer.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in answer.headers
    refused = public.client.request("PROPFIND", path)
    assert (refused.status_code, refused.headers["allow"]) == (405, answer.headers["allow"])
    refused = public.client.request("PUT", path, headers=token(data, "viewer"))
    assert (refused.status_code, refused.headers["allow"]) == (405, answer.headers["allow"])


def test_an_address_that_does_not_exist_takes_no_method(public: Service) -> None:
    assert public.client.options("/nowhere", headers=PREFLIGHT).status_code == 404


def test_our_own_page_needs_no_header(private: Service) -> None:
    own = {"Sec-Fetch-Site": "same-origin", "Origin": private.url}
    assert plan(private, own, rows("a")).status_code == 200


def raw(service: Service, body: bytes, *, length: int | None = None, kind: str = "") -> int:
    """Send a body as it stands and read the status."""
    connection = HTTPConnection(service.url.removeprefix("http://"), timeout=20)
    connection.putrequest("POST", f"/api/imports?{QUERY}&dry_run=true")
    connection.putheader("X-Strikemap", "1")
    connection.putheader("Content-Type", kind or "multipart/form-data; boundary=edge")
    connection.putheader("Content-Length", str(len(body) if length is None else length))
    connection.endheaders()
    connection.send(body)
    answer = connection.getresponse()
    assert answer.headers["content-type"] == "application/problem+json"
    connection.close()
    return answer.status


def part(name: str, content: bytes, filename: str | None = "a.csv") -> bytes:
    file_name = f'; filename="{filename}"' if filename is not None else ""
    head = f'--edge\r\nContent-Disposition: form-data; name="{name}"{file_name}\r\n\r\n'
    return head.encode() + content + b"\r\n"


END = b"--edge--\r\n"
TORN = {
    "cut in the middle": part("file", rows("a"))[:-20],
    "cut before the last boundary": part("file", rows("a")),
    "a hundred parts": part("file", rows("a")) * 100 + END,
    "a hundred fields": part("x", b"1", None) * 100 + END,
    "another name": part("upload", rows("a")) + END,
    "no file name": part("file", rows("a"), None) + END,
    "no part": END,
    "nothing": b"",
    "no form": b"hello",
    "an endless header": b"--edge\r\nX: " + b"x" * 100_000,
    "an empty file": part("file", b"") + END,
    "no boundary at all": b"x" * 1000,
}


@pytest.mark.parametrize("name", TORN)
def test_a_torn_body_is_refused_whole_and_leaves_no_file(
    private: Service, data: Path, name: str
) -> None:
    before = spool(data)
    assert raw(private, TORN[name]) == 422
    assert spool(data) == before


def test_a_body_of_another_kind_is_refused(private: Service) -> None:
    for kind in ("text/csv", "application/json", "multipart/form-data", "multipart/mixed"):
        assert raw(private, rows("a"), kind=kind) == 415


def test_two_gigabytes_are_refused_before_they_are_read(private: Service) -> None:
    assert raw(private, b"", length=2 * 1024**3) == 413


def test_a_body_that_does_not_say_its_length_is_stopped_at_the_bound(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tests.serving.environment",
        lambda folder: {**environment(folder), "STRIKEMAP_MAX_FILE_BYTES": "100000"},
    )
    before = spool(data)
    with serving(data, "--private") as small:

        def endless() -> Iterator[bytes]:
            yield part("file", rows("a"))
            for _ in range(40):
                yield b"x" * 10_000

        kind = {"Content-Type": "multipart/form-data; boundary=edge"}
        url = f"/api/imports?{QUERY}"
        try:
            answer = small.client.post(url, headers={**OWN, **kind}, content=endless())
            assert answer.status_code in (413, 422)
        except httpx.TransportError:
            pass  # the service closed the connection while we still sent
        assert small.client.get("/readyz").status_code == 200
    assert spool(data) == before


def test_a_sender_who_leaves_leaves_no_file(private: Service, data: Path) -> None:
    before = spool(data)
    host, _, port = private.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port))) as line:
        head = f"POST /api/imports?{QUERY} HTTP/1.1\r\nHost: {host}:{port}\r\nX-Strikemap: 1\r\n"
        head += "Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: 90000\r\n\r\n"
        line.sendall(head.encode() + part("file", rows("a")))
        deadline = time.monotonic() + 60
        while spool(data) == before and time.monotonic() < deadline:
            time.sleep(0.02)
    deadline = time.monotonic() + 60
    while spool(data) != before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert spool(data) == before


@pytest.mark.parametrize(
    ("file_name", "label"),
    [
        ("../../etc/passwd.csv", "passwd.csv"),
        ("..\\..\\windows\\a.csv", "a.csv"),
        ("/abs/olute.csv", "olute.csv"),
        ("..", "upload"),
        ("a\x00b\r\nc.csv", None),
        ("<img src=x onerror=alert(1)>.csv", None),
    ],
)
def test_a_file_name_is_a_label_and_never_a_path(
    private: Service, data: Path, file_name: str, label: str | None
) -> None:
    files = {"file": (file_name, rows("a"))}
    url = f"/api/imports?{QUERY}-names&dry_run=true"
    answer = private.client.post(url, headers=OWN, files=files)
    assert answer.status_code in ((200,) if label else (200, 422))
    names = {path.name for path in data.rglob("*")}
    assert not [name for name in names if "passwd" in name or "olute" in name]
    if label:
        waiting = json.loads((data / "spool" / f"{answer.json()['id']}.json").read_bytes())
        assert waiting["name"] == label


def test_a_misspelt_parameter_is_named(private: Service) -> None:
    document = problem(plan(private, OWN, rows("a"), "datset=x&theatre=moon&synthetic=maybe"), 422)
    assert {one["where"] for one in document["errors"]} == {"query.datset", "query.synthetic"}


def test_a_process_killed_half_way_leaves_the_record_as_it_was(
    tmp_path: Path, demo_data: Path
) -> None:
    folder = tmp_path / "data"
    shutil.copytree(demo_data, folder)
    many = rows(*(f"k{n}" for n in range(60_000)))
    head = command(folder, "verify").stdout
    with serving(folder, "--private") as running:
        report = plan(running, OWN, many).json()
        url = f"{running.url}/api/imports/{report['id']}/commit"
        answers: list[int] = []

        def commit() -> None:
            try:
                answers.append(httpx.post(url, headers=OWN, timeout=60).status_code)
            except httpx.TransportError:
                answers.append(0)

        sending = threading.Thread(target=commit)
        wal = folder / "record.sqlite-wal"
        before = wal.stat().st_size if wal.exists() else 0
        sending.start()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and not answers:
            if wal.exists() and wal.stat().st_size > before + 1_000_000:
                break
            time.sleep(0.002)
        os.kill(running.pid, signal.SIGKILL)  # as a power cut would
        sending.join()
    # Killed between its commit and its answer, it wrote all.
    is_whole = command(folder, "verify").stdout != head
    with serving(folder, "--private") as again:
        url = f"/api/imports/{report['id']}/commit"
        status = again.client.post(url, headers=OWN, timeout=60).status_code
        assert status == (409 if is_whole else 200)
        path = f"/api/collections/incidents/items?{QUERY}&limit=1"
        assert again.client.get(path).json()["numberMatched"] == 60_000
    assert command(folder, "verify").returncode == 0


def test_the_import_page_is_served_in_both_languages_under_the_policy(public: Service) -> None:
    for lang in ("en", "uk"):
        page = public.client.get(f"/import?lang={lang}")
        assert page.status_code == 200
        assert "unsafe" not in page.headers["content-security-policy"]
        assert "onclick" not in page.text
    assert (ROOT / "static/js/import.js").exists()
