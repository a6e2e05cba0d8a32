"""What bodies of several subjects share: names, numbers, what went wrong, models."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Probability = Annotated[float, Field(ge=0, le=1)]
Label = Literal["neutral", "happy", "sad", "angry", "surprise", "disgust", "fear", "unknown"]
Emotion = Literal["neutral", "happy", "sad", "angry", "surprise", "disgust", "fear"]
Role = Literal["customer", "agent", "bot", "unknown"]
Channel = Literal["phone", "video", "chat"]
State = Literal["open", "closed"]
Status = Literal["queued", "scoring", "scored", "failed"]
Level = Literal["calm", "watch", "dissatisfied", "heated"]
MODEL_EXAMPLE: dict[str, Any] = {
    "name": "late",
    "version": "1.0.0",
    "sha256": "5f70bf18a086",
    "terms": "open",
}


def example(value: Any, *, strict: bool = False) -> ConfigDict:
    """What a model is like: one value of it, and whether it refuses what it does not know.

    Args:
        value: As JSON.
        strict: Whether unknown fields are refused.
    """
    config = ConfigDict(json_schema_extra={"examples": [value]})
    return config | ConfigDict(extra="forbid") if strict else config


class ProblemInside(BaseModel):
    """What was wrong."""

    type: str = Field(description="Which kind of error, for programs.")
    what: str = Field(description="What was wrong, and what was expected instead.")
    where: str = Field(description="The field, file or line; empty where there is none.")
    remedy: str = Field(description="What to do about it; empty where nothing can be done.")


class Problem(BaseModel):
    """The one shape of every error."""

    model_config = example(
        {
            "error": {
                "type": "not_found",
                "what": "there is no conversation 12.",
                "where": "",
                "remedy": "See the list of conversations for those that there are.",
            }
        }
    )
    error: ProblemInside


class Model(BaseModel):
    """A model that answered."""

    model_config = example(MODEL_EXAMPLE)
    name: str
    version: str
    sha256: str = Field(description="Digest of weights and configuration, empty where none.")
    terms: Literal["open", "research"] = Field(description="What its training data allow.")


class ModelInUse(Model):
    """A model that answers now."""

    model_config = example(MODEL_EXAMPLE | {"modality": "fusion"})
    modality: str = Field(description="`text`, `voice`, `face`, a plug-in's, or `fusion`.")


class Models(BaseModel):
    """The models in use."""

    model_config = example(
        {"data": [MODEL_EXAMPLE | {"modality": "fusion"}], "stored": [MODEL_EXAMPLE]}
    )
    data: list[ModelInUse]
    stored: list[Model] = Field(description="Every model that ever gave a stored answer.")


class Health(BaseModel):
    """The process answers."""

    model_config = example({"status": "ok"})
    status: Literal["ok"]
