"""The text modality: the words of turns to emotion scores."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from multimodal.checkpoints import Checkpoint, load_checkpoint
from multimodal.emotions import EmotionScores, ModelInfo, valence_of
from multimodal.scoring import TEXT, Need, TurnInput
from text.corpora import EMOTION, POLARITY
from text.reading import Reading, TextModel, load_model

DEFAULT_CHECKPOINT = "bert"


class TextScorer:
    """Scores what a turn says; satisfies `multimodal.scoring.Scorer`.

    Reliability is the model's own: it falls for text that is not Chinese (English is answered
    with low reliability) and for text without words (emoji, digits).

    Args:
        checkpoint: Name of a shipped checkpoint, or path of a folder. It is read at the first use.

    Raises:
        ModelMissingError: At the first use, if there is no such checkpoint.
        CheckpointError: At the first use, if it is damaged.
    """

    modality: str = TEXT
    needs: frozenset[Need] = frozenset({"text"})
    stateful: bool = False

    def __init__(self, checkpoint: str = DEFAULT_CHECKPOINT) -> None:
        self._name = checkpoint

    @cached_property
    def info(self) -> ModelInfo:
        """The model that answers."""
        return self.checkpoint.info

    @cached_property
    def checkpoint(self) -> Checkpoint:
        """Where it comes from, with what was measured."""
        return load_checkpoint("text", self._name)

    @cached_property
    def _model(self) -> TextModel:
        return load_model(self.checkpoint)

    def score(self, inputs: Sequence[TurnInput]) -> list[EmotionScores]:
        """One answer per turn, in order; a turn without words is missing, with the reason."""
        return [self._answer(reading) for reading in self._model.read(inputs)]

    def _answer(self, reading: Reading | None) -> EmotionScores:
        if reading is None:
            return EmotionScores.missing("no text: the turn has no words", model=self.info)
        probabilities = reading.heads[EMOTION]
        heads = {name: values for name, values in reading.heads.items() if name != EMOTION}
        valence = valence_of(probabilities)
        if POLARITY in heads:
            negative, _, positive = heads[POLARITY]
            valence = (valence + float(positive - negative)) / 2
        return EmotionScores(
            probabilities,
            reading.reliability,
            valence=valence,
            heads=heads,
            evidence=reading.evidence,
            model=self.info,
            reason=reading.note,
        )
