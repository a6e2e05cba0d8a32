"""The face scorer: the pictures of a turn in, one answer out.

The pictures come cut to the customer's region. The most prominent face is followed, aligned and
scored, and the pictures' answers are averaged with the quality of each sight as weight. Only
numbers are kept; no picture of a face outlives the call.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from multimodal.emotions import (
    EMOTIONS,
    EmotionScores,
    Evidence,
    FloatArray,
    ModelInfo,
    valence_of,
)
from multimodal.scoring import FACE, Need, TurnInput
from vision.detection import MTCNN, FaceDetector, open_detector
from vision.expression import DEFAULT_CHECKPOINT, ExpressionModel, fold_contempt
from vision.tracking import FaceTracker

ENOUGH = 3
"""Good sights of a face from which an answer can be fully reliable."""
DARK = 12
"""Brightest value, out of 255, up to which a picture counts as black."""
MOMENTS = 3
"""Moments that are given as evidence."""
APART = 1.0
"""Seconds that two of them lie apart at least."""
_CHUNK = 32  # faces that are held before they are scored


class FaceScorer:
    """Emotion from the customer's face.

    Its reliability is the mean quality of the face over all pictures of the turn, those without a
    face counting as nothing, and over at least `ENOUGH` of them. Valence is P(positive) minus
    P(negative); arousal is not given, because the training data do not tell it.

    Args:
        checkpoint: Name of a shipped checkpoint, or the path of a folder.
        detector: As for `open_detector`.

    Raises:
        ModelMissingError: On first use, if the checkpoint or the detector's weights are missing.
        CheckpointError: On first use, if one of them is damaged.
    """

    modality = FACE
    needs: frozenset[Need] = frozenset({"frames"})
    stateful = False

    def __init__(self, checkpoint: str = DEFAULT_CHECKPOINT, detector: str = MTCNN) -> None:
        self._name = checkpoint
        self._detector_name = detector

    @cached_property
    def _model(self) -> ExpressionModel:
        return ExpressionModel(self._name)

    @cached_property
    def _detector(self) -> FaceDetector:
        return open_detector(self._detector_name)

    @cached_property
    def info(self) -> ModelInfo:
        """The expression network that answers."""
        return self._model.checkpoint.info

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        """One answer per turn, in order; missing where no face of the customer can be seen."""
        return [self._score(item) for item in inputs]

    def _score(self, item: TurnInput) -> EmotionScores:
        if item.frames is None:
            return EmotionScores.missing(item.reason or "no video of this turn")
        tracker = FaceTracker(self._detector)
        times: list[float] = []
        weights: list[float] = []
        answers: list[FloatArray] = []
        pending: list[NDArray[np.uint8]] = []
        seen = dark = 0
        for frame in item.frames():
            seen += 1
            if frame.image.max() <= DARK:
                dark += 1
                continue
            sight = tracker.follow(frame.image)
            if sight is None or sight.quality == 0:
                continue
            times.append(frame.time)
            weights.append(sight.quality)
            pending.append(sight.crop)
            if len(pending) == _CHUNK:
                answers.append(self._model.predict(np.stack(pending)))
                pending.clear()
        if not times:
            return EmotionScores.missing(_why(seen, dark), model=self.info)
        if pending:
            answers.append(self._model.predict(np.stack(pending)))
        return self._pool(
            np.array(times), np.array(weights), fold_contempt(np.concatenate(answers)), seen
        )

    def _pool(
        self, times: NDArray[np.float64], weights: NDArray[np.float64], each: FloatArray, seen: int
    ) -> EmotionScores:
        pooled = np.average(each.astype(np.float64), axis=0, weights=weights)
        probabilities = (pooled / pooled.sum()).astype(np.float32)
        return EmotionScores(
            probabilities,
            reliability=float(min(1.0, weights.sum() / max(seen, ENOUGH))),
            valence=valence_of(probabilities),
            evidence=moments(times, weights, each, int(probabilities.argmax())),
            model=self.info,
        )


def moments(
    times: NDArray[np.float64], weights: NDArray[np.float64], each: FloatArray, emotion: int
) -> tuple[Evidence, ...]:
    """When the face showed the emotion most clearly: at most `MOMENTS`, strongest first.

    After the first, only moments at which it was the most probable emotion.

    Args:
        times: Seconds from the start of the conversation, (n,), rising; n >= 1.
        weights: Quality of each sight, (n,).
        each: Probabilities of each sight, (n, 7).
        emotion: Index of the emotion.
    """
    step = float(np.median(np.diff(times))) if len(times) > 1 else 0.2
    chosen: list[Evidence] = []
    showing = each.argmax(axis=1) == emotion
    for row in np.argsort(-weights * each[:, emotion], kind="stable"):
        start = float(times[row])
        apart = all(abs(start - (other.start or 0.0)) > APART - 1e-6 for other in chosen)
        if apart and (showing[row] or not chosen):
            weight = round(float(each[row, emotion]), 4)
            chosen.append(
                Evidence("moment", str(EMOTIONS[emotion]), weight, start, start + max(step, 0.04))
            )
        if len(chosen) == MOMENTS:
            break
    return tuple(chosen)


def _why(seen: int, dark: int) -> str:
    if seen == 0:
        return "the video has no pictures during this turn"
    if dark == seen:
        return "the picture is black"
    return f"no usable face in {seen} pictures"
