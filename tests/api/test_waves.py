"""Waves over HTTP: refusals name what is allowed."""

from __future__ import annotations

from tests.serving import Service


def test_no_waves_is_told_and_a_place_is_refused(service: Service) -> None:
    missing = service.client.get("/api/waves?theatre=ukraine")
    assert missing.status_code == 404
    assert "waves" in missing.json()["detail"]
    refused = service.client.get("/api/waves?theatre=ukraine&bbox=1,2,3,4&limit=0")
    assert refused.status_code == 422
    assert [one["where"] for one in refused.json()["errors"]] == ["query.limit"]
    refused = service.client.get("/api/waves?theatre=ukraine&bbox=1,2,3,4")
    assert [one["where"] for one in refused.json()["errors"]] == ["query.bbox"]
