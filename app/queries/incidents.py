"""Single incidents: lists of them, and records with their history."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

import numpy as np

from app.domain.answer import JsonObject
from app.domain.errors import InputError, NotFound
from app.domain.fields import answer_values, answer_writers, changed_fields
from app.domain.incident import Incident, decode_incident
from app.domain.instants import rfc3339
from app.domain.merge import Member
from app.domain.redaction import hidden_parts, redact
from app.domain.revision import Action, Revision, Subject
from app.domain.source import upstream_links
from app.domain.terms import Face
from app.index.columns import pack
from app.index.locate import RegionHow
from app.index.select import Selection, is_embargoed, is_quiet
from app.publishing.publish import Published
from app.queries.ground.at_points import ground_of_incidents
from app.rows import NEAR_BORDER, NEVER, NO_REGION, Rows


@dataclass(frozen=True)
class IncidentPage:
    """One page of a list: the features of its rows, and the number of rows in all pages."""

    features: list[JsonObject]
    matched: int


ORDERS = ("new", "old", "killed", "injured")
"""By day, newest or oldest first; or by a toll, the highest first and unknown ones last."""


class SortKey(NamedTuple):
    """A field to sort by."""

    field: str
    is_descending: bool


SORTABLES: Mapping[str, Callable[[Selection], np.ndarray]] = {
    "start": lambda rows: np.where(rows["day_first"] == NEVER, np.nan, rows["day_first"]),
    "killed": lambda rows: _toll_known(rows, "killed"),
    "injured": lambda rows: _toll_known(rows, "injured"),
    "status": lambda rows: rows["status"].astype(float),
}
"""Fields to sort by, as numbers; NaN where the value is not known. Status: as far as checked."""


SIGNS = ("-", "+", " ")
"""Signs before a field to sort by: a plus that was not escaped in an address is a space."""


def read_sorting(text: str) -> tuple[SortKey, ...]:
    """Read fields to sort by, `-killed,+start`; a field without a sign is ascending.

    Raises:
        InputError: a field that cannot be sorted by.
    """
    keys = []
    for part in text.split(","):
        name = part[1:] if part.startswith(SIGNS) else part
        if name not in SORTABLES:
            raise InputError("value", part, f"{', '.join(SORTABLES)}; + or - before each")
        keys.append(SortKey(name, part.startswith("-")))
    return tuple(keys)


def sorted_places(selection: Selection, keys: Sequence[SortKey]) -> np.ndarray:
    """Return the indices of rows by several fields; unknown values come last in each order."""
    columns: list[np.ndarray] = [selection["seq"]]
    for key in reversed(keys):
        values = SORTABLES[key.field](selection)
        columns += [-values if key.is_descending else values]  # NaN is last either way
    return np.asarray(np.lexsort(columns))


def _toll_known(selection: Selection, toll: str) -> np.ndarray:
    known = _toll_column(selection, toll)
    return np.where(known < 0, np.nan, known)


def _toll_column(selection: Selection, toll: str) -> np.ndarray:
    """Return the lower bound of a toll, or its best figure; below 0 where neither is known."""
    low, best = selection[f"{toll}_total_low"], selection[f"{toll}_total_best"]
    return np.where(low >= 0, low, best)


def list_incidents(
    published: Published,
    limit: int,
    offset: int = 0,
    order: str | Sequence[SortKey] = "new",
    selection: Selection | None = None,
) -> IncidentPage:
    """List a View's incidents, or a selection of them, in one of ORDERS or by fields."""
    selection = published.select() if selection is None else selection
    if isinstance(order, str):
        places = row_order(selection, order, offset + limit)
    else:
        places = sorted_places(selection, order)
    features = incident_features(published, selection.take(places[offset : offset + limit]))
    return IncidentPage(features, len(selection))


def row_order(selection: Selection, order: str = "new", most: int | None = None) -> np.ndarray:
    """Return the indices of a selection's rows in one of ORDERS; within a day, in the ledger's.

    With `most`, the days after that of the row of this number may be missing.
    """
    day = selection["day_first"]
    if order not in ("old", "new"):
        return np.asarray(np.lexsort((selection["seq"], day, _toll_column(selection, order)))[::-1])
    sign = -1 if order == "new" else 1
    days, places = sign * day, np.arange(len(day))
    if most is not None and most < len(days):  # a page of many rows: the others stay unsorted
        places = np.flatnonzero(days <= np.partition(days, most)[most])
    seqs = selection.take(places)["seq"]
    return np.asarray(places[np.lexsort((sign * seqs, days[places]))])


