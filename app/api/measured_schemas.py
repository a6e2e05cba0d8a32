"""Bodies of the answer about measured accuracy."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from app.api.schemas import Probability, example

_ACCURACY: dict[str, Any] = {
    "by": "queue",
    "name": "售后",
    "n": 120,
    "conversations": 40,
    "accuracy": 0.74,
    "low": 0.63,
    "high": 0.83,
}
_AGREEMENT: dict[str, Any] = {"n": 60, "share": 0.8, "kappa": 0.71}
_CHANGED: dict[str, Any] = {
    "before": "late@1.1.0; text=bert@0.9.0",
    "after": "late@1.2.0; text=bert@1.0.0",
    "n": 200,
    "changed": 31,
    "mended": 21,
    "broken": 6,
    "noise": False,
}


class Accuracy(BaseModel):
    """A measured share of right answers, with its 95 % interval."""

    model_config = example(_ACCURACY)
    by: Literal["all", "queue", "models"]
    name: str = Field(description="Which queue, or which models; empty for all.")
    n: int = Field(description="Answers.")
    conversations: int = Field(description="Conversations that they are of.")
    accuracy: Probability
    low: Probability
    high: Probability


class Agreement(BaseModel):
    """How far two reviewers agreed, apart from each other."""

    model_config = example(_AGREEMENT)
    n: int
    share: Probability | None
    kappa: float | None = Field(description="Cohen's; null where it is not defined.")


class Changed(BaseModel):
    """What the latest models changed on turns that people have labelled."""

    model_config = example(_CHANGED)
    before: str
    after: str
    n: int = Field(description="Labelled turns that both answered.")
    changed: int
    mended: int = Field(description="Right now, and wrong before.")
    broken: int = Field(description="Wrong now, and right before.")
    noise: bool = Field(description="Whether chance alone would do as much (p >= .05).")


class Measured(BaseModel):
    """How right the models were on the random queue, and what other models would change."""

    model_config = example(
        {
            "turns": [_ACCURACY],
            "conversations": [_ACCURACY],
            "agreement_turns": _AGREEMENT,
            "agreement_conversations": _AGREEMENT,
            "changes": [_CHANGED],
        }
    )
    turns: list[Accuracy]
    conversations: list[Accuracy] = Field(description="Whether the customer was dissatisfied.")
    agreement_turns: Agreement
    agreement_conversations: Agreement
    changes: list[Changed]
