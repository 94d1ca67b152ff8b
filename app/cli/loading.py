"""What brings records in, and takes them out again: imports, mappings, invented data."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from app.cli.base import Json, cli, open_workspace, present, progress_line, tell_json
from app.domain.control import Baseline
from app.domain.errors import InputError
from app.domain.terms import DatasetKind
from app.files.source import Rejection
from app.instance.tokens import local_holder
from app.instance.workspace import Workspace
from app.intake.demo import load_demos
from app.intake.importing import Order, accessed_on, choices_from, import_file
from app.intake.planning import Report
from app.intake.suggestion import read_mapping, suggest
from app.intake.synth import synthesise, write_synth
from app.intake.undo import undo_import
from app.settings import read_settings

SHOWN_REJECTIONS = 20
PARTS = ", ".join(part.value for part in Baseline)

mapping_cli = typer.Typer(
    help="What the columns of any table mean. Example: strikemap mapping suggest FILE",
    no_args_is_help=True,
)
cli.add_typer(mapping_cli, name="mapping")


@cli.command("import")
def import_(  # noqa: PLR0913  a command's options, each by name
    files: Annotated[
        list[Path], typer.Argument(help="Files, folders or archives of docs/formats.md's formats.")
    ],
    *,
    dataset: Annotated[str | None, typer.Option(help="Dataset to import into (a slug).")] = None,
    form: Annotated[str, typer.Option("--format", help="auto, or a format's name.")] = "auto",
    theatre: Annotated[str | None, typer.Option(help="Theatre the file belongs to.")] = None,
    terms: Annotated[str | None, typer.Option(help="Licence id: what may leave.")] = None,
    title: Annotated[str | None, typer.Option(help="Name of a new dataset.")] = None,
    attribution: Annotated[str | None, typer.Option(help="Credit line of a new dataset.")] = None,
    accessed: Annotated[
        str | None,
        typer.Option(help="Day the file was taken from its publisher; today without it."),
    ] = None,
    synthetic: Annotated[bool, typer.Option("--synthetic", help="The data are invented.")] = False,
    valid_on: Annotated[
        str | None, typer.Option(help="Control: day of areas that have no date, YYYY-MM-DD.")
    ] = None,
    valid_on_field: Annotated[
        str | None, typer.Option(help="Control: the field that holds the day.")
    ] = None,
    status_field: Annotated[
        str | None, typer.Option(help="Control: the field that holds the status.")
    ] = None,
    controller: Annotated[
        str | None, typer.Option(help="Control: the party that holds all areas.")
    ] = None,
    controller_field: Annotated[
        str | None, typer.Option(help="Control: the field that holds the party.")
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help=f"Control: parts covered, of {PARTS}.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(help="Any table: a saved mapping of its columns (TOML or JSON).")
    ] = None,
    accept_shrink: Annotated[
        bool, typer.Option("--accept-shrink", help="Take areas that lost over a quarter.")
    ] = False,
    over_edits: Annotated[
        bool, typer.Option("--over-edits", help="Take the file's values over edits by hand.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan, and write nothing.")] = False,
    json: Json = False,
) -> None:
    """Import files, folders or archives, each in one transaction; every row's fate is reported.

    Example: strikemap import events_2022.csv deepstatemap_data_20251025.geojson
    """
    settings = read_settings()
    workspace = open_workspace(settings)
    choices = choices_from(
        valid_on=valid_on,
        valid_on_field=valid_on_field,
        status_field=status_field,
        controller=controller,
        controller_field=controller_field,
        baseline=baseline,
    )
    reports, told = [], None if mapping is None else read_mapping(mapping)
    for path in files:
        order = Order(
            path,
            format=told.format if told and form == "auto" else form,
            dataset=dataset,
            theatre=theatre or settings.theatre,
            licence=terms,
            title=title,
            attribution=attribution,
            synthetic=synthetic,
            dry_run=dry_run,
            choices=choices,
            table=told,
            accept_shrink=accept_shrink,
            over_edits=over_edits,
            accessed=accessed_on(accessed, present().date()),
        )
        with progress_line(path.name, quiet=json) as progress:
            report = import_file(
                workspace, order, actor=getpass.getuser(), now=present(), progress=progress
            )
        reports.append(report)
        if not json:
            _tell(path, report)
            _point_to(workspace, report)
    if json:
        tell_json(reports if len(reports) > 1 else reports[0])


def _tell(path: Path, report: Report) -> None:
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
    _list("in conflict", report.conflicting)
    _list("rejected", report.rejections)


def _list(fate: str, rows: Sequence[Rejection]) -> None:
    for one in rows[:SHOWN_REJECTIONS]:
        where = [one.member or "", f"row {one.row}" if one.row else "", one.field]
        said = ", ".join(word for word in where if word)
        typer.echo(f"  {fate}: {said}: got {one.got!r}; {one.why}")
    if len(rows) > SHOWN_REJECTIONS:
        typer.echo(f"  … {len(rows) - SHOWN_REJECTIONS:,} more; --json lists all")


def _point_to(workspace: Workspace, report: Report) -> None:
    """Say where on the map the import can be seen, and how it is undone."""
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
    for report in load_demos(workspace, getpass.getuser(), present()):
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
    settings = read_settings()
    workspace, place = open_workspace(settings), theatre or settings.theatre
    if place not in workspace.reference.theatres:
        raise InputError("theatre", place, ", ".join(workspace.reference.theatres))
    with progress_line("synth", quiet=json) as progress:
        if out is not None:
            write_synth(out, count, workspace.reference, place)
            return
        report = synthesise(workspace, count, place, getpass.getuser(), present(), progress)
    if json:
        tell_json(report)
    else:
        _tell(Path("synth"), report)


@mapping_cli.command("suggest")
def mapping_suggest(
    file: Annotated[Path, typer.Argument(help="A table or a file of points.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Write it there instead of printing.")] = None,
    theatre: Annotated[str | None, typer.Option(help="Theatre the file belongs to.")] = None,
) -> None:
    """Propose what the columns of a table mean, with the reason for each.

    Example: strikemap mapping suggest strikes.xlsx --out strikes.toml
    """
    settings = read_settings()
    told = suggest(open_workspace(settings), file, theatre or settings.theatre)
    if out is None:
        typer.echo(told.toml(), nl=False)
        return
    out.write_text(told.toml(), "utf-8")
    for column, why in told.why.items():
        typer.echo(f"{column}: {why}")
    for sentence in told.missing:
        typer.echo(f"To be completed: {sentence}")


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
    for one in undone.left[:SHOWN_REJECTIONS]:
        typer.echo(f"  left: {one.key}: revision {one.revision} by {one.by}: {one.why}")
