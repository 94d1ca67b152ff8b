"""Writes a picture as PDF: vectors and selectable text, with the fonts embedded."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, Literal

import numpy as np
import shapely
from PIL import Image
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont, shapeStr
from reportlab.pdfgen.canvas import Canvas as Sheet
from reportlab.pdfgen.pathobject import PDFPathObject
from shapely.geometry.base import BaseGeometry
from typing_extensions import override

from app.render.bidi import has_rtl, is_rtl_line, visual_pieces
from app.render.canvas import Canvas, Dashes, TextRun, outline, polygons_of
from app.render.fonts import EAST_ASIAN, Typeface, cut_by_face, text_width, typeface_of
from app.render.frame import Frame
from app.render.palette import WATERMARK, Mark, Pattern, rgb

POINTS_PER_PX = 0.75
"""A px of CSS is 1/96 inch, a point 1/72."""

MITRE, ROUND, NON_ZERO = 0, 1, 1
STEP, WIDE_STEP = 8.0, 16.0
FILL: Final = 0
STROKE: Final = 1
"""How letters are drawn (ISO 32000 9.3.6): filled, or only their outlines."""


class PdfCanvas(Canvas):
    """A picture that becomes one page of PDF, in px of its frame with y downwards."""

    def __init__(self, frame: Frame, fonts: Path, sheet: Sheet | None = None) -> None:
        super().__init__(frame, fonts)
        self._out = io.BytesIO()
        self.sheet = sheet or self._new_sheet()

    def _new_sheet(self) -> Sheet:
        wide, high = (side * POINTS_PER_PX for side in (self.frame.across, self.frame.down))
        # Invariant: no date and no random id, so that the same picture gives the same bytes.
        sheet = Sheet(self._out, pagesize=(wide, high), invariant=1, pageCompression=1)
        sheet.translate(0, high)
        per_px = POINTS_PER_PX / self.frame.scale
        sheet.scale(per_px, -per_px)
        sheet.setLineJoin(ROUND)
        return sheet

    @override
    def paint(self, shapes: Sequence[BaseGeometry], colour: str, opacity: float = 1.0) -> None:
        path = self._path_of(shapes)
        if path is not None:
            self._ink(colour, opacity)
            self.sheet.drawPath(path, stroke=0, fill=1, fillMode=NON_ZERO)
            self.sheet.setFillAlpha(1)

    @override
    def paint_hatch(
        self, shapes: Sequence[BaseGeometry], pattern: Pattern, opacity: float = 0.75
    ) -> None:
        path = self._path_of(shapes)
        if path is None:
            return
        sheet, scale = self.sheet, self.frame.scale
        sheet.saveState()
        sheet.clipPath(path, stroke=0, fill=0, fillMode=NON_ZERO)
        self._pen(pattern.colour, 1.3, None)
        sheet.setStrokeAlpha(opacity)
        box = shapely.total_bounds(np.array(list(shapes), object))
        inside = np.clip(box, 0, [self.frame.width, self.frame.height] * 2)
        sheet.lines(_hatch_lines(pattern.kind, inside, scale, sheet))
        sheet.restoreState()

    def _path_of(self, shapes: Sequence[BaseGeometry]) -> PDFPathObject | None:
        polygons = polygons_of(shapes)
        if not polygons:
            return None
        path = self.sheet.beginPath()
        for polygon in polygons:
            for ring in (polygon.exterior, *polygon.interiors):
                _trace(path, ring)
                path.close()
        return path

    @override
    def stroke(
        self,
        strokes: Sequence[BaseGeometry],
        colour: str,
        width: float,
        dashes: Dashes | None = None,
    ) -> None:
        if not strokes:
            return
        path = self.sheet.beginPath()
        for line in strokes:
            _trace(path, line)
        self._pen(colour, width, dashes)
        self.sheet.drawPath(path, stroke=1, fill=0)
        self.sheet.setDash()

    @override
    def discs(
        self,
        x: np.ndarray,
        y: np.ndarray,
        radius: np.ndarray,
        colours: Sequence[str],
        *,
        opacity: float,
    ) -> None:
        rows = zip(x.tolist(), y.tolist(), radius.tolist(), colours, strict=True)
        for cx, cy, r, colour in rows:
            if self.is_near(cx, cy, r):
                self._ink(colour, opacity)
                self.sheet.circle(cx, cy, r, stroke=0, fill=1)
        self.sheet.setFillAlpha(1)

    @override
    def dots(
        self, x: np.ndarray, y: np.ndarray, marks: Sequence[Mark], radius: float, ring: str
    ) -> None:
        scale = self.frame.scale
        self._pen(ring, 1.0, None)
        self.sheet.setLineJoin(MITRE)
        for cx, cy, mark in zip(x.tolist(), y.tolist(), marks, strict=True):
            if self.is_near(cx, cy, 2 * radius * scale):
                self._ink(mark.colour, 1.0)
                self._mark(mark.shape, (cx, cy), radius * scale)
        self.sheet.setLineJoin(ROUND)

    def _mark(self, shape: str, middle: tuple[float, float], radius: float) -> None:
        """Draw a shape; the ring is 1 px wide, half of it outside the stroked line."""
        inset = 0.5 * self.frame.scale
        if shape == "circle":
            self.sheet.circle(*middle, radius - inset, stroke=1, fill=1)
            return
        path = self.sheet.beginPath()
        _trace(path, outline(shape, radius, inset).exterior, middle)
        path.close()
        self.sheet.drawPath(path, stroke=1, fill=1)

    @override
    def paste(self, pixels: np.ndarray) -> None:
        high, wide = pixels.shape[:2]
        sheet = self.sheet
        sheet.saveState()
        sheet.translate(0, high)
        sheet.scale(1, -1)
        sheet.drawImage(ImageReader(Image.fromarray(pixels)), 0, 0, wide, high, mask="auto")
        sheet.restoreState()

    @override
    def write(self, text: TextRun) -> None:
        sheet, size = self.sheet, text.size * self.frame.scale
        font = _font(self.fonts, Typeface.bold if text.is_bold else Typeface.regular)
        share = {"start": 0.0, "middle": 0.5, "end": 1.0}[text.anchor]
        start = -share * text_width(self.fonts, text.text, size, is_bold=text.is_bold)
        sheet.saveState()
        sheet.translate(text.x, text.y)
        sheet.rotate(text.angle)
        sheet.scale(1, -1)
        sheet.setFont(font, size)
        if text.halo is not None:
            self._pen(text.halo, 4.0, None)
            self._draw_line(start, text, STROKE)
        self._ink(text.colour, 1.0)
        self._draw_line(start, text, FILL)
        sheet.restoreState()

    def _draw_line(self, start: float, text: TextRun, mode: Literal[0, 1]) -> None:
        """Draw a line from its left end; of two directions or faces, piece by piece."""
        is_ordered = not (text.is_rtl or has_rtl(text.text))
        if is_ordered and not EAST_ASIAN.search(text.text):
            self.sheet.drawString(start, 0, text.text, mode=mode)
            return
        size = text.size * self.frame.scale
        parts = [(text.text, False)]
        if not is_ordered:
            parts = [*visual_pieces(text.text, is_rtl=text.is_rtl or is_rtl_line(text.text))]
        for part, is_rtl in parts:
            for piece in cut_by_face(part):
                font = _font(self.fonts, typeface_of(piece, is_bold=text.is_bold))
                self.sheet.setFont(font, size)
                drawn = shapeStr(piece, font, size, force=True) if is_rtl else piece
                self.sheet.drawString(start, 0, drawn, mode=mode)
                start += text_width(self.fonts, piece, size, is_bold=text.is_bold)

    @override
    def watermark(self, text: str) -> None:
        sheet = self.sheet
        sheet.saveState()
        sheet.translate(self.frame.width / 2, self.frame.height / 2)
        sheet.rotate(-24)
        sheet.scale(1, -1)
        size = self.watermark_px * self.frame.scale
        sheet.translate(0, -0.36 * size)
        sheet.setFont(_font(self.fonts, Typeface.bold), size)
        self._ink(WATERMARK, self.watermark_opacity)
        run = TextRun(text, 0, 0, self.watermark_px, WATERMARK, is_bold=True)
        self._draw_line(-text_width(self.fonts, text, size, is_bold=True) / 2, run, FILL)
        sheet.restoreState()

    @override
    @contextmanager
    def inset(self, frame: Frame, x: int, y: int) -> Iterator[PdfCanvas]:
        sheet = self.sheet
        sheet.saveState()
        sheet.translate(x * frame.scale, y * frame.scale)
        edge = sheet.beginPath()
        edge.rect(0, 0, frame.width, frame.height)
        sheet.clipPath(edge, stroke=0, fill=0)
        yield PdfCanvas(frame, self.fonts, sheet)
        sheet.restoreState()

    def pdf(self, metadata: Mapping[str, str], language: str) -> bytes:
        """Return the document; `metadata` has a Title, a Description and a Copyright.

        With a Creation Time, the PDF's date is that instant; a Ledger Head is among its keywords.
        """
        sheet = self.sheet
        sheet.setTitle(metadata["Title"])
        sheet.setSubject(metadata["Description"])
        keywords = [metadata["Copyright"], metadata.get("Ledger Head", "")]
        sheet.setKeywords(" · ".join(filter(None, keywords)))
        sheet.setAuthor("Strikemap")
        sheet.setCreator("Strikemap")
        if "Creation Time" in metadata:
            digits = "".join(filter(str.isdigit, metadata["Creation Time"]))[:14]
            sheet.setDateFormatter(lambda *_now: f"D:{digits}Z")
        sheet.setViewerPreference("DisplayDocTitle", "true")
        sheet.setCatalogEntry("Lang", language)
        sheet.showPage()
        sheet.save()
        return self._out.getvalue()

    def _ink(self, colour: str, opacity: float) -> None:
        self.sheet.setFillColorRGB(*(part / 255 for part in rgb(colour)))
        self.sheet.setFillAlpha(opacity)

    def _pen(self, colour: str, width: float, dashes: Dashes | None) -> None:
        scale = self.frame.scale
        self.sheet.setStrokeColorRGB(*(part / 255 for part in rgb(colour)))
        self.sheet.setLineWidth(width * scale)
        self.sheet.setDash([part * scale for part in dashes] if dashes else [])


def _trace(path: PDFPathObject, line: BaseGeometry, at: tuple[float, float] = (0, 0)) -> None:
    points = (shapely.get_coordinates(line) + at).tolist()
    path.moveTo(*points[0])
    for point in points[1:]:
        path.lineTo(*point)


def _hatch_lines(kind: str, box: np.ndarray, scale: int, sheet: Sheet) -> list[tuple[float, ...]]:
    """Return the lines of a hatch over a box, on one raster for the whole page."""
    x0, y0, x1, y1 = box.tolist()
    step = (WIDE_STEP if kind == "wide" else STEP) * scale
    lines: list[tuple[float, ...]] = []
    if kind in ("rising", "wide", "cross"):  # x + y is the same along a line
        sums = np.arange(np.floor((x0 + y0) / step) * step, x1 + y1 + step, step)
        lines += [(c - y0, y0, c - y1, y1) for c in sums.tolist()]
    if kind in ("falling", "cross"):  # x - y is the same along a line
        differences = np.arange(np.floor((x0 - y1) / step) * step, x1 - y0 + step, step)
        lines += [(c + y0, y0, c + y1, y1) for c in differences.tolist()]
    if kind in ("level", "dots", "stipple"):
        rows = np.arange(np.floor(y0 / step) * step, y1 + step, step)
        lines += [(x0, y, x1, y) for y in rows.tolist()]
    if kind in ("dots", "stipple"):  # the dots are the dashes of level lines
        dot = (2.4 if kind == "dots" else 1.4) * scale
        sheet.setLineWidth(dot)
        sheet.setDash([dot, step - dot], x0 % step)
        if kind == "stipple":
            lines += [(x0 - step / 2, line[1] + step / 2, x1, line[3] + step / 2) for line in lines]
    return lines


def _font(folder: Path, face: Typeface) -> str:
    """Register a face of the vendored font once in a process, and return its name."""
    path = folder / face
    name = f"{path.stem}-{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if name not in pdfmetrics.getRegisteredFontNames():
        pdfmetrics.registerFont(TTFont(name, str(path)))
    return name
