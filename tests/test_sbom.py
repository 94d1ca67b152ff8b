"""The list of components has every package of the lock, with all its hashes, and equal bytes."""

from __future__ import annotations

import json
import re
import subprocess
import sys

from tests.making import ROOT
from tools.sbom import sbom


def test_every_locked_package_is_a_component_with_its_hashes() -> None:
    lock = (ROOT / "requirements.lock").read_text("utf-8")
    components = json.loads(json.dumps(sbom()))["components"]
    names = re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==", lock, re.MULTILINE)
    assert len(names) > 40
    assert {name.lower().replace("_", "-") for name in names} <= {one["name"] for one in components}
    assert [one["purl"] for one in components if "npm" in one["purl"]] == [
        "pkg:npm/leaflet@1.9.4",
        "pkg:npm/mgrs@2.2.0",
    ]
    hashes = sum(len(one["hashes"]) for one in components if "pypi" in one["purl"])
    assert hashes == lock.count("--hash=sha256:")


def test_two_runs_give_equal_bytes_in_the_shape_of_the_standard() -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-m", "tools.sbom"], cwd=ROOT, capture_output=True, check=True
        ).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    document = json.loads(runs[0])
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    references = [one["bom-ref"] for one in document["components"]]
    assert len(references) == len(set(references))
