"""The four text tasks of `emotion-monitor evaluate`.

| task | reads |
| --- | --- |
| `text-emotion` | smp2020, bmeld, cped, nlpcc2014, mer2023, emotiontalk (its `text_label`) |
| `text-sentiment` | msctd, reviews |
| `text-satisfaction` | uss_jddc, every labelled turn |
| `conversation-satisfaction` | stc3, one answer a dialogue, at the customer's last turn |

A turn without words counts with the even distribution that the product gives it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from app.evaluate import Measured
from multimodal.conversation import Role, Turn
from multimodal.emotions import EmotionScores
from multimodal.errors import InvalidInputError
from multimodal.metrics import masked
from multimodal.scoring import TurnInput
from text.corpora import (
    CLASSES,
    CONVERSATION_SATISFACTION,
    EMOTION,
    POLARITY,
    TURN_SATISFACTION,
    read_corpus,
)
from text.measure import measure
from text.scorer import DEFAULT_CHECKPOINT, TextScorer

HEADS = {
    "text-emotion": EMOTION,
    "text-sentiment": POLARITY,
    "text-satisfaction": TURN_SATISFACTION,
    "conversation-satisfaction": CONVERSATION_SATISFACTION,
}


def evaluate(task: str, data: Path, checkpoint: str | None) -> Measured:
    """Measures a text checkpoint on a corpus; see `app.evaluate.evaluate`.

    Raises:
        InvalidInputError: If the corpus has no labels for the task.
    """
    corpus = read_corpus(data)
    if corpus.head != HEADS[task]:
        fitting = next(name for name, head in HEADS.items() if head == corpus.head)
        raise InvalidInputError(
            f"{corpus.name} has no labels for the task {task}.",
            where=str(data),
            remedy=f"Its task is {fitting}.",
        )
    scorer = TextScorer(checkpoint or DEFAULT_CHECKPOINT)
    scores = scorer.score(
        [TurnInput(Turn(Role.CUSTOMER, item.text), item.previous) for item in corpus.items]
    )
    probabilities = np.stack([_head(answer, corpus.head) for answer in scores])
    allowed = masked(probabilities, corpus.allowed)
    metrics = measure(corpus.head, corpus.items, allowed)
    return Measured(len(corpus.items), metrics, scorer.info.release)


def _head(answer: EmotionScores, head: str) -> NDArray[np.float32]:
    if head == EMOTION:
        return answer.probabilities
    size = len(CLASSES[head])
    return answer.heads.get(head, np.full(size, 1 / size, dtype=np.float32))
