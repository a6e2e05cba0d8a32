"""Alerts through the API: opened once, raised, budgeted, closed, judged; on both databases."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from app.alerts.defaults import DEFAULTS
from app.alerts.watch import AlertWatch
from app.settings import Settings
from app.store import LOCAL, Scope, Store, upgrade
from app.store.alerts import Met
from multimodal.conversation import Conversation, Role, Turn
from multimodal.pipeline import EmotionMonitor
from multimodal.tags import TagWords
from tests.app.conftest import API, OneFuser, WordScorer, chat, problem, signed_in

ANGER = "还没发货！！"


def open_chat(client: TestClient, external_id: str = "live", **more: Any) -> int:
    body = {"external_id": external_id, "source": "test", "turns": [], **more}
    answer = client.post(f"{API}/conversations", params={"state": "open"}, json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


def say(client: TestClient, number: int, text: str, role: str = "customer") -> None:
    turn = {"role": role, "text": text}
    answer = client.post(f"{API}/conversations/{number}/turns", json=turn)
    assert answer.status_code == 201, answer.text


def alerts(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    return list(client.get(f"{API}/alerts", params=query).json()["data"])


def rules(client: TestClient) -> dict[str, dict[str, Any]]:
    return {one["rule"]["name"]: one for one in client.get(f"{API}/rules").json()["data"]}


def only(client: TestClient, *keys: str) -> None:
    """Switches off all of the product's own rules but these."""
    for one in rules(client).values():
        if one["key"] not in keys:
            body = {"rule": one["rule"], "enabled": False}
            assert client.put(f"{API}/rules/{one['id']}", json=body).status_code == 200


def changes(client: TestClient) -> list[str]:
    store: Store = client.app.state.services.store  # type: ignore[attr-defined]
    return [row.payload["change"] for row in store.events_after(0, LOCAL) if row.kind == "alert"]


def test_twenty_angry_turns_give_one_alert(client: TestClient) -> None:
    only(client, "angry")
    number = open_chat(client, queue="售后", team="一班")
    for _ in range(20):
        say(client, number, ANGER)
    (one,) = alerts(client)
    assert (one["rule"], one["severity"], one["hits"]) == ("连续愤怒", "critical", 19)
    assert (one["turn"], one["words"], one["pushed"]) == (2, ANGER, True)
    assert (one["queue"], one["team"], one["level"]) == ("售后", "一班", "heated")
    assert changes(client) == ["opened"] + ["raised"] * 18
    assert client.get(f"{API}/alerts").json()["count"] == 1


def test_a_graver_rule_takes_it_over(
    sqlite_client: TestClient,
) -> None:
    client = sqlite_client
    only(client, "complaint", "abuse")
    number = open_chat(client)
    say(client, number, "我要投诉")
    (one,) = alerts(client)
    assert one["rule"] == "投诉或监管用语"
    seen = client.post(f"{API}/alerts/{one['id']}/acknowledge").json()
    assert seen["acknowledged_by"] == "tester"
    again = client.post(f"{API}/alerts/{one['id']}/acknowledge").json()
    assert again["acknowledged_at"] == seen["acknowledged_at"]
    say(client, number, "打12315")
    assert alerts(client)[0]["acknowledged_by"] == "tester"  # As grave as it was.
    say(client, number, "你们这帮傻逼")
    (one,) = alerts(client)
    assert (one["rule"], one["severity"], one["turn"]) == ("辱骂", "critical", 3)
    assert (one["acknowledged_by"], one["hits"]) == ("", 3)
    say(client, number, "我要投诉")  # Less grave: it stays what it is called.
    assert alerts(client)[0]["rule"] == "辱骂"
    assert changes(client) == ["opened", "acknowledged", "raised", "raised", "raised"]


def test_closing_cools_down_and_a_slip_is_mended(sqlite_client: TestClient) -> None:
    client = sqlite_client
    only(client, "complaint")
    number = open_chat(client)
    say(client, number, "我要投诉")
    (one,) = alerts(client)
    url = f"{API}/alerts/{one['id']}/close"
    problem(client.post(url, json={"outcome": "ignored"}), 422)
    closed = client.post(url, json={"outcome": "false_alarm", "comment": "玩笑"}).json()
    assert (closed["outcome"], closed["closed_by"]) == ("false_alarm", "tester")
    assert closed["acknowledged_at"] is not None
    assert alerts(client) == []
    assert client.post(url, json={"outcome": "intervened"}).json()["outcome"] == "intervened"
    say(client, number, "我要投诉你们")
    assert alerts(client) == []  # It rests.
    assert [a["outcome"] for a in alerts(client, state="closed")] == ["intervened"]
    judged = rules(client)["投诉或监管用语"]
    assert (judged["outcomes"], judged["precision"]) == ({"intervened": 1}, 1.0)


