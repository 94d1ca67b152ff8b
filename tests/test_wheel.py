"""The wheel runs in an empty folder with no settings: what the program reads travels inside it.

The environment is new and holds the wheel alone. Its libraries are those of the environment that
runs the tests, through a `.pth` file: installing them again would need a network and a minute.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from tests.making import ROOT
from tests.serving import started

SOURCES = ("app", "geodata", "static", "pyproject.toml", "setup.py", "README.md", "LICENSE")
VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

pytestmark = pytest.mark.slow


def run(*words: str | Path, **options: object) -> str:
    done = subprocess.run(  # type: ignore[call-overload]
        [str(word) for word in words], capture_output=True, text=True, check=False, **options
    )
    assert done.returncode == 0, done.stderr
    return str(done.stdout)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the sources: setuptools writes beside them."""
    folder = tmp_path_factory.mktemp("sources")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        else:
            shutil.copy(ROOT / name, folder)
    build = ("wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    run(sys.executable, "-m", "pip", *build, "--wheel-dir", folder / "dist", folder)
    (path,) = (folder / "dist").iterdir()
    return path


@pytest.fixture(scope="module")
def program(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a new environment that holds the wheel."""
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", folder)
    site = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder)}))
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (site / "libraries.pth").write_text("\n".join(libraries), "utf-8")
    install = ("install", "--quiet", "--no-deps", "--no-index")
    run(sys.executable, "-m", "pip", "--python", folder, *install, wheel)
    return folder / "bin" / "strikemap"


def contents(name: str) -> set[str]:
    """List the files of a folder of the sources that the program reads."""
    files = [path for path in (ROOT / name).rglob("*") if path.is_file()]
    return {str(path.relative_to(ROOT)) for path in files if "__pycache__" not in path.parts}


def test_the_wheel_holds_what_the_program_reads(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("app/")}
    folders = contents("geodata") | contents("static")
    scripts = {name for name in folders if name.endswith((".py", "requirements-build.txt"))}
    assert packed == contents("app") | {f"app/shipped/{name}" for name in folders - scripts}


def test_the_wheel_runs_in_an_empty_folder_with_no_settings(program: Path, tmp_path: Path) -> None:
    home, empty = tmp_path / "home", tmp_path / "empty"
    home.mkdir()
    empty.mkdir()
    variables = {"HOME": str(home), "PATH": os.environ["PATH"]}
    assert run(program, "--version", cwd=empty, env=variables) == f"strikemap {VERSION}\n"
    assert "demo: added 5" in run(program, "demo", cwd=empty, env=variables)
    (record,) = home.rglob("record.sqlite")
    assert record.parent.name == "strikemap"
    with started([str(program)], empty, variables, tmp_path / "service", "--private") as service:
        assert "<title>" in service.client.get("/").text
        assert service.client.get("/static/page.css").status_code == 200
        tile = service.client.get("/tiles/map/6/37/21.png")
        assert (tile.status_code, tile.headers["content-type"]) == (200, "image/png")
        assert service.client.get("/api/openapi.json").json()["info"]["version"] == VERSION
    assert list(empty.iterdir()) == []
