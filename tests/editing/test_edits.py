"""Records are edited one by one, each with a reason; nobody writes over somebody else."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given

from app.domain.account import Holder, Role
from app.domain.count import Count
from app.domain.errors import InputError, NotAllowed, NotFound, Outdated, StoreBusy
from app.domain.fields import EDITABLE_FIELDS, INCIDENT_FIELDS, changed_fields, incident_values
from app.domain.incident import Incident, Status
from app.domain.revision import Action, Change, Head, Subject
from app.domain.store import Entry, verify
from app.editing.edits import Editor, merge_patch, typed_id
from app.files import parsing
from app.importers import native
from app.instance.workspace import Workspace
from tests.making import NOON, add, dataset, incident
from tests.native_incidents import incidents
from tests.support import context

EDITOR, REVIEWER = Holder("ed", Role.editor), Holder("rae", Role.reviewer)
VIEWER = Holder("vi", Role.viewer)
NEW = {"start": "2025-10-24", "lon": 30.5, "lat": 50.4, "precision": "exact", "killed": {"low": 2}}


@pytest.fixture
def editor(private_workspace: Workspace) -> Editor:
    add(private_workspace.store, dataset(), dataset("other"))
    return Editor(private_workspace, EDITOR, NOON)


def by(editor: Editor, holder: Holder) -> Editor:
    return Editor(editor.workspace, holder, editor.now)


@pytest.mark.parametrize(
    "fields",
    [
        {"sources": [{"publisher": "x", "url": "javascript:alert(1)"}]},
        {"claims": [{"by": "x", "text": "y", "url": "javascript:alert(1)"}]},
    ],
)
def test_an_address_that_a_browser_would_run_is_refused(
    editor: Editor, fields: dict[str, Any]
) -> None:
    with pytest.raises(InputError, match=r"url: got 'javascript:alert\(1\)', allowed: an address"):
        editor.create({**NEW, **fields}, "invented", "a test")


@given(incidents)
def test_a_record_written_in_native_fields_is_read_back_as_it_was(record: Incident) -> None:
    values = {**incident_values(record), "source_key": record.source_key, "id": str(record.id)}
    point = parsing.point_from(values.get("lon"), values.get("lat"))
    assert native.incident_from(values, point, context()) == record


def test_a_typed_in_record_has_an_id_of_its_time_and_a_name_beside_it(editor: Editor) -> None:
    made = editor.create(NEW, "invented", "seen in the ministry's bulletin")
    assert made.incident.id.version == 7
    assert made.incident.source_key is None
    assert made.incident.killed.total == Count(2, None, None)
    (one,) = editor.workspace.store.history(Subject.incident, f"invented/{made.incident.id}")
    assert (one.actor, one.reason, one.action) == ("ed", "seen in the ministry's bulletin", "add")
    assert editor.read(str(made.incident.id)) == made
    verify(editor.workspace.store)


def test_ids_are_ordered_by_time_and_differ() -> None:
    ids = [typed_id(NOON + timedelta(milliseconds=n)) for n in range(20)]
    assert ids == sorted(ids)
    assert {(one.version, one.variant) for one in ids} == {(7, "specified in RFC 4122")}
    assert len({typed_id(NOON) for _ in range(100)}) == 100


def test_a_patch_changes_what_it_names_and_nothing_else(editor: Editor) -> None:
    made = editor.create({**NEW, "place": "Wending", "zone": "Etc/UTC"}, "invented", "why")
    ref = str(made.incident.id)
    done = editor.amend(ref, {"killed": {"low": 3}, "place": None}, made.revision, "recount")
    before, after = incident_values(made.incident), incident_values(done.incident)
    assert after == {**{k: v for k, v in before.items() if k != "place"}, "killed": {"low": 3}}
    first, second = editor.workspace.store.history(Subject.incident, f"invented/{ref}")
    assert changed_fields(first.payload, second.payload) == ["place", "killed"]


def test_an_imported_record_keeps_its_id_and_key(editor: Editor) -> None:
    head = add(editor.workspace.store, incident("a", description="old"))
    ref = str(incident("a").id)
    done = editor.amend(ref, {"description": "new"}, head.seq, "why")
    when = done.incident.when  # the theatre's zone is written down when a record is edited
    assert done.incident == incident("a", description="new", when=when)
    assert (done.incident.id, done.incident.source_key) == (UUID(ref), "a")


def test_a_new_precision_brings_its_own_radius(editor: Editor) -> None:
    made = editor.create(NEW, "invented", "why")
    done = editor.amend(str(made.incident.id), {"precision": "settlement"}, made.revision, "why")
    assert (made.incident.place.error_m, done.incident.place.error_m) == (100, 5000)


def test_who_comes_second_is_told_so_and_writes_nothing(editor: Editor) -> None:
    made = editor.create(NEW, "invented", "why")
    ref = str(made.incident.id)
    editor.amend(ref, {"place": "Wending"}, made.revision, "first")
    with pytest.raises(Outdated, match="somebody was faster"):
        editor.amend(ref, {"place": "Other"}, made.revision, "second")
    assert editor.read(ref).incident.place.name == "Wending"


def test_of_many_at_once_one_writes(editor: Editor) -> None:
    made = editor.create(NEW, "invented", "why")
    ref = str(made.incident.id)

    def amend(n: int) -> str:
        try:
            editor.amend(ref, {"place": f"Wending {n}"}, made.revision, "at once")
        except (Outdated, StoreBusy) as wrong:
            return type(wrong).__name__
        return "done"

    with ThreadPoolExecutor(6) as many:
        ends = list(many.map(amend, range(6)))
    assert ends.count("done") == 1
    assert len(editor.workspace.store.history(Subject.incident, f"invented/{ref}")) == 2
    verify(editor.workspace.store)


def test_an_edit_gives_its_own_revision_although_the_same_is_written_after_it(
    editor: Editor, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = editor.create(NEW, "invented", "why")
    store = editor.workspace.store
    written = store.write

    def twice(lazy: Iterable[Change], *rest: Any) -> Head:
        changes = list(lazy)
        head = written(changes, *rest)
        again = [msgspec.structs.replace(one, replaces=None) for one in changes]
        written(again, *rest)
        return head

    monkeypatch.setattr(store, "write", twice)
    done = editor.amend(str(made.incident.id), {"place": "Wending"}, made.revision, "why")
    assert done.revision == store.head().seq - 1


def test_a_change_of_what_is_no_longer_newest_is_refused_by_the_store(editor: Editor) -> None:
    made = editor.create(NEW, "invented", "why")
    ref = str(made.incident.id)
    editor.amend(ref, {"place": "Wending"}, made.revision, "first")
    late = Change(Subject.incident, f"invented/{ref}", Action.amend, b"{}", made.revision)
    with pytest.raises(StoreBusy):
        editor.workspace.store.write([late], Entry(NOON, "x", "y"), {})
    verify(editor.workspace.store)


@pytest.mark.parametrize("reason", [None, "", "  ", 7, "a\nb", "x" * 501])
def test_every_change_needs_a_reason(editor: Editor, reason: Any) -> None:
    with pytest.raises(InputError, match="reason"):
        editor.create(NEW, "invented", reason)
    made = editor.create(NEW, "invented", "why")
    with pytest.raises(InputError, match="reason"):
        editor.amend(str(made.incident.id), {"place": "x"}, made.revision, reason)


@pytest.mark.parametrize(
    ("patch", "said"),
    [
        ({"start": "soon"}, "a day as YYYY-MM-DD"),
        ({"killed": {"low": 5, "high": 2}}, "killed"),
        ({"killed": -1}, "a whole number"),
        ({"lon": 500}, "-180..180"),
        ({"weapons": ["catapult"]}, "missile"),
        ({"status": "maybe"}, "reported"),
        ({"id": "x"}, "start"),
        ({"source_key": "x"}, "start"),
        ({"dataset": "other"}, "start"),
        ({"synthetic": True}, "start"),
        ({"colour": "red"}, "start"),
        ({"killed": {"by_kind": [1]}}, "civilian"),
        ({"damage": [{"sector": "castle"}]}, "residential"),
        ({"precision": None}, "how fine the point is"),
    ],
)
def test_a_field_that_does_not_fit_has_the_sentence_of_an_import(
    editor: Editor, patch: dict[str, Any], said: str
) -> None:
    made = editor.create(NEW, "invented", "why")
    with pytest.raises(InputError, match=said):
        editor.amend(str(made.incident.id), patch, made.revision, "why")
    assert editor.read(str(made.incident.id)).revision == made.revision


def test_a_patch_that_changes_nothing_is_refused(editor: Editor) -> None:
    made = editor.create(NEW, "invented", "why")
    with pytest.raises(InputError, match="no change"):
        editor.amend(str(made.incident.id), {"lon": 30.5}, made.revision, "why")


def test_an_editor_edits_what_is_reported_and_a_reviewer_the_rest(editor: Editor) -> None:
    made = editor.create(NEW, "invented", "why")
    ref = str(made.incident.id)
    for status in ("verified", "disputed", "retracted"):
        with pytest.raises(NotAllowed, match=status):
            editor.amend(ref, {"status": status}, made.revision, "why")
        with pytest.raises(NotAllowed, match=status):
            editor.create({**NEW, "status": status}, "invented", "why")
    corroborated = editor.amend(ref, {"status": "corroborated"}, made.revision, "second source")
    review = by(editor, REVIEWER)
    verified = review.amend(ref, {"status": "verified"}, corroborated.revision, "checked")
    with pytest.raises(NotAllowed, match="a reviewer changes it"):
        editor.amend(ref, {"place": "x"}, verified.revision, "why")
    with pytest.raises(NotAllowed):
        editor.retract(ref, verified.revision, "why")
    gone = review.retract(ref, verified.revision, "it was a drill")
    assert gone.incident.status is Status.retracted
    past = editor.workspace.store.history(Subject.incident, f"invented/{ref}")
    assert [one.action.value for one in past] == ["add", "amend", "amend", "retract"]
    with pytest.raises(InputError, match="retracted already"):
        review.retract(ref, gone.revision, "again")
    back = review.amend(ref, {"status": "reported"}, gone.revision, "it was not")
    assert back.incident.status is Status.reported
    verify(editor.workspace.store)


def test_a_viewer_reads_and_changes_nothing(editor: Editor) -> None:
    made = editor.create(NEW, "invented", "why")
    looking, ref = by(editor, VIEWER), str(made.incident.id)
    assert looking.read(ref) == made
    with pytest.raises(NotAllowed):
        looking.create(NEW, "invented", "why")
    with pytest.raises(NotAllowed):
        looking.amend(ref, {"place": "x"}, made.revision, "why")
    with pytest.raises(NotAllowed):
        looking.retract(ref, made.revision, "why")


def test_what_lies_outside_of_the_scope_is_not_there(editor: Editor) -> None:
    made = editor.create(NEW, "invented", "why")
    outside = by(editor, Holder("sam", Role.admin, frozenset({"other"})))
    ref = str(made.incident.id)
    with pytest.raises(NotFound):
        outside.read(ref)
    with pytest.raises(NotFound):
        outside.amend(ref, {"place": "x"}, made.revision, "why")
    with pytest.raises(NotFound):
        outside.retract(ref, made.revision, "why")
    with pytest.raises(NotAllowed):
        outside.create(NEW, "invented", "why")


def test_a_dataset_must_be_there_and_hold_incidents(editor: Editor) -> None:
    with pytest.raises(InputError, match="invented, other"):
        editor.create(NEW, "nowhere", "why")


def test_a_merge_patch_is_that_of_its_rfc() -> None:
    assert merge_patch({"a": "b"}, {"a": ["c"]}) == {"a": ["c"]}
    assert merge_patch({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}) == {"a": {"b": "d"}}
    assert merge_patch({"a": [{"b": "c"}]}, {"a": [1]}) == {"a": [1]}
    assert merge_patch({"e": None}, {"a": 1}) == {"e": None, "a": 1}
    assert merge_patch({}, {"a": {"bb": {"ccc": None}}}) == {"a": {"bb": {}}}


def test_every_native_field_but_the_fixed_ones_can_be_edited() -> None:
    assert set(INCIDENT_FIELDS) - set(EDITABLE_FIELDS) == {
        *("id", "dataset", "source_key", "region", "synthetic")
    }
