"""What an operator lets a theatre's map open on."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from app.api.app import create_app
from app.domain.errors import InputError
from app.domain.store import Author
from app.instance.opening import missing_openings, set_opening
from app.instance.workspace import Workspace, recorded_theatres
from app.reference.opening import Opening, opening_path
from app.reference.reference import Reference
from app.settings import Settings
from tests.making import GEODATA, NOON, add, dataset, incident
from tests.serving import command, serving

AUTHOR = Author("an admin", NOON)
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
    recorded = recorded_theatres(own.store)
    return Reference(GEODATA, own_theatres=own.reference.own_theatres, recorded=recorded)


def test_a_theatre_opens_on_what_was_set_until_it_is_reset(own: Workspace) -> None:
    before = anew(own)
    mark = before.theatre_hash
    opening = Opening(("first",), period=MARCH, languages=("ar", "en"))
    set_opening(own, "ukraine", opening, AUTHOR)
    after = anew(own)
    theatre = after.theatres["ukraine"]
    assert (theatre.default_datasets, theatre.first_period) == (("first",), MARCH)
    assert theatre.languages == ("ar", "en")
    assert after.theatre_hash != mark
    set_opening(own, "ukraine", Opening(), AUTHOR)
    assert anew(own).theatres == before.theatres


@pytest.mark.parametrize(
    ("opening", "sentence"),
    [
        (Opening(("third",)), "dataset: got 'third', allowed: first, second."),
        (Opening(control="first"), "control: got 'first', allowed: nothing yet: import for"),
        (Opening(control="", period=MARCH), "from and to: got 'no dataset'"),
        (Opening(languages=("xx",)), "languages: got 'xx', allowed: of en, uk, ar, es, fr."),
        (Opening(("first",), period=MARCH[::-1]), "the first day before the last"),
    ],
)
def test_what_the_theatre_has_not_is_refused(
    own: Workspace, opening: Opening, sentence: str
) -> None:
    with pytest.raises(InputError) as refused:
        set_opening(own, "ukraine", opening, AUTHOR)
    assert sentence in str(refused.value)
    assert anew(own).theatres["ukraine"].default_datasets == ()


def test_a_service_says_that_a_dataset_to_open_on_is_gone_and_opens_on_another(
    own: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = opening_path(tmp_path / "theatres", "ukraine")  # as earlier releases kept it
    path.parent.mkdir()
    path.write_text('{"datasets": ["renamed"]}', "utf-8")
    (sentence,) = missing_openings(own)
    assert "dataset: got 'renamed', allowed: first, second." in sentence
    create_app(Settings(data_dir=tmp_path))
    assert sentence in caplog.messages
    with serving(tmp_path) as service:
        answer = service.client.get("/api/summary").json()
        assert answer["coverage"]["datasets"] == ["second"]


def test_a_damaged_choice_is_named_and_stops_nothing(own: Workspace, tmp_path: Path) -> None:
    path = opening_path(tmp_path / "theatres", "ukraine")
    path.parent.mkdir()
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
    assert (done.returncode, "has it within some seconds" in done.stdout) == (0, True)
    has = {"If-None-Match": first.headers["etag"]}
    with serving(tmp_path) as service:
        again = service.client.get("/api/summary", headers=has)
        assert again.json()["coverage"]["datasets"] == ["first"]
