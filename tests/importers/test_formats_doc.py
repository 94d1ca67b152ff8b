"""`docs/formats.md` names everything that is read; its examples are imported as they stand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.domain.fields import INCIDENT_FIELDS
from app.files import parsing
from app.importers import native
from app.importers.cir import COLUMNS
from app.importers.formats import FORMATS
from app.importers.native_csv import CONTROL_PLAIN, NUMBERED, PLAIN
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from tests.making import ROOT
from tests.support import imported, records, written

DOC = (ROOT / "docs" / "formats.md").read_text("utf-8")
EXAMPLES = re.findall(r"```(csv|json) (\w+)\n(.*?)```", DOC, re.DOTALL)
FIXED = (
    "every cell is empty: at least one field with a value",
    "the key stands for another record already, in row N",
    "two numbers in degrees",
    "-180..180, -90..90 degrees",
    "1900-01-01 to 2100-12-31",
    "a time with its offset, such as 2025-10-24T21:00:00Z",
    "an IANA time zone, such as Europe/Kyiv",
    "0 <= low <= best <= high, each may be empty",
    f"a whole number from 0 to {parsing.GREATEST_WHOLE:,}, or empty",
    "a Polygon or MultiPolygon with an area",
)


@pytest.mark.parametrize(("kind", "name", "content"), EXAMPLES, ids=lambda text: text[:12])
def test_an_example_is_imported_without_rejections_or_warnings(
    kind: str, name: str, content: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path, f"{name}.{kind}", content)
    theatre = "example" if name in ("incidents", "control") else "ukraine"
    report = imported(private_workspace, path, theatre=theatre, dry_run=True)
    assert (report.rows, report.added, report.warnings) == (1, 1, [])


def test_the_examples_of_both_native_forms_are_the_same_records(tmp_path: Path) -> None:
    for subject in ("incidents", "control"):
        forms = [
            records(written(tmp_path, f"{name}.{kind}", content))
            for kind, name, content in EXAMPLES
            if name == subject
        ]
        assert len(forms) == 2
        assert forms[0] == forms[1]


def test_every_format_column_and_property_is_documented() -> None:
    names = [*FORMATS, *PLAIN, *CONTROL_PLAIN, *COLUMNS, *native.DERIVED_FIELDS]
    names += [*INCIDENT_FIELDS, *native.CONTROL_FIELDS]
    names += [f"{what}1_{name}" for what, columns in NUMBERED.items() for name in columns]
    assert [name for name in names if f"`{name}`" not in DOC] == []


def test_every_reason_to_drop_a_row_is_documented(reference: Reference) -> None:
    reasons = set(reference.taxonomy.crosswalk("cir")["scope"].values()) - {"incident"}
    assert [reason for reason in sorted(reasons) if f"`{reason}`" not in DOC] == []


@pytest.mark.parametrize("sentence", FIXED)
def test_a_sentence_is_explained(sentence: str) -> None:
    assert sentence in DOC
