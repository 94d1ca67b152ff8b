"""What an operator lets a theatre's map open on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec
import pytest

from app.api.app import create_app
from app.domain.errors import InputError
from app.instance.opening import missing_openings, set_opening
from app.instance.workspace import Workspace
from app.reference.opening import Opening
from app.reference.reference import Reference
from app.settings import Settings
from tests.making import GEODATA, add, dataset, incident
from tests.serving import command, serving

MARCH = (date(2022, 3, 1), date(2022, 3, 31))


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Workspace]:
    """An instance with two datasets."""
    workspace = Workspace.open(tmp_path, GEODATA)
    for slug in ("first", "second"):
        add(workspace.store, dataset(slug), incident(dataset=slug))
    yield workspace
    workspace.store.close()


def anew(own: Workspace) -> Reference:
    """Read the theatres as the next start does."""
    return Reference(GEODATA, own_theatres=own.reference.own_theatres)


def test_a_theatre_opens_on_what_was_set_until_it_is_reset(own: Workspace) -> None:
    before = anew(own)
    mark = before.theatre_hash
    set_opening(own, "ukraine", Opening(("first",), period=MARCH))
    after = anew(own)
    theatre = after.theatres["ukraine"]
    assert (theatre.default_datasets, theatre.first_period) == (("first",), MARCH)
    assert after.theatre_hash != mark
    set_opening(own, "ukraine", None)
    assert anew(own).theatres == before.theatres


@pytest.mark.parametrize(
    ("opening", "sentence"),
    [
        (Opening(("third",)), "--dataset: got 'third', allowed: first, second."),
        (Opening(control="first"), "--control: got 'first', allowed: nothing yet: import for"),
        (Opening(control="", period=MARCH), "--from and --to: got 'no --dataset'"),
        (Opening(("first",), period=MARCH[::-1]), "the first day before the last"),
    ],
)
def test_what_the_theatre_has_not_is_refused(
    own: Workspace, opening: Opening, sentence: str
) -> None:
    with pytest.raises(InputError) as refused:
        set_opening(own, "ukraine", opening)
    assert sentence in str(refused.value)
    assert anew(own).theatres["ukraine"].default_datasets == ()


def test_a_service_says_that_a_dataset_to_open_on_is_gone_and_opens_on_another(
    own: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = set_opening(own, "ukraine", Opening(("first",)))
    assert list(missing_openings(own)) == []
    path.write_bytes(msgspec.json.encode(Opening(("renamed",))))
    (sentence,) = missing_openings(own)
    assert "--dataset: got 'renamed', allowed: first, second." in sentence
    create_app(Settings(data_dir=tmp_path))
    assert sentence in caplog.messages
    with serving(tmp_path) as service:
        answer = service.client.get("/api/summary").json()
        assert answer["coverage"]["datasets"] == ["second"]


def test_a_damaged_choice_is_named_and_stops_nothing(own: Workspace) -> None:
    path = set_opening(own, "ukraine", Opening(("first",)))
    path.write_text("{", "utf-8")
    reference = anew(own)
    assert reference.theatres["ukraine"].default_datasets == ()
    (fault,) = reference.theatre_faults
    assert fault.sentences() == [
        (
            "theatre ukraine, opening, the file: got 'Input data was truncated', "
            "allowed: the file that `strikemap theatre set` writes."
        )
    ]


@pytest.mark.usefixtures("own")
def test_the_page_opens_on_what_was_set_and_no_reader_keeps_the_old_one(tmp_path: Path) -> None:
    with serving(tmp_path) as service:
        first = service.client.get("/api/summary")
        assert first.json()["coverage"]["datasets"] == ["second"]
    words = ("theatre", "set", "ukraine", "--dataset", "first")
    done = command(tmp_path, *words)
    assert (done.returncode, "In force from the next start" in done.stdout) == (0, True)
    has = {"If-None-Match": first.headers["etag"]}
    with serving(tmp_path) as service:
        again = service.client.get("/api/summary", headers=has)
        assert again.json()["coverage"]["datasets"] == ["first"]
