"""The same services from a terminal. Exit 2: your input; exit 3: our record."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl

import msgspec
import typer
import uvicorn
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table

from app.api.app import create_app
from app.api.logs import log_as_json
from app.domain.control import Baseline
from app.domain.errors import InputError, NotFound, NotShared, StoreError
from app.domain.revision import Head
from app.domain.store import verify as verify_ledger
from app.domain.terms import Audience, DatasetKind, Face
from app.domain.view import View
from app.services.demo import load_demos
from app.services.ingest import Order, Report, choices_from, import_file
from app.services.publish import publish
from app.services.region_layers import RegionOrder
from app.services.regions import RegionReport, import_regions, list_regions
from app.services.report import GROUPINGS, summarise, summary_csv
from app.services.synth import synthesise, write_synth
from app.services.terms import set_terms
from app.services.workspace import Workspace
from app.settings import Settings, read_settings

LOOPBACK = ("127.0.0.1", "localhost", "::1")
SHOWN_REJECTIONS = 20
PARTS = ", ".join(part.value for part in Baseline)

cli = typer.Typer(
    help="Strikes, the harm they did and who held the ground, on a map that can be cited.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
index_cli = typer.Typer(help="The read model; losing it loses nothing.", no_args_is_help=True)
cli.add_typer(index_cli, name="index")
datasets_cli = typer.Typer()
cli.add_typer(datasets_cli, name="datasets")
regions_cli = typer.Typer(
    help="Boundaries: the shipped ones, and better ones that you load.", no_args_is_help=True
)
cli.add_typer(regions_cli, name="regions")
Json = Annotated[bool, typer.Option("--json", help="Print the API's shape instead of text.")]


def main() -> None:
    """Run a command; an error becomes one sentence and an exit code, never a traceback."""
    try:
        cli()
    except (InputError, NotFound, NotShared) as wrong:
        for problem in getattr(wrong, "problems", ()):
            typer.echo(problem.sentence(), err=True)
        if not isinstance(wrong, InputError):
            typer.echo(str(wrong), err=True)
        sys.exit(2)
    except StoreError as wrong:
        typer.echo(str(wrong), err=True)
        sys.exit(3)


def _workspace(settings: Settings) -> Workspace:
    return Workspace.open(
        settings.data_dir,
        settings.geodata_dir,
        audience=Audience.private,
        default_theatre=settings.theatre,
        max_file_bytes=settings.max_file_bytes,
        delta_rows=settings.delta_rows,
    )


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _progress(text: str, *, quiet: bool) -> Iterator[Callable[[int], None]]:
    """Show how many rows are done; silent for JSON and where nobody watches."""
    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    shown = Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True)
    with shown:
        task = shown.add_task(text, total=None)
        yield lambda rows: shown.update(task, description=f"{text}: {rows:,} rows")


@cli.command()
def serve(
    *,
    private: Annotated[
        bool, typer.Option("--private", help="Serve everything, to this machine only.")
    ] = False,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Processes, all on one index.")] = 1,
) -> None:
    """Start the service.

    Example: strikemap serve --private --port 8000
    """
    settings = read_settings().model_copy(update={"private": private or read_settings().private})
    if settings.private and host not in LOOPBACK:
        allowed = f"{', '.join(LOOPBACK)}; leave --private away to serve the public"
        raise InputError("host of a private instance", host, allowed)
    log_as_json(settings.log_level)
    _workspace(settings).index.snapshot()
    audience = "private, this computer only" if settings.private else "public audience"
    typer.echo(f"Strikemap ({audience}): http://{host}:{port}")
    common = {
        "host": host,
        "port": port,
        "log_level": settings.log_level.lower(),
        "server_header": False,
        "access_log": False,
        "log_config": None,
    }
    if workers == 1:
        uvicorn.run(create_app(settings), **common)  # type: ignore[arg-type]
        return
    _export(settings)
    entry = "app.main:create"
    uvicorn.run(entry, factory=True, workers=workers, **common)  # type: ignore[arg-type]


def _export(settings: Settings) -> None:
    """Hand this process's settings to its workers, which read the environment."""
    for name, value in settings.model_dump().items():
        os.environ[f"STRIKEMAP_{name.upper()}"] = str(value)


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
    accept_shrink: Annotated[
        bool, typer.Option("--accept-shrink", help="Take areas that lost over a quarter.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Plan, and write nothing.")] = False,
    json: Json = False,
) -> None:
    """Import files, folders or archives, each in one transaction; every row's fate is reported.

    Example: strikemap import events_2022.csv deepstatemap_data_20251025.geojson
    """
    settings = read_settings()
    workspace = _workspace(settings)
    choices = choices_from(
        valid_on=valid_on,
        valid_on_field=valid_on_field,
        status_field=status_field,
        controller=controller,
        controller_field=controller_field,
        baseline=baseline,
    )
    reports = []
    for path in files:
        order = Order(
            path,
            format=form,
            dataset=dataset,
            theatre=theatre or settings.theatre,
            licence=terms,
            title=title,
            attribution=attribution,
            synthetic=synthetic,
            dry_run=dry_run,
            choices=choices,
            accept_shrink=accept_shrink,
        )
        with _progress(path.name, quiet=json) as progress:
            report = import_file(
                workspace, order, actor=getpass.getuser(), now=_now(), progress=progress
            )
        reports.append(report)
        if not json:
            _tell(path, report)
            _point_to(workspace, report)
    if json:
        typer.echo(msgspec.json.encode(reports if len(reports) > 1 else reports[0]))


