"""The law: any bytes give records, rejections or one sentence; never another exception."""

from __future__ import annotations

import msgspec

from app.domain.errors import InputError
from app.domain.store import Author
from app.importers.formats import FORMATS
from app.instance.workspace import Workspace
from app.intake.importing import ImportedFile, import_file
from app.intake.options import ImportOptions
from app.intake.suggestion import suggest
from tests.fuzz.seeds import Seed
from tests.support import NOW, fates

LONGEST_SENTENCE = 6_000
"""The longest lists every format or every field that a mapping may name."""


def judge(workspace: Workspace, seed: Seed, format_name: str) -> str:
    """Plan an import of some bytes, and say what became of it; anything but the law raises."""
    folder = workspace.archive.parent / "fuzzed"
    folder.mkdir(exist_ok=True)
    path = folder / "file.bin"
    path.write_bytes(seed.content)
    options = ImportOptions(
        format=format_name,
        dry_run=True,
        mapping=seed.mapping,
        valid_on=seed.choices.valid_on,
        controller=seed.choices.controller,
    )
    file = ImportedFile(path, seed.name)
    try:
        report = import_file(workspace, file, options, Author("fuzz", NOW))
    except InputError as wrong:
        check_sentence(str(wrong))
        return "refused"
    assert fates(report) == report.rows
    msgspec.json.encode(report)
    return "taken" if report.added else "nothing taken"


def judge_suggestion(workspace: Workspace, seed: Seed) -> str:
    """Ask what a file's columns could mean; what is proposed must be readable again."""
    path = workspace.archive.parent / "suggested.bin"
    path.write_bytes(seed.content)
    try:
        suggestion = suggest(workspace, path, "ukraine", seed.name)
    except InputError as wrong:
        check_sentence(str(wrong))
        return "refused"
    msgspec.toml.decode(suggestion.toml())
    return "proposed"


def check_sentence(text: str) -> None:
    assert text
    assert "\n" not in text
    assert len(text) < LONGEST_SENTENCE
    text.encode()


def choices(own: str) -> list[str]:
    """Say under which names a file of a format is tried: by content, by its own, by any other."""
    return [*["auto"] * 30, *[own] * 50, *FORMATS]
