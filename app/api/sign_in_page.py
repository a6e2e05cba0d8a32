"""The page on which a person signs in: plain HTML, which works without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from urllib.parse import urlencode

LANGUAGES: Mapping[str, str] = {"zh": "中文", "en": "English"}

_TEXTS: Mapping[str, tuple[str, str]] = {
    "title": ("客服情绪监测", "Emotion monitor"),
    "sign_in": ("登录", "Sign in"),
    "name": ("账号", "Name"),
    "password": ("密码", "Password"),
    "expired": (
        "登录已过期。重新登录后回到刚才的页面。",
        "Your session is over. Sign in to go on where you were.",
    ),
    "wrong": ("账号或密码不对。", "The name or the password is wrong."),
    "locked": (
        "尝试次数过多，该账号已锁定 15 分钟。管理员重置密码可立即解锁。",
        "Too many tries: this name is locked for 15 minutes. An admin unlocks it by resetting the "
        "password.",
    ),
    "busy": (
        "此刻登录的人太多，请稍后再试。",
        "Too many people sign in at this moment. Try again.",
    ),
    "choose": (
        "这个密码是别人设的。请设一个自己的密码，再次输入当前密码确认。",
        "Somebody else set this password. Choose your own; type the present one once more.",
    ),
    "weak": (
        "新密码要 12 到 128 个字符，不含账号，不能太简单，也不能与当前密码相同。",
        "The new password needs 12 to 128 characters, without your name, not easy to guess, and "
        "other than the present one.",
    ),
    "differ": ("两次输入的新密码不一致。", "The new passwords differ."),
    "present": ("当前密码", "Present password"),
    "new": ("新密码（12 个字符以上）", "New password (12 characters or more)"),
    "again": ("再输一次新密码", "The new password again"),
    "choose_button": ("设定密码并登录", "Set it and sign in"),
    "forgotten": ("忘记密码？请管理员重置。", "Forgotten it? Ask an admin to reset it."),
    "audited": (
        "查看、回放和导出会话都有记录。",
        "Viewing, replaying and exporting conversations is recorded.",
    ),
}

_STYLE = """
:root { color-scheme: light dark; --ink: #1d2129; --quiet: #5c6370; --line: #c9cdd4;
  --paper: #f4f5f7; --card: #fff; --main: #0b5cad; --main-ink: #fff; --bad: #b3001b;
  --bad-paper: #fdecee; --note-paper: #e8f1fb; }
@media (prefers-color-scheme: dark) { :root { --ink: #eceef1; --quiet: #a5adba; --line: #4a505c;
  --paper: #0e1117; --card: #1a1e27; --main: #6cb2f5; --main-ink: #0b1420; --bad: #ff9aa5;
  --bad-paper: #3a1a20; --note-paper: #16283c; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem;
  background: var(--paper); color: var(--ink); font: 16px/1.6 system-ui, -apple-system,
  "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif; }
main { width: 100%; max-width: 24rem; }
header { display: flex; justify-content: space-between; align-items: baseline;
  margin: 0 .25rem 1rem; }
h1 { font-size: 1.25rem; margin: 0; }
form { background: var(--card); border: 1px solid var(--line); border-radius: .75rem;
  padding: 1.75rem; display: grid; gap: 1.1rem; }
label { display: grid; gap: .3rem; font-weight: 600; }
input { font: inherit; font-weight: 400; color: inherit; background: transparent; width: 100%;
  padding: .55rem .7rem; border: 1px solid var(--line); border-radius: .4rem; }
button { font: inherit; font-weight: 600; padding: .6rem; border: 0; border-radius: .4rem;
  background: var(--main); color: var(--main-ink); cursor: pointer; }
:focus-visible { outline: 3px solid var(--main); outline-offset: 2px; }
.said { margin: 0; padding: .6rem .8rem; border-radius: .4rem; background: var(--note-paper); }
.bad { background: var(--bad-paper); color: var(--bad); }
.quiet { color: var(--quiet); font-size: .875rem; margin: 0; }
a { color: var(--main); }
"""


@dataclass(frozen=True, slots=True)
class SignInPage:
    """What the page shows.

    Attributes:
        next: Path in the dashboard to which the person goes afterwards.
        lang: `zh` or `en`.
        said: Key of a text above the fields: `expired`, `wrong`, `locked`, `busy`, `choose`,
            `weak`, `differ`; empty for none.
        name: What the person typed before.
        choosing: Whether they choose a new password.
    """

    next: str
    lang: str
    said: str = ""
    name: str = ""
    choosing: bool = False

    def html(self) -> str:
        """The page; everything that came from outside is escaped."""
        other = "en" if self.lang == "zh" else "zh"
        switch = "/sign-in?" + urlencode({"lang": other, "next": self.next})
        first, second = ("", " autofocus") if self.name else (" autofocus", "")
        return f"""<!doctype html>
<html lang="{"zh-CN" if self.lang == "zh" else "en"}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{self._t("sign_in")} · {self._t("title")}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<header><h1>{self._t("title")}</h1>
<a href="{escape(switch)}" lang="{other}">{LANGUAGES[other]}</a></header>
<form method="post" action="/sign-in">
{self._said()}<label>{self._t("name")}
<input name="name" value="{escape(self.name)}" required maxlength="200" autocomplete="username"
 autocapitalize="none" spellcheck="false"{first}></label>
<label>{self._t("present" if self.choosing else "password")}
<input name="password" type="password" required maxlength="1000"
 autocomplete="current-password"{second}></label>
{self._choice()}<input type="hidden" name="next" value="{escape(self.next)}">
<input type="hidden" name="lang" value="{self.lang}">
<button>{self._t("choose_button" if self.choosing else "sign_in")}</button>
<p class="quiet">{self._t("forgotten")}<br>{self._t("audited")}</p>
</form>
</main>
</body>
</html>
"""

    def _t(self, key: str) -> str:
        return escape(_TEXTS[key][0 if self.lang == "zh" else 1])

    def _choice(self) -> str:
        if not self.choosing:
            return ""
        return "".join(
            f"""<label>{self._t(name)}
<input name="{name}" type="password" required minlength="12" maxlength="128"
 autocomplete="new-password"></label>
"""
            for name in ("new", "again")
        )

    def _said(self) -> str:
        if not self.said:
            return ""
        kind = "said" if self.said in ("expired", "choose") else "said bad"
        return f'<p class="{kind}" role="alert">{self._t(self.said)}</p>\n'
