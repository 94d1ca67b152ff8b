"""Limits on requests: whom they count together, what they refuse, and what they never touch."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from app.api import rates, sharing
from app.api.rates import Rates, sender_of
from app.api.sharing import shared_folder
from app.cli.exporting import save_page
from app.domain.errors import InputError, TooMany
from app.settings import read_settings
from tests.serving import Service, command, serving

NO_HEADERS: Mapping[str, str] = {}
NUMBERS = "/api/summary?from=x"
"""An answer that memory never holds."""


def scope(path: str, address: str = "192.0.2.1") -> dict[str, object]:
    """Make a request as the application sees it."""
    return {"method": "GET", "path": path, "client": (address, 1)}


@pytest.fixture(scope="module")
def limited(demo_data: Path) -> Iterator[Service]:
    """The demos, served to the public: five requests a minute, and two figures or exports."""
    settings = {"STRIKEMAP_RATE": "5", "STRIKEMAP_RATE_HEAVY": "2"}
    with serving(demo_data, **settings) as running:
        yield running


def statuses(
    service: Service, address: str, path: str, count: int, headers: Mapping[str, str] = NO_HEADERS
) -> list[int]:
    """Send requests of one reader behind the proxy of this machine."""
    headers = {"X-Forwarded-For": address, **headers}
    return [service.client.get(path, headers=headers).status_code for _ in range(count)]


def test_a_request_too_many_is_429_with_one_sentence_and_the_seconds_to_wait(
    limited: Service,
) -> None:
    assert statuses(limited, "192.0.2.1", NUMBERS, 5) == [422] * 5
    refused = limited.client.get(NUMBERS, headers={"X-Forwarded-For": "192.0.2.1"})
    problem, wait_s = refused.json(), refused.headers["Retry-After"]
    assert (refused.status_code, problem["type"]) == (429, "/problems/too-many")
    assert 1 <= int(wait_s) <= 12
    said = f"This address has sent more than 5 requests a minute; allowed: the next in {wait_s} s."
    assert problem["detail"] == said
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert statuses(limited, "192.0.2.2", NUMBERS, 1) == [422]  # another reader goes on


def test_figures_and_exports_have_a_smaller_number_of_their_own(limited: Service) -> None:
    for path in ("/figure.png?from=x", "/api/export.csv?from=x"):
        assert statuses(limited, "192.0.2.3", path, 1) == [422]
    assert statuses(limited, "192.0.2.3", "/figure.svg?from=x", 1) == [429]
    assert statuses(limited, "192.0.2.3", NUMBERS, 1) == [422]


def test_a_64_of_ipv6_is_one_reader(limited: Service) -> None:
    answers = [statuses(limited, f"2001:db8:0:1::{n:x}", NUMBERS, 1) for n in range(6)]
    assert answers == [[422]] * 5 + [[429]]
    assert statuses(limited, "2001:db8:0:2::1", NUMBERS, 1) == [422]


def test_health_checks_the_pages_files_and_what_memory_answers_are_never_refused(
    limited: Service,
) -> None:
    tile, reader = "/tiles/basemap/6/37/21.png", "192.0.2.4"
    assert statuses(limited, reader, tile, 1) == [200]
    assert statuses(limited, reader, NUMBERS, 5) == [422] * 4 + [429]
    for path in (tile, "/healthz", "/readyz", "/static/page.css"):
        assert statuses(limited, reader, path, 3) == [200] * 3


def test_a_token_is_counted_wherever_it_is_used(tmp_path: Path) -> None:
    made = command(tmp_path, "token", "create", "Ada", "--role", "viewer").stdout
    (text,) = re.findall(r"strikemap_[0-9a-f]{12}_\S+", made)
    token, wrong = {"Authorization": f"Bearer {text}"}, {"Authorization": "Bearer strikemap_x"}
    with serving(tmp_path, STRIKEMAP_RATE="3") as running:
        answers = [statuses(running, f"192.0.2.{n}", NUMBERS, 1, token) for n in range(4)]
        assert answers == [[422]] * 3 + [[429]]
        refused = running.client.get(NUMBERS, headers=token).json()["detail"]
        assert refused.startswith("This token has sent more than 3 requests a minute;")
        # Whoever guesses tokens is counted before one is looked up.
        assert statuses(running, "198.51.100.1", NUMBERS, 4, wrong) == [401] * 3 + [429]


def test_a_forged_address_counts_only_from_a_trusted_proxy(demo_data: Path) -> None:
    settings = {"STRIKEMAP_RATE": "2", "STRIKEMAP_TRUSTED_PROXIES": "10.0.0.1"}
    with serving(demo_data, **settings) as running:
        answers = [statuses(running, f"192.0.2.{n}", NUMBERS, 1) for n in range(3)]
        assert answers == [[422], [422], [429]]


def test_a_private_instance_refuses_its_owner_nothing(demo_data: Path) -> None:
    with serving(demo_data, "--private", STRIKEMAP_RATE="1", STRIKEMAP_RATE_HEAVY="1") as running:
        for path in (NUMBERS, "/figure.png?from=x"):
            assert [running.client.get(path).status_code for _ in range(3)] == [422] * 3


def test_the_number_is_given_back_evenly_over_the_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("throttled.utils.now_mono_f", lambda: 1_000 + now[0])
    limits = Rates(6, 0)
    for _ in range(6):
        limits.count_address(scope("/"))
    with pytest.raises(TooMany) as refused:
        limits.count_address(scope("/"))
    assert refused.value.wait_s == 10
    now[0] = 10.5
    limits.count_address(scope("/"))
    with pytest.raises(TooMany):
        limits.count_address(scope("/"))


def test_the_memory_for_senders_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "MOST_SENDERS", 2)
    limits = Rates(1, 1)
    for address in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        limits.count_address(scope("/", address))
    limits.count_address(scope("/", "192.0.2.1"))  # forgotten, since others came after it
    with pytest.raises(TooMany):
        limits.count_address(scope("/", "192.0.2.3"))


@pytest.mark.parametrize("junk", ["", "junk", "x" * 10_000, "1.2.3.4:port", "999.1.1.1"])
def test_what_is_no_address_is_counted_as_one_unknown_reader(junk: str) -> None:
    assert sender_of(junk) == rates.UNKNOWN


@pytest.mark.parametrize("value", ["-1", "many", "1000001"])
@pytest.mark.parametrize("name", ["STRIKEMAP_RATE", "STRIKEMAP_RATE_HEAVY"])
def test_a_number_that_does_not_fit_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(InputError, match=rf"{name}: got '{value}'"):
        read_settings()


def test_a_refusal_is_a_kind_among_the_numbers_for_operators(demo_data: Path) -> None:
    settings = {"STRIKEMAP_RATE": "1", "STRIKEMAP_METRICS_FROM": "192.0.2.9"}
    with serving(demo_data, **settings) as running:
        statuses(running, "192.0.2.1", NUMBERS, 3)
        numbers = httpx.get(f"{running.url}/metrics", headers={"X-Forwarded-For": "192.0.2.9"})
    assert re.search(r'strikemap_refusals_total\{kind="too-many",process="\d+"\} 2.0', numbers.text)


def test_a_map_saved_by_a_command_is_whole_whatever_the_limits_of_the_service(
    demo_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STRIKEMAP_DATA_DIR", str(demo_data))
    monkeypatch.setenv("STRIKEMAP_RATE", "1")
    save_page(tmp_path / "map.html", "theatre=ukraine", private=False)
    assert (tmp_path / "map.html").stat().st_size > 0


def test_workers_of_one_service_count_a_sender_together() -> None:
    with shared_folder() as folder:
        workers = [Rates(5, 2, folder) for _ in range(2)]
        for number in range(5):
            workers[number % 2].count_address(scope(NUMBERS))
        for worker in workers:
            with pytest.raises(TooMany, match="more than 5 requests a minute"):
                worker.count_address(scope(NUMBERS))
            worker.count_address(scope(NUMBERS, "192.0.2.77"))
        assert b"192.0.2" not in (folder / "senders").read_bytes()
    assert not folder.exists()


def test_a_full_table_forgets_the_most_idle_senders(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharing, "SLOTS", 64)
    with shared_folder() as folder:
        worker = Rates(1, 1, folder)
        worker.count_address(scope(NUMBERS, "192.0.2.1"))
        for number in range(500):
            worker.count_address(scope(NUMBERS, f"198.51.{number // 250}.{number % 250}"))
        worker.count_address(scope(NUMBERS, "192.0.2.1"))


def test_one_address_is_held_to_its_number_by_several_workers(demo_data: Path) -> None:
    settings = {"STRIKEMAP_RATE": "6", "STRIKEMAP_RATE_HEAVY": "6"}
    with serving(demo_data, "--workers", "2", **settings) as running:
        codes = [httpx.get(f"{running.url}{NUMBERS}").status_code for _ in range(12)]
    assert codes == [422] * 6 + [429] * 6
