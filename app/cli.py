"""The same services from a terminal. Exit 2: your input; exit 3: our record."""

from __future__ import annotations

import getpass
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl

import msgspec
import typer
import uvicorn
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Column, Table
from typer.core import TyperGroup
from typing_extensions import override

from app.api.app import create_app
from app.api.logs import log_as_json
from app.domain.account import Role
from app.domain.control import Baseline
from app.domain.errors import InputError, NotAllowed, NotFound, NotShared, Outdated, StoreError
from app.domain.revision import Head
from app.domain.store import verify as verify_ledger
from app.domain.terms import Audience, DatasetKind, Face
from app.domain.view import View
from app.services.accounts import create_token, local_holder, revoke_token
from app.services.crosscheck import Line, as_cells, as_json, cross_check
from app.services.demo import load_demos
from app.services.evidence import Attachment, bundle
from app.services.evidence import attach as attach_file
from app.services.ingest import Order, Report, choices_from, import_file
from app.services.mapping import read_mapping, suggest
from app.services.merging import MatchReport, Reviewing, decisions, match_datasets, pending_pairs
from app.services.publish import Published, publish
from app.services.purge import purge as erase_incident
from app.services.region_layers import RegionOrder
from app.services.regions import RegionReport, import_regions, list_regions
from app.services.report import GROUPINGS, summarise, summary_csv
from app.services.synth import synthesise, write_synth
from app.services.terms import set_terms
from app.services.undo import undo_import
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
token_cli = typer.Typer(help="Who may import and edit over HTTP.", no_args_is_help=True)
cli.add_typer(token_cli, name="token")
mapping_cli = typer.Typer(
    help="What the columns of any table mean. Example: strikemap mapping suggest FILE",
    no_args_is_help=True,
)
cli.add_typer(mapping_cli, name="mapping")


