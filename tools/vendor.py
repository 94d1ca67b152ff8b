"""Browser code that ships with the project: `fetch` takes it from npm by hash, `check` compares.

python -m tools.vendor fetch
python -m tools.vendor check
"""

import base64
import hashlib
import json
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "tools" / "vendor.json"
VENDOR = ROOT / "static" / "vendor"
MANIFEST = VENDOR / "manifest.json"


def integrity(content: bytes, algorithm: str) -> str:
    """Write a hash the way the web does (Subresource Integrity)."""
    digest = hashlib.new(algorithm, content).digest()
    return f"{algorithm}-{base64.b64encode(digest).decode()}"


def fetch() -> None:
    """Take each locked package, refuse it when its hash differs, unpack what is listed."""
    manifest = {}
    for name, lock in json.loads(LOCK.read_text("utf-8")).items():
        manifest |= unpack(name, lock)
    MANIFEST.write_text(json.dumps(manifest, indent=1, sort_keys=True) + "\n", "utf-8")


def unpack(name: str, lock: dict[str, Any]) -> dict[str, str]:
    """Unpack one package and return the hash of every file written."""
    with tempfile.TemporaryDirectory() as folder:
        command = ["npm", "pack", f"{name}@{lock['version']}", "--silent"]
        done = subprocess.run(  # noqa: S603  npm, by name and version
            command, cwd=folder, check=True, capture_output=True, text=True
        )
        archive = Path(folder) / done.stdout.split()[-1]
        if integrity(archive.read_bytes(), "sha512") != lock["integrity"]:
            sys.exit(f"{name} {lock['version']}: the archive is not the one that was locked")
        written = {}
        with tarfile.open(archive) as tar:
            for file in (*lock["files"], lock["license"]):
                member = tar.extractfile(f"package/{file}")
                if member is None:
                    sys.exit(f"{name}: no file {file} in the archive")
                content = member.read()
                short = file.removeprefix("dist/")
                target = VENDOR / f"{name.rpartition('/')[2]}-{lock['version']}" / short
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
                written[str(target.relative_to(VENDOR))] = integrity(content, "sha384")
        return written


def differing() -> list[str]:
    """List vendored files that are missing or not what was fetched."""
    manifest = json.loads(MANIFEST.read_text("utf-8"))
    return [
        name
        for name, expected in manifest.items()
        if not (VENDOR / name).is_file()
        or integrity((VENDOR / name).read_bytes(), "sha384") != expected
    ]


if __name__ == "__main__":
    if sys.argv[1:] == ["fetch"]:
        fetch()
    elif found := differing():
        sys.exit(f"vendored files differ: {', '.join(found)}")
    else:
        print("vendored files match")
