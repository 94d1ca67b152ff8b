"""Whatever code, configuration or documents cite is in the repository, for a stranger to open."""

from __future__ import annotations

import ast
import io
import os
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.making import ROOT

KINDS = {".py", ".md", ".toml", ".css", ".js", ".html", ".sql", ".sh", ".yml", ".json", ".geojson"}
BARE = {"Makefile", "Dockerfile"}
SKIPPED = {"var", "vendor", "node_modules", "build", "dist", "corpus", "__pycache__"}
OF_PACKAGES = ("vendor.json",)
"""It names files inside the archives of packages."""

PLAN = re.compile(r"\b(?:DESIGN|STYLE|HOUSE|FRONTEND|FORMATS|DATA)\b(?!\.md)")
"""Names of plans that are no part of the repository; as code, `FORMATS` is a table of formats."""

SECTION = re.compile(r"\b[A-Z]{5,} (?:section |idea |point )(?:[A-Z]\b|\d)")
OWN_DATA = re.compile(r"INVENTED DATA")
DOCUMENT = re.compile(r"(?P<path>[\w*./-]*[\w*]\.md)\b(?:`?,\s+(?:#\s*)?\"(?P<heading>[^\"]+)\")?")
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(?P<text>.+?)\s*$", re.MULTILINE)
ANCHOR = re.compile(r"<a id=\"(?P<name>[^\"]+)\">")


def files() -> Iterator[Path]:
    for folder, folders, names in os.walk(ROOT):
        # What is skipped has many files: it is not even walked.
        folders[:] = [one for one in folders if one not in SKIPPED and not one.startswith(".")]
        for path in (Path(folder, name) for name in names if not name.startswith(".")):
            if path.name in OF_PACKAGES:
                continue
            if path.suffix in KINDS or path.name in BARE:
                yield path


FILES = tuple(sorted(files()))


def headings(text: str) -> list[str]:
    """List the headings as they read, without code marks."""
    found = HEADING.finditer(FENCED.sub("", text))
    return [heading["text"].replace("`", "") for heading in found]


def anchors(text: str) -> set[str]:
    """List what a link can point to in a page: its headings, as slugs, and its ids."""
    slugs = {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings(text)}
    return slugs | {anchor["name"] for anchor in ANCHOR.finditer(text)}


def citations_that_fail(text: str, folder: Path) -> list[str]:
    """Name the documents, and headings in them, that a text cites and that are not there.

    A name is looked for from the root, from the folder of the text, and in docs/; one without
    any folder (`SOURCE.md`) may lie anywhere. Stars stand for any name.
    """
    failing = []
    for cited in DOCUMENT.finditer(text):
        path, heading = cited["path"], cited["heading"]
        places = [ROOT, folder, ROOT / "docs"]
        hits = [hit for place in places for hit in place.glob(path.lstrip("/").removeprefix("./"))]
        if not hits and "/" not in path:
            hits = [one for one in FILES if one.name == path]
        if not hits:
            failing.append(path)
        elif heading and " ".join(heading.split()) not in headings(hits[0].read_text("utf-8")):
            failing.append(f'{path}, "{heading}"')
    return failing


def links_that_fail(text: str, folder: Path) -> list[str]:
    """Name the relative links of a Markdown text that lead nowhere: files, pictures, anchors."""
    failing = []
    for link in LINK.finditer(FENCED.sub("", text)):
        target = link["target"]
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        path = folder / name
        page = path.read_text("utf-8") if path.suffix == ".md" and path.is_file() else ""
        page = page if name else text
        if (name and not path.exists()) or (anchor and anchor not in anchors(page)):
            failing.append(target)
    return failing


def plans_cited(text: str) -> list[str]:
    """Name the plans outside the repository that a text cites, by a name in capitals."""
    plain = OWN_DATA.sub("", re.sub(r"`[^`]*`", "", text))
    return [found[0] for pattern in (PLAN, SECTION) for found in pattern.finditer(plain)]


def words_of_python(source: str) -> str:
    """Return the comments and docstrings of a module: what it says, not what it does."""
    comments = [
        token.string
        for token in tokenize.generate_tokens(io.StringIO(source).readline)
        if token.type == tokenize.COMMENT
    ]
    texts = [
        node.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
    return "\n".join([*comments, *texts])


def test_every_document_that_is_cited_is_in_the_repository() -> None:
    failing = {}
    for path in FILES:
        text = path.read_text("utf-8")
        if path.name == Path(__file__).name:
            text = text.partition("@pytest.mark.parametrize")[0]  # planted cases stand below
        if missing := citations_that_fail(text, path.parent):
            failing[str(path.relative_to(ROOT))] = missing
    assert failing == {}


def test_every_link_of_a_document_leads_somewhere() -> None:
    pages = [path for path in FILES if path.suffix == ".md"]
    failing = {page.name: links_that_fail(page.read_text("utf-8"), page.parent) for page in pages}
    assert {name: links for name, links in failing.items() if links} == {}


def test_no_plan_outside_the_repository_is_cited() -> None:
    cited = {}
    for path in FILES:
        if path.suffix not in {".py", ".md", ".toml"}:
            continue
        text = path.read_text("utf-8")
        if plans := plans_cited(words_of_python(text) if path.suffix == ".py" else text):
            cited[str(path.relative_to(ROOT))] = plans
    assert cited == {}


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        ("see docs/absent.md", ["docs/absent.md"]),
        ("docs/privacy.md, \"Sums of weeks\"; `docs/privacy.md`, 'x'", []),
        ('docs/privacy.md, "Sums of months"', ['docs/privacy.md, "Sums of months"']),
        ('# (docs/privacy.md,\n# "Sums of weeks")', []),
        ("ABSENT.md and SOURCE.md and geodata/*/SOURCE.md", ["ABSENT.md"]),
        ("geodata/*/ABSENT.md", ["geodata/*/ABSENT.md"]),
    ],
)
def test_a_document_that_is_not_there_is_noticed(text: str, failing: list[str]) -> None:
    assert citations_that_fail(text, ROOT / "app") == failing


@pytest.mark.parametrize(
    ("text", "failing"),
    [
        ("[a](privacy.md#sums-of-weeks) [b](https://example.org/x.md)", []),
        ("[a](privacy.md#sums-of-months)", ["privacy.md#sums-of-months"]),
        ("![a](pictures/absent.png)", ["pictures/absent.png"]),
        ("# Here\n[a](#here) [b](#there)", ["#there"]),
        ("```\n[a](absent.md)\n```", []),
    ],
)
def test_a_link_that_leads_nowhere_is_noticed(text: str, failing: list[str]) -> None:
    assert links_that_fail(text, ROOT / "docs") == failing


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ('# the rule (DESIGN 5.1, "No side doors")', ["DESIGN"]),
        ("as FORMATS B9 says", ["FORMATS"]),
        ("STYLE 44; HOUSE.md is another thing", ["STYLE"]),
        ("ROADMAP section 6", ["ROADMAP section 6"]),
        ("`FORMATS` is a table; INVENTED DATA; RFC 7946 3.1.6", []),
    ],
)
def test_a_plan_outside_the_repository_is_noticed(text: str, cited: list[str]) -> None:
    assert plans_cited(text) == cited


def test_a_name_in_the_code_is_no_citation_and_one_in_its_comments_is() -> None:
    source = 'FORMATS = {}  # FORMATS B2\n"""After DESIGN 4."""\nDATA = "STYLE"\n'
    assert plans_cited(words_of_python(source)) == ["FORMATS", "DESIGN"]
