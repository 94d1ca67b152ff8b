"""Invented incidents, made by the program itself."""

from __future__ import annotations

from dataclasses import replace

from app.domain.store import Author
from app.instance.workspace import Workspace
from app.intake.synth import synthesise
from tests.making import NOON


def test_the_limit_on_files_of_others_does_not_bound_invented_incidents(
    workspace: Workspace,
) -> None:
    small = replace(workspace, max_file_bytes=1_000)
    report = synthesise(small, 50, "ukraine", Author("test", NOON))
    assert report.added == 50
