"""Trends: groups with intervals, noise that is not news, words, recovery, the heat map."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from app.phrases import phrases, words
from app.statistics import beyond_chance, fisher
from app.store.history import Outcome
from app.trends import cell, cells, hours, quarters
from tests.app.conftest import API
from tests.app.review.calls import ANGRY, CALM, call

ZONE = ZoneInfo("Asia/Shanghai")
MIDNIGHT = datetime(2026, 6, 29, 16, 0, tzinfo=UTC)
"""Of Tuesday, 30 June 2026, in Shanghai."""


def outcome(
    number: int,
    *,
    bad: bool = False,
    hour: float = 10,
    queue: str = "售后",
    sentiment: tuple[float | None, ...] = (None, None, None, None),
) -> Outcome:
    level = "heated" if bad else "calm"
    started = MIDNIGHT + timedelta(hours=hour)
    return Outcome(number, started, queue, "phone", level, 0.1, sentiment)


def test_a_day_is_the_sites() -> None:
    found = [outcome(1, hour=-0.5), outcome(2, hour=0.5), outcome(3, hour=23.9)]
    assert [(one.name, one.calls) for one in cells(found, "day", ZONE)] == [
        ("2026-06-29", 1),
        ("2026-06-30", 2),
    ]
    assert [one.name for one in cells(found, "week", ZONE)] == ["2026-06-29"]
    assert [one.name for one in cells(found, "hour", ZONE)] == ["00", "23"]


def test_noise_is_no_news_and_a_bad_day_is() -> None:
    random = np.random.default_rng(3)

    def month() -> list[Outcome]:
        bad = random.random(900) < 0.15
        return [outcome(n, bad=bool(bad[n]), hour=24 * (n % 30) + 9) for n in range(900)]

    # Intervals of single days would call one or two of each thirty news.
    months = [[one.news for one in cells(month(), "day", ZONE)] for _ in range(20)]
    assert sum(map(any, months)) <= 3
    storm = [outcome(9000 + n, bad=n % 2 == 0, hour=24 * 12 + 9) for n in range(60)]
    found = {one.name: one for one in cells([*month(), *storm], "day", ZONE)}
    day = found["2026-07-12"]
    assert day.news
    assert day.dissatisfied.low < day.dissatisfied.share < day.dissatisfied.high


def test_as_published() -> None:
    # The fifteen of Benjamini and Hochberg 1995, section 4.1: three, where the familywise error
    # is controlled at .05.
    chances = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240,
               0.4262, 0.5719, 0.6528, 0.7590, 1.0]  # fmt: skip
    assert beyond_chance(chances) == [True] * 3 + [False] * 12
    assert beyond_chance([]) == []
    assert 0.001 < fisher(8, 10, 1, 10) < 0.01


def test_a_closing_thanks_is_no_recovery() -> None:
    good = outcome(1, sentiment=(-2.0, 0.0, 0.5, 1.0))
    thanks = outcome(2, bad=True, sentiment=(-2.0, -3.0, -3.0, 0.5))
    never = outcome(3, sentiment=(1.0, 0.0, 0.5, 1.0))
    unknown = outcome(4, sentiment=(-1.0, None, None, None))
    found = cell([good, thanks, never, unknown])
    assert (found.recovery.n, found.recovery.share) == (2, 0.5)
    assert (found.shift.n, found.shift.mean) == (3, (3.0 + 2.5 + 0.0) / 3)
    assert [one.n for one in quarters([good, unknown])] == [2, 1, 1, 1]
    assert found.shift.low is None  # Three tell nothing.
    many = cell([outcome(n, sentiment=(0.0, 0, 0, float(n % 5))) for n in range(40)])
    assert many.shift.low is not None
    assert many.shift.low < 2.0
    assert cell([]).recovery.n == 0


def test_a_cell_of_the_heat_map_needs_more_than_twenty_calls() -> None:
    few = [outcome(n, hour=10) for n in range(20)]
    assert hours(few, ZONE)[0].dissatisfied is None
    (one,) = hours([*few, outcome(99, hour=10.5, bad=True)], ZONE)
    assert (one.weekday, one.hour, one.calls) == (1, 10, 21)
    assert one.dissatisfied is not None
    assert one.dissatisfied.n == 21


def test_words_that_come_with_dissatisfaction() -> None:
    usual = ["请问宽带怎么办理", "好的谢谢", "我的号码是多少"]
    found = phrases(
        [(True, [usual[n % 3], "等了五天没人上门"]) for n in range(12)]
        + [(False, [usual[n % 3], "好的"]) for n in range(120)]
    )
    assert found
    assert all(set(one.text) <= set("等了五天没人上门") for one in found)
    assert "谢谢" not in {one.text for one in found}
    assert (found[0].count, found[0].dissatisfied, found[0].others) == (12, 1.0, 0.0)
    # The same words on both sides are no news, however often they are said.
    assert phrases([(n % 2 == 0, [usual[n % 3]]) for n in range(300)]) == []
    assert phrases([(True, ["等了五天"])] * 50) == []


@given(st.lists(st.text(), max_size=5))
def test_words_of_anything(texts: list[str]) -> None:
    for word in words(texts):
        assert len(word) >= 2
        assert word == word.lower()


def test_through_the_api(client: TestClient) -> None:
    for number in range(6):
        call(
            client,
            f"c{number}",
            *([ANGRY, ANGRY] if number < 2 else [CALM]),
            queue="宽带" if number % 2 else "售后",
            started_at=f"2026-06-{20 + number}T23:30:00+08:00",
            channel="chat",
        )
    open_one = {"external_id": "open", "source": "test", "turns": []}
    client.post(f"{API}/conversations", params={"state": "open"}, json=open_one)
    found = client.get(f"{API}/trends", params={"by": "day"}).json()
    assert [one["name"] for one in found["data"]] == [f"2026-06-{20 + n}" for n in range(6)]
    assert (found["all"]["calls"], found["all"]["dissatisfied"]["share"]) == (6, 2 / 6)
    assert not any(one["news"] for one in found["data"])
    assert len(found["quarters"]) == 4
    some = {"by": "queue", "started_from": "2026-06-22T00:00:00"}
    by_queue = client.get(f"{API}/trends", params=some).json()["data"]
    assert {(one["name"], one["calls"]) for one in by_queue} == {("售后", 2), ("宽带", 2)}
    week = client.get(f"{API}/trends/hours").json()
    assert {one["hour"] for one in week["data"]} == {23}
    assert all(one["dissatisfied"] is None for one in week["data"])
    assert client.get(f"{API}/trends/words").json() == {"data": []}
    assert client.get(f"{API}/trends", params={"by": "agent"}).status_code == 422
