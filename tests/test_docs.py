"""The documents say what is true: every setting, address, command, format and error is in them."""

from __future__ import annotations

import re
import tomllib
from typing import Any

import pytest

from app.cli.program import COMMANDS, load
from app.domain import errors
from app.domain.view import PARAMETERS
from app.importers.formats import FORMATS
from app.services.report import GROUPINGS
from app.settings import PREFIX, Settings
from app.tiles.grid import RASTER_LAYERS
from tests.making import ROOT
from tests.serving import Service

API = (ROOT / "docs/api.md").read_text("utf-8")
OPERATING = (ROOT / "docs/operating.md").read_text("utf-8")
README = (ROOT / "README.md").read_text("utf-8")


@pytest.mark.parametrize("name", sorted(Settings.model_fields))
def test_every_setting_is_in_the_documents(name: str) -> None:
    assert f"`{PREFIX}{name.upper()}`" in OPERATING


@pytest.mark.parametrize("name", PARAMETERS)
def test_every_view_parameter_is_in_the_documents(name: str) -> None:
    assert f"`{name}`" in API
    assert f"`{name}`" in README


@pytest.mark.parametrize("name", [*RASTER_LAYERS, *GROUPINGS])
def test_every_layer_and_grouping_is_in_the_documents(name: str) -> None:
    assert name in API


@pytest.mark.parametrize("name", sorted(FORMATS))
def test_every_import_format_is_in_the_documents(name: str) -> None:
    assert f"`{name}`" in (ROOT / "docs/formats.md").read_text("utf-8")


def test_every_error_is_in_the_documents_and_in_its_own_tree() -> None:
    classes = [one for one in vars(errors).values() if isinstance(one, type)]
    names = [one.__name__ for one in classes if issubclass(one, errors.StrikemapError)]
    roots = {"StrikemapError", "InputError", "StoreError"}
    assert [name for name in names if name not in roots and f"`{name}`" not in OPERATING] == []
    tree = errors.__doc__ or ""
    assert [name for name in names if name not in tree] == []


def test_every_command_is_in_the_documents_with_an_example() -> None:
    commands: list[tuple[str, Any]] = [(name, load(name)) for name in COMMANDS]
    for name, command in commands:
        members = getattr(command, "commands", {})
        commands += [(f"{name} {member}", one) for member, one in members.items()]
        if members and not command.invoke_without_command:
            continue
        assert re.search(rf"`(strikemap )?{name}\b", OPERATING), name
        assert f"Example: strikemap {name}" in (command.help or "")


def test_every_address_of_the_api_is_in_the_documents(service: Service) -> None:
    paths = service.client.get("/api/openapi.json").json()["paths"]
    written = [re.sub(r"\{\w+\}", "{…}", path) for path in paths]
    known = re.sub(r"\{\w+\}", "{…}", API)
    short = [path.replace("/api/collections/incidents", "…") for path in written]
    missing = [
        path
        for path, other in zip(written, short, strict=True)
        if f"`{path}`" not in known and f"`{other}`" not in known
    ]
    assert missing == []


def test_every_dependency_earns_its_place_in_a_line() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    told = (ROOT / "docs/dependencies.md").read_text("utf-8")
    names = [re.split(r"[<>=;\[ ]", one)[0] for one in project["dependencies"]]
    assert [
        name for name in names if not re.search(rf"^\|[^|]*\b{name}\b", told, re.MULTILINE)
    ] == []


def test_links_between_the_documents_lead_somewhere() -> None:
    for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text("utf-8")):
            assert (path.name, target, (path.parent / target).exists()) == (path.name, target, True)


def test_no_file_names_a_registry_or_a_place_on_a_machine() -> None:
    forbidden = re.compile(r"pypi\.org|registry\.npmjs|pythonhosted|/root/|/work/|/home/")
    kinds = ("*.md", "*.toml", "*.lock", "Makefile", "Dockerfile", "*.sh", "*.json", "*.py")
    skipped = {".venv", ".git", "var", ".mypy_cache", ".hypothesis", "node_modules"}
    for kind in kinds:
        for path in ROOT.rglob(kind):
            if skipped & set(path.parts) or path.name == "test_docs.py":
                continue
            found = forbidden.search(path.read_text("utf-8"))
            assert (str(path.relative_to(ROOT)), found and found[0]) == (
                str(path.relative_to(ROOT)),
                None,
            )
