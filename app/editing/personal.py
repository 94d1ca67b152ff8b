"""Texts that may lead to a person: suggested to a reviewer, and never hidden by themselves.

Found are what has a form: telephone numbers, e-mail addresses, names of accounts and addresses of
profiles. A person's name has no form; whoever reads the text has to see it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import msgspec
from phonenumbers import PhoneNumberMatcher

from app.domain.account import Holder
from app.domain.incident import Incident, decode_incident
from app.domain.redaction import Redaction, TextPart, hidden_parts
from app.domain.revision import Action, Subject
from app.instance.workspace import Workspace

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
            region = _country(workspace, incident)
            if parts := list(_of_incident(incident, revision.key, state.redactions, region)):
                by_key[revision.key] = parts
    return [one for parts in reversed(by_key.values()) for one in parts]


def _country(workspace: Workspace, incident: Incident) -> str | None:
    """Return the country whose telephone numbers a text may have without a prefix."""
    dataset = workspace.state().datasets.get(incident.dataset)
    theatre = dataset and workspace.reference.theatres.get(dataset.theatre)
    return incident.place.country or (theatre.countries[0] if theatre else None)


def _of_incident(
    incident: Incident, key: str, redactions: Mapping[str, Redaction], region: str | None
) -> Iterator[PersonalText]:
    hidden = hidden_parts(redactions, key)
    for part, text in _texts(incident):
        if part.value not in hidden:
            for kind, found in personal_parts(text, region):
                yield PersonalText(str(incident.id), incident.dataset, part, kind, found)


def _texts(incident: Incident) -> Iterator[tuple[TextPart, str]]:
    yield TextPart.description, incident.description or ""
    yield TextPart.place, incident.place.name or ""
    yield TextPart.when_text, incident.when.text or ""
    for claim in incident.claims:
        yield TextPart.claims, claim.text
    for damage in incident.damage:
        yield TextPart.objects, damage.name or ""


def personal_parts(text: str, region: str | None) -> Iterator[tuple[str, str]]:
    """Find what may lead to a person in a text, with what it looks like.

    >>> list(personal_parts("Ask Olena, 050 123 45 67 or olena@example.org", "UA"))
    [('e-mail', 'olena@example.org'), ('telephone', '050 123 45 67')]
    >>> list(personal_parts("On 2024-03-10 at 12:30, 250 km away, 1 500 000 left", "UA"))
    []
    """
    for kind, form in _FORMS.items():
        yield from ((kind, match[0]) for match in form.finditer(text))
    if _DIGITS.search(text):
        yield from (("telephone", match.raw_string) for match in PhoneNumberMatcher(text, region))
