"""Who may call what: one table, and the dependency that refuses what has no row in it.

Every route has a row, by its method (`WS` for a WebSocket) and the template of its path:
`tests/app/accounts/test_access_matrix.py` fails for one without. Which conversations a route shows
is bounded by the principal's scope; here stands only what may be done at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from fastapi.routing import APIWebSocketRoute, iter_route_contexts
from starlette.exceptions import WebSocketException
from starlette.requests import HTTPConnection
from starlette.routing import BaseRoute
from starlette.status import WS_1008_POLICY_VIOLATION

from app.accounts import SESSION_COOKIE
from app.accounts.principal import NOBODY, Principal
from app.accounts.sign_in import KEY_PREFIX, principal_of
from app.settings import Settings
from app.store import Store
from multimodal.errors import NotAllowedError, SignedOutError

WEBSOCKET = "WS"


@dataclass(frozen=True, slots=True)
class Access:
    """What a route takes.

    Attributes:
        least: The least role that may call it; empty for everybody, signed in or not.
        key_scope: What a program's key must be for; empty where no key will do.
    """

    least: str
    key_scope: str = ""


EVERYBODY = Access("")
_READ = Access("viewer", "read")
_OWN = Access("viewer")
_REVIEW = Access("reviewer", "review")
_INGEST = Access("reviewer", "ingest")
_EXPORT = Access("reviewer", "export")
_SUPERVISE = Access("supervisor", "supervise")
_ADMIN = Access("admin")

_V1: Mapping[str, Access] = {
    "GET /session": _OWN,
    "DELETE /session": _OWN,
    "PUT /session/password": _OWN,
    "GET /users": _ADMIN,
    "POST /users": _ADMIN,
    "PATCH /users/{name}": _ADMIN,
    "POST /users/{name}/password": _ADMIN,
    "GET /keys": _ADMIN,
    "POST /keys": _ADMIN,
    "DELETE /keys/{name}": _ADMIN,
    "GET /groups": _OWN,
    "GET /searches": _OWN,
    "PUT /searches/{name}": _OWN,
    "DELETE /searches/{name}": _OWN,
    "GET /models": _READ,
    "GET /models/checkpoints": _ADMIN,
    "GET /conversations": _READ,
    "POST /conversations": _INGEST,
    "GET /conversations/{conversation_id}": _READ,
    "DELETE /conversations/{conversation_id}": _ADMIN,
    "POST /conversations/{conversation_id}/turns": _INGEST,
    "POST /conversations/{conversation_id}/turns/recorded": _INGEST,
    "WS /conversations/{conversation_id}/audio": _INGEST,
    "POST /conversations/{conversation_id}/close": _INGEST,
    "GET /conversations/{conversation_id}/replay": _READ,
    "GET /conversations/{conversation_id}/media/{number}": _READ,
    "GET /conversations/{conversation_id}/media/{number}/peaks": _READ,
    "POST /conversations/{conversation_id}/media": _INGEST,
    "POST /conversations/{conversation_id}/turns/{number}/corrections": _REVIEW,
    "DELETE /conversations/{conversation_id}/turns/{number}/corrections/{correction_id}": _REVIEW,
    "GET /conversations/{conversation_id}/roles": _READ,
    "POST /conversations/{conversation_id}/roles/swap": _REVIEW,
    "POST /conversations/{conversation_id}/roles/confirm": _REVIEW,
    "GET /reviews/queues": _REVIEW,
    "POST /reviews/next": _REVIEW,
    "GET /reviews/draws": Access("supervisor"),
    "POST /reviews/draws": Access("supervisor"),
    "GET /reviews/tasks": _REVIEW,
    "GET /reviews/tasks/{task_id}": _REVIEW,
    "PATCH /reviews/tasks/{task_id}": Access("supervisor"),
    "POST /reviews/tasks/{task_id}/take": _REVIEW,
    "PUT /reviews/tasks/{task_id}/turns/{number}": _REVIEW,
    "DELETE /reviews/tasks/{task_id}/turns/{number}": _REVIEW,
    "PUT /reviews/tasks/{task_id}/verdict": _REVIEW,
    "DELETE /reviews/tasks/{task_id}/verdict": _REVIEW,
    "GET /reviews/accuracy": _REVIEW,
    "GET /reviews/labels": _EXPORT,
    "GET /reviews/verdicts": _REVIEW,
    "POST /reviews/verdicts/{verdict_id}/appeal": Access("supervisor"),
    "POST /reviews/appeals/{appeal_id}/decision": Access("reviewer"),
    "GET /conversations/{conversation_id}/reviews": _READ,
    "GET /conversations/{conversation_id}/report": _EXPORT,
    "GET /reports/queue": _EXPORT,
    "GET /trends": _READ,
    "GET /trends/hours": _READ,
    "GET /trends/words": _READ,
    "GET /wall": _READ,
    "POST /conversations/{conversation_id}/handling": _SUPERVISE,
    "DELETE /conversations/{conversation_id}/handling": _SUPERVISE,
    "GET /events": _READ,
    "GET /alerts": _READ,
    "POST /alerts/{alert_id}/acknowledge": _SUPERVISE,
    "POST /alerts/{alert_id}/close": _SUPERVISE,
    "GET /rules": _SUPERVISE,
    "POST /rules": _SUPERVISE,
    "POST /rules/try": _SUPERVISE,
    "PUT /rules/{rule_id}": _SUPERVISE,
    "DELETE /rules/{rule_id}": _SUPERVISE,
    "GET /webhooks": _ADMIN,
    "POST /webhooks": _ADMIN,
    "PUT /webhooks/{webhook_id}": _ADMIN,
    "DELETE /webhooks/{webhook_id}": _ADMIN,
    "POST /webhooks/{webhook_id}/test": _ADMIN,
    "GET /webhooks/{webhook_id}/deliveries": _ADMIN,
    "POST /sources/roles/swap": _SUPERVISE,
    "GET /results": _EXPORT,
    "POST /imports": _INGEST,
    "GET /batches": _INGEST,
    "POST /batches": _INGEST,
    "GET /batches/{batch_id}": _INGEST,
    "DELETE /batches/{batch_id}": _INGEST,
    "GET /batches/{batch_id}/files": _INGEST,
    "POST /batches/{batch_id}/files": _INGEST,
    "POST /batches/{batch_id}/files/{number}/preview": _INGEST,
    "POST /batches/{batch_id}/start": _INGEST,
    "POST /batches/{batch_id}/pause": _INGEST,
    "POST /batches/{batch_id}/resume": _INGEST,
    "GET /sources": _INGEST,
    "GET /sources/{name}": _INGEST,
    "PUT /sources/{name}": _INGEST,
    "GET /notices": Access("supervisor"),
    "POST /notices": _ADMIN,
    "POST /notices/end": _ADMIN,
    "POST /customers/erase": _ADMIN,
    "POST /retention/sweep": _ADMIN,
    "GET /audit": _ADMIN,
}
ACCESS: Mapping[str, Access] = {
    "GET /healthz": EVERYBODY,
    "GET /readyz": EVERYBODY,
    "GET /sign-in": EVERYBODY,
    "POST /sign-in": EVERYBODY,
    **{name.replace(" ", " /api/v1", 1): access for name, access in _V1.items()},
}
"""What each route takes, by `METHOD /path`."""


def named_routes(routes: Sequence[BaseRoute]) -> Iterator[tuple[BaseRoute, str, str]]:
    """Every route that has dependencies: the route itself, its method and its path's template."""
    for context in iter_route_contexts(routes):
        route, path = context.original_route, context.path or ""
        if isinstance(route, APIWebSocketRoute):
            yield route, WEBSOCKET, path
        elif hasattr(route, "dependant"):
            for method in sorted(context.methods or ()):
                yield route, method, path


