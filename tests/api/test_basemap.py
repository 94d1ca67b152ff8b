"""An operator's basemap reaches every face of a running service, with its credit."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.basemaps import ground_file, kyiv
from tests.serving import Service, command, serving

X, Y = kyiv(14)
TILE = f"/tiles/basemap/14/{X}/{Y}.png"
FIGURE = "bbox=30.52,50.44,30.54,50.45&width=700&height=700"
CREDIT = "© OpenStreetMap contributors"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold the demo."""
    folder = tmp_path_factory.mktemp("basemap") / "data"
    assert command(folder, "demo").returncode == 0
    return folder


@pytest.fixture(scope="module")
def service(data: Path) -> Iterator[Service]:
    """Serve it to the public."""
    with serving(data) as service:
        yield service


@pytest.fixture(autouse=True)
def shipped(data: Path) -> Iterator[None]:
    """Begin and end with the shipped basemap alone."""
    yield
    command(data, "basemap", "remove")


def test_every_face_draws_it_from_the_next_request_on(
    service: Service, data: Path, tmp_path: Path
) -> None:
    faces = {
        "tile": TILE,
        "names": TILE.replace("basemap", "labels"),
        "map": TILE.replace("basemap", "map"),
        "png": f"/figure.png?{FIGURE}",
        "svg": f"/figure.svg?{FIGURE}",
        "pdf": f"/figure.pdf?{FIGURE}",
    }
    before = {name: service.client.get(path) for name, path in faces.items()}
    file = ground_file(tmp_path / "kyiv.pmtiles", "OpenMapTiles")
    done = command(data, "basemap", "add", str(file))
    assert (done.returncode, done.stderr) == (0, "")
    assert "schema OpenMapTiles; zooms 11 to 14" in done.stdout
    assert CREDIT in done.stdout
    after = {name: service.client.get(path) for name, path in faces.items()}
    for name, answer in after.items():
        assert answer.status_code == 200
        assert answer.headers["ETag"] != before[name].headers["ETag"]
        assert answer.content != before[name].content
    assert CREDIT in after["svg"].text
    assert CREDIT not in before["svg"].text
    for name in ("tile", "png"):
        assert CREDIT.encode() in after[name].content
    assert CREDIT in service.client.get("/tiles/map.json").json()["attribution"]
    for page in ("/", "/embed"):
        assert CREDIT in service.client.get(page).text


def test_an_invented_country_has_no_streets(service: Service, data: Path, tmp_path: Path) -> None:
    before = service.client.get(f"{TILE}?theatre=example").content
    command(data, "basemap", "add", str(ground_file(tmp_path / "a.pmtiles", "Protomaps")))
    assert service.client.get(f"{TILE}?theatre=example").content == before


def test_a_file_that_is_spoilt_while_served_leaves_the_shipped_ground(
    service: Service, data: Path, tmp_path: Path
) -> None:
    before = service.client.get(TILE).content
    file = ground_file(tmp_path / "kyiv.pmtiles", "Shortbread")
    command(data, "basemap", "add", str(file))
    assert service.client.get("/readyz").json()["status"] == "ready"
    file.write_bytes(b"PMTiles\x03" + bytes(50))
    answer = service.client.get(TILE)
    assert (answer.status_code, answer.content) == (200, before)
    told = service.client.get("/readyz").json()
    assert told["status"] == "degraded"
    assert "kyiv.pmtiles" in str(told)
    assert str(tmp_path) not in str(told)


def test_the_command_says_what_is_wrong_and_what_is_used(data: Path, tmp_path: Path) -> None:
    (tmp_path / "old.pmtiles").write_bytes(b"PMTiles\x02" + bytes(200))
    done = command(data, "basemap", "add", str(tmp_path / "old.pmtiles"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "PMTiles version 2" in done.stderr
    assert "Natural Earth" in command(data, "basemap", "show").stdout
    command(data, "basemap", "add", str(ground_file(tmp_path / "a.pmtiles", "Protomaps")))
    assert "schema Protomaps" in command(data, "basemap", "show").stdout
    (tmp_path / "a.pmtiles").unlink()
    gone = command(data, "basemap", "show")
    assert gone.returncode == 2
    assert "No such file" in gone.stderr
