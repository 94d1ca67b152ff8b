"""Builds the application of one instance; two applications share nothing."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from threading import Event, Thread

from fastapi import FastAPI
from starlette.middleware import Middleware
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.api import problems
from app.api.connections import STALL_S
from app.api.downloads import Downloads
from app.api.heavy import Forwarding
from app.api.lanes import Lanes
from app.api.metrics import Metrics
from app.api.own_files import OwnFiles
from app.api.processes import HeavyProcesses
from app.api.rates import Rates
from app.api.routes import (
    approvals,
    attaching,
    audit,
    collections,
    columns,
    control,
    covering,
    discovery,
    editing,
    evidence,
    exporting,
    figures,
    images,
    imports,
    metrics,
    numbers,
    oembed,
    ogc,
    ogc_maps,
    ogc_tiles,
    operation,
    pages,
    review,
    sessions,
    sign_in,
    stories,
    story_pages,
    styles,
    table,
    theatres,
    waves,
    wms,
    wmts,
)
from app.api.security import Guard
from app.api.tiles import TileApp
from app.domain.account import Holder
from app.domain.cache import BoundedCache
from app.domain.errors import InputError
from app.domain.terms import Audience
from app.instance.allowance import give_back
from app.instance.opening import missing_openings
from app.instance.picture_signing import PictureSigner
from app.instance.provider import Provider
from app.instance.workspace import Workspace
from app.intake.spool import Spool
from app.limited.readings import FileReadings
from app.pictures.figures import Figures
from app.pictures.tiles import Tiler
from app.reference.basemap import Basemap
from app.settings import Settings
from app.streets.services import read_tile_services

LOG = logging.getLogger("strikemap.start")
MOST_SCOPES = 8
DESCRIPTION = (
    "Strikes, the harm they did and who held the ground, each with who says so and since when it "
    "is known. Counts are ranges: unknown is null, never 0."
)


@dataclass(frozen=True)
class Shared:
    """What all applications of a process share, whatever their readers may see."""

    spool: Spool
    lanes: Lanes
    metrics: Metrics
    heavy: HeavyProcesses
    downloads: Downloads = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "downloads", Downloads(self.lanes.files))


def create_app(
    settings: Settings, heavy: HeavyProcesses | None = None, readings: FileReadings | None = None
) -> FastAPI:
    """Build the application of one instance.

    Without `heavy` it does all work itself, and without `readings` it also reads files itself.

    Raises:
        InputError: there is no theatre of the default's name.
        StoreError: the record cannot be opened.
    """
    audience = Audience.private if settings.private else Audience.public
    grounds = read_tile_services(settings.basemap_url)
    for unusable in grounds.faults:
        LOG.warning("A tile service is not offered. %s", unusable)
    workspace = Workspace.open(
        settings.data_dir,
        settings.geodata_dir,
        store_url=settings.store_url,
        audience=audience,
        default_theatre=settings.theatre,
        max_file_bytes=settings.max_file_bytes,
        delta_rows=settings.delta_rows,
        clock=partial(datetime.now, UTC),
        tile_services=grounds.services,
        smallest_cell=settings.smallest_cell,
        picture_signer=PictureSigner(settings.c2pa_chain, settings.c2pa_key, settings.public_url),
    )
    workspace = replace(workspace, readings=readings or workspace.readings)
    workspace.store.follow()
    for fault in workspace.reference.theatre_faults:
        for sentence in fault.sentences():
            LOG.warning("%s", sentence)
    for sentence in missing_openings(workspace):
        LOG.warning("%s", sentence)
    if (unsigned := workspace.picture_signer.fault(datetime.now(UTC))) is not None:
        LOG.warning("%s", unsigned)
    spool = Spool(settings.data_dir / "spool", settings.max_file_bytes)
    lanes = Lanes()
    metrics_of_all = Metrics(workspace, lanes, settings.workers_dir)
    shared = Shared(spool, lanes, metrics_of_all, heavy or HeavyProcesses())
    make = partial(_application, settings, workspace, shared)
    wider = _Wider(workspace, make)
    # A private instance has one reader, its owner.
    folder = Path(settings.workers_dir) if settings.workers_dir else None
    rates = Rates(0, 0) if settings.private else Rates(settings.rate, settings.rate_heavy, folder)
    guard = Middleware(
        Guard,
        is_private=settings.private,
        hosts=settings.host_names,
        public_url=settings.public_url,
        frame_ancestors=settings.frame_ancestors,
        picture_origins=grounds.origins,
        max_body_bytes=settings.max_file_bytes,
        book=workspace.store,
        rates=rates,
        wider=wider,
    )
    networks = [part.strip() for part in settings.trusted_proxies.split(",")]
    proxies = Middleware(ProxyHeadersMiddleware, trusted_hosts=networks)
    return make(workspace, [proxies, guard])


def _application(
    settings: Settings,
    record: Workspace,
    shared: Shared,
    visible: Workspace,
    middleware: Sequence[Middleware] = (),
) -> FastAPI:
    """Put the addresses for one audience together; all of an instance write to one record."""
    tiler = Tiler(settings.fonts_dir)

    @asynccontextmanager
    async def reading_ahead(_app: FastAPI) -> AsyncIterator[dict[str, float]]:
        basemap = visible.reference.basemap(visible.default_theatre)
        Thread(target=_read_ahead, args=(basemap,), daemon=True).start()
        stop = Event()
        Thread(target=visible.index.watch, args=(stop,), daemon=True).start()
        async with shared.metrics.published():
            yield {STALL_S: settings.stall_s}
        stop.set()
        await shared.downloads.ended()
        await shared.heavy.stop()

    app = FastAPI(
        title="Strikemap",
        lifespan=reading_ahead,
        description=DESCRIPTION,
        version=version("strikemap"),
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        middleware=[*middleware, Middleware(Forwarding, heavy=shared.heavy)],
    )
    app.state.workspace = visible
    app.state.metrics = shared.metrics
    app.openapi_version = (
        "3.0.3"  # OGC API Features requires 3.0; nothing in this API needs a later version
    )
    problems.install(app)
    lanes = shared.lanes
    tiles, figure_maker = TileApp(visible, tiler, lanes.tiles), Figures(tiler)
    app.mount("/tiles", tiles)  # first: to look for a tile's address among all others takes long
    app.include_router(numbers.routes(visible, tiler.choropleths))
    app.include_router(collections.routes(visible, tiler.shapes, lanes.lists))
    for page in (figures, oembed):
        app.include_router(page.routes(visible, figure_maker, lanes.figures))
    for group in (columns, ogc, pages, table, waves, evidence):
        app.include_router(group.routes(visible))
    app.include_router(styles.routes(visible, tiler))
    app.include_router(images.routes(visible, lanes.images))
    static = settings.static_dir
    app.include_router(discovery.routes(visible, static))
    app.include_router(story_pages.routes(visible, figure_maker, lanes.files, static))
    app.include_router(control.routes(visible, lanes.agreements))
    app.include_router(operation.routes(visible, lanes.checks))
    app.include_router(metrics.routes(shared.metrics, settings.metrics_networks))
    app.include_router(exporting.routes(visible, settings.data_dir / "exports", shared.downloads))
    app.include_router(imports.routes(record, shared.spool, lanes.imports))
    app.include_router(theatres.routes(record, visible, lanes.edits))
    app.include_router(stories.routes(record, visible, lanes.edits))
    app.include_router(editing.routes(record, visible, lanes.edits))
    app.include_router(attaching.routes(record, shared.spool, lanes.edits))
    app.include_router(covering.routes(record, lanes.images, lanes.faces))
    app.include_router(review.routes(record, visible, lanes.edits))
    app.include_router(approvals.routes(record, lanes.edits, settings.data_dir))
    _sign_in(app, settings, record, visible, lanes)
    app.include_router(audit.routes(record, visible, lanes.edits))
    app.include_router(ogc_tiles.routes(tiles))
    app.include_router(ogc_maps.routes(visible, tiler, lanes.figures))
    app.include_router(wms.routes(visible, tiler, lanes.figures))
    app.include_router(wmts.routes(tiles))
    app.mount("/static", OwnFiles(static))
    return app


def _read_ahead(basemap: Basemap) -> None:
    basemap.read_ahead()
    give_back()  # what reading took


def _sign_in(
    app: FastAPI, settings: Settings, record: Workspace, visible: Workspace, lanes: Lanes
) -> None:
    """Add the addresses of sessions, and those of the operator's identity provider, if any."""
    hours, provider = settings.session_hours, _provider(settings)
    name = "" if provider is None else provider.name
    app.include_router(sessions.routes(record, visible, lanes.edits, hours, name))
    if provider is not None:
        app.include_router(sign_in.routes(record, lanes.edits, hours, provider))


def _provider(settings: Settings) -> Provider | None:
    if not settings.oidc_issuer or settings.private:
        return None
    if not settings.oidc_client_id:
        name = "environment variable STRIKEMAP_OIDC_CLIENT_ID"
        raise InputError(name, "", "how the provider names this service")
    return Provider(
        settings.oidc_issuer,
        settings.oidc_client_id,
        settings.oidc_secret,
        settings.oidc_scope,
        settings.oidc_netlocs,
    )


@dataclass
class _Wider:
    """The applications that show a token's holder more than the public, made at first use."""

    workspace: Workspace
    make: Callable[[Workspace], FastAPI]
    _applications: BoundedCache = field(default_factory=lambda: BoundedCache(MOST_SCOPES))

    def __call__(self, holder: Holder) -> FastAPI | None:
        """Return a holder's application; None where every reader sees everything."""
        if self.workspace.audience is Audience.private:
            return None
        scope = holder.datasets
        return self._applications.get(scope, lambda: self.make(self.workspace.seen_by(scope)))
