"""What a test needs of the machine: a missing part is a failure under CI, and skipped elsewhere."""

from __future__ import annotations

import os

import pytest


def need(what: str, command: str, *, is_here: bool) -> None:
    """Go on if a part is here.

    Else the test is skipped, or fails under `CI=true`; either says which command installs the part.
    """
    if is_here:
        return
    sentence = f"{what} is not here: {command} installs it"
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)
