"""The parts of an answer before it is written as JSON."""

from __future__ import annotations

from typing import Any

JsonObject = dict[str, Any]
"""A JSON object: text, numbers, lists and objects by name; docs/api.md says which names."""
