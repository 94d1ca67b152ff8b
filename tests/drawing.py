"""What tests of figures share: drawing one, and reading its words back out of the PDF."""

from __future__ import annotations

import io
from datetime import datetime
from typing import Any

import numpy as np
import pypdfium2
from PIL import Image

from app.domain.view import View
from app.instance.workspace import Workspace
from app.pictures.figures import FigureOptions, Figures
from app.pictures.tiles import Tiler
from app.publishing.query import Query
from tests.making import NOON, ROOT

FONTS = ROOT / "static" / "vendor" / "noto-sans-5.3.0"


def drawn(
    workspace: Workspace, view: View, form: str = "png", now: datetime = NOON, **size: Any
) -> bytes:
    """Draw a figure with nothing kept from before."""
    figures = Figures(Tiler(FONTS))
    return figures.figure(Query.of(workspace, view, now), FigureOptions(form, **size))


def words(workspace: Workspace, view: View, now: datetime = NOON, **size: Any) -> str:
    """Read everything that a figure says, lines joined by single spaces."""
    return pdf_words(drawn(workspace, view, "pdf", now, **size))


def pdf_words(body: bytes) -> str:
    """Read the text of a PDF's only page."""
    document = pypdfium2.PdfDocument(body)
    try:
        assert len(document) == 1
        page = document[0]
        text = page.get_textpage()
        content = str(text.get_text_bounded())
        text.close()
        page.close()
    finally:
        document.close()
    return " ".join(content.split())


def colours_in(pixels: np.ndarray) -> set[tuple[int, int, int]]:
    """List the colours of a picture's pixels."""
    red, green, blue = np.moveaxis(pixels[..., :3].astype(np.uint32), -1, 0)
    packed = np.unique(red << 16 | green << 8 | blue).tolist()
    return {(one >> 16, one >> 8 & 255, one & 255) for one in packed}


def pdf_picture(body: bytes, px_per_point: float = 4 / 3) -> np.ndarray:
    """Rasterise a PDF's only page."""
    document = pypdfium2.PdfDocument(body)
    try:
        page = document[0]
        picture = np.asarray(page.render(scale=px_per_point).to_pil().convert("RGB"))
        page.close()
    finally:
        document.close()
    return picture


def picture(body: bytes) -> np.ndarray:
    """Read a PNG as RGB px."""
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))


def apart(a: np.ndarray, b: np.ndarray) -> float:
    """Measure how unlike two pictures are: the mean difference of a colour, smoothed, 0 to 255."""
    small = [
        np.asarray(Image.fromarray(one).convert("RGB").resize((300, 158), Image.Resampling.BOX))
        for one in (a, b)
    ]
    return float(np.abs(small[0].astype(int) - small[1].astype(int)).mean())
