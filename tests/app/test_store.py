"""The store keeps what was scored, once, and harms nothing; on SQLite and PostgreSQL."""

from __future__ import annotations

import io
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import event, func, select

from app.settings import Settings
from app.store import (
    LOCAL,
    DatabaseUnavailableError,
    Filter,
    Saved,
    Scope,
    Store,
    WriteKey,
    upgrade,
)
from app.store.tables import (
    AnswerRow,
    ConversationRow,
    CorrectionRow,
    ScoreRow,
    TrajectoryRow,
    TurnRow,
)
from multimodal.conversation import Channel, Conversation, Direction, Media, Role, Turn
from multimodal.errors import (
    ConflictError,
    InvalidConversationError,
    InvalidInputError,
    NotFoundError,
    OutputError,
)
from multimodal.formats.results import scored_to_json
from multimodal.pipeline import EmotionMonitor, LiveConversation
from multimodal.states import view
from tests.app.conftest import OneFuser, WordScorer

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


def test_the_same_twice_is_kept_once(store: Store, monitor: EmotionMonitor) -> None:
    first = store.save(monitor.score(conversation()))
    again = store.save(monitor.score(conversation()))
    assert (again.id, again.outcome) == (first.id, "unchanged")
    assert store.facts()["conversations"] == 1
    known = store.lookup(conversation(), LOCAL)
    assert known is not None
    assert known.id == first.id


def test_another_conversation_under_the_same_id_is_refused(
    store: Store, monitor: EmotionMonitor
) -> None:
    saved = store.save(monitor.score(conversation()))
    other = conversation(turns=(Turn(Role.CUSTOMER, "别的话"),))
    with pytest.raises(ConflictError, match="Delete conversation"):
        store.save(monitor.score(other))
    with pytest.raises(ConflictError):
        store.lookup(other, LOCAL)
    assert store.get(saved.id, LOCAL).scored.conversation.turns == conversation().turns


def test_rescoring_adds_and_replaces_nothing(store: Store, monitor: EmotionMonitor) -> None:
    saved = store.save(monitor.score(conversation()))
    newer = EmotionMonitor([WordScorer("2")], OneFuser())
    again = store.save(newer.score(conversation()))
    assert again.outcome == "rescored"
    turn = store.get(saved.id, LOCAL).scored.turns[1]
    model = turn.scores["text"].model
    assert model is not None
    assert model.version == "2"
    with store._reading() as session:
        keys = session.scalars(
            select(ScoreRow.model_key).where(ScoreRow.number == 2).order_by(ScoreRow.model_key)
        ).all()
        answers = session.scalars(select(AnswerRow.inputs).where(AnswerRow.number == 2)).all()
    assert [key.split("+")[0] for key in keys] == ["words@1", "words@2"]
    assert len(answers) == 2


def test_a_notice_that_comes_later_is_kept_and_scored_with(
    store: Store, monitor: EmotionMonitor
) -> None:
    saved = store.save(monitor.score(conversation()))
    with_notice = conversation(notice="IVR-1")
    assert store.lookup(with_notice, LOCAL) is None
    assert store.save(monitor.score(with_notice)).outcome == "rescored"
    assert store.get(saved.id, LOCAL).row.notice == "IVR-1"
    assert store.save(monitor.score(conversation())).outcome == "unchanged"


def test_a_failed_write_leaves_nothing(store: Store, monitor: EmotionMonitor) -> None:
    store.save(monitor.score(conversation()))
    scored = monitor.score(conversation("c2"))
    *good, last = scored.conversation.turns
    bad = replace(scored.conversation, turns=(*good, replace(last, channel=5000)))
    with pytest.raises(InvalidInputError, match="channel is 5000"):
        store.save(replace(scored, conversation=bad))
    # Found out after the conversation and its turns were inserted.
    with pytest.raises(ConflictError, match="4 were scored"):
        store.save(replace(scored, conversation=replace(bad, turns=tuple(good))))
    facts = store.facts()
    assert (facts["conversations"], facts["turns"]) == (1, 4)


