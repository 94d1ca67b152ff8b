"""A program that only reads words does not import the libraries that draw."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.making import ROOT

DRAWING = ("PIL", "folium", "branca", "reportlab", "fontTools")
ABSENT = {
    "app.api.params": DRAWING,
    "app.pictures.figures": ("folium", "branca"),
    "app.cli.program": (*DRAWING, "numpy", "shapely", "pyproj", "fastapi", "pydantic", "msgspec"),
}
"""What each module leads to none of, when it is the first that an interpreter imports."""


@pytest.mark.parametrize("module", ABSENT)
def test_a_module_leads_to_no_library_that_it_does_not_need(module: str) -> None:
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & {set(ABSENT[module])}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
