"""Reports: of a conversation, and of a queue over some time."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.api.filters import FilterDep
from app.api.schemas import Problem
from app.api.services import IdPath, ScopeDep, Services, ServicesDep
from app.reports.build import Report, conversation_report, queue_report
from app.store import Scope

router = APIRouter(tags=["reports"])

_TYPES = {"html": "text/html; charset=utf-8", "pdf": "application/pdf"}
Form = Annotated[Literal["html", "pdf"], Query(alias="format")]
Lang = Annotated[Literal["zh", "en"], Query(description="Of everything but what was said.")]
_FILES: dict[int | str, dict[str, Any]] = {
    200: {"content": {name: {} for name in ("text/html", "application/pdf")}},
    503: {"model": Problem, "description": "A PDF needs a package that is not installed: which."},
}


@router.get("/conversations/{conversation_id}/report", response_class=Response, responses=_FILES)
def of_conversation(
    conversation_id: IdPath,
    services: ServicesDep,
    scope: ScopeDep,
    form: Form = "pdf",
    lang: Lang = "zh",
) -> Response:
    """The report of a conversation, as one file; that it was made is noted."""
    made = conversation_report(
        services.store, services.settings, scope, conversation_id, form=form, language=lang
    )
    return _file(made, form, services, scope, {"conversation": conversation_id})


@router.get("/reports/queue", response_class=Response, responses=_FILES)
def of_queue(
    services: ServicesDep,
    scope: ScopeDep,
    wanted: FilterDep,
    form: Form = "pdf",
    lang: Lang = "zh",
) -> Response:
    """The report of a queue, or of all that the filters leave; that it was made is noted."""
    made = queue_report(services.store, services.settings, scope, wanted, form=form, language=lang)
    return _file(made, form, services, scope, {})


def _file(
    made: Report, form: str, services: Services, scope: Scope, about: dict[str, int]
) -> Response:
    services.store.note(scope, "export", {"format": f"report.{form}", **about})
    return Response(
        made.content,
        media_type=_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{made.name}"'},
    )
