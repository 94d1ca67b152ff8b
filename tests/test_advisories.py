"""The components of a release are compared with invented advisories, without a network."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tools.advisories import components, is_affected, main


def advisory(name: str, *events: dict[str, str], **more: Any) -> dict[str, Any]:
    """Invent an advisory about versions of a Python package."""
    part = {
        "package": {"ecosystem": "PyPI", "name": name},
        "ranges": [{"type": "ECOSYSTEM", "events": list(events)}],
    }
    return {"id": "INVENTED-1", "modified": "2026-11-01T00:00:00Z", "affected": [part], **more}


FROM_2 = (
    {"introduced": "2.0"},
    {"fixed": "2.4.1"},
    {"introduced": "3.0"},
    {"last_affected": "3.2"},
)


@pytest.mark.parametrize(
    ("version", "is_inside"),
    [
        *[(version, False) for version in ("1.9", "2.0rc1", "2.4.1", "2.9", "3.2.1", "4.0")],
        *[(version, True) for version in ("2.0", "2.4.0", "2.4.1.dev1", "3.0", "3.2")],
    ],
)
def test_versions_are_ordered_as_python_orders_them(version: str, *, is_inside: bool) -> None:
    fault = advisory("Some_Package", *FROM_2)
    assert is_affected(("PyPI", "some-package", version), fault) is is_inside
    assert not is_affected(("PyPI", "another", version), fault)
    assert not is_affected(("npm", "some-package", version), fault)
    withdrawn = {**fault, "withdrawn": "2026-11-02T00:00:00Z"}
    assert not is_affected(("PyPI", "some-package", version), withdrawn)


def test_a_list_of_versions_and_a_range_from_the_first_one_count() -> None:
    listed = {**advisory("p"), "affected": [{**advisory("p")["affected"][0], "versions": ["1.1"]}]}
    assert is_affected(("PyPI", "p", "1.1"), listed)
    assert not is_affected(("PyPI", "p", "1.2"), listed)
    assert is_affected(("PyPI", "p", "0.0.1"), advisory("p", {"introduced": "0"}))


def test_an_affected_component_is_named_and_a_sound_release_passes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (_ecosystem, name, version), *_rest = components()
    assert ("npm", "leaflet", "1.9.4") in components()
    harmless = advisory(name, {"introduced": "0"}, {"fixed": version})
    (tmp_path / "INVENTED-1.json").write_text(json.dumps(harmless), "utf-8")
    assert main([str(tmp_path)]) == 0
    assert "1 advisories, the newest of 2026-11-01T00:00:00Z: 0 apply." in capsys.readouterr().out
    harmful = advisory(name, {"introduced": "0"}, id="INVENTED-2", summary="an invented fault")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("INVENTED-2.json", json.dumps(harmful))
    assert main([str(tmp_path / "all.zip")]) == 1
    assert f"{name} {version}: INVENTED-2 () an invented fault\n" in capsys.readouterr().out


@pytest.mark.parametrize("text", [None, "", "[]", "{}", '{"id": 1}'])
def test_a_snapshot_that_cannot_be_used_is_one_sentence_and_never_a_pass(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None
) -> None:
    if text is not None:
        (tmp_path / "x.json").write_text(text, "utf-8")
    assert main([str(tmp_path)]) == 2
    assert capsys.readouterr().out.count("\n") == 1
    (tmp_path / "x.zip").write_bytes(b"no archive")
    assert main([str(tmp_path / "x.zip")]) == main([str(tmp_path / "none")]) == 2
