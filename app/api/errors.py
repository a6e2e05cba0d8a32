"""One shape for every error: `{"error": {"type", "what", "where", "remedy"}}`, with its status."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.store import DatabaseUnavailableError
from multimodal.conversation import storable
from multimodal.errors import (
    CheckpointError,
    ConflictError,
    EmotionMonitorError,
    InputFileError,
    InvalidInputError,
    LibraryMissingError,
    MediaLimitError,
    ModelMissingError,
    NotAllowedError,
    NotFoundError,
    OutputError,
    SignedOutError,
    UnknownFormatError,
)
from multimodal.masking import Masker

log = logging.getLogger(__name__)

_STATUS: tuple[tuple[type[EmotionMonitorError], int], ...] = (
    # The first that fits.
    (SignedOutError, 401),
    (NotAllowedError, 403),
    (NotFoundError, 404),
    (ConflictError, 409),
    (MediaLimitError, 413),
    (UnknownFormatError, 415),
    (InvalidInputError, 422),
    (InputFileError, 422),
    (DatabaseUnavailableError, 503),
    (ModelMissingError, 503),
    (CheckpointError, 503),
    (LibraryMissingError, 503),
    (OutputError, 507),
)
_TYPES: Mapping[int, str] = {
    400: "bad_request",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    421: "wrong_host",
    422: "invalid_input",
    500: "internal",
}
RETRY_SECONDS = 5
_HEADERS: Mapping[int, Mapping[str, str]] = {
    401: {"WWW-Authenticate": "Bearer"},
    503: {"Retry-After": str(RETRY_SECONDS)},
}
_MASKER = Masker()


def as_json(error: EmotionMonitorError) -> dict[str, str]:
    """The inside of the error shape; what somebody said is masked in it."""
    error = _MASKER.error(error)
    name = type(error).__name__.removesuffix("Error")
    return {
        "type": re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower(),
        "what": storable(error.what),
        "where": storable(error.where),
        "remedy": storable(error.remedy),
    }


def answer(
    status: int,
    what: str,
    where: str = "",
    remedy: str = "",
    headers: Mapping[str, str] | None = None,
) -> JSONResponse:
    """An error that no exception of the product stands for."""
    inside = {
        "type": _TYPES.get(status, "http"),
        "what": storable(what),
        "where": storable(where),
        "remedy": remedy,
    }
    return JSONResponse({"error": inside}, status, headers)


def install(app: FastAPI) -> None:
    """Makes the application answer every error in the one shape."""
    app.add_exception_handler(EmotionMonitorError, _ours)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(Exception, _unexpected)


async def _ours(_request: Request, error: Exception) -> Response:
    assert isinstance(error, EmotionMonitorError)
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), 500)
    headers = _HEADERS.get(status)
    return JSONResponse({"error": as_json(error)}, status, headers)


async def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])[:200]
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if first["loc"] == ("body",) and first["type"] != "missing" and not kind.endswith("json"):
        return answer(
            415,
            f"the body is {kind[:80] or 'of no stated type'}, expected application/json.",
            "header Content-Type",
            "Send JSON with `Content-Type: application/json`.",
        )
    # The message of a validator says what was expected; what was sent is never repeated.
    return answer(422, f"{first['msg']}.", place, "See /docs for what is expected.")


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    detail: object = error.detail  # Our own routes raise it with the inside of the shape.
    if isinstance(detail, dict):
        return JSONResponse({"error": detail}, error.status_code, error.headers)
    return answer(error.status_code, f"{detail}.", headers=error.headers)


async def _unexpected(request: Request, error: Exception) -> Response:
    # The path's template, not the path, and no message: either may hold what people said.
    route = request.scope.get("route")
    log.error("%s in %s", type(error).__name__, getattr(route, "path", "?"))
    return answer(
        500,
        "something went wrong that should not have.",
        remedy="Nothing was stored by this request. Please report it with the server's log.",
    )
