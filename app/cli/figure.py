"""Figures for reports: one of a View, or a set with one for each region."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli.base import cli, open_workspace, query_from, refuse_unwritable
from app.domain.errors import InputError
from app.pictures.figures import (
    FIGURE_FORMS,
    FIGURE_SIZES,
    LEAST_PX,
    MOST_PX,
    MOST_SCALE,
    FigureOptions,
    Figures,
    figure_size,
)
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from app.settings import read_settings

SidePx = Annotated[
    int | None, typer.Option(min=LEAST_PX, max=MOST_PX, help="px at 1x; 1200 by 630 by default.")
]


@cli.command()
def figure(  # noqa: PLR0913  a command's options, each by name
    out: Annotated[Path, typer.Argument(help="OUT.png, .svg or .pdf.")],
    view: Annotated[
        str, typer.Argument(help='A View as in a URL: "from=2025-10-24&lang=uk".')
    ] = "",
    *,
    size: Annotated[
        str | None, typer.Option(help=f"Instead of width and height: {', '.join(FIGURE_SIZES)}.")
    ] = None,
    width: SidePx = None,
    height: SidePx = None,
    scale: Annotated[
        int | None, typer.Option(min=1, max=MOST_SCALE, help="px to one px at 1x.")
    ] = None,
    title: Annotated[str, typer.Option(help="Plain text; ours by default.")] = "",
    subtitle: Annotated[str, typer.Option(help="Plain text.")] = "",
    all_regions: Annotated[
        bool,
        typer.Option("--all-regions", help="OUT is a folder: one figure of each region, by code."),
    ] = False,
    form: Annotated[str, typer.Option("--format", help="Of a set: png, svg or pdf.")] = "png",
) -> None:
    """Draw a View with its legend, sources, terms and its time of knowledge, for a report.

    Example: strikemap figure week.pdf "from=2025-10-20&to=2025-10-26&lang=uk" --title "Тиждень"
    """
    form = form if all_regions else out.suffix.removeprefix(".").lower()
    if form not in FIGURE_FORMS:
        raise InputError("form of the figure", form or out.name, ", ".join(FIGURE_FORMS))
    order = FigureOptions(form, *figure_size(size, width, height, scale), title, subtitle)
    settings = read_settings()
    query = query_from(open_workspace(settings), view)
    figures = Figures(Tiler(settings.fonts_dir))
    if not all_regions:
        refuse_unwritable(out)
        out.write_bytes(figures.figure(query, order))
        typer.echo(f"{out}")
        return
    _draw_set(out, query, figures, order)


def _draw_set(folder: Path, query: Query, figures: Figures, order: FigureOptions) -> None:
    """Draw a figure of each region, named by its code, so that a second run replaces the first."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as wrong:
        raise InputError("OUT", folder, "a folder that exists or can be made") from wrong
    codes = [region.code for region in query.regions.regions]
    codes = [code for code in codes if not query.view.regions or code in query.view.regions]
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for code in progress.track(codes, description="figures"):
            body = figures.figure(query.but(regions=(code,)), order)
            (folder / f"{code}.{order.form}").write_bytes(body)
    typer.echo(f"{len(codes)} figures in {folder}")
