"""The incident: one strike, as one dataset describes it."""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec

from app.domain.count import NO_TOLL, Toll
from app.domain.damage import Damage
from app.domain.period import When
from app.domain.place import Place
from app.domain.source import Claim, SourceRef

NAMESPACE = UUID("6f0a3f4e-5f53-5c0b-9b33-0d5e1c1f6a11")
"""All ids of imported records follow from this one, which never changes: printed links use them."""


class Status(StrEnum):
    """How far a record has been checked."""

    reported = "reported"
    corroborated = "corroborated"
    geolocated = "geolocated"
    verified = "verified"
    disputed = "disputed"
    retracted = "retracted"


class EventKind(StrEnum):
    """What an incident is; a View leaves out battles unless it names them."""

    strike = "strike"
    battle = "battle"
    other_harm = "other_harm"


class Mechanism(StrEnum):
    """What did the harm: the weapon itself or what fell after an interception."""

    direct_hit = "direct_hit"
    interception_debris = "interception_debris"
    unknown = "unknown"


class Confidence(StrEnum):
    """How sure the attribution is, apart from how sure the harm is."""

    claimed = "claimed"
    suspected = "suspected"
    established = "established"


class Attribution(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """To whom a source attributes the strike, and how surely."""

    party: str
    confidence: Confidence = Confidence.claimed


class Incident(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, kw_only=True):
    """A strike, or other harm, with its place, time and sources.

    `weapons` are taxonomy codes ("missile.ballistic"); empty means not stated. `public_after`
    is the end of the embargo: before it the public sees nothing of the record. `contradiction` has
    the figures of a source whose own bounds exclude each other, in words: no sum includes them.
    """

    id: UUID
    dataset: str
    source_key: str | None = None
    when: When
    place: Place
    weapons: tuple[str, ...] = ()
    mechanism: Mechanism = Mechanism.unknown
    attributed_to: Attribution | None = None
    killed: Toll = NO_TOLL
    injured: Toll = NO_TOLL
    damage: tuple[Damage, ...] = ()
    claims: tuple[Claim, ...] = ()
    sources: tuple[SourceRef, ...] = ()
    status: Status = Status.reported
    description: str | None = None
    graphic: bool = False
    public_after: datetime | None = None
    synthetic: bool = False
    wave: str | None = None
    kind: EventKind = EventKind.strike
    contradiction: str | None = None


DERIVED_VERSION = 5
"""The version of ids that are made from a name (RFC 9562 5.5); typed records have version 7."""


def incident_id(dataset: str, source_key: str) -> UUID:
    """Derive the id of an imported incident: the same file gives the same ids everywhere."""
    # uuid.uuid5 step by step (RFC 9562 5.5), at a third of its cost.
    name = NAMESPACE.bytes + f"{dataset}\n{source_key}".encode()
    digest = hashlib.sha1(name, usedforsecurity=False).digest()
    return UUID(bytes=digest[:16], version=DERIVED_VERSION)


def is_derived(record_id: str) -> bool:
    """Tell whether an id may come from a key, of this dataset or of any other."""
    return UUID(record_id).version == DERIVED_VERSION


_DECODER = msgspec.json.Decoder(Incident)


def decode_incident(payload: bytes) -> Incident:
    """Read an incident back from its canonical JSON."""
    return _DECODER.decode(payload)
