"""Bodies of the answer about installed checkpoints."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from app.api.schemas import Probability


class MeasuredSet(BaseModel):
    """What a training measured on one set that it never saw."""

    name: str
    figures: dict[str, float] = Field(description="`accuracy`, `macro_f1`, `ece`, ...")
    per_class: dict[str, dict[str, float]] = Field(description="`precision`, `recall`, `f1`, `n`.")


class InstalledModel(BaseModel):
    """A checkpoint."""

    package: Literal["text", "audio", "vision", "fusion"]
    name: str
    version: str
    terms: Literal["open", "research"]
    sha256: str
    in_use: bool = Field(description="Whether it answers now.")
    megabytes: float
    sets: list[MeasuredSet]
    card: str = Field(description="Markdown.")


class Bin(BaseModel):
    """Answers of about one confidence, and how many were right."""

    confidence: Probability
    n: int
    accuracy: Probability
    low: Probability
    high: Probability


class Checkpoints(BaseModel):
    """Every checkpoint, and how the confidence of fused answers did on the random queue."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "data": [
                        {
                            "package": "text",
                            "name": "bert",
                            "version": "1.0.0",
                            "terms": "research",
                            "sha256": "5f70bf18a086",
                            "in_use": True,
                            "megabytes": 15.9,
                            "sets": [
                                {
                                    "name": "emotion · held-out file",
                                    "figures": {"accuracy": 0.74, "ece": 0.03},
                                    "per_class": {
                                        "angry": {
                                            "precision": 0.8,
                                            "recall": 0.8,
                                            "f1": 0.8,
                                            "n": 586,
                                        }
                                    },
                                }
                            ],
                            "card": "# bert",
                        }
                    ],
                    "calibration": [
                        {"confidence": 0.75, "n": 40, "accuracy": 0.7, "low": 0.5, "high": 0.84}
                    ],
                }
            ]
        }
    )
    data: list[InstalledModel]
    calibration: list[Bin]
