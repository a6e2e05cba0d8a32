"""Words of several calls in one call of their scorer: whoever comes while it works goes together.

Nobody waits for a batch to fill: the longest wait is for the batch that is being scored when one
comes. What a batch holds is therefore what came meanwhile, one turn where there is little to do.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

from multimodal.emotions import EmotionScores, ModelInfo
from multimodal.pipeline import EmotionMonitor
from multimodal.scoring import Need, Scorer, TurnInput

MOST = 64
"""Turns in one call."""


def together(monitor: EmotionMonitor) -> EmotionMonitor:
    """The same monitor, for turns that many threads score at once."""
    scorers = [
        TogetherScorer(one) if one.needs == {"text"} and not one.stateful else one
        for one in monitor.scorers
    ]
    return monitor.scoring_with(scorers)


@dataclass(eq=False)
class _Asked:
    inputs: Sequence[TurnInput]
    answers: list[EmotionScores] | None = None


@dataclass(eq=False)
class TogetherScorer:
    """A scorer of words that takes what several threads ask in one call.

    Args:
        scorer: Answers; it carries no state.
    """

    scorer: Scorer
    _waiting: list[_Asked] = field(default_factory=list)
    _guard: threading.Lock = field(default_factory=threading.Lock)
    _busy: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self.modality = self.scorer.modality
        self.needs: frozenset[Need] = self.scorer.needs
        self.stateful = False

    @property
    def info(self) -> ModelInfo:
        """The model that answers."""
        return self.scorer.info

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        """One answer per input, in the order of the inputs."""
        mine = _Asked(inputs)
        with self._guard:
            self._waiting.append(mine)
        with self._busy:
            if mine.answers is None:
                self._answer(self._take(mine))
        assert mine.answers is not None
        return mine.answers

    def _take(self, mine: _Asked) -> list[_Asked]:
        """This one, and as many of the others as go with it."""
        taken, size = [mine], len(mine.inputs)
        with self._guard:
            self._waiting.remove(mine)
            while self._waiting and size + len(self._waiting[0].inputs) <= MOST:
                size += len(self._waiting[0].inputs)
                taken.append(self._waiting.pop(0))
        return taken

    def _answer(self, batch: Sequence[_Asked]) -> None:
        try:
            answers = self.scorer.score([given for one in batch for given in one.inputs])
        except Exception:
            if len(batch) == 1:
                raise
            # One that brings the scorer down must not take the others with it.
            with self._guard:
                self._waiting[:0] = batch[1:]
            self._answer(batch[:1])
            return
        at = 0
        for one in batch:
            one.answers = answers[at : at + len(one.inputs)]
            at += len(one.inputs)
