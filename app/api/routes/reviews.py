"""Review: three queues, labels and verdicts, appeals."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from app.api import review_present as present
from app.api.conversation_schemas import CorrectionOut
from app.api.present import correction
from app.api.review_schemas import (
    AppealIn,
    AssignIn,
    DecisionIn,
    DrawIn,
    DrawOut,
    Draws,
    History,
    LabelIn,
    NextIn,
    NextOut,
    Queue,
    Queues,
    TaskOut,
    Tasks,
    TaskSummary,
    VerdictIn,
    VerdictOut,
    VerdictPage,
)
from app.api.schemas import Problem
from app.api.services import (
    LARGEST_ID,
    IdPath,
    NumberPath,
    ScopeDep,
    Services,
    ServicesDep,
    StrictJsonRoute,
)
from app.store import Scope
from app.store.review_queues import Task
from app.store.review_tables import ReviewDrawRow
from app.store.sampling import Draw

router = APIRouter(tags=["review"], route_class=StrictJsonRoute)

TaskId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The review task.")]
VerdictId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The verdict.")]
AppealId = Annotated[int, Path(ge=1, le=LARGEST_ID, description="The appeal.")]
Limit = Annotated[int, Query(ge=1, le=200)]
Offset = Annotated[int, Query(ge=0, le=LARGEST_ID)]
_TAKEN: dict[int | str, dict[str, Any]] = {
    409: {"model": Problem, "description": "Somebody else has it, or did it: who, and when."}
}


@router.get("/reviews/queues", response_model=Queues)
def queues(services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """How much there is in each queue, and how many appeals wait."""
    _, appeals = services.store.verdicts.page(scope, appealed=True, limit=1, offset=0)
    found = services.store.queues.progress(scope)
    return {**{str(name): counts for name, counts in found.items()}, "appeals": appeals}


@router.post("/reviews/next", response_model=NextOut)
def next_(body: NextIn, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """The conversation that the caller is to judge next, held for them."""
    found = services.store.queues.next(body.queue, scope, after=body.after)
    return {"task": None if found is None else _whole(found, services, scope)}


@router.post("/reviews/draws", status_code=201, response_model=DrawOut)
def draw(body: DrawIn, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Draws conversations for review; a random draw is stratified by queue."""
    given = body.model_dump() | {"reviewers": tuple(name for name in body.reviewers if name)}
    for name in ("started_from", "started_to"):
        given[name] = _aware(given[name], services)
    return _drawn(services.store.queues.draw(Draw(**given), scope), services)


