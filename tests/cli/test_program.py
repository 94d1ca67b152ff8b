"""The program lists its commands without importing them, and says what they say of themselves."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import pytest
import typer.main
from typer.core import TyperCommand

from app.cli import base
from app.cli.program import COMMANDS, load
from tests.making import ROOT
from tests.serving import command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_in_the_help_is_the_first_sentence_of_the_command(name: str) -> None:
    line = TyperCommand(name, help=COMMANDS[name].help)
    assert line.get_short_help_str(1_000) == load(name).get_short_help_str(1_000)


def test_every_command_is_in_the_table() -> None:
    for path in (ROOT / "app" / "cli").glob("[a-z]*.py"):
        import_module(f"app.cli.{path.stem}")
    assert set(typer.main.get_group(base.cli).commands) == set(COMMANDS)


def test_the_help_lists_every_command(tmp_path: Path) -> None:
    lines = command(tmp_path, "--help").stdout.partition("Commands:\n")[2].splitlines()
    assert [line.split()[0] for line in lines] == list(COMMANDS)


def test_the_version_is_the_package_s(tmp_path: Path) -> None:
    assert command(tmp_path, "--version").stdout == f"strikemap {version('strikemap')}\n"


def test_a_misspelt_command_is_answered_with_one_that_exists(tmp_path: Path) -> None:
    done = command(tmp_path, "sumary")
    assert done.returncode == 2
    assert "Did you mean 'summary'?" in done.stderr


def test_the_shell_completes_names_of_a_group_s_commands() -> None:
    words = {
        "_STRIKEMAP_COMPLETE": "complete_bash",
        "COMP_WORDS": "strikemap index ",
        "COMP_CWORD": "2",
    }
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "from app.cli.program import program; program(prog_name='strikemap')",
        ],
        cwd=ROOT,
        env={**os.environ, **words},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["rebuild", "check", "push", "pull"]
