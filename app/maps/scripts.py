"""The page's scripts as they travel."""

from __future__ import annotations

import re

DOCS = re.compile(r"/\*\*.*?\*/", re.DOTALL)
"""A JSDoc block. ESLint sees to it that no script has its beginning in a string."""


def without_docs(script: str) -> str:
    """Take the JSDoc out of a script; its code keeps its lines.

    Types and explanations are for editors and for the type checker. They would be a seventh of what
    a reader on a slow line waits for.
    """
    return DOCS.sub(lambda block: "\n" * block[0].count("\n"), script)
