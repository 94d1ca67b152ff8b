"""The ledger's arithmetic: canonical JSON, salted digests and links."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from app.domain.control import ControlSnapshot
from app.domain.damage import Damage, Grade
from app.domain.incident import Attribution, Incident, Mechanism, Status
from app.domain.place import LonLat, Place, Precision
from app.domain.revision import GENESIS, canonical, fingerprint, link, payload_digest
from app.domain.source import Claim, SourceRef
from app.domain.terms import Dataset
from tests.making import dataset, incident, snapshot
from tests.strategies import points, tolls, whens

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
instants = st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  bounds are naive there


@st.composite
def incidents(draw: st.DrawFn) -> Incident:
    point: LonLat | None = draw(st.none() | points)
    return incident(
        draw(text),
        when=draw(whens),
        place=Place.at(point, draw(st.sampled_from(Precision)), name=draw(text)),
        mechanism=draw(st.sampled_from(Mechanism)),
        attributed_to=draw(st.none() | st.builds(Attribution, text)),
        killed=draw(tolls),
        injured=draw(tolls),
        damage=(Damage("energy", draw(text), None, draw(st.sampled_from(Grade)), 3),),
        claims=(Claim(draw(text), draw(text)),),
        sources=(SourceRef(draw(text), draw(text), date(2025, 1, 2), draw(instants)),),
        status=draw(st.sampled_from(Status)),
        description=draw(st.none() | text),
        graphic=draw(st.booleans()),
        public_after=draw(st.none() | instants),
    )


payloads = incidents() | st.builds(
    lambda name, words: dataset("a", name=name, attribution=words), text, text
)


@given(payloads)
def test_what_is_written_is_the_canonical_json_of_rfc_8785(record: Incident | Dataset) -> None:
    payload = canonical(record)
    assert payload == rfc8785.dumps(msgspec.json.decode(payload))


@given(payloads)
def test_a_record_is_read_back_as_it_was_written(record: Incident | Dataset) -> None:
    payload = canonical(record)
    again = msgspec.json.decode(payload, type=type(record))
    assert again == record
    assert canonical(again) == payload


def test_a_control_snapshot_is_written_canonically_too() -> None:
    payload = canonical(snapshot("ab" * 32))
    assert payload == rfc8785.dumps(msgspec.json.decode(payload))
    assert msgspec.json.decode(payload, type=ControlSnapshot) == snapshot("ab" * 32)


LINK: dict[str, Any] = {
    "seq": 7,
    "recorded_at": "2026-01-01T12:00:00Z",
    "actor": "tester",
    "action": "add",
    "reason": "a test",
    "subject": "incident",
    "key": "invented/a",
    "digest": bytes(32),
}
CHANGED: dict[str, Any] = {
    "seq": 8,
    "recorded_at": "2026-01-01T12:00:01Z",
    "actor": "somebody",
    "action": "amend",
    "reason": "",
    "subject": "control",
    "key": "invented/b",
    "digest": bytes(31) + b"\1",
}


@given(st.sampled_from(sorted(LINK)))
def test_a_link_changes_with_each_field_that_it_covers(name: str) -> None:
    assert link(GENESIS, **{**LINK, name: CHANGED[name]}) != link(GENESIS, **LINK)


def test_a_link_changes_with_the_link_before() -> None:
    assert link(bytes(31) + b"\1", **LINK) != link(GENESIS, **LINK)


@given(text, text)
def test_words_cannot_be_moved_from_one_field_of_a_link_to_the_next(a: str, b: str) -> None:
    whole = link(GENESIS, **{**LINK, "actor": a + b, "action": ""})
    parted = link(GENESIS, **{**LINK, "actor": a, "action": b})
    assert (whole == parted) is (b == "")


@given(st.binary(max_size=64), st.binary(min_size=16, max_size=16))
def test_a_digest_depends_on_its_salt_and_a_fingerprint_does_not(
    payload: bytes, salt: bytes
) -> None:
    other = bytes([salt[0] ^ 1]) + salt[1:]
    assert payload_digest(salt, payload) != payload_digest(other, payload)
    assert fingerprint(payload) == fingerprint(payload)
    assert fingerprint(payload) != fingerprint(payload + b" ")
