"""A map inside another site's page obeys the terms of embedding."""

from __future__ import annotations

from pathlib import Path

from tests.serving import Service, command, serving
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


def test_a_choice_that_a_frame_does_not_have_is_refused_with_those_that_it_has(
    public_service: Service,
) -> None:
    answer = public_service.client.get("/embed", params={"controls": "all", "caption": ""})
    assert answer.status_code == 422
    errors = {one["where"]: one["allowed"] for one in answer.json()["errors"]}
    assert errors == {"query.controls": "full, time, none", "query.caption": "full, none"}
    whole = public_service.client.get("/", params={"controls": "none"})
    assert whole.status_code == 422


def test_oembed_gives_the_frame_the_choices_of_its_address(public_service: Service) -> None:
    url = f"{public_service.url}/embed?theatre=example&controls=time&caption=none"
    html = public_service.client.get("/oembed", params={"url": url}).json()["html"]
    assert "&amp;caption=none" in html
    assert "&amp;controls=time" in html
    plain = public_service.client.get("/oembed", params={"url": f"{public_service.url}/embed"})
    assert "controls" not in plain.json()["html"]
    for wrong in (url.replace("time", "all"), url.replace("/embed", "/")):
        assert public_service.client.get("/oembed", params={"url": wrong}).status_code == 404
