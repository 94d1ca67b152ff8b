"""The program and its exit codes. A command's module is imported only when it is called."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typing_extensions import override

from app.domain.errors import (
    NO_SPACE,
    ClockBehind,
    InputError,
    NotAllowed,
    NotFound,
    NotShared,
    Outdated,
    StorageAway,
    StoreError,
)
from app.instance.memory import collect_seldom


class CommandEntry(NamedTuple):
    """A command in the program's help: its module in `app.cli`, and its line."""

    module: str
    help: str


COMMANDS = {
    "export": CommandEntry(
        "exporting",
        "Write a View's incidents to files, with the data dictionary, terms and citation inside.",
    ),
    "tiles": CommandEntry(
        "archiving", "Write a View's vector tiles as one PMTiles file that a static host can serve."
    ),
    "publish": CommandEntry(
        "giving",
        "Write a View as files for a static host or a CDN: page, marks, sums, figures and method.",
    ),
    "lake": CommandEntry(
        "giving",
        "Write the record as GeoParquet by dataset and month: incidents, claims, regions, control.",
    ),
    "batch": CommandEntry(
        "batches",
        "Run a join or a count over a lake, on SedonaDB or Spark: regions, ground of a day, tiles.",
    ),
    "figure": CommandEntry(
        "figure",
        "Draw a View with its legend, sources, terms and its time of knowledge, for a report.",
    ),
    "import": CommandEntry(
        "loading",
        "Import files, folders or archives, each in one transaction; every row's fate is reported.",
    ),
    "demo": CommandEntry(
        "loading",
        "Load what ships with the project: the Ukraine demo and the invented example land.",
    ),
    "synth": CommandEntry(
        "loading", "Write invented incidents, the same every time, watermarked on every face."
    ),
    "undo": CommandEntry(
        "loading",
        "Undo a whole import in one transaction; nothing is erased, and all of it stays in the "
        "ledger.",
    ),
    "evidence": CommandEntry(
        "record", "Write an incident's evidence bundle, with a script that checks it offline."
    ),
    "cover": CommandEntry(
        "covering",
        "Cover these parts of a picture and no others: readers get a copy with them filled.",
    ),
    "faces": CommandEntry(
        "covering", "Suggest parts of pictures that may show a face; nobody is recognised."
    ),
    "attach": CommandEntry(
        "record",
        "Archive a source file of an incident, with its hash, time, method and operator.",
    ),
    "purge": CommandEntry(
        "record",
        "Erase an incident or a story for good, for every `as_of`; a mark stays in the chain.",
    ),
    "redact": CommandEntry(
        "record",
        "Hide texts of an incident from the public, for every `as_of`; the record keeps them.",
    ),
    "verify": CommandEntry("proving", "Check every link of the ledger; name the first broken one."),
    "sign": CommandEntry(
        "proving",
        "Sign the head of the record, for whoever wants to check later that nothing was changed.",
    ),
    "backup": CommandEntry(
        "backups",
        "Write the record and all that belongs to it as one file, while the service runs.",
    ),
    "restore": CommandEntry(
        "backups",
        "Restore a backup into an empty data folder, after every part of it was checked.",
    ),
    "doctor": CommandEntry(
        "doctor", "Say what is wrong with this installation, and which command mends it."
    ),
    "upgrade": CommandEntry(
        "doctor", "Bring the record to the schema of this release, and build its index."
    ),
    "serve": CommandEntry("serving", "Start the service."),
    "summary": CommandEntry("summary", "Sum casualties and damage of a View."),
    "basemap": CommandEntry(
        "basemap", "The basemap: add a file of streets or imagery, show it, go back."
    ),
    "datasets": CommandEntry(
        "datasets", "List the datasets, and what the terms of each allow to publish."
    ),
    "approvals": CommandEntry("approvals", "What waits for a second person."),
    "mapping": CommandEntry("loading", "What the columns of any table mean."),
    "match": CommandEntry("matches", "The same strike reported by several datasets."),
    "review": CommandEntry("reviews", "What to look at before publishing."),
    "index": CommandEntry(
        "proving", "The index, built from the record: it can always be built anew."
    ),
    "regions": CommandEntry(
        "regions", "Boundaries: the shipped ones, and better ones that you load."
    ),
    "theatre": CommandEntry(
        "theatres", "Theatres: add a country, list them, check a file, set what opens."
    ),
    "store": CommandEntry("stores", "Where the record is: a file, or a database on a server."),
    "token": CommandEntry("tokens", "Who may import and edit over HTTP."),
}
"""Every command in the order of the help; the line is the first sentence of its own help."""


class _Commands(TyperGroup):
    """Lists the commands by the table, and imports the module of the one that is called."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = {
            name: TyperCommand(name, help=entry.help) for name, entry in COMMANDS.items()
        }

    @override
    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and load(str(command.name)), rest


def load(name: str) -> Any:
    """Import a command's module and return the command, or the group, of this name."""
    if name == "serve":
        # Arrow's own allocator keeps 50 MB once it has read the basemap. It is chosen at import.
        os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    module = import_module(f"app.cli.{COMMANDS[name].module}")
    return typer.main.get_group(module.cli).commands[name]


program = typer.Typer(
    cls=_Commands,
    help="Strikes, the harm they did and who held the ground, on a map that can be cited.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _print_version(*, is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"strikemap {version('strikemap')}")
        raise typer.Exit


@program.callback()
def options(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Read the options before the name of a command."""


def main() -> None:
    """Run a command; an error becomes one sentence and an exit code, never a traceback."""
    collect_seldom()
    try:
        program()
    except (ClockBehind, InputError, NotAllowed, NotFound, NotShared, Outdated) as error:
        for problem in getattr(error, "problems", ()):
            typer.echo(problem.sentence(), err=True)
        if not isinstance(error, InputError):
            typer.echo(str(error), err=True)
        sys.exit(2)
    except (StorageAway, StoreError) as error:
        typer.echo(str(error), err=True)
        sys.exit(3)
    except OSError as error:
        if error.errno not in NO_SPACE:
            raise
        typer.echo(f"The disk cannot take this: {error.strerror}.", err=True)
        sys.exit(3)
