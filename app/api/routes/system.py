"""Which models answer, and whether the service does."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from app.api.schemas import Health, Models, Problem
from app.api.services import ServicesDep

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
