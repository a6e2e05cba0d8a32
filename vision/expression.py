"""The expression network at serving time: aligned grey faces in, eight expressions out.

The network answers in the eight labels of FER+ (Barsoum et al. 2016, "Training deep networks for
facial expression recognition with crowd-sourced label distribution"). The product speaks seven:
contempt is folded into disgust by adding the two probabilities, because both are the rejecting
expressions (one of a person, one of a thing) and contempt is too rare to be told apart reliably.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from multimodal.checkpoints import Checkpoint, load_checkpoint
from multimodal.emotions import EMOTIONS, Emotion, FloatArray
from multimodal.errors import CheckpointError

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

SIDE = 48
"""Side of an aligned face in pixels, which is that of FER+."""
CONTEMPT = "contempt"
EXPRESSIONS: tuple[str, ...] = (
    Emotion.NEUTRAL,
    Emotion.HAPPY,
    Emotion.SURPRISE,
    Emotion.SAD,
    Emotion.ANGRY,
    Emotion.DISGUST,
    Emotion.FEAR,
    CONTEMPT,
)
"""The network's outputs, in the order of FER+'s columns."""
DEFAULT_CHECKPOINT = "resnet"
_BATCH = 64
_FOLD = np.array(
    [
        [
            label == emotion or (label == CONTEMPT and emotion is Emotion.DISGUST)
            for label in EXPRESSIONS
        ]
        for emotion in EMOTIONS
    ],
    dtype=np.float32,
)


def fold_contempt(expressions: FloatArray) -> FloatArray:
    """Probabilities over the seven emotions, (n, 7), from those over `EXPRESSIONS`, (n, 8)."""
    return np.asarray(expressions @ _FOLD.T, dtype=np.float32)


def emotion_of(expressions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Index of the emotion in `EMOTIONS` for each index of an expression, (n,); see above."""
    return np.asarray(_FOLD.argmax(axis=0)[expressions])


class ExpressionModel:
    """Scores aligned faces with ONNX Runtime.

    Args:
        checkpoint: Name of a shipped checkpoint, or the path of a folder.

    Raises:
        ModelMissingError: If there is no such checkpoint.
        CheckpointError: If it is damaged, or made for other labels.
    """

    def __init__(self, checkpoint: str = DEFAULT_CHECKPOINT) -> None:
        self.checkpoint: Checkpoint = load_checkpoint("vision", checkpoint)
        if tuple(self.checkpoint.config.get("labels", ())) != EXPRESSIONS:
            raise CheckpointError(
                f"its labels are not {', '.join(EXPRESSIONS)}.", where=str(self.checkpoint.path)
            )
        self._session = open_session(self.checkpoint.file("model.onnx"))

    def predict(self, faces: NDArray[np.uint8]) -> FloatArray:
        """Calibrated probabilities of the expressions.

        Args:
            faces: Grey uint8 (n, SIDE, SIDE), n >= 0.

        Returns:
            float32 (n, 8), rows summing to 1, in the order of `EXPRESSIONS`.
        """
        return answers_of(self._session, faces)


def answers_of(session: InferenceSession, faces: NDArray[np.uint8]) -> FloatArray:
    """What a session with the network says of faces, (n, SIDE, SIDE): float32 (n, 8)."""
    batches = [
        session.run(None, {"faces": faces[i : i + _BATCH, None].astype(np.float32)})[0]
        for i in range(0, len(faces), _BATCH)
    ]
    return np.concatenate([np.empty((0, len(EXPRESSIONS)), np.float32), *batches])


def open_session(model: Path | bytes):  # type: ignore[no-untyped-def]  # onnxruntime is untyped
    """An ONNX Runtime session on one thread: turns, not pixels, are what runs in parallel."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    source = model if isinstance(model, bytes) else str(model)
    return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
