"""Writes a picture as SVG: text stays text, and the needed letters of the font are embedded."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import numpy as np
import shapely
from fontTools import subset
from fontTools.ttLib import TTFont
from shapely.geometry.base import BaseGeometry
from typing_extensions import override

from app.render.bidi import has_rtl, is_rtl_line
from app.render.canvas import Canvas, Dashes, TextRun, outline, polygons_of
from app.render.fonts import Typeface, cut_by_face, text_width, typeface_of
from app.render.frame import Frame
from app.render.palette import WATERMARK, Mark, Pattern
from app.render.png import write_png

FAMILY, FAMILY_EAST_ASIAN = "Strikemap Noto Sans", "Strikemap Noto Sans CJK"
HATCHES = {
    "rising": (8, "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4", 1.3),
    "falling": (8, "M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4", 1.3),
    "cross": (8, "M-2,2 l4,-4 M0,8 l8,-8 M6,10 l4,-4 M-2,6 l4,4 M0,0 l8,8 M6,-2 l4,4", 1.3),
    "level": (8, "M0,4 h8", 1.3),
    "wide": (16, "M-4,4 l8,-8 M0,16 l16,-16 M12,20 l8,-8", 1.3),
    "dots": (8, "M3,4 h2.4", 2.4),
    "stipple": (8, "M0,0 h1.4 M4,4 h1.4", 1.4),
}
"""Side of the repeated square, its path and the width of strokes, in px at 1x, as on the page."""


class SvgCanvas(Canvas):
    """A picture that becomes SVG, in px of its frame."""

    def __init__(self, frame: Frame, fonts: Path, shared: SvgCanvas | None = None) -> None:
        super().__init__(frame, fonts)
        self.parts: list[str] = []
        self.defs: dict[str, str] = {} if shared is None else shared.defs
        self.used: dict[Typeface, set[str]] = {} if shared is None else shared.used

    @override
    def paint(self, shapes: Sequence[BaseGeometry], colour: str, opacity: float = 1.0) -> None:
        self._filled(shapes, f'fill="{colour}"', opacity)

    @override
    def paint_hatch(
        self, shapes: Sequence[BaseGeometry], pattern: Pattern, opacity: float = 0.75
    ) -> None:
        side, path, width = HATCHES[pattern.kind]
        name = f"hatch-{pattern.kind}-{pattern.colour.lstrip('#').lower()}"
        scale = self.frame.scale
        self.defs[name] = (
            f'<pattern id="{name}" width="{side}" height="{side}" patternUnits="userSpaceOnUse"'
            f' patternTransform="scale({scale})"><path d="{path}" stroke="{pattern.colour}"'
            f' stroke-width="{width}" fill="none"/></pattern>'
        )
        self._filled(shapes, f'fill="url(#{name})"', opacity)

    def _filled(self, shapes: Sequence[BaseGeometry], fill: str, opacity: float) -> None:
        path = "".join(
            _path(ring, is_closed=True)
            for part in polygons_of(shapes)
            for ring in (part.exterior, *part.interiors)
        )
        if path:
            faint = "" if opacity == 1 else f' fill-opacity="{opacity:g}"'
            self.parts.append(f'<path d="{path}" {fill}{faint}/>')

    @override
    def stroke(
        self,
        strokes: Sequence[BaseGeometry],
        colour: str,
        width: float,
        dashes: Dashes | None = None,
    ) -> None:
        path, scale = "".join(_path(one) for one in strokes), self.frame.scale
        if path:
            dashed = "" if dashes is None else f' stroke-dasharray="{_pair(dashes, scale)}"'
            self.parts.append(
                f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width * scale:g}"'
                f' stroke-linejoin="round"{dashed}/>'
            )

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
        discs = "".join(
            f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="{r:.1f}" fill="{colour}"/>'
            for cx, cy, r, colour in rows
            if self.is_near(cx, cy, r)
        )
        self.parts.append(f'<g fill-opacity="{opacity:g}">{discs}</g>')

    @override
    def dots(
        self, x: np.ndarray, y: np.ndarray, marks: Sequence[Mark], radius: float, ring: str
    ) -> None:
        scale, names = self.frame.scale, {}
        for shape in sorted({mark.shape for mark in marks}):
            name = names[shape] = f"{shape}-{radius * scale:g}".replace(".", "_")
            self.defs[name] = _symbol(name, shape, radius * scale, 0.5 * scale)
        dots = "".join(
            f'<use href="#{names[mark.shape]}" x="{cx:.1f}" y="{cy:.1f}" fill="{mark.colour}"/>'
            for cx, cy, mark in zip(x.tolist(), y.tolist(), marks, strict=True)
            if self.is_near(cx, cy, 2 * radius * scale)
        )
        self.parts.append(f'<g stroke="{ring}" stroke-width="{scale}">{dots}</g>')

    @override
    def paste(self, pixels: np.ndarray) -> None:
        high, wide = pixels.shape[:2]
        data = base64.b64encode(write_png(pixels)).decode()
        self.parts.append(
            f'<image width="{wide}" height="{high}" href="data:image/png;base64,{data}"/>'
        )

    @override
    def write(self, text: TextRun) -> None:
        scale, size = self.frame.scale, text.size * self.frame.scale
        self._use(text.text, is_bold=text.is_bold)
        # With its length stated, a line has its size also in a viewer without the embedded font.
        wide = text_width(self.fonts, text.text, size, is_bold=text.is_bold)
        look = f'fill="{text.colour}"'
        if text.halo is not None:
            look += f' stroke="{text.halo}" stroke-width="{4 * scale}" paint-order="stroke"'
            look += ' stroke-linejoin="round"'
        bold = ' font-weight="700"' if text.is_bold else ""
        is_rtl = text.is_rtl or is_rtl_line(text.text)
        # In a line from right to left, SVG counts the start of a text from its right end.
        side = (
            {"start": "end", "end": "start"}.get(text.anchor, text.anchor)
            if is_rtl
            else text.anchor
        )
        anchor = "" if side == "start" else f' text-anchor="{side}"'
        anchor += ' direction="rtl"' if is_rtl else ""
        if text.angle:
            anchor += f' transform="rotate({text.angle:.1f} {text.x:.1f} {text.y:.1f})"'
        self.parts.append(
            f'<text x="{text.x:.1f}" y="{text.y:.1f}" font-size="{size:g}"{bold}{anchor}'
            f' textLength="{wide:.1f}" lengthAdjust="spacingAndGlyphs" {look}>'
            f"{escape(text.text)}</text>"
        )

    def _use(self, text: str, *, is_bold: bool) -> None:
        """Note the letters that the document embeds."""
        for piece in cut_by_face(text):
            self.used.setdefault(typeface_of(piece, is_bold=is_bold), set()).update(piece)

    @override
    def watermark(self, text: str) -> None:
        x, y, size = (
            self.frame.width / 2,
            self.frame.height / 2,
            self.watermark_px * self.frame.scale,
        )
        self._use(text, is_bold=True)
        self.parts.append(
            f'<text x="{x:g}" y="{y + 0.36 * size:g}" transform="rotate(-24 {x:g} {y:g})"'
            f' text-anchor="middle"'
            f' font-size="{size}" font-weight="700" fill="{WATERMARK}"'
            f' fill-opacity="{self.watermark_opacity}">'
            f"{escape(text)}</text>"
        )

    @override
    @contextmanager
    def inset(self, frame: Frame, x: int, y: int) -> Iterator[SvgCanvas]:
        part, name = SvgCanvas(frame, self.fonts, self), f"inset-{len(self.parts)}"
        self.defs[name] = (
            f'<clipPath id="{name}">'
            f'<rect width="{frame.width}" height="{frame.height}"/></clipPath>'
        )
        yield part
        at = f"translate({x * frame.scale} {y * frame.scale})"
        content = "".join(part.parts)
        self.parts.append(f'<g transform="{at}"><g clip-path="url(#{name})">{content}</g></g>')

    def svg(self, metadata: Mapping[str, str], language: str, background: str) -> bytes:
        """Return the document; `metadata` has a Title, a Description and a Copyright.

        With a Ledger Head, it is the document's identifier.
        """
        frame = self.frame
        faces = "".join(
            f"@font-face{{font-family:'{_family(face)}';"
            f"font-weight:{700 if face is Typeface.bold else 400};"
            f"src:url(data:font/ttf;base64,{_letters(self.fonts, face, ''.join(sorted(used)))}"
            ")}"
            for face, used in sorted(
                self.used.items(), key=lambda one: list(Typeface).index(one[0])
            )
        )
        families = ", ".join(f"'{name}'" for name in dict.fromkeys(map(_family, self.used)))
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{frame.across}" height="{frame.down}"'
            f' viewBox="0 0 {frame.width} {frame.height}" role="img" aria-labelledby="title desc"'
            f" xml:lang={quoteattr(language)} font-family=\"{families}, 'Noto Sans', sans-serif\">"
            f'<title id="title">{escape(metadata["Title"])}</title>'
            f'<desc id="desc">{escape(metadata["Description"])}</desc>'
            '<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">'
            f"<dc:rights>{escape(metadata['Copyright'])}</dc:rights>"
            f"<dc:identifier>{escape(metadata.get('Ledger Head', ''))}</dc:identifier></metadata>"
            f"<style>{faces}</style><defs>{''.join(self.defs.values())}</defs>"
            f'<rect width="{frame.width}" height="{frame.height}" fill="{background}"/>'
        )
        return f"{head}{''.join(self.parts)}</svg>\n".encode()


def _family(face: Typeface) -> str:
    return FAMILY_EAST_ASIAN if face is Typeface.east_asian else FAMILY


def _path(line: BaseGeometry, *, is_closed: bool = False) -> str:
    """Write a line's points to a tenth of a px."""
    points = np.round(shapely.get_coordinates(line), 1)
    points = points[:-1] if is_closed else points
    text = "L".join(f"{x:g} {y:g}" for x, y in points.tolist())
    return f"M{text}Z" if is_closed else f"M{text}"


