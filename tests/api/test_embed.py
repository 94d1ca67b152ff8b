"""A map inside another site's page obeys the terms of embedding."""

from __future__ import annotations

from pathlib import Path

from tests.serving import command, serving
from tests.support import table


def test_data_that_may_not_be_embedded_is_refused_with_the_way_to_change_it(
    tmp_path: Path,
) -> None:
    row = {"source_key": "a", "start": "2025-03-10", "precision": "country", "lon": "", "lat": ""}
    data_dir = tmp_path / "data"
    done = command(data_dir, "import", str(table(tmp_path, row)), "--dataset", "held")
    assert done.returncode == 0, done.stderr
    with serving(data_dir) as service:
        refused = service.client.get("/embed", params={"dataset": "held"})
        assert (refused.status_code, refused.json()["title"]) == (
            403,
            "Withheld by the dataset's terms",
        )
        assert "strikemap datasets set" in refused.json()["detail"]
        assert service.client.get("/", params={"dataset": "held"}).status_code == 200
        command(data_dir, "datasets", "set", "held", "--terms", "CC0-1.0")
        assert service.client.get("/embed", params={"dataset": "held"}).status_code == 200
