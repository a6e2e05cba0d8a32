"""Which models answer, and whether the service does."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from app.api.model_schemas import Checkpoints
from app.api.schemas import Health, Models, Problem
from app.api.services import ScopeDep, ServicesDep
from app.model_cards import calibration, cards

models = APIRouter(tags=["system"])
health = APIRouter(tags=["system"])


@models.get("/models", response_model=Models)
def list_models(services: ServicesDep) -> dict[str, Any]:
    """The models in use, and every model that ever gave a stored answer."""
    in_use = services.monitor.models()
    return {
        "data": [{"modality": name, **info.to_json()} for name, info in in_use.items()],
        "stored": [info.to_json() for info in services.store.models()],
    }


@models.get("/models/checkpoints", response_model=Checkpoints)
def list_checkpoints(services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Every installed checkpoint with its card and figures; calibration on the site's own calls."""
    in_use = {info.sha256 for info in services.monitor.models().values()}
    return {
        "data": cards(services.settings, in_use),
        "calibration": calibration(services.store.measured.turns(scope)),
    }


@health.get("/healthz", response_model=Health)
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "ok"}


@health.get(
    "/readyz",
    response_model=Health,
    responses={503: {"model": Problem, "description": "The database does not answer."}},
)
def readyz(services: ServicesDep) -> dict[str, str]:
    """The database answers, has this version's tables, and the models are loaded."""
    services.monitor.models()
    services.store.require_ready()
    return {"status": "ok"}
