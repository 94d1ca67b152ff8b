"""Headlines made of facts: one for the figures of a View, one for a record.

A headline has only what a source says: what is not known is left out or called not known, and is
never zero. Ukrainian sentences are built so that a name from the data needs no ending of a case.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from app.domain.answer import JsonObject
from app.domain.damage import Grade
from app.domain.incident import Mechanism, Status
from app.i18n import strings
from app.i18n.values import count_text, day_words, number, plural
from app.publishing.publish import Published
from app.publishing.query import Query
from app.queries.words.filters import filter_texts

_MOST_NAMES = 3
"""Regions, objects or weapons in a headline, at most."""

_MOST_KIND = 60
"""Characters of a kind of object, at most: a longer text is a description, not a name."""

_UNCERTAIN = (Status.disputed, Status.retracted)
"""A headline says so: alone it would read as a fact."""

_OF_HEADLINE = ("freeze", "region")
"""What `filter_texts` has and a headline does not need after its sentence: a fixed line is no
filter, and the regions are named where they fit."""


def summary_headline(published: Published, summary: JsonObject) -> str | None:
    """Write a summary by region as one sentence; None where its sums are withheld or not made."""
    query, totals = published.query, summary["totals"]
    if totals is None or not published.datasets:
        return None
    words, lang, view = query.words, query.view.lang, query.view
    regions = [one.name(lang) for one in query.regions.regions if one.code in view.regions]
    has_names = 0 < len(regions) <= _MOST_NAMES
    where = words["comma"].join(regions) if has_names else query.theatre.title(lang)
    days = _period_words(words, view.first, view.last)
    facts = [*_counts(lang, totals, where)]
    if totals["incidents"] and not regions:
        facts += _greatest(lang, summary["rows"])
    harm = _harm(lang, totals, is_sum=True) if totals["incidents"] else ""
    sentence = words["headline_of_period"].format(days=days, facts=words["comma"].join(facts))
    hidden = _OF_HEADLINE if has_names else _OF_HEADLINE[:1]
    filters = words["semicolon"].join(
        one.text for one in filter_texts(query) if one.name not in hidden
    )
    only = words["text_only"].format(filters=filters) if filters else ""
    return " ".join(
        filter(None, [words["semicolon"].join(filter(None, [sentence, harm])) + ".", only])
    )


def _counts(lang: str, totals: JsonObject, where: str) -> list[str]:
    """Write how many incidents there are, and how many of them with damage."""
    words, incidents, damaged = strings(lang), totals["incidents"], totals["damaged"]
    if not incidents:
        return [words["headline_nothing"].format(where=where)]
    key = "headline_all_damaged_" if damaged == incidents else "headline_incidents_"
    first = words[key + plural(lang, incidents)].format(n=number(lang, incidents), where=where)
    if not 0 < damaged < incidents:
        return [first]
    return [first, words["headline_with_damage"].format(n=number(lang, damaged))]


def _greatest(lang: str, rows: Sequence[JsonObject]) -> list[str]:
    """Name the region with the most incidents, if there are several and it is the only such one."""
    most = sorted(rows, key=lambda row: -int(row["incidents"]))[:2]
    if len(most) < 2 or most[0]["incidents"] == most[1]["incidents"] or not most[1]["incidents"]:  # noqa: PLR2004
        return []
    n = number(lang, most[0]["incidents"])
    return [strings(lang)["headline_most"].format(region=most[0]["name"], n=n)]


def _harm(lang: str, record: JsonObject, *, is_sum: bool = False) -> str:
    """Write killed and injured; what is not known is said of a sum, and left out of a record."""
    words = strings(lang)
    texts = {
        toll: words[f"headline_{toll}"].format(n=count_text(lang, record[toll]))
        for toll in ("killed", "injured")
        if count_text(lang, record[toll]) != words["unknown"]
    }
    if is_sum and not texts:
        return words["headline_harm_unknown"]
    if is_sum:
        for toll in ("killed", "injured"):
            texts.setdefault(toll, words[f"headline_{toll}_unknown"])
    return words["comma"].join(texts[toll] for toll in ("killed", "injured") if toll in texts)


def _period_words(words: Mapping[str, str], first: date | None, last: date | None) -> str:
    """Write a period with whole names of months, and no month or year twice."""
    if first is None or last is None:
        if first is None and last is None:
            return words["headline_all_days"]
        start = words["beginning"] if first is None else day_words(words, first)
        return f"{start} – {words['today'] if last is None else day_words(words, last)}"
    end = day_words(words, last)
    if first == last:
        return end
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{end}"
    start = day_words(words, first)
    if first.year == last.year:
        start = start.removesuffix(f"\u00a0{last.year}")
    return f"{start} – {end}"


def incident_headline(query: Query, properties: JsonObject) -> str:
    """Write a record as one line: what was hit, by what, where, and who came to harm.

    It has only properties that the audience gets. Of a record that is known by its region it names
    the region.
    """
    words, lang = query.words, query.view.lang
    event, place = _event(query, properties), _place(properties)
    if place:
        event = words["headline_in"].format(event=event, place=place)
    if harm := _harm(lang, properties):
        event = words["headline_harm"].format(event=event, harm=harm)
    status = properties["status"]
    return f"{event} ({words[f'status_{status}']})" if status in _UNCERTAIN else event


def _event(query: Query, properties: JsonObject) -> str:
    words = query.words
    is_debris = properties["mechanism"] == Mechanism.interception_debris
    names = [words["headline_debris"]] if is_debris else _weapons(words, properties["weapons"])
    weapons = _joined(words, names)
    damage = [one for one in properties["damage"] if one.get("grade") != Grade.none]
    if not damage:
        return words["headline_hit_by"].format(weapons=weapons) if weapons else words["incident"]
    grades = {one.get("grade", Grade.unknown) for one in damage}
    kind = {frozenset((Grade.destroyed,)): "destroyed", frozenset((Grade.possible,)): "possible"}
    what = _joined(words, _objects(query, damage, properties))
    key = f"{kind.get(frozenset(grades), 'damaged')}{'' if what else '_bare'}"
    if not weapons:
        return words[f"headline_{key}"].format(what=what)
    return words[f"headline_by_{key}"].format(what=what, weapons=weapons)


def _objects(query: Query, damage: Iterable[JsonObject], properties: JsonObject) -> list[str]:
    """Name what was hit, and how many where a source counts; empty if unknown."""
    is_redacted = "objects" in properties["redacted"]
    names = [_object(query, one, is_redacted=is_redacted) for one in damage]
    return [name[:1].upper() + name[1:] if not n else name for n, name in enumerate(_unique(names))]


def _object(query: Query, damage: JsonObject, *, is_redacted: bool) -> str:
    """Name one kind of object: as the source does, if in the reader's alphabet, else its sector."""
    words, lang = query.words, query.view.lang
    sector = words.get(f"headline_what_{damage['sector']}", "")
    kind = "" if is_redacted else damage.get("object_kind") or ""
    is_readable = len(kind) <= _MOST_KIND and (not sector or kind.isascii() == sector.isascii())
    name = (kind if is_readable else "") or sector
    count = damage.get("count") or 0
    return f"{name} ({number(lang, count)})" if name and count > 1 else name