def _tell(path: Path, report: Report) -> None:
    """Print a report as a person reads it."""
    done = "would be " if report.dry_run else ""
    typer.echo(
        f"{path.name}: {report.format} ({report.why}) into {report.dataset!r}\n"
        f"  {report.rows:,} rows: {done}added {report.added:,}, amended {report.amended:,}, "
        f"unchanged {report.unchanged:,}, duplicate {report.duplicates:,}, "
        f"dropped {sum(report.dropped.values()):,}, rejected {report.rejected:,}"
    )
    for reason, count in report.dropped.items():
        typer.echo(f"  dropped, out of scope: {reason} {count:,}")
    for warning in report.warnings:
        typer.echo(f"  warning: {warning}")
    for one in report.rejections[:SHOWN_REJECTIONS]:
        where = [one.member or "", f"row {one.row}" if one.row else "", one.field]
        said = ", ".join(word for word in where if word)
        typer.echo(f"  rejected: {said}: got {one.got!r}; {one.why}")
    if len(report.rejections) > SHOWN_REJECTIONS:
        typer.echo(f"  … {len(report.rejections) - SHOWN_REJECTIONS:,} more; --json lists all")


def _point_to(workspace: Workspace, report: Report) -> None:
    """Say where on the map the import can be seen."""
    if report.version is not None:
        dataset = workspace.index.snapshot(report.version).datasets[report.dataset]
        name = "control" if dataset.kind is DatasetKind.control else "dataset"
        typer.echo(f"  on the map: /?theatre={dataset.theatre}&{name}={dataset.slug}")


@cli.command()
def demo() -> None:
    """Load what ships with the project: the Ukraine demo and the invented example land.

    Example: strikemap demo
    """
    workspace = _workspace(read_settings())
    for report in load_demos(workspace, getpass.getuser(), _now()):
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
    workspace, place = _workspace(settings), theatre or settings.theatre
    if place not in workspace.reference.theatres:
        raise InputError("theatre", place, ", ".join(workspace.reference.theatres))
    with _progress("synth", quiet=json) as progress:
        if out is not None:
            write_synth(out, count, workspace.reference, place)
            return
        report = synthesise(workspace, count, place, getpass.getuser(), _now(), progress)
    if json:
        typer.echo(msgspec.json.encode(report))
    else:
        _tell(Path("synth"), report)


@cli.command()
def summary(
    query: Annotated[
        str, typer.Argument(help='A View as in a URL: "from=2025-10-24&lang=uk".')
    ] = "",
    *,
    by: Annotated[str, typer.Option(help=f"One of {', '.join(GROUPINGS)}.")] = "region",
    csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    json: Json = False,
) -> None:
    """Sum casualties and damage of a View.

    Example: strikemap summary "from=2025-10-24&to=2025-10-25" --by region
    """
    if by not in GROUPINGS:
        raise InputError("by", by, ", ".join(GROUPINGS))
    workspace, now = _workspace(read_settings()), _now()
    snapshot = workspace.index.snapshot()
    pairs = parse_qsl(query, keep_blank_values=True)
    words = workspace.vocabularies(snapshot)
    view = View.parse(pairs, words, workspace.default_theatre, now)
    published = publish(workspace, snapshot, view, Face.aggregates, now)
    told = summarise(workspace, published, by)
    if json:
        typer.echo(msgspec.json.encode(told))
    elif csv:
        typer.echo(summary_csv(told), nl=False)
    else:
        table = Table("key", "name", "incidents", "killed low", "injured low", "with a figure")
        for row in told["rows"]:
            if row["incidents"]:
                killed, injured = row["killed"], row["injured"]
                cells = [row["incidents"], killed["low"], injured["low"], killed["known"]]
                table.add_row(
                    row["key"],
                    row["name"],
                    *("unknown" if cell is None else str(cell) for cell in cells),
                )
        Console().print(table)


@datasets_cli.callback(invoke_without_command=True)
def datasets(context: typer.Context, *, json: Json = False) -> None:
    """List datasets and what may leave of each.

    Example: strikemap datasets
    """
    if context.invoked_subcommand is not None:
        return
    found = sorted(
        _workspace(read_settings()).index.snapshot().datasets.values(), key=lambda one: one.slug
    )
    if json:
        typer.echo(msgspec.json.encode(found))
        return
    table = Table("slug", "name", "kind", "theatre", "licence", "shown to the public")
    for one in found:
        leaves = ", ".join(face.value for face in Face if one.terms.allow(face))
        table.add_row(one.slug, one.name, one.kind.value, one.theatre, one.licence, leaves)
    Console().print(table)


