"""A field of an incident is added in one place and appears on every face."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from app.api.pages import Pages
from app.api.schemas import field_schemas
from app.domain.count import Count, Toll
from app.domain.damage import Damage, Grade
from app.domain.field import Field
from app.domain.fields import (
    EDITABLE_FIELDS,
    FIELDS,
    INCIDENT_FIELDS,
    answer_values,
    answer_writers,
    in_values,
    incident_values,
)
from app.domain.incident import Attribution, EventKind, Incident, Mechanism
from app.domain.period import When
from app.domain.source import Claim, SourceRef
from app.domain.terms import Face
from app.domain.view import View
from app.exporters.columns import OWN_COLUMNS, columns
from app.importers import native
from app.importers.native_csv import LISTED, NOT_READ, PLAIN, TOLL
from app.instance.workspace import Workspace
from app.pages.edit_form import OWN_INPUTS, WITHOUT_INPUT, edit_form
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.incidents import find_incident
from app.queries.words.record import OWN_LINES, WITHOUT_LINE, incident_fields
from tests.making import DAY, add, dataset, incident
from tests.support import context

NICKNAME = Field("nickname", "what people call it", lambda incident: incident.wave)
FULLER = (*FIELDS, NICKNAME)
"""The table with a field that no face knows."""

NAMES = {one.name for one in FIELDS}
OUTSIDE_PROPERTIES = {
    "id": "a feature has it beside its properties, too",
    "lon": "the feature's geometry",
    "lat": "the feature's geometry",
    "region": "it needs the index: the stated and the located region",
    "attributed_confidence": "a part of `attributed_to`",
}
OTHER_COLUMNS = {
    "killed": "killed_best",
    "injured": "injured_best",
}
"""Fields whose columns have other names, with one of them."""


def full_incident() -> Incident:
    """A record in which every field has a value."""
    return incident(
        when=When.days(DAY, text="at night", zone="Europe/Kyiv"),
        weapons=("missile",),
        kind=EventKind.battle,
        mechanism=Mechanism.direct_hit,
        attributed_to=Attribution("RU"),
        killed=Toll.of(Count.exactly(1)),
        injured=Toll.of(Count.exactly(2)),
        damage=(Damage("energy", name="a station", grade=Grade.severe),),
        claims=(Claim("A", "B"),),
        sources=(SourceRef("Publisher", "https://example.invalid/a"),),
        description="a text",
        contradiction="killed: low 3, best 9, high 5",
        graphic=True,
        wave="2025-10-24",
    )


@pytest.fixture
def query(private_workspace: Workspace) -> Query:
    """A View of an instance with one full record."""
    add(private_workspace.store, dataset(), full_incident())
    now = datetime(2026, 9, 1, tzinfo=UTC)
    return Query.of(private_workspace, View(theatre="ukraine"), now)


def feature_of(query: Query, **more: Any) -> dict[str, Any]:
    """The record as its address answers it."""
    feature = find_incident(publish(query, Face.points), str(full_incident().id))
    return {**feature, "properties": {**feature["properties"], **more}}


def edit_page(query: Query, fields: tuple[Field, ...] = FIELDS) -> str:
    """The editing page with the inputs of the fields."""
    page = Pages(query.workspace)
    return page("edit", query.view, "Edit", block="{}", **edit_form(query, fields))


def inputs(page: str) -> set[str]:
    """The fields that have an input on the editing page."""
    form = page.partition('<form id="edit"')[2].partition("</form>")[0]
    return {name.partition(".")[0] for name in re.findall(r' name="([\w.]+)"', form)}


def test_every_field_has_a_meaning_and_its_own_name() -> None:
    assert len(NAMES) == len(FIELDS)
    assert [one.name for one in FIELDS if not one.meaning] == []


def test_every_editable_field_is_among_the_native_values() -> None:
    assert {one.name for one in in_values(FIELDS)} == set(EDITABLE_FIELDS)


def test_every_field_is_a_property_of_an_answer(query: Query) -> None:
    feature = feature_of(query)
    assert NAMES - feature["properties"].keys() == {"lon", "lat", "attributed_confidence"}
    writers = answer_writers(is_whole=True, is_region_only=False)
    assert NAMES - {name for name, _write in writers} == OUTSIDE_PROPERTIES.keys()


def test_every_field_is_a_column_of_exports() -> None:
    names = {column.note.name for column in columns()}
    assert {OTHER_COLUMNS.get(name, name) for name in NAMES} - names == set()
    assert OWN_COLUMNS.keys() - NAMES == set()


def test_the_importer_reads_every_field_of_a_file() -> None:
    names = {name for part in native.PARTS.values() for name in part.names}
    assert set(INCIDENT_FIELDS) - names == native.KEYS
    assert {*native.PARTS, *native.KEYS} == set(Incident.__struct_fields__)


def test_the_csv_has_a_column_for_every_field_of_a_file() -> None:
    tolls = {name for name in NAMES if TOLL.fullmatch(name)}
    assert {*PLAIN, *LISTED, *tolls, *NOT_READ} == set(INCIDENT_FIELDS)


def test_every_field_has_a_line_on_the_records_page_and_in_the_dialog(query: Query) -> None:
    names = {one["name"] for one in incident_fields(query, feature_of(query))}
    assert OWN_LINES.keys() - names == set()
    own = {name for fields in OWN_LINES.values() for name in fields}
    assert NAMES - own - names - WITHOUT_LINE.keys() == set()
    assert (own | WITHOUT_LINE.keys()) - NAMES == set()
    assert own & WITHOUT_LINE.keys() == set()


def test_every_line_and_every_input_has_a_label_in_the_readers_language(query: Query) -> None:
    lines = incident_fields(query, feature_of(query))
    assert [one["name"] for one in lines if one["name"] not in query.words] == []
    assert [
        one.name for one in edit_form(query)["plain_inputs"] if one.name not in query.words
    ] == []


def test_every_editable_field_has_an_input(query: Query) -> None:
    assert set(EDITABLE_FIELDS) - inputs(edit_page(query)) == WITHOUT_INPUT.keys()
    assert inputs(edit_page(query)) >= OWN_INPUTS


def test_openapi_describes_every_editable_field() -> None:
    schemas = field_schemas()
    assert schemas.keys() == set(EDITABLE_FIELDS)
    assert all(schema["description"] for schema in schemas.values())


def test_a_new_field_appears_among_values_and_answers() -> None:
    record = full_incident()
    assert incident_values(record, in_values(FULLER))["nickname"] == record.wave
    writers = answer_writers(is_whole=True, is_region_only=False, fields=FULLER)
    assert answer_values(record, writers)["nickname"] == record.wave


def test_what_could_find_the_place_is_not_told_where_only_the_region_may_be_known() -> None:
    record = full_incident()
    coarse = answer_values(record, answer_writers(is_whole=False, is_region_only=True))
    whole = answer_values(record, answer_writers(is_whole=True, is_region_only=False))
    hidden = {"source_key", "place", "error_m", "admin2", "when_text", "claims", "description"}
    hidden |= {"wave"}
    assert {name: coarse[name] for name in hidden} == dict.fromkeys(hidden) | {"claims": []}
    reduced = {
        "precision": "admin1",
        "damage": [{"sector": "energy", "grade": "severe"}],
        "sources": [{}],
    }
    assert {name: coarse[name] for name in reduced} == reduced
    rest = whole.keys() - hidden - reduced.keys()
    assert {name: coarse[name] for name in rest} == {name: whole[name] for name in rest}


def test_a_new_field_tells_nothing_where_only_the_region_may_be_known() -> None:
    writers = answer_writers(is_whole=False, is_region_only=True, fields=FULLER)
    assert answer_values(full_incident(), writers)["nickname"] is None


def test_a_new_field_appears_in_exports(query: Query) -> None:
    column = next(one for one in columns(FULLER) if one.note.name == "nickname")
    assert (column.note.kind, column.note.meaning) == ("text", NICKNAME.meaning)
    feature = feature_of(query, nickname="the long night")
    assert column.read([feature], [feature["properties"]]) == ["the long night"]


def test_a_new_field_appears_among_the_lines_of_a_record(query: Query) -> None:
    feature = feature_of(query, nickname="the long night")
    lines = {one["name"]: one for one in incident_fields(query, feature, fields=FULLER)}
    assert lines["nickname"]["label"] == "nickname"
    assert [one["text"] for one in lines["nickname"]["lines"]] == ["the long night"]


def test_a_new_field_appears_in_the_edit_form(query: Query) -> None:
    page = edit_page(query, FULLER)
    assert inputs(page) - inputs(edit_page(query)) == {"nickname"}
    assert '<label>nickname <input name="nickname"></label>' in page


def test_a_new_field_appears_in_openapi() -> None:
    assert field_schemas(FULLER)["nickname"] == {
        "description": NICKNAME.meaning,
        "type": "string",
    }


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [("text", "a", "a"), ("whole", "3", 3), ("flag", "yes", True)],
)
def test_the_importer_reads_a_new_field_by_its_kind(kind: Any, text: str, value: object) -> None:
    parts = native.parts((*FIELDS, Field("nickname", "what people call it", kind=kind)))
    assert parts["nickname"].read({"nickname": text}, None, context()) == value


def test_a_new_list_needs_a_reader_of_its_own() -> None:
    with pytest.raises(TypeError, match="nickname: a field of kind items needs a reader"):
        native.parts((*FIELDS, Field("nickname", "what people call it", kind="items")))