def _symbol(name: str, shape: str, radius: float, inset: float) -> str:
    """Define the shape of a mark, which every mark refers to; half of its ring is outside."""
    if shape == "circle":
        return f'<circle id="{name}" r="{radius - inset:g}"/>'
    points = shapely.get_coordinates(outline(shape, radius, inset)).round(2)[:-1].tolist()
    return f'<path id="{name}" d="M{"L".join(f"{x:g} {y:g}" for x, y in points)}Z"/>'


def _pair(dashes: Dashes, scale: int) -> str:
    return f"{dashes[0] * scale} {dashes[1] * scale}"


@cache
def _letters(folder: Path, face: Typeface, letters: str) -> str:
    """Return a font with only some letters, as base64; equal letters give equal bytes."""
    joins = ["ccmp", "isol", "init", "medi", "fina", "rlig", "mark", "mkmk"]
    options = subset.Options(
        layout_features=joins if has_rtl(letters) else [],
        hinting=False,
        notdef_outline=True,
        name_IDs=[1, 2],
        glyph_names=False,
    )
    with TTFont(folder / face, recalcTimestamp=False) as font:
        cutter = subset.Subsetter(options)
        cutter.populate(text=letters)
        cutter.subset(font)
        out = io.BytesIO()
        font.save(out)
    return base64.b64encode(out.getvalue()).decode()
