"""Theatres: add, list and check them, and set what a map of one opens on."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table

from app.cli.base import Json, cli, open_workspace, tell_json
from app.domain.errors import InputError, InvalidTheatre
from app.domain.instants import parse_day
from app.domain.place import Bounds
from app.instance.new_theatre import NewTheatre, add_theatre, party_from
from app.instance.opening import set_opening
from app.reference.opening import Opening
from app.reference.theatre_file import clashes_of, read_theatre, read_theatres
from app.settings import read_settings

theatre_cli = typer.Typer(
    help="Theatres: add a country, list them, check a file, set what opens.", no_args_is_help=True
)
cli.add_typer(theatre_cli, name="theatre")


@theatre_cli.command("add")
def theatre_add(  # noqa: PLR0913  a command's options, each by name
    slug: Annotated[str, typer.Argument(help="Its name in addresses, such as south-sudan.")],
    *,
    country: Annotated[str, typer.Option(help="ISO 3166-1 codes: XX, or XX,YY.")],
    bbox: Annotated[
        str | None, typer.Option(help="The box that the map opens on: w,s,e,n in degrees.")
    ] = None,
    party: Annotated[
        list[str] | None, typer.Option(help='CODE="Name"; with ,state for the state. Repeat it.')
    ] = None,
    zone: Annotated[str | None, typer.Option(help="IANA time zone of its days.")] = None,
    languages: Annotated[str, typer.Option(help="Languages of its pages: en, or en,ar.")] = "en",
    json: Json = False,
) -> None:
    """Add a theatre for one or more countries, from the world's reference data.

    Example: strikemap theatre add sudan --country SD --party saf="Sudanese Armed Forces",state
    """
    settings = read_settings()
    order = NewTheatre(
        slug,
        _codes(country.upper()),
        _box(bbox) if bbox else None,
        tuple(party_from(text) for text in party or ()),
        zone,
        _codes(languages),
    )
    path = add_theatre(order, settings.geodata_dir, settings.data_dir / "theatres")
    if json:
        tell_json({"slug": slug, "file": str(path)})
        return
    typer.echo(f"{path}: written. A running service opens it within some seconds: /?theatre={slug}")


@theatre_cli.command("set")
def theatre_set(
    slug: Annotated[str, typer.Argument(help="The theatre.")],
    *,
    dataset: Annotated[str, typer.Option(help="What opens: a dataset, or several: a,b.")] = "",
    control: Annotated[str, typer.Option(help="The control source that opens.")] = "",
    first: Annotated[
        str | None, typer.Option("--from", help="First day that opens, with --dataset.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", help="Last day that opens.")] = None,
) -> None:
    """Set what a map opens on that names no dataset, control source or period.

    It replaces what was set before, and is in force from the next start of the service.

    Example: strikemap theatre set ukraine --dataset cir --from 2022-03-01 --to 2022-03-31
    """
    if not (dataset or control):
        raise InputError("options", "none", "--dataset or --control")
    opening = Opening(_codes(dataset), control, _period(first, last))
    path = set_opening(open_workspace(), slug, opening)
    typer.echo(f"{path}: written. In force from the next start.")


@theatre_cli.command("reset")
def theatre_reset(slug: Annotated[str, typer.Argument(help="The theatre.")]) -> None:
    """Forget what was set with `theatre set`: the map opens as its data say.

    Example: strikemap theatre reset ukraine
    """
    path = set_opening(open_workspace(), slug, None)
    typer.echo(f"{path}: removed. In force from the next start.")


def _period(first: str | None, last: str | None) -> tuple[date, date] | None:
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise InputError("--from and --to", first or last, "both days, or none")
    return parse_day(first), parse_day(last)


def _codes(text: str) -> tuple[str, ...]:
    codes = (code.strip() for code in text.split(","))
    return tuple(dict.fromkeys(code for code in codes if code))


def _box(text: str) -> Bounds:
    try:
        sides = [float(side) for side in text.split(",")]
    except ValueError as wrong:
        raise InputError("--bbox", text, "west,south,east,north in degrees") from wrong
    return Bounds.of(sides)


@theatre_cli.command("list")
def theatre_list(*, json: Json = False) -> None:
    """List the theatres, and those whose files have faults.

    Example: strikemap theatre list
    """
    settings = read_settings()
    theatres = read_theatres(settings.geodata_dir, settings.data_dir / "theatres")
    if json:
        tell_json(
            {
                "theatres": list(theatres.by_slug.values()),
                "faults": [
                    {"slug": one.slug, "file": str(one.path), "sentences": one.sentences()}
                    for one in theatres.faults
                ],
            }
        )
        return
    table = Table(Column("slug", no_wrap=True), "name", "countries", "zone", "parties")
    for theatre in theatres.by_slug.values():
        parties = ", ".join(party.code for party in theatre.party)
        countries = ", ".join(theatre.countries)
        table.add_row(theatre.slug, theatre.title("en"), countries, theatre.zone, parties)
    Console().print(table)
    for fault in theatres.faults:
        typer.echo(f"{fault.path}: not open.")
        for sentence in fault.sentences():
            typer.echo(f"  {sentence}")


@theatre_cli.command("check")
def theatre_check(
    file: Annotated[Path, typer.Argument(help="A theatre's file, such as sudan.toml.")],
) -> None:
    """Check a theatre's file, and write each fault as a sentence.

    Exit code 2 when it has any.

    Example: strikemap theatre check sudan.toml
    """
    settings = read_settings()
    shipped, own = settings.geodata_dir / "theatre", settings.data_dir / "theatres"
    theatre = read_theatre(file, settings.geodata_dir)
    others = dict(read_theatres(settings.geodata_dir, own).by_slug)
    is_shipped = file.resolve().parent == shipped.resolve()
    if is_shipped or (file.resolve().parent == own.resolve() and not _is_in(shipped, file)):
        others.pop(theatre.slug, None)  # the file itself
    if clashes := clashes_of(theatre, others):
        raise InvalidTheatre(clashes)
    countries = ", ".join(theatre.countries)
    typer.echo(f"{file}: no faults. Theatre {theatre.slug}: {countries}, days of {theatre.zone}.")


def _is_in(folder: Path, file: Path) -> bool:
    return (folder / file.name).exists()
