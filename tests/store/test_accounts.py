"""Tokens and sessions lie in the record of each engine, with who made them; the ledger has none."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import msgspec

from app.domain.account import Role, Session
from app.domain.store import Store
from app.instance.sessions import MOST_SESSIONS, open_session
from app.instance.tokens import create_token, digest_of, grant, revoke_token
from tests.making import NOON
from tests.store.places import Place

HOUR, NUMBER = timedelta(hours=1), "0c1d2e3f4a5b"
SESSION = Session(
    id="a", token=NUMBER, person="3f9c", name="Ann", created_at=NOON, expires_at=NOON + HOUR
)


def test_a_token_keeps_who_made_and_who_revoked_it(store: Store) -> None:
    token, _text = create_token(store, "desk", Role.editor, now=NOON, made_by="ann")
    granted = grant(store, "groups=editors", Role.viewer, now=NOON, datasets=("one", "two"))
    revoke_token(store, token.id, NOON + HOUR, "ben")
    rows = {row.id: row for row in store.tokens()}
    assert (rows[token.id].made_by, rows[token.id].revoked_by) == ("ann", "ben")
    assert rows[granted.id] == granted
    assert store.head().seq == 0


def test_a_session_is_known_to_every_process_until_it_ends(store: Store, place: Place) -> None:
    assert store.add_session(SESSION, b"digest", b"attempt")
    with closing(place.open()) as other:
        assert other.find_session(b"digest") == SESSION
        other.end_session("a", NOON + HOUR / 2)
        other.end_session("a", NOON + HOUR)
        assert other.find_session(b"another") is None
    ended = store.find_session(b"digest")
    assert ended is not None
    assert ended.ended_at == NOON + HOUR / 2
    assert not ended.is_open_at(NOON + HOUR / 2)


def test_no_attempt_and_no_cookie_opens_two_sessions(store: Store) -> None:
    assert store.add_session(SESSION, b"digest", b"attempt")
    second = msgspec.structs.replace(SESSION, id="b")
    assert not store.add_session(second, b"other", b"attempt")
    assert not store.add_session(second, b"digest", None)
    assert store.add_session(second, b"other", None)
    assert store.add_session(msgspec.structs.replace(SESSION, id="c"), b"third", None)
    store.end_sessions(NOON)
    assert [row.ended_at for row in store.sessions()] == [NOON] * 3
    store.forget_sessions(NOON + HOUR)
    assert len(store.sessions()) == 3
    store.forget_sessions(NOON + 2 * HOUR)
    assert store.sessions() == []


def test_a_person_with_a_token_keeps_their_newest_sessions_alone(store: Store) -> None:
    other = msgspec.structs.replace(SESSION, id="other", person="another")
    assert store.add_session(other, b"other")
    opened = [
        open_session(store, NUMBER, NOON + timedelta(seconds=number), 1)
        for number in range(MOST_SESSIONS + 2)
    ]
    kept = [row for row in store.sessions() if not row.person]
    assert len(kept) == MOST_SESSIONS
    assert kept[0].created_at == NOON + timedelta(seconds=2)
    assert store.find_session(digest_of(opened[-1][1])) == kept[-1]
    assert other in store.sessions()
