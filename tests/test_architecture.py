"""The code keeps its own rules: what import-linter checks, and what only the source shows."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from app.files.layers import VIEWS
from app.streets.tileset import FIRST_TILE, METADATA, ONE_TILE, ZOOMS
from tests.making import ROOT

APP = ROOT / "app"
MODULES = {str(path.relative_to(ROOT)): path for path in sorted(APP.rglob("*.py"))}
LATITUDE = re.compile(r"(.*_)?(lat|latitude|south|north)(_e7|_deg)?")
LONGITUDE = re.compile(r"(.*_)?(lon|lng|longitude|west|east)(_e7|_deg)?")
SQL = re.compile(
    r"^\s*(SELECT\s.+\sFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|"
    r"CREATE\s+(TABLE|INDEX|VIEW|TRIGGER)|DROP\s+(TABLE|INDEX)|ALTER\s+TABLE|"
    r"BEGIN(\s+IMMEDIATE)?$|COMMIT$|ROLLBACK$|PRAGMA\s)",
    re.DOTALL,
)


def tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text("utf-8"), name)


def name_of(node: ast.AST) -> str:
    """Name an expression by its last word: `place.lat` is "lat"."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
        return str(node.slice.value)
    return str(node.value) if isinstance(node, ast.Constant) else ""


CLOCKS = {"now", "today", "utcnow", "monotonic", "perf_counter"}


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith("app/domain/")])
def test_the_domain_reads_no_clock(name: str) -> None:
    clocks = [
        ast.unparse(node)
        for node in ast.walk(tree(name))
        if isinstance(node, ast.Attribute) and node.attr in CLOCKS
    ]
    assert clocks == []


def clock_calls(module: ast.AST) -> list[str]:
    """List the calls that read a clock; a call with arguments, as `theatre.today(now)`, does not.

    A clock with a zone, `datetime.now(UTC)`, is one too.
    """
    return [
        ast.unparse(node)
        for node in ast.walk(module)
        if isinstance(node, ast.Call)
        and (ast.unparse(node.func) in {"time.time", "datetime.now"} or not node.args)
        and name_of(node.func) in {*CLOCKS, "time"}
    ]


READERS = ("app/publishing/", "app/queries/", "app/pages/", "app/pictures/")


@pytest.mark.parametrize("name", [name for name in MODULES if name.startswith(READERS)])
def test_what_answers_a_query_reads_no_clock(name: str) -> None:
    # A Query has its time: a tile, a sum and a page of one request speak of the same instant.
    assert clock_calls(tree(name)) == []


def test_the_check_for_clocks_sees_what_it_is_for() -> None:
    wrong = ["datetime.now()", "datetime.now(UTC)", "date.today()", "time.time()", "monotonic()"]
    fine = ["theatre.today(query.now)", "query.now", "view.today"]
    calls = [bool(clock_calls(ast.parse(source))) for source in (*wrong, *fine)]
    assert calls == [True] * len(wrong) + [False] * len(fine)


QUERY_PARTS = {"workspace", "state", "view", "now"}


