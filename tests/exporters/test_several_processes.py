"""A large export is made on all cores, and is the same file as one made alone."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from app.cli.base import query_of
from app.domain.terms import Audience
from app.instance.workspace import Workspace
from app.publishing.query import Query
from app.queries import export as exports
from app.queries.export import Again, Export, prepare
from tests.making import GEODATA
from tests.support import HEADER, NOW, ROW, imported

ROWS = 2_500


@pytest.fixture
def again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Again:
    """Take a View of a record of some thousand incidents, in any process."""
    monkeypatch.setenv("STRIKEMAP_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(exports, "LARGE", ROWS)
    add_rows(tmp_path, range(ROWS))
    return partial(query_of, Audience.private, "theatre=example", NOW)


def add_rows(folder: Path, numbers: range) -> None:
    """Import incidents into the invented land."""
    path = folder / "rows.csv"
    path.write_text(HEADER + "".join(ROW.format(key=number) for number in numbers), "utf-8")
    imported(Workspace.open(folder, GEODATA), path, theatre="example")


def prepared(query: Query) -> tuple[Export, list[object]]:
    """Prepare an export, and make its parts in this process."""
    export = prepare(query, "csv")
    return export, list(export.parts("csv"))


def test_other_processes_make_the_parts_of_a_large_export(
    again: Again, monkeypatch: pytest.MonkeyPatch
) -> None:
    export, expected = prepared(again())
    assert len(expected) == 3

    def nothing(_export: Export, _form: str, _number: int) -> bytes:
        raise AssertionError

    monkeypatch.setattr(Export, "part", nothing)
    assert list(export.parts("csv", again=again)) == expected


def test_a_record_that_changed_meanwhile_does_not_get_into_the_file(
    again: Again, tmp_path: Path
) -> None:
    export, expected = prepared(again())
    add_rows(tmp_path, range(ROWS + 1))
    assert list(export.parts("csv", again=again)) == expected
    assert prepared(again())[1] != expected
