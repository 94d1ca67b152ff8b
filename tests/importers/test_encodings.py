"""Tables that are not saved in UTF-8: read where the encoding is sure, else refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors import InvalidFile
from app.instance.workspace import Workspace
from app.intake.suggestion import suggest
from tests.support import imported, written

UKRAINIAN = """Дата удару;Область;Населений пункт;Загинули
17.03.2024;Харківська область;Харків;2
18.03.2024;Київська область;Бровари;1
"""
FEW_LETTERS = (
    "id;date;lat;lon;place\n1;2024-03-10;49.99;36.23;Харків\n2;2024-03-11;50.45;30.52;Київ\n"
)
WESTERN = "date;oblast;notes\n2024-03-17;Kharkiv;Besançon, l’hôpital « inventé » d’Orléans\n"


@pytest.mark.parametrize(
    ("text", "encoding", "label"),
    [
        (UKRAINIAN, "utf-16", "UTF-16"),
        (UKRAINIAN, "utf-16-be", "UTF-16"),
        (UKRAINIAN, "cp1251", "Windows-1251"),
        (UKRAINIAN, "koi8-u", "KOI8-U"),
        (WESTERN, "cp1252", "Windows-1252"),
        (FEW_LETTERS, "cp1251", "Windows-1251"),
        (UKRAINIAN, "utf-16-le", "UTF-16"),
        (FEW_LETTERS, "utf-16-le", "UTF-16"),
    ],
)
def test_an_encoding_that_is_sure_is_read_and_said(
    text: str, encoding: str, label: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    path = written(tmp_path, "a.csv", (mark + text).encode(encoding))
    plain = suggest(private_workspace, written(tmp_path, "b.csv", text), "ukraine")
    proposal = suggest(private_workspace, path, "ukraine")
    assert (proposal.mapping, proposal.samples) == (plain.mapping, plain.samples)
    report = imported(private_workspace, path, mapping=proposal.mapping)
    assert report.rejected == 0
    assert f"The text is saved as {label}, and is read as that." in report.warnings


@pytest.mark.parametrize(
    ("text", "encoding", "got"),
    [
        ("data;miasto\n2024-03-17;Łódź żółć\n", "cp1250", "Windows-125[02] or Windows-125[02]"),
        (UKRAINIAN, "mac-cyrillic", "Windows-1251 or Mac Cyrillic"),
    ],
)
def test_an_encoding_in_doubt_is_refused_with_both_names(
    text: str, encoding: str, got: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path, "a.csv", text.encode(encoding))
    with pytest.raises(InvalidFile, match=rf"^text encoding of a.csv: got '{got}', allowed: UTF-8"):
        suggest(private_workspace, path, "ukraine")
