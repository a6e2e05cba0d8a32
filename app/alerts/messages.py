"""What a webhook is sent, and how it is signed, for each kind of receiver.

    generic    JSON, signed as Standard Webhooks has it (standardwebhooks.com): HMAC-SHA256 over
               `id.timestamp.body`, in the headers webhook-id, webhook-timestamp, webhook-signature
    wecom      企业微信 group robot: a text message; the key stands in the address
    dingtalk   钉钉 robot: a text message; timestamp and signature go into the address
    feishu     飞书 robot: a text message; timestamp and signature go into the body

Robots get plain text: what a customer said cannot make links, mentions or pictures of itself there.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from urllib.parse import quote

from app.store.webhooks import Message

Vendor = Literal["generic", "wecom", "dingtalk", "feishu"]
LEVEL_TEXTS: Mapping[str, str] = {
    "calm": "平稳 calm",
    "watch": "关注 watch",
    "dissatisfied": "不满 dissatisfied",
    "heated": "激烈 heated",
}
SEVERITY_TEXTS: Mapping[str, str] = {
    "notice": "提示 Notice",
    "warning": "警告 Warning",
    "critical": "紧急 Critical",
}
_HARMLESS = str.maketrans({"<": "＜", ">": "＞", "@": "＠"})
"""In a robot's text 飞书 reads `<at ...>`, and people read @."""


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request, signed.

    Attributes:
        url: Where it goes.
        headers: Its headers.
        body: JSON in UTF-8.
    """

    url: str
    headers: Mapping[str, str]
    body: bytes


def new_secret() -> str:
    """A secret for a generic receiver, as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(24)).decode()


def request_of(message: Message, link: str, now: datetime) -> Request:
    """The request that tells of an alert.

    Args:
        message: What is to be told, to whom.
        link: Where the conversation is replayed; empty for a test.
        now: The moment, for the signature.
    """
    hook = message.webhook
    headers = {"Content-Type": "application/json; charset=utf-8"}
    seconds = str(int(now.timestamp()))
    match hook.vendor:
        case "wecom" | "dingtalk":
            body = _json({"msgtype": "text", "text": {"content": text_of(message, link)}})
            url = hook.url
            if hook.vendor == "dingtalk" and hook.secret:
                url += _dingtalk_signature(url, hook.secret, now)
            return Request(url, headers, body)
        case "feishu":
            content: dict[str, Any] = {
                "msg_type": "text",
                "content": {"text": text_of(message, link)},
            }
            if hook.secret:
                # 飞书 takes the text to be signed as the key, and signs nothing with it.
                signature = _sign(f"{seconds}\n{hook.secret}".encode(), b"")
                content |= {"timestamp": seconds, "sign": signature}
            return Request(hook.url, headers, _json(content))
        case _:
            body = _json(_event(message, link, now))
            name = f"msg_{message.delivery.id}"
            signed = _sign(_key(hook.secret), f"{name}.{seconds}.".encode() + body)
            headers |= {
                "webhook-id": name,
                "webhook-timestamp": seconds,
                "webhook-signature": f"v1,{signed}",
            }
            return Request(hook.url, headers, body)


def text_of(message: Message, link: str) -> str:
    """What a robot says, Chinese and English beside each other."""
    alert, row = message.alert, message.conversation
    if alert is None or row is None:
        return "【测试 Test】客服情绪监测的预警会发到这里。Alerts of the emotion monitor come here."
    name = " ".join(dict.fromkeys(part for part in (alert.rule_name, alert.rule_name_en) if part))
    again = " ↑" if message.delivery.change == "raised" else ""
    lines = [f"【{SEVERITY_TEXTS[alert.severity]}】{name}{again}"]
    if alert.words and message.webhook.with_words:
        lines.append(f"客户 Customer：“{alert.words}”")
    place = " · ".join(part for part in (row.queue, row.team, row.external_id) if part)
    lines.append(f"{place}\n等级 Level：{LEVEL_TEXTS.get(row.level, row.level)}")
    return "\n".join(line.translate(_HARMLESS) for line in lines) + f"\n{link}"


def refusal_of(vendor: str, body: bytes) -> str:
    """What a robot says in an answer of status 200 that refuses; empty where it took the message.

    Args:
        vendor: Who answers.
        body: The answer.
    """
    if vendor == "generic":
        return ""
    try:
        said = json.loads(body)
    except ValueError:
        return "the answer is not the robot's JSON"
    if not isinstance(said, dict):
        return "the answer is not the robot's JSON"
    names = ("code", "StatusCode") if vendor == "feishu" else ("errcode",)
    code = next((said[name] for name in names if name in said), None)
    if code == 0:
        return ""
    words = said.get("msg") or said.get("errmsg") or ""
    return f"{vendor} {code}: {words}"[:200]


def _event(message: Message, link: str, now: datetime) -> dict[str, Any]:
    alert, row = message.alert, message.conversation
    event: dict[str, Any] = {
        "type": "alert.test" if alert is None else f"alert.{message.delivery.change}",
        "timestamp": now.isoformat(timespec="seconds"),
        "data": {},
    }
    if alert is not None and row is not None:
        event["data"] = {
            "alert": alert.id,
            "severity": alert.severity,
            "rule": alert.rule_name,
            "rule_en": alert.rule_name_en,
            "turn": alert.turn,
            "start": message.start,
            "words": alert.words if message.webhook.with_words else "",
            "hits": alert.hits,
            "opened_at": alert.opened_at.isoformat(timespec="seconds"),
            "source": row.source,
            "external_id": row.external_id,
            "channel": row.channel,
            "queue": row.queue,
            "team": row.team,
            "level": row.level,
            "risk": row.risk,
            "url": link,
        }
    return event


def _dingtalk_signature(url: str, secret: str, now: datetime) -> str:
    milliseconds = str(int(now.timestamp() * 1000))
    signature = _sign(secret.encode(), f"{milliseconds}\n{secret}".encode())
    joint = "&" if "?" in url else "?"
    return f"{joint}timestamp={milliseconds}&sign={quote(signature, safe='')}"


def _key(secret: str) -> bytes:
    encoded = secret.removeprefix("whsec_")
    if encoded == secret:
        return secret.encode()
    try:
        return base64.b64decode(encoded, validate=True)
    except ValueError:
        return secret.encode()


def _sign(key: bytes, what: bytes) -> str:
    return base64.b64encode(hmac.new(key, what, hashlib.sha256).digest()).decode()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
