"""A hook of the documentation site: files beside `docs/` that a page links travel with it."""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

OUTSIDE = re.compile(r"\]\(\.\./([^)#]+)\)")
NAMED_FENCE = re.compile(r"^(```\w+) \w+$", re.MULTILINE)
"""A code block with a name behind its language, which only our tests read."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add every file that a page links outside of its folder."""
    root = Path(config.config_file_path).parent
    pages = [file.content_string for file in files.documentation_pages()]
    for name in sorted({name for page in pages for name in OUTSIDE.findall(page)}):
        content = (root / name).read_text("utf-8").replace("](docs/", "](../")
        files.append(File.generated(config, f"beside/{Path(name).name}", content=content))
    return files


def on_page_markdown(markdown: str, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001  the names of mkdocs
    """Let links outside of the folder lead to the copies, and code blocks have a language only."""
    if page.file.src_uri.startswith("beside/"):
        return markdown
    markdown = NAMED_FENCE.sub(r"\1", markdown)
    return OUTSIDE.sub(lambda link: f"](beside/{Path(link[1]).name})", markdown)
