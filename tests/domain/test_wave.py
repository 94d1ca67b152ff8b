"""Waves: reports overlap, and no weapon is counted twice."""

from __future__ import annotations

from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from app.domain.count import Count
from app.domain.period import When
from app.domain.source import SourceRef
from app.domain.wave import Scope, Sum, Volley, Wave, reckoned

ZONE = "Europe/Kyiv"


def _wave(
    launched: int | None,
    day: int = 1,
    *,
    scope: Scope = Scope.national,
    weapon: str = "drone.one_way",
    source: str = "invented",
) -> Wave:
    count = Count() if launched is None else Count.exactly(launched)
    return Wave(
        key=f"{day}|{scope}|{weapon}|{source}",
        dataset="invented",
        when=When.days(date(2025, 1, day), zone=ZONE),
        scope=scope,
        volleys=(Volley(model="invented", weapons=(weapon,), launched=count),),
        sources=(SourceRef(source),),
    )


def _total(*waves: Wave) -> Sum:
    return reckoned(waves).total(range(len(waves)))


def _launched(*waves: Wave) -> tuple[int | None, int | None, int | None]:
    launched = _total(*waves).launched
    return launched.low, launched.best, launched.high


def test_national_nights_add_up() -> None:
    assert _launched(_wave(5), _wave(7, day=2)) == (12, 12, 12)


def test_a_regional_report_is_never_added_to_the_national_one_of_its_night() -> None:
    total = _total(_wave(5), _wave(3, scope=Scope.regional, source="south"))
    assert (total.launched.low, total.launched.high) == (5, 5)
    assert (total.reports, total.overlapping) == (1, 1)


def test_a_regional_report_counts_where_the_national_one_is_silent_of_the_class() -> None:
    missiles = _wave(2, scope=Scope.regional, weapon="missile.cruise", source="south")
    assert _launched(_wave(5), missiles) == (7, 7, 7)


def test_regional_reports_of_one_night_are_a_range() -> None:
    south = _wave(3, scope=Scope.regional, source="south")
    odesa = _wave(2, scope=Scope.regional, source="odesa")
    assert _launched(south, odesa) == (3, None, 5)


def test_targets_of_one_report_are_not_the_same_weapons() -> None:
    first = replace(_wave(3, scope=Scope.regional), key="here")
    other = replace(_wave(2, scope=Scope.regional), key="there")
    assert _launched(first, other) == (5, 5, 5)


def test_two_national_accounts_of_the_very_same_window_are_a_range() -> None:
    assert _launched(_wave(5), _wave(6, source="another")) == (6, None, 11)


def test_an_unknown_figure_keeps_the_sum_open() -> None:
    assert _launched(_wave(5), _wave(None, day=2)) == (5, 5, None)


def test_an_undated_wave_counts_nowhere() -> None:
    undated = Wave(key="1", dataset="invented", when=When.days(None), scope=Scope.national)
    assert _total(undated).reports == 0


waves = st.builds(
    _wave,
    st.none() | st.integers(0, 50),
    st.integers(1, 3),
    scope=st.sampled_from(Scope),
    weapon=st.sampled_from(["drone.one_way", "drone.fpv", "missile.cruise"]),
    source=st.sampled_from(["a", "b"]),
)


@given(st.lists(waves, max_size=8), st.randoms())
def test_a_sum_does_not_depend_on_the_order_of_reports(
    reports: list[Wave], shuffle: object
) -> None:
    mixed = list(reports)
    shuffle.shuffle(mixed)  # type: ignore[attr-defined]
    assert _total(*mixed) == _total(*reports)


@given(st.lists(waves, max_size=8))
def test_every_report_is_counted_or_overlaps(reports: list[Wave]) -> None:
    total = _total(*reports)
    assert total.reports + total.overlapping == len(reports)