def incident_features(
    published: Published, rows: Rows, face: Face = Face.points
) -> list[JsonObject]:
    """Write rows as features, in their order, without erased records.

    The record is read once for all rows, and each snapshot once for all rows of its days.
    """
    seqs = rows["seq"].tolist()
    revisions = {one.seq: one for one in published.workspace.store.by_seq(seqs) if one.payload}
    places = [place for place, seq in enumerate(seqs) if seq in revisions]
    readable = [revisions[seqs[place]] for place in places]
    return _features(published, readable, rows.among(np.array(places, np.int64)), face)


def find_incident(published: Published, ref: str) -> JsonObject:
    """Return the feature of one incident, by its id or short number, as the View knows it.

    Raises:
        NotFound: there is no such incident, or this audience may not see it.
    """
    number = _number(published, ref)
    is_hidden = number in published.filter.hidden_now
    for segment in () if is_hidden else published.state.segments:
        rows = segment.rows
        is_current = (rows["seq"] <= published.filter.seq) & (
            rows["known_to"] > published.filter.seq
        )
        is_current &= published.filter.datasets[rows["dataset"]]
        if published.filter.embargo_at is not None:
            is_current &= ~is_embargoed(rows, np.arange(len(rows)), published.filter)
        places = np.flatnonzero(is_current & (rows["number"] == number))
        if len(places):
            row = rows.take(places[:1])
            revision = published.workspace.store.by_seq(row["seq"].tolist())
            if revision and revision[0].payload is not None:
                return incident_feature(published, revision[0], row, 0)
    raise NotFound(f"There is no incident {ref!r} that may be shown here.")


def _number(published: Published, ref: str) -> int:
    if re.fullmatch(r"[0-9]{1,9}", ref):
        return int(ref)
    try:
        uuid = str(UUID(ref))
    except ValueError as wrong:
        raise NotFound(
            f"There is no incident {ref!r}: an id is a UUID or a short number."
        ) from wrong
    for dataset in published.datasets:
        revisions = published.workspace.store.history(Subject.incident, f"{dataset.slug}/{uuid}")
        if revisions:
            return revisions[0].seq
    return -1


def history(published: Published, incident: JsonObject) -> list[dict[str, str]]:
    """List when an incident changed and in which fields, oldest first, as the View knows it.

    Only a private audience gets the actor and the reason: they name accounts and files.
    """
    is_private = not published.is_public
    key = f"{incident['properties']['dataset']}/{incident['id']}"
    revisions = published.workspace.store.history(Subject.incident, key)
    payloads_before = [None, *(one.payload for one in revisions)]
    return [
        {
            "revision": str(revision.seq),
            "recorded_at": rfc3339(revision.recorded_at),
            "action": revision.action.value,
            "actor": revision.actor if is_private else "",
            "reason": revision.reason if is_private else "",
            "changed": ", ".join(changed_fields(before, revision.payload) if before else []),
            "hash": revision.hash.hex(),
        }
        for before, revision in zip(payloads_before, revisions, strict=False)
        if revision.seq <= published.filter.seq
    ]


def incident_feature(
    published: Published, revision: Revision, rows: Rows, place: int
) -> JsonObject:
    """Write one revision of an incident as a GeoJSON feature; `place` is the index of its row."""
    return _features(published, [revision], rows.take(np.array([place])), Face.points)[0]


def _features(
    published: Published,
    revisions: Sequence[Revision],
    rows: Rows,
    face: Face,
) -> list[JsonObject]:
    """Write revisions as features, each with its row; the geometry is null without a point."""
    incidents = [_decoded(revision) for revision in revisions]
    quiet = is_quiet(rows, np.arange(len(rows)), published.filter).tolist()
    locatable = [
        None if is_region_only else incident
        for incident, is_region_only in zip(incidents, quiet, strict=True)
    ]
    grounds = ground_of_incidents(published, locatable, face)
    numbers = rows["number"].tolist()
    withdrawn = withdrawn_numbers(published)
    regions = _regions(published, incidents, rows)
    features = []
    for place, (revision, incident) in enumerate(zip(revisions, incidents, strict=True)):
        is_region_only = quiet[place]
        region = regions[place]
        properties = {
            "id": revision.key.rpartition("/")[2],
            "number": numbers[place],
            **_published_properties(
                published,
                revision.key,
                incident,
                is_region_only=is_region_only,
                is_withdrawn=numbers[place] in withdrawn,
            ),
            "region": _general(region, incident) if is_region_only else region,
            "revision": revision.seq,
            "recorded_at": rfc3339(revision.recorded_at),
            "control": grounds[place],
            "merged_with": []
            if is_region_only
            else _merged_with(published, revision, numbers[place]),
        }
        features.append(
            {
                "type": "Feature",
                "id": properties["id"],
                "geometry": None if is_region_only else _geometry(incident),
                "properties": properties,
            }
        )
    return features


def _decoded(revision: Revision) -> Incident:
    assert revision.payload is not None  # noqa: S101  callers exclude erased payloads
    return decode_incident(revision.payload)


