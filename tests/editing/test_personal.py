"""What may lead to a person is suggested to reviewers of its dataset, and nothing is changed."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from app.domain.redaction import TextPart
from app.domain.revision import Action
from app.domain.source import Claim
from app.editing.personal import personal_parts, personal_texts
from app.editing.redaction import Redactor
from app.instance.tokens import local_holder
from app.instance.workspace import Workspace
from tests.making import NOON, add, change, dataset, incident, write
from tests.serving import command

CALL = "Call +380 50 123 45 67"


def kinds(text: str) -> list[str]:
    return sorted(kind for kind, _found in personal_parts(text, "UA"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to o.petrenko+1@mail.example.org.", ["e-mail"]),
        ("тел. (044) 123-45-67, +380501234567", ["telephone", "telephone"]),
        ("seen by @olena_kh in https://vk.com/id12345", ["account", "profile"]),
        ("https://t.me/+380501234567", ["profile", "telephone"]),
        ("2024-03-10 04:15, 12 killed, 1 200 000 without power, 50.4501, 30.5234", []),
        ("Shahed-136/131, S-300, 9M723, KAB-500", []),
        ("at 10:00 @ the station; https://example.org/2024/03/10/news-1234567", []),
        ("a" * 100_000, []),  # one word of a whole cell is read through once
        ("", []),
    ],
)
def test_what_has_a_form_is_found_and_tolls_days_and_weapons_are_not(
    text: str, expected: list[str]
) -> None:
    assert kinds(text) == expected


@pytest.fixture
def recorded(private_workspace: Workspace) -> Workspace:
    store = private_workspace.store
    claim = Claim("a neighbour", f"{CALL}, says she")
    add(store, dataset(), dataset("other"), incident("a", description=CALL, claims=(claim,)))
    add(store, incident("b", description=CALL), incident("c", dataset="other", description=CALL))
    add(store, incident("d", description="nothing"))
    write(store, [change(incident("b", description="corrected"), Action.amend)])
    return private_workspace


def test_newest_texts_that_are_not_hidden_are_listed_for_their_reviewers(
    recorded: Workspace,
) -> None:
    owner, head = local_holder(), recorded.store.head()
    rows = personal_texts(recorded, owner)
    assert [(one.dataset, one.part.value) for one in rows] == [
        ("other", "description"),
        ("invented", "description"),
        ("invented", "claims"),
    ]
    assert personal_texts(recorded, owner, 1) == []
    Redactor(recorded, owner, NOON).redact(rows[1].id, ["claims"], "privacy_of_victim", "a name")
    of_dataset = msgspec.structs.replace(owner, datasets=frozenset({"invented"}))
    assert [one.part for one in personal_texts(recorded, of_dataset)] == [TextPart.description]
    assert recorded.store.head().seq == head.seq + 1  # the redaction alone


def test_the_command_lists_them(recorded: Workspace) -> None:
    recorded.store.close()
    done = command(Path(recorded.archive).parent, "review", "suggestions", "--json")
    assert '"kind":"telephone","text":"+380 50 123 45 67"' in done.stdout, done.stderr
