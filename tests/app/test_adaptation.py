"""`adapt`: from corrections in a real store and from a file; put to use, refused, taken back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from app.adaptation import adapt_site, undo
from app.checkpoints import adapted_fusers
from app.monitor import build_monitor
from app.settings import Settings
from app.store import LOCAL, Store
from app.store.sampling import Draw
from app.thresholds import fitted_thresholds
from fusion.late import LateFuser
from multimodal.checkpoints import load_checkpoint
from multimodal.conversation import Conversation, Role, Turn
from multimodal.emotions import EMOTIONS, EmotionScores, ModelInfo
from multimodal.errors import CheckpointError, ConflictError, InvalidInputError, NotFoundError
from multimodal.pipeline import EmotionMonitor
from multimodal.scoring import Need, TurnInput
from multimodal.thresholds import FIXED

QUEUE = "售后"


class Leaning:
    """Neutral, and the more so the longer the words; a little angry."""

    modality = "text"
    needs: frozenset[Need] = frozenset({"text"})
    stateful = False
    info = ModelInfo("leaning", "1", "cd" * 32, "open")

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        return [self._one(len(given.turn.text)) for given in inputs]

    def _one(self, length: int) -> EmotionScores:
        p = np.full(len(EMOTIONS), 0.02, np.float32)
        p[3] = 0.1 + 0.06 * (length % 7)
        p[0] = 1 - p[1:].sum()
        return EmotionScores(p, 0.9, model=self.info)


@pytest.fixture
def monitor() -> EmotionMonitor:
    return EmotionMonitor([Leaning()], LateFuser())


def talk(number: int, queue: str = QUEUE) -> Conversation:
    """One calm turn and one that the model takes for calm too."""
    turns = (Turn(Role.CUSTOMER, "好" * 7), Turn(Role.AGENT, "您好"), Turn(Role.CUSTOMER, "不" * 2))
    return Conversation(f"{queue}-{number}", turns, source="test", queue=queue)


def filled(store: Store, monitor: EmotionMonitor, *, corrected: int, queue: str = QUEUE) -> None:
    for number in range(corrected + 3):
        saved = store.save(monitor.score(talk(number, queue)))
        if number < corrected:
            store.correct(saved.id, 3, "angry", "真生气", LOCAL)


def test_corrections_of_a_queue_change_that_queue_alone(
    settings: Settings, store: Store, monitor: EmotionMonitor
) -> None:
    filled(store, monitor, corrected=12)
    result = adapt_site(settings, monitor, QUEUE, [])
    assert result["fusion"]["n"] == 24
    assert result["fusion"]["classes"] == {"neutral": 12, "angry": 12}
    assert "too few verdicts" in result["thresholds"]["refused"]
    fusers = adapted_fusers(settings)
    assert list(fusers) == [QUEUE]
    site = EmotionMonitor(monitor.scorers, monitor.fuser, fuser_by_queue=fusers)
    labels = [t.answer.label for t in site.score(talk(99)).turns]
    assert labels == ["neutral", "unknown", "angry"]
    elsewhere = [t.answer.label for t in site.score(talk(99, "售前")).turns]
    assert elsewhere == ["neutral", "unknown", "neutral"]
    assert "adapted-" in site.score(talk(99)).turns[2].answer.model.name  # type: ignore[union-attr]
    assert undo(settings, QUEUE) == ["fusion"]
    assert adapted_fusers(settings) == {}
    with pytest.raises(NotFoundError, match="no adaptation"):
        undo(settings, QUEUE)


def test_revoked_corrections_and_other_queues_do_not_count(
    settings: Settings, store: Store, monitor: EmotionMonitor
) -> None:
    filled(store, monitor, corrected=12, queue="售前")
    with pytest.raises(InvalidInputError, match="too few examples"):
        adapt_site(settings, monitor, QUEUE, [])
    for number in range(12):
        saved = store.save(monitor.score(talk(100 + number)))
        made = store.correct(saved.id, 3, "angry", "", LOCAL)
        store.revoke(saved.id, 3, made.id, LOCAL)
    with pytest.raises(InvalidInputError, match="too few examples"):
        adapt_site(settings, monitor, QUEUE, [])


def test_what_does_not_help_changes_nothing(
    settings: Settings, store: Store, monitor: EmotionMonitor
) -> None:
    rng = np.random.default_rng(1)
    for number in range(40):
        words = [Turn(Role.CUSTOMER, "字" * int(n)) for n in rng.integers(1, 8, 2)]
        scored = monitor.score(Conversation(f"d{number}", tuple(words), queue=QUEUE))
        saved = store.save(scored)
        for turn, one in enumerate(scored.turns, start=1):
            # People say it as often as the fuser believes: there is nothing to learn.
            p = one.answer.probabilities.astype(np.float64)
            label = EMOTIONS[int(rng.choice(7, p=p / p.sum()))]
            store.correct(saved.id, turn, label.value, "", LOCAL)
    with pytest.raises(ConflictError, match="does not help"):
        adapt_site(settings, monitor, QUEUE, [])
    assert not settings.checkpoint_dir.exists()


def test_from_a_file_for_all_queues_and_kept_apart_from_other_weights(
    settings: Settings, monitor: EmotionMonitor, store: Store, tmp_path: Path
) -> None:
    rows = "".join(f"{'不' * 2},生气,{n}\n{'好' * 7},平静,{n}\n" for n in range(12))
    file = tmp_path / "labelled.csv"
    file.write_text("text,emotion,conversation\n" + rows, "utf-8")
    result = adapt_site(settings, monitor, "", [file])
    found = load_checkpoint("fusion", result["fusion"]["written"])
    assert found.metrics["n"] == 24
    assert "24 turns of 12 conversations" in (found.path / "README.md").read_text("utf-8")
    assert build_monitor(settings).fuser.info.name == "adapted"
    config = found.path / "config.json"
    config.write_text(config.read_text("utf-8").replace(found.config["adapted_from"], "0" * 64))
    assert adapted_fusers(settings) == {}
    assert build_monitor(settings).fuser.info.name == "default"


def judged(store: Store, monitor: EmotionMonitor, number: int, *, share: float) -> None:
    """A queue of which a reviewer finds a share dissatisfied; to the model all are the same."""
    for index in range(number):
        store.save(monitor.score(talk(index)))
    store.queues.draw(Draw("random", number=number), LOCAL)
    done = 0
    while (task := store.queues.next("random", LOCAL)) is not None:
        store.verdicts.judge(task.row.id, LOCAL, dissatisfied=done < share * number)
        done += 1
    assert done == number


def test_verdicts_move_the_thresholds_of_a_queue_and_back(
    settings: Settings, store: Store, monitor: EmotionMonitor
) -> None:
    judged(store, monitor, 40, share=0.8)
    result = adapt_site(settings, monitor, QUEUE, [])
    fitted = result["thresholds"]
    assert "too few examples" in result["fusion"]["refused"]
    assert fitted["classes"] == {"dissatisfied": 32, "other": 8}
    assert fitted["adapted"]["log_loss"] < fitted["shipped"]["log_loss"]
    assert fitted["dissatisfied"] < FIXED.dissatisfied
    with Store(settings) as again:
        for queue, expected in ((QUEUE, fitted["dissatisfied"]), ("售前", FIXED.dissatisfied)):
            kept = again.save(monitor.score(talk(100, queue)))
            scored = again.get(kept.id, LOCAL).scored
            assert scored.thresholds.dissatisfied == pytest.approx(expected)
    file = Path(fitted["written"])
    file.write_text(file.read_text("utf-8").replace(json.loads(file.read_text())["models"][1], "0"))
    assert fitted_thresholds(settings) == {}  # Fitted to the risk of another model.
    assert undo(settings, QUEUE) == ["thresholds"]
    assert not file.exists()


def test_verdicts_that_say_what_the_risk_says_change_nothing(
    settings: Settings, store: Store, monitor: EmotionMonitor
) -> None:
    risk = monitor.score(talk(0)).risk
    judged(store, monitor, 40, share=risk)
    with pytest.raises(ConflictError, match="Thresholds: it does not help"):
        adapt_site(settings, monitor, QUEUE, [])
    assert not settings.checkpoint_dir.exists()


def test_damaged_thresholds_are_said(settings: Settings) -> None:
    file = settings.checkpoint_dir / "thresholds" / "all.json"
    file.parent.mkdir(parents=True)
    file.write_text("[]", "utf-8")
    with pytest.raises(CheckpointError, match="cannot be read"):
        fitted_thresholds(settings)


def test_unreadable_file_is_said(
    settings: Settings, monitor: EmotionMonitor, store: Store, tmp_path: Path
) -> None:
    file = tmp_path / "bad.csv"
    file.write_text("text,emotion\n不行,愤怒透顶\n", "utf-8")
    with pytest.raises(InvalidInputError, match="bad.csv"):
        adapt_site(settings, monitor, "", [file])
