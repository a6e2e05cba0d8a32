"""Words found in what was said: the same on SQLite and PostgreSQL, and gone when that is gone."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from starlette.testclient import TestClient

from app.settings import Settings
from app.store import LOCAL, Scope, Store
from app.store.engine import open_engine
from app.store.query import Filter
from app.store.retention import AT_ONCE
from app.store.search import bigrams, folded, words_of
from multimodal.conversation import Conversation, Role, Turn
from multimodal.errors import ConflictError, NotFoundError
from multimodal.pipeline import EmotionMonitor
from tests.app.conftest import API, chat, problem

SAID = {
    "a": ["你们怎么还没发货，我要退款", "退款！", "好的"],
    "b": ["请帮我查一下Ｏｒｄｅｒ号 A-17", "100%_退/款"],
    "c": ["套餐续约", "谢谢，退款到了"],
}


def keep(store: Store, monitor: EmotionMonitor, said: dict[str, list[str]]) -> None:
    for name, words in said.items():
        turns = tuple(Turn(Role.CUSTOMER, one, float(k), k + 0.9) for k, one in enumerate(words))
        conversation = Conversation(turns=turns, source="test", external_id=name)
        store.save(monitor.score(conversation))


def found(store: Store, words: str, scope: Scope = LOCAL, **more: Any) -> list[str]:
    rows, count = store.page(Filter(text=words, **more), scope, sort="-matches")
    assert count == len(rows)
    return [one.row.external_id for one in rows]


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("退款", ["a", "c"]),  # a says it twice.
        ("退", ["a", "c", "b"]),
        ("退款 发货", ["a"]),
        ("order", ["b"]),
        ("ＯＲＤＥＲ号", ["b"]),
        ("%_", ["b"]),
        ("退/款", ["b"]),
        ("“续约 谢谢”", []),
        ("“order号 a-17”", ["b"]),
        ("没发货的", []),
        ("货发", []),
        ("' OR 1=1 --", []),
        ('" NEAR AND', []),
        ("c", ["c"]),  # The external id.
        ("   ", ["c", "b", "a"]),
    ],
)
def test_words_in_any_script_most_often_first(
    store: Store, monitor: EmotionMonitor, words: str, names: list[str]
) -> None:
    keep(store, monitor, SAID)
    assert found(store, words) == names


def test_the_first_turn_that_says_it(store: Store, monitor: EmotionMonitor) -> None:
    keep(store, monitor, SAID)
    rows, _ = store.page(Filter(text="谢谢 续约"), LOCAL)
    assert [(one.found_turn, one.found_text) for one in rows] == [(1, "套餐续约")]
    rows, _ = store.page(Filter(), LOCAL)
    assert {one.found_turn for one in rows} == {None}


def test_the_index_goes_with_the_words(settings: Settings, monitor: EmotionMonitor) -> None:
    with Store(settings) as store:
        keep(store, monitor, {**SAID, "long": ["这句话只有一次"] * (AT_ONCE + 1)})
        (row,) = store.page(Filter(external_id="long"), LOCAL)[0]
        store.delete(row.row.id, LOCAL)
        assert found(store, "只有一次") == []
        (row,) = store.page(Filter(external_id="a"), LOCAL)[0]
        assert row.row.received_at < datetime.now(UTC)
    later = settings.model_copy(update={"retention_transcript_days": 1})
    with Store(later) as store:
        with store._writing() as session:
            session.execute(
                text("UPDATE conversation SET received_at = :then"),
                {"then": (datetime.now(UTC) - timedelta(days=9)).replace(tzinfo=None)},
            )
        store.sweep(later)
        assert found(store, "退款") == []
        assert found(store, "退") == []
    if settings.url.startswith("sqlite"):
        engine = open_engine(settings.url)
        with engine.connect() as connection:
            connection.exec_driver_sql(
                "CREATE VIRTUAL TABLE temp.pairs USING fts5vocab('main', 'turn_search', 'row')"
            )
            left = connection.exec_driver_sql("SELECT count(*) FROM temp.pairs").scalar()
            sizes = connection.exec_driver_sql("SELECT sum(length(block)) FROM turn_search_data")
            assert left == 0
            assert (sizes.scalar() or 0) < 100  # What is left is the index's own bookkeeping.
        engine.dispose()


def test_a_turn_that_comes_late_and_one_that_is_masked_anew(
    store: Store, monitor: EmotionMonitor
) -> None:
    turns = [
        Turn(Role.CUSTOMER, "第一句在前", 0.0, 1.0),
        Turn(Role.CUSTOMER, "第三句在后", 5.0, 6.0),
    ]
    conversation = Conversation(turns=tuple(turns), source="test", external_id="live")
    saved = store.save(monitor.score(conversation), state="open")
    more = Conversation(
        turns=(turns[0], Turn(Role.CUSTOMER, "第二句迟到", 2.0, 3.0), turns[1]),
        source="test",
        external_id="live",
    )
    store.append(saved.id, monitor.score(more), LOCAL, number=2)
    for words, number in (("第一句", 1), ("迟到", 2), ("在后", 3)):
        rows, _ = store.page(Filter(text=words), LOCAL)
        assert [one.found_turn for one in rows] == [number]
    masked = Conversation(
        turns=(
            Turn(Role.CUSTOMER, "［号码］", 0.0, 1.0),
            *more.turns[1:],
            Turn(Role.CUSTOMER, "完"),
        ),
        source="test",
        external_id="live",
    )
    store.append(saved.id, monitor.score(masked), LOCAL, changed=[1])
    assert found(store, "第一句") == []
    assert found(store, "号码") == ["live"]


def test_another_teams_words_are_not_found(store: Store, monitor: EmotionMonitor) -> None:
    keep(store, monitor, SAID)
    assert found(store, "退款", Scope("somebody", teams=frozenset(["甲班"]))) == []


@given(st.text(max_size=40), st.data())
def test_what_is_in_a_text_has_its_pairs(said: str, data: st.DataObject) -> None:
    inside = folded(said)
    start = data.draw(st.integers(0, len(inside)))
    part = inside[start : data.draw(st.integers(start, len(inside)))]
    assert (
        set(bigrams(part).split()) <= set(bigrams(said).split())
        or unicodedata.normalize("NFKC", part) != part
    )


@given(st.text(max_size=60))
def test_no_words_raise(given_words: str) -> None:
    words = words_of(given_words)
    assert len(words) <= 8
    assert all(words)


def test_ranges_shift_and_corrections(store: Store, monitor: EmotionMonitor) -> None:
    keep(store, monitor, SAID)
    rows, _ = store.page(Filter(), LOCAL, sort="id")
    first = rows[0].row
    assert len(store.page(Filter(min_shift=-3, max_shift=0), LOCAL)[0]) == 3
    assert store.page(Filter(min_shift=0.1), LOCAL)[0] == []
    assert [one.row.id for one in store.page(Filter(min_duration=2.5), LOCAL)[0]] == [first.id]
    assert len(store.page(Filter(max_duration=2.5), LOCAL)[0]) == 2
    risky = store.page(Filter(max_risk=first.risk, min_risk=first.risk), LOCAL)[0]
    assert first.id in [one.row.id for one in risky]
    made = store.correct(first.id, 1, "sad", "", LOCAL)
    assert [one.row.id for one in store.page(Filter(corrected=True), LOCAL)[0]] == [first.id]
    assert len(store.page(Filter(corrected=False), LOCAL)[0]) == 2
    store.revoke(first.id, 1, made.id, LOCAL)
    assert store.page(Filter(corrected=True), LOCAL)[0] == []


def test_over_http_and_in_the_export(client: TestClient) -> None:
    client.post(f"{API}/conversations", json=chat("one"))
    client.post(
        f"{API}/conversations", json=chat("two") | {"turns": [{"role": "bot", "text": "无"}]}
    )
    answer = client.get(f"{API}/conversations", params={"q": "发货", "sort": "-matches"}).json()
    (row,) = answer["data"]
    assert (row["external_id"], row["found_turn"], row["found_text"]) == ("one", 2, "还没发货！！")
    lines = client.get(f"{API}/results", params={"q": "发货", "format": "jsonl"}).text.splitlines()
    assert len(lines) == 1
    problem(client.get(f"{API}/conversations", params={"min_risk": 2}), 422)


def test_by_the_event_tag_of_a_turn(client: TestClient) -> None:
    for name, said in (("threat", "再不处理我就打12315"), ("asks", "我不是要投诉，就问一下")):
        turns = [{"role": "customer", "text": said}]
        client.post(f"{API}/conversations", json=chat(name) | {"turns": turns})
    rows = client.get(f"{API}/conversations", params={"tag": "complaint"}).json()["data"]
    assert [row["external_id"] for row in rows] == ["threat"]
    problem(client.get(f"{API}/conversations", params={"tag": "none"}), 422)


def test_kept_searches_are_ones_own(client: TestClient) -> None:
    kept = client.put(f"{API}/searches/退款", json={"query": {"q": "退款", "level": "heated"}})
    assert kept.json()["query"] == {"q": "退款", "level": "heated"}
    client.put(f"{API}/searches/退款", json={"query": {"q": "找 13812345678"}})
    (one,) = client.get(f"{API}/searches").json()["data"]
    assert one["name"] == "退款"
    assert "13812345678" not in one["query"]["q"]
    problem(client.put(f"{API}/searches/x", json={"query": {"q": "长" * 201}}), 422)
    assert client.delete(f"{API}/searches/退款").status_code == 204
    problem(client.delete(f"{API}/searches/退款"), 404)


def test_how_many_searches_a_person_keeps(store: Store) -> None:
    for number in range(100):
        store.searches.keep(f"s{number}", {}, LOCAL)
    store.searches.keep("s7", {"q": "x"}, LOCAL)
    with pytest.raises(ConflictError, match="100"):
        store.searches.keep("one more", {}, LOCAL)
    with pytest.raises(NotFoundError):
        store.searches.forget("s7", Scope("somebody else"))
