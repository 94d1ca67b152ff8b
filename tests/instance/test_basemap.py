"""The operator's choice of a basemap is seen at once, and a broken one stops nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.domain.errors import InputError
from app.instance.basemap import ChosenBasemap
from tests.basemaps import ground_file


def test_a_choice_is_seen_by_others_at_once_and_taken_back(tmp_path: Path) -> None:
    ours, theirs = (ChosenBasemap(tmp_path / "data" / "basemap.json") for _ in range(2))
    assert ours.current() is None
    assert theirs.mark == ""
    theirs.choose(ground_file(tmp_path / "a.pmtiles", "Protomaps"), credit="© Somebody")
    streets = ours.current()
    assert streets is not None
    assert streets.credit == "© Somebody"
    first = ours.mark
    assert ours.current() is streets
    theirs.choose(ground_file(tmp_path / "b.pmtiles", "Shortbread"))
    assert ours.mark not in ("", first)
    assert theirs.forget()
    assert ours.current() is None
    assert not theirs.forget()


def test_a_file_that_is_replaced_or_spoilt_while_served_is_seen(tmp_path: Path) -> None:
    path = ground_file(tmp_path / "a.pmtiles", "Protomaps")
    chosen = ChosenBasemap(tmp_path / "basemap.json")
    chosen.choose(path)
    before = chosen.mark
    ground_file(tmp_path / "b.pmtiles", "OpenMapTiles").replace(path)
    assert chosen.mark not in ("", before)
    path.write_bytes(b"nothing")
    assert chosen.current() is None
    assert chosen.fault is not None
    assert "a.pmtiles" in chosen.fault
    path.unlink()
    assert chosen.current() is None
    assert "No such file" in (chosen.fault or "")


def test_a_file_that_cannot_be_used_leaves_the_choice_as_it_was(tmp_path: Path) -> None:
    chosen = ChosenBasemap(tmp_path / "basemap.json")
    chosen.choose(ground_file(tmp_path / "a.pmtiles", "Protomaps"))
    before = chosen.mark
    (tmp_path / "bad.pmtiles").write_bytes(b"PMTiles\x02" + bytes(200))
    with pytest.raises(InputError, match="PMTiles version 2"):
        chosen.choose(tmp_path / "bad.pmtiles")
    with pytest.raises(InputError, match="credit"):
        chosen.choose(tmp_path / "a.pmtiles", credit="x" * 400)
    assert chosen.mark == before


def test_a_choice_that_cannot_be_read_is_no_choice(tmp_path: Path) -> None:
    (tmp_path / "basemap.json").write_text("{")
    assert ChosenBasemap(tmp_path / "basemap.json").current() is None