def test_after_its_rest_a_new_thing_opens_a_new_alert(
    settings: Settings, monitor: EmotionMonitor
) -> None:
    with Store(settings) as store:
        number = store.save(monitor.score(Conversation("c", (Turn(Role.CUSTOMER, "a"),))),
                            state="open").id  # fmt: skip
        rule = store.rules.add({"name": "x"}, LOCAL, enabled=True)
        now = datetime.now(UTC)

        def meet(turn: int, seconds: float) -> None:
            met = Met(rule.id, "x", "", "warning", 600.0, turn, "a")
            store.alerts.meet(number, [met], now + timedelta(seconds=seconds))

        meet(1, 0)
        (first,) = store.alerts.page(LOCAL, is_open=True)[0]
        store.alerts.close(first.alert.id, "no_action", "", LOCAL)
        meet(1, 10_000)  # The same thing is told once.
        meet(2, 500)
        assert store.alerts.page(LOCAL, is_open=True)[1] == 0
        meet(2, 700)
        assert store.alerts.page(LOCAL, is_open=True)[1] == 1
        store.close_conversation(number, LOCAL)
        meet(3, 9000)
        assert store.alerts.page(LOCAL, is_open=True)[0][0].alert.hits == 1


def test_many_at_once_open_one(settings: Settings, monitor: EmotionMonitor) -> None:
    with Store(settings) as store:
        call = Conversation("c", (Turn(Role.CUSTOMER, "a"),))
        number = store.save(monitor.score(call), state="open").id
        rule = store.rules.add({"name": "x"}, LOCAL, enabled=True)
        with ThreadPoolExecutor(8) as pool:
            list(
                pool.map(
                    lambda turn: store.alerts.meet(
                        number, [Met(rule.id, "x", "", "warning", 0.0, turn, "a")]
                    ),
                    range(1, 17),
                )
            )
        (one,), count = store.alerts.page(LOCAL, is_open=True)
        assert count == 1
        assert 1 <= one.alert.hits <= 16


def test_the_budget_is_each_supervisors_own(sqlite_client: TestClient) -> None:
    client = sqlite_client
    only(client, "complaint")
    for index in range(8):
        number = open_chat(client, f"c{index}", team="一班" if index % 2 else "二班")
        say(client, number, "我要投诉")
    store: Store = client.app.state.services.store  # type: ignore[attr-defined]
    found, count = store.alerts.page(LOCAL, is_open=True)
    assert count == 8
    hours = {one.alert.hour for one in found}
    if len(hours) == 1:  # Unless the clock struck meanwhile.
        assert [one.pushed for one in found] == [True] * 6 + [False] * 2
    first, mine = store.alerts.page(Scope("zhang", teams=frozenset({"一班"})), is_open=True)
    assert mine == 4
    assert all(one.pushed for one in first)
    elsewhere = Scope("li", teams=frozenset({"三班"}))
    assert store.alerts.page(elsewhere, is_open=True) == ([], 0)
    with pytest.raises(LookupError, match="no alert"):
        store.alerts.acknowledge(found[0].alert.id, elsewhere)
    with pytest.raises(LookupError, match="no alert"):
        store.alerts.close(found[0].alert.id, "no_action", "", elsewhere)


def test_rules_are_written_changed_and_deleted(sqlite_client: TestClient) -> None:
    client = sqlite_client
    assert {one["key"] for one in rules(client).values()} == set(DEFAULTS)
    body = {"rule": {"name": "退款", "metric": "words", "words": ["退款"]}}
    made = client.post(f"{API}/rules", json=body)
    assert made.status_code == 201
    rule = made.json()
    assert (rule["enabled"], rule["key"], rule["precision"]) == (False, None, None)
    number = open_chat(client)
    say(client, number, "退款")
    assert alerts(client) == []  # It is not switched on.
    url = f"{API}/rules/{rule['id']}"
    assert client.put(url, json=body | {"enabled": True}).json()["enabled"]
    say(client, number, "退款吧")
    (one,) = alerts(client)
    assert client.delete(url).status_code == 204
    problem(client.delete(url), 404)
    (one,) = alerts(client)
    assert (one["rule"], one["rule_id"]) == ("退款", None)
    problem(client.delete(f"{API}/rules/{rules(client)['辱骂']['id']}"), 409)
    error = problem(
        client.post(f"{API}/rules", json={"rule": body["rule"] | {"words": [], "pattern": "("}}),
        422,
    )
    assert "regular expression" in error["what"]
    audit = client.get(f"{API}/audit").json()["data"]
    told = [entry["detail"]["done"] for entry in audit if entry["action"] == "rule"]
    assert told[:3] == ["deleted", "switched_on", "added"]


