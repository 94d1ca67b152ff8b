"""Where a dataset wants two persons, nothing shows more or is erased before the second agrees."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from app.domain.account import Holder, Role
from app.domain.approval import Approval, ApprovalState
from app.domain.errors import DoneBefore, InputError, NotAllowed, NotFound, Outdated, StoreBusy
from app.domain.store import Author, verify
from app.domain.terms import Audience, Face
from app.domain.view import View
from app.editing.attaching import AttachedFile, attach_content
from app.editing.deciding import Decider
from app.editing.erasure import purge_or_ask
from app.editing.purged import read_purged
from app.editing.redaction import Redactor
from app.editing.terms import set_persons, set_terms
from app.index.live import Index
from app.instance.workspace import Workspace
from app.publishing.publish import publish
from app.publishing.query import Query
from app.queries.audit import AuditAction, AuditFilter, audit
from app.queries.changes import changes
from app.queries.incidents import find_incident, list_incidents
from app.reference.reference import Reference
from app.store.postgis import PostgisStore
from tests.clusters import Cluster
from tests.making import NOON, add, dataset, incident, open_workspace

WITHHELD = "the house of somebody invented"
TODAY = NOON + timedelta(days=1)
ANN, BEN = Holder("ann", Role.admin), Holder("ben", Role.admin)
REVIEWER = Holder("rio", Role.reviewer)
ID = str(incident("a").id)


@dataclass(frozen=True)
class Instance:
    """A public instance, whose one dataset wants two persons and has one redaction."""

    workspace: Workspace
    data_dir: Path

    def decider(self, holder: Holder) -> Decider:
        """Somebody who decides."""
        return Decider(self.workspace, holder, TODAY, self.data_dir)

    def redactor(self, holder: Holder = REVIEWER) -> Redactor:
        """Somebody who hides texts and shows them again."""
        return Redactor(self.workspace, holder, TODAY)

    def seen(self) -> str:
        """All that the public reads of the record, on every face that has its text."""
        view = View(theatre="ukraine")
        query = Query(self.workspace, self.workspace.state(), view, TODAY)
        published = publish(query, Face.points)
        answers = (
            list_incidents(published, 10).features,
            [find_incident(published, ID)] if list_incidents(published, 10).features else [],
            changes(query, NOON - timedelta(days=1), 10),
        )
        return msgspec.json.encode(answers, enc_hook=str).decode()

    def waiting(self) -> list[Approval]:
        """What waits."""
        rows = [one.approval for one in self.decider(ANN).standing()]
        return [one for one in rows if one.state is ApprovalState.waiting]


@pytest.fixture(params=["sqlite", "postgis"])
def instance(
    request: pytest.FixtureRequest, tmp_path: Path, reference: Reference
) -> Iterator[Instance]:
    workspace = open_workspace(tmp_path / "data", reference, audience=Audience.public)
    if request.param == "postgis":
        cluster: Cluster = request.getfixturevalue("postgis_cluster")
        workspace.store.close()
        store = PostgisStore(cluster.url(cluster.emptied()))
        index = Index(tmp_path / "index", store, reference, 20_000)
        workspace = replace(workspace, store=store, index=index)
    with closing(workspace.store):
        add(workspace.store, dataset(two_persons=True), incident("a", description=WITHHELD))
        Redactor(workspace, REVIEWER, NOON).redact(
            ID, ["description", "place"], "privacy_of_victim", "it names the house"
        )
        yield Instance(workspace, tmp_path / "data")


def asked_to_lift(instance: Instance) -> Approval:
    approval = instance.redactor().lift(ID, "the family agrees")
    assert isinstance(approval, Approval)
    return approval


def test_a_redaction_is_lifted_by_a_second_person_only(instance: Instance) -> None:
    assert WITHHELD not in instance.seen()
    approval = asked_to_lift(instance)
    assert WITHHELD not in instance.seen()
    assert (approval.summary, approval.asked_by) == ("description, place", "rio")
    with pytest.raises(NotAllowed, match="another person"):
        instance.decider(REVIEWER).decide(approval.id, "yes", approve=True)
    assert WITHHELD not in instance.seen()
    instance.decider(BEN).decide(approval.id, "I spoke with them", approve=True)
    assert WITHHELD in instance.seen()
    newest = instance.workspace.store.by_seq([instance.workspace.store.head().seq])[0]
    assert (newest.actor, newest.reason) == (
        "ben",
        "the family agrees (asked by rio; approved: I spoke with them)",
    )
    with pytest.raises(DoneBefore):
        instance.decider(BEN).decide(approval.id, "again", approve=True)
    verify(instance.workspace.store)


def test_hiding_less_is_a_lift_and_hiding_more_needs_nobody(instance: Instance) -> None:
    redactor = instance.redactor()
    less = redactor.redact(ID, ["place"], "privacy_of_victim", "enough")
    assert isinstance(less, Approval)
    assert less.summary == "description"
    assert WITHHELD not in instance.seen()
    # What is new is hidden at once; only what would be shown waits.
    assert set(redactor.hidden(ID)) == {"description", "place"}
    more = redactor.redact(ID, ["description", "place", "claims"], "legal_order", "an order")
    assert not isinstance(more, Approval)
    # What was asked for is void: it was about the redaction before.
    with pytest.raises(Outdated, match="ask anew"):
        instance.decider(BEN).decide(less.id, "yes", approve=True)
    assert WITHHELD not in instance.seen()
    instance.decider(BEN).decide(less.id, "there is an order", approve=False)
    assert instance.waiting() == []


def test_a_refusal_changes_nothing_and_who_asked_may_take_it_back(instance: Instance) -> None:
    first = asked_to_lift(instance)
    with pytest.raises(DoneBefore, match="waits for a second person already"):
        asked_to_lift(instance)
    instance.decider(BEN).decide(first.id, "not yet", approve=False)
    second = asked_to_lift(instance)
    instance.decider(REVIEWER).decide(second.id, "my mistake", approve=False)
    assert WITHHELD not in instance.seen()
    states = [one.approval.state for one in instance.decider(ANN).standing()]
    assert states == [ApprovalState.refused, ApprovalState.refused]


def test_wider_terms_wait_narrower_ones_do_not(instance: Instance) -> None:
    workspace, ann = instance.workspace, Author("ann", TODAY)
    for licence in ("internal", "ACLED"):
        done = set_terms(workspace, "invented", licence, ann)
        assert isinstance(done, Approval) is (licence == "ACLED")
    assert instance.seen().count(ID) == 0
    (asked,) = instance.waiting()
    with pytest.raises(NotAllowed, match="admin"):
        instance.decider(REVIEWER).decide(asked.id, "yes", approve=True)
    instance.decider(BEN).decide(asked.id, "the licence allows it", approve=True)
    assert workspace.state().datasets["invented"].licence == "ACLED"


def test_to_want_one_person_again_needs_two(instance: Instance) -> None:
    asked = set_persons(instance.workspace, "invented", Author("ann", TODAY), two=False)
    assert isinstance(asked, Approval)
    assert instance.workspace.state().datasets["invented"].two_persons
    with pytest.raises(NotAllowed):
        instance.decider(ANN).decide(asked.id, "yes", approve=True)
    instance.decider(BEN).decide(asked.id, "we are one", approve=True)
    assert not instance.workspace.state().datasets["invented"].two_persons
    assert instance.redactor().lift(ID, "at once") is None
    assert WITHHELD in instance.seen()


def test_a_purge_waits_and_then_erases_for_good(instance: Instance) -> None:
    store = instance.workspace.store
    asked = purge_or_ask(instance.workspace, ID, "the family's request", Author("ann", TODAY))
    assert isinstance(asked, Approval)
    assert all(one.payload for one in store.revisions(0, store.head().seq))
    assert ID in instance.seen()
    with pytest.raises(NotAllowed):
        instance.decider(ANN).decide(asked.id, "yes", approve=True)
    instance.decider(BEN).decide(asked.id, "I read the letter", approve=True)
    assert ID not in instance.seen()
    assert not any(WITHHELD.encode() in (one.payload or b"") for one in store.revisions())
    (purged,) = read_purged(instance.data_dir / "purged.json").purges
    assert purged.reason == "the family's request (asked by ann)"
    verify(store)


def test_an_approved_purge_that_leaves_a_copy_is_listed_and_a_second_one_ends_it(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, ann, why = instance.workspace, Author("ann", TODAY), "the family's request"
    asked, cleared = purge_or_ask(workspace, ID, why, ann), list[bool]()
    assert isinstance(asked, Approval)

    def is_read() -> None:
        raise StoreBusy("somebody reads it")

    monkeypatch.setattr(workspace.store, "clear_log", is_read)
    with pytest.raises(StoreBusy):
        instance.decider(BEN).decide(asked.id, "I read the letter", approve=True)
    assert len(read_purged(instance.data_dir / "purged.json").purges) == 1
    monkeypatch.setattr(workspace.store, "clear_log", lambda: cleared.append(True))
    with pytest.raises(InputError, match="not erased before"):
        purge_or_ask(workspace, ID, why, ann)
    assert cleared


def test_all_of_it_is_in_the_audit_and_a_request_is_in_nobodys_feed(instance: Instance) -> None:
    before = instance.seen()
    asked = asked_to_lift(instance)
    assert instance.seen() == before
    instance.decider(BEN).decide(asked.id, "I spoke with them", approve=True)
    rows = audit(instance.workspace.store, AuditFilter())["events"]
    assert [(one.action, one.actor) for one in rows[:2]] == [
        (AuditAction.redact, "ben"),
        (AuditAction.approval, "rio"),
    ]
    assert rows[1].reason == "lift asked for: the family agrees"


def test_two_requests_of_one_record_wait_side_by_side(instance: Instance) -> None:
    workspace, ann = instance.workspace, Author("ann", TODAY)
    assert not isinstance(set_terms(workspace, "invented", "internal", ann), Approval)
    for licence in ("ACLED", "CC-BY-4.0"):
        assert isinstance(set_terms(workspace, "invented", licence, ann), Approval)
    assert isinstance(set_persons(workspace, "invented", ann, two=False), Approval)
    for content in (b"one", b"two"):
        page, facts = AttachedFile("page.txt", content), {"licence": "CC-BY-4.0"}
        assert isinstance(attach_content(workspace, ID, page, ann, {**facts}), Approval)
        with pytest.raises(DoneBefore):
            attach_content(workspace, ID, page, ann, {**facts})
    assert len(instance.waiting()) == 5


def test_an_editor_reads_and_takes_back_their_own_requests_alone(instance: Instance) -> None:
    editor = Holder("eve", Role.editor)
    other = asked_to_lift(instance)
    page, eve = AttachedFile("page.txt", b"one"), Author("eve", TODAY, editor.identity)
    own = attach_content(instance.workspace, ID, page, eve, {"licence": "CC-BY-4.0"})
    assert isinstance(own, Approval)
    decider = instance.decider(editor)
    assert [one.approval.id for one in decider.standing()] == [own.id]
    with pytest.raises(NotFound):
        decider.decide(other.id, "no", approve=False)
    with pytest.raises(NotAllowed):
        decider.decide(own.id, "yes", approve=True)
    assert decider.decide(own.id, "my mistake", approve=False).state is ApprovalState.refused
    with pytest.raises(NotAllowed):
        instance.decider(Holder("vic", Role.viewer)).standing()


def test_a_person_stays_the_same_under_another_name(instance: Instance) -> None:
    rio = Holder("RIO (person 3f9c)", Role.reviewer, person="person 3f9c")
    asked = instance.redactor(rio).lift(ID, "the family agrees")
    assert isinstance(asked, Approval)
    renamed = msgspec.structs.replace(rio, actor="Rio Q (person 3f9c)")
    with pytest.raises(NotAllowed):
        instance.decider(renamed).decide(asked.id, "yes", approve=True)
    another = msgspec.structs.replace(rio, person="person 0000")
    instance.decider(another).decide(asked.id, "yes", approve=True)


@pytest.mark.parametrize(
    ("act", "error"),
    [
        (lambda it, number: it.decide(number[:-1], "why", approve=True), NotFound),
        (lambda it, number: it.decide(number, "", approve=True), InputError),
        (lambda it, number: it.decide(number, "a\nb", approve=False), InputError),
    ],
)
def test_a_wrong_decision_is_one_sentence(
    instance: Instance, act: Callable[[Decider, str], object], error: type[Exception]
) -> None:
    asked = asked_to_lift(instance)
    with pytest.raises(error):
        act(instance.decider(BEN), asked.id)
    scoped = msgspec.structs.replace(BEN, datasets=frozenset({"another"}))
    with pytest.raises(NotFound, match="in your scope"):
        instance.decider(scoped).decide(asked.id, "why", approve=True)
    assert json.loads(msgspec.json.encode(instance.waiting()))[0]["id"] == asked.id
