"""One request for each route, as the matrix of rights sends it; a new route needs a line here.

In paths and bodies `{n}` is a number of its own for each request, and `{notice}`, `{customer}` and
`{source}` name what the matrix made for it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.app.conftest import chat

OWN, OTHER = "甲班", "乙班"
"""The team of whoever asks, and another."""


@dataclass(frozen=True)
class Sample:
    """A request that does what the route is for.

    Attributes:
        status: What it answers to whoever may send it.
        json: Its body.
        files: Its files.
        data: The fields of its form.
        open: Whether the conversation that it works on is.
        batch: The state of the batch that it works on.
        query: What stands behind its path.
    """

    status: int = 200
    json: Any = None
    files: Any = None
    data: Mapping[str, str] | None = None
    open: bool = False
    batch: str = "draft"
    query: str = ""


_FILE = ("files", ("a.txt", "客户：还没发货！！\n坐席：您好\n".encode()))
_RULE = {"name": "退款", "metric": "words", "words": ["退款"]}
_WEBHOOK = {"name": "群", "vendor": "wecom", "url": "https://robot.invalid/"}

SAMPLES: Mapping[str, Sample] = {
    "GET /healthz": Sample(),
    "GET /readyz": Sample(),
    "GET /sign-in": Sample(),
    "POST /sign-in": Sample(401, data={"name": "nobody", "password": "wrong"}),
    "GET /session": Sample(),
    "DELETE /session": Sample(204),
    "PUT /session/password": Sample(422, json={"old": "-", "new": "short"}),
    "GET /users": Sample(),
    "POST /users": Sample(201, json={"name": "new{n}", "role": "viewer", "teams": [OWN]}),
    "PATCH /users/{name}": Sample(json={"display": "新名字"}),
    "POST /users/{name}/password": Sample(),
    "GET /keys": Sample(),
    "POST /keys": Sample(201, json={"name": "new{n}", "scopes": ["read"], "teams": [OWN]}),
    "DELETE /keys/{name}": Sample(),
    "GET /groups": Sample(),
    "GET /searches": Sample(),
    "PUT /searches/{name}": Sample(json={"query": {"q": "退款"}}),
    "DELETE /searches/{name}": Sample(204),
    "GET /models": Sample(),
    "GET /models/checkpoints": Sample(),
    "GET /conversations": Sample(),
    "POST /conversations": Sample(201, json=chat("sample-{n}", team=OWN)),
    "GET /conversations/{conversation_id}": Sample(),
    "DELETE /conversations/{conversation_id}": Sample(204),
    "POST /conversations/{conversation_id}/turns": Sample(
        201, json={"role": "customer", "text": "快点！", "start": 9.0}, open=True
    ),
    "POST /conversations/{conversation_id}/turns/recorded": Sample(
        422,
        files={"file": ("a.wav", b"no recording")},
        data={"turn": '{"role": "customer", "start": 9.0}'},
        open=True,
    ),
    "WS /conversations/{conversation_id}/audio": Sample(json={"event": "stop"}, open=True),
    "POST /conversations/{conversation_id}/close": Sample(open=True),
    "GET /conversations/{conversation_id}/replay": Sample(),
    "GET /conversations/{conversation_id}/media/{number}": Sample(),
    "GET /conversations/{conversation_id}/media/{number}/peaks": Sample(),
    "POST /conversations/{conversation_id}/media": Sample(
        422, files={"file": ("a.wav", b"no recording")}
    ),
    "POST /conversations/{conversation_id}/turns/{number}/corrections": Sample(
        201, json={"label": "sad"}
    ),
    "DELETE /conversations/{conversation_id}/turns/{number}/corrections/{correction_id}": Sample(),
    "GET /conversations/{conversation_id}/roles": Sample(),
    "POST /conversations/{conversation_id}/roles/swap": Sample(),
    "POST /conversations/{conversation_id}/roles/confirm": Sample(),
    "GET /reviews/queues": Sample(),
    "POST /reviews/next": Sample(json={"queue": "random"}),
    "GET /reviews/draws": Sample(),
    "POST /reviews/draws": Sample(201, json={"queue": "random", "share": 0.01}),
    "GET /reviews/tasks": Sample(),
    "GET /reviews/tasks/{task_id}": Sample(),
    "PATCH /reviews/tasks/{task_id}": Sample(json={"assignee": "li"}),
    "POST /reviews/tasks/{task_id}/take": Sample(),
    "PUT /reviews/tasks/{task_id}/turns/{number}": Sample(json={"label": "sad"}),
    "DELETE /reviews/tasks/{task_id}/turns/{number}": Sample(204),
    "PUT /reviews/tasks/{task_id}/verdict": Sample(json={"dissatisfied": True}),
    "DELETE /reviews/tasks/{task_id}/verdict": Sample(),
    "GET /reviews/accuracy": Sample(),
    "GET /reviews/labels": Sample(),
    "GET /reviews/verdicts": Sample(),
    "POST /reviews/verdicts/{verdict_id}/appeal": Sample(201, json={"reason": "不是客户的事"}),
    "POST /reviews/appeals/{appeal_id}/decision": Sample(json={"dissatisfied": False}),
    "GET /conversations/{conversation_id}/reviews": Sample(),
    "GET /conversations/{conversation_id}/report": Sample(query="?format=html"),
    "GET /reports/queue": Sample(query="?format=html"),
    "GET /trends": Sample(),
    "GET /trends/hours": Sample(),
    "GET /trends/words": Sample(),
    "GET /wall": Sample(),
    "POST /conversations/{conversation_id}/handling": Sample(open=True),
    "DELETE /conversations/{conversation_id}/handling": Sample(open=True),
    "GET /events": Sample(),
    "GET /alerts": Sample(),
    "POST /alerts/{alert_id}/acknowledge": Sample(),
    "POST /alerts/{alert_id}/close": Sample(json={"outcome": "intervened"}),
    "GET /rules": Sample(),
    "POST /rules": Sample(201, json={"rule": _RULE}),
    "POST /rules/try": Sample(json={"rule": _RULE}),
    "PUT /rules/{rule_id}": Sample(json={"rule": _RULE}),
    "DELETE /rules/{rule_id}": Sample(204),
    "GET /webhooks": Sample(),
    "POST /webhooks": Sample(201, json=_WEBHOOK),
    "PUT /webhooks/{webhook_id}": Sample(json=_WEBHOOK),
    "DELETE /webhooks/{webhook_id}": Sample(204),
    "POST /webhooks/{webhook_id}/test": Sample(),
    "GET /webhooks/{webhook_id}/deliveries": Sample(),
    "POST /sources/roles/swap": Sample(202, json={"source": "{source}"}),
    "GET /results": Sample(query="?format=jsonl"),
    "POST /imports": Sample(files=[_FILE]),
    "GET /batches": Sample(),
    "POST /batches": Sample(201),
    "GET /batches/{batch_id}": Sample(),
    "DELETE /batches/{batch_id}": Sample(204),
    "GET /batches/{batch_id}/files": Sample(),
    "POST /batches/{batch_id}/files": Sample(201, files=[_FILE]),
    "POST /batches/{batch_id}/files/{number}/preview": Sample(json={}),
    "POST /batches/{batch_id}/start": Sample(json={}),
    "POST /batches/{batch_id}/pause": Sample(batch="running"),
    "POST /batches/{batch_id}/resume": Sample(batch="paused"),
    "GET /sources": Sample(),
    "GET /sources/{name}": Sample(),
    "PUT /sources/{name}": Sample(json={"template": "{call_id}"}),
    "GET /notices": Sample(),
    "POST /notices": Sample(201, json={"reference": "N-{n}", "text": "通话会被分析"}),
    "POST /notices/end": Sample(json={"reference": "{notice}"}),
    "POST /customers/erase": Sample(json={"customer": "{customer}"}),
    "POST /retention/sweep": Sample(query="?dry_run=true"),
    "GET /audit": Sample(),
}
