"""Theatres: add, list and check them, and set what a map of one opens on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Column, Table

from app.cli.base import Json, cli, open_workspace, present, tell_json
from app.domain.errors import InputError, InvalidTheatre
from app.domain.instants import parse_day
from app.domain.place import Bounds
from app.domain.store import Author
from app.instance.new_theatre import NewTheatre, add_theatre, party_from
from app.instance.opening import set_opening
from app.instance.operator import operator_name
from app.instance.recorded_theatres import put_theatre, recorded_theatre, theatres_now
from app.instance.workspace import Workspace
from app.reference.opening import Opening
from app.reference.theatre_file import read_theatre, theatre_text
from app.reference.theatres import clashes_of, read_theatres
from app.settings import read_settings

theatre_cli = typer.Typer(
    help="Theatres: add a country, list them, check a file, set what opens.", no_args_is_help=True
)
cli.add_typer(theatre_cli, name="theatre")

IN_FORCE = "A running service has it within some seconds"


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
    order = NewTheatre(
        slug,
        _codes(country.upper()),
        _box(bbox) if bbox else None,
        tuple(party_from(text) for text in party or ()),
        zone,
        _codes(languages),
    )
    add_theatre(order, open_workspace(), _author())
    if json:
        tell_json({"slug": slug})
        return
    typer.echo(f"{slug}: added. {IN_FORCE}: /?theatre={slug}")


@theatre_cli.command("put")
def theatre_put(
    file: Annotated[Path, typer.Argument(help="A theatre's file, such as sudan.toml.")],
) -> None:
    """Record a theatre's file that you wrote or changed; its name without .toml is the theatre.

    Example: strikemap theatre put sudan.toml
    """
    theatre = put_theatre(open_workspace(), file, _author())
    typer.echo(f"{theatre.slug}: recorded. {IN_FORCE}: /?theatre={theatre.slug}")


@theatre_cli.command("show")
def theatre_show(slug: Annotated[str, typer.Argument(help="The theatre.")]) -> None:
    """Print the file of a theatre, to change it and record it again with `theatre put`.

    Example: strikemap theatre show sudan > sudan.toml
    """
    workspace = open_workspace()
    text = recorded_theatre(workspace, slug).file or _text_beside(workspace, slug)
    typer.echo(text, nl=False)


def _text_beside(workspace: Workspace, slug: str) -> str:
    """Return the text of a theatre that ships, or that is a file beside the record."""
    reference = workspace.reference
    theatres = theatres_now(workspace).by_slug
    if slug not in theatres:
        raise InputError("theatre", slug, ", ".join(theatres))
    folders = (reference.folder / "theatre", reference.own_theatres)
    paths = [folder / f"{slug}.toml" for folder in folders if folder is not None]
    return theatre_text(next(path for path in paths if path.is_file()))


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

    It replaces what was set before.

    Example: strikemap theatre set ukraine --dataset cir --from 2022-03-01 --to 2022-03-31
    """
    if not (dataset or control):
        raise InputError("options", "none", "--dataset or --control")
    parts = {"datasets": _codes(dataset), "control": control, "period": _period(first, last)}
    _change_opening(slug, parts)


@theatre_cli.command("languages")
def theatre_languages(
    slug: Annotated[str, typer.Argument(help="The theatre.")],
    codes: Annotated[str, typer.Argument(help="en, or ar,en: the first one is what opens.")],
) -> None:
    """Set the languages of a theatre's pages.

    Example: strikemap theatre languages sudan ar,en
    """
    _change_opening(slug, {"languages": _codes(codes)})


def _change_opening(slug: str, parts: Mapping[str, object]) -> None:
    """Set some parts of what a theatre opens on; the others stay."""
    workspace = open_workspace()
    opening = msgspec.structs.replace(workspace.reference.opening(slug), **parts)
    set_opening(workspace, slug, opening, _author())
    typer.echo(f"{slug}: set. {IN_FORCE}.")


@theatre_cli.command("reset")
def theatre_reset(slug: Annotated[str, typer.Argument(help="The theatre.")]) -> None:
    """Forget what was set with `theatre set`: the map opens as its data say.

    Example: strikemap theatre reset ukraine
    """
    set_opening(open_workspace(), slug, Opening(), _author())
    typer.echo(f"{slug}: set back. {IN_FORCE}.")


def _author() -> Author:
    return Author(operator_name(), present())


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
    theatres = theatres_now(open_workspace())
    if json:
        tell_json(
            {
                "theatres": list(theatres.by_slug.values()),
                "faults": [
                    {
                        "slug": one.slug,
                        "file": None if one.path is None else str(one.path),
                        "sentences": one.sentences(),
                    }
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
        typer.echo(f"{fault.path or fault.slug}: not open.")
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
    geodata = read_settings().geodata_dir
    theatre = read_theatre(file, geodata)
    others = dict(theatres_now(open_workspace()).by_slug)
    is_shipped = file.resolve().parent == (geodata / "theatre").resolve()
    if is_shipped or theatre.slug not in read_theatres(geodata).by_slug:
        others.pop(theatre.slug, None)  # the theatre itself, as it is until now
    if clashes := clashes_of(theatre, others):
        raise InvalidTheatre(clashes)
    countries = ", ".join(theatre.countries)
    typer.echo(f"{file}: no faults. Theatre {theatre.slug}: {countries}, days of {theatre.zone}.")