@datasets_cli.command("set")
def datasets_set(
    slug: Annotated[str, typer.Argument(help="The dataset.")],
    *,
    terms: Annotated[str, typer.Option(help="Licence id: what may leave from now on.")],
) -> None:
    """Change what may leave of a dataset; in force from the next request.

    Example: strikemap datasets set cir --terms internal
    """
    workspace = _workspace(read_settings())
    changed = set_terms(workspace, slug, terms, actor=getpass.getuser(), now=_now())
    leaves = ", ".join(face.value for face in Face if changed.terms.allow(face))
    typer.echo(f"{slug}: {changed.licence}; shown to the public: {leaves}")


@cli.command()
def verify(
    *,
    head: Annotated[
        str | None, typer.Option(help="SEQ:HASH printed earlier; detects a cut tail.")
    ] = None,
) -> None:
    """Walk the ledger and check every link; names the first broken one.

    Example: strikemap verify --head 4337:9f2c…
    """
    workspace = _workspace(read_settings())
    last = verify_ledger(workspace.store, None if head is None else _head(head))
    typer.echo(f"{last.seq:,} revisions check. Head: {last.seq}:{last.hash.hex()}")


def _head(text: str) -> Head:
    number, _, digest = text.partition(":")
    try:
        return Head(int(number), bytes.fromhex(digest), None)
    except ValueError as wrong:
        raise InputError("head", text, "SEQ:HASH as `strikemap verify` prints it") from wrong


@index_cli.command("rebuild")
def index_rebuild() -> None:
    """Build the index anew from the record and swap it in; running servers take it up.

    Example: strikemap index rebuild
    """
    with _progress("index", quiet=False):
        index = _workspace(read_settings()).index
        seq = index.rebuild()
        index.sweep()
    typer.echo(f"The index is built up to revision {seq:,}.")


@regions_cli.command("import")
def regions_import(  # noqa: PLR0913  a command's options, each by name
    file: Annotated[Path, typer.Argument(help="GeoJSON, GeoPackage, zipped Shapefile…")],
    *,
    theatre: Annotated[str | None, typer.Option(help="Theatre they are for.")] = None,
    level: Annotated[int | None, typer.Option(min=1, max=2, help="1 or 2.")] = None,
    set_id: Annotated[str | None, typer.Option("--id", help="Name of the set in answers.")] = None,
    code_field: Annotated[str | None, typer.Option(help="Column of codes.")] = None,
    name_en_field: Annotated[str | None, typer.Option(help="Column of names for lang=en.")] = None,
    name_uk_field: Annotated[str | None, typer.Option(help="Column of names for lang=uk.")] = None,
    parent_field: Annotated[str | None, typer.Option(help="Column of parents' codes.")] = None,
    population: Annotated[Path | None, typer.Option(help="CSV of people by region.")] = None,
    population_year: Annotated[
        int | None, typer.Option(min=1900, max=2100, help="Year of the population.")
    ] = None,
    json: Json = False,
) -> None:
    """Load better boundaries of a level; areas, sums and tiles follow them from the next start.

    Example: strikemap regions import adm2.geojson --population population_2022.csv
    """
    settings = read_settings()
    order = RegionOrder(
        file,
        theatre=theatre or settings.theatre,
        level=level,
        id=set_id,
        code_field=code_field,
        name_en_field=name_en_field,
        name_uk_field=name_uk_field,
        parent_field=parent_field,
        population=population,
        population_year=population_year,
    )
    with _progress(file.name, quiet=json):
        report = import_regions(_workspace(settings), order, _now())
        _workspace(settings).index.rebuild()  # a new workspace: one keeps its boundaries for life
    if json:
        typer.echo(msgspec.json.encode(report))
    else:
        _tell_regions(report)


def _tell_regions(report: RegionReport) -> None:
    people = f", population of {report.population_year} for {report.with_population:,}"
    typer.echo(
        f"{report.file}: {report.recognised}; level {report.level} of {report.theatre} is now "
        f"{report.id!r} ({report.hash})\n"
        f"  {report.units:,} units{people if report.population_year else ''}"
    )
    for line in report.told:
        typer.echo(f"  {line}")
    typer.echo(
        "  The index is built on them. Restart running servers: they still have the old ones."
    )


@regions_cli.command("list")
def regions_list(*, json: Json = False) -> None:
    """List boundaries by theatre and level, and which of them serve.

    Example: strikemap regions list
    """
    found = list_regions(_workspace(read_settings()).reference)
    if json:
        typer.echo(msgspec.json.encode(found))
        return
    named = (Column("id", overflow="fold"), Column("hash", no_wrap=True))
    table = Table("theatre", "level", *named, "units", "serves")
    for one in found:
        cells = (one.theatre, one.level, one.id, one.hash, one.units)
        table.add_row(*map(str, cells), "yes" if one.serves else "no")
    Console().print(table)


if __name__ == "__main__":
    main()
