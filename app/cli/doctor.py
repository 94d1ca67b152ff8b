"""What is wrong with an installation, in sentences, each with the command that mends it."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from app.backup.packing import parts_left
from app.cli.base import Json, cli, open_workspace, present, progress_line, tell_json
from app.cli.serving import LOOPBACK_HOSTS, listen
from app.domain.account import Token
from app.domain.errors import InputError, StoreError, StoreTooNew, StrikemapError
from app.domain.revision import Subject
from app.instance.signing import SIGNING_KEY
from app.instance.workspace import Workspace
from app.settings import Settings, read_settings
from app.store.copying import record_schema
from app.store.opening import RECORD
from app.store.sqlite import READ_ONLY

ROOM_BYTES = 1 << 30
"""Less than this on the disk is worth a sentence, whatever the size of the record."""

COPIES = 2
"""A backup beside the record needs room for a copy of it and for itself."""

MOST_NAMED = 3
"""Of many faults of one kind, so many are named."""

OLD_S = 3600
"""A half-written file that is older than this belongs to no command that runs."""


class Finding(msgspec.Struct, frozen=True):
    """A sentence about the installation, and what to do; advice alone is no fault."""

    sentence: str
    mend: str
    is_fault: bool = True


@cli.command("doctor")
def doctor(
    *,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="The port that the service is to use.")
    ] = 8000,
    json: Json = False,
) -> None:
    """Say what is wrong with this installation, and which command mends it.

    It changes nothing. Exit code 3 when something is wrong, 0 when there is only advice.

    Example: strikemap doctor
    """
    findings = list(_examine(port))
    faults = [finding for finding in findings if finding.is_fault]
    if json:
        tell_json(findings)
    else:
        for finding in sorted(findings, key=lambda one: not one.is_fault):
            mark = "Wrong" if finding.is_fault else "Advice"
            typer.echo(f"{mark}: {finding.sentence}\n  → {finding.mend}")
        typer.echo(f"{len(faults)} faults, {len(findings) - len(faults)} pieces of advice.")
    if faults:
        raise typer.Exit(3)


def _examine(port: int) -> Iterator[Finding]:
    try:
        settings = read_settings()
    except InputError as wrong:
        yield Finding(f"A setting does not fit: {wrong}", "correct or unset that variable")
        return
    folder = settings.data_dir
    yield from _port(port)
    is_file = not settings.store_url
    if is_file and not (folder / RECORD).is_file():
        yield Finding(f"There is no record in {folder}.", "strikemap demo", is_fault=False)
        return
    if is_file:
        yield from _folder(folder)
    try:
        yield from _contents(settings)
    except (StrikemapError, OSError, ValueError) as wrong:
        yield Finding(f"The instance cannot be read: {wrong}", _way_out(wrong))


def _contents(settings: Settings) -> Iterator[Finding]:
    """Examine what the files hold; a record of an older schema is not opened, so that it stays."""
    schema, newest = record_schema(settings.store_url, settings.data_dir / RECORD)
    if schema < newest:
        yield Finding(
            f"The record has schema {schema}; this release brings it to {newest} when it "
            "opens it. Nothing more was examined, so that the record stays as it is.",
            "strikemap upgrade --check",
            is_fault=False,
        )
        return
    workspace = open_workspace(settings)
    with contextlib.closing(workspace.store):
        yield from _Opened(workspace, settings, present()).findings()


def _way_out(wrong: Exception) -> str:
    if isinstance(wrong, StoreTooNew):
        return "install the release that wrote it, or a later one"
    if isinstance(wrong, StoreError):
        return "strikemap restore FILE, into an empty data folder"
    return "correct what the sentence names, and run strikemap doctor again"


def _port(port: int) -> Iterator[Finding]:
    try:
        listen(LOOPBACK_HOSTS[0], port).close()
    except InputError:
        yield Finding(
            f"A program listens on port {port} already; it may be this service.",
            f"strikemap serve --port {port + 1}",
            is_fault=False,
        )


def _folder(folder: Path) -> Iterator[Finding]:
    """Examine the files of a data folder without opening any."""
    record = folder / RECORD
    for path in (folder, record):
        if not os.access(path, os.W_OK):
            yield Finding(f"{path} cannot be written by this user.", f"chown -R $(id -u) {folder}")
    if record.stat().st_mode & stat.S_IROTH:
        yield Finding(
            f"Every user of this machine can read {record}, which holds what the public may not.",
            f"chmod -R o-rwx {folder}",
            is_fault=False,
        )
    key = folder / SIGNING_KEY
    if key.exists() and key.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        yield Finding(f"Others can read the key {key}.", "strikemap sign --new-key")
    free, needed = shutil.disk_usage(folder).free, COPIES * record.stat().st_size
    if free < max(ROOM_BYTES, needed):
        yield Finding(
            f"The disk of {folder} has {free:,} bytes left; a backup needs about {needed:,}.",
            "free some room, or move the data folder",
            is_fault=free < needed,
        )
    for path in _leftovers(folder):
        yield Finding(f"{path} was left by a command that was killed.", f"rm -r {path}")


def _leftovers(folder: Path) -> Iterator[Path]:
    """List half-written files, and the folders of killed backups in and beside the data folder."""
    yield from parts_left(folder)
    if os.access(folder.parent, os.R_OK):
        yield from parts_left(folder.parent, ".strikemap")
    for pattern in (
        "*.part",
        "index/**/*.part",
        "regions/**/*.part",
        "exports/export-*",
        "index/pull-*",
    ):
        is_folder = not pattern.endswith(".part")
        for path in folder.glob(pattern):
            if path.is_dir() == is_folder and not path.name.startswith("."):
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - path.stat().st_mtime > OLD_S:
                        yield path


@dataclass(frozen=True)
class _Opened:
    """An instance that can be opened, and what its parts say of themselves."""

    workspace: Workspace
    settings: Settings
    now: datetime

    def findings(self) -> Iterator[Finding]:
        yield from self._record()
        yield from self._index()
        yield from self._theatres()
        for token in self.workspace.store.tokens():
            yield from self._token(token)
        yield from self._ids()
        if self.workspace.signer.key is None:
            yield Finding(
                "Heads of the record are not signed, so nobody else can show that it was changed.",
                "strikemap sign",
                is_fault=False,
            )

    def _theatres(self) -> Iterator[Finding]:
        reference = self.workspace.reference
        for fault in reference.theatre_faults:
            yield Finding(f"A theatre is not open. {' '.join(fault.sentences())}", fault.command)
        if self.workspace.store.is_shared and reference.own_theatres is not None:
            recorded = {theatre.slug for theatre in reference.recorded if theatre.file}
            for path in sorted(reference.own_theatres.glob("*.toml")):
                if path.stem not in recorded:
                    alone = f"The theatre {path.stem} is a file of this node alone."
                    yield Finding(alone, f"strikemap theatre put {path}")

    def _record(self) -> Iterator[Finding]:
        try:
            self.workspace.store.check_file()
            trouble = self.workspace.trouble(self.now)
        except StoreError as wrong:
            yield Finding(str(wrong), "strikemap restore FILE, into an empty data folder")
            return
        if trouble not in (None, READ_ONLY):  # that it cannot be written is said already
            mend = 'strikemap verify, then what docs/operating.md says under "Damage"'
            yield Finding(str(trouble), mend)

    def _ids(self) -> Iterator[Finding]:
        """Name ids that two datasets have: an earlier release took them from files."""
        store, owners, shared = self.workspace.store, dict[str, str](), dict[str, list[str]]()
        for slug in store.current(Subject.dataset):
            for key in store.current(Subject.incident, f"{slug}/"):
                record_id = key.removeprefix(f"{slug}/")
                first = owners.setdefault(record_id, slug)
                if first != slug:
                    shared.setdefault(record_id, [first]).append(slug)
        for record_id, slugs in list(shared.items())[:MOST_NAMED]:
            yield Finding(
                f"The id {record_id} stands in {' and '.join(slugs)} ({len(shared):,} such ids): "
                "what is attached, hidden or purged by it holds for each of them.",
                "strikemap undo ID, of the import that brought one of them; import it with keys",
            )

    def _index(self) -> Iterator[Finding]:
        generations = self.workspace.index.generations
        fault, behind = generations.current.fault(), generations.behind()
        if fault is not None:
            yield Finding(f"The index is damaged: {fault}.", "strikemap index check")
        elif behind > self.settings.delta_rows:
            yield Finding(
                f"The index is {behind:,} revisions behind the record: the next start builds it.",
                "strikemap index rebuild",
                is_fault=False,
            )

    def _token(self, token: Token) -> Iterator[Finding]:
        if token.is_valid_at(self.now) and token.expires_at is None and token.claim is None:
            yield Finding(
                f"The token {token.id} ({token.name}, {token.role.value}) never expires.",
                f"strikemap token revoke {token.id}, and a new one with --days",
                is_fault=False,
            )


@cli.command("upgrade")
def upgrade(
    *,
    checks: Annotated[
        bool, typer.Option("--check", help="Say what would be done, and change nothing.")
    ] = False,
) -> None:
    """Bring the record to the schema of this release, and build its index.

    The service does both by itself when it starts; this command does it before.

    Example: strikemap upgrade --check
    """
    settings = read_settings()
    record = settings.data_dir / RECORD
    if not settings.store_url and not record.is_file():
        raise InputError("STRIKEMAP_DATA_DIR", settings.data_dir, "a folder that holds a record")
    schema, newest = record_schema(settings.store_url, record)
    steps = f"from schema {schema} to {newest}" if schema < newest else f"stays at schema {newest}"
    if checks:
        typer.echo(
            f"The record {steps}. Nothing was changed. An older release cannot open a newer "
            "schema: run `strikemap backup` first."
        )
        return
    workspace = open_workspace(settings)
    with progress_line("index", quiet=False):
        seq = workspace.index.state().seq
    typer.echo(f"The record {steps}; the index holds revision {seq:,}. Run `strikemap verify`.")
