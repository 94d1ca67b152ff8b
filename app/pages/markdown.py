"""An editor's text as HTML that can only be text: no scripts, styles, pictures or HTML."""

from __future__ import annotations

from functools import cache

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markupsafe import Markup
from typing_extensions import override

RULES = (
    *("emphasis", "escape", "entity", "newline", "backticks", "link", "autolink"),
    *("list", "blockquote", "hr", "strikethrough"),
)
"""What of Markdown is read; all else stays text. A picture would be a request to another site, and
a heading would stand outside of the story's own."""

SCHEMES = ("https://", "http://", "mailto:", "/", "#")
DEEPEST = 12
"""Lists and quotes inside each other."""


def html_of(text: str) -> Markup:
    r"""Write Markdown as HTML.

    >>> html_of("**Two** <b>schools</b>")
    Markup('<p><strong>Two</strong> &lt;b&gt;schools&lt;/b&gt;</p>\n')
    >>> html_of("[here](javascript:alert(1))")
    Markup('<p>[here](javascript:alert(1))</p>\n')
    """
    tokens = _parser().parse(text)
    for token in tokens:
        for part in token.children or ():
            if part.type == "link_open":  # it leaves the frame of an embed, and says nothing of us
                part.attrSet("rel", "noopener noreferrer nofollow")
                part.attrSet("target", "_blank")
    html = RendererHTML().render(tokens, _parser().options, {})
    return Markup(html)  # noqa: S704  the parser escapes all that it does not read as Markdown


class _StoryMarkdown(MarkdownIt):
    @override
    def validateLink(self, url: str) -> bool:
        """Tell a link to a page from one that runs something, or opens another program."""
        return url.lower().startswith(SCHEMES)


@cache
def _parser() -> MarkdownIt:
    options = {"html": False, "maxNesting": DEEPEST}
    return _StoryMarkdown("zero", options).enable(list(RULES))
