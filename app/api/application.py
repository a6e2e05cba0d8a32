"""The application's factory; nothing happens at import."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Depends, FastAPI
from sqlalchemy.engine import make_url
from starlette.middleware.cors import CORSMiddleware

from app.alerts.sender import Sender
from app.alerts.watch import AlertWatch
from app.api import errors
from app.api.access import named_routes, principal
from app.api.guard import Guard
from app.api.hub import Hub
from app.api.routes import (
    accounts,
    alerts,
    audio,
    batches,
    conversations,
    events,
    governance,
    imports,
    live,
    measured,
    media,
    replay,
    reports,
    results,
    reviews,
    roles,
    searches,
    sign_in,
    system,
    trends,
    wall,
    webhooks,
)
from app.api.schemas import Problem
from app.api.services import Services
from app.api.sweeper import IdleCloser, Sweeper
from app.api.watch import Watch
from app.api.worker import Worker
from app.intake.batches import BatchWorker
from app.live.batching import together
from app.live.sound import LiveSound
from app.live.turns import LiveTurns
from app.monitor import build_monitor
from app.privacy import build_masker
from app.settings import Settings
from app.store import Store, upgrade
from multimodal.pipeline import EmotionMonitor

MAX_JSON_BYTES = 50 * 2**20
MAX_CLIP_BYTES = 32 * 2**20
"""Of a recording of one turn."""
MAX_FILES = 100
MAX_FIELDS = 1000
MAX_FIELD_BYTES = 100 * 2**10
"""Limits of one request, as datasette has them (datasette/utils/multipart.py); files have the
site's own, because recordings are large."""

_DESCRIPTION = """
Emotion of customers in service conversations, from their words, voice and face: an estimate, not a
fact; a person decides. Agents' emotion is neither scored nor shown.

Probabilities stand in the order neutral, happy, sad, angry, surprise, disgust, fear. Times within a
conversation are seconds from its start; moments are ISO 8601 with the offset of the site's zone.
Every error has one shape: `{"error": {"type", "what", "where", "remedy"}}`.
"""


def create_app(settings: Settings, monitor: EmotionMonitor | None = None) -> FastAPI:
    """Makes the application.

    At its start it upgrades an SQLite database (a PostgreSQL one is upgraded by
    `emotion-monitor db upgrade`), loads the models, and goes on with what was queued.

    Args:
        settings: The site's settings.
        monitor: Scores; by default the installed modalities and fusion.

    Raises:
        ModelMissingError: At the start, if a model is not installed.
    """
    monitor = monitor or build_monitor(settings)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await to_thread.run_sync(monitor.models)
        if make_url(settings.url).get_backend_name() == "sqlite":
            await to_thread.run_sync(upgrade, settings)
        with Store(settings) as store:
            scoring = monitor.remembering(store.earlier)
            worker = Worker(store, scoring)
            batch_worker = BatchWorker(store, scoring, settings)
            hub = Hub(store)
            masker = build_masker(settings)
            turns = LiveTurns(store, together(scoring), masker)
            sender = Sender(store, settings)
            watch = AlertWatch(store, monitor.fuser, settings.zone, sender.notify)
            app.state.services = Services(
                settings,
                store,
                scoring,
                worker,
                masker,
                batch_worker,
                Watch(store),
                hub,
                turns,
                sender,
                LiveSound(store, settings.max_media_hours * 3600),
            )
            await hub.start()
            sweepers = (Sweeper(store, settings), IdleCloser(store, settings))
            worker.start()
            batch_worker.start()
            for sweeper in sweepers:
                sweeper.start()
            watch.start()
            sender.start()
            try:
                yield
            finally:
                await hub.stop()
                await to_thread.run_sync(watch.stop)
                await to_thread.run_sync(sender.stop)
                for sweeper in sweepers:
                    await to_thread.run_sync(sweeper.stop)
                await to_thread.run_sync(worker.stop)
                await to_thread.run_sync(batch_worker.stop)

    app = FastAPI(
        title="Emotion monitor",
        version=version("emotion-monitor"),
        description=_DESCRIPTION,
        lifespan=lifespan,
        dependencies=[Depends(principal)],
        form_limits={
            "max_files": MAX_FILES,
            "max_fields": MAX_FIELDS,
            "max_part_size": MAX_FIELD_BYTES,
        },
    )
    errors.install(app)
    app.add_middleware(
        CORSMiddleware,
        allow_origins=settings.dashboard_origins,
        allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
        allow_headers=["Idempotency-Key", "Last-Event-ID"],
        allow_credentials=True,
    )
    app.add_middleware(Guard, hosts=settings.allowed_hosts, origins=settings.dashboard_origins)
    # By reference: a model of its own for every route and status would take as long as all else.
    problem = {"application/json": {"schema": {"$ref": f"#/components/schemas/{Problem.__name__}"}}}
    described: dict[int | str, dict[str, Any]] = {
        status: {"content": problem, "description": text}
        for status, text in (
            (401, "Nobody is signed in, or the session is over."),
            (403, "Whoever is signed in may not do this."),
            (404, "There is none, or none that the caller may see."),
            (422, "What was sent is wrong; the error says where and what to do."),
            (503, "The database or a model is not there at the moment."),
        )
    }
    api = APIRouter(responses=described, max_body_size=MAX_JSON_BYTES)
    api.include_router(conversations.router)
    api.include_router(live.router)
    api.include_router(live.clips, max_body_size=MAX_CLIP_BYTES)
    api.include_router(audio.router)
    api.include_router(wall.router)
    api.include_router(events.router)
    api.include_router(media.router, max_body_size=settings.max_upload_mb * 2**20)
    api.include_router(replay.router)
    api.include_router(imports.router, max_body_size=settings.max_upload_mb * 2**20)
    api.include_router(batches.router, max_body_size=settings.max_upload_mb * 2**20)
    api.include_router(results.router)
    api.include_router(searches.router)
    api.include_router(roles.router)
    api.include_router(reviews.router)
    api.include_router(measured.router)
    api.include_router(trends.router)
    api.include_router(reports.router)
    api.include_router(governance.router)
    api.include_router(accounts.router)
    api.include_router(alerts.router)
    api.include_router(webhooks.router)
    api.include_router(system.models)
    # With the prefix here FastAPI need not look through all routes for one without a path.
    app.include_router(api, prefix="/api/v1")
    app.include_router(sign_in.router, max_body_size=sign_in.MAX_BYTES)
    app.include_router(system.health)
    app.state.paths = {id(route): path for route, _, path in named_routes(app.routes)}
    return app
