"""A weapon that a source names is never shown as unknown: each crosswalk has a code for it."""

from __future__ import annotations

import csv

import pytest

from app.importers.events import Crosswalk
from app.reference.reference import Reference
from tests.support import context, real

SAYS_NO_WEAPON = {
    "acled": {"Remote explosive/landmine/IED", "Attack"},
    "viina": {"t_ied_b", "t_property_b", "t_hospital_b", "t_civcas_b"},
}
"""Words of a strike that do not say with what: an explosive device can be a mine or none."""

TAKEN = {"strike", "if_harm", "other_harm", "incident"}
NOT_WEAPONS = {"Sexual violence"}


@pytest.mark.parametrize(
    ("form", "table"), [("acled", "weapon_of_sub_event"), ("viina", "weapons")]
)
def test_every_word_of_a_strike_has_a_class_or_says_none(
    form: str, table: str, reference: Reference
) -> None:
    words = reference.taxonomy.crosswalk(form)
    taken = {word for word, fate in words["scope"].items() if fate in TAKEN}
    assert taken - words[table].keys() == SAYS_NO_WEAPON[form] | (NOT_WEAPONS & taken)
    assert set(words[table].values()) <= set(reference.taxonomy.weapons.codes) - {"unknown"}


@pytest.mark.parametrize("form", ["cir", "hxl", "gtd", "missile_attacks", "mapped", "free_words"])
def test_no_listed_word_falls_to_unknown(form: str, reference: Reference) -> None:
    words = reference.taxonomy.crosswalk(form)
    codes = words.get("weapons") or words["models"]
    assert "unknown" not in codes.values()
    assert set(codes.values()) <= {*reference.taxonomy.weapons.codes, ""}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("9M27-K1", "artillery.mlrs"),
        ("2S19 MSTA-S", "artillery.tube"),
        ("3M54-1", "missile.cruise"),
        ("Forpost-R drone", "drone"),
        ("undetermined", None),
        ("T-72B tank", None),
    ],
)
def test_a_munition_of_cir_is_known_by_its_name(text: str, code: str | None) -> None:
    assert Crosswalk(context("ukraine"), "cir").code_of("weapons", text) == code


def test_munitions_of_the_real_file_that_name_a_weapon_have_a_class() -> None:
    crosswalk = Crosswalk(context("ukraine"), "cir")
    with real("cir/events_2022.csv").open(encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    taken = ("Civilian", "Bombing")
    named = [row["arms/munition"] for row in rows if (row["event_group"] or "").startswith(taken)]
    unknown = {one for one in named if one.strip() and not crosswalk.code_of("weapons", one)}
    assert len(unknown) <= len(named) // 100, sorted(unknown)
