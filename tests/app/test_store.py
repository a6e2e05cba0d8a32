"""The store keeps what was scored, once, and harms nothing; on SQLite and PostgreSQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from app.store import LOCAL, Store
from multimodal.conversation import Channel, Conversation, Direction, Role, Turn
from multimodal.pipeline import EmotionMonitor

BEIJING = timezone(timedelta(hours=8))


def conversation(external_id: str = "c1", **changes: object) -> Conversation:
    base = Conversation(
        external_id,
        (
            Turn(Role.AGENT, "您好", 0.0, 1.5, speaker="坐席", agent_id="1007", channel=0),
            Turn(
                Role.CUSTOMER, "都三天了还没发货！！", 2.0, 4.25, attributes={"loudness": [1, 2.5]}
            ),
            Turn(Role.CUSTOMER, "", 5.0, 6.0),
            Turn(Role.UNKNOWN, "好的 🙂", 7.0),
        ),
        source="平台",
        channel=Channel.PHONE,
        direction=Direction.INBOUND,
        started_at=datetime(2026, 6, 30, 23, 50, tzinfo=BEIJING),
        queue="售后",
        team="一班",
        customer_ref="f00d",
        customer_display="138****1234",
        business_type="退款",
        attributes={
            "vip": True,
            "nested": {"bad": float("nan"), "nul": "a\x00b", "half": "\ud83d"},
        },
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def test_everything_comes_back(store: Store, monitor: EmotionMonitor) -> None:
    scored = monitor.score(conversation())
    saved = store.save(scored)
    assert saved.outcome == "created"
    found = store.get(saved.id, LOCAL)
    expected = replace(
        scored.conversation,
        attributes={"vip": True, "nested": {"bad": None, "nul": "a\ufffdb", "half": "\ufffd"}},
    )
    assert found.scored.conversation == expected
    assert found.row.started_at == datetime(2026, 6, 30, 15, 50, tzinfo=UTC)
    assert found.row.status == "scored"
    assert found.row.turn_count == 4
    assert found.row.labels == {"angry": 1, "unknown": 1, "neutral": 1}
    for before, after in zip(scored.turns, found.scored.turns, strict=True):
        assert after.scores.keys() == before.scores.keys()
        for modality, one in before.scores.items():
            np.testing.assert_allclose(
                after.scores[modality].probabilities, one.probabilities, atol=1e-5
            )
            assert after.scores[modality].evidence == one.evidence
            assert after.scores[modality].reason == one.reason
            assert after.scores[modality].model == one.model
        assert after.answer.label == before.answer.label
        assert after.answer.model == before.answer.model
        assert after.answer.reason == before.answer.reason
        assert after.risk == pytest.approx(before.risk, abs=1e-4)
    assert found.scored.trajectory.sentiment == scored.trajectory.sentiment
    assert {model.key for model in store.models()} == {
        model.key for model in monitor.models().values()
    }
