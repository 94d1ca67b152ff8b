"""Puts what the program reads into the wheel; everything else about it is in pyproject.toml."""

import shutil
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

ROOT = Path(__file__).resolve().parent
FOLDERS = ("geodata", "static")
SCRIPTS = ("*.py", "__pycache__", "requirements-build.txt")
"""What makes the reference data; nothing reads it at run time."""


class BuildWithFiles(build_py):
    """Copies the folders into the package, where `app.settings` looks for them first."""

    def run(self) -> None:
        """Build as ever; an editable install reads the folders where they are."""
        super().run()
        if self.editable_mode:
            return
        for name in FOLDERS:
            target = Path(self.build_lib, "app", "shipped", name)
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(ROOT / name, target, ignore=shutil.ignore_patterns(*SCRIPTS))


setup(cmdclass={"build_py": BuildWithFiles})
