"""The walk of docs/countries.md: from an empty folder to a figure, in one country of it."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.making import ROOT
from tools.walk import COUNTRIES, Walk, times_table

GAZA = next(one for one in COUNTRIES if one.slug == "gaza")


@pytest.mark.browser
def test_a_country_is_walked_from_nothing_to_a_figure(browser: Browser, tmp_path: Path) -> None:
    walk = Walk(GAZA, tmp_path).run(browser)
    typed = (tmp_path / "gaza.csv").read_text("utf-8").splitlines()[1:]
    assert walk.regions["PS-GZZ"] == len(typed) > 1
    assert "| gaza |" in times_table([walk])
    for png in (walk.page, walk.figure):
        with Image.open(io.BytesIO(png)) as picture:
            assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 50


def test_each_country_of_the_walk_is_shown_with_its_pictures() -> None:
    text = (ROOT / "docs" / "countries.md").read_text("utf-8")
    shown = re.findall(r"\(pictures/(walk-[\w-]+\.png)\)", text)
    slugs = [country.slug for country in COUNTRIES]
    assert shown == [f"walk-{slug}{end}.png" for slug in slugs for end in ("", "-figure")]
    assert all(f"strikemap theatre add {slug} " in text for slug in slugs)
    assert all((ROOT / "docs" / "pictures" / name).exists() for name in shown)
