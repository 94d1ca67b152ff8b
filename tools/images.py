"""Base images by their digest: python -m tools.images [check|pin].

A tag can be given to another image tomorrow; a digest names one image for ever. `check` names the
images of Dockerfile and compose.yaml that have none, and ends with exit code 1. `pin` asks the
images' registry, through Docker, and writes the digests behind the tags.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

FILES = ("Dockerfile", "compose.yaml")
IMAGE = re.compile(
    r"^(?:FROM(?: --platform=\S+)? |\s+image: )(?P<name>[^\s@]+)(?P<digest>@sha256:[0-9a-f]{64})?",
    re.MULTILINE,
)
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
LOOK = ("docker", "buildx", "imagetools", "inspect", "--format", "{{.Manifest.Digest}}")


def unpinned(text: str) -> Iterator[str]:
    """Name the images of a file that have no digest, in order."""
    for match in IMAGE.finditer(text):
        if not match["digest"]:
            yield match["name"]


def pinned(text: str, digest_of: Callable[[str], str]) -> str:
    """Write the newest digest of each tag behind it, in place of an older one."""

    def with_digest(match: re.Match[str]) -> str:
        line = match[0].removesuffix(match["digest"] or "")
        return f"{line}@{digest_of(match['name'])}"

    return IMAGE.sub(with_digest, text)


def digest_of(name: str) -> str:
    """Ask for the digest of an image.

    Raises:
        SystemExit: Docker is not here, or does not know the image.
    """
    try:
        done = subprocess.run([*LOOK, name], capture_output=True, text=True, check=True)  # noqa: S603  a fixed program
    except (OSError, subprocess.CalledProcessError) as wrong:
        why = str(getattr(wrong, "stderr", "") or wrong).strip().splitlines()[-1]
        raise SystemExit(f"{name}: no digest; `{' '.join(LOOK[:4])}` says: {why}") from wrong
    if not (digest := DIGEST.fullmatch(done.stdout.strip())):
        raise SystemExit(f"{name}: no digest; Docker says {done.stdout.strip()[:80]!r}")
    return digest[0]


def main(words: list[str]) -> int:
    """Check the files, or pin them; returns the exit code."""
    if words == ["pin"]:
        texts = {file: pinned(Path(file).read_text("utf-8"), digest_of) for file in FILES}
        for file, text in texts.items():  # all digests are known: nothing is pinned by half
            Path(file).write_text(text, "utf-8")
        return 0
    if words != ["check"]:
        raise SystemExit(__doc__)
    missing = [(file, name) for file in FILES for name in unpinned(Path(file).read_text("utf-8"))]
    for file, name in missing:
        print(f"{file}: {name} has no digest: `make pin-images` writes it")
    return 1 if missing else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