def test_the_products_own_rules_come_once(tmp_path: Path, monitor: EmotionMonitor) -> None:
    settings = Settings(data_dir=tmp_path)
    with signed_in(settings, monitor) as client:
        found = rules(client)["辱骂"]
        body = {"rule": found["rule"] | {"name": "骂人"}, "enabled": False}
        client.put(f"{API}/rules/{found['id']}", json=body)
    with signed_in(settings, monitor) as client:
        assert len(rules(client)) == len(DEFAULTS)
        assert not rules(client)["骂人"]["enabled"]


def test_a_rule_that_is_often_wrong_is_proposed_to_be_changed(
    settings: Settings, monitor: EmotionMonitor
) -> None:
    with Store(settings) as store:
        rule = store.rules.add({"name": "x"}, LOCAL, enabled=True)

        call = Conversation("c", (Turn(Role.CUSTOMER, "a"),))
        number = store.save(monitor.score(call), state="open").id

        def one(index: int, outcome: str) -> None:
            met = Met(rule.id, "x", "", "warning", 0.0, index + 1, "a")
            store.alerts.meet(number, [met])
            ((listed,), _) = store.alerts.page(LOCAL, is_open=True)
            store.alerts.close(listed.alert.id, outcome, "", LOCAL)

        for index in range(49):
            one(index, "false_alarm" if index < 35 else "no_action")
        assert not store.rules.judgements(LOCAL)[rule.id].retune  # 49 are too few.
        one(49, "false_alarm")
        judged = store.rules.judgements(LOCAL)[rule.id]
        assert judged.closed == 50
        assert judged.precision == pytest.approx(14 / 50)
        assert judged.retune
        assert store.rules.judgements(Scope("li", teams=frozenset({"三班"})))[rule.id].closed == 0
        store.rules.change(rule.id, {"name": "y"}, LOCAL, enabled=True)
        assert store.rules.judgements(LOCAL)[rule.id].closed == 0  # It is judged anew.


def test_time_that_passes_raises_alerts(sqlite_client: TestClient) -> None:
    """The watch is asked as if time had passed; its own thread does so every second."""
    only(sqlite_client, "unanswered", "risk")
    services = sqlite_client.app.state.services  # type: ignore[attr-defined]
    watch = AlertWatch(services.store, services.monitor.fuser, services.settings.zone, lambda: None)
    waiting, answered, call = (open_chat(sqlite_client, name) for name in ("w", "a", "p"))
    phone = open_chat(sqlite_client, "phone", channel="phone")
    say(sqlite_client, waiting, "在吗")
    say(sqlite_client, answered, "在吗")
    say(sqlite_client, answered, "在的", role="agent")
    say(sqlite_client, call, "！！！！")
    say(sqlite_client, phone, "在吗")
    now = datetime.now(UTC)
    watch.tick(now + timedelta(seconds=30))
    assert alerts(sqlite_client) == []
    watch.tick(now + timedelta(seconds=65))
    watch.tick(now + timedelta(seconds=66))
    found = {one["conversation_id"]: one for one in alerts(sqlite_client)}
    assert found.keys() == {waiting, call}
    assert (found[waiting]["rule"], found[waiting]["hits"]) == ("在线客户久等", 1)
    assert found[call]["rule"] == "持续高风险"  # Graver than the waiting, which raised it.
    assert found[call]["hits"] == 2
    watch.tick(now + timedelta(hours=2))  # Nobody closed them: they are let be.
    assert {one["hits"] for one in alerts(sqlite_client)} == {1, 2}


def test_what_a_gone_process_left_unasked(tmp_path: Path, monitor: EmotionMonitor) -> None:
    settings = Settings(data_dir=tmp_path)
    upgrade(settings)
    with Store(settings) as store:  # Without a watch, as if it had died after the turn was stored.
        call = Conversation("c", (Turn(Role.CUSTOMER, "我要投诉"),))
        store.save(monitor.score(call), state="open")
    with signed_in(settings, monitor) as client:
        deadline = time.monotonic() + 30
        while not (found := alerts(client)) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert [one["rule"] for one in found] == ["投诉或监管用语"]


