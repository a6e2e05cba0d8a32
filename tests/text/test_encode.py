"""Turns to tokens: the turn first, its context behind it, newest first, and places in the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from multimodal.conversation import Role, Turn
from text.encode import CONTEXT, PADDING, TURN, WINDOW, TurnEncoder
from text.tokens import SPECIAL, wordpiece_tokenizer

TOKENIZER = wordpiece_tokenizer([*SPECIAL, *"客服您好订单还没到吗查一下请稍等0a"])
ENCODER = TurnEncoder(TOKENIZER, 12)
BEFORE = (Turn(Role.CUSTOMER, "您好"), Turn(Role.AGENT, "您好请稍等"), Turn(Role.UNKNOWN, "吗"))


def tokens(ids: tuple[int, ...]) -> list[str]:
    return [str(TOKENIZER.id_to_token(i)) for i in ids]


def test_the_newest_utterance_stands_next_to_the_turn_and_unknown_speakers_are_left_out() -> None:
    (one,) = ENCODER.encode([("订单到吗", BEFORE)])
    wanted = [*"订单到吗", "[SEP]", *"服您好请稍等", "[SEP]", *"客您好", "[SEP]"]
    assert tokens(one.ids) == ["[CLS]", *wanted]
    assert one.turn == 6
    assert [one.text.characters[a:b] for a, b in one.spans] == list("订单到吗")


def test_the_context_is_cut_to_its_room_and_can_be_left_out() -> None:
    long = tuple(Turn(Role.AGENT, "请稍等") for _ in range(9))
    (one,) = ENCODER.encode([("吗", long)])
    assert len(one.ids) - one.turn == 12
    (bare,) = TurnEncoder(TOKENIZER, 0).encode([("吗", long)])
    assert len(bare.ids) == bare.turn == 3


def test_a_batch_is_padded_and_says_what_is_what() -> None:
    batch = ENCODER.batch(ENCODER.encode([("吗", ()), ("订单到吗", BEFORE)]))
    assert batch.segments[0].tolist() == [TURN] * 3 + [PADDING] * (batch.ids.shape[1] - 3)
    assert batch.segments[1].tolist() == [TURN] * 6 + [CONTEXT] * 11


@settings(deadline=None)
@given(st.lists(st.text(st.characters(), max_size=40), min_size=1, max_size=4))
def test_any_text_is_encoded_within_its_window(texts: list[str]) -> None:
    previous = tuple(Turn(Role.CUSTOMER, text) for text in texts)
    for one in ENCODER.encode([(text, previous) for text in texts]):
        assert len(one.spans) == one.turn - 2 <= WINDOW
        assert all(0 < a < b < len(one.text.characters) for a, b in one.spans)


@pytest.mark.parametrize("length", [WINDOW, WINDOW + 1, 100_000])
def test_a_long_turn_is_read_at_both_ends(length: int) -> None:
    (one,) = ENCODER.encode([("到吗" * (length // 2) + "单", ())])
    assert one.turn - 2 <= WINDOW
    assert tokens(one.ids)[-2] == "单"
