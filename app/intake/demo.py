"""The data that ships with the project: one document's reports, and the invented land."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from app.instance.workspace import Workspace
from app.intake.importing import Order, import_file
from app.intake.planning import Report

DEMOS = (
    ("demo/incidents.geojson", "demo", "ukraine", "Situation report, 25 October 2025"),
    ("demo/control.geojson", "cited", "ukraine", "UN General Assembly 68/262 and ES-11/4"),
    ("example/incidents.geojson", "example-incidents", "example", "Invented strikes"),
    ("example/control.geojson", "example-control", "example", "Invented control"),
)


def load_demos(workspace: Workspace, actor: str, now: datetime) -> Iterator[Report]:
    """Import each demo file; one that is loaded already changes nothing."""
    for file, dataset, theatre, title in DEMOS:
        order = Order(
            workspace.reference.folder / file,
            dataset=dataset,
            theatre=theatre,
            licence="CC0-1.0",
            title=title,
            attribution=title,
        )
        yield import_file(workspace, order, actor=actor, now=now)