class _MatchGroup(TyperGroup):
    """Takes `match ONE OTHER` for `match run ONE OTHER`: what is most often meant is shortest."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if args and args[0] not in (*self.commands, "--help"):
            args = ["run", *args]
        return super().parse_args(ctx, args)


match_cli = typer.Typer(
    cls=_MatchGroup,
    help="The same strike told by several datasets. Example: strikemap match cir bellingcat",
    no_args_is_help=True,
)
cli.add_typer(match_cli, name="match")
Json = Annotated[bool, typer.Option("--json", help="Print the API's shape instead of text.")]


def main() -> None:
    """Run a command; an error becomes one sentence and an exit code, never a traceback."""
    try:
        cli()
    except (InputError, NotAllowed, NotFound, NotShared, Outdated) as wrong:
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
    mapping: Annotated[
        Path | None, typer.Option(help="Any table: a saved mapping of its columns (TOML).")
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
    """Say where on the map the import can be seen, and how it is undone."""
    if report.version is not None:
        dataset = workspace.index.snapshot(report.version).datasets[report.dataset]
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
    against: Annotated[
        Path | None, typer.Option(help="Compare with totals of HDX HAPI, CSV or JSON.")
    ] = None,
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
    if against is not None:
        _tell_against(cross_check(workspace, snapshot, view, against, now), json=json)
        return
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


def _tell_against(lines: list[Line], *, json: bool) -> None:
    """Print their sums beside ours."""
    if json:
        typer.echo(as_json(lines))
        return
    counts = ("their events", "our incidents", "difference", "their killed", "our killed")
    table = Table("period", "key", "name", *counts)
    for line in lines:
        table.add_row(*as_cells(line))
    Console().print(table)
    typer.echo("A difference is a question: sources count other events, in other ways.")


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


def _published(workspace: Workspace, face: Face = Face.raw) -> Published:
    snapshot = workspace.index.snapshot()
    view = View(theatre=workspace.default_theatre)
    return publish(workspace, snapshot, view, face, _now(), in_all=True)


@cli.command()
def evidence(
    incident: Annotated[str, typer.Argument(help="The incident's id or short number.")],
    *,
    out: Annotated[Path | None, typer.Option(help="Where to write it.")] = None,
) -> None:
    """Write an incident's evidence bundle, with a script that checks it offline.

    Example: strikemap evidence 7f3c… --out evidence.zip
    """
    workspace = _workspace(read_settings())
    path = out or Path(f"evidence-{incident}.zip")
    path.write_bytes(bundle(workspace, _published(workspace), incident))
    typer.echo(f"{path}: check it with the script inside: python check_evidence.py {path}")


@cli.command()
def attach(
    incident: Annotated[str, typer.Argument(help="The incident's id or short number.")],
    file: Annotated[Path, typer.Argument(help="The archived source: a page, picture or video.")],
    *,
    method: Annotated[str, typer.Option(help="How it was taken.")] = "saved by hand",
    url: Annotated[str | None, typer.Option(help="Where it was taken from.")] = None,
) -> None:
    """Archive a source file of an incident, with its hash, time, method and operator.

    Example: strikemap attach 7f3c… page.html --url https://example.org/news
    """
    workspace, operator, now = _workspace(read_settings()), getpass.getuser(), _now()
    told = Attachment(
        incident="",
        name="",
        sha256="",
        size=0,
        captured_at=now,
        operator=operator,
        method=method,
        url=url,
    )
    kept = attach_file(workspace, _published(workspace), incident, file, told)
    typer.echo(f"{kept.name}: {kept.size:,} bytes, SHA-256 {kept.sha256}")


@cli.command()
def purge(
    incident: Annotated[str, typer.Argument(help="The incident's id.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept for ever, without what it erases.")],
) -> None:
    """Erase an incident for good, for every `as_of`; the chain keeps a mark and still checks.

    Example: strikemap purge 7f3c… --reason "at the family's request"
    """
    workspace = _workspace(read_settings())
    head = erase_incident(workspace, incident, reason, actor=getpass.getuser(), now=_now())
    typer.echo(
        f"Erased. Head: {head.seq}:{head.hash.hex()}. Backups, exports and archived files are "
        "not reached: erase it there yourself."
    )


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
    told = suggest(_workspace(settings), file, theatre or settings.theatre)
    if out is None:
        typer.echo(told.toml(), nl=False)
        return
    out.write_text(told.toml(), "utf-8")
    for column, why in told.why.items():
        typer.echo(f"{column}: {why}")
    for sentence in told.missing:
        typer.echo(f"To be completed: {sentence}")


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


@token_cli.command("create")
def token_create(
    name: Annotated[str, typer.Argument(help="Whom the ledger shall name.")],
    *,
    role: Annotated[Role, typer.Option(help="What the holder may do.")],
    days: Annotated[
        int | None, typer.Option(help="Days until it expires; never if left out.")
    ] = None,
    dataset: Annotated[
        list[str] | None, typer.Option(help="Only for this dataset; may be repeated.")
    ] = None,
    json: Json = False,
) -> None:
    """Make a token and show it this once; only a digest of it is kept.

    Example: strikemap token create desk --role editor --days 90 --dataset mine
    """
    book, scope = _workspace(read_settings()).store, tuple(dict.fromkeys(dataset or ()))
    token, text = create_token(book, name, role, now=_now(), days=days, datasets=scope)
    if json:
        typer.echo(msgspec.json.encode({**msgspec.to_builtins(token), "token": text}))
        return
    ends = f"until {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expires_at else "without end"
    typer.echo(f"{token.id}: {role.value}, {', '.join(scope) or 'all datasets'}, {ends}")
    typer.echo("Keep it now, it is shown this once. Header: Authorization: Bearer …")
    typer.echo(text)


@token_cli.command("list")
def token_list(*, json: Json = False) -> None:
    """List tokens, closed ones included; never their secrets.

    Example: strikemap token list
    """
    found, now = _workspace(read_settings()).store.tokens(), _now()
    if json:
        typer.echo(msgspec.json.encode(found))
        return
    table = Table("id", "name", "role", "datasets", "created", "expires", "state")
    for one in found:
        ends = f"{one.expires_at:%Y-%m-%d}" if one.expires_at else "never"
        closed = f"revoked {one.revoked_at:%Y-%m-%d}" if one.revoked_at else "expired"
        state = "valid" if one.is_valid_at(now) else closed
        scope = ", ".join(one.datasets) or "all"
        table.add_row(
            one.id, one.name, one.role.value, scope, f"{one.created_at:%Y-%m-%d}", ends, state
        )
    Console().print(table)


@token_cli.command("revoke")
def token_revoke(
    number: Annotated[str, typer.Argument(metavar="ID", help="As `strikemap token list` says.")],
) -> None:
    """Close a token; it opens nothing from the next request on.

    Example: strikemap token revoke 3f9c0d12ab77
    """
    token = revoke_token(_workspace(read_settings()).store, number, _now())
    typer.echo(f"{token.id} ({token.name}) is revoked.")


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
    workspace = _workspace(read_settings())
    undone = undo_import(workspace, number, local_holder(), now=_now(), force=force)
    if json:
        typer.echo(msgspec.json.encode(undone))
        return
    typer.echo(
        f"{undone.id}: retracted {undone.retracted:,}, restored {undone.restored:,}, "
        f"left {undone.left_count:,} that were changed since"
    )
    for one in undone.left[:SHOWN_REJECTIONS]:
        typer.echo(f"  left: {one.key}: revision {one.revision} by {one.by}: {one.why}")


@match_cli.command("run")
def match_run(
    one: Annotated[str, typer.Argument(metavar="DATASET", help="A dataset of incidents.")],
    other: Annotated[str, typer.Argument(metavar="DATASET", help="Another one.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Compare, and write nothing.")] = False,
    json: Json = False,
) -> None:
    """Compare two datasets; merge what is sure, keep what is doubtful for review.

    Example: strikemap match run cir bellingcat --dry-run
    """
    workspace = _workspace(read_settings())
    report = match_datasets(workspace, (one, other), local_holder(), now=_now(), dry_run=dry_run)
    if json:
        typer.echo(msgspec.json.encode(report))
    else:
        _tell_match(report)


def _tell_match(report: MatchReport) -> None:
    would = "would merge" if report.dry_run else "merged"
    typer.echo(
        f"{' + '.join(report.datasets)}: {report.candidates:,} candidate pairs\n"
        f"  {would} {report.merged:,} with a score of {report.threshold} or more; "
        f"{report.kept:,} were merged before\n"
        f"  {report.pending:,} with a score of {report.review} or more wait: "
        "strikemap match review, or /review"
    )


@match_cli.command("list")
def match_list(*, json: Json = False) -> None:
    """List decisions: which records tell of one strike, which do not, and who says so.

    Example: strikemap match list
    """
    found = decisions(_workspace(read_settings()).store)
    if json:
        typer.echo(msgspec.json.encode([one.merge for one in found.values() if not one.is_undone]))
        return
    table = Table(Column("id", no_wrap=True), "records", "decision", "score", "by")
    for number, one in found.items():
        said = "undone" if one.is_undone else "same" if one.merge.is_same else "not the same"
        score = "" if one.merge.score is None else str(one.merge.score)
        keys = "\n".join(member.key for member in one.merge.members)
        table.add_row(number, keys, f"{said} ({one.merge.how.value})", score, one.merge.by)
    Console().print(table)


@match_cli.command("review")
def match_review(*, json: Json = False) -> None:
    """List the pairs that wait for a person, best first, with the reasons of their scores.

    Example: strikemap match review
    """
    waiting = pending_pairs(_workspace(read_settings()).store)
    if json:
        typer.echo(msgspec.json.encode(waiting))
        return
    table = Table(Column("id", no_wrap=True), "records", "score", "reasons")
    for pair in waiting:
        keys = "\n".join(member.key for member in pair.members)
        reasons = ", ".join(f"{one.code} {one.points}" for one in pair.reasons if one.points)
        table.add_row(pair.id, keys, str(pair.score), reasons)
    Console().print(table)


@match_cli.command("decide")
def match_decide(
    number: Annotated[str, typer.Argument(metavar="ID", help="As `match review` says.")],
    *,
    same: Annotated[bool, typer.Option("--same/--not-same", help="Whether it is one strike.")],
    reason: Annotated[str, typer.Option(help="Why; kept with your name.")],
) -> None:
    """Decide about a pair that waits, or decide otherwise than before.

    Example: strikemap match decide 0b6f9a2e-3d0c-5c53-8f3a-9a1e5d7c2b10 --same --reason "one video"
    """
    reviewing = Reviewing(_workspace(read_settings()), local_holder(), _now())
    merge = reviewing.decide(number, reason, is_same=same)
    typer.echo(f"{merge.id}: {'the same strike' if merge.is_same else 'not the same'}.")


@match_cli.command("undo")
def match_undo(
    number: Annotated[str, typer.Argument(metavar="ID", help="As `match list` says.")],
    *,
    reason: Annotated[str, typer.Option(help="Why; kept with your name.")] = "undone by hand",
) -> None:
    """Take a decision back; both records count apart again, and the pair waits for a person.

    Example: strikemap match undo 0b6f9a2e-3d0c-5c53-8f3a-9a1e5d7c2b10
    """
    merge = Reviewing(_workspace(read_settings()), local_holder(), _now()).undo(number, reason)
    typer.echo(f"{merge.id} is undone: {len(merge.members)} records stand apart again.")


if __name__ == "__main__":
    main()