@router.get("/reviews/draws", response_model=Draws)
def list_draws(services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """The latest draws, newest first; with its seed one can be repeated."""
    return {"data": [_drawn(one, services) for one in services.store.queues.draws(scope)]}


@router.get("/reviews/tasks", response_model=Tasks)
def list_tasks(
    services: ServicesDep,
    scope: ScopeDep,
    queue: Queue = "must",
    done: Annotated[bool | None, Query(description="Answered ones, open ones, or both.")] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> dict[str, Any]:
    """A page of a queue's tasks."""
    found, count = services.store.queues.page(
        scope, queue=queue, done=done, limit=limit, offset=offset
    )
    zone = services.settings.zone
    return {"data": [present.summary(one, zone) for one in found], "count": count}


@router.get("/reviews/tasks/{task_id}", response_model=TaskOut)
def get_task(task_id: TaskId, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """One task; what the models said is not in it while it is hidden."""
    return _whole(services.store.queues.get(task_id, scope), services, scope)


@router.patch("/reviews/tasks/{task_id}", response_model=TaskSummary, responses=_TAKEN)
def assign(
    task_id: TaskId, body: AssignIn, services: ServicesDep, scope: ScopeDep
) -> dict[str, Any]:
    """Gives a task to somebody."""
    task = services.store.queues.assign(task_id, body.assignee, scope)
    return present.summary(task, services.settings.zone)


@router.post("/reviews/tasks/{task_id}/take", response_model=TaskOut, responses=_TAKEN)
def take(task_id: TaskId, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Opens one task, and holds it for the caller for half an hour."""
    return _whole(services.store.queues.take(task_id, scope), services, scope)


@router.put(
    "/reviews/tasks/{task_id}/turns/{number}", response_model=CorrectionOut, responses=_TAKEN
)
def label(
    task_id: TaskId, number: NumberPath, body: LabelIn, services: ServicesDep, scope: ScopeDep
) -> dict[str, Any]:
    """Says what is heard in a turn; an earlier answer of the task is undone."""
    made = services.store.verdicts.label(task_id, number, body.label, scope)
    return correction(made, services.settings.zone)


@router.delete("/reviews/tasks/{task_id}/turns/{number}", status_code=204, responses=_TAKEN)
def unlabel(task_id: TaskId, number: NumberPath, services: ServicesDep, scope: ScopeDep) -> None:
    """Undoes what was said of a turn; it is kept, with who undid it."""
    services.store.verdicts.unlabel(task_id, number, scope)


@router.put("/reviews/tasks/{task_id}/verdict", response_model=TaskOut, responses=_TAKEN)
def judge(
    task_id: TaskId, body: VerdictIn, services: ServicesDep, scope: ScopeDep
) -> dict[str, Any]:
    """Gives the verdict on the whole conversation; then what was hidden is shown."""
    services.store.verdicts.judge(
        task_id,
        scope,
        verdict=body.verdict,
        dissatisfied=body.dissatisfied,
        cause=body.cause,
        comment=services.masker.text(body.comment),
    )
    return _whole(services.store.queues.get(task_id, scope), services, scope)


@router.delete("/reviews/tasks/{task_id}/verdict", response_model=TaskOut, responses=_TAKEN)
def withdraw(task_id: TaskId, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Undoes a verdict; it is kept, with who undid it. Not after an appeal."""
    services.store.verdicts.withdraw(task_id, scope)
    return _whole(services.store.queues.get(task_id, scope), services, scope)


@router.get("/reviews/verdicts", response_model=VerdictPage)
def list_verdicts(
    services: ServicesDep,
    scope: ScopeDep,
    appealed: Annotated[
        bool | None, Query(description="True: with an appeal that waits. False: with none.")
    ] = None,
    limit: Limit = 50,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Verdicts that stand, latest first."""
    found, count = services.store.verdicts.page(
        scope, appealed=appealed, limit=limit, offset=offset
    )
    zone = services.settings.zone
    return {"data": [present.verdict(one, zone) for one in found], "count": count}


@router.post(
    "/reviews/verdicts/{verdict_id}/appeal",
    status_code=201,
    response_model=VerdictOut,
    responses={409: {"model": Problem, "description": "Too late, or there is one already."}},
)
def appeal(
    verdict_id: VerdictId, body: AppealIn, services: ServicesDep, scope: ScopeDep
) -> dict[str, Any]:
    """Appeals against a verdict on a conversation of one's own team."""
    reason = services.masker.text(body.reason)
    made = services.store.appeals.appeal(verdict_id, reason, scope)
    return present.verdict(made, services.settings.zone)


@router.post(
    "/reviews/appeals/{appeal_id}/decision",
    response_model=VerdictOut,
    responses={409: {"model": Problem, "description": "It is decided: by whom, and when."}},
)
def decide(
    appeal_id: AppealId, body: DecisionIn, services: ServicesDep, scope: ScopeDep
) -> dict[str, Any]:
    """Decides an appeal for good; neither the first reviewer nor who appealed may."""
    made = services.store.appeals.decide(
        appeal_id,
        dissatisfied=body.dissatisfied,
        comment=services.masker.text(body.comment),
        scope=scope,
    )
    return present.verdict(made, services.settings.zone)


@router.get("/conversations/{conversation_id}/reviews", response_model=History)
def history(conversation_id: IdPath, services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Every verdict on a conversation with its appeal, undone ones too, oldest first."""
    services.store.row(conversation_id, scope)
    found = services.store.verdicts.of_conversation(conversation_id, scope)
    return {"data": [present.verdict(one, services.settings.zone) for one in found]}


def _whole(task: Task, services: Services, scope: Scope) -> dict[str, Any]:
    services.watch.looked(scope, "view", task.row.conversation_id)
    verdicts = services.store.verdicts
    stored = services.store.get(task.row.conversation_id, scope)
    return present.whole(
        task,
        stored,
        verdicts.labels(task.row.id, scope),
        verdicts.standing(task.row.id, scope),
        services.settings.zone,
    )


def _drawn(row: ReviewDrawRow, services: Services) -> dict[str, Any]:
    same = ("id", "queue", "seed", "drawn", "eligible", "wanted", "author")
    made_at = row.made_at.astimezone(services.settings.zone)
    return {**{name: getattr(row, name) for name in same}, "made_at": made_at}


def _aware(moment: datetime | None, services: Services) -> datetime | None:
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=services.settings.zone)
