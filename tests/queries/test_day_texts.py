"""Sums by day are the same text whether their months were written before or not."""

from __future__ import annotations

import msgspec

from app.domain.view import View
from app.instance.workspace import Workspace
from app.publishing.publish import Published
from app.queries.day_texts import DayTexts
from app.queries.sums import summarise
from tests.index.history import published
from tests.making import add, dataset, incident


def written(answer: Published, days: DayTexts | None) -> bytes:
    return msgspec.json.encode(summarise(answer, "day", days))


def test_kept_months_are_the_same_bytes_as_written_anew_also_after_an_amendment(
    private_workspace: Workspace,
) -> None:
    days = DayTexts()
    add(private_workspace.store, dataset(), incident("1"), incident("2"))
    view = View(theatre="ukraine", datasets=("invented",))
    for more in ("3", "4"):
        for one in (view, view.but(sectors=("energy",)), view.but(metric="killed_per_100k")):
            answer = published(private_workspace, one)
            plain = written(answer, None)
            assert b'"incidents"' in plain
            assert plain == written(answer, days) == written(answer, days)
        add(private_workspace.store, incident(more))
