"""Tokens open what they say, to whom they were given, for as long as they last."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any

import pytest

from app.domain.account import Role
from app.domain.errors import InputError, NotAllowed, NotFound, NotKnown
from app.instance.tokens import allow, create_token, holder_of, revoke_token
from app.store.sqlite import SqliteStore
from tests.making import NOON

DAY = timedelta(days=1)


def test_a_token_is_recognised_with_its_role_and_scope(store: SqliteStore) -> None:
    token, text = create_token(store, "desk", Role.editor, now=NOON, datasets=("mine",))
    holder = holder_of(store, text, NOON)
    assert (holder.role, holder.datasets) == (Role.editor, frozenset({"mine"}))
    assert holder.actor == f"desk (token {token.id})"


def test_the_record_keeps_no_secret(store: SqliteStore) -> None:
    _token, text = create_token(store, "desk", Role.admin, now=NOON)
    store.close()
    files = [path for path in store._path.parent.iterdir() if path.is_file()]
    assert files
    assert not any(text.split("_", 2)[2].encode() in path.read_bytes() for path in files)


def test_two_tokens_of_one_name_are_two(store: SqliteStore) -> None:
    texts = {create_token(store, "desk", Role.viewer, now=NOON)[1] for _ in range(2)}
    actors = {holder_of(store, text, NOON).actor for text in texts}
    assert (len(texts), len(actors)) == (2, 2)


def test_a_token_ends_at_its_time_and_not_before(store: SqliteStore) -> None:
    _token, text = create_token(store, "desk", Role.viewer, now=NOON, days=2)
    last = holder_of(store, text, NOON + 2 * DAY - timedelta(microseconds=1))
    assert last.role is Role.viewer
    with pytest.raises(NotKnown, match="opens nothing any more"):
        holder_of(store, text, NOON + 2 * DAY)


def test_a_revoked_token_opens_nothing_and_stays_in_the_list(store: SqliteStore) -> None:
    token, text = create_token(store, "desk", Role.viewer, now=NOON)
    assert revoke_token(store, token.id, NOON + DAY, "ann").revoked_at == NOON + DAY
    assert revoke_token(store, token.id, NOON + 2 * DAY, "ben").revoked_by == "ann"
    with pytest.raises(NotKnown, match="revoked"):
        holder_of(store, text, NOON + DAY)
    assert [one.id for one in store.tokens()] == [token.id]
    with pytest.raises(NotFound, match="token list"):
        revoke_token(store, "000000000000", NOON, "ann")


def wrong_texts(text: str) -> list[str]:
    number = text.split("_")[1]
    last = "A" if text[-1] != "A" else "B"
    return ["", "x", text[:-1], text + "A", text[:-1] + last, text.replace(number, "0" * 12)]


def test_a_wrong_token_is_one_sentence_that_does_not_say_what_is_wrong(store: SqliteStore) -> None:
    _token, text = create_token(store, "desk", Role.admin, now=NOON)
    said = set()
    for wrong in wrong_texts(text):
        with pytest.raises(NotKnown) as refused:
            holder_of(store, wrong, NOON)
        said.add(str(refused.value))
    assert len(said) == 1


def test_every_token_is_compared_once_in_constant_time(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _token, text = create_token(store, "desk", Role.admin, now=NOON)
    compared: list[tuple[int, int]] = []
    real = hmac.compare_digest

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((len(one), len(other)))
        return real(one, other)

    monkeypatch.setattr(hmac, "compare_digest", compare)
    holder_of(store, text, NOON)
    for wrong in wrong_texts(text):
        with pytest.raises(NotKnown):
            holder_of(store, wrong, NOON)
    assert compared == [(32, 32)] * 7


@pytest.mark.parametrize(
    "given",
    [
        *({"name": ""}, {"name": "a\nb"}, {"name": "x" * 61}),
        *({"days": 0}, {"days": -1}, {"days": 99_999}, {"datasets": ("No Slug",)}),
    ],
)
def test_a_token_that_says_nothing_sensible_is_not_made(
    store: SqliteStore, given: dict[str, Any]
) -> None:
    with pytest.raises(InputError):
        create_token(store, given.pop("name", "desk"), Role.viewer, now=NOON, **given)
    assert store.tokens() == []


@pytest.mark.parametrize("role", list(Role))
def test_a_role_may_what_it_reaches_and_no_more(store: SqliteStore, role: Role) -> None:
    _token, text = create_token(store, "desk", role, now=NOON, datasets=("mine",))
    holder = holder_of(store, text, NOON)
    for wanted in Role:
        if role.reaches(wanted):
            allow(holder, wanted, "mine")
        else:
            with pytest.raises(NotAllowed, match=wanted.value):
                allow(holder, wanted, "mine")
    with pytest.raises(NotAllowed, match="not for 'other'"):
        allow(holder, Role.viewer, "other")


def test_tokens_are_no_part_of_the_ledger(store: SqliteStore) -> None:
    create_token(store, "desk", Role.viewer, now=NOON)
    assert store.head().seq == 0