def loose_query(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Tell whether a function takes several parts of a Query, a View or a State among them."""
    arguments = function.args
    names = {
        argument.arg
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
        if argument.annotation is not None and "Mapping" not in ast.unparse(argument.annotation)
    }
    parts = names & QUERY_PARTS
    return len(parts) > 1 and bool(parts & {"view", "state"})


@pytest.mark.parametrize(
    "name", [name for name in MODULES if not name.startswith(("app/api/", "app/cli/"))]
)
def test_a_question_travels_as_one_query(name: str) -> None:
    makers = {"of"} if name == "app/publishing/query.py" else set()  # there a Query is made
    functions = [
        node.name
        for node in ast.walk(tree(name))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and loose_query(node)
    ]
    assert set(functions) - makers == set()


def test_the_check_for_loose_queries_sees_what_it_is_for() -> None:
    wrong = [
        "def sums(workspace: Workspace, view: View): ...",
        "def sums(state: State, *, now: datetime): ...",
    ]
    fine = [
        "def sums(query: Query): ...",
        "def import_file(workspace: Workspace, now: datetime): ...",
        "def edit(state: State, now: Mapping[str, object]): ...",
    ]
    functions = [ast.parse(source).body[0] for source in (*wrong, *fine)]
    seen = [isinstance(node, ast.FunctionDef) and loose_query(node) for node in functions]
    assert seen == [True] * len(wrong) + [False] * len(fine)


def run_at_import(body: list[ast.stmt]) -> Iterator[ast.AST]:
    """Walk what runs when a module is imported: everything but the insides of functions."""
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            for outside in (*statement.decorator_list, *statement.args.defaults):
                yield from ast.walk(outside)
        elif isinstance(statement, ast.ClassDef):
            yield from run_at_import(statement.body)
        else:
            yield from ast.walk(statement)


@pytest.mark.parametrize("name", [name for name in MODULES if name != "app/main.py"])
def test_no_settings_are_built_at_import(name: str) -> None:
    calls = [
        ast.unparse(node)
        for node in run_at_import(tree(name).body)
        if isinstance(node, ast.Call) and name_of(node.func) in {"Settings", "read_settings"}
    ]
    assert calls == []


def latitude_first(node: ast.AST) -> bool:
    """Tell whether a tuple, list or parameter list names a latitude right before a longitude."""
    if isinstance(node, ast.Tuple | ast.List):
        words = [name_of(element) for element in node.elts]
    elif isinstance(node, ast.arguments):
        words = [argument.arg for argument in node.args]
    else:
        return False
    pairs = pairwise(words)
    return any(LATITUDE.fullmatch(a) and LONGITUDE.fullmatch(b) for a, b in pairs)


def is_box(node: ast.AST) -> bool:
    """Tell whether names run west, south, east, north, the one box with south before east."""
    elements = node.elts if isinstance(node, ast.Tuple | ast.List) else []
    words = [name_of(element) for element in elements]
    if isinstance(node, ast.arguments):
        words = [argument.arg for argument in node.args if argument.arg != "self"]
    sides = [side for word in words for side in ("west", "south", "east", "north") if side in word]
    return sides == ["west", "south", "east", "north"]


@pytest.mark.parametrize("name", [name for name in MODULES if not name.startswith("app/maps/")])
def test_latitude_never_comes_before_longitude_outside_of_maps(name: str) -> None:
    places = [
        ast.unparse(node)
        for node in ast.walk(tree(name))
        if latitude_first(node) and not is_box(node)
    ]
    assert places == []


def test_the_check_for_latitude_first_sees_what_it_is_for() -> None:
    wrong = [
        "(lat, lon)",
        "[place.lat, place.lon]",
        "lambda lat, lon: 0",
        "(row['lat'], row['lon'])",
    ]
    fine = ["(lon, lat)", "(west, south, east, north)", "lambda lon, lat: 0", "('lat', 'name')"]
    seen = [
        any(latitude_first(node) and not is_box(node) for node in ast.walk(ast.parse(source)))
        for source in (*wrong, *fine)
    ]
    assert seen == [True] * len(wrong) + [False] * len(fine)


def texts(module: ast.Module) -> Iterator[str]:
    """Yield every string literal, with `?` for the fields of an f-string."""
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.JoinedStr):
            parts = (part.value if isinstance(part, ast.Constant) else "?" for part in node.values)
            yield "".join(map(str, parts))


# `PRAGMA user_version = N` takes no parameter; N is the number of a schema step.
# MBTiles and GeoPackage are formats of others: what they are asked for is no part of the record.
KNOWN_SQL = {
    "app/store/schema.py": {"PRAGMA user_version = ", "PRAGMA user_version = ?"},
    "app/files/layers.py": {VIEWS},
    "app/streets/tileset.py": {ZOOMS, FIRST_TILE, ONE_TILE, METADATA},
}


@pytest.mark.parametrize("name", MODULES)
def test_sql_stands_only_in_the_files_of_the_store(name: str) -> None:
    statements = {text for text in texts(tree(name)) if SQL.match(text)}
    assert statements - KNOWN_SQL.get(name, set()) == set()


def test_the_check_for_sql_sees_what_it_is_for() -> None:
    wrong = ["SELECT a FROM b", "INSERT INTO a VALUES (1)", "UPDATE a SET b = 1", "PRAGMA x"]
    assert [bool(SQL.match(text)) for text in wrong] == [True] * 4
    assert not SQL.match("Select a region from the list")


def test_every_package_keeps_to_its_layer() -> None:
    lint = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "0 broken." in lint.stdout, lint.stdout + lint.stderr
    assert lint.returncode == 0


ARCHITECTURE = (ROOT / "docs/architecture.md").read_text("utf-8")


def test_the_picture_of_the_packages_is_the_contract_that_is_checked() -> None:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (layers,) = (
        contract["layers"]
        for contract in config["tool"]["importlinter"]["contracts"]
        if contract["type"] == "layers" and contract["containers"] == ["app"]
    )
    picture = ARCHITECTURE.split("```layers\n")[1].split("```")[0].split("\n")
    assert [line for line in picture if line] == layers


def test_every_place_that_the_architecture_page_names_is_there() -> None:
    places = re.findall(r"`(app/[\w/]+\.py)(?::(\w+))?`", ARCHITECTURE)
    assert len(places) > 40
    for path, name in places:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        defined = {
            node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)
        }
        assert not name or name in defined, f"{path}:{name}"
