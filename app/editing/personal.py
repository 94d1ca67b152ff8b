"""Texts that may lead to a person: suggested to a reviewer, and never hidden by themselves.

Telephone numbers, e-mail addresses, names of accounts and addresses of profiles have a form. The
name of a person has none: it is suggested by what stands beside it (`person_names.py`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

import msgspec
from phonenumbers import PhoneNumberMatcher

from app.domain.account import Holder
from app.domain.incident import Incident, decode_incident
from app.domain.redaction import Redaction, TextPart, hidden_parts
from app.domain.revision import Action, Subject
from app.editing.person_names import person_names
from app.instance.workspace import Workspace
from app.reference.reference import Reference
from app.reference.settlements import folded_name, loose

NEWEST = 20_000
"""Revisions that an answer over HTTP examines; the command examines all."""

_DIGITS = re.compile(r"\d(?:[\s().-]{0,3}\d){6}")
_FORMS = {
    "e-mail": re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+"),
    "account": re.compile(r"(?<![\w@./+-])@[A-Za-z]\w{3,31}\b"),
    "profile": re.compile(
        r"(?:facebook\.com|fb\.com|instagram\.com|vk\.com|ok\.ru|tiktok\.com|linkedin\.com/in|"
        r"twitter\.com|x\.com|t\.me|wa\.me)/[@+]?[\w.%/?=&-]{2,80}",
        re.IGNORECASE,
    ),
}


class PersonalText(msgspec.Struct, frozen=True):
    """A part of a record's text that may lead to a person, and what it looks like."""

    id: str
    dataset: str
    part: TextPart
    kind: str
    text: str


def personal_texts(
    workspace: Workspace, holder: Holder, newest: int | None = None
) -> list[PersonalText]:
    """List what may lead to a person in texts that are not hidden, newest records first.

    Only records of the holder's datasets are read; with `newest`, only so many revisions.
    """
    store, state = workspace.store, workspace.state()
    places = cache(lambda theatre: place_test(workspace.reference, theatre))
    first = 0 if newest is None else max(store.head().seq - newest, 0)
    by_key = dict[str, list[PersonalText]]()
    for revision in store.revisions(first):
        dataset = revision.key.partition("/")[0]
        if revision.subject is not Subject.incident or not (
            not holder.datasets or dataset in holder.datasets
        ):
            continue
        by_key.pop(revision.key, None)
        if revision.payload is not None and revision.action is not Action.retract:
            incident = decode_incident(revision.payload)
            theatre = state.datasets[dataset].theatre if dataset in state.datasets else ""
            signs = TextSigns(_country(workspace, incident), places(theatre))
            if parts := list(_of_incident(incident, revision.key, state.redactions, signs)):
                by_key[revision.key] = parts
    return [one for parts in reversed(by_key.values()) for one in parts]


def _country(workspace: Workspace, incident: Incident) -> str | None:
    """Return the country whose telephone numbers a text may have without a prefix."""
    dataset = workspace.state().datasets.get(incident.dataset)
    theatre = dataset and workspace.reference.theatres.get(dataset.theatre)
    return incident.place.country or (theatre.countries[0] if theatre else None)


def _of_incident(
    incident: Incident, key: str, redactions: Mapping[str, Redaction], signs: TextSigns
) -> Iterator[PersonalText]:
    hidden = hidden_parts(redactions, key)
    for part, text in _texts(incident):
        if part.value not in hidden:
            for kind, words in personal_parts(text, signs):
                yield PersonalText(str(incident.id), incident.dataset, part, kind, words)


def _texts(incident: Incident) -> Iterator[tuple[TextPart, str]]:
    yield TextPart.description, incident.description or ""
    yield TextPart.place, incident.place.name or ""
    yield TextPart.when_text, incident.when.text or ""
    for claim in incident.claims:
        yield TextPart.claims, claim.text
    for damage in incident.damage:
        yield TextPart.objects, damage.name or ""


class TextSigns(NamedTuple):
    """What a text is read with: the country whose telephone numbers it has, and names of places."""

    region: str | None
    is_place: Callable[[str], bool]


def place_test(reference: Reference, theatre: str) -> Callable[[str], bool]:
    """Return what tells a name of a place in a theatre, from its settlements and regions."""
    if theatre not in reference.theatres:
        return lambda _name: False
    settlements = reference.settlements(theatre)
    regions = {
        form(name)
        for one in reference.region_sets(theatre).values()
        for region in one.regions
        for name in (region.name_en, *region.names.values())
        for form in (folded_name, loose)
    }

    def is_place(name: str) -> bool:
        is_region = not regions.isdisjoint({folded_name(name), loose(name)} - {""})
        return is_region or bool(settlements and settlements.called(name))

    return is_place


def personal_parts(text: str, signs: TextSigns) -> Iterator[tuple[str, str]]:
    """Find what may lead to a person in a text, with what it looks like.

    >>> signs = TextSigns("UA", str.isspace)
    >>> list(personal_parts("Ask Dr. Olha Bondar, 050 123 45 67, olha@example.org", signs))
    [('e-mail', 'olha@example.org'), ('telephone', '050 123 45 67'), ('name_role', 'Olha Bondar')]
    >>> list(personal_parts("On 2024-03-10 at 12:30, 250 km away, 1 500 000 left", signs))
    []
    """
    for kind, form in _FORMS.items():
        yield from ((kind, match[0]) for match in form.finditer(text))
    if _DIGITS.search(text):
        matches = PhoneNumberMatcher(text, signs.region)
        yield from (("telephone", match.raw_string) for match in matches)
    yield from ((sign.value, name) for sign, name in person_names(text, signs.is_place))