def _weapons(words: Mapping[str, str], codes: Iterable[str]) -> list[str]:
    """Name the families of weapons; an unknown weapon has no name."""
    families = _unique(code.split(".")[0] for code in codes)
    return [words[f"headline_weapon_{one}"] for one in families if one not in ("other", "unknown")]


def _unique(names: Iterable[str]) -> list[str]:
    return [name for name in dict.fromkeys(names) if name]


def _joined(words: Mapping[str, str], names: Sequence[str]) -> str:
    """Join names as a sentence does; further ones than _MOST_NAMES are "others"."""
    if len(names) > _MOST_NAMES:
        names = [*names[: _MOST_NAMES - 1], words["headline_others"]]
    if len(names) <= 1:
        return "".join(names)
    return words["headline_and"].format(first=words["comma"].join(names[:-1]), last=names[-1])


def _place(properties: JsonObject) -> str:
    """Write place and region; the region alone where the place is not shown."""
    region = properties["region"]["name"] or properties["region"]["admin1"] or ""
    place = "" if "place" in properties["redacted"] else properties["place"] or ""
    # "Kharkiv, Kharkiv Oblast" says nothing that "Kharkiv" does not.
    parts = [part.strip().casefold() for part in str(place).split(",")]
    says_region = any(part and part in region.casefold() for part in parts)
    return ", ".join(filter(None, [place, "" if says_region else region]))
