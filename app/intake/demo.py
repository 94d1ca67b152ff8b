"""The data that ships with the project: one document's reports, and the invented land."""

from __future__ import annotations

from collections.abc import Iterator

from app.domain.store import Author
from app.instance.workspace import Workspace
from app.intake.importing import ImportedFile, import_file
from app.intake.options import ImportOptions
from app.intake.planning import Report

DEMOS = (
    ("demo/incidents.geojson", "demo", "ukraine", "Situation report, 25 October 2025"),
    ("demo/control.geojson", "cited", "ukraine", "UN General Assembly 68/262 and ES-11/4"),
    ("example/incidents.geojson", "example-incidents", "example", "Invented strikes"),
    ("example/control.geojson", "example-control", "example", "Invented control"),
)


def load_demos(workspace: Workspace, author: Author) -> Iterator[Report]:
    """Import each demo file; one that is loaded already changes nothing."""
    for file, dataset, theatre, title in DEMOS:
        options = ImportOptions(
            dataset=dataset, theatre=theatre, terms="CC0-1.0", title=title, attribution=title
        )
        path = workspace.reference.folder / file
        yield import_file(workspace, ImportedFile(path), options, author)