def test_live_resumes_from_what_is_kept(store: Store, monitor: EmotionMonitor) -> None:
    turns = conversation().turns
    start = conversation(turns=turns[:2])
    saved = store.save(monitor.score(start), state="open")
    for turn in turns[2:]:
        stored = store.get(saved.id, LOCAL)
        assert stored.scored.states["text"]["customer"]["turns"] == len(stored.scored.turns) - 1
        live = LiveConversation.resume(monitor, stored.scored)
        live.add(turn)
        appended = store.append(saved.id, live.scored, LOCAL)
        assert appended.number == len(live.scored.turns)
        if turn.role is Role.CUSTOMER:
            with pytest.raises(ConflictError, match="has 3 turns, expected 2"):
                store.append(saved.id, live.scored, LOCAL)
    live_result = store.get(saved.id, LOCAL).scored
    whole = monitor.score(conversation())
    for one, other in zip(live_result.turns, whole.turns, strict=True):
        assert one.answer.label == other.answer.label
        assert one.risk == pytest.approx(other.risk, abs=1e-3)
    store.close_conversation(saved.id, LOCAL)
    assert store.get(saved.id, LOCAL).scored.states == {}
    with pytest.raises(ConflictError, match="closed"):
        store.append(saved.id, live.scored, LOCAL)


def test_corrections_are_kept_beside_and_undone(store: Store, monitor: EmotionMonitor) -> None:
    saved = store.save(monitor.score(conversation()))
    made = store.correct(saved.id, 2, "sad", "语气低落", LOCAL)
    assert store.correct(saved.id, 2, "sad", "语气低落", LOCAL).id == made.id
    stored = store.get(saved.id, LOCAL)
    assert stored.scored.turns[1].answer.label == "angry"
    assert [(c.label, c.author, c.revoked_at) for c in stored.corrections] == [
        ("sad", "local", None)
    ]
    other = Scope("second")
    store.revoke(saved.id, 2, made.id, other)
    (undone,) = store.get(saved.id, LOCAL).corrections
    assert undone.revoked_by == "second"
    assert undone.revoked_at is not None
    store.save(EmotionMonitor([WordScorer("2")], OneFuser()).score(conversation()))
    assert len(store.get(saved.id, LOCAL).corrections) == 1
    with pytest.raises(NotFoundError):
        store.correct(saved.id, 99, "sad", "", LOCAL)
    with pytest.raises(NotFoundError):
        store.revoke(saved.id, 3, made.id, LOCAL)
    with pytest.raises(InvalidInputError, match="policy"):
        store.correct(saved.id, 1, "sad", "", LOCAL)
    with pytest.raises(InvalidInputError, match="expected one of neutral"):
        store.correct(saved.id, 2, "unknown", "", LOCAL)


def test_scope_hides_everything(store: Store, monitor: EmotionMonitor) -> None:
    saved = store.save(monitor.score(conversation()))
    outside = [
        Scope("a", teams=frozenset({"二班"})),
        Scope("b", queues=frozenset()),
        Scope("c", teams=frozenset({"一班"}), queues=frozenset({"售前"})),
    ]
    for scope in outside:
        assert store.page(Filter(), scope) == ([], 0)
        assert list(store.iterate(Filter(), scope)) == []
        for attempt in (
            lambda s=scope: store.get(saved.id, s),
            lambda s=scope: store.delete(saved.id, s),
            lambda s=scope: store.correct(saved.id, 2, "sad", "", s),
            lambda s=scope: store.close_conversation(saved.id, s),
            lambda s=scope: store.record(saved.id, monitor.score(conversation()), s),
        ):
            with pytest.raises(NotFoundError):
                attempt()
        with pytest.raises(InvalidInputError, match="may write to"):
            store.save(monitor.score(conversation("c9")), scope)
    inside = Scope("d", teams=frozenset({"一班"}), queues=frozenset({"售后"}))
    assert store.get(saved.id, inside).row.id == saved.id


def test_delete_leaves_nothing_but_the_key(store: Store, monitor: EmotionMonitor) -> None:
    scored = monitor.score(conversation())
    key = WriteKey("k1", "f1")
    saved = store.save(scored, key=key)
    store.correct(saved.id, 2, "sad", "", LOCAL)
    assert store.save(scored, key=key).outcome == "replayed"
    with pytest.raises(ConflictError, match="Idempotency-Key"):
        store.save(scored, key=WriteKey("k1", "f2"))
    store.delete(saved.id, LOCAL)
    with store._reading() as session:
        for table in (ConversationRow, TurnRow, ScoreRow, AnswerRow, TrajectoryRow, CorrectionRow):
            assert session.scalar(select(func.count()).select_from(table)) == 0
    with pytest.raises(NotFoundError, match="deleted"):
        store.save(scored, key=key)
    assert store.save(scored).id > saved.id


