"""Every format with known columns names what is new and what is missing, and never guesses."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from app.domain.errors import InvalidFile
from app.files.source import Rejection
from app.importers.base import Outcome, ParsedRecord, Warned
from app.importers.header import Header, joined_names
from app.queries.crosscheck import HAPI_HEADER as HAPI
from tests.importers.test_formats_doc import EXAMPLES
from tests.support import FILES, collection, feature, outcomes, point
from tests.support import written as file_of
from tests.tables import table_context

EVENTS = FILES / "events"
STRANGE = "renamed_in_a_later_release"
UNKNOWN = "New {what} that this importer does not know: {names}."
MISSING = "Missing {what} that this importer would read: {names}. What they say stays unstated."


class Table(NamedTuple):
    """A format as a table: a whole file, one column it can do without, one that it cannot."""

    format: str
    text: str
    optional: str
    needed: str
    delimiter: str = ","
    tags: bool = False


def _stand_in(name: str) -> str:
    return (EVENTS / name).read_text("utf-8-sig")


def _example(name: str) -> str:
    contents = (content for kind, form, content in EXAMPLES if (kind, form) == ("csv", name))
    return str(next(contents))


TABLES = {
    "acled": Table("acled", _stand_in("acled.csv"), "notes", "fatalities"),
    "ucdp": Table("ucdp", _stand_in("ucdp_ged.csv"), "deaths_civilians", "best"),
    "viina_1pd": Table("viina", _stand_in("viina_event_1pd.csv"), "t_airstrike_b", "date"),
    "viina_info": Table("viina", _stand_in("viina_event_info.csv"), "url", "GEO_PRECISION"),
    "geoconfirmed": Table(
        "geoconfirmed", _stand_in("geoconfirmed_ukraine.csv"), "Geolocation", "OrbatUnits", ";"
    ),
    "timemap": Table("timemap", _stand_in("bellingcat_export.csv"), "description", "latitude"),
    "cir": Table("cir", (FILES / "cir.csv").read_text("utf-8-sig"), "arms/munition", "event_group"),
    "missile_attacks": Table(
        "missile_attacks", _stand_in("missile_attacks.csv"), "not_reach_goal", "destroyed"
    ),
    "insecurity_insight": Table("hxl", _example("hxl"), "Country ISO", "Date", tags=True),
}


def _rows(table: Table) -> list[list[str]]:
    return list(csv.reader(io.StringIO(table.text), delimiter=table.delimiter))


def _written(folder: Path, table: Table, rows: list[list[str]]) -> Path:
    out = io.StringIO()
    csv.writer(out, delimiter=table.delimiter, lineterminator="\n").writerows(rows)
    return file_of(folder, "table.csv", out.getvalue())


def _without(rows: list[list[str]], column: str) -> list[list[str]]:
    place = rows[0].index(column)
    return [row[:place] + row[place + 1 :] for row in rows]


def _read(path: Path, format_name: str) -> tuple[list[str], list[Outcome]]:
    """Read a file; returns its warnings and everything else."""
    results = outcomes(path, format_name, table_context())
    texts = [one.text for one in results if isinstance(one, Warned)]
    return texts, [one for one in results if not isinstance(one, Warned)]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_whole_header_is_taken_in_silence(table: Table, tmp_path: Path) -> None:
    texts, results = _read(_written(tmp_path, table, _rows(table)), table.format)
    assert not [text for text in texts if text.startswith(("New", "Missing"))]
    assert results


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_new_column_is_named_and_changes_nothing(table: Table, tmp_path: Path) -> None:
    rows = _rows(table)
    texts, before = _read(_written(tmp_path, table, rows), table.format)
    wider = [[*rows[0], STRANGE], *([*row, "#x" if row[0][:1] == "#" else "x"] for row in rows[1:])]
    told_now, after = _read(_written(tmp_path, table, wider), table.format)
    assert set(told_now) - set(texts) == {UNKNOWN.format(what="columns", names=STRANGE.lower())}
    records = [one.record for one in after if isinstance(one, ParsedRecord)]
    assert records == [one.record for one in before if isinstance(one, ParsedRecord)]


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_missing_column_is_named(table: Table, tmp_path: Path) -> None:
    rows = _without(_rows(table), table.optional)
    texts, results = _read(_written(tmp_path, table, rows), table.format)
    name = table.optional.lower() if table.tags else table.optional
    assert MISSING.format(what="columns", names=name) in texts
    assert results


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_a_renamed_column_is_both_new_and_missing_and_never_guessed(
    table: Table, tmp_path: Path
) -> None:
    rows = _rows(table)
    rows[0] = [f"{name}_" if name == table.optional else name for name in rows[0]]
    texts, _found = _read(_written(tmp_path, table, rows), table.format)
    name = table.optional.lower() if table.tags else table.optional
    assert UNKNOWN.format(what="columns", names=f"{name}_") in texts
    assert MISSING.format(what="columns", names=name) in texts


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_without_a_needed_column_a_file_is_refused_in_one_sentence(
    table: Table, tmp_path: Path
) -> None:
    path = _written(tmp_path, table, _without(_rows(table), table.needed))
    with pytest.raises(InvalidFile) as refused:
        _read(path, table.format)
    sentence = str(refused.value)
    assert sentence.startswith(("header of table.csv: got 'no ", "date of table.csv: got 'none'"))
    assert table.tags or f"got 'no {table.needed}'" in sentence


class Members(NamedTuple):
    """A format as JSON: a whole file, and where the objects of its records stand."""

    format: str
    document: Any
    objects: Callable[[Any], list[dict[str, Any]]]
    optional: str
    needed: str


def _json(name: str) -> Any:
    return json.loads((EVENTS / name).read_text("utf-8-sig"))


def _of_features(document: Any) -> list[dict[str, Any]]:
    return [one.get("attributes") or one["properties"] for one in document["features"]]


GEOCONFIRMED = {
    "factionMeta": [{"id": "1", "name": "Neutral"}],
    "geojson": json.loads(
        collection(
            [
                feature(
                    {"id": "a", "icon": "", "factionId": "1", "color": "", "date": "2025-09-17"},
                    point(35.4, 49.3),
                )
            ]
        )
    ),
}
OLD_EVENT = {
    "id": "a",
    "date": "2025-09-17",
    "name": "17 SEP 2025",
    "description": "Invented damage",
    "originalSource": "https://example.org/1",
    "geolocation": "https://example.org/2",
    "icon": "icons/AC7339/False/1.png",
    "coordinates": [49.3, 35.4],
}
OBJECTS = {
    "cir_service": Members(
        "cir", _json("cir_arcgis_query.json"), _of_features, "Description", "Primary_category"
    ),
    "cir_old": Members("cir", _json("cir_events_old.geojson"), _of_features, "url", "categories"),
    "timemap_export": Members(
        "timemap", _json("bellingcat_export.json"), list, "description", "date"
    ),
    "timemap_raw": Members("timemap", _json("timemap_events.json"), list, "location", "latitude"),
    "geoconfirmed": Members(
        "geoconfirmed", GEOCONFIRMED, lambda one: _of_features(one["geojson"]), "factionId", "id"
    ),
    "geoconfirmed_old": Members("geoconfirmed", [OLD_EVENT], list, "originalSource", "icon"),
}


def _changed(form: Members, **changes: object) -> Any:
    """Copy a document with members added; one that is None is taken away."""
    document = json.loads(json.dumps(form.document))
    for item in form.objects(document):
        item.update(changes)
        for name in [name for name, value in changes.items() if value is None]:
            del item[name]
    return document


@pytest.mark.parametrize("form", OBJECTS.values(), ids=OBJECTS)
def test_members_of_json_are_guarded_as_columns_are(form: Members, tmp_path: Path) -> None:
    def texts(document: Any) -> list[str]:
        return _read(file_of(tmp_path, "file.json", json.dumps(document)), form.format)[0]

    assert not [text for text in texts(form.document) if text.startswith(("New", "Missing m"))]
    assert UNKNOWN.format(what="members", names=STRANGE) in texts(_changed(form, **{STRANGE: 1}))
    missing = MISSING.format(what="members", names=form.optional)
    assert missing in texts(_changed(form, **{form.optional: None}))
    with pytest.raises(InvalidFile, match=f"got 'no {form.needed}', allowed: the members"):
        texts(_changed(form, **{form.needed: None}))


def test_an_empty_list_of_events_lacks_nothing(tmp_path: Path) -> None:
    assert _read(file_of(tmp_path, "file.json", "[]"), "timemap") == ([], [])


TEXTY = (
    "title,lat,lon,date,place,type,точність,civilian,link,oblast,a,b,c,d,e,f,address\n"
    + "," * 16
    + "\nОбстріл,49.99,36.23,2022-03-14,Харків,будинок,точні,1,,,,,1,,,,\n"
)


def test_texty_is_known_by_place_so_fewer_columns_are_refused_and_more_are_named(
    tmp_path: Path,
) -> None:
    wider = "".join(f"{line},{STRANGE}\n" for line in TEXTY.splitlines())
    texts, results = _read(file_of(tmp_path, "texty.csv", wider), "auto")
    assert UNKNOWN.format(what="columns", names=STRANGE) in texts
    assert [type(one) for one in results] == [ParsedRecord]
    narrower = "".join(f"{line.rpartition(',')[0]}\n" for line in TEXTY.splitlines())
    with pytest.raises(InvalidFile) as refused:
        _read(file_of(tmp_path, "texty.csv", narrower), "texty")
    assert str(refused.value) == (
        "header of texty.csv: got '16 columns', allowed: 17 columns, which are known by their "
        "place."
    )


def test_fields_of_unosat_that_nobody_reads_and_halves_of_passes_are_named(tmp_path: Path) -> None:
    fields = {
        "SiteID": "1",
        "SensorDate": "2022-03-14",
        "Main_Damage_Site_Class": "1",
        "SensorDate_2": "2022-05-14",
        STRANGE: "x",
    }
    path = file_of(tmp_path, "a.geojson", collection([feature(fields, point(36.2, 49.9))]))
    texts, results = _read(path, "auto")
    assert texts == [
        f"Columns that nobody reads were left out: {STRANGE}.",
        "Passes with only one of date and class: SensorDate_2.",
    ]
    assert [type(one) for one in results] == [ParsedRecord]


def test_columns_of_our_own_csv_that_nobody_reads_are_named(tmp_path: Path) -> None:
    text = f"source_key,start,precision,lon,lat,{STRANGE}\na,2024-03-10,exact,36.2,49.9,x\n"
    texts, results = _read(file_of(tmp_path, "own.csv", text), "auto")
    assert texts == [f"Columns that nobody reads were left out: {STRANGE}."]
    assert not [one for one in results if isinstance(one, Rejection)]


def test_the_reports_beside_viinas_events_are_guarded_too(tmp_path: Path) -> None:
    for kind in ("event_1pd", "event_info"):
        content = _stand_in(f"viina_{kind}.csv")
        file_of(tmp_path, f"viina_{kind}.csv", content.replace(",url,", ",link,"))
    texts, _found = _read(tmp_path / "viina_event_1pd.csv", "viina")
    assert MISSING.format(what="columns", names="url") in texts
    assert UNKNOWN.format(what="columns", names="link") in texts


def test_a_list_of_thousands_of_names_is_cut() -> None:
    text = joined_names([f"c{number}" for number in range(5_000)])
    assert text.endswith("c39 and 4,960 more")


@pytest.mark.parametrize("header", [HAPI, Header({"a": "start", "b": "(never kept)"}, ("a",))])
def test_what_is_needed_is_always_among_what_is_known(header: Header) -> None:
    assert set(header.needed) <= set(header.mapping)
