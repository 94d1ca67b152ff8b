"""Makes backups of small instances for tests, and others that no program would write."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from app.backup.packing import Packed, back_up
from app.store.sqlite import SqliteStore
from tests.making import NOON, add, dataset, incident

LATER = NOON + timedelta(days=1)
PICTURE = b"a picture of a strike"
BESIDE = {
    f"archive/{hashlib.sha256(PICTURE).hexdigest()}": PICTURE,
    "basemap.json": b'{"file":"/maps/streets.pmtiles"}',
    "regions/example/active.json": b"{}",
    "regions/example/0123abcd.parquet": b"boundaries",
    "theatres/sudan.toml": b"zone = 'Africa/Khartoum'",
}
"""Files that an instance has beside its record."""

NOT_KEPT = {
    "archive/half.part": b"half a picture",
    "exports/strikes.csv": b"made for a download",
    "index/HEAD": b"built from the record",
    "regions/example/LOCK": b"",
    "spool/upload": b"waits for its commit",
}
"""Files that a backup leaves out."""


def instance(folder: Path) -> Path:
    """Make a small instance with a file of every kind; return its data folder."""
    store = SqliteStore(folder / "record.sqlite")
    add(store, dataset(), incident("a", description="said here"), incident("b"))
    store.close()
    for name, content in {**BESIDE, **NOT_KEPT}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return folder


def silent(_done: int) -> None:
    """Show no progress."""


def packed(data: Path, out: Path) -> Packed:
    """Make a backup a day after the instance was made."""
    return back_up(data, out, LATER, silent)


def members(backup: Path) -> dict[str, bytes]:
    """Read a backup as any other program would."""
    with tarfile.open(backup, "r:gz") as archive:
        return {one.name: stream.read() for one in archive if (stream := archive.extractfile(one))}


def written_as(path: Path, contents: Mapping[str, bytes], *more: tarfile.TarInfo) -> Path:
    """Write a backup of these members whose manifest is right; `more` stand before it."""
    texts = {name: text for name, text in contents.items() if name != "manifest.json"}
    named = {
        name: {"size": len(text), "sha256": hashlib.sha256(text).hexdigest()}
        for name, text in texts.items()
    }
    texts["manifest.json"] = json.dumps({"members": named}).encode()
    with tarfile.open(path, "w:gz") as archive:
        for name, text in texts.items():
            if name == "manifest.json":
                for other in more:
                    archive.addfile(other)
            about = tarfile.TarInfo(name)
            about.size = len(text)
            archive.addfile(about, io.BytesIO(text))
    return path


def changed(contents: Mapping[str, bytes], **values: Any) -> dict[str, bytes]:
    """Change what a backup says of itself at its beginning."""
    origin = {**json.loads(contents["backup.json"]), **values}
    return {**contents, "backup.json": json.dumps(origin).encode()}
