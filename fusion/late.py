"""`LateFuser`: the scores of a turn to one calibrated answer, a conversation to its trajectory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from fusion.loglinear import Array, K, Weights, contributions, disagreement, softmax, terms
from fusion.risk import RiskModel
from fusion.trajectory import outcomes, trajectory, turn_sentiments
from multimodal.checkpoints import load_checkpoint
from multimodal.conversation import Conversation
from multimodal.emotions import EMOTIONS, Emotion, EmotionScores, valence_of
from multimodal.scoring import FusedAnswer, Trajectory

NOTHING_USABLE = "no modality is usable"
_SURPRISE = EMOTIONS.index(Emotion.SURPRISE)


class LateFuser:
    """Calibrated log-linear late fusion (see `fusion.loglinear`) with a risk model over the turns.

    It is defined for every subset of modalities, and for modalities that it was never trained on
    (see `Weights.extended`). An answer is `unknown` exactly when every modality has reliability 0.

    Args:
        checkpoint: `default` (scores of the product's models), `labels` (one-hot human labels),
            `votes` (shares of human votes), or the path of a folder of your own.
        trajectory: The risk model: `trajectory`, or the path of a folder.

    Raises:
        ModelMissingError: If there is no such checkpoint.
        CheckpointError: If it is damaged.
    """

    def __init__(self, checkpoint: str = "default", trajectory: str = "trajectory") -> None:
        found = load_checkpoint("fusion", checkpoint)
        self.info = found.info
        self._weights = Weights.load(found.file("weights.npz"))
        self._risk = RiskModel.load(trajectory)

    def fuse(self, turns: Sequence[Mapping[str, EmotionScores]]) -> list[FusedAnswer]:
        """One answer per turn, in order; missing scores count as absent."""
        if not turns:
            return []
        seen = {name for scores in turns for name in scores} - set(self._weights.names)
        names = (*self._weights.names, *sorted(seen))
        probabilities, reliability = stacked(names, turns)
        weights = self._weights.extended(names)
        moved, strength = terms(np, weights, probabilities, reliability)
        fused = softmax(weights.prior + moved.sum(axis=1))
        shares = contributions(moved, reliability)
        contradiction = disagreement(weights, probabilities, strength)
        answers = []
        for i, scores in enumerate(turns):
            if not reliability[i].any():
                answers.append(FusedAnswer.unknown(NOTHING_USABLE))
                continue
            best = int(fused[i].argmax())
            usable = [m for m in range(len(names)) if reliability[i, m] > 0]
            answers.append(
                FusedAnswer(
                    probabilities=fused[i].astype(np.float32),
                    label=EMOTIONS[best].value,
                    confidence=float(fused[i, best]),
                    valence=_valence(
                        fused[i], [(scores[names[m]].valence, strength[i, m]) for m in usable]
                    ),
                    contributions={names[m]: float(shares[i, m]) for m in usable},
                    disagreement=float(contradiction[i]),
                    model=self.info,
                )
            )
        return answers

    def track(
        self,
        conversation: Conversation,
        scores: Sequence[Mapping[str, EmotionScores]],
        answers: Sequence[FusedAnswer],
    ) -> Trajectory:
        """The trajectory of a conversation so far; causal, see `fusion.trajectory`."""
        return trajectory(self._risk, conversation, scores, answers)

    def outcomes(
        self,
        conversation: Conversation,
        scores: Sequence[Mapping[str, EmotionScores]],
        answers: Sequence[FusedAnswer],
    ) -> Array:
        """After each turn, P(ends dissatisfied, neutral, satisfied): float64 (n, 3)."""
        _, sentiment = turn_sentiments(conversation, scores, answers, self._risk.head_share)
        return outcomes(self._risk, conversation.turns, sentiment)


def stacked(
    names: Sequence[str], turns: Sequence[Mapping[str, EmotionScores]]
) -> tuple[Array, Array]:
    """Scores as arrays: probabilities float64 (n, M, 7) and reliability float64 (n, M).

    Where a modality is absent its probabilities are uniform and its reliability is 0.
    """
    probabilities = np.full((len(turns), len(names), K), 1 / K)
    reliability = np.zeros((len(turns), len(names)))
    for i, scores in enumerate(turns):
        for m, name in enumerate(names):
            if name in scores and not scores[name].is_missing:
                probabilities[i, m] = scores[name].probabilities
                reliability[i, m] = scores[name].reliability
    return probabilities / probabilities.sum(axis=-1, keepdims=True), reliability


def _valence(fused: Array, witnesses: Sequence[tuple[float | None, float]]) -> float:
    """P(positive) - P(negative); surprise counts by the valence that the modalities measured.

    Args:
        fused: (7,).
        witnesses: Of every usable modality its valence, or None, and how much it has to say.
    """
    known = [(valence, weight) for valence, weight in witnesses if valence is not None]
    total = sum(weight for _, weight in known)
    of_surprise = sum(valence * weight for valence, weight in known) / total if total > 0 else 0.0
    whole = valence_of(fused.astype(np.float32)) + float(fused[_SURPRISE]) * of_surprise
    return max(-1.0, min(1.0, whole))
