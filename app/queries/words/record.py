"""The fields of a record in the reader's language, shown on its page and in the map's dialog."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NotRequired, TypedDict

from app.domain.answer import JsonObject
from app.domain.attachment import Attachment
from app.domain.field import Field
from app.domain.fields import FIELDS
from app.domain.incident import EventKind, Mechanism
from app.domain.view import NOT_STATED
from app.i18n import strings
from app.i18n.values import count_text, day_text, days_text, length_text, number
from app.publishing.query import Query
from app.queries.words.headline import incident_headline
from app.queries.words.images import ImageFacts, image_facts
from app.queries.words.lines import TextLine, address_text, line, plain_lines, web_line
from app.reference.theatre import Theatre

UNSTATED_SECTOR = "unknown"


class IncidentField(TypedDict):
    """A field of a record: its name in the record, its label, and its lines.

    `hint` explains a label that is a term of the field. With a `fold` the lines are behind that
    text until a reader opens them.
    """

    name: str
    label: str
    hint: str | None
    lines: list[TextLine]
    fold: str | None
    images: NotRequired[list[ImageFacts]]


def when_text(language: str, properties: JsonObject) -> str:
    """Write the day or days of an incident; "unknown" without one."""
    if properties["start"] is None:
        return strings(language)["unknown"]
    return days_text(language, properties["start"], properties["end"] or properties["start"])


def days_of(properties: JsonObject) -> list[str]:
    """Return the day of an incident, or its first and last, in ISO form; empty without one."""
    if properties["start"] is None:
        return []
    start = properties["start"]
    return list(dict.fromkeys((start[:10], (properties["end"] or start)[:10])))


def with_lines(query: Query, feature: JsonObject, images: Sequence[Attachment] = ()) -> JsonObject:
    """Add a record's headline and its fields as text, for a reader who does not know the codes."""
    return {**with_headline(query, feature), "lines": incident_fields(query, feature, images)}


def with_headline(query: Query, feature: JsonObject) -> JsonObject:
    """Add a record's headline alone, as a list shows it."""
    return {**feature, "headline": incident_headline(query, feature["properties"])}


WITHOUT_LINE: Mapping[str, str] = {
    "id": "the page's address has it",
    "source_key": "a code for programs",
    "synthetic": "the page says it in a banner",
    "zone": "days are written as the record has them",
    "when_precision": "the words of `date` show it",
    "country": "the View's theatre shows it",
    "graphic": "the dialog says it above the lines",
    "public_after": "the public reads the record after it",
    "wave": "a code; the page of waves shows the nights",
} | dict.fromkeys(("lon", "lat", "admin2"), "the map shows it")
"""Fields that a reader of the lines does not need, each with the reason."""

OWN_LINES: Mapping[str, tuple[str, ...]] = {
    "date": ("start", "end", "first_day", "last_day", "when_text"),
    "place": ("place",),
    "region": ("region", "admin1"),
    "precision": ("precision", "error_m"),
    "kind": ("kind",),
    "killed": ("killed",),
    "injured": ("injured",),
    "damage": ("damage",),
    "weapons": ("weapons",),
    "mechanism": ("mechanism",),
    "attributed_to": ("attributed_to", "attributed_confidence"),
    "status": ("status",),
    "claims": ("claims",),
    "sources": ("sources",),
    "description": ("description",),
    "dataset": ("dataset",),
}
"""Lines with words of their own, each with the fields that it writes."""


def incident_fields(
    query: Query,
    feature: JsonObject,
    images: Sequence[Attachment] = (),
    fields: Sequence[Field] = FIELDS,
) -> list[IncidentField]:
    """List an incident's fields in reading order; a line may have a web address or a day.

    What happened comes first, with images of it, then who says so, then the ground of that day;
    sources whose snapshot was stale on that day are folded. The single facts follow. A field that
    says nothing is left out, but for those whose silence matters: casualties, damage, weapons,
    sources.
    """
    record, words = _RecordText(query, feature), query.words
    parts = (
        *(record.description(), record.images(), record.sources(), record.ground()),
        *(record.when_and_where(), record.harm(), record.checked()),
        *(record.plain(fields), record.context()),
    )
    rows: list[IncidentField] = []
    for name, lines in chain.from_iterable(parts):
        row = IncidentField(
            name=name,
            label=words.get(name, name),
            hint=words.get(f"hint_{name}"),
            lines=lines,
            fold=record.fold(name, lines),
        )
        if name == "images":
            row["images"] = [image_facts(query, feature, one) for one in images]
        if lines or row.get("images"):
            rows.append(row)
    return rows


