"""What a text checkpoint must have, and the interface behind which models are exchanged.

A text checkpoint is a folder as in `multimodal.checkpoints`, whose `config.json` says besides:

    kind     which model reads it: one of `KINDS`
    heads    the heads that it has, `emotion` first, each with its class order in `CLASSES`
    files    its files, with their SHA-256

    kind `bert`: see `text.bert`

A new kind of model is one class that satisfies `TextModel` and one line in `KINDS`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from multimodal.checkpoints import Checkpoint
from multimodal.emotions import Evidence, FloatArray
from multimodal.errors import CheckpointError
from multimodal.scoring import TurnInput

KINDS: Mapping[str, str] = {"bert": "text.bert:BertModel"}
"""Kind of a checkpoint to the class that reads it; its module is imported when it is needed."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """What a model makes of one turn's words.

    Attributes:
        heads: `emotion` float32 (7,), `polarity`, `turn_satisfaction` and
            `conversation_satisfaction` float32 (3,), each summing to 1.
        reliability: In (0, 1].
        evidence: The words that the most probable emotion rests on, strongest first.
        note: What a person should know about how it was read, else empty.
    """

    heads: Mapping[str, FloatArray]
    reliability: float
    evidence: tuple[Evidence, ...]
    note: str


class TextModel(Protocol):
    """Reads turns. It holds weights and nothing else, and never raises on any text."""

    def read(self, inputs: Sequence[TurnInput]) -> list[Reading | None]:
        """One reading per turn, in order; None for a turn without anything to read."""
        ...


def load_model(checkpoint: Checkpoint) -> TextModel:
    """The model of a text checkpoint.

    Raises:
        CheckpointError: If its kind is unknown, or its files do not fit together.
    """
    kind = str(checkpoint.config.get("kind"))
    if kind not in KINDS:
        raise CheckpointError(
            f"its kind is {kind!r}, expected one of {', '.join(KINDS)}.",
            where=str(checkpoint.path),
            remedy="Install the version of the product that it was trained with.",
        )
    module, _, name = KINDS[kind].partition(":")
    model: TextModel = getattr(import_module(module), name)(checkpoint)
    return model
