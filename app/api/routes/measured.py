"""What review measures: accuracy, agreement, what other models change; the labels themselves."""

from __future__ import annotations

import csv
import io
import json
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.accuracy import accuracy, agreement, changes
from app.api.measured_schemas import Measured
from app.api.services import ScopeDep, ServicesDep

router = APIRouter(tags=["review"])

_TYPES = {"csv": "text/csv; charset=utf-8", "jsonl": "application/x-ndjson"}
_COLUMNS = ("conversation", "role", "text", "emotion")


@router.get("/reviews/accuracy", response_model=Measured)
def measured(services: ServicesDep, scope: ScopeDep) -> dict[str, Any]:
    """Accuracy on conversations drawn at random, by queue and by models, with intervals."""
    found = services.store.measured
    turns, conversations = found.turns(scope), found.conversations(scope)
    return {
        "turns": accuracy(turns),
        "conversations": accuracy(conversations),
        "agreement_turns": agreement(turns),
        "agreement_conversations": agreement(conversations),
        "changes": changes(found.rescored(scope)),
    }


@router.get(
    "/reviews/labels",
    response_class=Response,
    responses={200: {"content": {name: {} for name in _TYPES.values()}}},
)
def labels(
    services: ServicesDep,
    scope: ScopeDep,
    format: Annotated[Literal["csv", "jsonl"], Query()] = "jsonl",
) -> Response:
    """What people labelled, with the turns around it, as `emotion-monitor train text` reads it.

    The export is noted.
    """
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    if format == "csv":
        writer.writerow(_COLUMNS)
    count = 0
    for turn in services.store.measured.labelled(scope):
        values = (turn.conversation, turn.role, turn.text, turn.label)
        count += bool(turn.label)
        if format == "csv":
            writer.writerow(values)
        else:
            record = dict(zip(_COLUMNS, values, strict=True))
            out.write(json.dumps(record, ensure_ascii=False) + "\n")
    services.store.note(scope, "export", {"format": f"labels.{format}", "labels": count})
    return Response(
        out.getvalue().encode(),
        media_type=_TYPES[format],
        headers={"Content-Disposition": f'attachment; filename="labels.{format}"'},
    )
