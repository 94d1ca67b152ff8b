"""Compare the components of a release with known faults: python -m tools.advisories SNAPSHOT.

SNAPSHOT is a folder or a ZIP archive of advisories in the OSV format, as osv.dev offers one for
each ecosystem. Nothing is asked of any network. Exit 1: a component is affected. Exit 2: the
snapshot cannot be used.
"""

from __future__ import annotations

import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from tools.sbom import sbom

ECOSYSTEMS = {"pypi": "PyPI", "npm": "npm"}
PURL = re.compile(r"pkg:(?P<kind>pypi|npm)/(?P<name>[^@]+)@(?P<version>.+)")
Component = tuple[str, str, str]


def components() -> list[Component]:
    """List what a release is made of: ecosystem, name and version."""
    parts = [PURL.fullmatch(one["purl"]) for one in sbom()["components"]]  # type: ignore[attr-defined]
    found = [part for part in parts if part is not None]
    return [
        (ECOSYSTEMS[part["kind"]], _plain(part["name"].replace("%40", "@")), part["version"])
        for part in found
    ]


def read_snapshot(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read the advisories of a folder or an archive, each with the name of its file.

    Raises:
        ValueError: naming the first file that is no advisory.
    """
    if path.is_dir():
        texts: Iterator[tuple[str, bytes]] = (
            (file.name, file.read_bytes()) for file in sorted(path.rglob("*.json"))
        )
    else:
        archive = zipfile.ZipFile(path)
        texts = ((name, archive.read(name)) for name in archive.namelist() if name[-5:] == ".json")
    for name, text in texts:
        try:
            advisory = json.loads(text)
            advisory["id"], advisory["modified"]
        except (ValueError, KeyError, TypeError) as wrong:
            raise ValueError(f"{name} is no advisory in the OSV format ({wrong!r})") from wrong
        yield name, advisory


def is_affected(component: Component, advisory: dict[str, Any]) -> bool:
    """Tell whether an advisory, if it was not withdrawn, names a version of a component."""
    ecosystem, name, version = component
    return "withdrawn" not in advisory and any(
        version in part.get("versions", ()) or any(map(_holds(version), part.get("ranges", ())))
        for part in advisory.get("affected", ())
        if part.get("package", {}).get("ecosystem") == ecosystem
        and _plain(part["package"].get("name", "")) == name
    )


def _holds(version: str) -> Any:
    def holds(span: dict[str, Any]) -> bool:
        """Follow the events of a range in their order (OSV schema, "Evaluation")."""
        if span.get("type") == "GIT":
            return False
        events = [(_order(text), kind) for one in span["events"] for kind, text in one.items()]
        inside, here = False, _order(version)
        for at, kind in sorted(events, key=lambda event: (event[0], event[1] != "introduced")):
            if kind == "introduced" and here >= at:
                inside = True
            elif (kind == "fixed" and here >= at) or (kind == "last_affected" and here > at):
                inside = False
        return inside

    return holds


def _order(text: str) -> Version:
    try:
        return Version("0.dev0" if text == "0" else text)
    except InvalidVersion:  # a version that nobody can order is taken for the newest: it is named
        return Version("999999")


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main(words: list[str]) -> int:
    """Print each fault in a line, and return the exit code."""
    if len(words) != 1 or not Path(words[0]).exists():
        print("SNAPSHOT: a folder or ZIP archive of advisories in the OSV format is needed.")
        return 2
    parts, count, newest, lines = components(), 0, "", list[str]()
    try:
        for _name, advisory in read_snapshot(Path(words[0])):
            count, newest = count + 1, max(newest, str(advisory["modified"]))
            for ecosystem, name, version in parts:
                if is_affected((ecosystem, name, version), advisory):
                    also = ", ".join(advisory.get("aliases", ()))
                    about = advisory.get("summary") or "without a summary"
                    lines.append(f"{name} {version}: {advisory['id']} ({also}) {about}")
    except (ValueError, OSError, zipfile.BadZipFile) as wrong:
        print(f"SNAPSHOT {words[0]} cannot be used: {wrong}.")
        return 2
    if count == 0:
        print(f"SNAPSHOT {words[0]} holds no advisory.")
        return 2
    for line in sorted(set(lines)):
        print(line)
    what = f"{len(parts)} components, {count:,} advisories, the newest of {newest}"
    print(f"{what}: {len(lines)} apply.")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
