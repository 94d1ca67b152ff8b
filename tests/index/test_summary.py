"""Sums by region add up to the totals, and the arithmetic on columns is that of the domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from app.domain.count import Count, Kind, Tally, Toll
from app.domain.incident import Incident, decode_incident
from app.domain.place import LonLat, Place, Precision
from app.domain.revision import Action, Revision, Subject, canonical
from app.domain.view import View
from app.index.columns import Tables, pack
from app.index.cubes import Cube, build_cube
from app.index.groups import Grouping, Groups
from app.index.select import Filter, Segment
from app.index.summary import Ledger, measure, measure_names
from app.instance.workspace import Workspace
from app.queries.sums import summarise
from app.reference.reference import Reference
from app.rows import NEVER, Rows
from tests.index.history import UKRAINIAN, History, published
from tests.making import NOON, add, dataset, incident
from tests.strategies import tolls


def added_up(answer: dict[str, Any], field: str) -> int:
    return sum(int(row[field]) for row in (*answer["rows"], answer["elsewhere"]))


@given(st.sampled_from(UKRAINIAN), st.sampled_from(["stepped", "between", "rebuilt"]))
def test_rows_by_region_add_up_to_the_totals(history: History, slug: str, state: str) -> None:
    workspace = history.workspaces[state]
    answer = summarise(published(workspace, View(theatre="ukraine", datasets=(slug,))), "region")
    for field in ("incidents", "damaged", "destroyed"):
        assert added_up(answer, field) == answer["totals"][field]
    for toll in ("killed", "injured"):
        parts = [row[toll] for row in (*answer["rows"], answer["elsewhere"])]
        assert sum(part["low"] or 0 for part in parts) == (answer["totals"][toll]["low"] or 0)
        assert sum(part["of"] for part in parts) == answer["totals"][toll]["of"]


def test_a_point_in_the_land_of_another_theatre_is_elsewhere(private_workspace: Workspace) -> None:
    far = Place.at(LonLat(-124.5, -42.25), Precision.exact)
    add(private_workspace.store, dataset(), incident("here"), incident("far", place=far))
    view = View(theatre="ukraine", datasets=("invented",))
    for rebuilt in (False, True):
        if rebuilt:
            private_workspace.index.generations.rebuild()
        answer = summarise(published(private_workspace, view), "region")
        counts = {row["key"]: row["incidents"] for row in answer["rows"] if row["incidents"]}
        assert counts == {"UA-30": 1}
        assert answer["elsewhere"]["incidents"] == 1
        assert answer["totals"]["incidents"] == 2


def revision(seq: int, record: Incident) -> Revision:
    return Revision(
        seq=seq,
        recorded_at=NOON,
        actor="tester",
        action=Action.add,
        reason="a test",
        subject=Subject.incident,
        key=str(seq),
        prior=None,
        payload=canonical(record),
        salt=b"",
        digest=b"",
        previous=b"",
        hash=b"",
    )


def counts_of(parts: Sequence[Toll], kind: str) -> list[Count]:
    return [getattr(toll, kind) for toll in parts]


@given(st.lists(st.tuples(tolls, tolls, st.integers(0, 2)), max_size=12))
def test_sums_on_columns_are_those_of_the_counting_rules(
    reference: Reference, given_rows: list[tuple[Toll, Toll, int]]
) -> None:
    revisions = [
        revision(seq, incident(str(seq), killed=killed, injured=injured))
        for seq, (killed, injured, _) in enumerate(given_rows, 1)
    ]
    rows = pack(revisions, Tables({1: [], 2: []}), reference.taxonomy)
    groups = np.array([group for *_, group in given_rows], np.int64)
    codes = reference.taxonomy.sectors.codes
    ledger = Ledger(measure(rows, groups, 3, len(codes)), codes)
    for group in range(3):
        mine = [row for row in given_rows if row[2] == group]
        for place, toll in enumerate(("killed", "injured")):
            tolls_here: list[Toll] = [(row[0], row[1])[place] for row in mine]
            for kind in ("total", *Kind):
                expected = Tally.total(counts_of(tolls_here, kind))
                assert ledger.tally(toll, group, kind) == expected


@given(tolls)
def test_a_packed_record_decodes_to_what_was_written(toll: Toll) -> None:
    record = incident("a", killed=toll)
    assert decode_incident(canonical(record)) == record


def test_sums_of_great_numbers_do_not_turn_over() -> None:
    rows = Rows.concatenate([])
    great = np.full(2, 2_000_000_000, np.int32)
    columns = {name: np.zeros(2, column.dtype) for name, column in rows.columns.items()}
    columns |= {f"killed_total_{bound}": great for bound in ("low", "best", "high")}
    columns |= {"known_to": np.full(2, NEVER, np.int32), "seq": np.array([1, 2], np.int32)}
    cube = cube_of(Rows(columns))
    assert cube is not None
    low = measure_names(1).index("killed_total_low_sum")
    assert int(cube.between(0, 0).table[low].sum()) == 4_000_000_000


def test_one_mistyped_year_does_not_make_a_cube_of_centuries() -> None:
    rows = Rows.concatenate([])
    columns = {name: np.zeros(2, column.dtype) for name, column in rows.columns.items()}
    columns |= {"day_first": np.array([0, 47_000], np.int32)}
    columns |= {"day_last": columns["day_first"], "known_to": np.full(2, NEVER, np.int32)}
    assert cube_of(Rows(columns)) is None


def cube_of(rows: Rows) -> Cube | None:
    everything = Filter(NEVER - 1, np.ones(1, bool))
    return build_cube(Segment.sort(rows), everything, Grouping.region, Groups({1: 1}, 1, 1))
