"""Facts as sentences in the reader's language, for pages made on the server."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from app.domain.answer import JsonObject
from app.domain.view import NOT_STATED
from app.i18n import strings
from app.i18n.values import count_text, day_text, days_text, length_text, number
from app.publishing.query import Query
from app.reference.theatre import Theatre

Line = dict[str, str | None]


def when_text(language: str, properties: JsonObject) -> str:
    """Say the day or days of an incident; none is not known."""
    if properties["start"] is None:
        return strings(language)["unknown"]
    return days_text(language, properties["start"], properties["end"] or properties["start"])


def days_of(properties: JsonObject) -> list[str]:
    """Give the day of an incident, or its first and last, as ISO; none where it is not known."""
    if properties["start"] is None:
        return []
    return list(
        dict.fromkeys((properties["start"][:10], (properties["end"] or properties["start"])[:10]))
    )


def incident_fields(query: Query, feature: JsonObject) -> list[tuple[str, list[Line]]]:
    """List an incident's fields as label and lines; a line may carry a web address or a day."""
    words, properties = strings(query.view.lang), feature["properties"]
    taxonomy, lang = query.reference.taxonomy, query.view.lang
    region = properties["region"]
    region_name = region["name"] or region["admin1"] or words["region_none"]
    near = f"; {words['near_border']}" if region["near_border"] else ""
    fields: list[tuple[str, list[Line]]] = [
        (
            words["date"],
            [_line(_when(lang, properties), day=next(iter(days_of(properties)), None))],
        ),
        (words["place"], [_line(text_of(words, properties, "place") or words["not_stated"])]),
        (words["region"], [_line(f"{region_name} ({words['region_' + region['how']]}{near})")]),
        (words["precision"], [_line(_precision(lang, properties, feature))]),
        (words["killed"], [_line(count_text(lang, properties["killed"]))]),
        (words["injured"], [_line(count_text(lang, properties["injured"]))]),
        (
            words["damage"],
            [
                _line(_damage(words, one, taxonomy.sectors.label(one["sector"], lang)))
                for one in properties["damage"]
            ]
            or [_line(words["not_stated"])],
        ),
        (
            words["weapons"],
            [_line(taxonomy.weapons.label(code, lang)) for code in properties["weapons"]]
            or [_line(words["not_stated"])],
        ),
        (words["mechanism"], [_line(words[f"mechanism_{properties['mechanism']}"])]),
        (words["status"], [_line(words[f"status_{properties['status']}"])]),
        (
            words["sources"],
            [_source(lang, one) for one in properties["sources"]] or [_line(words["no_source"])],
        ),
        (words["dataset"], [_line(properties["dataset"])]),
    ]
    if properties["control"]:
        theatre = query.theatre
        fields.append(
            (
                words["ground_here"],
                [_line(ground_text(theatre, lang, one)) for one in properties["control"]],
            )
        )
    if by := properties["attributed_to"]:
        party = query.theatre.party_name(by["party"], lang)
        sure = words[f"confidence_{by['confidence']}"]
        fields.append((words["attributed_to"], [_line(f"{party} ({sure})")]))
    if claims := _claims(words, properties):
        fields.append((words["claims"], claims))
    if properties["description"]:
        fields.append(
            (words["description"], [_line(text_of(words, properties, "description") or "")])
        )
    if properties["redacted"] and not query.is_public:
        fields.append((words["redacted_here"], [_line(_redactions(words, properties))]))
    return fields


def text_of(words: Mapping[str, str], properties: JsonObject, name: str) -> str | None:
    """Say a text, or in the reader's language why it is not shown."""
    code, text = properties["redacted"].get(name), properties[name]
    if code is None or text != f"redacted: {code}":
        return None if text is None else str(text)
    return redaction_text(words, code)


def redaction_text(words: Mapping[str, str], code: str) -> str:
    """Say why something is not shown."""
    return words["redacted"].format(reason=words[f"redaction_{code}"])


def _claims(words: Mapping[str, str], properties: JsonObject) -> list[Line]:
    lines = [
        _line(words["says"].format(by=one["by"], text=one["text"])) for one in properties["claims"]
    ]
    code = properties["redacted"].get("claims")
    return lines or ([_line(redaction_text(words, code))] if code else [])


def _redactions(words: Mapping[str, str], properties: JsonObject) -> str:
    names = {"objects": "damage", "when_text": "date"}
    labels = ", ".join(words[names.get(name, name)] for name in properties["redacted"])
    code = next(iter(properties["redacted"].values()))
    return f"{labels}: {words[f'redaction_{code}']}"


def ground_text(theatre: Theatre, lang: str, ground: JsonObject) -> str:
    """Say what one source gives for a place on the incident's own day, with the snapshot's age."""
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
    parts.append(age_text(lang, "ground_age", age))
    return "; ".join(parts)


def age_text(language: str, name: str, days: int) -> str:
    """Say how old a snapshot was on the day asked for."""
    words = strings(language)
    if not days:
        return words["control_today"]
    return words[f"{name}_one" if days == 1 else name].format(n=number(language, days))


def _line(text: str, href: str | None = None, day: str | None = None) -> Line:
    return {"text": text, "href": href, "day": day}


def _when(lang: str, properties: JsonObject) -> str:
    text = text_of(strings(lang), properties, "when_text")
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
    return f"{what} – {words['grade_' + damage.get('grade', 'unknown')]}"


def _is_web(url: str) -> bool:
    try:
        return urlsplit(url).scheme in ("http", "https")
    except ValueError:  # half of an IPv6 address: shown as the text that it is
        return False


def _source(lang: str, source: JsonObject) -> Line:
    url = source.get("url")
    is_web = url is not None and _is_web(url)
    text = source.get("publisher") or url or strings(lang)["not_stated"]
    day = f", {_published(lang, source['published'])}" if source.get("published") else ""
    return _line(text + day, url if is_web else None)


def _published(lang: str, day: str) -> str:
    """Say a source's day; some sources state a year or a month only, which stands as it is."""
    try:
        return day_text(lang, day)
    except ValueError:
        return day
