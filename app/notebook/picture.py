"""A figure that a notebook shows and a script saves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Picture:
    """The bytes of a figure, and their form: png, svg or pdf."""

    content: bytes
    form: str = "png"

    def save(self, path: Path | str) -> Path:
        """Write the figure to a file, and return its path."""
        target = Path(path)
        target.write_bytes(self.content)
        return target

    def _repr_mimebundle_(self, **_kwargs: object) -> dict[str, bytes | str]:
        """Show it in a notebook."""
        if self.form == "svg":
            return {"image/svg+xml": self.content.decode()}
        media = "application/pdf" if self.form == "pdf" else "image/png"
        return {media: self.content}
