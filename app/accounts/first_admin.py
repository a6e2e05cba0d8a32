"""The admin of a new installation, with a password that is random and said once."""

from __future__ import annotations

from app.accounts import passwords
from app.store import LOCAL, Store
from app.store.accounts import NewUser
from multimodal.errors import ConflictError

NAME = "admin"


def first_admin(store: Store) -> str:
    """Adds the admin where nobody can sign in yet.

    Returns:
        The admin's password, which is kept nowhere; empty where there is somebody already.
    """
    if store.accounts.users():
        return ""
    password = passwords.made()
    new = NewUser(NAME, "admin", None, display="管理员")
    try:
        store.accounts.add(new, passwords.hashed(password), LOCAL)
    except ConflictError:
        return ""  # Another process was first, just now.
    return password


def welcome(password: str) -> str:
    """What the terminal says once, in Chinese and English."""
    return (
        f"首次启动：账号 {NAME}，密码 {password}（只显示这一次，请登录后修改）\n"
        f"first start: sign in as {NAME} with the password {password} (shown this once)\n"
        f"忘记时 if it is lost: emotion-monitor user reset-password {NAME}"
    )
