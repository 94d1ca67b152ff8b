"""Pictures for reports: one of a View, or a set with one of each region."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli.base import cli, open_workspace, read_query, refuse_unwritable
from app.domain.errors import InputError
from app.pictures.figures import FIGURE_FORMS, LEAST_PX, MOST_PX, MOST_SCALE, FigureOptions, Figures
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from app.settings import read_settings

FONTS = "vendor/noto-sans-5.3.0"
Side = Annotated[int, typer.Option(min=LEAST_PX, max=MOST_PX, help="px at 1x.")]


@cli.command()
def figure(  # noqa: PLR0913  what a figure may be told, each by name
    out: Annotated[Path, typer.Argument(help="OUT.png, .svg or .pdf.")],
    view: Annotated[
        str, typer.Argument(help='A View as in a URL: "from=2025-10-24&lang=uk".')
    ] = "",
    *,
    width: Side = 1200,
    height: Side = 630,
    scale: Annotated[int, typer.Option(min=1, max=MOST_SCALE, help="px to one px at 1x.")] = 1,
    title: Annotated[str, typer.Option(help="Plain text; ours by default.")] = "",
    subtitle: Annotated[str, typer.Option(help="Plain text.")] = "",
    all_regions: Annotated[
        bool,
        typer.Option("--all-regions", help="OUT is a folder: one figure of each region, by code."),
    ] = False,
    form: Annotated[str, typer.Option("--format", help="Of a set: png, svg or pdf.")] = "png",
) -> None:
    """Draw a View with its legend, sources, terms and as-of, for a report.

    Example: strikemap figure week.pdf "from=2025-10-20&to=2025-10-26&lang=uk" --title "Тиждень"
    """
    form = form if all_regions else out.suffix.removeprefix(".").lower()
    if form not in FIGURE_FORMS:
        raise InputError("form of the figure", form or out.name, ", ".join(FIGURE_FORMS))
    settings = read_settings()
    query = read_query(open_workspace(settings), view)
    figures = Figures(Tiler(settings.static_dir / FONTS))
    wanted = FigureOptions(form, width, height, scale, title, subtitle)
    if not all_regions:
        refuse_unwritable(out)
        out.write_bytes(figures.figure(query, wanted))
        typer.echo(f"{out}")
        return
    _draw_set(out, query, figures, wanted)


def _draw_set(folder: Path, query: Query, figures: Figures, wanted: FigureOptions) -> None:
    """Draw a figure of each region, named by its code, so that a second run replaces the first."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise InputError("OUT", folder, "a folder that exists or can be made") from wrong
    codes = [region.code for region in query.regions.regions]
    codes = [code for code in codes if not query.view.regions or code in query.view.regions]
    with Progress(console=Console(stderr=True), transient=True) as shown:
        for code in shown.track(codes, description="figures"):
            body = figures.figure(query.but(regions=(code,)), wanted)
            (folder / f"{code}.{wanted.form}").write_bytes(body)
    typer.echo(f"{len(codes)} figures in {folder}")
