"""One public name, one meaning: a reader who knows a name from one module knows it everywhere."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator

from tests.making import ROOT

MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts): ast.parse(path.read_text("utf-8"))
    for path in sorted((ROOT / "app").rglob("*.py"))
}

ALLOWED = {
    "FORMATS": "two registries of one kind: the formats that are read, and those that are written",
    "canonical": "check_evidence.py travels alone in a bundle and imports nothing of ours",
    "main": "the entry of a program: the command line, and check_evidence.py",
    "routes": "every module of routes has it; the application calls each",
    "write": "every module of an export format has it; the registry calls each",
}
"""Names that two modules may define, and why."""


def definitions(module: ast.Module) -> Iterator[tuple[str, bool]]:
    """Yield the names of a module, and whether each is a function or a class."""
    for statement in module.body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield statement.name, True
        elif isinstance(statement, ast.Assign | ast.AnnAssign):
            for node in ast.walk(statement):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    yield node.id, False


def imported(modules: dict[str, ast.Module]) -> set[tuple[str, str]]:
    """List what modules import of each other, as module and name."""
    return {
        (node.module or "", alias.name)
        for module in modules.values()
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


def defined_twice(modules: dict[str, ast.Module]) -> dict[str, list[str]]:
    """List the public names that several modules define, with the modules.

    A constant that only its own module uses is not public: there, its meaning is in view.
    """
    imports, owners = imported(modules), defaultdict[str, list[str]](list)
    for path, module in modules.items():
        for name, is_callable in dict(definitions(module)).items():
            is_public = is_callable or (path, name) in imports
            if is_public and not name.startswith("_"):
                owners[name].append(path)
    return {name: paths for name, paths in sorted(owners.items()) if len(paths) > 1}


def test_one_public_name_has_one_meaning() -> None:
    twice = defined_twice(MODULES)
    assert {name: paths for name, paths in twice.items() if name not in ALLOWED} == {}


def test_each_exception_is_still_needed() -> None:
    twice = defined_twice(MODULES)
    assert [name for name in ALLOWED if name not in twice] == []


def test_the_check_for_names_sees_what_it_is_for() -> None:
    sources = {
        "app.a": "LIMIT = 1\nUSED: int = 2\ndef area(): ...\ndef _own(): ...",
        "app.b": "from app.a import USED\nLIMIT = 2\ndef area(): ...\ndef _own(): ...",
        "app.c": "from app.d import USED\nclass Place: ...",
        "app.d": "USED = 3",
    }
    modules = {name: ast.parse(text) for name, text in sources.items()}
    assert defined_twice(modules) == {"USED": ["app.a", "app.d"], "area": ["app.a", "app.b"]}
