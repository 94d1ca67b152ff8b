"""The documents say what is true: every setting, address, command, format and error is in them."""

from __future__ import annotations

import doctest
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from typer.core import TyperCommand, TyperGroup

from app.cli.program import COMMANDS, load
from app.domain import errors
from app.domain.view import PARAMETERS
from app.importers.formats import FORMATS
from app.queries.sums import GROUPINGS
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


def commands(
    members: Mapping[str, object], before: str = ""
) -> Iterator[tuple[str, TyperCommand | TyperGroup]]:
    """Walk every command, those in groups too, by the whole name that a person types."""
    for name, command in members.items():
        assert isinstance(command, TyperCommand | TyperGroup)
        whole = f"{before}{name}"
        if isinstance(command, TyperGroup):
            yield from commands(command.commands, f"{whole} ")
        if isinstance(command, TyperCommand) or command.invoke_without_command:
            yield whole, command


EVERY_COMMAND = dict(commands({name: load(name) for name in COMMANDS}))


def test_the_commands_are_found_in_their_groups() -> None:
    subcommands = {f"match {name}" for name in ("run", "list", "review", "decide", "undo")}
    assert subcommands <= set(EVERY_COMMAND)


@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_every_command_is_in_the_documents_with_an_example(name: str) -> None:
    assert re.search(rf"`strikemap {name}[ `]", OPERATING)
    assert f"Example: strikemap {name}" in (EVERY_COMMAND[name].help or "")


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
    text = (ROOT / "docs/dependencies.md").read_text("utf-8")
    heads = " ".join(re.findall(r"^- \*\*([^*]+)\*\*:", text, re.MULTILINE))
    names = [re.split(r"[<>=;\[ ]", one)[0] for one in project["dependencies"]]
    assert [name for name in names if not re.search(rf"(?<![\w-]){name}(?![\w-])", heads)] == []


@pytest.mark.parametrize("name", ["counting.md", "style.md"])
def test_the_examples_of_the_rules_run(name: str) -> None:
    examples = doctest.testfile(str(ROOT / "docs" / name), module_relative=False, encoding="utf-8")
    assert (examples.failed, examples.attempted > 0) == (0, True)


PAGES = [
    *sorted(ROOT.glob("*.md")),
    *sorted(ROOT.glob("docs/*.md")),
    *sorted(ROOT.glob("geodata/*/SOURCE.md")),
    *sorted(ROOT.glob("static/vendor/*/SOURCE.md")),
]
WIDEST, WIDEST_ROW, WIDEST_CELL = 120, 150, 90
SENTENCE_WITHIN = re.compile(r"[a-z0-9)`*\"][.!?] (?=[A-Z`\[(])")


def prose(text: str) -> Iterator[tuple[int, str]]:
    """Number the lines that a person reads as text: no code, whose width its meaning decides."""
    is_code = False
    for number, line in enumerate(text.splitlines(), 1):
        is_fence = line.lstrip().startswith("```")
        is_code ^= is_fence
        if not (is_code or is_fence or line.startswith("    ")):
            yield number, line


def lines_that_are_too_wide(text: str) -> list[int]:
    """Number the lines over the width that have a place to break, and rows with a wide cell."""
    wide = []
    for number, line in prose(text):
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            plain = [re.sub(r"\]\([^)]*\)", "]", cell) for cell in cells]
            if max(map(len, plain)) > WIDEST_CELL or sum(map(len, plain)) > WIDEST_ROW:
                wide.append(number)
        elif len(line) > WIDEST and " " in re.sub(r"\[[^\]]*\]\([^)]*\)", "", line).strip("-* "):
            wide.append(number)
    return wide


def lines_of_several_sentences(text: str) -> list[str]:
    """List the lines in which a sentence ends and another begins, headings' leads aside."""
    found = []
    for _, line in prose(text):
        body = re.sub(r"^\s*(?:[-*]|\d+\.)?\s*(?:\*\*[^*]+\*\*)?", "", line)
        if SENTENCE_WITHIN.search(re.sub(r"`[^`]*`", "`x`", body)):
            found.append(line)
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_document_has_short_lines_of_one_sentence_each(page: Path) -> None:
    text = page.read_text("utf-8")
    assert lines_that_are_too_wide(text) == []
    assert lines_of_several_sentences(text) == []


def test_a_wide_line_and_a_second_sentence_are_noticed() -> None:
    long = "word " * 30
    assert lines_that_are_too_wide(f"short\n{long}\n```\n{long}\n```\n| a | {long} |\n") == [2, 6]
    assert lines_that_are_too_wide(f"- [a](https://example.org/{'x' * 120})") == []
    assert lines_of_several_sentences("One ends. Two begins.\n**Why.** One.\n`a. B` c.") == [
        "One ends. Two begins."
    ]


def test_no_file_names_a_registry_or_a_place_on_a_machine() -> None:
    forbidden = re.compile(r"pypi\.org|registry\.npmjs|pythonhosted|/root/|/work/|/home/")
    kinds = (".md", ".toml", ".lock", "Makefile", "Dockerfile", ".sh", ".json", ".py")
    skipped = {".venv", ".git", "var", ".mypy_cache", ".hypothesis", "node_modules"}
    named = {}
    for folder, folders, names in os.walk(ROOT):
        folders[:] = set(folders) - skipped  # those with many files are not even walked
        for path in (Path(folder, name) for name in names if name.endswith(kinds)):
            if path.name != "test_docs.py" and (one := forbidden.search(path.read_text("utf-8"))):
                named[str(path.relative_to(ROOT))] = one[0]
    assert named == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_test_and_module_that_a_document_names_is_there(page: Path) -> None:
    named = re.findall(r"`((?:tests|app|benchmarks|tools)/[\w/]+\.py)", page.read_text("utf-8"))
    assert [path for path in named if not (ROOT / path).is_file()] == []
