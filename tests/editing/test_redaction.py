"""Redacted text is gone from what the public reads, at every time; the record keeps it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import msgspec
import pytest

from app.domain.account import Holder, Role
from app.domain.damage import Damage
from app.domain.errors import InputError, NotAllowed, NotFound, StoreBusy
from app.domain.incident import Incident
from app.domain.place import Place, Precision
from app.domain.redaction import Reason, TextPart
from app.domain.revision import Action, Head
from app.domain.source import Claim, SourceRef
from app.domain.store import verify
from app.domain.terms import Audience, Face
from app.domain.view import View
from app.editing.redaction import Redactor
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.changes import changes
from app.queries.incidents import find_incident, list_incidents
from tests.making import KYIV, NOON, change, dataset, incident, write

NAME = "Somebody Invented"
LATER, TODAY = NOON + timedelta(days=1), NOON + timedelta(days=2)
REVIEWER = Holder("Reviewer", Role.reviewer)


def _told(**changes: Any) -> Incident:
    plain = {
        "place": Place.at(KYIV, Precision.exact, name=f"house of {NAME}"),
        "description": f"{NAME} was hurt",
        "claims": (Claim(NAME, f"said {NAME}"),),
        "sources": (SourceRef(NAME, f"https://example.org/{NAME}"),),
        "damage": (Damage("residential", name=f"{NAME}'s house"),),
    }
    one = incident("a", **{**plain, **changes})
    return msgspec.structs.replace(one, when=msgspec.structs.replace(one.when, text=NAME))


ID = str(_told().id)


@pytest.fixture
def held(workspace: Workspace) -> Workspace:
    """A record with two revisions of one incident, of which the first says more."""
    write(workspace.store, [change(dataset()), change(_told())])
    amended = _told(description=f"{NAME} was hurt, corrected")
    write(workspace.store, [change(amended, Action.amend)], LATER)
    return workspace


def _desk(workspace: Workspace, holder: Holder = REVIEWER) -> Redactor:
    return Redactor(workspace, holder, TODAY)


def _seen(workspace: Workspace, as_of: Any = None) -> dict[str, Any]:
    view = View(theatre="ukraine", as_of=as_of)
    state = workspace.state()
    published = publish(Query(workspace, state, view, TODAY), Face.points)
    (listed,) = list_incidents(published, 10).features
    found = find_incident(published, ID)
    assert listed == found
    return found


def _all_texts(editor: Redactor) -> None:
    editor.redact(ID, list(TextPart), "privacy_of_victim", "the family asked")


def test_every_text_can_be_hidden_and_is_hidden_at_every_time(held: Workspace) -> None:
    assert NAME in str(_seen(held))
    _all_texts(_desk(held))
    for as_of in (None, NOON, LATER):
        found = _seen(held, as_of)
        assert NAME not in str(found)
        told = found["properties"]
        mark = "redacted: privacy_of_victim"
        assert (told["description"], told["place"], told["when_text"]) == (mark, mark, mark)
        assert told["damage"][0]["name"] == mark
        assert (told["claims"], told["sources"]) == ([], [{"publisher": mark}])
        assert told["redacted"] == dict.fromkeys(TextPart, "privacy_of_victim")
        assert found["geometry"] is not None


def test_only_what_was_chosen_is_hidden(held: Workspace) -> None:
    _desk(held).redact(ID, ["description"], "graphic", "too much")
    told = _seen(held)["properties"]
    assert told["description"] == "redacted: graphic"
    assert (told["place"], told["redacted"]) == (f"house of {NAME}", {"description": "graphic"})


def test_a_private_audience_reads_the_text_and_that_the_public_does_not(held: Workspace) -> None:
    _all_texts(_desk(held))
    private = replace(held, audience=Audience.private)
    told = _seen(private)["properties"]
    assert told["description"] == f"{NAME} was hurt, corrected"
    assert set(told["redacted"]) == set(TextPart)


def test_changes_tell_neither_the_text_before_nor_after(held: Workspace) -> None:
    _all_texts(_desk(held))
    view, state = View(theatre="ukraine"), held.index.state()
    found = changes(Query(held, state, view, TODAY), NOON - timedelta(days=1), 10)
    assert found.items
    assert NAME not in str(found)
    assert "redacted" not in found.items[0]["title"]


def test_a_record_that_changes_later_stays_redacted_until_it_is_lifted(held: Workspace) -> None:
    editor = _desk(held)
    editor.redact(ID, ["description"], "legal_order", "order 1")
    again = _told(description=f"{NAME} once more")
    write(held.store, [change(again, Action.amend)], TODAY)
    assert _seen(held)["properties"]["description"] == "redacted: legal_order"
    editor.lift(ID, "the order was lifted")
    assert _seen(held)["properties"]["description"] == f"{NAME} once more"
    with pytest.raises(InputError, match="something is redacted"):
        editor.lift(ID, "again")


def test_the_ledger_says_who_and_why_and_still_checks(held: Workspace) -> None:
    head = held.store.head()
    _desk(held).redact(ID, ["claims"], "safety_of_person", "a witness asked")
    (mark,) = held.store.by_seq([held.store.head().seq])
    assert (mark.actor, mark.reason) == ("Reviewer", "a witness asked")
    assert NAME not in (mark.payload or b"").decode()
    assert verify(held.store, head) == held.store.head()


def test_only_a_reviewer_of_the_dataset_redacts(held: Workspace) -> None:
    for holder, error in (
        (Holder("E", Role.editor), NotAllowed),
        (Holder("R", Role.reviewer, frozenset({"other"})), NotFound),
    ):
        with pytest.raises(error):
            _all_texts(_desk(held, holder))
    assert _seen(held)["properties"]["redacted"] == {}


@pytest.mark.parametrize(
    ("texts", "code", "reason", "what"),
    [
        ([], "graphic", "why", "texts"),
        (["name"], "graphic", "why", "texts"),
        (["place"], "because", "why", "code"),
        (["place"], "graphic", "", "reason"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    texts: list[str], code: str, reason: str, what: str, held: Workspace
) -> None:
    with pytest.raises(InputError, match=f"^{what}: "):
        _desk(held).redact(ID, texts, code, reason)


def test_the_public_reasons_are_a_short_list() -> None:
    assert list(Reason) == [
        *("privacy_of_victim", "safety_of_person", "security_of_site", "graphic"),
        *("legal_order", "licence"),
    ]


@pytest.mark.parametrize("step", ["lift", "redact"])
def test_a_redaction_that_comes_meanwhile_is_never_undone_unseen(
    held: Workspace, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    desk, store = _desk(held), held.store
    desk.redact(ID, ["description"], Reason.graphic, "a test")
    writing = store.write

    def overtaken(*arguments: Any) -> Head:
        monkeypatch.undo()
        desk.redact(ID, list(TextPart), Reason.safety_of_person, "somebody else")
        return writing(*arguments)

    monkeypatch.setattr(store, "write", overtaken)
    steps: dict[str, Callable[..., object]] = {
        "lift": desk.lift,
        "redact": partial(desk.redact, texts=["claims"], code="graphic"),
    }
    with pytest.raises(StoreBusy, match="try again"):
        steps[step](ID, reason="a test")
    assert set(desk.hidden(ID)) == set(TextPart)