@pytest.fixture
def three(store: Store, monitor: EmotionMonitor) -> Store:
    texts = {"c1": "退货！！", "c2": "100%满意_真的", "c3": "a/b Foo"}
    for days, (name, text) in enumerate(texts.items()):
        store.save(
            monitor.score(
                conversation(
                    name,
                    turns=(Turn(Role.CUSTOMER, text, 0.0, 2.0 + days),),
                    started_at=datetime(2026, 6, 1 + days, tzinfo=UTC) if days < 2 else None,
                    queue=f"q{days}",
                )
            )
        )
    return store


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(), ["c1", "c2", "c3"]),
        (Filter(text="%"), ["c2"]),
        (Filter(text="_"), ["c2"]),
        (Filter(text="/"), ["c3"]),
        (Filter(text="foo"), ["c3"]),
        (Filter(text="C2"), ["c2"]),
        (Filter(text="'; DROP TABLE turn; --"), []),
        (Filter(text="\x00"), []),
        (Filter(text="\ud800"), []),
        (Filter(queue="q1"), ["c2"]),
        (Filter(queue="q%"), []),
        (Filter(label="angry"), ["c1"]),
        (Filter(label="fear"), []),
        (Filter(min_risk=0.5), ["c1"]),
        (Filter(started_from=datetime(2026, 6, 2, 8, tzinfo=BEIJING)), ["c2"]),
        (Filter(started_to=datetime(2026, 6, 2, 8, tzinfo=BEIJING)), ["c1"]),
        (Filter(status="scored", state="closed", source="平台", language="zh"), ["c1", "c2", "c3"]),
        (Filter(ids=()), []),
    ],
)
def test_filters(three: Store, wanted: Filter, expected: list[str]) -> None:
    found, count = three.page(wanted, LOCAL)
    assert sorted(one.row.external_id for one in found) == expected
    assert count == len(expected)
    assert sorted(s.row.external_id for s in three.iterate(wanted, LOCAL)) == expected


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("-risk", ["c1", "c3", "c2"]),
        ("risk", ["c3", "c2", "c1"]),
        ("-started_at", ["c2", "c1", "c3"]),
        ("started_at", ["c1", "c2", "c3"]),
        ("-duration", ["c3", "c2", "c1"]),
    ],
)
def test_sorts_and_pages(three: Store, sort: str, expected: list[str]) -> None:
    found, _ = three.page(Filter(), LOCAL, sort=sort)
    assert [one.row.external_id for one in found] == expected
    second, count = three.page(Filter(), LOCAL, sort=sort, limit=1, offset=1)
    assert ([one.row.external_id for one in second], count) == ([expected[1]], 3)


def test_wrong_sort_and_limit(store: Store) -> None:
    with pytest.raises(InvalidInputError, match="expected one of"):
        store.page(Filter(), LOCAL, sort="text; --")
    with pytest.raises(InvalidInputError, match="1 to 200"):
        store.page(Filter(), LOCAL, limit=201)


def test_queue(store: Store, monitor: EmotionMonitor) -> None:
    saved = store.enqueue(conversation(), LOCAL)
    waiting = store.get(saved.id, LOCAL)
    assert waiting.row.status == "queued"
    assert waiting.scored.turns[1].answer.reason == "not scored yet"
    assert store.claim() == saved.id
    assert store.claim() is None
    store.requeue()
    assert store.claim() == saved.id
    store.fail(saved.id, "no model")
    assert store.get(saved.id, LOCAL).row.error == "no model"
    store.record(saved.id, monitor.score(conversation()), LOCAL)
    assert store.get(saved.id, LOCAL).row.status == "scored"


def test_many_at_once_keep_one(store: Store, monitor: EmotionMonitor) -> None:
    scored = monitor.score(conversation())
    with ThreadPoolExecutor(6) as pool:
        saved = list(pool.map(lambda _: store.save(scored, key=WriteKey("k", "f")), range(12)))
    assert len({one.id for one in saved}) == 1
    assert [one.outcome for one in saved].count("created") == 1


def test_years_outside_utc_are_refused(store: Store, monitor: EmotionMonitor) -> None:
    first = datetime(1, 1, 1, tzinfo=BEIJING)
    with pytest.raises(InvalidInputError):
        store.save(monitor.score(conversation(started_at=first)))


def test_recordings_are_kept_once_and_deleted_with_the_last(
    store: Store, monitor: EmotionMonitor, tmp_path: Path
) -> None:
    kept = store.media.keep(io.BytesIO(b"RIFF0000WAVE"))
    assert store.media.keep(io.BytesIO(b"RIFF0000WAVE")) == kept
    elsewhere = tmp_path / "录音.wav"
    elsewhere.write_bytes(b"x")
    media = (
        Media(kept, {0: Role.AGENT, 1: Role.CUSTOMER}, (0.5, 0, 0.5, 1), 1.5),
        Media(elsewhere),
    )
    saved = [store.save(monitor.score(conversation(name, media=media))).id for name in ("c1", "c2")]
    found = store.get(saved[0], LOCAL)
    assert found.scored.conversation.media == media
    assert found.row.media_count == 2
    store.delete(saved[0], LOCAL)
    assert kept.is_file()
    store.delete(saved[1], LOCAL)
    assert not kept.exists()
    assert elsewhere.is_file()


