"""The table twin says what the map says, narrowed and sorted without scripts."""

from __future__ import annotations

import re
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.api.region_table import region_rows
from tests.serving import Service

EXAMPLE = {"theatre": "example"}
INCIDENT = re.compile(r'<tr><td><a href="/incidents/.*?</tr>', re.DOTALL)
DAY = re.compile(r'<td><a [^>]*><time datetime="(.*?)">')
CELL = re.compile(r"<t[dh][^>]*>(.*?)</t[dh]>", re.DOTALL)


def page(service: Service, **query: Any) -> str:
    answer = service.client.get("/table", params={**EXAMPLE, **query})
    assert answer.status_code == 200
    return answer.text


def incidents(html: str) -> list[list[str]]:
    return [
        [re.sub("<.*?>", "", cell) for cell in CELL.findall(row)] for row in INCIDENT.findall(html)
    ]


def least(cell: str) -> int:
    digits = re.search(r"\d+", cell)
    return int(digits[0]) if digits else -1


def test_a_form_with_empty_fields_is_the_whole_view(service: Service) -> None:
    empty = {"weapon": "", "sector": "", "status": "", "region": "", "min_killed": ""}
    assert "of 361" in page(service, **empty)


@pytest.mark.parametrize(
    "query", [{"weapon": "drone"}, {"sector": "energy"}, {"min_killed": 3}, {"status": "verified"}]
)
def test_the_table_is_narrowed_as_the_summary_is(service: Service, query: dict[str, Any]) -> None:
    summary = service.client.get("/api/summary", params={**EXAMPLE, **query}).json()
    assert f"of {summary['totals']['incidents']}." in page(service, **query)


@pytest.mark.parametrize(("order", "column"), [("killed", 5), ("injured", 6)])
def test_incidents_are_sorted_by_what_is_known_with_the_unknown_last(
    service: Service, order: str, column: int
) -> None:
    figures = [least(row[column]) for row in incidents(page(service, order=order))]
    assert figures == sorted(figures, reverse=True)
    assert len(figures) == 200


def test_the_oldest_come_first_when_asked(service: Service) -> None:
    days = DAY.findall(page(service, order="old"))
    assert days == sorted(days)
    newest = DAY.findall(page(service))
    assert len(newest) == 200
    assert newest == sorted(newest, reverse=True)


def test_regions_are_sorted_and_the_total_stays_last(service: Service) -> None:
    html = page(service, sort="killed")
    body = html[html.index("<tbody>") : html.index("</tbody>")]
    rows = [CELL.findall(row) for row in body.split("<tr>")[1:]]
    figures = [least(row[2]) for row in rows[:-1]]
    assert figures == sorted(figures, reverse=True)
    assert rows[-1][0] == "Total"
    assert 'aria-sort="descending"' in html


def test_the_table_says_the_same_in_words(service: Service) -> None:
    text = service.client.get("/api/summary", params=EXAMPLE).json()["text"]
    assert text[1] in page(service)


def test_a_wrong_order_is_refused_with_what_is_allowed(service: Service) -> None:
    answer = service.client.get("/table", params={"order": "loudest"})
    assert answer.status_code == 422
    assert "new, old, killed, injured" in answer.json()["detail"]


def test_filters_without_a_field_are_told_and_can_be_taken_away(service: Service) -> None:
    html = service.client.get("/table?theatre=example&bbox=-132,-46,-120,-40&line_km=30").text
    assert "only within -132–-120, -46–-40 degrees" in html
    assert "Distance to the line: within 30 km" in html
    links = [unescape(one) for one in re.findall(r'<a href="([^"]+)">take this filter away', html)]
    filters = [set(parse_qs(urlsplit(one).query)) & {"bbox", "line_km"} for one in links]
    assert sorted(map(sorted, filters)) == [["bbox"], ["line_km"]]


def test_no_rate_is_shown_where_no_people_are_counted(service: Service) -> None:
    assert "killed_per_100k" not in page(service)


def test_rates_are_sorted_with_the_unknown_last_and_sums_have_none() -> None:
    def row(name: str, low: int | None, high: int | None, rate: float | None) -> dict[str, Any]:
        count = {"low": low, "best": low, "high": high, "known": 1, "of": 1}
        fields = {"name": name, "incidents": 1, "killed": count, "injured": count, "damaged": 0}
        return {**fields, "killed_per_100k": rate}

    total = row("", 5, None, None)
    del total["killed_per_100k"]
    regions = [row("A", None, None, None), row("B", 1, 1, 0.25), row("C", 4, None, 2.5)]
    summary = {"rows": regions, "elsewhere": None, "totals": total}
    rows = region_rows("en", summary, "killed_per_100k")
    assert [(one["name"], one["rate"]) for one in rows] == [
        ("C", "at least 2.5"),
        ("B", "0.25"),
        ("A", "not known"),
        ("Total", "–"),
    ]


def test_a_ukrainian_table_has_ukrainian_numbers_and_days(service: Service) -> None:
    html = page(service, lang="uk", theatre="example", **{"from": "2024-03-01", "to": "2024-03-10"})
    assert "1 бер. 2024\u202fр." in html
    assert re.search(r'<time datetime="2024-03-10">10 бер\. 2024\u202fр\.</time>', html)
    assert not re.search(r">\d{4}-\d\d-\d\d", html)


def test_a_ukrainian_comparison_writes_every_area_alike(service: Service) -> None:
    query = {**EXAMPLE, "lang": "uk", "from": "2024-03-01", "to": "2024-04-10"}
    html = service.client.get("/compare", params=query).text
    areas = re.findall(r"(\d[\d.,\u00a0]*) км²", html)
    areas += re.findall(r'<td class="n">(.*?)</td>', html)
    assert len(areas) > 4
    spelled = re.compile(r"-?\d{1,3}(\u00a0\d{3})*(,\d)?")
    assert [one for one in areas if not spelled.fullmatch(one)] == []
    assert "квіт. 2024\u202fр." in html
