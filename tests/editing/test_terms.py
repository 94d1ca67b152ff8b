"""Terms as publishers write them, and the day a dataset was taken from its publisher."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from app.domain.errors import InputError, StoreBusy
from app.domain.revision import Head
from app.domain.store import Author
from app.domain.terms import LICENCES, Audience, Dataset, Face
from app.domain.view import View
from app.editing.terms import set_terms
from app.i18n import strings
from app.importers.formats import FORMATS
from app.instance.workspace import Workspace
from app.intake.options import access_day
from app.publishing.publish import publish
from app.publishing.query import Query
from tests.making import NOON
from tests.support import FILES, NOW, imported, table

ACLED = FILES / "events" / "acled.csv"
WEEK = View(theatre="ukraine", datasets=("acled",), first=date(2025, 3, 3), last=date(2025, 3, 9))


def _dataset(workspace: Workspace, slug: str) -> Any:
    return workspace.state().datasets[slug]


def test_every_format_has_terms_that_exist() -> None:
    assert {importer.licence for importer in FORMATS.values()} <= set(LICENCES)
    assert FORMATS["acled"].licence == "ACLED"
    assert FORMATS["deepstate_daily"].licence == FORMATS["deepstate_raw"].licence == "DeepState"
    assert FORMATS["isw"].licence == "ISW"


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_every_licence_is_explained_in_both_languages(lang: str) -> None:
    assert [one for one in LICENCES if not strings(lang).get(f"terms_{one}")] == []


@pytest.mark.parametrize("licence", ["ACLED", "DeepState", "ISW", "internal"])
def test_what_must_not_be_passed_on_leaves_as_sums_only(licence: str) -> None:
    terms = LICENCES[licence]
    assert [face for face in Face if terms.allow(face)] == [Face.aggregates]


def test_acled_gives_sums_down_to_the_second_level_with_the_day_of_access_in_the_credit(
    workspace: Workspace,
) -> None:
    imported(workspace, ACLED, accessed=date(2026, 8, 20))
    state = workspace.state()
    for level in (1, 2):
        found = publish(Query(workspace, state, WEEK.but(level=level), NOON), Face.aggregates)
        assert found.credits == ("ACLED, accessed 2026-08-20",)
    for face in (Face.points, Face.tiles, Face.raw, Face.export, Face.embeds):
        refused = publish(Query(workspace, state, WEEK, NOON), face)
        assert (refused.datasets, refused.credits) == ((), ())


def test_without_a_day_it_is_that_of_the_import_and_a_later_import_moves_it(
    private_workspace: Workspace, tmp_path: Path
) -> None:
    def take(key: str, at: datetime, **order: Any) -> None:
        row = {"source_key": key, "start": "2024-03-10", "precision": "admin1"}
        imported(private_workspace, table(tmp_path, row), at=at, dataset="mine", **order)

    take("a", NOW)
    assert _dataset(private_workspace, "mine").accessed == NOW.date()
    take("b", NOW + timedelta(days=3), accessed=NOW.date() - timedelta(days=9))
    assert _dataset(private_workspace, "mine").accessed == NOW.date()
    take("c", NOW + timedelta(days=9))
    assert _dataset(private_workspace, "mine").accessed == NOW.date() + timedelta(days=9)
    head = private_workspace.store.head()
    take("c", NOW + timedelta(days=20))  # nothing in it is new, so nothing is written
    assert private_workspace.store.head() == head


def test_the_day_can_be_corrected_apart_from_the_terms(private_workspace: Workspace) -> None:
    imported(private_workspace, ACLED)
    author = Author("test", NOW)
    changed = set_terms(private_workspace, "acled", None, author, accessed=date(2026, 1, 2))
    assert isinstance(changed, Dataset)
    assert (changed.licence, changed.accessed) == ("ACLED", date(2026, 1, 2))
    changed = set_terms(private_workspace, "acled", "internal", author)
    assert isinstance(changed, Dataset)
    assert (changed.licence, changed.accessed) == ("internal", date(2026, 1, 2))
    with pytest.raises(InputError, match="--terms, --accessed or both"):
        set_terms(private_workspace, "acled", None, author)


def test_of_two_who_change_a_dataset_at_once_one_is_refused_and_no_change_is_lost(
    private_workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    imported(private_workspace, ACLED)
    author, store = Author("test", NOW), private_workspace.store
    written = store.write

    def overtaken(*arguments: Any) -> Head:
        monkeypatch.undo()
        set_terms(private_workspace, "acled", None, author, accessed=date(2026, 1, 2))
        return written(*arguments)

    monkeypatch.setattr(store, "write", overtaken)
    with pytest.raises(StoreBusy, match="try again"):
        set_terms(private_workspace, "acled", "internal", author)
    dataset = _dataset(private_workspace, "acled")
    assert (dataset.licence, dataset.accessed) == ("ACLED", date(2026, 1, 2))


def test_the_index_knows_a_change_of_terms(private_workspace: Workspace) -> None:
    imported(private_workspace, ACLED)
    set_terms(private_workspace, "acled", "internal", Author("test", NOW))
    noted = private_workspace.index.generations.witness.head()
    assert noted is not None
    assert noted.seq == private_workspace.store.head().seq


@pytest.mark.parametrize("given", ["2026-13-01", "yesterday", "2026-09-02"])
def test_a_day_of_access_is_a_day_that_was(given: str) -> None:
    with pytest.raises(InputError, match=r"^accessed: "):
        access_day(given, date(2026, 9, 1))


def test_no_day_said_is_none() -> None:
    assert access_day("", date(2026, 9, 1)) is None
    assert access_day("2026-09-01", date(2026, 9, 1)) == date(2026, 9, 1)


def test_only_the_public_is_bound_by_terms(private_workspace: Workspace) -> None:
    assert private_workspace.audience is Audience.private
    imported(private_workspace, ACLED)
    view = View(theatre="ukraine", datasets=("acled",))
    now = datetime(2026, 9, 1, tzinfo=UTC)
    found = publish(Query.of(private_workspace, view, now), Face.raw)
    assert [one.slug for one in found.datasets] == ["acled"]
