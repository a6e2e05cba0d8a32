"""Evaluates fusion (EmotionTalk, CREMA-D votes) and the trajectory (Taobao, JDDC, STC-3)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from app.evaluate import Measured
from fusion.corpora import (
    CREMA_D,
    EMOTIONTALK,
    JDDC,
    STC3,
    TAOBAO,
    Case,
    Judgements,
    corpus_of,
    read_crema_d,
    read_emotiontalk,
    read_jddc,
    read_stc3,
    read_taobao,
)
from fusion.evaluation import fusion_report, subsets, trajectory_report
from fusion.history import history
from fusion.late import LateFuser
from fusion.risk import RiskModel
from multimodal.emotions import EmotionScores
from multimodal.errors import InvalidInputError
from multimodal.pipeline import EmotionMonitor
from multimodal.scoring import Scorer

_FUSERS = {EMOTIONTALK: "labels", CREMA_D: "votes"}


def evaluate(task: str, data: Path, checkpoint: str | None) -> Measured:
    """Measures `fusion` or `trajectory`; see `app.evaluate`.

    `fusion` reads EmotionTalk (fuser `labels` unless another is named) or CREMA-D votes (`votes`).
    `trajectory` reads Taobao with its human sentiments of the customer's turns, or JDDC and STC-3
    from raw text, through the shipped text scorer and fuser. Agents' sentiments are never read.
    """
    corpus = corpus_of(data)
    if task == "fusion" and corpus in _FUSERS:
        read = read_emotiontalk if corpus == EMOTIONTALK else read_crema_d
        return _fusion(read(data), checkpoint or _FUSERS[corpus])
    if task == "trajectory" and corpus == TAOBAO:
        return _from_sentiments(data, checkpoint or "trajectory")
    if task == "trajectory" and corpus in (JDDC, STC3):
        cases = read_jddc(data) if corpus == JDDC else read_stc3(data)
        return _from_words(cases, checkpoint or "trajectory")
    raise InvalidInputError(f"the task {task!r} cannot be measured on {corpus}.", where=str(data))


def _fusion(turns: Judgements, checkpoint: str) -> Measured:
    fuser = LateFuser(checkpoint)
    inputs = [
        [EmotionScores(p.astype(np.float32), 1.0) for p in row] for row in turns.probabilities
    ]
    answers = {}
    for name, chosen in subsets(turns.modalities).items():
        scores = [{turns.modalities[m]: row[m] for m in chosen} for row in inputs]
        answers[name] = np.array([answer.probabilities for answer in fuser.fuse(scores)])
    return Measured(len(turns.truth), fusion_report(turns, answers), fuser.info.release)


def _from_sentiments(data: Path, checkpoint: str) -> Measured:
    dialogues = read_taobao(data)
    model = RiskModel.load(checkpoint)
    predicted = [model.outcomes(history(d.customer, d.sentiment, d.words)) for d in dialogues]
    metrics = trajectory_report([d.outcome for d in dialogues], predicted)
    return Measured(len(dialogues), metrics, model.info.release)


def _from_words(cases: Sequence[Case], checkpoint: str) -> Measured:
    fuser = LateFuser(trajectory=checkpoint)
    metrics = trajectory_report([case.outcome for case in cases], list(_outcomes(cases, fuser)))
    return Measured(len(cases), metrics, f"{checkpoint}, words fused by {fuser.info.release}")


def _outcomes(cases: Sequence[Case], fuser: LateFuser) -> Iterator[NDArray[np.float64]]:
    from text.scorer import TextScorer

    monitor = EmotionMonitor([cast(Scorer, TextScorer())], fuser)
    for scored in monitor.score_many(case.conversation for case in cases):
        yield fuser.outcomes(
            scored.conversation,
            [turn.scores for turn in scored.turns],
            [turn.answer for turn in scored.turns],
        )
