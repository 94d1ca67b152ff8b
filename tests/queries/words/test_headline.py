"""Headlines: facts alone, in both languages, and never a zero for what is not known."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from app.domain.terms import Face
from app.domain.view import View
from app.i18n import strings
from app.i18n.values import plural
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.incidents import list_incidents
from app.queries.sums import summarise
from app.queries.words.headline import incident_headline, summary_headline
from app.reference.reference import Reference
from tests.support import imported, table

NOW = datetime(2026, 9, 1, 12, tzinfo=UTC)
MARCH = View(theatre="ukraine", datasets=("mine",), first=date(2022, 3, 1), last=date(2022, 3, 31))
SPOT = {"precision": "exact", "lon": "36.23", "lat": "49.99", "start": "2022-03-10"}
SCHOOL = {
    **SPOT,
    "source_key": "school",
    "place": "Saltivka, Kharkiv",
    "damage1_sector": "education",
    "damage1_object_kind": "school",
    "weapons": "missile.ballistic",
}


def _counted(toll: str, low: str, high: str) -> dict[str, str]:
    return {f"{toll}_low": low, f"{toll}_high": high}


def _load(workspace: Workspace, folder: Path, *rows: Mapping[str, str], **options: str) -> None:
    options = {"dataset": "mine", "theatre": "ukraine", "terms": "CC0-1.0", **options}
    imported(workspace, table(folder, *rows), at=NOW, **options)


def _headline(workspace: Workspace, view: View = MARCH) -> str | None:
    published = publish(Query.of(workspace, view, NOW), Face.aggregates)
    text = summary_headline(published, summarise(published, "region"))
    return text and text.replace("\u00a0", " ")


def _record(workspace: Workspace, lang: str = "en") -> str:
    query = Query.of(workspace, MARCH.but(lang=lang), NOW)
    page = list_incidents(publish(query, Face.points), 1)
    return incident_headline(query, page.features[0]["properties"])


def test_a_headline_says_days_incidents_region_and_that_killed_are_not_known(
    workspace: Workspace, tmp_path: Path
) -> None:
    _load(workspace, tmp_path, SCHOOL, {**SCHOOL, "source_key": "b"})
    only = MARCH.but(regions=("UA-63",))
    assert _headline(workspace, only) == (
        "1–31 March 2022: 2 incidents with damage in Kharkiv Oblast; killed and injured not known."
    )
    assert _headline(workspace, only.but(lang="uk")) == (
        "1–31 березня 2022: Харківська область, 2 випадки з пошкодженнями; "
        "скільки загинуло й поранено, невідомо."
    )


def test_a_part_that_is_known_is_at_least_and_the_rest_not_known(
    workspace: Workspace, tmp_path: Path
) -> None:
    kyiv = {**SPOT, "lon": "30.52", "lat": "50.45", "source_key": "k"}
    _load(
        workspace,
        tmp_path,
        {**SCHOOL, "killed_low": "2", "killed_best": "2", "killed_high": "2"},
        {**SCHOOL, "source_key": "b"},
        kyiv,
    )
    assert _headline(workspace) == (
        "1–31 March 2022: 3 incidents in Ukraine, 2 of them with damage, most in Kharkiv Oblast "
        "(2); at least 2 killed, injured not known."
    )
    assert _headline(workspace, MARCH.but(lang="uk")) == (
        "1–31 березня 2022: Україна, 3 випадки, з пошкодженнями – 2, найбільше – Харківська область"
        " (2); загинуло щонайменше 2, скільки поранено, невідомо."
    )
    arabic = _headline(workspace, MARCH.but(lang="ar")) or ""
    assert ("،" in arabic, "؛" in arabic, "," in arabic, ";" in arabic) == (
        True,
        True,
        False,
        False,
    )


def test_a_filter_is_named_and_an_empty_period_is_no_quiet_time(
    workspace: Workspace, tmp_path: Path
) -> None:
    _load(workspace, tmp_path, SCHOOL)
    text = _headline(workspace, MARCH.but(sectors=("education",)))
    assert text is not None
    assert text.endswith("not known. Filters: What was hit: Education.")
    april = MARCH.but(first=date(2022, 4, 1), last=date(2022, 5, 2))
    assert _headline(workspace, april) == "1 April – 2 May 2022: nothing is recorded in Ukraine."


def test_what_is_withheld_has_no_headline(workspace: Workspace, tmp_path: Path) -> None:
    schools = [{**SCHOOL, "source_key": key} for key in "abc"]
    _load(workspace, tmp_path, *schools, terms="internal")
    assert _headline(workspace) is None
    assert _headline(workspace, MARCH.but(first=None, last=None)) is not None


def test_a_record_says_what_was_hit_by_what_where_and_who_came_to_harm(
    workspace: Workspace, tmp_path: Path
) -> None:
    harm = {**_counted("killed", "2", "2"), **_counted("injured", "5", "5")}
    _load(workspace, tmp_path, {**SCHOOL, **harm})
    assert _record(workspace) == (
        "School damaged by a missile in Saltivka, Kharkiv: 2 killed, 5 injured"
    )
    assert _record(workspace, "uk") == (
        "Пошкоджено ракетою: Заклад освіти, Saltivka, Kharkiv, Харківська область – загинуло 2, "
        "поранено 5"
    )


KHARKIV = "Kharkiv Oblast"
REGION = "Харківська область"
HOMES = {"damage1_sector": "residential"}
SENTENCES: list[tuple[dict[str, str], str, str]] = [
    ({"place": "Kharkiv"}, "Incident in Kharkiv", f"Випадок, Kharkiv, {REGION}"),
    (
        {"weapons": "drone.one_way"},
        f"Hit by a drone in {KHARKIV}",
        f"Уражено безпілотником, {REGION}",
    ),
    (HOMES, f"Homes damaged in {KHARKIV}", f"Пошкоджено: Житло, {REGION}"),
    (
        {"damage1_sector": "unknown", "weapons": "unknown"},
        f"Damage in {KHARKIV}",
        f"Пошкодження, {REGION}",
    ),
    (
        {"damage1_sector": "health", "damage1_grade": "destroyed", "status": "disputed"},
        f"Health facility destroyed in {KHARKIV} (disputed)",
        f"Знищено: Медичний заклад, {REGION} (оскаржується)",
    ),
    (
        {"damage1_sector": "health", "damage1_grade": "possible"},
        f"Health facility possibly damaged in {KHARKIV}",
        f"Можливо, пошкоджено: Медичний заклад, {REGION}",
    ),
    (
        {"damage1_sector": "energy", "damage1_grade": "none", "killed_low": "1"},
        f"Incident in {KHARKIV}: at least 1 killed",
        f"Випадок, {REGION} – загинуло щонайменше 1",
    ),
    (
        {"damage1_sector": "energy", "damage2_sector": "water", "weapons": "missile|drone"},
        f"Energy site and water supply damaged by a missile and a drone in {KHARKIV}",
        "Пошкоджено ракетою і безпілотником: Об’єкт енергетики і об’єкт водопостачання, " + REGION,
    ),
    (
        {**HOMES, "damage1_count": "12", "damage2_sector": "education", "damage2_count": "1"},
        f"Homes (12) and place of education damaged in {KHARKIV}",
        f"Пошкоджено: Житло (12) і заклад освіти, {REGION}",
    ),
    (
        {**HOMES, "damage1_object_kind": "багатоповерхівка", "mechanism": "interception_debris"},
        f"Homes damaged by debris of intercepted weapons in {KHARKIV}",
        f"Пошкоджено уламками перехопленої зброї: Багатоповерхівка, {REGION}",
    ),
    (
        {**HOMES, **_counted("killed", "0", "0"), **_counted("injured", "3", "5")},
        f"Homes damaged in {KHARKIV}: 0 killed, 3 to 5 injured",
        f"Пошкоджено: Житло, {REGION} – загинуло 0, поранено від 3 до 5",
    ),
    (
        {"lon": "", "lat": "", "precision": "admin1", "admin1": "UA-63", "injured_low": "4"},
        f"Incident in {KHARKIV}: at least 4 injured",
        f"Випадок, {REGION} – поранено щонайменше 4",
    ),
    (
        {"lon": "", "lat": "", "precision": "country"},
        "Incident",
        "Випадок",
    ),
]


@pytest.mark.parametrize(("row", "english", "ukrainian"), SENTENCES)
def test_a_headline_has_what_is_known_and_no_more(
    workspace: Workspace, tmp_path: Path, row: dict[str, str], english: str, ukrainian: str
) -> None:
    _load(workspace, tmp_path, {**SPOT, "source_key": "a", **row})
    assert (_record(workspace), _record(workspace, "uk")) == (english, ukrainian)


def test_a_record_at_a_sensitive_site_names_its_region_alone(
    workspace: Workspace, tmp_path: Path
) -> None:
    fresh = {**SCHOOL, "start": "2026-08-20", "damage1_sector": "energy"}
    _load(workspace, tmp_path, fresh)
    query = Query.of(workspace, MARCH.but(first=None, last=None), NOW)
    feature = list_incidents(publish(query, Face.points), 1).features[0]
    text = incident_headline(query, feature["properties"])
    assert text == "Energy site damaged by a missile in Kharkiv Oblast"


def test_nouns_have_their_form_by_number() -> None:
    assert [plural("uk", n) for n in (0, 1, 2, 5, 11, 12, 21, 22, 25, 111)] == [
        *("many", "one", "few", "many", "many", "many", "one", "few", "many", "many")
    ]
    assert [plural("en", n) for n in (0, 1, 2)] == ["many", "one", "many"]


@pytest.mark.parametrize("lang", ["en", "uk"])
def test_each_family_of_weapons_and_each_sector_has_words_for_a_headline(
    reference: Reference, lang: str
) -> None:
    words = strings(lang)
    families = {code.split(".")[0] for code in reference.taxonomy.weapons.codes}
    for kind, codes in (("weapon", families), ("what", reference.taxonomy.sectors.codes)):
        unnamed = [code for code in codes if f"headline_{kind}_{code}" not in words]
        assert set(unnamed) <= {"other", "unknown"}
