"""List the components of a release as CycloneDX 1.6 JSON: python -m tools.sbom > sbom.json.

It is read from the lock and from the list of vendored files, so equal locks give equal bytes: it
has no serial number and no time.
"""

from __future__ import annotations

import base64
import json
import re
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PINNED = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^ ;\\]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def packages(lock: str) -> list[dict[str, object]]:
    """List the Python packages of a lock, each with the hashes of all its files."""
    components: list[dict[str, object]] = []
    for line in lock.splitlines():
        if pinned := PINNED.match(line):
            name, version = pinned[1].lower().replace("_", "-"), pinned[2]
            components.append(_component(name, version, f"pkg:pypi/{name}@{version}"))
        elif components and (digest := HASH.search(line)):
            hashes = components[-1].setdefault("hashes", [])
            assert isinstance(hashes, list)  # noqa: S101  made in the line above
            hashes.append({"alg": "SHA-256", "content": digest[1]})
    return components


def vendored(text: str) -> list[dict[str, object]]:
    """List the files of others that travel in `static/vendor`."""
    components = []
    for name, package in json.loads(text).items():
        version = package["version"]
        component = _component(name, version, f"pkg:npm/{name.replace('@', '%40')}@{version}")
        components.append({**component, "hashes": [_sri(package["integrity"])]})
    return components


def sbom() -> dict[str, object]:
    """Describe this release."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    name, version = project["name"], project["version"]
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                **_component(name, version, f"pkg:generic/{name}@{version}"),
                "type": "application",
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": [
            *packages((ROOT / "requirements.lock").read_text("utf-8")),
            *vendored((ROOT / "tools/vendor.json").read_text("utf-8")),
        ],
    }


def _component(name: str, version: str, purl: str) -> dict[str, object]:
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def _sri(integrity: str) -> dict[str, str]:
    """Turn a hash as npm writes it into one as CycloneDX does."""
    algorithm, _, digest = integrity.partition("-")
    name = f"SHA-{algorithm.removeprefix('sha')}"
    return {"alg": name, "content": base64.b64decode(digest).hex()}


if __name__ == "__main__":
    json.dump(sbom(), sys.stdout, indent=1)
    sys.stdout.write("\n")
