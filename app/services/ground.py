"""Who held how much ground on a day: control areas measured by status and region."""

from __future__ import annotations

from datetime import date
from typing import Any

from app.domain.control import ControlSnapshot, ControlStatus
from app.domain.errors import NotFound
from app.domain.place import area_km2
from app.domain.terms import Dataset
from app.domain.view import View
from app.index.build import Snapshot
from app.index.control import areas_by_region
from app.services.workspace import Workspace


def control_on(snapshot: Snapshot, dataset: Dataset, day: date, seq: int) -> ControlSnapshot:
    """Find the snapshot valid on a day.

    Raises:
        NotFound: the source says nothing on or before that day, as known then.
    """
    found = snapshot.control.on(dataset.slug, day, seq)
    if found is None:
        raise NotFound(f"{dataset.slug!r} has no control snapshot on or before {day}.")
    return found


def control_areas(  # noqa: PLR0913, PLR0917  what the answer is of, and whose ground
    workspace: Workspace,
    view: View,
    snapshot: Snapshot,
    dataset: Dataset,
    day: date,
    controller: str | None,
) -> dict[str, Any]:
    """Measure a day's control in the shape of `/api/control/areas`.

    Cited units have no polygon and are listed with km2 null, never measured.
    """
    theatre = workspace.reference.theatres[view.theatre]
    controller = controller or theatre.default_controller
    seq = snapshot.seq if view.as_of is None else workspace.store.seq_at(view.as_of)
    found = control_on(snapshot, dataset, day, seq)
    held = snapshot.control.held(found)
    ground = held.get(controller)
    regions = workspace.reference.region_set(view.theatre)
    names = {region.code: region for region in regions.at(view.level)}
    by_code = {} if ground is None else areas_by_region(ground, names.values())
    total = None if ground is None else area_km2(ground)
    return {
        "control": dataset.slug,
        "date": str(day),
        "valid_on": str(found.valid_on),
        "age_days": (day - found.valid_on).days,
        "baseline": {"includes": [part.value for part in found.includes]},
        "controller": controller,
        "total_km2": None if total is None else round(total, 1),
        "areas": _areas(snapshot, found),
        "regions": [
            {
                "key": code,
                "name": names[code].name(view.lang),
                "km2": round(km2, 1),
                "share": round(km2 / area_km2(names[code].shape), 4),
            }
            for code, km2 in sorted(by_code.items(), key=lambda pair: -pair[1])
        ],
        "elsewhere_km2": None if total is None else round(max(total - sum(by_code.values()), 0), 1),
        "front_line": _line(workspace, view, snapshot, found),
        "region_set": {"id": regions.id, "hash": regions.hash},
        "note": found.note,
        "credits": [dataset.credit],
    }


def _line(
    workspace: Workspace, view: View, snapshot: Snapshot, found: ControlSnapshot
) -> dict[str, float]:
    line = workspace.index.lines.of(snapshot.control, found, view.theatre)
    return {"length_km": round(line.length_km, 1), "border_tolerance_km": line.tolerance_km}


def _areas(snapshot: Snapshot, found: ControlSnapshot) -> list[dict[str, Any]]:
    measured: dict[tuple[str, ControlStatus], float] = {}
    cited = []
    for area in found.areas:
        if area.shape is None:
            cited.append(
                {
                    "controller": area.controller,
                    "status": area.status.value,
                    "km2": None,
                    "region": area.region,
                    "extent": area.extent.value,
                    "citation": area.citation,
                }
            )
        else:
            key = (area.controller, area.status)
            km2 = area_km2(snapshot.control.shapes.read(area.shape))
            measured[key] = measured.get(key, 0.0) + km2
    listed: list[dict[str, Any]] = [
        {"controller": who, "status": status.value, "km2": round(km2, 1)}
        for (who, status), km2 in measured.items()
    ]
    return listed + cited