def _geometry(incident: Incident) -> JsonObject | None:
    point = incident.place.point if incident.place.is_drawable else None
    return {"type": "Point", "coordinates": [point.lon, point.lat]} if point else None


def _merged_with(published: Published, revision: Revision, number: int) -> list[JsonObject]:
    """List the records of other datasets on the same strike, each with its own values.

    `same_upstream` says that both records cite the same report, and so are one source.
    """
    others = published.state.merged.others(number, published.filter.seq)
    if not others:
        return []
    links, records = _links(revision), []
    for member in others:
        record = _record_then(published, member)
        if record is not None and record.payload is not None:
            incident = decode_incident(record.payload)
            records.append(
                {
                    "id": str(incident.id),
                    "number": member.number,
                    **_published_properties(published, record.key, incident, is_region_only=False),
                    "same_upstream": bool(links & _links(record)),
                }
            )
    return records


def _links(revision: Revision) -> frozenset[str]:
    sources = _decoded(revision).sources
    return frozenset(link for one in sources for link in upstream_links(one))


def _record_then(published: Published, member: Member) -> Revision | None:
    """Return another dataset's record as the View knows it; None if the audience may not see it.

    The public sees it only if its terms let raw records out, and only if it is neither withheld nor
    shown by its region alone: beside another record it would tell where the strike was.
    """
    history = published.workspace.store.history(Subject.incident, member.key)
    record = next((one for one in reversed(history) if one.seq <= published.filter.seq), None)
    if record is None or record.payload is None or record.action is Action.retract:
        return None
    if not published.is_public:
        return record
    if history[-1].action is Action.retract:
        return None
    criteria, dataset = published.filter, published.state.datasets.get(member.dataset)
    tables, taxonomy = published.state.tables.copy(), published.reference.taxonomy
    for revision in (record, history[-1]):  # the terms apply to both states
        row = pack([revision], tables, taxonomy)
        at = np.arange(len(row))
        if not len(row) or is_embargoed(row, at, criteria)[0] or is_quiet(row, at, criteria)[0]:
            return None
    return record if dataset is not None and dataset.terms.raw else None


def withdrawn_numbers(published: Published) -> frozenset[int]:
    """List the incidents that are retracted now, for the public.

    Their free texts are withheld in every revision: whoever took a record back took back what it
    says (docs/privacy.md, "No way around the terms").
    """
    if not published.is_public:
        return frozenset()
    return frozenset[int]().union(*(segment.withdrawn for segment in published.state.segments))


def _published_properties(
    published: Published,
    key: str,
    incident: Incident,
    *,
    is_region_only: bool,
    is_withdrawn: bool = False,
) -> JsonObject:
    """Write a record's properties; texts that are redacted now are replaced for the public."""
    properties = _properties(published, incident, is_region_only=is_region_only)
    if is_withdrawn:
        properties |= {"description": None, "claims": [], "when_text": None}
        properties["damage"] = [
            {name: value for name, value in one.items() if name != "name"}
            for one in properties["damage"]
        ]
    redactions = published.state.redactions
    if key in redactions and published.is_public:
        properties = redact(properties, redactions[key])
    properties["redacted"] = hidden_parts(redactions, key)
    return properties


def _properties(published: Published, incident: Incident, *, is_region_only: bool) -> JsonObject:
    terms = published.state.datasets[incident.dataset].terms
    is_whole = not is_region_only and (terms.raw or not published.is_public)
    writers = answer_writers(is_whole=is_whole, is_region_only=is_region_only)
    return answer_values(incident, writers)


def _general(region: JsonObject, incident: Incident) -> JsonObject:
    """Remove from a quiet record's region what could tell where in it the point lies."""
    how = RegionHow.stated if incident.place.admin1 else RegionHow.located
    return {**region, "admin2": None, "how": how.name, "near_border": False}


def _regions(published: Published, incidents: Sequence[Incident], rows: Rows) -> list[JsonObject]:
    """Write each region: its code, its name, and whether it was stated, located or both."""
    table, lang = published.reference.regions(1), published.view.lang
    names = {
        number: table[number][1].name(lang)
        for number in np.unique(rows["region1"]).tolist()
        if number != NO_REGION
    }
    columns = zip(
        rows["region1"].tolist(), rows["region_how"].tolist(), rows["flags"].tolist(), strict=True
    )
    return [
        {
            "admin1": incident.place.admin1 if number == NO_REGION else table[number][1].code,
            "admin2": incident.place.admin2,
            "name": names.get(number),
            "how": _HOW[how],
            "near_border": bool(flags & NEAR_BORDER),
        }
        for incident, (number, how, flags) in zip(incidents, columns, strict=True)
    ]


_HOW = {how.value: how.name for how in RegionHow}