_Lines = tuple[str, list[TextLine]]
"""The name of a field, which is also the key of its label, and its lines."""


@dataclass(frozen=True)
class _RecordText:
    """Writes the fields of one record in the View's language."""

    query: Query
    feature: JsonObject

    @property
    def words(self) -> Mapping[str, str]:
        return self.query.words

    @property
    def lang(self) -> str:
        return self.query.view.lang

    @property
    def properties(self) -> JsonObject:
        properties: JsonObject = self.feature["properties"]
        return properties

    def when_and_where(self) -> Iterator[_Lines]:
        words, properties, region = self.words, self.properties, self.properties["region"]
        first_day = next(iter(days_of(properties)), None)
        yield "date", [line(_when(self.lang, properties), day=first_day)]
        place = record_text(words, properties, "place") or words["not_stated"]
        yield "place", [line(place)]
        name = region["name"] or region["admin1"] or words["region_none"]
        near = f"; {words['near_border']}" if region["near_border"] else ""
        yield "region", [line(f"{name} ({words['region_' + region['how']]}{near})")]
        yield "precision", [line(_precision(self.lang, properties, self.feature))]

    def harm(self) -> Iterator[_Lines]:
        words, lang, properties = self.words, self.lang, self.properties
        taxonomy = self.query.reference.taxonomy
        is_strike = properties["kind"] == EventKind.strike
        yield "kind", [] if is_strike else [line(words[f"kind_{properties['kind']}"])]
        for toll in ("killed", "injured"):
            yield toll, [line(count_text(lang, properties[toll]))]
        sector_of = {one: taxonomy.sectors.label(one, lang) for one in taxonomy.sectors.codes}
        sector_of[UNSTATED_SECTOR] = ""  # "not stated" beside what is stated says nothing
        damage = [
            line(_damage(words, item, sector_of[item["sector"]])) for item in properties["damage"]
        ]
        yield "damage", damage or [line(words["not_stated"])]
        weapons = [line(taxonomy.weapons.label(code, lang)) for code in properties["weapons"]]
        yield "weapons", weapons or [line(words["not_stated"])]
        mechanism = properties["mechanism"]
        is_known = mechanism != Mechanism.unknown
        yield "mechanism", [line(words[f"mechanism_{mechanism}"])] if is_known else []

    def sources(self) -> Iterator[_Lines]:
        """Write who says so, and what each side claims."""
        words, properties = self.words, self.properties
        lines = [_source(self.lang, item) for item in properties["sources"]]
        yield "sources", lines or [line(words["no_source"])]
        yield "claims", _claims(words, properties)

    def checked(self) -> Iterator[_Lines]:
        """Write whom a source holds responsible, and how far the record was checked."""
        words, properties = self.words, self.properties
        if by := properties["attributed_to"]:
            confidence = words[f"confidence_{by['confidence']}"]
            party = self.query.theatre.party_name(by["party"], self.lang)
            yield "attributed_to", [line(f"{party} ({confidence})")]
        yield "status", [line(words[f"status_{properties['status']}"])]

    def images(self) -> Iterator[_Lines]:
        """Write why images are not shown; the images themselves have their own words."""
        code = self.properties["redacted"].get("images")
        is_hidden = code is not None and self.query.is_public
        yield "images", [line(_redaction_text(self.words, code))] if is_hidden else []

    def description(self) -> Iterator[_Lines]:
        text = record_text(self.words, self.properties, "description")
        yield "description", [line(text)] if text else []

    def plain(self, fields: Sequence[Field]) -> Iterator[_Lines]:
        """Write the fields without words of their own, each by its kind."""
        elsewhere = {*chain.from_iterable(OWN_LINES.values()), *WITHOUT_LINE}
        for field in fields:
            if field.name not in elsewhere and field.is_answered:
                value = self.properties[field.name]
                yield field.name, plain_lines(self.lang, field.kind, value)

    def context(self) -> Iterator[_Lines]:
        """Write what stands beside the record's own fields."""
        words, properties = self.words, self.properties
        yield "dataset", [line(properties["dataset"])]
        if properties["redacted"] and not self.query.is_public:
            yield "redacted_here", [line(_redactions(words, properties))]

    def ground(self) -> Iterator[_Lines]:
        """Write the ground of that day, and apart what is older than the theatre's limit."""
        theatre, lang = self.query.theatre, self.lang
        for name, is_stale in (("ground_here", False), ("ground_older", True)):
            grounds = [one for one in self.properties["control"] if one["is_stale"] is is_stale]
            yield name, [line(_ground_text(theatre, lang, one)) for one in grounds]

    def fold(self, name: str, lines: list[TextLine]) -> str | None:
        """Return the text that folds a field; None for a field that is open."""
        if name != "ground_older":
            return None
        days = number(self.lang, self.query.theatre.stale_after_days)
        return self.words["ground_fold"].format(n=number(self.lang, len(lines)), days=days)


