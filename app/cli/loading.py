"""What brings records in, and takes them out again: imports, mappings, invented data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from app.cli.base import (
    Json,
    cli,
    open_workspace,
    present,
    progress_line,
    refuse_unwritable,
    tell_json,
)
from app.cli.import_options import with_import_options
from app.domain.errors import InputError, OtherTheatre
from app.domain.store import Author
from app.domain.terms import DatasetKind
from app.files.source import Rejection
from app.instance.new_theatre import NewTheatre, zones_of
from app.instance.new_theatre import add_theatre as write_theatre
from app.instance.operator import operator_name
from app.instance.tokens import local_holder
from app.instance.workspace import Workspace
from app.intake.demo import load_demos
from app.intake.importing import ImportedFile, Observers, import_file
from app.intake.options import ImportOptions
from app.intake.planning import Report
from app.intake.saved_mapping import read_mapping
from app.intake.suggestion import suggest
from app.intake.synth import synthesise, write_synth
from app.intake.undo import undo_import
from app.settings import read_settings

SHOWN_REJECTIONS = 20

mapping_cli = typer.Typer(
    help="What the columns of any table mean. Example: strikemap mapping suggest FILE",
    no_args_is_help=True,
)
cli.add_typer(mapping_cli, name="mapping")


@cli.command("import")
@with_import_options()
def import_(
    files: Annotated[
        list[Path], typer.Argument(help="Files, folders or archives of docs/formats.md's formats.")
    ],
    *,
    add_theatre: Annotated[
        bool, typer.Option("--add-theatre", help="Add the theatre in which the points lie.")
    ] = False,
    json: Json = False,
    **values: object,
) -> None:
    """Import files, folders or archives, each in one transaction; every row's fate is reported.

    Example: strikemap import events_2022.csv deepstatemap_data_20251025.geojson
    """
    workspace, reports = open_workspace(), []
    contents = {
        name: read_mapping(value) if isinstance(value, Path) else value
        for name, value in values.items()
    }
    options = ImportOptions.parse(contents, present().date())
    if add_theatre and options.theatre is not None:
        raise InputError("--theatre", options.theatre, "--add-theatre or --theatre, not both")
    try:
        for path in files:
            with progress_line(path.name, quiet=json) as progress:
                try:
                    report = _imported(workspace, path, options, progress)
                except OtherTheatre as other:
                    if not (add_theatre and other.theatre):
                        raise
                    workspace = _with_theatre(workspace, other)
                    other_options = msgspec.structs.replace(options, theatre=other.theatre)
                    report = _imported(workspace, path, other_options, progress)
            reports.append(report)
            if not json:
                _print_report(path, report)
                _print_links(workspace, report)
    finally:  # of files before one that is refused, the reports are printed all the same
        if json and reports:
            tell_json(reports if len(files) > 1 else reports[0])
    if sentences := [report.refused for report in reports if report.refused]:
        typer.echo("\n".join(sentences), err=True)
        raise typer.Exit(2)


def _imported(
    workspace: Workspace, path: Path, options: ImportOptions, progress: Callable[[int], None]
) -> Report:
    author, observers = Author(operator_name(), present()), Observers(progress)
    return import_file(workspace, ImportedFile(path), options, author, observers)


def _with_theatre(workspace: Workspace, other: OtherTheatre) -> Workspace:
    """Open an instance that has the theatre of a file; add it where it is not there yet.

    Raises:
        InputError: its days can be of several time zones.
    """
    if not other.country:
        return workspace
    settings, order = read_settings(), NewTheatre(other.theatre, (other.country,))
    if len(zones := zones_of(order.countries)) > 1:
        command = f"strikemap theatre add {order.slug} --country {other.country} --zone ZONE"
        raise InputError("--add-theatre", f"{len(zones)} time zones", f"`{command}` first")
    write_theatre(order, workspace, Author(operator_name(), present()))
    typer.echo(f"{order.slug}: added, the theatre of the points.", err=True)
    return open_workspace(settings)


def _print_report(path: Path, report: Report) -> None:
    """Print a report as a person reads it."""
    done = "would be " if report.dry_run else ""
    typer.echo(
        f"{path.name}: {report.format} ({report.why}) into {report.dataset!r}\n"
        f"  {report.rows:,} rows: {done}added {report.added:,}, amended {report.amended:,}, "
        f"unchanged {report.unchanged:,}, duplicate {report.duplicates:,}, "
        f"dropped {sum(report.dropped.values()):,}, in conflict {report.conflicts:,}, "
        f"rejected {report.rejected:,}"
    )
    for reason, count in report.dropped.items():
        typer.echo(f"  dropped, out of scope: {reason} {count:,}")
    for warning in report.warnings:
        typer.echo(f"  warning: {warning}")
    _print_rows("in conflict", report.conflicting)
    _print_rows("rejected", report.rejections)


def _print_rows(fate: str, rows: Sequence[Rejection]) -> None:
    for row in rows[:SHOWN_REJECTIONS]:
        parts = [row.member or "", f"row {row.row}" if row.row else "", row.field]
        place = ", ".join(part for part in parts if part)
        typer.echo(f"  {fate}: {place}: got {row.got!r}; {row.why}")
    if len(rows) > SHOWN_REJECTIONS:
        typer.echo(f"  … {len(rows) - SHOWN_REJECTIONS:,} more; --json lists all")


def _print_links(workspace: Workspace, report: Report) -> None:
    """Print where on the map the import is to be seen, and how it is undone."""
    if report.version is not None:
        dataset = workspace.state(report.version).datasets[report.dataset]
        if dataset.kind is DatasetKind.waves:
            typer.echo(f"  to read: /api/waves?theatre={dataset.theatre}&dataset={dataset.slug}")
            return
        name = "control" if dataset.kind is DatasetKind.control else "dataset"
        typer.echo(f"  on the map: /?theatre={dataset.theatre}&{name}={dataset.slug}")
        typer.echo(f"  to take it back: strikemap undo {report.id}")


@cli.command()
def demo() -> None:
    """Load what ships with the project: the Ukraine demo and the invented example land.

    Example: strikemap demo
    """
    workspace = open_workspace()
    for report in load_demos(workspace, Author(operator_name(), present())):
        typer.echo(f"{report.dataset}: added {report.added}, unchanged {report.unchanged}")


@cli.command()
def synth(
    count: Annotated[int, typer.Argument(min=1, max=50_000_000, help="How many incidents.")],
    *,
    theatre: Annotated[str | None, typer.Option(help="Theatre to invent them in.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write a native CSV instead of importing.")
    ] = None,
    json: Json = False,
) -> None:
    """Write invented incidents, the same every time, watermarked on every face.

    Example: strikemap synth 100000
    """
    if out is not None:
        refuse_unwritable(out)
    settings = read_settings()
    workspace, place = open_workspace(settings), theatre or settings.theatre
    if place not in workspace.reference.theatres:
        raise InputError("theatre", place, ", ".join(workspace.reference.theatres))
    with progress_line("synth", quiet=json) as progress:
        if out is not None:
            write_synth(out, count, workspace.reference, place)
            return
        author = Author(operator_name(), present())
        report = synthesise(workspace, count, place, author, progress)
    if json:
        tell_json(report)
    else:
        _print_report(Path("synth"), report)


@mapping_cli.command("suggest")
def mapping_suggest(
    file: Annotated[Path, typer.Argument(help="A table or a file of points.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Write it there instead of printing.")] = None,
    theatre: Annotated[str | None, typer.Option(help="Theatre the file belongs to.")] = None,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
) -> None:
    """Propose what the columns of a table mean, with the reason for each.

    Example: strikemap mapping suggest strikes.xlsx --out strikes.toml
    """
    if out is not None:
        refuse_unwritable(out)
    settings = read_settings()
    suggestion = suggest(open_workspace(settings), file, theatre or settings.theatre, sheet=sheet)
    if out is None:
        typer.echo(suggestion.toml(), nl=False)
        return
    out.write_text(suggestion.toml(), "utf-8")
    for column, why in suggestion.why.items():
        typer.echo(f"{column}: {why}")
    for sentence in suggestion.missing:
        typer.echo(f"To be completed: {sentence}")
    for sentence in suggestion.doubts:
        typer.echo(f"To be decided: {sentence}")


@cli.command()
def undo(
    number: Annotated[str, typer.Argument(metavar="ID", help="Id of the import's report.")],
    *,
    force: Annotated[
        bool, typer.Option("--force", help="Also what somebody changed since the import.")
    ] = False,
    json: Json = False,
) -> None:
    """Undo a whole import in one transaction; nothing is erased, and all of it stays in the ledger.

    Example: strikemap undo 0b6f9a2e-3d0c-4c53-8f3a-9a1e5d7c2b10
    """
    workspace = open_workspace()
    undone = undo_import(workspace, number, local_holder(), now=present(), force=force)
    if json:
        tell_json(undone)
        return
    typer.echo(
        f"{undone.id}: retracted {undone.retracted:,}, restored {undone.restored:,}, "
        f"left {undone.left_count:,} that were changed since"
    )
    for record in undone.left[:SHOWN_REJECTIONS]:
        change = f"revision {record.revision} by {record.by}: {record.why}"
        typer.echo(f"  left: {record.key}: {change}")
