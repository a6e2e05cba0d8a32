"""Where people sign in, and from where they go on to the page that they wanted."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from app.accounts import SESSION_COOKIE
from app.accounts.sign_in import LOCKED, PasswordChangeError
from app.accounts.sign_in import sign_in as begin
from app.api.services import ServicesDep
from app.api.sign_in_page import SignInPage
from app.settings import Settings
from multimodal.errors import InvalidInputError, NotAllowedError, SignedOutError

router = APIRouter(include_in_schema=False)

MAX_BYTES = 32 * 2**10
_PORT = re.compile(r":\d*$")
_INSIDE = re.compile(r"/(?![/\\])[^\x00-\x1f\x7f\\]*")
"""A path of the dashboard, which leads to no other site."""

Next = Annotated[str, Query(max_length=4000)]
Lang = Literal["zh", "en"]


@router.get("/sign-in", response_class=HTMLResponse)
def page(
    request: Request,
    services: ServicesDep,
    next: Next = "/",
    lang: Lang = "zh",
    expired: bool = False,
) -> Response:
    """The page; afterwards the person goes to `next`, a path in the dashboard."""
    shown = SignInPage(inside(next), lang, "expired" if expired else "")
    return _answer(request, services.settings, shown, 200)


@router.post("/sign-in", response_class=HTMLResponse)
def sign_in(
    request: Request,
    services: ServicesDep,
    name: Annotated[str, Form(max_length=200)],
    password: Annotated[str, Form(max_length=1000)],
    new: Annotated[str | None, Form(max_length=1000)] = None,
    again: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=4000)] = "/",
    lang: Annotated[Lang, Form()] = "zh",
) -> Response:
    """Signs in, and leads on to the dashboard with the cookie of the session.

    Whose password somebody else set chooses a new one first, in the same form.
    """
    settings = services.settings
    choosing = new is not None

    def again_with(said: str, status: int, *, choosing: bool) -> Response:
        shown = SignInPage(inside(next), lang, said, name, choosing)
        return _answer(request, settings, shown, status)

    if new != again and choosing:
        return again_with("differ", 422, choosing=True)
    try:
        token = begin(services.store, settings, name, password, new or "")
    except SignedOutError:
        return again_with("wrong", 401, choosing=choosing)
    except InvalidInputError:
        return again_with("weak", 422, choosing=True)
    except PasswordChangeError:
        return again_with("choose", 403, choosing=True)
    except NotAllowedError as error:
        said = "locked" if error.what.startswith(LOCKED) else "busy"
        return again_with(said, 403, choosing=choosing)
    answer = RedirectResponse(dashboard(request, settings) + inside(next), 303)
    secure = request.url.scheme == "https" or settings.public_api_url.startswith("https:")
    answer.set_cookie(SESSION_COOKIE, token, httponly=True, samesite="lax", secure=secure)
    return answer


def inside(path: str) -> str:
    """A path of the dashboard; its first page in place of anything else."""
    return path if _INSIDE.fullmatch(path) else "/"


def dashboard(request: Request, settings: Settings) -> str:
    """Where the dashboard is for whoever made the request, without a slash at the end."""
    if settings.dashboard_url:
        return settings.dashboard_url.rstrip("/")
    host = _PORT.sub("", request.headers["host"])
    return f"{request.url.scheme}://{host}:{settings.dashboard_port}"


def _answer(request: Request, settings: Settings, shown: SignInPage, status: int) -> Response:
    # Browsers hold the address to which a form leads on against form-action too.
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
        f"form-action 'self' {dashboard(request, settings)}"
    )
    headers = {"Content-Security-Policy": policy, "Referrer-Policy": "same-origin"}
    return HTMLResponse(shown.html(), status, headers)
