"""A made-up day of a site, for the screenshots: people, keys, and conversations that are going on.

The names and what is said are ours.
"""

from __future__ import annotations

from typing import Any

import httpx

TEAMS = ("宽带一班", "宽带二班", "移动一班")
PEOPLE = (
    ("li.ming", "李明", "supervisor", ["宽带一班"], None),
    ("zhou.jie", "周杰", "supervisor", ["宽带二班", "移动一班"], None),
    ("wang.fang", "王芳", "reviewer", None, ["宽带报障"]),
    ("chen.yu", "陈宇", "viewer", ["移动一班"], None),
)
KEYS = (
    ("recorder", ["ingest"], None),
    ("crm", ["read"], list(TEAMS)),
    ("report", ["read", "export"], ["宽带一班"]),
)
CALLS: tuple[tuple[str, str, str, str, str, str, tuple[str, ...]], ...] = (
    ("phone", "宽带一班", "宽带报障", "1007", "赵倩", "138****2671", (
        "客：我家宽带从星期五就断了，到现在没人来。", "席：给您带来不便，我先查一下工单。",
        "客：我已经打了三次电话了，每次都说明天来！", "席：工单显示师傅今天会联系您。",
        "客：又是今天？等了五天还没人上门，太让人生气了！", "客：再不处理我就打12315投诉你们！")),
    ("phone", "宽带二班", "宽带报障", "1012", "孙浩", "139****0458", (
        "席：您好，很高兴为您服务。", "客：光猫红灯一直闪，电视也看不了，气死我了！",
        "席：请您重启一下光猫试试。", "客：重启八百遍了！你们到底有没有人管，太过分了！")),
    ("chat", "移动一班", "资费争议", "2003", "吴静", "136****7720", (
        "客：这个月怎么多扣了我68块钱", "席：正在为您核对账单，请稍等。", "客：等了半天了还没好吗",
        "客：你们这是乱扣费，太失望了")),
    ("phone", "移动一班", "资费争议", "2008", "郑凯", "150****3316", (
        "席：您好，请问有什么可以帮您？", "客：我没有开通这个增值业务，怎么又扣钱。",
        "席：帮您查到是上月办理的。", "客：我根本没办过，很不满意。")),
    ("chat", "宽带一班", "装机预约", "1003", "钱多", "187****9042", (
        "客：师傅约的上午，现在都一点了", "席：非常抱歉，我催一下师傅。",
        "客：有点着急，下午还要上班")),
    ("video", "宽带二班", "视频营业厅", "1015", "林涛", "133****6105", (
        "席：您好，请出示一下证件。", "客：好的，这样可以看清吗？", "席：可以的，请稍等。",
        "客：办好了是吧，谢谢你啊。")),
    ("phone", "宽带一班", "宽带报障", "1009", "何蕾", "135****4483", (
        "席：您好，宽带报障，请讲。", "客：网速有点慢，麻烦看一下。", "席：我帮您刷新一下端口。",
        "客：好的，现在快了，谢谢。")),
    ("phone", "移动一班", "套餐咨询", "2011", "高远", "158****1290", (
        "席：您好，请问想了解哪个套餐？", "客：我想换个流量多一点的。", "席：推荐您这一档。")),
    ("chat", "移动一班", "套餐咨询", "2005", "马兰", "177****8834", (
        "客：合约什么时候到期", "席：您的合约到明年三月。", "客：知道了")),
    ("phone", "宽带二班", "装机预约", "1018", "徐萌", "131****5527", (
        "席：您好，给您确认一下装机时间。", "客：明天下午三点以后都可以。")),
)  # fmt: skip
EARLIER = (
    ("宽带一班", "宽带报障", "139****7718", "又断网了，你们客服是傻逼吗", "intervened"),
    ("移动一班", "资费争议", "186****0093", "扣费不说清楚，我要投诉到工信部", "to_complaint"),
    ("宽带二班", "装机预约", "152****6640", "这光猫是垃圾，配不上我的新电视", "false_alarm"),
    ("移动一班", "套餐咨询", "137****2205", "上次投诉的事处理得挺快", "no_action"),
)
"""Calls whose alert was closed: what was said, and as what it was closed."""
WEBHOOKS = (
    (
        "班长群",
        "wecom",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=4f1c-a07e",
        ["宽带一班"],
    ),
    ("值班群", "dingtalk", "https://oapi.dingtalk.com/robot/send?access_token=9b21", []),
    ("工单系统", "generic", "https://crm.example/hooks/emotion", []),
)


def open_calls(client: httpx.Client) -> list[int]:
    """Opens the calls and says their turns, the calmest first; their ids, in the order above."""
    numbers = []
    for index, (channel, team, queue, agent, name, customer, said) in reversed(
        list(enumerate(CALLS))
    ):
        body = {
            "external_id": f"C20260302-{index + 1:04d}",
            "source": "pbx",
            "channel": channel,
            "team": team,
            "queue": queue,
            "customer_display": customer,
            "customer_ref": f"customer-{index % 9}",
            "turns": [],
        }
        made = client.post("/conversations", params={"state": "open"}, json=body)
        numbers.append(int(made.raise_for_status().json()["id"]))
        for place, text in enumerate(said):
            turn: dict[str, Any] = {"role": "customer", "text": text[2:]}
            if text.startswith("席"):
                turn |= {"role": "agent", "agent_id": agent, "attributes": {"agent_name": name}}
            if channel != "chat":
                turn |= {"start": 6.0 * place, "end": 6.0 * place + 5.0}
            client.post(f"/conversations/{numbers[-1]}/turns", json=turn).raise_for_status()
    return numbers[::-1]


def close_alerts(client: httpx.Client) -> None:
    """The calls before, each with an alert that somebody dealt with."""
    for index, (team, queue, customer, text, outcome) in enumerate(EARLIER):
        body = {
            "external_id": f"C20260301-{index + 1:04d}",
            "source": "pbx",
            "channel": "phone",
            "team": team,
            "queue": queue,
            "customer_display": customer,
            "turns": [],
        }
        made = client.post("/conversations", params={"state": "open"}, json=body)
        number = int(made.raise_for_status().json()["id"])
        turn = {"role": "customer", "text": text}
        client.post(f"/conversations/{number}/turns", json=turn).raise_for_status()
        for alert in client.get("/alerts", params={"state": "open"}).json()["data"]:
            closing = {"outcome": outcome}
            client.post(f"/alerts/{alert['id']}/close", json=closing).raise_for_status()
        client.post(f"/conversations/{number}/close").raise_for_status()


def set_up(client: httpx.Client) -> None:
    """People, keys and calls; one is taken over, the alerts of those before are closed."""
    for name, display, role, teams, queues in PEOPLE:
        body = {"name": name, "display": display, "role": role, "teams": teams, "queues": queues}
        client.post("/users", json=body).raise_for_status()
    for name, scopes, teams in KEYS:
        key = {"name": name, "scopes": scopes, "teams": teams}
        client.post("/keys", json=key).raise_for_status()
    client.delete("/keys/report").raise_for_status()
    close_alerts(client)
    numbers = open_calls(client)
    client.post(f"/conversations/{numbers[1]}/handling").raise_for_status()
    for name, vendor, url, of_teams in WEBHOOKS:
        hook = {"name": name, "vendor": vendor, "url": url, "teams": of_teams}
        client.post("/webhooks", json=hook).raise_for_status()
