"""Whether the record is as it was: its chain, its signed head, and the index beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from app.cli.base import cli, open_workspace, present, progress_line, tell_json
from app.domain.errors import BrokenChain, InputError
from app.domain.instants import rfc3339
from app.domain.revision import Head
from app.domain.signed_head import SignedHead
from app.domain.store import verify as verify_ledger
from app.files.shelf import Shelf
from app.index.copies import COMMAND
from app.index.live import Index
from app.instance.signing import check_signature
from app.instance.stamping import ENDING, URL, StampedHead, ask_for_stamp, check_stamp, keep_stamped
from app.settings import read_settings

PRINTED = "SEQ:HASH as `strikemap verify` prints it, or a file that `strikemap sign` wrote"

index_cli = typer.Typer(
    help="The index, built from the record: it can always be built anew.", no_args_is_help=True
)
cli.add_typer(index_cli, name="index")

Place = Annotated[
    str,
    typer.Argument(metavar="TARGET", help="A folder, or s3://bucket/path (extra `scale`)."),
]


@cli.command("sign")
def sign_head(
    *,
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make a new key in place of the former one first.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Where to write it; printed otherwise.")] = None,
    timestamp: Annotated[
        bool, typer.Option("--timestamp", help=f"Have it stamped by the service of {URL} too.")
    ] = False,
) -> None:
    """Sign the head of the record, for whoever wants to check later that nothing was changed.

    The first use makes the key. From then on exports, figures and evidence bundles hold a
    signature as well. The private key stays in the data folder; no backup holds it.
    A stamp shows that the head was there at that time, by the clock of somebody else.

    Example: strikemap sign --out head.json
    """
    workspace = open_workspace()
    if new_key or workspace.signer.key is None:
        name = workspace.signer.make_key()
        typer.echo(
            f"The key {name} was made. Publish this id where readers can compare it. A signature "
            "of a former key still checks: it holds its own public key.",
            err=True,
        )
    signed = workspace.signer.sign(workspace.store.head())
    if signed is None:
        raise InputError("record", "no revision", "a record with one revision or more")
    document = msgspec.json.format(msgspec.json.encode(signed), indent=1) + b"\n"
    if out is None:
        tell_json(signed)
    else:
        out.write_bytes(document)
        typer.echo(f"{out}: revision {signed.seq:,}, signed by key {signed.key}")
    if timestamp:
        _have_stamped(signed, document, out, workspace.signer.stamped_heads)


def _have_stamped(signed: SignedHead, document: bytes, out: Path | None, folder: Path) -> None:
    """Have a signed head stamped; without a stamp, what was signed and written stays."""
    settings = read_settings()
    if not settings.timestamp_url:
        raise InputError(URL, "nothing", "the address of a time-stamping service (RFC 3161)")
    answer, stamp = ask_for_stamp(
        document, settings.timestamp_url, settings.timestamp_roots, present()
    )
    keep_stamped(folder, StampedHead(signed, document, answer))
    if out is not None:
        _stamp_of(out).write_bytes(answer)
    typer.echo(f"Stamped {rfc3339(stamp.at)} by {stamp.authority}.", err=out is None)


def _stamp_of(path: Path) -> Path:
    return path.with_name(path.name + ENDING)


@cli.command("verify")
def verify_record(
    *,
    head: Annotated[
        str | None,
        typer.Option(
            "--since",
            "--head",
            help="A head published earlier: SEQ:HASH, or a file that `strikemap sign` wrote.",
        ),
    ] = None,
) -> None:
    """Check every link of the ledger; name the first broken one.

    The record must also hold what its index knew, and the index must be as it was written.
    With a head that was published earlier, everything up to it must be as it was then.

    Example: strikemap verify --since 4337:9f2c…
    """
    workspace = open_workspace()
    since = None if head is None else _published_head(head)
    last = verify_ledger(workspace.store, since)
    lost = workspace.index.generations.lost()
    if lost is not None:
        raise BrokenChain(lost)
    typer.echo(f"{last.seq:,} revisions check. Head: {last.seq}:{last.hash.hex()}")
    if since is not None:
        later = last.seq - since.seq
        typer.echo(f"Revision {since.seq:,} is as it was published; {later:,} came since.")
    _mend(workspace.index)


def _mend(index: Index) -> None:
    """Check the index; build a damaged one anew, and end with exit code 3."""
    if index.mend() is not None:
        typer.echo("The index was damaged; it is built anew from the record.", err=True)
        raise typer.Exit(3)


def _published_head(text: str) -> Head:
    """Read a head that was published; of a signed one the signature must check."""
    if Path(text).is_file():
        return _signed_head(Path(text))
    number, _, digest = text.partition(":")
    try:
        return Head(int(number), bytes.fromhex(digest), None)
    except ValueError as wrong:
        raise InputError("since", text, PRINTED) from wrong


def _signed_head(path: Path) -> Head:
    try:
        document = path.read_bytes()
        signed = msgspec.json.decode(document, type=SignedHead)
        head = signed.head
    except (OSError, ValueError) as wrong:  # msgspec's errors are ValueErrors
        raise InputError("since", path, PRINTED) from wrong
    check_signature(signed)
    typer.echo(f"{path} is signed by key {signed.key}: compare it with what the publisher says.")
    if _stamp_of(path).is_file():
        roots, answer = read_settings().timestamp_roots, _stamp_of(path).read_bytes()
        stamp = check_stamp(document, answer, roots, _stamp_of(path))
        typer.echo(f"It was there on {rfc3339(stamp.at)}, as {stamp.authority} saw.")
    return head


@index_cli.command("rebuild")
def index_rebuild() -> None:
    """Build the index anew from the record; running servers use it from then on.

    Example: strikemap index rebuild
    """
    workspace = open_workspace()
    generations = workspace.index.generations
    with progress_line("index", quiet=False):
        seq = generations.rebuild()
        generations.sweep()
        generations.witness.accept(workspace.store.head())
    typer.echo(f"The index is built up to revision {seq:,}.")


@index_cli.command("check")
def index_check() -> None:
    """Compare the files of the index with their checksums; a damaged index is built anew.

    Example: strikemap index check
    """
    index = open_workspace().index
    _mend(index)
    typer.echo(f"The index checks, up to revision {index.state().seq:,}.")


@index_cli.command("push")
def index_push(target: Place) -> None:
    """Send the index to a place from which new nodes take it; only what changed is sent.

    It is there for others once it is whole. It holds places and figures of withheld records too:
    keep it as private as the record. After a purge, push again: that removes the older one.

    Example: strikemap index push s3://bucket/index
    """
    generations = open_workspace().index.generations
    shelf = Shelf.open(target, COMMAND, "TARGET")
    with progress_line("push", quiet=False):
        if generations.needs_building:
            generations.rebuild()
        report = generations.push(shelf)
    typer.echo(
        f"{target}: {len(report.written)} files written, {report.unchanged} as they were, "
        f"{len(report.removed)} removed. {shelf.manifest.about['head']}"
    )


@index_cli.command("pull")
def index_pull(target: Place) -> None:
    """Take a pushed index in place of building one; every file and the record are compared.

    Example: strikemap index pull s3://bucket/index
    """
    workspace = open_workspace()
    with progress_line("pull", quiet=False):
        seq = workspace.index.generations.pull(Shelf.open(target, COMMAND, "TARGET"))
    later = workspace.store.head().seq - seq
    typer.echo(f"The index holds revision {seq:,}; the record has {later:,} more.")
