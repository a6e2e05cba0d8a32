"""The order of the wall, the words that it shows, and links into other systems."""

from __future__ import annotations

from itertools import combinations
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from app.links import FIELDS, filled
from app.settings import Settings
from app.store.excerpt import EXCERPT, excerpt
from app.store.urgency import Urgency
from multimodal.states import Level

LEVELS = [level.value for level in Level]

urgencies = st.builds(
    Urgency,
    level=st.sampled_from(["", *LEVELS]),
    critical=st.booleans(),
    handled=st.booleans(),
    level_seconds=st.floats(0, 1e6),
    risk=st.floats(0, 1),
    id=st.integers(1, 10**6),
)


@given(st.lists(urgencies, max_size=30, unique_by=lambda one: one.id))
def test_the_order(wall: list[Urgency]) -> None:
    for first, then in combinations(sorted(wall, key=lambda one: one.key), 2):
        if first.critical != then.critical:
            assert first.critical
        elif first.handled != then.handled:
            assert then.handled
        elif first.level != then.level:
            assert not then.level or LEVELS.index(first.level) > LEVELS.index(then.level)
        elif first.level_seconds != then.level_seconds:
            assert first.level_seconds > then.level_seconds
        else:
            assert (first.risk, -first.id) > (then.risk, -then.id)


@given(st.lists(urgencies, max_size=30, unique_by=lambda one: one.id), st.randoms())
def test_the_order_does_not_depend_on_how_rows_come(wall: list[Urgency], random: object) -> None:
    ordered = sorted(wall, key=lambda one: one.key)
    shuffled = list(wall)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert sorted(shuffled, key=lambda one: one.key) == ordered


@given(st.text(max_size=200), st.integers(-5, 300))
def test_an_excerpt_is_short_and_of_the_text(text: str, at: int) -> None:
    short = excerpt(text, at)
    assert len(short) <= EXCERPT
    assert short.strip("…") in " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "word", "expected"),
    [
        ("等了五天还没发货！", "五天", "等了五天还没发货！"),
        (
            "我上个星期在你们店里买了一台冰箱，到现在都没有人来装，太让人生气了",
            "生气",
            "…到现在都没有人来装，太让人生气了",
        ),
        ("这" * 50, "", "这" * 19 + "…"),
    ],
)
def test_an_excerpt_has_the_word_that_matters(text: str, word: str, expected: str) -> None:
    assert excerpt(text, text.index(word)) == expected


@given(st.text(max_size=40))
def test_no_value_changes_where_a_link_goes(value: str) -> None:
    template = "https://pbx.example:8443/listen?callId={external_id}&agent={agent_id}"
    safe = value.encode("utf-8", "replace").decode()
    parts = urlsplit(filled(template, dict.fromkeys(FIELDS, safe)))
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "pbx.example:8443", "/listen")
    given_back = parse_qs(parts.query, keep_blank_values=True)
    assert given_back == {"callId": [safe], "agent": [safe]}


@pytest.mark.parametrize(
    "template",
    [
        "javascript:alert({external_id})",
        "data:text/html,{id}",
        "//pbx/{external_id}",
        "https://{source}/x",
        "https://pbx/{secret}",
        "https://pbx/{external_id.__class__}",
        "https://pbx/{}",
        "https://pbx/ {id}",
        "ftp://pbx/{id}",
    ],
)
def test_a_template_that_is_none(template: str) -> None:
    with pytest.raises(ValidationError, match="listen_url"):
        Settings(listen_url=template)
