"""Writes the demo from the reports of one document: `python -m geodata.demo.build`.

Each record cites the document. What it does not say stays unknown: no coordinates for a region, no
figure where none is given, no line and no area of control where only units are named.
"""

import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
DOCUMENT = {
    "publisher": "Situation report of 25 October 2025 (the project's founding document)",
    "published": "2025-10-25",
}
NIGHT = {"start": "2025-10-24", "end": "2025-10-25", "when_precision": "day"}
BARRAGE = {"weapons": ["missile.unknown", "drone"], "attributed_to": {"party": "ru"}}
CLAIM = {
    "by": "Ministry of Defence of Russia",
    "text": "Facilities of the military-industrial complex were the target.",
}

KYIV_ERROR_M = 20_000
"""The document says "across the city": the error covers Kyiv from its centre."""


def incidents() -> list[dict[str, Any]]:
    """List the five reports."""
    kyiv = {
        "source_key": "2025-10-25-kyiv",
        **NIGHT,
        **BARRAGE,
        "when_text": "overnight on October 24-25",
        "precision": "settlement",
        "error_m": KYIV_ERROR_M,
        "place": "Kyiv",
        "country": "UA",
        "region": "UA-30",
        "mechanism": "interception_debris",
        "killed": {"low": 2},
        "injured": {"low": 13, "best": 13, "high": 13},
        "damage": [
            {"sector": "residential", "object_kind": "apartment buildings"},
            {"sector": "food", "object_kind": "food warehouses"},
        ],
        "claims": [CLAIM],
        "description": "Two people killed, with others succumbing later, and thirteen injured "
        "across the city; debris from intercepted weaponry damaged buildings.",
    }
    dnipropetrovsk = {
        "source_key": "2025-10-25-dnipropetrovsk",
        **NIGHT,
        **BARRAGE,
        "when_text": "overnight on October 24-25",
        "precision": "admin1",
        "country": "UA",
        "region": "UA-12",
        "claims": [CLAIM],
        "description": "Part of the same barrage; no place, casualties or damage stated.",
    }
    kharkiv = {
        "source_key": "2025-10-25-kharkiv",
        **NIGHT,
        "weapons": ["missile.unknown", "drone", "bomb.glide"],
        "attributed_to": {"party": "ru"},
        "when_text": "overnight on October 24-25",
        "precision": "admin1",
        "country": "UA",
        "region": "UA-63",
        "claims": [CLAIM],
        "description": "Part of the same barrage; guided aerial bombs in Kharkiv. No casualties "
        "or damage stated for this place.",
    }
    odesa = {
        "source_key": "2025-10-25-odesa",
        **NIGHT,
        "weapons": ["bomb.glide"],
        "attributed_to": {"party": "ru"},
        "precision": "admin1",
        "country": "UA",
        "region": "UA-51",
        "description": "Guided aerial bombs; "
        "whether the city or the region is meant is not stated.",
    }
    oil = {
        "source_key": "2025-10-25-oil-sector",
        "when_text": "near-daily",
        "precision": "country",
        "country": "RU",
        "weapons": ["drone", "missile.unknown"],
        "attributed_to": {"party": "ua"},
        "damage": [{"sector": "oil_gas"}],
        "description": "Ukrainian drones and missiles against oil infrastructure in Russia; "
        "neither place nor day stated.",
    }
    records: list[dict[str, Any]] = [kyiv, dnipropetrovsk, kharkiv, odesa, oil]
    for record in records:
        record["status"] = "reported"
        record["sources"] = [DOCUMENT]
    return records


def control() -> list[dict[str, Any]]:
    """List whole units named by resolutions of the UN General Assembly; no line, no measure."""
    crimea = "UN General Assembly resolution 68/262"
    in_part = "UN General Assembly resolution ES-11/4"
    areas = []
    for valid_on in ("2014-03-27", "2022-10-12"):
        areas += [
            {
                "valid_on": valid_on,
                "region": code,
                "part": "crimea",
                "extent": "whole_region",
                "citation": crimea,
            }
            for code in ("UA-40", "UA-43")
        ]
    areas += [
        {
            "valid_on": "2022-10-12",
            "region": code,
            "extent": "part_of_region",
            "word": "in part, extent not given",
            "citation": in_part,
        }
        for code in ("UA-09", "UA-14", "UA-23", "UA-65")
    ]
    return [{"controller": "ru", "status": "unknown", **area} for area in areas]


def write(name: str, records: list[dict[str, Any]], points: dict[str, list[float]]) -> None:
    """Write native GeoJSON, one feature per line; a record without a point has a null geometry."""
    lines = []
    for record in records:
        spot = points.get(str(record.get("source_key")))
        geometry = {"type": "Point", "coordinates": spot} if spot else None
        one = {"type": "Feature", "properties": record, "geometry": geometry}
        lines.append(json.dumps(one, ensure_ascii=False))
    text = '{"type": "FeatureCollection", "features": [\n' + ",\n".join(lines) + "\n]}\n"
    (HERE / name).write_text(text, "utf-8")


if __name__ == "__main__":
    write("incidents.geojson", incidents(), {"2025-10-25-kyiv": [30.5238, 50.4547]})
    write("control.geojson", control(), {})
