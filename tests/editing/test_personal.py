"""What may lead to a person is suggested to reviewers of its dataset, and nothing is changed."""

from __future__ import annotations

import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.redaction import TextPart
from app.domain.revision import Action
from app.domain.source import Claim
from app.editing.person_names import person_names
from app.editing.personal import TextSigns, personal_parts, personal_texts, place_test
from app.editing.redaction import Redactor
from app.instance.tokens import local_holder
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from tests.making import NOON, add, change, dataset, incident, write
from tests.serving import command

CALL = "Call +380 50 123 45 67"
SIGNS = TextSigns("UA", str.isspace)


def kinds(text: str) -> list[str]:
    return sorted(kind for kind, _text in personal_parts(text, SIGNS))


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


TEXTS_WITH_NAMES = {
    "Mayor Ann Petrenko said that Dr. O. Koval, a nurse, was hurt": ["Ann Petrenko", "O. Koval"],
    "the mayor, Vitali Invented, and Ann Koval, a journalist": ["Vitali Invented", "Ann Koval"],
    "Colonel-General Ivan Invented of the Central District": ["Ivan Invented"],
    "Pavlo Koval, the Donetsk governor, and Ann Lee, Chief of the office": [
        "Pavlo Koval",
        "Ann Lee",
    ],
    "The mayor of Sloviansk, Vadim Koval, said": ["Vadim Koval"],
    "голова Херсонської обласної військової адміністрації Олександр Коваль": ["Олександр Коваль"],
    "сообщил глава Херсонской ОВА Александр Коваль, передаёт": ["Александр Коваль"],
    "killed a man named Taras, identified as Taras Bondar.": ["Taras", "Taras Bondar"],
    "Iryna Bondar, 34, Ann Lee (7) and Olha, 8 years old": ["Iryna Bondar", "Ann Lee", "Olha"],
    "Поранено Олену Іванівну Коваль, Петра Ілліча": ["Олену Іванівну Коваль", "Петра Ілліча"],
    "журналістка Олена Коваль, мер Іван Вигаданий": ["Олена Коваль", "Іван Вигаданий"],
    "жінка на ім’я Олена; Ірина Бондар, 34 роки": ["Олена", "Ірина Бондар"],
    "погибла учительница Анна Ковалёва, 51 год": ["Анна Ковалёва"],
    "мужчина по имени Артур, Пётр Иванович": ["Артур", "Пётр Иванович"],
    "el periodista Juan de la Cruz y una mujer llamada Ana": ["Juan de la Cruz", "Ana"],
    "Ana Pérez, de 34 años, la Sra. Luz Gil": ["Ana Pérez", "Luz Gil"],
    "Mme Claire Dupont, M. Martin et le nommé Karim": ["Claire Dupont", "Martin", "Karim"],
    "Jean Petit, 34 ans, maire": ["Jean Petit"],
    "الصحفي أحمد محمد الحلبي في المدينة": ["أحمد محمد الحلبي"],
    "الدكتور خالد بن سعيد والطفلة في المدرسة": ["خالد بن سعيد"],
    "رجل يدعى سامر خليل، وأحمد يوسف، 34 عاما": ["سامر خليل", "وأحمد يوسف"],
}
TEXTS_WITHOUT = (
    "a village named Oleh, Mayor Chaus",  # names of persons that places have, too
    "Kharkiv, 34, was shelled; the mayor of Kharkiv; Kryvyi Rih (12)",
    "the driver. Three men aged 21, 26 and 29; a teacher. No injuries",
    "al Imam Malek School, Henerala M. Potapenka Street, General Staff, Volunteer Battalion",
    "мешканець Харкова, о Харкові, м. Харків, вул. Івана Франка, 34",
    "Shahed-136, BM-21 Grad, 34 rockets, On March 12, 2024, Telegram",
    "الطفل في المدينة من قرب السوق",
)


@pytest.mark.parametrize("text", TEXTS_WITH_NAMES)
def test_a_name_is_suggested_by_what_stands_beside_it(reference: Reference, text: str) -> None:
    is_place = place_test(reference, "ukraine")
    names = [name for _sign, name in person_names(text, is_place)]
    assert sorted(names) == sorted(TEXTS_WITH_NAMES[text])


@pytest.mark.parametrize("text", TEXTS_WITHOUT)
def test_places_ranks_alone_and_what_is_called_after_somebody_are_no_names(
    reference: Reference, text: str
) -> None:
    assert list(person_names(text, place_test(reference, "ukraine"))) == []


@given(st.text(max_size=300))
def test_any_text_is_read_and_a_suggestion_is_a_part_of_it(text: str) -> None:
    assert all(name in text for _sign, name in person_names(text, str.isspace))


@pytest.mark.parametrize("letter", ["a", "A", "А", "م", "A ", "م ", "A. ", "Dr. ", "'"])
def test_a_long_cell_takes_time_in_proportion_to_its_length(letter: str) -> None:
    begun = time.process_time()
    list(person_names(letter * 100_000, str.isspace))
    assert time.process_time() - begun < 5


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