def principal(connection: HTTPConnection) -> Principal:
    """Who makes the request, after a look into the table.

    A session's token comes as a cookie or as `Authorization: Bearer`, a key as the latter.

    Raises:
        SignedOutError: If nobody is signed in.
        NotAllowedError: If they may not do this, or the route has no row.
    """
    try:
        return _principal(connection)
    except (SignedOutError, NotAllowedError) as error:
        if connection.scope["type"] == "websocket":
            raise WebSocketException(WS_1008_POLICY_VIOLATION, error.what) from error
        raise


def _principal(connection: HTTPConnection) -> Principal:
    access = _access(connection)
    if access == EVERYBODY:
        return NOBODY
    services = connection.app.state.services
    found = _known(connection, services.store, services.settings)
    if not found.may(access.least, access.key_scope):
        raise NotAllowedError(
            _needs(found, access), remedy="Ask an admin of this installation for it."
        )
    return found


def _access(connection: HTTPConnection) -> Access:
    paths: Mapping[int, str] = connection.app.state.paths
    method = connection.scope.get("method", WEBSOCKET)
    route = connection.scope["route"]
    # A WebSocket's route is a copy, with the whole path in it.
    path = route.path if isinstance(route, APIWebSocketRoute) else paths.get(id(route), "")
    access = ACCESS.get(f"{method} {path}")
    if access is None:
        raise NotAllowedError("nobody may call this: it is not in the table of rights.")
    return access


def _known(connection: HTTPConnection, store: Store, settings: Settings) -> Principal:
    secret = secret_of(connection)
    found = principal_of(store, settings, secret) if secret else None
    if found is None:
        raise SignedOutError(
            "the key is none, or was revoked."
            if secret.startswith(KEY_PREFIX)
            else "nobody is signed in, or the session is over.",
            remedy="Sign in at /sign-in, or send a key as `Authorization: Bearer ...`.",
        )
    return found


def secret_of(connection: HTTPConnection) -> str:
    """The session's token or the key that a request carries; empty if none."""
    scheme, _, given = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return given.strip()
    return connection.cookies.get(SESSION_COOKIE, "")


def _needs(found: Principal, access: Access) -> str:
    if found.role:
        return f"this takes the role {access.least}, {found.name} has {found.role}."
    if not access.key_scope:
        return "no key may do this; a person signs in for it."
    return f"this takes the scope {access.key_scope}, {found.name} does not have it."


PrincipalDep = Annotated[Principal, Depends(principal)]
