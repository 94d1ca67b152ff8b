"""An instance as one file, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.backup.contents import BytesDone, Origin
from app.backup.packing import BackupScope, Packed, Since, back_up
from app.backup.restoring import Destination, Restored, restore, restore_from
from app.backup.sealing import back_up_sealed, unsealed
from app.backup.steps import (
    StepChain,
    back_up_step,
    check_steps,
    is_chain,
    purged_since,
    unpack_steps,
)
from app.backup.unpacking import Unpacked, check_backup
from app.cli.base import Json, cli, present, progress_line, refuse_unwritable, tell_json
from app.domain.errors import InputError
from app.domain.instants import rfc3339
from app.domain.store import Author
from app.instance.operator import operator_name
from app.settings import read_settings

Check = Annotated[bool, typer.Option("--check", help="Check a backup, and change nothing.")]


@cli.command("backup")
def backup_instance(
    out: Annotated[
        str,
        typer.Argument(help="Where to write, as .tar.gz; a folder or s3://… for steps."),
    ],
    *,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    encrypt_to: Annotated[
        list[str] | None,
        typer.Option(help="A public key of age (age1…); may be repeated."),
    ] = None,
    checks: Check = False,
    json: Json = False,
) -> None:
    """Write the record and all that belongs to it as one file, while the service runs.

    It has archived sources, boundaries, theatres, the choice of the basemap, and a purge list.
    Where OUT is a folder (a new one with / at its end) or an address such as s3://…, the first run
    writes everything there, and each later one a step with what is new.

    Example: strikemap backup nightly.tar.gz && strikemap backup --check nightly.tar.gz
    """
    if checks:
        _check(out, None, json=json)
        return
    with progress_line(Path(out).name, quiet=json, what="bytes") as progress:
        if is_chain(out):
            packed = _add_step(out, encrypt_to or (), progress)
        else:
            packed = _write_whole(Path(out), encrypt_to or (), progress, is_forced=force)
    if json:
        tell_json(packed)
    else:
        _tell_packed(packed)


def _add_step(where: str, encrypt_to: Sequence[str], progress: BytesDone) -> Packed:
    settings = read_settings()
    chain, extent = StepChain.open(where), (settings.store_url, progress)
    packed = back_up_step(settings.data_dir, chain, encrypt_to, present(), extent)
    if count := purged_since(settings.data_dir, chain):
        typer.echo(
            f"{count:,} purges came after the first step of {chain.where}: the steps before them "
            "still hold what they erased. Begin a new place, and delete this one.",
            err=True,
        )
    return packed


def _write_whole(
    out: Path, encrypt_to: Sequence[str], progress: BytesDone, *, is_forced: bool
) -> Packed:
    refuse_unwritable(out)
    if out.exists() and not is_forced:
        raise InputError("OUT", out, "a new file; --force replaces an existing one")
    settings = read_settings()
    extent = BackupScope(settings.store_url, Since())
    return back_up_sealed(
        encrypt_to, out, lambda path: back_up(settings.data_dir, path, present(), progress, extent)
    )


@cli.command("restore")
def restore_backup(
    file: Annotated[
        str, typer.Argument(help="A file that `strikemap backup` wrote, or a place with steps.")
    ],
    *,
    purged: Annotated[
        Path | None, typer.Option(help="A newer purged.json: what it names is erased again.")
    ] = None,
    identity: Annotated[
        Path | None, typer.Option(help="The file of age-keygen that opens an encrypted backup.")
    ] = None,
    checks: Check = False,
    json: Json = False,
) -> None:
    """Restore a backup into an empty data folder, after every part of it was checked.

    With STRIKEMAP_STORE_URL the record goes into that database, which must be empty.

    Example: strikemap restore nightly.tar.gz --purged purged.json
    """
    if checks:
        _check(file, identity, json=json)
        return
    settings, author = read_settings(), Author(operator_name(), present())
    into = Destination(settings.data_dir, settings.store_url)
    with progress_line(Path(file).name, quiet=json, what="bytes") as progress:
        if is_chain(file):
            chain = StepChain.open(file)
            restored = restore_from(
                file,
                lambda folder: unpack_steps(chain, folder, identity, progress),
                into,
                purged,
                author,
            )
        else:
            with unsealed(Path(file), identity) as plain:
                restored = restore(plain, into, purged, author, progress)
    if json:
        tell_json(restored)
    else:
        _tell_restored(restored, purged)


def _check(file: str, identity: Path | None, *, json: bool) -> None:
    with progress_line(Path(file).name, quiet=json, what="bytes") as progress:
        if is_chain(file):
            unpacked = check_steps(StepChain.open(file), identity, progress)
        else:
            with unsealed(Path(file), identity) as plain:
                unpacked = check_backup(plain, progress)
    if json:
        tell_json({"file": file, **unpacked._asdict(), "held": len(unpacked.held)})
    else:
        _tell_checked(file, unpacked)


def _head(origin: Origin) -> str:
    return f"{origin.seq:,} revisions. Head: {origin.seq}:{origin.hash}"


def _tell_packed(packed: Packed) -> None:
    size = f"{packed.bytes:,} bytes, {packed.members:,} files"
    typer.echo(f"{packed.file}: {size}, {_head(packed.origin)}")
    for name in packed.damaged:
        typer.echo(f"{name} was damaged before: its content does not have this SHA-256.", err=True)


def _tell_checked(file: str, unpacked: Unpacked) -> None:
    origin = unpacked.origin
    made = f"made {rfc3339(origin.made_at)} by release {origin.program}"
    typer.echo(f"{file} checks: {made}, {unpacked.members:,} files, {_head(origin)}")


def _tell_restored(restored: Restored, purged: Path | None) -> None:
    head = f"Head: {restored.seq}:{restored.hash}"
    typer.echo(f"Restored {restored.members:,} files; the chain checks. {head}")
    until = rfc3339(restored.listed_until)
    if restored.listed_until > restored.origin.made_at:
        typer.echo(f"Erased again by the purge list up to {until}: {restored.erased:,} incidents.")
    else:
        what = "No purge list was given" if purged is None else f"The list {purged} is not newer"
        typer.echo(
            f"{what}: what was purged or revoked after the backup's own list, of {until}, "
            "is in use again. Give a newer one with --purged."
        )
    if restored.open_tokens:
        tokens = f"{restored.open_tokens:,} tokens of the backup are open"
        typer.echo(f"{tokens}: `strikemap token list` names them.")
