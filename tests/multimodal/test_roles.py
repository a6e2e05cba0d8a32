"""Agents are known by their phrases, and a guess lets no voice through."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal import policy
from multimodal.conversation import INFERRED, Conversation, Media, Role, Turn
from multimodal.roles import (
    CONFIDENCE,
    confirmed,
    preview,
    probability_swapped,
    swapped,
    with_inferred_roles,
)

AGENT = (
    "您好，很高兴为您服务，工号1007为您服务，请问有什么可以帮您？",
    "好的，我帮您核实一下，请您稍等。",
)
CUSTOMER = ("你们怎么还不发货？我要投诉！", "我等了五天了，到底什么时候发？")


def call(first: str = "spk_0", second: str = "spk_1", role: Role = Role.UNKNOWN) -> Conversation:
    return Conversation(
        "c1",
        (
            Turn(role, AGENT[0], speaker=first),
            Turn(role, CUSTOMER[0], speaker=second),
            Turn(role, AGENT[1], speaker=first),
            Turn(role, CUSTOMER[1], speaker=second),
            Turn(role, "嗯", speaker=second),
        ),
    )


def test_two_unnamed_speakers() -> None:
    found = with_inferred_roles(call())
    agent, customer = Role.AGENT, Role.CUSTOMER
    assert [turn.role for turn in found.turns] == [agent, customer, agent, customer, customer]
    assert all(turn.attributes[INFERRED] >= CONFIDENCE for turn in found.turns)


def test_no_speakers_at_all_turn_by_turn() -> None:
    found = with_inferred_roles(call("", ""))
    assert [turn.role for turn in found.turns[:4]] == [
        Role.AGENT,
        Role.CUSTOMER,
        Role.AGENT,
        Role.CUSTOMER,
    ]
    unclear = Conversation("c2", (Turn(Role.UNKNOWN, "这个天气不错"), Turn(Role.UNKNOWN, AGENT[0])))
    roles = [turn.role for turn in with_inferred_roles(unclear).turns]
    assert roles == [Role.UNKNOWN, Role.AGENT]


def test_an_english_call() -> None:
    turns = (
        Turn(Role.UNKNOWN, "Thank you for calling Acme, how may I help you today?", speaker="0"),
        Turn(Role.UNKNOWN, "I want to know why my order is late.", speaker="1"),
        Turn(Role.UNKNOWN, "Let me check. May I have your order number?", speaker="0"),
    )
    roles = [turn.role for turn in with_inferred_roles(Conversation("e", turns)).turns]
    assert roles == [Role.AGENT, Role.CUSTOMER, Role.AGENT]


def test_what_is_unclear_stays_unknown() -> None:
    quiet = Conversation(
        "q",
        (
            Turn(Role.UNKNOWN, "今天下雨", speaker="0"),
            Turn(Role.UNKNOWN, "明天也下", speaker="1"),
        ),
    )
    assert with_inferred_roles(quiet) == quiet
    three = replace(call(), turns=(*call().turns, Turn(Role.UNKNOWN, "我是店长", speaker="spk_2")))
    assert with_inferred_roles(three) == three


def test_given_roles_are_never_changed() -> None:
    given_roles = call(role=Role.CUSTOMER)
    assert with_inferred_roles(given_roles) is given_roles


def test_the_preview_says_why() -> None:
    seen = preview(call())
    assert [party.name for party in seen.parties] == ["spk_0", "spk_1"]
    assert seen.parties[0].inferred is Role.AGENT
    assert "为您服务" in seen.parties[0].phrases
    assert seen.parties[1].inferred is Role.CUSTOMER
    assert "你们" in seen.parties[1].phrases
    assert [party.role for party in seen.parties] == [Role.UNKNOWN] * 2


def test_swapped_channels_are_noticed() -> None:
    right = with_inferred_roles(call())
    assert probability_swapped(right) < 0.1
    assert probability_swapped(swapped(right)) > 0.9
    assert probability_swapped(call()) == 0


def test_an_inferred_customer_is_read_in_words_only() -> None:
    found = replace(with_inferred_roles(call()), notice="N-1")
    permission = policy.permission(found, found.turns[1])
    assert (permission.words, permission.voice, permission.face) == (
        "",
        policy.ROLE_INFERRED,
        policy.ROLE_INFERRED,
    )
    assert policy.permission(found, found.turns[0]).words == policy.AGENT
    agreed = confirmed(found)
    assert policy.permission(agreed, agreed.turns[1]) == policy.Permission("", "", "")


TURNS = st.lists(
    st.builds(
        Turn,
        role=st.sampled_from(list(Role)),
        text=st.text(max_size=30),
        speaker=st.sampled_from(["", "0", "1"]),
        agent_id=st.just(""),
    ),
    max_size=8,
)


@settings(max_examples=200, deadline=None)
@given(TURNS)
def test_swapping_twice_is_as_it_was(turns: list[Turn]) -> None:
    media = (Media(Path("a.wav"), {0: Role.AGENT, 1: Role.CUSTOMER}),)
    conversation = Conversation("c", tuple(turns), media=media)
    once = swapped(conversation)
    assert swapped(once) == conversation
    assert dict(once.media[0].channels) == {0: Role.CUSTOMER, 1: Role.AGENT}
    for before, after in zip(conversation.turns, once.turns, strict=True):
        if before.role in (Role.BOT, Role.UNKNOWN):
            assert after.role is before.role


@settings(max_examples=200, deadline=None)
@given(TURNS)
def test_inference_never_crashes_and_changes_unknown_turns_only(turns: list[Turn]) -> None:
    conversation = Conversation("c", tuple(turns))
    found = with_inferred_roles(conversation)
    for before, after in zip(conversation.turns, found.turns, strict=True):
        assert after.text == before.text
        if before.role is not Role.UNKNOWN:
            assert after == before
    preview(found)


def test_one_agent_keeps_the_id() -> None:
    turns = (
        Turn(Role.AGENT, "您好", agent_id="1007"),
        Turn(Role.CUSTOMER, "喂"),
    )
    after = swapped(Conversation("c", turns)).turns
    assert [(turn.role, turn.agent_id) for turn in after] == [
        (Role.CUSTOMER, ""),
        (Role.AGENT, "1007"),
    ]