def test_words_go_with_the_words(client: TestClient) -> None:
    only(client, "complaint")
    number = open_chat(client)
    say(client, number, "投诉！手机号是138")
    assert "138" in alerts(client)[0]["words"]
    say(client, number, "0013")
    say(client, number, "8000")  # The number goes on: all of it is masked, in the alert too.
    assert "138" not in alerts(client)[0]["words"]
    client.delete(f"{API}/conversations/{number}")
    assert alerts(client) == []


def test_a_rule_of_tags_is_tried_and_raises(client: TestClient) -> None:
    only(client)
    thanks = {"name": "感谢或催促", "metric": "tag", "choices": ["thanks", "urge"]}
    given = {"a": "包裹还没到，麻烦帮我尽快处理一下好吗", "b": "不着急", "c": "好的，谢谢"}
    for name, said in given.items():
        turns = [{"role": "customer", "text": said}, {"role": "agent", "text": "谢谢您"}]
        body = {"external_id": name, "turns": turns}
        assert client.post(f"{API}/conversations", json=body).status_code == 201
    tried = client.post(f"{API}/rules/try", json={"rule": thanks, "last": 100}).json()
    assert (tried["conversations"], tried["alerts"]) == (3, 2)
    words = {one["external_id"]: one["words"] for one in tried["samples"]}
    assert words["c"] == "好的，谢谢"
    assert "尽快" in words["a"]
    assert len(words["a"]) <= 20
    asked: dict[str, Any] = {"rule": thanks, "enabled": True}
    assert client.post(f"{API}/rules", json=asked).status_code == 201
    number = open_chat(client)
    say(client, number, "不着急")
    say(client, number, "谢谢", role="agent")
    assert alerts(client) == []
    say(client, number, "快点")
    (one,) = alerts(client)
    assert (one["rule"], one["turn"], one["words"]) == ("感谢或催促", 3, "快点")


def test_a_site_changes_what_the_tags_of_its_rules_are(tmp_path: Path) -> None:
    own = tmp_path / "tags.toml"
    own.write_text('[abuse]\nwords = ["扑街"]\n', "utf-8")
    settings = Settings(data_dir=tmp_path / "data", tag_words=own)
    monitor = EmotionMonitor([WordScorer()], OneFuser(), tag_words=TagWords.load(own))
    with signed_in(settings, monitor) as client:
        only(client, "abuse")
        number = open_chat(client)
        say(client, number, "混蛋")
        assert alerts(client) == []
        say(client, number, "扑街")
        assert [one["rule"] for one in alerts(client)] == ["辱骂"]


def test_a_try_out(sqlite_client: TestClient) -> None:
    client = sqlite_client
    rule = {"name": "x", "metric": "words", "words": ["发货"], "channels": ["chat"]}
    first = {}
    for index in range(4):
        body = chat(f"c{index}", started_at=f"2026-06-30T1{index % 2}:00:00+08:00")
        first[index] = client.post(f"{API}/conversations", json=body).json()["id"]
    client.post(f"{API}/conversations", json=chat("phone", channel="phone"))
    calm = {"external_id": "calm", "turns": [{"role": "customer", "text": "好的"}]}
    client.post(f"{API}/conversations", json=calm)
    for index, label in ((0, "angry"), (1, "happy"), (2, "sad")):
        url = f"{API}/conversations/{first[index]}/turns/2/corrections"
        assert client.post(url, json={"label": label}).status_code == 201
    answer = client.post(f"{API}/rules/try", json={"rule": rule, "last": 100})
    assert answer.status_code == 200, answer.text
    tried = answer.json()
    assert (tried["conversations"], tried["alerts"]) == (5, 4)
    assert (tried["reviewed"], tried["precision"]) == (3, pytest.approx(2 / 3))
    assert (tried["busiest"], tried["hours"]) == (2, 3)  # 10, 11, and the calm one's.
    assert tried["per_hour"] == pytest.approx(4 / 3)
    assert {s["words"] for s in tried["samples"]} == {"还没发货！！"}
    assert {s["review"] for s in tried["samples"]} == {"right", "wrong", ""}
    assert alerts(client) == []  # Nothing is kept.
    few = client.post(f"{API}/rules/try", json={"rule": rule, "last": 2}).json()
    assert few["conversations"] == 2
    problem(client.post(f"{API}/rules/try", json={"rule": rule, "last": 0}), 422)
