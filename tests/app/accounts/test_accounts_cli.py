"""`emotion-monitor user` and `key`: secrets on stdout once, lists, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from app.accounts.sign_in import PasswordChangeError, principal_of, sign_in
from app.cli import app
from app.settings import Settings
from app.store import Store
from multimodal.errors import (
    ConflictError,
    EmotionMonitorError,
    InvalidInputError,
    NotFoundError,
    SignedOutError,
)

OWN = "a password of my own"

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command over a data folder of its own; what is refused is raised."""
    monkeypatch.setenv("EMOTION_MONITOR_DATA_DIR", str(tmp_path))
    runner = CliRunner()

    def call(*arguments: str, given: str = "") -> Result:
        done = runner.invoke(app, arguments, input=given)
        if isinstance(done.exception, EmotionMonitorError):
            raise done.exception
        return done

    return call


def listed(done: Result) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    return rows


def enter(folder: Path, name: str, password: str, new: str = "") -> str:
    """Signs in as the sign-in page does; the session's token."""
    settings = Settings(data_dir=folder)
    with Store(settings) as store:
        return sign_in(store, settings, name, password, new)


def test_a_person_is_added_changed_disabled_and_enabled(run: Run, tmp_path: Path) -> None:
    run("user", "add", "boss", "--role", "admin")
    made = run("user", "add", "Li.Ming", "--role", "reviewer", "--team", "甲班", "--team", "乙班",
               "--queue", "宽带", "--display", "李明")  # fmt: skip
    password = made.stdout.strip()
    assert "li.ming: password shown this once" in made.stderr
    with pytest.raises(PasswordChangeError):
        enter(tmp_path, "li.ming", password)
    assert enter(tmp_path, "li.ming", password, OWN)
    _, row = listed(run("user", "list", "--json"))
    assert row["name"] == "li.ming"
    assert (row["teams"], row["queues"]) == (["乙班", "甲班"], ["宽带"])
    assert not row["disabled"]
    run("user", "change", "li.ming", "--role", "supervisor", "--all-teams", "--all-queues")
    _, row = listed(run("user", "list", "--json"))
    assert (row["role"], row["teams"], row["queues"]) == ("supervisor", None, None)
    assert row["display"] == "李明"
    assert "supervisor" in run("user", "list").stdout
    run("user", "disable", "li.ming")
    with pytest.raises(SignedOutError):
        enter(tmp_path, "li.ming", OWN)
    run("user", "enable", "li.ming")
    assert enter(tmp_path, "li.ming", OWN)


def test_a_password_is_reset_and_may_come_from_stdin(run: Run, tmp_path: Path) -> None:
    run("user", "add", "boss", "--role", "admin", "--password-stdin", given=f"{OWN}\n")
    assert enter(tmp_path, "boss", OWN, "another of my own")
    reset = json.loads(run("user", "reset-password", "boss", "--json").stdout)
    with pytest.raises(SignedOutError):
        enter(tmp_path, "boss", "another of my own")
    with pytest.raises(PasswordChangeError):
        enter(tmp_path, "boss", reset["password"])
    said = run("user", "reset-password", "boss", "--password-stdin", given=f"{OWN} 2\n")
    assert said.stdout == ""
    with pytest.raises(PasswordChangeError):
        enter(tmp_path, "boss", f"{OWN} 2")
    with pytest.raises(InvalidInputError, match="12 to 128"):
        run("user", "reset-password", "boss", "--password-stdin", given="short\n")


def test_what_is_refused_says_why(run: Run) -> None:
    run("user", "add", "boss", "--role", "admin")
    for error, said, arguments in (
        (ConflictError, "somebody has this name", ("add", "boss", "--role", "admin")),
        (ConflictError, "nobody would be left", ("disable", "boss")),
        (InvalidInputError, "no role", ("add", "x", "--role", "owner", "--all-teams")),
        (InvalidInputError, "was not said", ("add", "x", "--role", "viewer")),
        (InvalidInputError, "cannot be a name", ("add", "local", "--role", "admin")),
        (InvalidInputError, "nothing to change", ("change", "boss")),
        (NotFoundError, "nobody is called", ("reset-password", "nobody")),
    ):
        with pytest.raises(error, match=said):
            run("user", *arguments)
    assert run("user", "add", "x").exit_code == 2  # Without a role: the usage.


def test_a_key_is_made_listed_and_revoked(run: Run, tmp_path: Path) -> None:
    made = run("key", "add", "crm", "--scope", "read", "--scope", "ingest", "--team", "甲班")
    secret = made.stdout.strip()
    settings = Settings(data_dir=tmp_path)
    with Store(settings) as store:
        principal = principal_of(store, settings, secret)
        assert principal is not None
        assert (principal.name, principal.teams) == ("key:crm", frozenset({"甲班"}))
    (row,) = listed(run("key", "list", "--json"))
    assert (row["name"], row["scopes"], row["revoked"]) == ("crm", ["read", "ingest"], "")
    assert secret.startswith(row["hint"])
    assert secret not in run("key", "list").stdout
    run("key", "revoke", "crm")
    with Store(settings) as store:
        assert principal_of(store, settings, secret) is None
    assert listed(run("key", "list", "--json"))[0]["revoked"]
    for error, said, arguments in (
        (ConflictError, "name", ("add", "crm", "--scope", "read", "--all-teams")),
        (InvalidInputError, "scope", ("add", "x", "--scope", "everything", "--all-teams")),
        (InvalidInputError, "was not said", ("add", "x", "--scope", "read")),
        (NotFoundError, "nothing", ("revoke", "nothing")),
    ):
        with pytest.raises(error, match=said):
            run("key", *arguments)
