"""The parts of one running instance: made once, and passed to all that reads or writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import msgspec

from app.domain.cache import BoundedCache
from app.domain.errors import DamagedRecord, InputError, StoreError
from app.domain.instants import rfc3339
from app.domain.place import Bounds
from app.domain.revision import Action, Subject
from app.domain.store import CLOCK_SLACK, Store
from app.domain.terms import OPEN, Audience, DatasetKind
from app.domain.view import Vocabulary
from app.index.live import Index
from app.index.state import State
from app.instance.basemap import ChosenBasemap
from app.instance.picture_signing import PictureSigner
from app.instance.signing import SIGNING_KEY, HeadSigner
from app.limited.readings import FileReadings
from app.reference.recorded import RecordedTheatre
from app.reference.reference import Reference
from app.store.opening import open_store
from app.streets.services import TileService

RESTORING = ".restoring"
"""The folder in a data folder that holds what a restore has not yet put in its place."""


def refuse_unfinished(data_dir: Path) -> None:
    """Refuse a data folder into which a restore is running, or was cut off.

    Raises:
        StoreError: it is one.
    """
    if (data_dir / RESTORING).exists():
        raise StoreError(
            f"A restore into {data_dir} is running, or did not finish: wait for it, or empty the "
            "folder and restore again."
        )


_THEATRE = msgspec.json.Decoder(RecordedTheatre)


def recorded_theatres(store: Store) -> tuple[RecordedTheatre, ...]:
    """Return what the record has of theatres, by slug.

    Of a damaged record nothing: the instance then answers as far as it can, and says so.
    """
    try:
        rows = store.latest(Subject.theatre)
    except DamagedRecord:
        return ()
    payloads = [one.payload for one in rows if one.action is not Action.retract]
    return tuple(_THEATRE.decode(payload) for payload in payloads if payload is not None)


EPOCH_S = 3600
Dependencies = tuple[str, str, str, int, str]


@dataclass(frozen=True)
class Workspace:
    """The record, its index, the reference data, and the audience."""

    store: Store
    index: Index
    reference: Reference
    audience: Audience
    default_theatre: str
    max_file_bytes: int
    archive: Path = Path("archive")
    """Where archived source files lie, by the SHA-256 of their content."""

    basemap: ChosenBasemap = field(default_factory=lambda: ChosenBasemap(Path("basemap.json")))
    """The operator's basemap, if they chose one."""

    signer: HeadSigner = field(default_factory=lambda: HeadSigner(Path(SIGNING_KEY)))
    """Signs heads of the record, if the operator made a key."""

    picture_signer: PictureSigner = field(default_factory=PictureSigner)
    """Signs figures as PNG, if the operator set a certificate."""

    smallest_cell: int = 3
    """The records that a sum of data without marks needs at least (`app.publishing.cells`)."""

    tile_services: Sequence[TileService] = ()
    """Tile services of others that the page offers as ground; no picture is made of them."""

    readings: FileReadings = field(default_factory=FileReadings)
    """Who reads files from outside: in a service a process of its own for each."""

    scope: frozenset[str] = frozenset()
    """Datasets whose terms withhold nothing from the reader: those of a token's scope."""

    _opened: BoundedCache = field(default_factory=lambda: BoundedCache(1), init=False, repr=False)
    _named: BoundedCache = field(default_factory=lambda: BoundedCache(2), init=False, repr=False)

    @classmethod
    def open(  # noqa: PLR0913  what an operator sets, each by name
        cls,
        data_dir: Path,
        geodata_dir: Path,
        *,
        store_url: str = "",
        audience: Audience = Audience.public,
        default_theatre: str = "ukraine",
        max_file_bytes: int = 512 * 1024 * 1024,
        delta_rows: int = 20_000,
        clock: Callable[[], datetime] | None = None,
        tile_services: Sequence[TileService] = (),
        smallest_cell: int = 3,
        picture_signer: PictureSigner | None = None,
    ) -> Workspace:
        """Open or create an instance's data.

        Raises:
            InputError: there is no such theatre, or its file has faults.
            StoreError: the record cannot be opened, or its restore did not finish.
        """
        refuse_unfinished(data_dir)
        store = open_store(store_url, data_dir, clock)
        recorded = recorded_theatres(store)
        reference = Reference(geodata_dir, data_dir / "regions", data_dir / "theatres", recorded)
        if default_theatre not in reference.theatres:
            store.close()
            _refuse_faulty(reference, default_theatre)
            raise InputError("theatre", default_theatre, ", ".join(sorted(reference.theatres)))
        index = Index(data_dir / "index", store, reference, delta_rows)
        return cls(
            store,
            index,
            reference,
            audience,
            default_theatre,
            max_file_bytes,
            archive=data_dir / "archive",
            basemap=ChosenBasemap(data_dir / "basemap.json"),
            signer=HeadSigner(data_dir / SIGNING_KEY),
            tile_services=tile_services,
            smallest_cell=smallest_cell,
            picture_signer=picture_signer or PictureSigner(),
        )

    def state(self, min_version: int = 0) -> State:
        """Return the newest state of the record, with the terms of the scope's datasets opened.

        Raises:
            StoreBusy: the record did not come to `min_version` in time.
        """
        state = self.index.state(min_version)
        if not self.scope:
            return state
        # The pair holds the old state as well, so that no other state gets its address.
        pair = self._opened.get(id(state), lambda: (state, _open_terms(state, self.scope)))
        return pair[1]

    def depends_on(self, mark: str, now: datetime) -> Dependencies:
        """Return what every answer depends on, beside its address: equal ones, equal answers.

        `mark` is the state's (`State.mark`). The epoch is the hour: an embargo or a delay ends
        without a write, and a copy must expire then. The basemap is part of every picture, and the
        signatures of every figure.
        """
        epoch = int(now.timestamp()) // EPOCH_S
        reference = f"{self.reference.theatre_hash} {self.reference.region_hash}"
        reference += f" {self.signer.key_name} {self.picture_signer.mark} {self.smallest_cell}"
        return mark, reference, self.basemap.mark, epoch, self.audience.value

    def trouble(self, now: datetime) -> str | None:
        """Return a sentence about what is wrong with the record, though it answers; else None."""
        recorded_at = self.store.head().recorded_at
        if recorded_at is not None and recorded_at - now > CLOCK_SLACK:
            return (
                f"The newest revision was recorded at {rfc3339(recorded_at)}, in the future of "
                "this computer's clock: nothing can be written."
            )
        self.basemap.current()
        fault = self.store.fault or self.index.generations.lost() or self.basemap.fault
        return fault or self.picture_signer.fault(now)

    def seen_by(self, datasets: frozenset[str]) -> Workspace:
        """Open the instance to a token's holder: whole without a scope, else the scope's datasets.

        To a scoped holder the terms of their own datasets withhold nothing; embargo and
        generalisation stay, since an answer may stand on several datasets at once. Their records
        are whole at `/api/incidents/{id}`.
        """
        if not datasets:
            return replace(self, audience=Audience.private)
        return replace(self, scope=datasets)

    def vocabularies(self, state: State) -> Mapping[str, Vocabulary]:
        """List what a View of each theatre may name, with the datasets that are loaded now."""
        return self._named.get(state.mark, lambda: self._vocabularies(state))

    def _vocabularies(self, state: State) -> Mapping[str, Vocabulary]:
        taxonomy = self.reference.taxonomy
        return {
            slug: Vocabulary(
                theatre=slug,
                zone=theatre.zone,
                languages=theatre.languages,
                regions={
                    level: frozenset(region.code for region in region_set.regions)
                    for level, region_set in self.reference.region_sets(slug).items()
                },
                weapons=frozenset(taxonomy.weapons.codes),
                sectors=frozenset(taxonomy.sectors.codes),
                datasets=self._slugs(state, slug, DatasetKind.incidents),
                controls=self._slugs(state, slug, DatasetKind.control),
                parties=tuple(party.code for party in theatre.party),
                has_population=any(
                    region_set.has_population
                    for region_set in self.reference.region_sets(slug).values()
                ),
                is_synthetic=theatre.synthetic,
                bounds=Bounds(*theatre.bounds),
            )
            for slug, theatre in self.reference.theatres.items()
        }

    @staticmethod
    def _slugs(state: State, theatre: str, kind: DatasetKind) -> frozenset[str]:
        datasets = state.datasets.values()
        return frozenset(d.slug for d in datasets if d.theatre == theatre and d.kind is kind)


def _refuse_faulty(reference: Reference, theatre: str) -> None:
    """Refuse to open with a default theatre whose file has faults, in one sentence."""
    for fault in reference.theatre_faults:
        if fault.slug == theatre:
            first, count = fault.problems[0], len(fault.problems)
            raise InputError(
                f"default theatre {theatre}",
                f"{first.where}: {first.cut().got}",
                f"{first.allowed} (fault 1 of {count}; `{fault.command}` lists them all)",
            )


def _open_terms(state: State, slugs: frozenset[str]) -> State:
    datasets = {
        slug: msgspec.structs.replace(dataset, terms=OPEN) if slug in slugs else dataset
        for slug, dataset in state.datasets.items()
    }
    return replace(state, datasets=datasets)
