"""Bodies of requests and answers about accounts."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from app.api.schemas import example

UserRole = Literal["viewer", "reviewer", "supervisor", "admin"]
KeyScope = Literal["read", "ingest", "review", "export", "supervise"]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Bounds = Annotated[list[Name] | None, Field(max_length=500)]
Password = Annotated[str, Field(max_length=1000)]

_USER: dict[str, Any] = {
    "name": "zhang.wei",
    "display": "张伟",
    "role": "supervisor",
    "teams": ["售后一班"],
    "queues": None,
}
_USER_OUT = _USER | {
    "disabled": False,
    "must_change": False,
    "made_at": "2026-06-30T09:00:00+08:00",
    "signed_in_at": "2026-07-01T08:58:12+08:00",
}
_KEY: dict[str, Any] = {"name": "crm", "scopes": ["read"], "teams": ["售后一班"], "queues": None}
_KEY_OUT = _KEY | {
    "hint": "em_x7Kp",
    "made_by": "admin",
    "made_at": "2026-06-30T09:00:00+08:00",
    "used_at": None,
    "revoked_at": None,
}


class Bounded(BaseModel):
    """Whose conversations are there for somebody; both conditions hold together."""

    teams: Bounds = Field(description="Teams whose conversations are there; null for all.")
    queues: Bounds = Field(None, description="Queues whose conversations are there; null for all.")


class SessionOut(Bounded):
    """Who is signed in."""

    model_config = example(_USER)
    name: str
    display: str
    role: UserRole | Literal[""] = Field(description="Empty for a program with a key.")


class PasswordChange(BaseModel):
    """One's own password."""

    model_config = example({"old": "...", "new": "wo ai chi lao gan ma"}, strict=True)
    old: Password
    new: Password = Field(description="12 to 128 characters.")


class UserIn(Bounded):
    """A person who shall be able to sign in; their password is made and answered."""

    model_config = example(_USER, strict=True)
    name: str = Field(
        max_length=200, description="What they sign in with: letters, digits, `.`, `_`, `@`, `-`."
    )
    display: str = Field("", max_length=200, description="What they are called.")
    role: UserRole


class UserChange(BaseModel):
    """What is to be different; what is absent stays."""

    model_config = example({"role": "reviewer", "teams": None}, strict=True)
    display: str = Field("", max_length=200)
    role: UserRole = "viewer"
    teams: Bounds = None
    queues: Bounds = None
    disabled: bool = False


class UserOut(Bounded):
    """A person who may sign in."""

    model_config = example(_USER_OUT)
    name: str
    display: str
    role: UserRole
    disabled: bool
    must_change: bool = Field(description="Whether they choose a password when they sign in next.")
    made_at: datetime
    signed_in_at: datetime | None


class UserMade(UserOut):
    """A person, with the password that is answered this once."""

    model_config = example(_USER_OUT | {"password": "x7kp-...."})
    password: str


class Users(BaseModel):
    """Everybody who may sign in, or might once."""

    model_config = example({"data": [_USER_OUT]})
    data: list[UserOut]


class NewPassword(BaseModel):
    """A password that is answered this once."""

    model_config = example({"password": "x7kp-...."})
    password: str


class KeyIn(Bounded):
    """A key for a program."""

    model_config = example(_KEY, strict=True)
    name: str = Field(max_length=200, description="What it is for.")
    scopes: list[KeyScope] = Field(min_length=1, max_length=10)


class KeyOut(Bounded):
    """A key, by which nobody can call."""

    model_config = example(_KEY_OUT)
    name: str
    scopes: list[KeyScope]
    hint: str = Field(description="Its first characters.")
    made_by: str
    made_at: datetime
    used_at: datetime | None
    revoked_at: datetime | None


class KeyMade(KeyOut):
    """A key, with the secret that is answered this once."""

    model_config = example(_KEY_OUT | {"key": "em_x7Kp...."})
    key: str


class KeyList(BaseModel):
    """Every key, those that were revoked too."""

    model_config = example({"data": [_KEY_OUT]})
    data: list[KeyOut]


class Groups(BaseModel):
    """Teams and queues that conversations name."""

    model_config = example({"teams": ["售后一班"], "queues": ["售后"]})
    teams: list[str]
    queues: list[str]
