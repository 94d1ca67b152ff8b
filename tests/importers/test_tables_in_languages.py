"""Tables that people keep in their own language: names of columns, days, numbers and words."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Literal

import pytest
from babel.dates import get_month_names

from app.domain.count import Count
from app.domain.incident import Incident, decode_incident
from app.domain.revision import Subject
from app.importers.notation import MONTHS
from app.instance.workspace import Workspace
from tests.support import imported, written

LOCALES = ("en", "uk", "ru", "es", "fr", "ar", "ar_SY", "ar_DZ", "ar_MA")
TABLES = {
    "es": (
        "fecha;hora;latitud;longitud;muertos;heridos;lugar;objetivo;arma;nivel de daño\n"
        "10/03/2024;23:40;49,99;36,23;2;3;Járkov;escuela;dron;destruido\n"
        "17/03/2024;05:10;50,45;30,52;entre 2 y 4;al menos 5;Kyiv;hospital;misil;dañado\n"
        "18 de marzo de 2024;;50,45;30,52;unos 5;varios;Kyiv;vivienda;artillería;daños leves\n"
    ),
    "fr": (
        "date;heure;latitude;longitude;tués;blessés;lieu;cible;arme;niveau de dommage\n"
        "10/03/2024;23:40;49,99;36,23;2;3;Kharkiv;école;drone;détruit\n"
        "17/03/2024;05:10;50,45;30,52;entre 2 et 4;au moins 5;Kyiv;hôpital;missile;endommagé\n"
        "18 mars 2024;;50,45;30,52;environ 5;plusieurs;Kyiv;immeuble;artillerie;dommages légers\n"
    ),
    "ar": (
        "التاريخ;الوقت;خط العرض;خط الطول;القتلى;الجرحى;المكان;الهدف;السلاح;درجة الضرر\n"
        "2024-03-10;23:40;49.99;36.23;٢;3;خاركيف;مدرسة;طائرة مسيرة;مدمر\n"
        "١٧ آذار ٢٠٢٤;05:10;50.45;30.52;بين 2 و 4;على الأقل 5;كييف;مستشفى;صاروخ;متضرر\n"
        "18 مارس 2024;;50.45;30.52;حوالي 5;عدة;كييف;منزل;مدفعية;أضرار طفيفة\n"
    ),
    "ru": (
        "дата;время;широта;долгота;погибло;ранено;место;цель;оружие;степень повреждения\n"
        "10.03.2024;23:40;49,99;36,23;2;3;Харьков;школа;беспилотник;разрушен\n"
        "17.03.2024;05:10;50,45;30,52;от 2 до 4;не менее 5;Киев;больница;ракета;поврежден\n"
        "18 марта 2024 г.;;50,45;30,52;около 5;несколько;Киев;жилой дом;артиллерия;"
        "частичные повреждения\n"
    ),
}


def test_every_month_of_the_cldr_is_read_in_these_languages() -> None:
    contexts: list[Literal["format", "stand-alone"]] = ["format", "stand-alone"]
    widths: list[Literal["wide", "abbreviated"]] = ["wide", "abbreviated"]
    for locale, context, width in product(LOCALES, contexts, widths):
        for number, name in get_month_names(width, context, locale).items():
            assert MONTHS[name.lower().removesuffix(".")] == number, (locale, name)


def _incidents(workspace: Workspace) -> list[Incident]:
    revisions = workspace.store.latest(Subject.incident)
    incidents = [decode_incident(one.payload) for one in revisions if one.payload]
    return sorted(incidents, key=lambda one: str(one.when.first))


@pytest.mark.parametrize("language", TABLES)
def test_a_table_in_another_language_is_read_at_once(
    language: str, private_workspace: Workspace, tmp_path: Path
) -> None:
    path = written(tmp_path, f"table-{language}.csv", TABLES[language])
    report = imported(private_workspace, path)
    assert (report.added, report.rejected) == (3, 0)
    first, second, third = _incidents(private_workspace)
    days = [str(one.when.first) for one in (first, second, third)]
    assert days == ["2024-03-10", "2024-03-17", "2024-03-18"]
    assert [one.place.is_drawable for one in (first, second, third)] == [True] * 3
    assert (first.killed.total, first.injured.total) == (Count.exactly(2), Count.exactly(3))
    assert (second.killed.total, second.injured.total) == (Count(2, None, 4), Count(5, None, None))
    assert (third.killed.total, third.injured.total.is_known) == (Count(None, 5, None), False)
    damage = [(one.damage[0].sector, one.damage[0].grade.value) for one in (first, second, third)]
    assert damage == [
        ("education", "destroyed"),
        ("health", "unknown"),
        ("residential", "moderate"),
    ]
    weapons = [one.weapons for one in (first, second, third)]
    assert weapons == [("drone",), ("missile",), ("artillery",)]
    assert not any("left unstated" in one for one in report.warnings)
