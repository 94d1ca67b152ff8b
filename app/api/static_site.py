"""A View as a folder of files for a host or a CDN that runs no program of ours.

All files but the marks are answers of the service to an anonymous reader. So terms, embargo,
generalisation and redactions hold here as they do there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import parse_qsl

import msgspec
from anyio.from_thread import start_blocking_portal
from fastapi import FastAPI

from app.api.params import read_query
from app.api.save import Answers, saved_page
from app.domain.terms import Face
from app.instance.workspace import Workspace
from app.pictures.archive import ArchiveLayers, archive_view
from app.pictures.tiles import Tiler
from app.publishing.defaults import with_defaults
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.export import describe_export, refuse_export

MARKS, PAGE, ABOUT, METHOD, STYLE = (
    "marks.pmtiles",
    "index.html",
    "about.json",
    "method.html",
    "page.css",
)
SUMS = ("region", "weapon", "sector", "dataset", "day")
FIGURES = {"figure.png": "figure.png", "figure.svg": "figure.svg", "figure.pdf": "figure.pdf"}
LINKS = (
    (re.compile(r'<link rel="icon"[^>]*>'), '<link rel="icon" href="data:,">'),
    (re.compile(r'(<link rel="stylesheet" href=)"/static/page.css"'), rf'\1"{STYLE}"'),
    (re.compile(r'<a href="/[^"]*"[^>]*>(.*?)</a>'), r"\1"),
)
"""What a page of the service links, and what stands in its place in a folder."""


@dataclass(frozen=True)
class StaticSite:
    """The files of one View, for the audience that the application serves."""

    app: FastAPI
    static: Path
    fonts: Path
    query: Query
    zooms: tuple[int, int]

    @classmethod
    def of(
        cls, app: FastAPI, static: Path, fonts: Path, query_text: str, zooms: tuple[int, int]
    ) -> StaticSite:
        """Take a View as a page opens it; the text is that of a URL."""
        workspace: Workspace = app.state.workspace
        query = read_query(workspace, parse_qsl(query_text, keep_blank_values=True))
        return cls(app, static, fonts, with_defaults(query), zooms)

    def files(self, folder: Path) -> Iterator[tuple[str, bytes]]:
        """Yield every file by its name, the page that needs the others last.

        Equal answers give equal files. A part that its terms withhold has no file. A folder for
        unfinished work is needed for the marks.

        Raises:
            NotShared: the terms of a dataset of the View do not allow the public to take it along.
        """
        refuse_export(self.query)
        marks = folder / MARKS
        layers = ArchiveLayers(["incidents"], *self.zooms)
        archive_view(Tiler(self.fonts), self.query, layers, marks)
        yield MARKS, marks.read_bytes()
        with start_blocking_portal() as portal:
            answers = Answers(self.app, self.query.view, portal)
            text = self.query.view.query()
            for by in SUMS:
                document = answers.get(f"/api/summary?{text}&by={by}")
                yield f"summary/{by}.json", msgspec.json.encode(document)
            for name, address in FIGURES.items():
                yield name, answers.bytes(f"/{address}?{text}")
            yield METHOD, self._method(answers)
        yield STYLE, _without_pictures(self.static / "page.css")
        yield ABOUT, msgspec.json.format(msgspec.json.encode(self.about()), indent=1)
        yield PAGE, saved_page(self.app, self.static, text, MARKS, METHOD).encode()

    def about(self) -> Mapping[str, object]:
        """Describe the View: its state of the record, credits, terms, notes and citation."""
        published = publish(self.query, Face.export)
        rows = len(published.select())
        document = describe_export(published, rows).document(())
        document.pop("exported_at")
        return document

    def _method(self, answers: Answers) -> bytes:
        view, words = self.query.view, self.query.words
        html = answers.bytes(f"/method?theatre={view.theatre}&lang={view.lang}").decode()
        to_map = f'<nav><a href="{PAGE}">{escape(words["map"])}</a></nav>'
        html = re.sub(r"<nav .*?</nav>", lambda _: to_map, html, flags=re.DOTALL)
        files = rf"<h2>{escape(words['exports'])}</h2>.*?(?=<h2>{escape(words['credits'])}</h2>)"
        html = re.sub(files, "", html, flags=re.DOTALL)  # it speaks of what the service offers
        for pattern, replacement in LINKS:
            html = pattern.sub(replacement, html)
        return html.encode()


def _without_pictures(path: Path) -> bytes:
    return re.sub(r"url\([^)]*\)", "none", path.read_text("utf-8")).encode()