def test_a_database_without_tables_says_what_to_do(empty_settings: Settings) -> None:
    with Store(empty_settings) as store:
        with pytest.raises(DatabaseUnavailableError, match="db upgrade"):
            store.get(1, LOCAL)
        with pytest.raises(ConflictError, match="db upgrade"):
            store.require_ready()


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    settings = Settings(
        data_dir=tmp_path, database_url="postgresql://nobody:secret@127.0.0.1:1/none"
    )
    with Store(settings) as store, pytest.raises(DatabaseUnavailableError) as raised:
        store.get(1, LOCAL)
    assert "secret" not in str(raised.value)


def test_a_full_disk_is_said_and_harms_nothing(tmp_path: Path, monitor: EmotionMonitor) -> None:
    settings = Settings(data_dir=tmp_path)
    upgrade(settings)
    with Store(settings) as store:
        store.save(monitor.score(conversation()))
        with store._engine.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar()

        def limit(connection: sqlite3.Connection, _record: object) -> None:
            connection.execute(f"PRAGMA max_page_count={pages}")

        event.listen(store._engine, "connect", limit)
        store._engine.dispose()
        big = conversation("big", turns=(Turn(Role.CUSTOMER, "满" * 90_000),) * 5)
        with pytest.raises(OutputError, match="full"):
            store.save(monitor.score(big))
        assert store.facts()["conversations"] == 1


def test_sqlite_is_set_up_for_safety(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    upgrade(settings)
    with Store(settings) as store, store._engine.connect() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "synchronous", "secure_delete")
        }
    assert values == {
        "journal_mode": "wal",
        "foreign_keys": 1,
        "synchronous": 2,
        "secure_delete": 1,
    }


def test_many_at_once_fare_as_one_by_one(store: Store, monitor: EmotionMonitor) -> None:
    """Whatever `save` does with each, `save_many` does, and what is read back is the same."""
    calls = [conversation(f"c{n}") for n in range(5)]
    store.save(monitor.score(calls[3]))
    other = replace(calls[1], queue="another")
    beyond = replace(calls[4], external_id="z", turns=(Turn(Role.CUSTOMER, channel=5000),))
    done = store.save_many([monitor.score(call) for call in (*calls, calls[0], other, beyond)])
    assert [one.outcome if isinstance(one, Saved) else type(one) for one in done] == [
        "created", "created", "created", "unchanged", "created", "unchanged", ConflictError,
        InvalidConversationError,
    ]  # fmt: skip
    kept = [store.get(one.id, LOCAL) for one in done[:5] if isinstance(one, Saved)]
    assert [one.row.external_id for one in kept] == [call.external_id for call in calls]
    assert len({(one.row.scoring, one.row.status, one.row.risk) for one in kept}) == 1
    told = [scored_to_json(one.scored) | {"external_id": ""} for one in kept]
    assert all(one == told[3] for one in told)
    looked = store.lookup_many([*calls, other, conversation("new")], LOCAL)
    assert [type(one) for one in looked] == [*[Saved] * 5, ConflictError, type(None)]
    assert looked[:5] == [store.lookup(call, LOCAL) for call in calls]
    assert store.lookup_many([replace(calls[0], notice="N-2")], LOCAL) == [None]


def test_a_calm_customers_rise_is_noticed_earlier_where_a_site_sets_it(
    settings: Settings, monitor: EmotionMonitor
) -> None:
    calm = (Turn(Role.CUSTOMER, "好的"), Turn(Role.CUSTOMER, "嗯"))
    risen = (*calm, Turn(Role.CUSTOMER, "还没好吗！"), Turn(Role.CUSTOMER, "好"))

    def levels(store: Store, source: str) -> list[str]:
        for number in range(5):
            store.save(monitor.score(Conversation(f"{number}", calm, source, customer_ref="f00d")))
        saved = store.save(monitor.score(Conversation("6", risen, source, customer_ref="f00d")))
        stranger = Conversation("7", risen, source, customer_ref="dead")
        other = store.save(monitor.score(stranger))
        found = [store.get(one.id, LOCAL) for one in (saved, other)]
        # What is read again says the same as what the lists say.
        assert [view(one.scored).level for one in found] == [one.row.level for one in found]
        return [one.row.level for one in found]

    with Store(settings) as store:
        assert levels(store, "fixed") == ["calm", "calm"]
    with Store(settings.model_copy(update={"relative_thresholds": True})) as store:
        assert levels(store, "relative") == ["watch", "calm"]