def record_text(words: Mapping[str, str], properties: JsonObject, name: str) -> str | None:
    """Return a text of a record, or the reason, in the reader's language, why it is not shown."""
    code, text = properties["redacted"].get(name), properties[name]
    if code is None or text != f"redacted: {code}":
        return None if text is None else str(text)
    return _redaction_text(words, code)


def _redaction_text(words: Mapping[str, str], code: str) -> str:
    """Write why a text is not shown."""
    return words["redacted"].format(reason=words[f"redaction_{code}"])


def _claims(words: Mapping[str, str], properties: JsonObject) -> list[TextLine]:
    lines = [
        line(words["says"].format(by=claim["by"], text=claim["text"]))
        for claim in properties["claims"]
    ]
    code = properties["redacted"].get("claims")
    return lines or ([line(_redaction_text(words, code))] if code else [])


def _redactions(words: Mapping[str, str], properties: JsonObject) -> str:
    names = {"objects": "damage", "when_text": "date"}
    labels = ", ".join(words[names.get(name, name)] for name in properties["redacted"])
    code = next(iter(properties["redacted"].values()))
    return f"{labels}: {words[f'redaction_{code}']}"


def _ground_text(theatre: Theatre, lang: str, ground: JsonObject) -> str:
    """Write what one source gives for a place on the incident's day, with the snapshot's age."""
    words = strings(lang)
    party = theatre.party_name(ground["controller"] or "", lang)
    key = "no_point" if ground["status"] is None else ground["status"]
    status = words[f"control_{key}"].format(party=party)
    parts = [words["ground_status"].format(source=ground["name"], status=status)]
    if ground["distance_km"] is not None:
        parts.append(words["ground_line"].format(km=number(lang, ground["distance_km"])))
    if ground["shares"]:
        shares = ", ".join(
            f"{words['nobody_states'] if who == NOT_STATED else theatre.party_name(who, lang)} "
            f"{share:.0%}"
            for who, share in ground["shares"].items()
        )
        parts.append(words["ground_shares"].format(shares=shares))
    age = ground["age_days"]
    parts.append(age_text(lang, ("ground_age_one", "ground_age"), age))
    return words["semicolon"].join(parts)


def age_text(language: str, keys: tuple[str, str], days: int) -> str:
    """Write the age of a snapshot in days; `keys` are the sentences for one day and for more."""
    words = strings(language)
    if not days:
        return words["control_today"]
    return words[keys[days > 1]].format(n=number(language, days))


def _when(lang: str, properties: JsonObject) -> str:
    text = record_text(strings(lang), properties, "when_text")
    note = f" ({text})" if text else ""
    return when_text(lang, properties) + note


def _precision(lang: str, properties: JsonObject, feature: JsonObject) -> str:
    words = strings(lang)
    name = words[f"precision_{properties['precision']}"]
    if properties["error_m"] is None or feature["geometry"] is None:
        return name
    return f"{name}, {words['within'].format(m=length_text(lang, properties['error_m']))}"


def _damage(words: Mapping[str, str], damage: JsonObject, sector: str) -> str:
    what = ": ".join(filter(None, [sector, damage.get("object_kind"), damage.get("name")]))
    return " – ".join(filter(None, [what, words["grade_" + damage.get("grade", "unknown")]]))


def _source(lang: str, source: JsonObject) -> TextLine:
    if not source:  # a place that is shown by its region only (docs/privacy.md, "Generalisation")
        return line(strings(lang)["source_withheld"])
    url = source.get("url")
    text = source.get("publisher") or address_text(url) or strings(lang)["not_stated"]
    day = f", {_published(lang, source['published'])}" if source.get("published") else ""
    return web_line(text + day, url)


def _published(lang: str, day: str) -> str:
    """Write the day of a source; a year or a month alone stays as the source has it."""
    try:
        return day_text(lang, day)
    except ValueError:
        return day
